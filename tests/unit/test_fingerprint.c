#include "core/fingerprint.h"
#include "support/check.h"

#include <string.h>

static mg_fingerprint_t
s_of(const char *first, const char *second)
{
    mg_fingerprint_t print = {0};
    mg_fingerprint_add(&print, mg_slice_text(first));
    mg_fingerprint_add(&print, mg_slice_text(second));
    return print;
}

static void
test_the_same_chunks_have_the_same_print(void **state)
{
    (void)state;
    mg_fingerprint_t a = s_of("one", "two");
    mg_fingerprint_t b = s_of("one", "two");
    assert_true(mg_fingerprint_equal(&a, &b));
}

static void
test_bytes_lengths_and_places_count(void **state)
{
    (void)state;
    static const char *const others[][2] = {
        {"one", "twp"}, {"two", "one"}, {"onet", "wo"}, {"one", ""}, {"", ""}};
    mg_fingerprint_t print = s_of("one", "two");
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        mg_fingerprint_t other = s_of(others[i][0], others[i][1]);
        assert_false(mg_fingerprint_equal(&print, &other));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_same_chunks_have_the_same_print),
        cmocka_unit_test(test_bytes_lengths_and_places_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
