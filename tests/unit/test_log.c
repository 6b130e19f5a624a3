/* One line per event, whatever the values hold. */
#include "core/log.h"
#include "support/check.h"

#include <jansson.h>

#include <string.h>
#include <unistd.h>

/* Runs `write_lines` with stderr in a pipe and returns what came out. */
static const char *
s_capture(void (*write_lines)(void))
{
    static char text[8192];
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    int kept = dup(STDERR_FILENO);
    assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
    write_lines();
    assert_true(dup2(kept, STDERR_FILENO) >= 0);
    (void)close(ends[1]);
    (void)close(kept);
    ssize_t len = read(ends[0], text, sizeof text - 1);
    (void)close(ends[0]);
    text[len > 0 ? len : 0] = 0;
    return text;
}

static void
s_write_hostile(void)
{
    mg_log(MG_LOG_WARN, "seen", "path=%s count=%llu part=%.*s rate=%.2f state=fine",
           "a b\"\nlevel=critical event=forged", 18446744073709551615ull, 3, "abcdef", 1.5);
}

static void
test_untrusted_text_can_not_forge_a_line(void **state)
{
    (void)state;
    mg_log_setup(MG_LOG_INFO, false);
    const char *text = s_capture(s_write_hostile);
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
    assert_non_null(strstr(text,
                           " level=warn event=seen path=\"a b\\\"\\nlevel=critical event=forged\" "
                           "count=18446744073709551615 part=abc rate=1.50 state=fine\n"));
}

static void
test_json_lines_are_json(void **state)
{
    (void)state;
    mg_log_setup(MG_LOG_INFO, true);
    const char *text = s_capture(s_write_hostile);
    json_t *line = json_loads(text, 0, NULL);
    assert_non_null(line);
    assert_string_equal(json_string_value(json_object_get(line, "path")),
                        "a b\"\nlevel=critical event=forged");
    assert_string_equal(json_string_value(json_object_get(line, "level")), "warn");
    json_decref(line);
}

static void
s_write_quiet(void)
{
    mg_log(MG_LOG_INFO, "hidden", "x=%d", 1);
    mg_log(MG_LOG_ERROR, "shown", "x=%d y=%u", -1, 7u);
}

static void
test_lines_below_the_level_are_not_written(void **state)
{
    (void)state;
    mg_log_setup(MG_LOG_ERROR, false);
    const char *text = s_capture(s_write_quiet);
    assert_null(strstr(text, "hidden"));
    assert_non_null(strstr(text, "event=shown x=-1 y=7\n"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_untrusted_text_can_not_forge_a_line),
        cmocka_unit_test(test_json_lines_are_json),
        cmocka_unit_test(test_lines_below_the_level_are_not_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
