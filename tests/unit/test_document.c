#include "core/document.h"
#include "core/entry.h"
#include "support/check.h"
#include "support/random.h"

#include <stdio.h>
#include <string.h>

/* Some of the fields f0 to f9, in any order, each with a value of some type. */
static void
s_fill(test_random_t *random, bson_t *out)
{
    uint32_t first = test_random_below(random, 10);
    uint32_t count = test_random_below(random, 11);
    for (uint32_t i = 0; i < count; i++) {
        char key[8];
        bson_t child = BSON_INITIALIZER;
        (void)snprintf(key, sizeof key, "f%u", (first + i * 3) % 10);
        switch (test_random_below(random, 5)) {
        case 0:
            BSON_APPEND_UTF8(out, key, "text");
            break;
        case 1:
            BSON_APPEND_INT64(out, key, (int64_t)test_random_next(random));
            break;
        case 2:
            BSON_APPEND_BOOL(out, key, true);
            break;
        case 3:
            BSON_APPEND_NULL(out, key);
            break;
        default:
            BSON_APPEND_UTF8(&child, "f1", "inner");
            BSON_APPEND_DOCUMENT(out, key, &child);
            break;
        }
        bson_destroy(&child);
    }
}

/* The same by libbson: base in its order, then what only the patch has. */
static void
s_merge_by_libbson(const bson_t *base, const bson_t *patch, bson_t *out)
{
    bson_iter_t at;
    bson_iter_t other;
    assert_true(bson_iter_init(&at, base));
    while (bson_iter_next(&at)) {
        bool newer = bson_iter_init_find(&other, patch, bson_iter_key(&at));
        assert_true(bson_append_iter(out, bson_iter_key(&at), -1, newer ? &other : &at));
    }
    assert_true(bson_iter_init(&at, patch));
    while (bson_iter_next(&at)) {
        if (!bson_iter_init_find(&other, base, bson_iter_key(&at))) {
            assert_true(bson_append_iter(out, bson_iter_key(&at), -1, &at));
        }
    }
}

static void
test_a_merge_is_what_libbson_makes_of_it(void **state)
{
    (void)state;
    test_random_t random = test_random_new();
    for (int i = 0; i < 2000; i++) {
        bson_t base = BSON_INITIALIZER;
        bson_t patch = BSON_INITIALIZER;
        bson_t expected = BSON_INITIALIZER;
        mg_buf_t merged = {0};
        s_fill(&random, &base);
        s_fill(&random, &patch);
        s_merge_by_libbson(&base, &patch, &expected);
        mg_buf_append_text(&merged, "before");
        CHECK_OK(mg_document_merge(mg_document_slice(&base), mg_document_slice(&patch), &merged));
        assert_true(mg_slice_equal(mg_slice(merged.data + 6, merged.len - 6),
                                   mg_document_slice(&expected)));
        mg_buf_free(&merged);
        bson_destroy(&expected);
        bson_destroy(&patch);
        bson_destroy(&base);
    }
}

static void
s_append_numbered(bson_t *out, uint32_t first, uint32_t count, bool value)
{
    for (uint32_t i = 0; i < count; i++) {
        char key[16];
        (void)snprintf(key, sizeof key, "f%u", (first + i) * 7919 % 1000003); /* in no order */
        BSON_APPEND_BOOL(out, key, value);
    }
}

static void
test_a_merge_of_many_fields_is_what_libbson_makes_of_it(void **state)
{
    (void)state;
    for (uint32_t fields = 60; fields < 300; fields += 13) {
        bson_t base = BSON_INITIALIZER;
        bson_t patch = BSON_INITIALIZER;
        bson_t expected = BSON_INITIALIZER;
        mg_buf_t merged = {0};
        s_append_numbered(&base, 0, fields, false);
        s_append_numbered(&base, 5, 1, true); /* a name twice: the first counts */
        s_append_numbered(&patch, fields / 3, fields, true);
        s_append_numbered(&patch, fields / 3, 1, false);
        s_merge_by_libbson(&base, &patch, &expected);
        CHECK_OK(mg_document_merge(mg_document_slice(&base), mg_document_slice(&patch), &merged));
        assert_true(mg_slice_equal(mg_buf_slice(&merged), mg_document_slice(&expected)));
        mg_buf_free(&merged);
        bson_destroy(&expected);
        bson_destroy(&patch);
        bson_destroy(&base);
    }
}

/* Looked through for each other, these would take minutes: far more than a test has. */
static void
test_a_merge_of_very_many_fields_does_not_hold_its_thread(void **state)
{
    (void)state;
    enum { FIELDS = 200000 };
    bson_t base = BSON_INITIALIZER;
    bson_t patch = BSON_INITIALIZER;
    mg_buf_t merged = {0};
    s_append_numbered(&base, 0, FIELDS, false);
    s_append_numbered(&patch, FIELDS, FIELDS, true);
    CHECK_OK(mg_document_merge(mg_document_slice(&base), mg_document_slice(&patch), &merged));
    assert_int_equal(merged.len, base.len + patch.len - 5);
    mg_buf_free(&merged);
    bson_destroy(&patch);
    bson_destroy(&base);
}

static void
test_what_is_no_document_or_too_large_is_refused(void **state)
{
    (void)state;
    bson_t base = BSON_INITIALIZER;
    bson_t patch = BSON_INITIALIZER;
    mg_buf_t merged = {0};
    size_t half = MG_DOCUMENT_MAX / 2;
    char *text = calloc(1, half + 1);
    assert_non_null(text);
    memset(text, 'x', half);
    BSON_APPEND_UTF8(&base, "a", text);
    BSON_APPEND_UTF8(&patch, "b", text);
    CHECK_STATUS(MG_ERR_TOO_BIG,
                 mg_document_merge(mg_document_slice(&base), mg_document_slice(&patch), &merged));
    mg_buf_free(&merged);
    CHECK_STATUS(MG_ERR_INVALID,
                 mg_document_merge(mg_slice("", 0), mg_document_slice(&patch), &merged));
    mg_buf_free(&merged);
    CHECK_STATUS(MG_ERR_INVALID,
                 mg_document_merge(mg_document_slice(&base), mg_slice("\6\0\0\0\0", 5), &merged));
    mg_buf_free(&merged);
    free(text);
    bson_destroy(&patch);
    bson_destroy(&base);
}

static void
test_fields_read_as_what_they_are_or_as_the_default(void **state)
{
    (void)state;
    bson_t bson = BSON_INITIALIZER;
    BSON_APPEND_UTF8(&bson, "text", "words");
    BSON_APPEND_BOOL(&bson, "yes", true);
    BSON_APPEND_BOOL(&bson, "no", false);
    BSON_APPEND_INT32(&bson, "one", 1);
    mg_slice_t document = mg_document_slice(&bson);
    assert_true(mg_document_text_is(document, "text", "words"));
    assert_null(mg_document_text(document, "one").data);
    assert_null(mg_document_text(document, "none").data);
    assert_null(mg_document_text((mg_slice_t){0}, "text").data);
    assert_true(mg_document_bool(document, "yes", false));
    assert_false(mg_document_bool(document, "no", true));
    assert_true(mg_document_bool(document, "one", true));
    assert_false(mg_document_bool(document, "none", false));
    bson_destroy(&bson);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_merge_is_what_libbson_makes_of_it),
        cmocka_unit_test(test_a_merge_of_many_fields_is_what_libbson_makes_of_it),
        cmocka_unit_test(test_a_merge_of_very_many_fields_does_not_hold_its_thread),
        cmocka_unit_test(test_what_is_no_document_or_too_large_is_refused),
        cmocka_unit_test(test_fields_read_as_what_they_are_or_as_the_default),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
