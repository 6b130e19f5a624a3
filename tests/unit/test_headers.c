#include "gateway/headers.h"
#include "support/check.h"

static void
s_note(mg_headers_t *headers, const char *name, const char *value)
{
    mg_headers_note(headers, mg_slice_text(name), mg_slice_text(value));
}

static void
test_names_are_found_in_any_case_and_only_whole(void **state)
{
    (void)state;
    mg_headers_t headers = {0};
    s_note(&headers, "COOKIE", "a=b");
    s_note(&headers, "If-Match", "*");
    s_note(&headers, "If-Matches", "no");
    s_note(&headers, "Origi", "no");
    s_note(&headers, "", "no");
    assert_true(mg_slice_equal(headers.value[MG_HEADER_COOKIE], mg_slice_text("a=b")));
    assert_true(mg_slice_equal(headers.value[MG_HEADER_IF_MATCH], mg_slice_text("*")));
    for (int id = 0; id < MG_HEADERS; id++) {
        bool sent = id == MG_HEADER_COOKIE || id == MG_HEADER_IF_MATCH;
        assert_int_equal(headers.value[id].data != NULL, sent);
    }
}

static void
test_of_several_lines_the_first_and_the_last_are_known(void **state)
{
    (void)state;
    mg_headers_t headers = {0};
    s_note(&headers, "X-Forwarded-For", "");
    s_note(&headers, "x-forwarded-for", "2.2.2.2");
    s_note(&headers, "X-FORWARDED-FOR", "3.3.3.3");
    assert_non_null(headers.value[MG_HEADER_X_FORWARDED_FOR].data); /* sent, and empty */
    assert_int_equal(headers.value[MG_HEADER_X_FORWARDED_FOR].len, 0);
    assert_true(
        mg_slice_equal(headers.value[MG_HEADER_X_FORWARDED_FOR_LAST], mg_slice_text("3.3.3.3")));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_are_found_in_any_case_and_only_whole),
        cmocka_unit_test(test_of_several_lines_the_first_and_the_last_are_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
