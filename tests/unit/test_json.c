#include "core/bsoncheck.h"
#include "core/document.h"
#include "core/json.h"
#include "support/check.h"
#include "support/random.h"

#include <math.h>
#include <string.h>

/* Text to BSON; the status of the first step that fails. */
static mg_status_t
s_read(mg_slice_t text, mg_json_dialect_t dialect, mg_buf_t *out)
{
    json_t *object = NULL;
    mg_json_error_t error = {0};
    mg_status_t status = mg_json_parse(text, &object, &error);
    if (status == MG_OK) {
        status = mg_json_to_bson(object, dialect, out);
        json_decref(object);
    } else {
        assert_true(error.text && error.line == 1 && error.column >= 1);
    }
    return status;
}

/* Reads `text` as Extended JSON and writes it in `dialect`. */
static void
s_check(const char *text, mg_json_dialect_t dialect, const char *expected)
{
    mg_buf_t bson = {0};
    mg_buf_t out = {0};
    CHECK_OK(s_read(mg_slice_text(text), MG_JSON_EXTENDED, &bson));
    CHECK_OK(mg_bson_check(mg_buf_slice(&bson), MG_BSON_KEYS_ANY, NULL));
    CHECK_OK(mg_json_write(mg_buf_slice(&bson), dialect, NULL, &out));
    assert_string_equal(mg_buf_text(&out), expected);
    mg_buf_free(&out);
    mg_buf_free(&bson);
}

static void
test_each_type_has_its_text_in_both_dialects(void **state)
{
    (void)state;
    /* extended, plain */
    static const char *const pairs[][2] = {
        {"{\"a\":1}", "{\"a\":1}"},
        {"{\"a\":-9223372036854775808}", "{\"a\":-9223372036854775808}"},
        {"{\"a\":{\"$numberInt\":\"-2147483648\"}}", "{\"a\":-2147483648}"},
        {"{\"a\":1.0}", "{\"a\":1.0}"},
        {"{\"a\":[true,false,null,[],{}]}", "{\"a\":[true,false,null,[],{}]}"},
        {"{\"a\":{\"$date\":{\"$numberLong\":\"0\"}}}", "{\"a\":\"1970-01-01T00:00:00.000Z\"}"},
        {"{\"a\":{\"$date\":{\"$numberLong\":\"-1\"}}}", "{\"a\":\"1969-12-31T23:59:59.999Z\"}"},
        {"{\"a\":{\"$binary\":{\"base64\":\"AAEC/w==\",\"subType\":\"80\"}}}",
         "{\"a\":\"AAEC/w==\"}"},
        {"{\"a\":{\"$binary\":{\"base64\":\"\",\"subType\":\"00\"}}}", "{\"a\":\"\"}"},
        {"{\"a\":{\"$oid\":\"0123456789abcdef01234567\"}}", "{\"a\":\"0123456789abcdef01234567\"}"},
        {"{\"a\":{\"$numberDecimal\":\"1.10\"}}", "{\"a\":\"1.10\"}"},
        {"{\"a\":{\"$numberDouble\":\"NaN\"}}", "{\"a\":null}"},
        {"{\"a\":{\"$numberDouble\":\"Infinity\"}}", "{\"a\":null}"},
        {"{\"a\":{\"$numberDouble\":\"-Infinity\"}}", "{\"a\":null}"},
        {"{\"a\":{\"$other\":1}}", "{\"a\":{\"$other\":1}}"},
        {"{\"a\":{\"$literal\":{\"$oid\":\"x\"}}}", "{\"a\":{\"$oid\":\"x\"}}"},
        {"{\"a\":[{\"$literal\":{\"$literal\":1}}]}", "{\"a\":[{\"$literal\":1}]}"},
        {"{\"a\":{\"$oid\":1,\"b\":2}}", "{\"a\":{\"$oid\":1,\"b\":2}}"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        s_check(pairs[i][0], MG_JSON_EXTENDED, pairs[i][0]);
        s_check(pairs[i][0], MG_JSON_PLAIN, pairs[i][1]);
    }
}

static void
test_plain_reading_knows_no_dollar_forms(void **state)
{
    (void)state;
    mg_buf_t bson = {0};
    mg_buf_t out = {0};
    static const char text[] = "{\"a\":{\"$oid\":\"x\"}}";
    CHECK_OK(s_read(mg_slice_text(text), MG_JSON_PLAIN, &bson));
    CHECK_OK(mg_json_write(mg_buf_slice(&bson), MG_JSON_PLAIN, NULL, &out));
    assert_string_equal(mg_buf_text(&out), text);
    mg_buf_free(&out);
    mg_buf_free(&bson);
}

static void
test_dollar_forms_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"{\"$numberInt\":7}",
                                      "{\"$numberInt\":\"\"}",
                                      "{\"$numberInt\":\"2147483648\"}",
                                      "{\"$numberInt\":\" 7\"}",
                                      "{\"$numberInt\":\"7x\"}",
                                      "{\"$numberInt\":\"7\\u0000x\"}",
                                      "{\"$numberLong\":\"9223372036854775808\"}",
                                      "{\"$numberDouble\":\"\"}",
                                      "{\"$numberDouble\":1.5}",
                                      "{\"$numberDouble\":\"-nan\"}",
                                      "{\"$numberDouble\":\"0x1p3\"}",
                                      "{\"$numberDouble\":\" 1\"}",
                                      "{\"$numberDouble\":\"1\\u0000x\"}",
                                      "{\"$numberDecimal\":\"x\"}",
                                      "{\"$numberDecimal\":1}",
                                      "{\"$numberDecimal\":\"1\\u0000x\"}",
                                      "{\"$oid\":\"0123456789abcdef0123456\"}",
                                      "{\"$oid\":null}",
                                      "{\"$date\":\"1970-01-01T00:00:00Z\"}",
                                      "{\"$date\":{}}",
                                      "{\"$binary\":\"AA==\"}",
                                      "{\"$binary\":{\"base64\":\"AA==\"}}",
                                      "{\"$binary\":{\"base64\":\"A\",\"subType\":\"00\"}}",
                                      "{\"$binary\":{\"base64\":\"AA==\",\"subType\":\"\"}}",
                                      "{\"$binary\":{\"base64\":\"AA==\",\"subType\":\"100\"}}",
                                      "{\"$binary\":{\"base64\":\"AA==\",\"subType\":\"0x1\"}}",
                                      "{\"$literal\":1}",
                                      "{\"$literal\":[]}",
                                      "{\"$literal\":null}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        mg_buf_t text = {0};
        mg_buf_t bson = {0};
        mg_buf_append_format(&text, "{\"a\":%s}", bad[i]);
        if (s_read(mg_buf_slice(&text), MG_JSON_EXTENDED, &bson) != MG_ERR_INVALID) {
            fail_msg("taken: %s", bad[i]);
        }
        assert_int_equal(bson.len, 0);
        mg_buf_free(&bson);
        mg_buf_free(&text);
    }
}

static void
test_odd_doubles_read_back_bit_by_bit(void **state)
{
    (void)state;
    static const double odd[] = {0.0,
                                 -0.0,
                                 0.1,
                                 1e22,
                                 1e23,
                                 123456789012345680.0,
                                 0x1p-1074,
                                 0x1p-1022,
                                 0x1.fffffffffffffp1023,
                                 -0x1.fffffffffffffp1023,
                                 9007199254740993.0,
                                 5e-324,
                                 1.7976931348623157e308,
                                 NAN,
                                 INFINITY,
                                 -INFINITY};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        bson_t document = BSON_INITIALIZER;
        BSON_APPEND_DOUBLE(&document, "a", odd[i]);
        mg_buf_t text = {0};
        mg_buf_t again = {0};
        CHECK_OK(mg_json_write(mg_document_slice(&document), MG_JSON_EXTENDED, NULL, &text));
        CHECK_OK(s_read(mg_buf_slice(&text), MG_JSON_EXTENDED, &again));
        if (!mg_slice_equal(mg_document_slice(&document), mg_buf_slice(&again))) {
            fail_msg("lost: %s", mg_buf_text(&text));
        }
        mg_buf_free(&again);
        mg_buf_free(&text);
        bson_destroy(&document);
    }
}

/* Also a signed overflow, were nanoseconds made of them. */
static void
test_far_dates_are_plain_numbers(void **state)
{
    (void)state;
    s_check("{\"a\":{\"$date\":{\"$numberLong\":\"253402300799999\"}}}", MG_JSON_PLAIN,
            "{\"a\":253402300799999}");
    s_check("{\"a\":{\"$date\":{\"$numberLong\":\"-62135596800001\"}}}", MG_JSON_PLAIN,
            "{\"a\":-62135596800001}");
    s_check("{\"a\":{\"$date\":{\"$numberLong\":\"9223372036854775807\"}}}", MG_JSON_PLAIN,
            "{\"a\":9223372036854775807}");
}

static void
test_text_with_nul_and_controls_survives(void **state)
{
    (void)state;
    s_check("{\"a\":\"x\\u0000y\"}", MG_JSON_EXTENDED, "{\"a\":\"x\\u0000y\"}");
    s_check("{\"a\":\"\\u0001\\b\\f\\n\\r\\t\\\"\\\\\\/\\u007f\"}", MG_JSON_PLAIN,
            "{\"a\":\"\\u0001\\b\\f\\n\\r\\t\\\"\\\\/\\u007f\"}");
    s_check("{\"\\u00e9\\n\":\"\\ud83d\\ude00\"}", MG_JSON_PLAIN,
            "{\"\xc3\xa9\\n\":\"\xf0\x9f\x98\x80\"}");
    mg_buf_t out = {0};
    mg_json_write_text(mg_slice("a\xff\xc3\x00\xed\xa0\x80", 7), &out);
    assert_string_equal(mg_buf_text(&out),
                        "\"a\xef\xbf\xbd\xef\xbf\xbd\\u0000\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
    mg_buf_free(&out);
}

/* {"a":[[...]]} with `levels` levels, the document itself the first. */
static mg_status_t
s_read_deep(int levels, mg_buf_t *bson)
{
    mg_buf_t text = {0};
    mg_buf_append_text(&text, "{\"a\":");
    for (int i = 1; i < levels; i++) {
        mg_buf_append_byte(&text, '[');
    }
    mg_buf_append_text(&text, levels > 1 ? "" : "1");
    for (int i = 1; i < levels; i++) {
        mg_buf_append_byte(&text, ']');
    }
    mg_buf_append_byte(&text, '}');
    mg_status_t status = s_read(mg_buf_slice(&text), MG_JSON_PLAIN, bson);
    mg_buf_free(&text);
    return status;
}

static void
test_depth_ends_where_that_of_bson_ends(void **state)
{
    (void)state;
    mg_buf_t bson = {0};
    mg_buf_t out = {0};
    CHECK_OK(s_read_deep(MG_JSON_DEPTH_MAX, &bson));
    CHECK_OK(mg_bson_check(mg_buf_slice(&bson), MG_BSON_KEYS_NAMES, NULL));
    CHECK_OK(mg_json_write(mg_buf_slice(&bson), MG_JSON_PLAIN, NULL, &out));
    mg_buf_clear(&bson);
    CHECK_STATUS(MG_ERR_INVALID, s_read_deep(MG_JSON_DEPTH_MAX + 1, &bson));
    CHECK_STATUS(MG_ERR_INVALID, s_read_deep(100000, &bson));
    /* one level more than any reader makes */
    bson_t inner = BSON_INITIALIZER;
    for (int i = 0; i < MG_JSON_DEPTH_MAX; i++) {
        bson_t outer = BSON_INITIALIZER;
        BSON_APPEND_DOCUMENT(&outer, "a", &inner);
        bson_destroy(&inner);
        bson_steal(&inner, &outer);
    }
    CHECK_STATUS(MG_ERR_INVALID,
                 mg_json_write(mg_document_slice(&inner), MG_JSON_PLAIN, NULL, &out));
    bson_destroy(&inner);
    mg_buf_free(&out);
    mg_buf_free(&bson);
}

static void
test_text_that_is_not_one_strict_object_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "[]",
                                      "1",
                                      "{} {}",
                                      "{\"a\":1,\"a\":1}",
                                      "{\"b\":{\"a\":1,\"\\u0061\":2}}",
                                      "{\"a\":\"\xc0\x80\"}",
                                      "{\"a\":\"\xed\xa0\x80\"}",
                                      "{\"a\":\"\n\"}",
                                      "{a:1}",
                                      "{\"a\":+1}",
                                      "{\"a\":.5}",
                                      "{\"a\":1.}",
                                      "/**/{}",
                                      "\xef\xbb\xbf{}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        mg_buf_t bson = {0};
        if (s_read(mg_slice_text(bad[i]), MG_JSON_PLAIN, &bson) != MG_ERR_INVALID) {
            fail_msg("taken: %s", bad[i]);
        }
        mg_buf_free(&bson);
    }
    mg_buf_t bson = {0};
    CHECK_STATUS(MG_ERR_INVALID, s_read(mg_slice("{}", 3), MG_JSON_PLAIN, &bson));
    mg_buf_free(&bson);
}

static void
test_omitted_fields_are_left_out_at_the_top_only(void **state)
{
    (void)state;
    static const char *const omit[] = {"a", "z", NULL};
    mg_buf_t bson = {0};
    mg_buf_t out = {0};
    CHECK_OK(
        s_read(mg_slice_text("{\"a\":1,\"b\":{\"a\":2},\"aa\":3,\"z\":4}"), MG_JSON_PLAIN, &bson));
    CHECK_OK(mg_json_write(mg_buf_slice(&bson), MG_JSON_PLAIN, omit, &out));
    assert_string_equal(mg_buf_text(&out), "{\"b\":{\"a\":2},\"aa\":3}");
    mg_buf_free(&out);
    mg_buf_free(&bson);
}

static void
test_bson_that_cannot_be_walked_is_refused(void **state)
{
    (void)state;
    /* {"a": <type 0x7e>}, {"a": true as 2}, {"a": text longer than all}, {"a": {"b": <type 0x7e>}} */
    static const struct {
        const char *bytes;
        size_t len;
    } bad[] = {{"\x0c\0\0\0\x7e"
                "a\0\0\0\0\0\0",
                12},
               {"\x09\0\0\0\x08"
                "a\0\x02\0",
                9},
               {"\x0e\0\0\0\x02"
                "a\0\xff\0\0\0x\0\0",
                14},
               {"\x14\0\0\0\x03"
                "a\0\x0c\0\0\0\x7e"
                "b\0\0\0\0\0\0\0",
                20},
               {"\x06\0\0\0\0", 5},
               {"", 0}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        mg_buf_t out = {0};
        if (mg_json_write(mg_slice(bad[i].bytes, bad[i].len), MG_JSON_PLAIN, NULL, &out) !=
            MG_ERR_INVALID) {
            fail_msg("case %zu taken: %s", i, mg_buf_text(&out));
        }
        mg_buf_free(&out);
    }
}

/* --- random documents --- */

static void
s_append_random_scalar(test_random_t *random, bson_t *to, const char *key)
{
    uint64_t bits = test_random_next(random);
    uint8_t bytes[16];
    double number = 0;
    bson_oid_t oid;
    bson_decimal128_t decimal = {.low = bits, .high = 0x3040000000000000u};
    memcpy(bytes, &bits, 8);
    memcpy(bytes + 8, &bits, 8);
    memcpy(&number, &bits, 8);
    bson_oid_init_from_data(&oid, bytes);
    char text[] = {(char)(bits & 0x7f), '"', (char)(bits >> 8 & 0x7f), '\xc3', '\xa9', 0, 'x'};
    switch (test_random_below(random, 9)) {
    case 0:
        BSON_APPEND_DOUBLE(to, key, isnan(number) ? 0.5 : number);
        break;
    case 1:
        bson_append_utf8(to, key, -1, text, (int)(bits % 4 == 3 ? 3 : sizeof text));
        break;
    case 2:
        BSON_APPEND_BINARY(to, key, bits % 2 ? BSON_SUBTYPE_BINARY : BSON_SUBTYPE_USER, bytes,
                           (uint32_t)(bits % 17));
        break;
    case 3:
        BSON_APPEND_OID(to, key, &oid);
        break;
    case 4:
        BSON_APPEND_BOOL(to, key, bits & 1);
        break;
    case 5:
        BSON_APPEND_DATE_TIME(to, key, (int64_t)bits);
        break;
    case 6:
        BSON_APPEND_INT32(to, key, (int32_t)(bits >> 33));
        break;
    case 7:
        BSON_APPEND_DECIMAL128(to, key, &decimal);
        break;
    default:
        BSON_APPEND_INT64(to, key, (int64_t)bits);
        break;
    }
}

/* Keys as users choose them, the names of forms among them. */
static const char *
s_random_key(test_random_t *random, uint32_t index, char room[16])
{
    static const char *const odd[] = {"$literal", "$numberInt", "$numberLong", "$date",
                                      "$binary",  "$oid",       "$other",      ""};
    uint32_t pick = test_random_below(random, 24);
    if (pick < sizeof odd / sizeof *odd && index == 0) {
        return odd[pick];
    }
    (void)snprintf(room, 16, "k%u", index);
    return room;
}

// NOLINTNEXTLINE(misc-no-recursion): `depth` bounds it
static void
s_fill_random(test_random_t *random, bson_t *to, int depth, bool array)
{
    uint32_t count = test_random_below(random, 6);
    for (uint32_t i = 0; i < count; i++) {
        char room[16];
        const char *key = room;
        if (array || depth == 1) {
            (void)snprintf(room, sizeof room, array ? "%u" : "k%u", i);
        } else {
            key = s_random_key(random, i, room);
        }
        uint32_t kind = depth < 5 ? test_random_below(random, 4) : 0;
        bson_t child;
        if (kind == 1) {
            BSON_APPEND_DOCUMENT_BEGIN(to, key, &child);
            s_fill_random(random, &child, depth + 1, false);
            bson_append_document_end(to, &child);
        } else if (kind == 2) {
            BSON_APPEND_ARRAY_BEGIN(to, key, &child);
            s_fill_random(random, &child, depth + 1, true);
            bson_append_array_end(to, &child);
        } else {
            s_append_random_scalar(random, to, key);
        }
    }
}

static void
test_random_documents_survive_extended_and_are_json_in_plain(void **state)
{
    (void)state;
    test_random_t random = test_random_new();
    for (int i = 0; i < 1000; i++) {
        bson_t document = BSON_INITIALIZER;
        s_fill_random(&random, &document, 1, false);
        mg_buf_t text = {0};
        mg_buf_t again = {0};
        CHECK_OK(mg_bson_check(mg_document_slice(&document), MG_BSON_KEYS_NAMES, NULL));
        CHECK_OK(mg_json_write(mg_document_slice(&document), MG_JSON_EXTENDED, NULL, &text));
        CHECK_OK(s_read(mg_buf_slice(&text), MG_JSON_EXTENDED, &again));
        if (!mg_slice_equal(mg_document_slice(&document), mg_buf_slice(&again))) {
            fail_msg("lost: %s", mg_buf_text(&text));
        }
        mg_buf_clear(&text);
        mg_buf_clear(&again);
        CHECK_OK(mg_json_write(mg_document_slice(&document), MG_JSON_PLAIN, NULL, &text));
        CHECK_OK(s_read(mg_buf_slice(&text), MG_JSON_PLAIN, &again));
        mg_buf_free(&again);
        mg_buf_free(&text);
        bson_destroy(&document);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_type_has_its_text_in_both_dialects),
        cmocka_unit_test(test_plain_reading_knows_no_dollar_forms),
        cmocka_unit_test(test_dollar_forms_that_make_no_sense_are_refused),
        cmocka_unit_test(test_odd_doubles_read_back_bit_by_bit),
        cmocka_unit_test(test_far_dates_are_plain_numbers),
        cmocka_unit_test(test_text_with_nul_and_controls_survives),
        cmocka_unit_test(test_depth_ends_where_that_of_bson_ends),
        cmocka_unit_test(test_text_that_is_not_one_strict_object_is_refused),
        cmocka_unit_test(test_omitted_fields_are_left_out_at_the_top_only),
        cmocka_unit_test(test_bson_that_cannot_be_walked_is_refused),
        cmocka_unit_test(test_random_documents_survive_extended_and_are_json_in_plain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
