#include "cli/ndjson.h"
#include "core/bsoncheck.h"
#include "core/document.h"
#include "core/json.h"
#include "support/check.h"
#include "support/random.h"

#include <stdlib.h>
#include <string.h>

/* Parses a line and compares the document, written again; `expected` NULL: it must be refused with a reason. */
static void
s_check(const char *line, const char *collection, const char *expected)
{
    mg_ndjson_document_t document = {0};
    char why[MG_NDJSON_WHY_SIZE] = "";
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
    char why[MG_NDJSON_WHY_SIZE] = "";
    CHECK_OK(
        mg_ndjson_parse(mg_slice_text("{\"collection\":\"b\",\"_id\":1}"), "a", &document, why));
    assert_string_equal(mg_buf_text(&document.collection), "a");
    assert_string_equal(mg_buf_text(&document.key), "1");
    mg_ndjson_free(&document);
    s_check(" {\"_id\":1, \"d\":1.0}\t\r", "a", "{\"_id\":1,\"d\":1.0}");
    s_check("{\"$document\":{},\"$key\":\"k\"}", "a", "{}");
}

static void
test_wrapped_line_names_collection_and_key(void **state)
{
    (void)state;
    mg_ndjson_document_t document = {0};
    char why[MG_NDJSON_WHY_SIZE] = "";
    mg_slice_t line = mg_slice_text("{\"document\":{\"n\":{\"$numberInt\":\"1\"}},\"key\":"
                                    "\"k\\u0000\",\"collection\":\"c\",\"expires_ns\":-7}");
    CHECK_OK(mg_ndjson_parse(line, NULL, &document, why));
    assert_true(document.expires_ns == -7);
    assert_string_equal(mg_buf_text(&document.collection), "c");
    assert_true(mg_slice_equal(mg_buf_slice(&document.key), mg_slice("k", 2)));
    /* the same buffers again: nothing of the first line is left */
    line = mg_slice_text("{\"collection\":\"d\",\"document\":{},\"key\":\"l\"}");
    CHECK_OK(mg_ndjson_parse(line, NULL, &document, why));
    assert_string_equal(mg_buf_text(&document.collection), "d");
    assert_string_equal(mg_buf_text(&document.key), "l");
    assert_int_equal(document.body.len, 5);
    assert_true(document.expires_ns == 0);
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
    static const char *const more[] = {
        "\"key\":\"\"",      "\"expires_ns\":\"1\"", "\"expires_ns\":1.0",     "\"expires\":1",
        "\"key\":\"other\"", "\"$expires_ns\":1",    "\"key\":{\"$binary\":7}"};
    for (size_t i = 0; i < sizeof more / sizeof *more; i++) {
        mg_buf_t line = {0};
        mg_buf_append_format(&line, "{\"collection\":\"c\",\"document\":{\"_id\":\"k\"},%s}",
                             more[i]);
        s_check(mg_buf_text(&line), NULL, NULL);
        mg_buf_free(&line);
    }
}

static void
test_refusal_names_the_field_or_the_member(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        {"{\"_id\":1,\"x\":{\"$oid\":\"y\"}}", "a", "field \"x\""},
        {"{\"_id\":1,\"a.b\":1}", "a", "field \"a.b\""},
        {"{\"n\":1}", "a", "\"_id\""},
        {"{\"n\":1}", "users", "username"},
        {"{\"collection\":\"users\",\"key\":\"x\",\"document\":{\"username\":\"y\"}}", NULL,
         "own fields"},
        {"{\"collection\":\"\",\"document\":{\"_id\":1}}", NULL, "name of a collection"},
        {"{\"collection\":\"c\",\"document\":{\"_id\":1},\"expires_ns\":\"1\"}", NULL,
         "expires_ns"},
        {"{\"_id\":1,\"_id\":2}", "a", "stands twice"},
        {"{\"a\":1,\"b\":x}", "a", "column 12: this is not JSON"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mg_ndjson_document_t document = {0};
        char why[MG_NDJSON_WHY_SIZE] = "";
        CHECK_STATUS(MG_ERR_INVALID,
                     mg_ndjson_parse(mg_slice_text(cases[i][0]), cases[i][1], &document, why));
        if (!strstr(why, cases[i][2])) {
            fail_msg("%s: \"%s\" does not say \"%s\"", cases[i][0], why, cases[i][2]);
        }
        mg_ndjson_free(&document);
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

/* A document of `len` bytes of text under "a". */
static mg_status_t
s_parse_long(size_t len, char why[MG_NDJSON_WHY_SIZE])
{
    mg_buf_t line = {0};
    mg_buf_append_text(&line, "{\"_id\":1,\"a\":\"");
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
    char why[MG_NDJSON_WHY_SIZE] = "";
    CHECK_OK(s_parse_long(15 << 20, why));
    CHECK_STATUS(MG_ERR_TOO_BIG, s_parse_long(17 << 20, why));
    assert_null(strchr(why, '$')); /* nothing is wrong with its forms */
    CHECK_STATUS(MG_ERR_TOO_BIG, s_parse_long(MG_NDJSON_LINE_MAX, why));
    assert_non_null(strstr(why, "32 MiB"));
}

/* --- writing --- */

/* Writes the document as a line, compares the line (unless NULL), reads it back. */
static void
s_check_written(const mg_ndjson_source_t *source, const char *collection, const char *expected)
{
    mg_buf_t line = {0};
    mg_ndjson_document_t again = {0};
    char why[MG_NDJSON_WHY_SIZE] = "";
    CHECK_OK(mg_ndjson_write(source, collection, &line));
    assert_null(memchr(line.data, '\n', line.len));
    if (expected) {
        assert_string_equal(mg_buf_text(&line), expected);
    }
    CHECK_OK(mg_ndjson_parse(mg_buf_slice(&line), collection, &again, why));
    if (!mg_slice_equal(mg_buf_slice(&again.body), source->body) ||
        !mg_slice_equal(mg_buf_slice(&again.key), source->key) ||
        !mg_slice_equal(mg_buf_slice(&again.collection), source->collection) ||
        again.expires_ns != source->expires_ns) {
        fail_msg("lost: %s", mg_buf_text(&line));
    }
    mg_ndjson_free(&again);
    mg_buf_free(&line);
}

static void
test_written_line_is_the_simplest_that_says_everything(void **state)
{
    (void)state;
    bson_t document = BSON_INITIALIZER;
    BSON_APPEND_UTF8(&document, "_id", "k");
    mg_ndjson_source_t source = {.collection = mg_slice_text("c"),
                                 .key = mg_slice_text("k"),
                                 .body = mg_document_slice(&document)};
    s_check_written(&source, "c", "{\"_id\":\"k\"}");
    s_check_written(&source, NULL,
                    "{\"collection\":\"c\",\"key\":\"k\",\"document\":{\"_id\":\"k\"}}");
    source.expires_ns = 1790000000123456789;
    s_check_written(
        &source, "c",
        "{\"$key\":\"k\",\"$document\":{\"_id\":\"k\"},\"$expires_ns\":1790000000123456789}");
    s_check_written(&source, NULL,
                    "{\"collection\":\"c\",\"key\":\"k\",\"document\":{\"_id\":\"k\"},"
                    "\"expires_ns\":1790000000123456789}");
    bson_destroy(&document);
}

static void
test_what_json_can_not_say_is_written_as_bytes(void **state)
{
    (void)state;
    /* {"a":1,"a":2}, {"a":["1" first]}, a NaN with a payload; keys that the fields do not tell, one no text */
    static const struct {
        const char *bytes;
        size_t len;
    } odd[] = {{"\x13\0\0\0\x10"
                "a\0\1\0\0\0\x10"
                "a\0\2\0\0\0\0",
                19},
               {"\x14\0\0\0\x04"
                "a\0\x0c\0\0\0\x10"
                "1\0\7\0\0\0\0\0",
                20},
               {"\x10\0\0\0\x01"
                "a\0\1\2\3\4\5\6\xf8\x7f\0",
                16},
               {"\x05\0\0\0\0", 5}};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        mg_ndjson_source_t source = {.collection = mg_slice_text("c"),
                                     .key = mg_slice("k\xff\0", i % 2 ? 3 : 1),
                                     .body = mg_slice(odd[i].bytes, odd[i].len)};
        CHECK_OK(mg_bson_check(source.body, MG_BSON_KEYS_NAMES, NULL));
        s_check_written(&source, "c", NULL);
        s_check_written(&source, NULL, NULL);
    }
}

/* Escapes make the text of 6 MiB of controls longer than a line may be. */
static void
test_line_that_would_be_too_long_is_written_as_bytes(void **state)
{
    (void)state;
    enum { LEN = 6 << 20 };
    char *text = malloc(LEN);
    assert_non_null(text);
    memset(text, 1, LEN);
    bson_t document = BSON_INITIALIZER;
    BSON_APPEND_UTF8(&document, "_id", "k");
    assert_true(bson_append_utf8(&document, "t", 1, text, LEN));
    mg_ndjson_source_t source = {.collection = mg_slice_text("c"),
                                 .key = mg_slice_text("k"),
                                 .body = mg_document_slice(&document)};
    s_check_written(&source, "c", NULL);
    bson_destroy(&document);
    free(text);
}

static void
s_append_random_scalar(test_random_t *random, bson_t *to, const char *key)
{
    uint64_t bits = test_random_next(random);
    bson_decimal128_t decimal = {.low = bits, .high = test_random_next(random)};
    double number = 0;
    memcpy(&number, &bits, sizeof number);
    switch (test_random_below(random, 6)) {
    case 0:
        BSON_APPEND_DOUBLE(to, key, number); /* NaN payloads too */
        break;
    case 1:
        BSON_APPEND_INT32(to, key, (int32_t)(bits >> 32));
        break;
    case 2:
        BSON_APPEND_UTF8(to, key, bits % 2 ? "5" : "0123456789abcdef01234567");
        break;
    case 3:
        BSON_APPEND_DECIMAL128(to, key, &decimal); /* forms that are not canonical too */
        break;
    case 4:
        BSON_APPEND_DATE_TIME(to, key, (int64_t)bits);
        break;
    default:
        BSON_APPEND_INT64(to, key, (int64_t)bits);
        break;
    }
}

/* A value of any type, often one that looks like a form of Extended JSON. Names repeat, and arrays may have them too: both
 * can be stored. */
// NOLINTNEXTLINE(misc-no-recursion): `depth` bounds it
static void
s_append_random(test_random_t *random, bson_t *to, const char *key, int depth)
{
    static const char *const names[] = {"$literal", "$numberInt", "$numberLong", "$date",
                                        "$binary",  "$oid",       "$document",   "$numberDecimal",
                                        "a",        "b"};
    uint32_t kind = test_random_below(random, 9);
    bson_t child = BSON_INITIALIZER;
    if (kind < 6 || depth == 6) {
        s_append_random_scalar(random, to, key);
    } else {
        bool indexed = kind == 8 && test_random_below(random, 4);
        uint32_t count = test_random_below(random, 3);
        for (uint32_t i = 0; i < count; i++) {
            const char *name = indexed ? (i ? "1" : "0") : names[test_random_below(random, 10)];
            s_append_random(random, &child, name, depth + 1);
        }
        assert_true(kind == 8 ? BSON_APPEND_ARRAY(to, key, &child)
                              : BSON_APPEND_DOCUMENT(to, key, &child));
    }
    bson_destroy(&child);
}

static void
test_random_documents_survive_export_and_import(void **state)
{
    (void)state;
    test_random_t random = test_random_new();
    for (int i = 0; i < 3000; i++) {
        bson_t document = BSON_INITIALIZER;
        if (i % 3) {
            BSON_APPEND_UTF8(&document, "_id", "k");
        }
        for (uint32_t left = test_random_below(&random, 5); left > 0; left--) {
            s_append_random(&random, &document, left % 2 ? "x" : "y", 1);
        }
        mg_ndjson_source_t source = {.collection = mg_slice_text("c"),
                                     .key = mg_slice_text("k"),
                                     .body = mg_document_slice(&document),
                                     .expires_ns = i % 2 ? 0 : (int64_t)test_random_next(&random)};
        CHECK_OK(mg_bson_check(source.body, MG_BSON_KEYS_NAMES, NULL));
        s_check_written(&source, "c", NULL);
        s_check_written(&source, NULL, NULL);
        bson_destroy(&document);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_line_with_a_given_collection_is_the_document),
        cmocka_unit_test(test_wrapped_line_names_collection_and_key),
        cmocka_unit_test(test_wrapper_that_is_not_whole_is_refused),
        cmocka_unit_test(test_what_is_no_object_or_can_not_be_stored_is_refused),
        cmocka_unit_test(test_refusal_names_the_field_or_the_member),
        cmocka_unit_test(test_too_long_is_told_from_malformed),
        cmocka_unit_test(test_written_line_is_the_simplest_that_says_everything),
        cmocka_unit_test(test_what_json_can_not_say_is_written_as_bytes),
        cmocka_unit_test(test_line_that_would_be_too_long_is_written_as_bytes),
        cmocka_unit_test(test_random_documents_survive_export_and_import),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
