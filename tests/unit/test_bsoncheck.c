#include "core/bsoncheck.h"
#include "support/check.h"
#include "support/dumpkit.h"

#include <bson/bson.h>

#include <stdlib.h>
#include <string.h>

static mg_status_t
s_check(mg_slice_t bson)
{
    const char *why = NULL;
    mg_status_t status = mg_bson_check(bson, MG_BSON_KEYS_NAMES, &why);
    assert_int_equal(status != MG_OK, why != NULL); /* a failure always says why */
    return status;
}

struct document_case {
    const char *what;
    const char *hex;
    bool good;
};

static const struct document_case s_documents[] = {
    {"empty document", "0500000000", true},
    {"no bytes", "", false},
    {"cut length", "050000", false},
    {"length below 5", "0400000000", false},
    {"length above the bytes", "0600000000", false},
    {"bytes behind the document", "050000000000", false},
    {"no closing zero", "0500000001", false},
    {"closing zero early", "07000000000000", false},
    {"null", "080000000a610000", true},
    {"key without end", "070000000a6100", false},
    {"true", "090000000861000100", true},
    {"boolean 2", "090000000861000200", false},
    {"boolean cut", "0800000008610000", false},
    {"int32", "0c0000001061000100000000", true},
    {"int32 cut", "0b00000010610001000000", false},
    {"int64", "10000000126100010000000000000000", true},
    {"double", "10000000016100000000000000000000", true},
    {"datetime", "10000000096100010000000000000000", true},
    {"ObjectId", "1400000007610000000000000000000000000000", true},
    {"decimal128", "180000001361000000000000000000000000000000000000", true},
    {"string", "0e00000002610002000000780000", true},
    {"string of length 0", "0c0000000261000000000000", false},
    {"string without zero", "0e00000002610002000000787800", false},
    {"string past the document", "0e00000002610003000000780000", false},
    {"string with a huge length", "0e000000026100ffffffff780000", false},
    {"string with U+0000", "0f0000000261000300000000780000", true},
    {"string with an overlong NUL", "0f00000002610003000000c0800000", false},
    {"string not UTF-8", "0e00000002610002000000ff0000", false},
    {"string with a surrogate", "1000000002610004000000eda0800000", false},
    {"binary", "0e00000005610001000000007800", true},
    {"binary past the document", "0e00000005610002000000007800", false},
    {"binary of the old subtype", "0e00000005610001000000027800", false},
    {"binary of a user subtype", "0e00000005610001000000807800", true},
    {"binary of length 0", "0d000000056100000000000000", true},
    {"nested", "0d000000036100050000000000", true},
    {"array", "0d000000046100050000000000", true},
    {"nested past the document", "0d000000036100060000000000", false},
    {"nested without room", "0800000003610000", false},
    {"regex", "0a0000000b6100000000", false},
    {"undefined", "0800000006610000", false},
    {"code", "0e0000000d610002000000780000", false},
    {"symbol", "0e0000000e610002000000780000", false},
    {"timestamp", "10000000116100010000000000000000", false},
    {"min key", "08000000ff610000", false},
    {"max key", "080000007f610000", false},
    {"key not UTF-8", "080000000aff0000", false},
    {"empty key", "070000000a0000", false},
    {"$ key", "090000000a24780000", false},
    {"key with a point", "0a0000000a612e620000", false},
    {"$ inside a key", "0a0000000a6124620000", true},
    {"keys below the top are free", "160000000361000e0000000a2478000a792e7a000000", true},
    {"empty key below the top", "0f000000036100070000000a000000", true},
};

static void
test_each_rule_of_stored_documents(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof s_documents / sizeof s_documents[0]; i++) {
        mg_buf_t bson = kit_hex(s_documents[i].hex);
        mg_status_t status = s_check(mg_buf_slice(&bson));
        if ((status == MG_OK) != s_documents[i].good) {
            fail_msg("%s: %s", s_documents[i].what, mg_status_name(status));
        }
        mg_buf_free(&bson);
    }
}

static void
test_meta_values_may_have_any_key(void **state)
{
    (void)state;
    mg_buf_t bson = kit_hex("0a0000000a242e620000");
    CHECK_STATUS(MG_ERR_INVALID, mg_bson_check(mg_buf_slice(&bson), MG_BSON_KEYS_NAMES, NULL));
    CHECK_OK(mg_bson_check(mg_buf_slice(&bson), MG_BSON_KEYS_ANY, NULL));
    mg_buf_free(&bson);
}

/* A document of `levels` nested documents, the outermost being level 1. */
static mg_buf_t
s_nested(size_t levels)
{
    mg_buf_t out = {0};
    for (size_t i = 0; i < levels; i++) {
        uint32_t len = (uint32_t)(5 + 8 * (levels - 1 - i));
        for (int b = 0; b < 4; b++) {
            mg_buf_append_byte(&out, (uint8_t)(len >> 8 * b));
        }
        if (i + 1 < levels) {
            mg_buf_append(&out,
                          "\x03"
                          "a",
                          3);
        }
    }
    for (size_t i = 0; i < levels; i++) {
        mg_buf_append_byte(&out, 0);
    }
    return out;
}

static void
test_nesting_ends_at_64_levels(void **state)
{
    (void)state;
    static const size_t levels[] = {1,  2,    63,    64,
                                    65, 1000, 100000}; /* the last one overflows libbson's stack */
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
        mg_buf_t bson = s_nested(levels[i]);
        CHECK_STATUS(levels[i] <= MG_BSON_DEPTH_MAX ? MG_OK : MG_ERR_INVALID,
                     s_check(mg_buf_slice(&bson)));
        mg_buf_free(&bson);
    }
}

static void
test_documents_end_at_16_mib(void **state)
{
    (void)state;
    enum { OVERHEAD = 13 }; /* length, type, "b", length and subtype of the binary, closing zero */
    uint8_t *bytes = calloc(1, MG_BSON_BYTES_MAX);
    assert_non_null(bytes);
    bson_t *document = bson_new();
    assert_true(bson_append_binary(document, "b", 1, BSON_SUBTYPE_BINARY, bytes,
                                   MG_BSON_BYTES_MAX - OVERHEAD));
    assert_int_equal(document->len, MG_BSON_BYTES_MAX);
    CHECK_OK(s_check(mg_slice(bson_get_data(document), document->len)));
    bson_destroy(document);
    document = bson_new();
    assert_true(bson_append_binary(document, "b", 1, BSON_SUBTYPE_BINARY, bytes,
                                   MG_BSON_BYTES_MAX - OVERHEAD + 1));
    CHECK_STATUS(MG_ERR_TOO_BIG, s_check(mg_slice(bson_get_data(document), document->len)));
    bson_destroy(document);
    free(bytes);
}

static void
test_documents_of_the_vectors_are_good_and_every_truncation_is_not(void **state)
{
    (void)state;
    json_t *json = kit_vector_json("mgd1-v1-state.json");
    size_t seen = 0;
    size_t c;
    size_t d;
    json_t *collection;
    json_t *document;
    json_array_foreach(json_object_get(json, "collections"), c, collection)
    {
        json_array_foreach(json_object_get(collection, "documents"), d, document)
        {
            const char *hex = json_string_value(json_object_get(document, "bson_hex"));
            if (!hex) {
                continue;
            }
            mg_buf_t bson = kit_hex(hex);
            CHECK_OK(s_check(mg_buf_slice(&bson)));
            for (size_t len = 0; len < bson.len; len++) {
                assert_int_not_equal(s_check(mg_slice(bson.data, len)), MG_OK);
            }
            mg_buf_free(&bson);
            seen++;
        }
    }
    assert_true(seen >= 3);
    json_decref(json);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_rule_of_stored_documents),
        cmocka_unit_test(test_meta_values_may_have_any_key),
        cmocka_unit_test(test_nesting_ends_at_64_levels),
        cmocka_unit_test(test_documents_end_at_16_mib),
        cmocka_unit_test(test_documents_of_the_vectors_are_good_and_every_truncation_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
