#include "gateway/percent.h"
#include "support/check.h"

#include <stdio.h>
#include <string.h>

static void
test_escapes_are_decoded(void **state)
{
    (void)state;
    mg_buf_t out = {0};
    CHECK_OK(mg_percent_decode(mg_slice_text("a%2Fb%20%c3%A9+"), false, &out));
    assert_string_equal(mg_buf_text(&out), "a/b \xc3\xa9+");
    mg_buf_clear(&out);
    CHECK_OK(mg_percent_decode(mg_slice_text("a+b%2B"), true, &out));
    assert_string_equal(mg_buf_text(&out), "a b+");
    mg_buf_free(&out);
}

static void
test_bad_escapes_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"%",   "%4",  "%zz",    "a%g0",      "%00",   "%0d%0a", "%7f",
                                      "%ff", "%c3", "%c0%80", "%ed%a0%80", "a\x01", "ab\x7f"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        mg_buf_t out = {0};
        CHECK_STATUS(MG_ERR_INVALID, mg_percent_decode(mg_slice_text(bad[i]), false, &out));
        mg_buf_free(&out);
    }
}

static void
test_only_shortest_utf8_of_real_characters_is_taken(void **state)
{
    (void)state;
    static const char *const good[] = {"%c2%80",       "%e0%a0%80", "%ef%bf%bf", "%f0%90%80%80",
                                       "%f4%8f%bf%bf", "\xc3\xa9",  "\xc3%a9"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        mg_buf_t out = {0};
        CHECK_OK(mg_percent_decode(mg_slice_text(good[i]), false, &out));
        mg_buf_free(&out);
    }
    static const char *const bad[] = {
        "%c1%bf",          "%e0%9f%bf", "%f0%8f%bf%bf", "%f4%90%80%80",
        "%f8%88%80%80%80", "%80",       "%e2%82",       "%ed%bf%bf",
        "a%c3b",           "\xc3",      "%c3%"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        mg_buf_t out = {0};
        if (mg_percent_decode(mg_slice_text(bad[i]), false, &out) != MG_ERR_INVALID) {
            fail_msg("taken: %s", bad[i]);
        }
        mg_buf_free(&out);
    }
}

/* What is decoded is not decoded again. */
static void
test_escapes_are_decoded_once(void **state)
{
    (void)state;
    mg_buf_t out = {0};
    mg_buf_append_text(&out, "before ");
    CHECK_OK(mg_percent_decode(mg_slice_text("%252e%25%32%65"), true, &out));
    assert_string_equal(mg_buf_text(&out), "before %2e%2e");
    mg_buf_free(&out);
    mg_query_t query = {0};
    CHECK_OK(mg_query_read(mg_slice_text("a%3Db=%26&%26==="), &query));
    assert_int_equal(query.count, 2);
    assert_true(mg_slice_equal(mg_query_get(&query, "a=b"), mg_slice_text("&")));
    assert_true(mg_slice_equal(mg_query_get(&query, "&"), mg_slice_text("==")));
    mg_query_free(&query);
}

static void
test_every_control_character_is_refused_raw_and_escaped(void **state)
{
    (void)state;
    for (int byte = 0; byte < 0x80; byte++) {
        bool control = byte < 0x20 || byte == 0x7f;
        char escaped[4];
        char raw = (char)byte;
        (void)snprintf(escaped, sizeof escaped, "%%%02X", (unsigned)byte);
        mg_status_t expected = control ? MG_ERR_INVALID : MG_OK;
        mg_buf_t out = {0};
        CHECK_STATUS(expected, mg_percent_decode(mg_slice_text(escaped), true, &out));
        if (byte != '%') {
            CHECK_STATUS(expected, mg_percent_decode(mg_slice(&raw, 1), true, &out));
        }
        mg_buf_free(&out);
    }
}

static void
test_bad_escape_anywhere_spoils_the_query(void **state)
{
    (void)state;
    static const char *const bad[] = {"%=a", "a=%", "a=1&b=%0", "a=1&%00", "a=1&b=%c3&c=2"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        mg_query_t query = {0};
        CHECK_STATUS(MG_ERR_INVALID, mg_query_read(mg_slice_text(bad[i]), &query));
        mg_query_free(&query);
    }
    mg_query_t query = {0};
    CHECK_OK(mg_query_read(mg_slice(NULL, 0), &query));
    CHECK_OK(mg_query_read(mg_slice_text("&&&"), &query));
    assert_int_equal(query.count, 0);
    mg_query_free(&query);
}

static void
test_query_gives_the_last_of_a_name(void **state)
{
    (void)state;
    mg_query_t query = {0};
    CHECK_OK(mg_query_read(mg_slice_text("page=1&&flag&page=2&a%26b=c%3Dd&empty="), &query));
    assert_int_equal(query.count, 5);
    assert_true(mg_slice_equal(mg_query_get(&query, "page"), mg_slice_text("2")));
    assert_true(mg_slice_equal(mg_query_get(&query, "a&b"), mg_slice_text("c=d")));
    assert_non_null(mg_query_get(&query, "flag").data);
    assert_int_equal(mg_query_get(&query, "empty").len, 0);
    assert_null(mg_query_get(&query, "none").data);
    mg_query_free(&query);
}

static void
test_query_has_a_limit(void **state)
{
    (void)state;
    mg_query_t query = {0};
    char text[4 * (MG_QUERY_MAX + 1) + 1];
    for (int i = 0; i <= MG_QUERY_MAX; i++) {
        memcpy(text + 4 * i, "a=b&", 4);
    }
    CHECK_OK(mg_query_read(mg_slice(text, 4 * MG_QUERY_MAX), &query));
    mg_query_free(&query);
    CHECK_STATUS(MG_ERR_TOO_BIG, mg_query_read(mg_slice(text, sizeof text - 1), &query));
    mg_query_free(&query);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_escapes_are_decoded),
        cmocka_unit_test(test_bad_escapes_are_refused),
        cmocka_unit_test(test_only_shortest_utf8_of_real_characters_is_taken),
        cmocka_unit_test(test_escapes_are_decoded_once),
        cmocka_unit_test(test_every_control_character_is_refused_raw_and_escaped),
        cmocka_unit_test(test_bad_escape_anywhere_spoils_the_query),
        cmocka_unit_test(test_query_gives_the_last_of_a_name),
        cmocka_unit_test(test_query_has_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
