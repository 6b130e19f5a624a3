#include "core/yaml.h"
#include "support/check.h"

static void
s_expect(const char *json, const char *yaml)
{
    json_t *value = json_loads(json, JSON_DECODE_ANY, NULL);
    assert_non_null(value);
    mg_buf_t out = {0};
    mg_yaml_write(value, &out);
    assert_string_equal(mg_buf_text(&out), yaml);
    mg_buf_free(&out);
    json_decref(value);
}

static void
test_scalars(void **state)
{
    (void)state;
    s_expect("null", "null\n");
    s_expect("true", "true\n");
    s_expect("-7", "-7\n");
    s_expect("0.5", "0.5\n");
    s_expect("\"a word, or two\"", "\"a word, or two\"\n");
    s_expect("\"two words\"", "two words\n");
}

/* Each of these would be read as something else, or not at all. */
static void
test_texts_that_are_not_surely_plain_are_quoted(void **state)
{
    (void)state;
    s_expect("\"\"", "\"\"\n");
    s_expect("\"yes\"", "\"yes\"\n");
    s_expect("\"Null\"", "\"Null\"\n");
    s_expect("\"3.1.0\"", "\"3.1.0\"\n");
    s_expect("\"a: b\"", "\"a: b\"\n");
    s_expect("\"a #b\"", "\"a #b\"\n");
    s_expect("\"blank \"", "\"blank \"\n");
    s_expect("\"- x\"", "\"- x\"\n");
    s_expect("\"line\\nline\"", "\"line\\nline\"\n");
}

static void
test_blocks(void **state)
{
    (void)state;
    s_expect("{}", "{}\n");
    s_expect("[]", "[]\n");
    s_expect("[1, \"x\", null]", "[1, x, null]\n");
    s_expect("{\"b\": 1, \"a\": {\"c\": [], \"d\": {}}}", "b: 1\na:\n  c: []\n  d: {}\n");
    s_expect("[{\"a\": 1, \"b\": 2}, [[{\"c\": 3}]], 4]", "- a: 1\n  b: 2\n- - - c: 3\n- 4\n");
    s_expect("{\"200\": {\"x\": [{\"z\": true}]}}", "\"200\":\n  x:\n    - z: true\n");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scalars),
        cmocka_unit_test(test_texts_that_are_not_surely_plain_are_quoted),
        cmocka_unit_test(test_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
