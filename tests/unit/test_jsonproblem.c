/* Every way a body can fail to be a JSON object, by the real parser: our words, never its own. */
#include "gateway/jsonproblem.h"
#include "support/check.h"

#include <string.h>

typedef struct problem_case {
    const char *body;
    const char *where;
    const char *what;
} problem_case_t;

static void
test_each_mistake_is_told_in_our_words(void **state)
{
    (void)state;
    static const problem_case_t cases[] = {
        {"not json", "line 1, column 3", "a JSON object is needed"},
        {"[1]", "line 1, column 1", "a JSON object is needed"},
        {"7", "line 1, column 1", "a JSON object is needed"},
        {" ", "line 1, column 1", "a JSON object is needed"},
        {"{", "line 1, column 1", "it ends too early"},
        {"{\"a\"", "line 1, column 4", "it ends too early"},
        {"{\"a\":\"secret", "line 1, column 12", "it ends too early"},
        {"{\"a\":}", "line 1, column 6", "it is not JSON here"},
        {"{\"a\":01}", "line 1, column 6", "it is not JSON here"},
        {"{\"a\":tru}", "line 1, column 8", "it is not JSON here"},
        {"{overflow:1}", "line 1, column 9", "it is not JSON here"},
        {"{secret:1}", "line 1, column 7", "it is not JSON here"},
        {"{\"a\":1,}", "line 1, column 8", "it is not JSON here"},
        {"{\"a\":1}x", "line 1, column 8", "something stands behind the object"},
        {"{\"a\":1,\n \"a\":2}", "line 2, column 4", "a name stands twice in one object"},
        {"{\n\n\"\\u0000\":1}", "line 3, column 8", "a name holds U+0000"},
        {"{\"\xc3\xa9\":\"\xff\"}", "line 1, column 6", "the bytes are not UTF-8"},
        {"{\"a\":1e999}", "line 1, column 10", "the number is too large"},
        {"{\"a\":99999999999999999999}", "line 1, column 25", "the number is too large"},
        {"{\"a\":-99999999999999999999}", "line 1, column 26", "the number is too small"},
        {"{\"a\":\"\\q\"}", "line 1, column 8", "the escape is not known"},
        {"{\"a\":\"\\ud800\"}", "line 1, column 13", "the escape is no character"},
        {"{\"a\":\"x\ny\"}", "line 1, column 7", "a text holds a control character"},
        {"{\"a\":\"x\x01y\"}", "line 1, column 7", "a text holds a control character"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mg_slice_t body = mg_slice_text(cases[i].body);
        json_t *json = NULL;
        mg_json_error_t problem = {0};
        CHECK_STATUS(MG_ERR_INVALID, mg_json_parse(body, &json, &problem));
        mg_buf_t given = {0};
        mg_buf_t expected = {0};
        mg_jsonproblem_write(body, &problem, &given);
        mg_buf_append_format(&expected, "The body is not valid at %s: %s", cases[i].where,
                             cases[i].what);
        if (strcmp(mg_buf_text(&given), mg_buf_text(&expected)) != 0) {
            print_error("%s: %s (%s)\n", cases[i].body, mg_buf_text(&given), problem.text);
        }
        assert_string_equal(mg_buf_text(&given), mg_buf_text(&expected));
        mg_buf_free(&expected);
        mg_buf_free(&given);
    }
}

static void
test_nesting_too_deep_is_told(void **state)
{
    (void)state;
    mg_buf_t body = {0};
    mg_buf_append_text(&body, "{\"a\":");
    for (int i = 0; i < 5000; i++) {
        mg_buf_append_byte(&body, '[');
    }
    json_t *json = NULL;
    mg_json_error_t problem = {0};
    CHECK_STATUS(MG_ERR_INVALID, mg_json_parse(mg_buf_slice(&body), &json, &problem));
    mg_buf_t text = {0};
    mg_jsonproblem_write(mg_buf_slice(&body), &problem, &text);
    assert_non_null(strstr(mg_buf_text(&text), ": it is nested too deeply"));
    mg_buf_free(&text);
    mg_buf_free(&body);
}

static void
test_words_that_are_not_known_are_not_passed_on(void **state)
{
    (void)state;
    const mg_json_error_t problem = {.at = 99, .text = "some new wording near 'secret'"};
    mg_buf_t text = {0};
    mg_jsonproblem_write(mg_slice_text("{\n}"), &problem, &text);
    assert_string_equal(mg_buf_text(&text),
                        "The body is not valid at line 2, column 1: it is not JSON here");
    mg_buf_free(&text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_mistake_is_told_in_our_words),
        cmocka_unit_test(test_nesting_too_deep_is_told),
        cmocka_unit_test(test_words_that_are_not_known_are_not_passed_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
