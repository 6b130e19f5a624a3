/* The negative kit for the payload: one broken rule of dump-format.md section 6 per file, sealed with the right key. */
#include "core/payloadcheck.h"
#include "support/check.h"
#include "support/dumpkit.h"

#include <errno.h>
#include <string.h>

enum { VERSION = 1000 };

static const char s_bson[] = "\x08\0\0\0\x0a"
                             "a\0\0"; /* {a: null} */

/* A payload under construction; counters run along so that totals fit unless a case breaks them. */
struct draft {
    kit_dump_t dump;
    mg_buf_t payload;
    mg_record_t state;
    uint64_t in_collection;
};

static mg_slice_t
s_document(void)
{
    return mg_slice(s_bson, sizeof s_bson - 1);
}

static void
s_put(struct draft *draft, const mg_record_t *record)
{
    draft->dump.footer.record_count++;
    mg_record_encode(record, &draft->payload);
}

static void
s_begin(struct draft *draft, uint32_t collections)
{
    *draft = (struct draft){.dump = kit_opaque(mg_slice(NULL, 0))};
    draft->dump.header.payload_schema = MG_SCHEMA_STATE;
    draft->dump.header.snapshot_version = VERSION;
    draft->dump.footer = (mg_dumpfooter_t){.finished_at = 1};
    draft->state = (mg_record_t){.kind = MG_RECORD_STATE};
    draft->state.u.state.store_id = mg_slice(draft->dump.header.store_id, MG_STORE_ID_SIZE);
    draft->state.u.state.version = VERSION;
    draft->state.u.state.snapshot_ns = draft->dump.header.created_at;
    draft->state.u.state.collections = collections;
}

static void
s_put_state(struct draft *draft)
{
    s_put(draft, &draft->state);
}

static void
s_put_meta(struct draft *draft, const char *key)
{
    mg_record_t record = {.kind = MG_RECORD_META, .u.meta = {mg_slice_text(key), s_document()}};
    s_put(draft, &record);
}

static void
s_put_collection(struct draft *draft, const char *name)
{
    mg_record_t record = {.kind = MG_RECORD_COLLECTION,
                          .u.collection = {.name = mg_slice_text(name)}};
    draft->in_collection = 0;
    draft->dump.footer.collection_count++;
    s_put(draft, &record);
}

static void
s_put_index(struct draft *draft, const char *name, mg_slice_t component)
{
    mg_buf_t path = {0};
    mg_record_path_put(&path, component);
    mg_record_t record = {
        .kind = MG_RECORD_INDEX,
        .u.index = {.name = mg_slice_text(name), .path = mg_buf_slice(&path), .unique = true}};
    s_put(draft, &record);
    mg_buf_free(&path);
}

static void
s_put_document(struct draft *draft, mg_slice_t id, mg_slice_t body, uint64_t rev)
{
    mg_record_t record = {.kind = MG_RECORD_DOCUMENT,
                          .u.document = {.id = id, .body = body, .rev = rev}};
    draft->in_collection++;
    draft->dump.footer.document_count++;
    s_put(draft, &record);
}

static void
s_put_simple(struct draft *draft, const char *id)
{
    s_put_document(draft, mg_slice_text(id), s_document(), 1);
}

static void
s_put_collection_end(struct draft *draft)
{
    mg_record_t record = {.kind = MG_RECORD_COLLECTION_END,
                          .u.collection_end = {draft->in_collection}};
    s_put(draft, &record);
}

static void
s_put_end(struct draft *draft)
{
    mg_record_t record = {
        .kind = MG_RECORD_END,
        .u.end = {draft->dump.footer.record_count + 1, draft->dump.footer.document_count}};
    s_put(draft, &record);
}

static void
s_put_raw(struct draft *draft, const char *bytes, size_t len)
{
    draft->dump.footer.record_count++;
    mg_buf_append(&draft->payload, bytes, len);
}

/* The smallest payload that shows everything: one Meta, two collections, an index, two documents. */
static void
s_put_whole(struct draft *draft)
{
    s_put_state(draft);
    s_put_meta(draft, "counters");
    s_put_collection(draft, "apis");
    s_put_collection_end(draft);
    s_put_collection(draft, "users");
    s_put_index(draft, "email", mg_slice_text("email"));
    s_put_simple(draft, "admin");
    s_put_simple(draft, "bob");
    s_put_collection_end(draft);
    s_put_end(draft);
}

static void
s_good(struct draft *draft)
{
    s_put_whole(draft);
}

static void
s_no_state_header(struct draft *draft)
{
    s_put_end(draft);
}

static void
s_two_state_headers(struct draft *draft)
{
    s_put_state(draft);
    s_put_state(draft);
}

static void
s_other_store(struct draft *draft)
{
    draft->state.u.state.store_id = mg_slice_text("another store id");
    s_put_whole(draft);
}

static void
s_other_version(struct draft *draft)
{
    draft->state.u.state.version++;
    s_put_whole(draft);
}

static void
s_other_time(struct draft *draft)
{
    draft->state.u.state.snapshot_ns++;
    s_put_whole(draft);
}

static void
s_collections_miscounted(struct draft *draft)
{
    draft->state.u.state.collections++;
    s_put_whole(draft);
}

static void
s_meta_repeated(struct draft *draft)
{
    s_put_state(draft);
    s_put_meta(draft, "a");
    s_put_meta(draft, "a");
}

static void
s_meta_unnamed(struct draft *draft)
{
    s_put_state(draft);
    s_put_meta(draft, "");
}

static void
s_meta_behind_collections(struct draft *draft)
{
    s_put_state(draft);
    s_put_collection(draft, "a");
    s_put_collection_end(draft);
    s_put_meta(draft, "a");
}

static void
s_collections_descend(struct draft *draft)
{
    s_put_state(draft);
    s_put_collection(draft, "b");
    s_put_collection_end(draft);
    s_put_collection(draft, "a");
}

static void
s_collection_name_not_utf8(struct draft *draft)
{
    s_put_state(draft);
    s_put_collection(draft, "\xff");
}

static void
s_collection_name_too_long(struct draft *draft)
{
    char name[MG_NAME_MAX + 2] = "";
    memset(name, 'n', MG_NAME_MAX + 1);
    s_put_state(draft);
    s_put_collection(draft, name);
}

static void
s_document_outside(struct draft *draft)
{
    s_put_state(draft);
    s_put_simple(draft, "a");
}

static void
s_index_behind_document(struct draft *draft)
{
    s_put_state(draft);
    s_put_collection(draft, "a");
    s_put_simple(draft, "a");
    s_put_index(draft, "i", mg_slice_text("f"));
}

static void
s_index_path_not_utf8(struct draft *draft)
{
    s_put_state(draft);
    s_put_collection(draft, "a");
    s_put_index(draft, "i", mg_slice_text("\xff"));
}

static void
s_ids_descend(struct draft *draft)
{
    s_put_state(draft);
    s_put_collection(draft, "a");
    s_put_simple(draft, "b");
    s_put_simple(draft, "a");
}

static void
s_id_repeated(struct draft *draft)
{
    s_put_state(draft);
    s_put_collection(draft, "a");
    s_put_simple(draft, "b");
    s_put_simple(draft, "b");
}

static void
s_id_empty(struct draft *draft)
{
    s_put_state(draft);
    s_put_collection(draft, "a");
    s_put_simple(draft, "");
}

static void
s_id_too_long(struct draft *draft)
{
    static const uint8_t id[MG_ID_MAX + 1];
    s_put_state(draft);
    s_put_collection(draft, "a");
    s_put_document(draft, mg_slice(id, sizeof id), s_document(), 1);
}

static void
s_rev_0(struct draft *draft)
{
    s_put_state(draft);
    s_put_collection(draft, "a");
    s_put_document(draft, mg_slice_text("a"), s_document(), 0);
}

static void
s_rev_above_version(struct draft *draft)
{
    s_put_state(draft);
    s_put_collection(draft, "a");
    s_put_document(draft, mg_slice_text("a"), s_document(), VERSION + 1);
}

static void
s_body_not_bson(struct draft *draft)
{
    s_put_state(draft);
    s_put_collection(draft, "a");
    s_put_document(draft, mg_slice_text("a"), mg_slice_text("no BSON"), 1);
}

static void
s_body_missing(struct draft *draft)
{
    s_put_state(draft);
    s_put_collection(draft, "a");
    s_put_document(draft, mg_slice_text("a"), mg_slice(NULL, 0), 1);
}

static void
s_collection_miscounted(struct draft *draft)
{
    s_put_state(draft);
    s_put_collection(draft, "a");
    s_put_simple(draft, "a");
    draft->in_collection++;
    s_put_collection_end(draft);
}

static void
s_collection_not_ended(struct draft *draft)
{
    s_put_state(draft);
    s_put_collection(draft, "a");
    s_put_end(draft);
}

static void
s_no_end(struct draft *draft)
{
    s_put_state(draft);
}

static void
s_records_behind_end(struct draft *draft)
{
    s_put_whole(draft);
    s_put_meta(draft, "z");
}

static void
s_end_miscounts_records(struct draft *draft)
{
    s_put_state(draft);
    draft->dump.footer.record_count++;
    s_put_end(draft);
    draft->dump.footer.record_count--;
}

static void
s_footer_miscounts_documents(struct draft *draft)
{
    s_put_whole(draft);
    draft->dump.footer.document_count++;
}

static void
s_footer_miscounts_records(struct draft *draft)
{
    s_put_whole(draft);
    draft->dump.footer.record_count++;
}

static void
s_footer_miscounts_collections(struct draft *draft)
{
    s_put_whole(draft);
    draft->dump.footer.collection_count++;
}

static void
s_cut_within_a_record(struct draft *draft)
{
    s_put_whole(draft);
    draft->payload.len--;
}

static void
s_newer_kind(struct draft *draft)
{
    s_put_state(draft);
    s_put_raw(draft, "\x02\x3a\x00", 3);
}

static void
s_skippable_kind(struct draft *draft)
{
    s_put_state(draft);
    s_put_raw(draft, "\x04\x82\x04\x01x", 5);
    s_put_collection(draft, "apis");
    s_put_collection_end(draft);
    s_put_collection(draft, "users");
    s_put_collection_end(draft);
    s_put_end(draft);
}

static void
s_skippable_kind_first(struct draft *draft)
{
    s_put_raw(draft, "\x04\x82\x04\x01x", 5);
}

static void
s_record_too_long(struct draft *draft)
{
    s_put_state(draft);
    s_put_raw(draft, "\x81\x80\x84\x08", 4);
}

struct rule_case {
    const char *rule;
    void (*build)(struct draft *draft);
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
        struct draft draft;
        mg_verdict_t why;
        s_begin(&draft, 2);
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
    struct draft draft;
    mg_verdict_t why;
    mg_keyring_t *ring = kit_keyring(KIT_RAW_KEY);
    s_begin(&draft, 2);
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
