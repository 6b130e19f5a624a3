#include "cli/ndjson.h"
#include "core/json.h"
#include "support/check.h"

#include <stdlib.h>
#include <string.h>

/* Parses a line and compares the document, written again; `expected` NULL: it must be refused with a reason. */
static void
s_check(const char *line, const char *collection, const char *expected)
{
    mg_ndjson_document_t document = {0};
    char why[256] = "";
    mg_status_t status = mg_ndjson_parse(mg_slice_text(line), collection, &document, why);
    if (expected && status == MG_OK) {
        mg_buf_t text = {0};
        CHECK_OK(mg_json_write(mg_buf_slice(&document.body), MG_JSON_EXTENDED, NULL, &text));
        assert_string_equal(mg_buf_text(&text), expected);
        mg_buf_free(&text);
    } else if (expected) {
        fail_msg("refused: %s: %s", line, why);
    } else if (status != MG_ERR_INVALID || why[0] == 0) {
        fail_msg("taken, or without a reason: %s", line);
    }
    mg_ndjson_free(&document);
    assert_null(document.body.data);
}

static void
test_line_with_a_given_collection_is_the_document(void **state)
{
    (void)state;
    mg_ndjson_document_t document = {0};
    char why[256] = "";
    CHECK_OK(mg_ndjson_parse(mg_slice_text("{\"collection\":\"b\",\"n\":1}"), "a", &document, why));
    assert_string_equal(mg_buf_text(&document.collection), "a");
    assert_int_equal(document.key.len, 0);
    mg_ndjson_free(&document);
    s_check(" {\"n\":1, \"d\":1.0}\t\r", "a", "{\"n\":1,\"d\":1.0}");
    s_check("{}", "a", "{}");
}

static void
test_wrapped_line_names_collection_and_key(void **state)
{
    (void)state;
    mg_ndjson_document_t document = {0};
    char why[256] = "";
    mg_slice_t line = mg_slice_text("{\"document\":{\"n\":{\"$numberInt\":\"1\"}},\"key\":"
                                    "\"k\\u0000\",\"collection\":\"c\",\"x\":0}");
    CHECK_OK(mg_ndjson_parse(line, NULL, &document, why));
    assert_string_equal(mg_buf_text(&document.collection), "c");
    assert_true(mg_slice_equal(mg_buf_slice(&document.key), mg_slice("k", 2)));
    /* the same buffers again: nothing of the first line is left */
    line = mg_slice_text("{\"collection\":\"d\",\"document\":{}}");
    CHECK_OK(mg_ndjson_parse(line, NULL, &document, why));
    assert_string_equal(mg_buf_text(&document.collection), "d");
    assert_int_equal(document.key.len, 0);
    assert_int_equal(document.body.len, 5);
    mg_ndjson_free(&document);
}

static void
test_wrapper_that_is_not_whole_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"{\"n\":1}",
                                      "{\"collection\":\"c\"}",
                                      "{\"document\":{}}",
                                      "{\"collection\":7,\"document\":{}}",
                                      "{\"collection\":\"c\",\"document\":[]}",
                                      "{\"collection\":\"c\",\"document\":null}",
                                      "{\"collection\":\"c\",\"key\":7,\"document\":{}}",
                                      "{\"collection\":\"c\",\"key\":null,\"document\":{}}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        s_check(bad[i], NULL, NULL);
    }
}

static void
test_what_is_no_object_or_can_not_be_stored_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      " ",
                                      "null",
                                      "[]",
                                      "1",
                                      "\"a\"",
                                      "{",
                                      "{}{}",
                                      "{}x",
                                      "{\"a\":1,\"a\":2}",
                                      "{\"a\":1,}",
                                      "{'a':1}",
                                      "{\"a\":NaN}",
                                      "{\"a\":01}",
                                      "{\"a\":9223372036854775808}",
                                      "{\"a\":1e999}",
                                      "{\"a\":\"\xff\"}",
                                      "{\"a\":\"\\ud800\"}",
                                      "{\"a\\u0000b\":1}",
                                      "{\"\":1}",
                                      "{\"$a\":1}",
                                      "{\"a.b\":1}",
                                      "{\"a\":{\"$oid\":\"x\"}}",
                                      "{\"a\":{\"$numberInt\":\"2147483648\"}}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        s_check(bad[i], "a", NULL);
    }
}

static void
test_refusal_says_where(void **state)
{
    (void)state;
    mg_ndjson_document_t document = {0};
    char why[256] = "";
    mg_slice_t line = mg_slice_text("{\"a\":1,\"b\":x}");
    CHECK_STATUS(MG_ERR_INVALID, mg_ndjson_parse(line, "a", &document, why));
    assert_non_null(strstr(why, "at byte 12"));
    mg_ndjson_free(&document);
}

/* A document of `len` bytes of text under "a". */
static mg_status_t
s_parse_long(size_t len, char why[256])
{
    mg_buf_t line = {0};
    mg_buf_append_text(&line, "{\"a\":\"");
    uint8_t *room = mg_buf_extend(&line, len);
    assert_non_null(room);
    memset(room, 'x', len);
    mg_buf_append_text(&line, "\"}");
    mg_ndjson_document_t document = {0};
    mg_status_t status = mg_ndjson_parse(mg_buf_slice(&line), "a", &document, why);
    mg_ndjson_free(&document);
    mg_buf_free(&line);
    return status;
}

static void
test_too_long_is_told_from_malformed(void **state)
{
    (void)state;
    char why[256] = "";
    CHECK_OK(s_parse_long(15 << 20, why));
    CHECK_STATUS(MG_ERR_TOO_BIG, s_parse_long(17 << 20, why));
    assert_null(strchr(why, '$')); /* nothing is wrong with its forms */
    CHECK_STATUS(MG_ERR_TOO_BIG, s_parse_long(MG_NDJSON_LINE_MAX, why));
    assert_non_null(strstr(why, "32 MiB"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_line_with_a_given_collection_is_the_document),
        cmocka_unit_test(test_wrapped_line_names_collection_and_key),
        cmocka_unit_test(test_wrapper_that_is_not_whole_is_refused),
        cmocka_unit_test(test_what_is_no_object_or_can_not_be_stored_is_refused),
        cmocka_unit_test(test_refusal_says_where),
        cmocka_unit_test(test_too_long_is_told_from_malformed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
