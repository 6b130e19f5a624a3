#include "gateway/representation.h"
#include "support/check.h"

#include <bson/bson.h>

#include <string.h>

static const char *const s_omit[] = {"secret", NULL};

/* An entry {"name": text, "secret": "s"} of this rev. */
static mg_entry_t *
s_entry(const char *text, uint64_t rev)
{
    bson_t bson = BSON_INITIALIZER;
    BSON_APPEND_UTF8(&bson, "name", text);
    BSON_APPEND_UTF8(&bson, "secret", "s");
    mg_entry_t *entry =
        mg_entry_new(mg_slice_text("key"), mg_slice(bson_get_data(&bson), bson.len), 0, rev);
    bson_destroy(&bson);
    assert_non_null(entry);
    return entry;
}

static void
s_expect(mg_representations_t *all,
         const mg_entry_t *entry,
         const char *const *omit,
         const char *json)
{
    const mg_representation_t *one = mg_representation_of(all, entry, omit);
    assert_non_null(one);
    assert_true(mg_slice_equal(mg_buf_slice(&one->json), mg_slice_text(json)));
}

static void
test_a_document_is_written_once(void **state)
{
    (void)state;
    mg_representations_t *all = mg_representations_new();
    mg_entry_t *entry = s_entry("ann", 7);
    const mg_representation_t *first = mg_representation_of(all, entry, NULL);
    const uint8_t *bytes = first->json.data;
    s_expect(all, entry, NULL, "{\"name\":\"ann\",\"secret\":\"s\"}");
    assert_ptr_equal(mg_representation_of(all, entry, NULL)->json.data, bytes);
    assert_int_equal(strncmp(first->etag, "\"7-", 3), 0);
    assert_int_equal(strlen(first->etag), strlen("\"7-0123456789abcdef\""));
    mg_entry_free(entry);
    mg_representations_destroy(&all);
}

static void
test_what_is_left_out_of_one_is_not_out_of_the_other(void **state)
{
    (void)state;
    mg_representations_t *all = mg_representations_new();
    mg_entry_t *entry = s_entry("ann", 7);
    for (int i = 0; i < 2; i++) {
        s_expect(all, entry, NULL, "{\"name\":\"ann\",\"secret\":\"s\"}");
        s_expect(all, entry, s_omit, "{\"name\":\"ann\"}");
    }
    mg_entry_free(entry);
    mg_representations_destroy(&all);
}

/* An address is reused: the rev tells, and after a Swap, when revs may repeat, the clearing. */
static void
test_another_document_at_the_same_address_is_another(void **state)
{
    (void)state;
    mg_representations_t *all = mg_representations_new();
    mg_entry_t *entry = s_entry("ann", 7);
    mg_entry_t *other = s_entry("bob", 7);
    s_expect(all, entry, s_omit, "{\"name\":\"ann\"}");
    memcpy(entry->bytes, other->bytes, other->body_len);
    entry->rev = 8;
    s_expect(all, entry, s_omit, "{\"name\":\"bob\"}");
    mg_entry_free(other);
    other = s_entry("eve", 8);
    memcpy(entry->bytes, other->bytes, other->body_len);
    mg_representations_clear(all);
    s_expect(all, entry, s_omit, "{\"name\":\"eve\"}");
    mg_entry_free(other);
    mg_entry_free(entry);
    mg_representations_destroy(&all);
}

static void
test_large_documents_are_made_anew_and_keep_nobody_out(void **state)
{
    (void)state;
    mg_representations_t *all = mg_representations_new();
    char text[MG_REPRESENTATION_BYTES_MAX + 1];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    mg_entry_t *large = s_entry(text, 1);
    const mg_representation_t *one = mg_representation_of(all, large, NULL);
    assert_int_equal(one->json.len, strlen(text) + strlen("{\"name\":\"\",\"secret\":\"s\"}"));
    mg_entry_t *small = s_entry("ann", 1);
    const mg_representation_t *kept = mg_representation_of(all, small, NULL);
    assert_int_equal(mg_representation_of(all, large, s_omit)->json.len,
                     strlen(text) + strlen("{\"name\":\"\"}"));
    assert_ptr_equal(kept->entry, small);
    mg_entry_free(small);
    mg_entry_free(large);
    mg_representations_destroy(&all);
}

static void
test_what_json_can_not_say_is_refused_and_not_kept(void **state)
{
    (void)state;
    mg_representations_t *all = mg_representations_new();
    mg_entry_t *bad = mg_entry_new(mg_slice_text("key"), mg_slice("\6\0\0\0\x7f\0", 6), 0, 1);
    assert_null(mg_representation_of(all, bad, NULL));
    assert_null(mg_representation_of(all, bad, NULL));
    mg_entry_free(bad);
    mg_representations_destroy(&all);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_document_is_written_once),
        cmocka_unit_test(test_what_is_left_out_of_one_is_not_out_of_the_other),
        cmocka_unit_test(test_another_document_at_the_same_address_is_another),
        cmocka_unit_test(test_large_documents_are_made_anew_and_keep_nobody_out),
        cmocka_unit_test(test_what_json_can_not_say_is_refused_and_not_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
