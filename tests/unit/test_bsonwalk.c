#include "core/bsonwalk.h"
#include "core/document.h"
#include "support/check.h"

#include <string.h>

/* One field of each type that is stored. */
static void
s_fill(bson_t *bson)
{
    bson_oid_t oid;
    bson_decimal128_t decimal = {.low = 1, .high = 0x3040000000000000u};
    bson_t child = BSON_INITIALIZER;
    bson_oid_init_from_string(&oid, "0123456789abcdef01234567");
    BSON_APPEND_DOUBLE(bson, "double", 0.5);
    bson_append_utf8(bson, "text", -1, "a\0b", 3);
    BSON_APPEND_UTF8(bson, "", "");
    BSON_APPEND_DOCUMENT(bson, "document", &child);
    BSON_APPEND_ARRAY(bson, "array", &child);
    BSON_APPEND_BINARY(bson, "binary", BSON_SUBTYPE_USER, (const uint8_t *)"xyz", 3);
    BSON_APPEND_BINARY(bson, "nothing", BSON_SUBTYPE_BINARY, NULL, 0);
    BSON_APPEND_OID(bson, "oid", &oid);
    BSON_APPEND_BOOL(bson, "bool", true);
    BSON_APPEND_DATE_TIME(bson, "date", -1);
    BSON_APPEND_NULL(bson, "null");
    BSON_APPEND_INT32(bson, "int32", -2);
    BSON_APPEND_INT64(bson, "int64", INT64_MIN);
    BSON_APPEND_DECIMAL128(bson, "decimal", &decimal);
    bson_destroy(&child);
}

static void
test_the_walk_is_that_of_libbson(void **state)
{
    (void)state;
    bson_t bson = BSON_INITIALIZER;
    bson_iter_t theirs;
    mg_bsonelement_t element;
    s_fill(&bson);
    mg_bsonwalk_t walk = mg_bsonwalk_begin(mg_document_slice(&bson));
    assert_true(bson_iter_init(&theirs, &bson));
    while (bson_iter_next(&theirs)) {
        assert_true(mg_bsonwalk_next(&walk, &element));
        assert_int_equal(element.type, bson_iter_type(&theirs));
        assert_true(mg_slice_equal(element.key, mg_slice_text(bson_iter_key(&theirs))));
        assert_ptr_equal(element.value.data + element.value.len, theirs.raw + theirs.next_off);
        if (element.type == BSON_TYPE_UTF8) {
            uint32_t len = 0;
            const char *text = bson_iter_utf8(&theirs, &len);
            assert_true(mg_slice_equal(mg_bsonelement_text(&element), mg_slice(text, len)));
        }
    }
    assert_false(mg_bsonwalk_next(&walk, &element));
    assert_false(walk.broken);
    bson_destroy(&bson);
}

/* Cut anywhere, or with any byte changed: the walk ends, inside of the bytes (ASan looks), and one that is cut is broken. */
static void
test_no_damage_leads_outside(void **state)
{
    (void)state;
    bson_t bson = BSON_INITIALIZER;
    mg_bsonelement_t element;
    s_fill(&bson);
    for (size_t at = 0; at < bson.len; at++) {
        for (int byte = 0; byte < 256; byte += 15) {
            uint8_t *copy = malloc(bson.len);
            assert_non_null(copy);
            memcpy(copy, bson_get_data(&bson), bson.len);
            copy[at] = (uint8_t)byte;
            mg_bsonwalk_t walk = mg_bsonwalk_begin(mg_slice(copy, bson.len));
            size_t seen = 0;
            while (mg_bsonwalk_next(&walk, &element)) {
                assert_true(element.value.data + element.value.len <= copy + bson.len);
                seen++;
            }
            assert_true(seen <= bson.len);
            free(copy);
        }
        mg_bsonwalk_t cut = mg_bsonwalk_begin(mg_slice(bson_get_data(&bson), at));
        assert_true(cut.broken);
        assert_false(mg_bsonwalk_next(&cut, &element));
    }
    bson_destroy(&bson);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_walk_is_that_of_libbson),
        cmocka_unit_test(test_no_damage_leads_outside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
