#include "gateway/conditional.h"
#include "support/check.h"

#include <string.h>

static void
test_lists_of_etags_are_read_as_the_rfc_says(void **state)
{
    (void)state;
    static const char etag[] = "\"7-ab\"";
    static const struct {
        const char *header;
        bool strong;
        bool weak;
    } cases[] = {
        {"\"7-ab\"", true, true},
        {"\"x\", \"7-ab\"", true, true},
        {"\"7-ab\",\"x\"", true, true},
        {"*", true, true},
        {" \t\"7-ab\"\t", true, true},
        {"W/\"7-ab\"", false, true},
        {"\"x\" , W/\"7-ab\"", false, true},
        {"", false, false},
        {",,,", false, false},
        {"7-ab", false, false},
        {"\"7-abc\"", false, false},
        {"W/", false, false},
        {"w/\"7-ab\"", false, false},
        {"\"7-ab\" \"x\"", false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mg_slice_t header = mg_slice_text(cases[i].header);
        assert_int_equal(mg_conditional_lists(header, etag, false), cases[i].strong);
        assert_int_equal(mg_conditional_lists(header, etag, true), cases[i].weak);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lists_of_etags_are_read_as_the_rfc_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
