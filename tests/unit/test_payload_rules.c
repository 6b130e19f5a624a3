/* The negative kit for the payload: one broken rule of dump-format.md section 6 per file, sealed with the right key. */
#include "core/payloadcheck.h"
#include "support/check.h"
#include "support/draft.h"

#include <errno.h>
#include <string.h>

static void
s_good(draft_t *draft)
{
    draft_put_whole(draft);
}

static void
s_no_state_header(draft_t *draft)
{
    draft_put_end(draft);
}

static void
s_two_state_headers(draft_t *draft)
{
    draft_put_state(draft);
    draft_put_state(draft);
}

static void
s_other_store(draft_t *draft)
{
    draft->state.u.state.store_id = mg_slice_text("another store id");
    draft_put_whole(draft);
}

static void
s_other_version(draft_t *draft)
{
    draft->state.u.state.version++;
    draft_put_whole(draft);
}

static void
s_other_time(draft_t *draft)
{
    draft->state.u.state.snapshot_ns++;
    draft_put_whole(draft);
}

static void
s_collections_miscounted(draft_t *draft)
{
    draft->state.u.state.collections++;
    draft_put_whole(draft);
}

static void
s_meta_repeated(draft_t *draft)
{
    draft_put_state(draft);
    draft_put_meta(draft, "a");
    draft_put_meta(draft, "a");
}

static void
s_meta_unnamed(draft_t *draft)
{
    draft_put_state(draft);
    draft_put_meta(draft, "");
}

static void
s_meta_behind_collections(draft_t *draft)
{
    draft_put_state(draft);
    draft_put_collection(draft, "a");
    draft_put_collection_end(draft);
    draft_put_meta(draft, "a");
}

static void
s_collections_descend(draft_t *draft)
{
    draft_put_state(draft);
    draft_put_collection(draft, "b");
    draft_put_collection_end(draft);
    draft_put_collection(draft, "a");
}

static void
s_collection_name_not_utf8(draft_t *draft)
{
    draft_put_state(draft);
    draft_put_collection(draft, "\xff");
}

static void
s_collection_name_too_long(draft_t *draft)
{
    char name[MG_NAME_MAX + 2] = "";
    memset(name, 'n', MG_NAME_MAX + 1);
    draft_put_state(draft);
    draft_put_collection(draft, name);
}

static void
s_document_outside(draft_t *draft)
{
    draft_put_state(draft);
    draft_put_simple(draft, "a");
}

static void
s_index_behind_document(draft_t *draft)
{
    draft_put_state(draft);
    draft_put_collection(draft, "a");
    draft_put_simple(draft, "a");
    draft_put_index(draft, "i", mg_slice_text("f"));
}

static void
s_index_path_not_utf8(draft_t *draft)
{
    draft_put_state(draft);
    draft_put_collection(draft, "a");
    draft_put_index(draft, "i", mg_slice_text("\xff"));
}

static void
s_ids_descend(draft_t *draft)
{
    draft_put_state(draft);
    draft_put_collection(draft, "a");
    draft_put_simple(draft, "b");
    draft_put_simple(draft, "a");
}

static void
s_id_repeated(draft_t *draft)
{
    draft_put_state(draft);
    draft_put_collection(draft, "a");
    draft_put_simple(draft, "b");
    draft_put_simple(draft, "b");
}

static void
s_id_empty(draft_t *draft)
{
    draft_put_state(draft);
    draft_put_collection(draft, "a");
    draft_put_simple(draft, "");
}

static void
s_id_too_long(draft_t *draft)
{
    static const uint8_t id[MG_ID_MAX + 1];
    draft_put_state(draft);
    draft_put_collection(draft, "a");
    draft_put_document(draft, mg_slice(id, sizeof id), draft_document(), 1);
}

static void
s_rev_0(draft_t *draft)
{
    draft_put_state(draft);
    draft_put_collection(draft, "a");
    draft_put_document(draft, mg_slice_text("a"), draft_document(), 0);
}

static void
s_rev_above_version(draft_t *draft)
{
    draft_put_state(draft);
    draft_put_collection(draft, "a");
    draft_put_document(draft, mg_slice_text("a"), draft_document(), DRAFT_VERSION + 1);
}

static void
s_body_not_bson(draft_t *draft)
{
    draft_put_state(draft);
    draft_put_collection(draft, "a");
    draft_put_document(draft, mg_slice_text("a"), mg_slice_text("no BSON"), 1);
}

static void
s_body_missing(draft_t *draft)
{
    draft_put_state(draft);
    draft_put_collection(draft, "a");
    draft_put_document(draft, mg_slice_text("a"), mg_slice(NULL, 0), 1);
}

static void
s_collection_miscounted(draft_t *draft)
{
    draft_put_state(draft);
    draft_put_collection(draft, "a");
    draft_put_simple(draft, "a");
    draft->in_collection++;
    draft_put_collection_end(draft);
}

static void
s_collection_not_ended(draft_t *draft)
{
    draft_put_state(draft);
    draft_put_collection(draft, "a");
    draft_put_end(draft);
}

static void
s_no_end(draft_t *draft)
{
    draft_put_state(draft);
}

static void
s_records_behind_end(draft_t *draft)
{
    draft_put_whole(draft);
    draft_put_meta(draft, "z");
}

static void
s_end_miscounts_records(draft_t *draft)
{
    draft_put_state(draft);
    draft->dump.footer.record_count++;
    draft_put_end(draft);
    draft->dump.footer.record_count--;
}

static void
s_footer_miscounts_documents(draft_t *draft)
{
    draft_put_whole(draft);
    draft->dump.footer.document_count++;
}

static void
s_footer_miscounts_records(draft_t *draft)
{
    draft_put_whole(draft);
    draft->dump.footer.record_count++;
}

static void
s_footer_miscounts_collections(draft_t *draft)
{
    draft_put_whole(draft);
    draft->dump.footer.collection_count++;
}

static void
s_cut_within_a_record(draft_t *draft)
{
    draft_put_whole(draft);
    draft->payload.len--;
}

static void
s_newer_kind(draft_t *draft)
{
    draft_put_state(draft);
    draft_put_raw(draft, "\x02\x3a\x00", 3);
}

static void
s_skippable_kind(draft_t *draft)
{
    draft_put_state(draft);
    draft_put_raw(draft, "\x04\x82\x04\x01x", 5);
    draft_put_collection(draft, "apis");
    draft_put_collection_end(draft);
    draft_put_collection(draft, "users");
    draft_put_collection_end(draft);
    draft_put_end(draft);
}

static void
s_skippable_kind_first(draft_t *draft)
{
    draft_put_raw(draft, "\x04\x82\x04\x01x", 5);
}

static void
s_record_too_long(draft_t *draft)
{
    draft_put_state(draft);
    draft_put_raw(draft, "\x81\x80\x84\x08", 4);
}

struct rule_case {
    const char *rule;
    void (*build)(draft_t *draft);
    mg_outcome_t expected;
    uint64_t record; /* the record at fault */
};

static const struct rule_case s_cases[] = {
    {"good", s_good, MG_OUTCOME_OK, 0},
    {"no StateHeader", s_no_state_header, MG_OUTCOME_PAYLOAD_INVALID, 0},
    {"two StateHeaders", s_two_state_headers, MG_OUTCOME_PAYLOAD_INVALID, 1},
    {"store_id of the header", s_other_store, MG_OUTCOME_PAYLOAD_INVALID, 0},
    {"version of the header", s_other_version, MG_OUTCOME_PAYLOAD_INVALID, 0},
    {"created_at of the header", s_other_time, MG_OUTCOME_PAYLOAD_INVALID, 0},
    {"collections of the StateHeader", s_collections_miscounted, MG_OUTCOME_PAYLOAD_INVALID, 9},
    {"Meta repeated", s_meta_repeated, MG_OUTCOME_PAYLOAD_INVALID, 2},
    {"Meta without key", s_meta_unnamed, MG_OUTCOME_PAYLOAD_INVALID, 1},
    {"Meta behind collections", s_meta_behind_collections, MG_OUTCOME_PAYLOAD_INVALID, 3},
    {"collections descend", s_collections_descend, MG_OUTCOME_PAYLOAD_INVALID, 3},
    {"collection name not UTF-8", s_collection_name_not_utf8, MG_OUTCOME_PAYLOAD_INVALID, 1},
    {"collection name too long", s_collection_name_too_long, MG_OUTCOME_PAYLOAD_INVALID, 1},
    {"document outside a collection", s_document_outside, MG_OUTCOME_PAYLOAD_INVALID, 1},
    {"index behind a document", s_index_behind_document, MG_OUTCOME_PAYLOAD_INVALID, 3},
    {"index path not UTF-8", s_index_path_not_utf8, MG_OUTCOME_PAYLOAD_INVALID, 2},
    {"ids descend", s_ids_descend, MG_OUTCOME_PAYLOAD_INVALID, 3},
    {"id repeated", s_id_repeated, MG_OUTCOME_PAYLOAD_INVALID, 3},
    {"id empty", s_id_empty, MG_OUTCOME_PAYLOAD_INVALID, 2},
    {"id too long", s_id_too_long, MG_OUTCOME_PAYLOAD_INVALID, 2},
    {"rev 0", s_rev_0, MG_OUTCOME_PAYLOAD_INVALID, 2},
    {"rev above the version", s_rev_above_version, MG_OUTCOME_PAYLOAD_INVALID, 2},
    {"body is no BSON", s_body_not_bson, MG_OUTCOME_PAYLOAD_INVALID, 2},
    {"body missing", s_body_missing, MG_OUTCOME_PAYLOAD_INVALID, 2},
    {"CollectionEnd miscounts", s_collection_miscounted, MG_OUTCOME_PAYLOAD_INVALID, 3},
    {"CollectionEnd missing", s_collection_not_ended, MG_OUTCOME_PAYLOAD_INVALID, 2},
    {"End missing", s_no_end, MG_OUTCOME_PAYLOAD_INVALID, 0},
    {"records behind End", s_records_behind_end, MG_OUTCOME_PAYLOAD_INVALID, 10},
    {"End miscounts records", s_end_miscounts_records, MG_OUTCOME_PAYLOAD_INVALID, 1},
    {"footer miscounts documents", s_footer_miscounts_documents, MG_OUTCOME_PAYLOAD_INVALID, 0},
    {"footer miscounts records", s_footer_miscounts_records, MG_OUTCOME_PAYLOAD_INVALID, 0},
    {"footer miscounts collections", s_footer_miscounts_collections, MG_OUTCOME_PAYLOAD_INVALID, 0},
    {"payload cut within a record", s_cut_within_a_record, MG_OUTCOME_PAYLOAD_INVALID, 9},
    {"kind of a newer version", s_newer_kind, MG_OUTCOME_UNSUPPORTED, 1},
    {"skippable kind", s_skippable_kind, MG_OUTCOME_OK, 0},
    {"skippable kind before the StateHeader", s_skippable_kind_first, MG_OUTCOME_PAYLOAD_INVALID,
     0},
    {"record over 16 MiB + 64 KiB", s_record_too_long, MG_OUTCOME_PAYLOAD_INVALID, 1},
};

static void
test_each_broken_rule_of_the_payload_is_named(void **state)
{
    (void)state;
    mg_keyring_t *ring = kit_keyring(KIT_RAW_KEY);
    for (size_t i = 0; i < sizeof s_cases / sizeof s_cases[0]; i++) {
        draft_t draft;
        mg_verdict_t why;
        draft_begin(&draft, 2);
        s_cases[i].build(&draft);
        draft.dump.payload = mg_buf_slice(&draft.payload);
        mg_buf_t file = kit_seal(&draft.dump);
        mg_outcome_t outcome = kit_verify(mg_buf_slice(&file), ring, &why);
        if (outcome != s_cases[i].expected || why.record != s_cases[i].record) {
            fail_msg("%s: %s at record %d: %s", s_cases[i].rule, mg_outcome_name(outcome),
                     (int)why.record, why.text);
        }
        assert_int_equal(kit_verify(mg_buf_slice(&file), NULL, &why),
                         MG_OUTCOME_OK); /* the container is good */
        mg_buf_free(&file);
        mg_buf_free(&draft.payload);
    }
    mg_keyring_destroy(&ring);
}

static void
test_damage_of_the_container_comes_before_that_of_the_payload(void **state)
{
    (void)state;
    draft_t draft;
    mg_verdict_t why;
    mg_keyring_t *ring = kit_keyring(KIT_RAW_KEY);
    draft_begin(&draft, 2);
    s_no_state_header(&draft);
    memset(mg_buf_extend(&draft.payload, 8192), 1, 8192); /* more chunks behind the fault */
    draft.dump.payload = mg_buf_slice(&draft.payload);
    mg_buf_t file = kit_seal(&draft.dump);
    assert_int_equal(kit_verify(mg_buf_slice(&file), ring, &why), MG_OUTCOME_PAYLOAD_INVALID);
    file.data[file.len - MG_FOOTER_SIZE - 1] ^= 1;
    assert_int_equal(kit_verify(mg_buf_slice(&file), ring, &why), MG_OUTCOME_CHUNK_CORRUPT);
    assert_int_equal(why.chunk, 2);
    mg_keyring_destroy(&ring);
    mg_buf_free(&file);
    mg_buf_free(&draft.payload);
}

static mg_outcome_t
s_refuse(void *arg, const mg_record_t *record, mg_verdict_t *why)
{
    (void)arg;
    (void)record;
    return mg_verdict_io(why, "loading", ENOMEM);
}

static void
test_a_receiver_can_stop_the_reading(void **state)
{
    (void)state;
    mg_buf_t file = kit_vector("mgd1-v1-state.bin");
    mg_keyring_t *ring = kit_keyring(KIT_PASSPHRASE);
    mg_dumpreader_options_t options = {
        .keyring = ring, .kdf_max_kib = MG_KDF_MAX_KIB, .on_record = s_refuse};
    mg_verdict_t why;
    assert_int_equal(kit_verify_with(mg_buf_slice(&file), options, &why), MG_OUTCOME_IO);
    assert_int_equal(why.error, ENOMEM);
    mg_keyring_destroy(&ring);
    mg_buf_free(&file);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_broken_rule_of_the_payload_is_named),
        cmocka_unit_test(test_damage_of_the_container_comes_before_that_of_the_payload),
        cmocka_unit_test(test_a_receiver_can_stop_the_reading),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
