/* From store to payload to dump to store and back: the same state, and the same bytes. */
#include "core/document.h"
#include "core/payload.h"
#include "support/check.h"
#include "support/dumpkit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DOCUMENTS = 500, NOW_NS = 1000 };

static void
s_apply(mg_store_t *store, const mg_op_t *op)
{
    size_t failed_at = 0;
    CHECK_OK(mg_store_apply(store, op, 1, NOW_NS, &failed_at));
}

static void
s_put(mg_store_t *store, const char *collection, const char *id, int number)
{
    bson_t body;
    bson_init(&body);
    BSON_APPEND_UTF8(&body, "_id", id);
    BSON_APPEND_INT64(&body, "number", number);
    mg_op_t op = {.kind = MG_OP_PUT,
                  .collection = mg_slice_text(collection),
                  .key = mg_slice_text(id),
                  .body = mg_document_slice(&body),
                  .expires_ns = number % 7 == 0 ? INT64_MAX - number : 0};
    s_apply(store, &op);
    bson_destroy(&body);
}

/* A store with Meta, imported collections, and an expiry here and there. */
static mg_store_t *
s_store(void)
{
    mg_store_t *store = mg_store_new();
    assert_non_null(store);
    s_put(store, "", "counters", 1);
    s_put(store, "", "token_watermark", 2);
    for (int i = 0; i < DOCUMENTS; i++) {
        char id[32];
        (void)snprintf(id, sizeof id, "id-%d", i * 7919 % DOCUMENTS);
        s_put(store, i % 2 ? "zebras" : "anteaters", id, i);
    }
    return store;
}

static mg_dumpheader_t
s_header(const mg_view_t *view)
{
    mg_dumpheader_t header = kit_header();
    header.payload_schema = MG_SCHEMA_STATE;
    header.snapshot_version = mg_view_version(view);
    return header;
}

/* The payload of `view`, taken in pieces of `room` bytes. */
static mg_buf_t
s_walk(const mg_view_t *view, const mg_dumpheader_t *header, size_t room, mg_dumpfooter_t *counts)
{
    mg_buf_t payload = {0};
    uint8_t *piece = malloc(room);
    mg_payloadwalk_t *walk = mg_payloadwalk_new(view, header);
    assert_non_null(walk);
    while (!mg_payloadwalk_ended(walk)) {
        size_t len = 0;
        CHECK_OK(mg_payloadwalk_fill(walk, piece, room, &len));
        assert_true(len == room || mg_payloadwalk_ended(walk));
        assert_true(len > 0);
        mg_buf_append(&payload, piece, len);
    }
    mg_payloadwalk_counts(walk, counts);
    mg_payloadwalk_destroy(&walk);
    free(piece);
    return payload;
}

static mg_store_t *
s_load(const mg_buf_t *payload, const mg_dumpheader_t *header, const mg_dumpfooter_t *counts)
{
    kit_dump_t dump = kit_opaque(mg_buf_slice(payload));
    dump.header = *header;
    dump.footer = *counts;
    mg_buf_t file = kit_seal(&dump);
    mg_keyring_t *ring = kit_keyring(KIT_RAW_KEY);
    mg_payloadload_t *load = mg_payloadload_new();
    mg_dumpreader_options_t options = {.keyring = ring,
                                       .kdf_max_kib = MG_KDF_MAX_KIB,
                                       .on_record = mg_payloadload_record,
                                       .arg = load};
    mg_verdict_t why;
    if (kit_verify_with(mg_buf_slice(&file), options, &why) != MG_OUTCOME_OK) {
        fail_msg("%s", why.text);
    }
    mg_store_t *store = mg_payloadload_take(load);
    mg_payloadload_destroy(&load);
    mg_keyring_destroy(&ring);
    mg_buf_free(&file);
    return store;
}

static void
test_a_dumped_and_loaded_store_dumps_to_the_same_bytes(void **state)
{
    (void)state;
    mg_store_t *store = s_store();
    const mg_view_t *view = mg_store_current(store);
    mg_dumpheader_t header = s_header(view);
    mg_dumpfooter_t counts = {0};
    mg_dumpfooter_t again_counts = {0};
    mg_buf_t payload = s_walk(view, &header, 4096, &counts);
    assert_int_equal(counts.document_count, DOCUMENTS);
    assert_int_equal(counts.collection_count, MG_COLLECTIONS_KNOWN - 1 + 2);

    mg_store_t *loaded = s_load(&payload, &header, &counts);
    assert_int_equal(mg_view_version(mg_store_current(loaded)), mg_view_version(view));
    mg_buf_t again = s_walk(mg_store_current(loaded), &header, 4096, &again_counts);
    assert_int_equal(payload.len, again.len);
    assert_memory_equal(payload.data, again.data, payload.len);
    mg_buf_free(&again);
    mg_buf_free(&payload);
    mg_store_destroy(&loaded);
    mg_store_destroy(&store);
}

static void
test_pieces_of_any_size_make_the_same_payload(void **state)
{
    (void)state;
    mg_store_t *store = s_store();
    mg_dumpheader_t header = s_header(mg_store_current(store));
    mg_dumpfooter_t counts;
    mg_buf_t whole = s_walk(mg_store_current(store), &header, (size_t)1 << 20, &counts);
    for (size_t room = 1; room < 3000; room = room * 3 + 1) {
        mg_buf_t pieces = s_walk(mg_store_current(store), &header, room, &counts);
        assert_true(mg_slice_equal(mg_buf_slice(&whole), mg_buf_slice(&pieces)));
        mg_buf_free(&pieces);
    }
    /* A payload that fills its last chunk exactly: LAST is known all the same. */
    mg_buf_t exact = s_walk(mg_store_current(store), &header, whole.len, &counts);
    assert_int_equal(exact.len, whole.len);
    mg_buf_free(&exact);
    mg_buf_free(&whole);
    mg_store_destroy(&store);
}

static void
test_every_known_collection_is_in_the_dump(void **state)
{
    (void)state;
    mg_store_t *store = mg_store_new();
    mg_store_set_version(store, 1);
    mg_dumpheader_t header = s_header(mg_store_current(store));
    mg_dumpfooter_t counts;
    mg_buf_t payload = s_walk(mg_store_current(store), &header, 4096, &counts);
    mg_store_t *loaded = s_load(&payload, &header, &counts);
    for (int id = MG_COLLECTION_APIS; id < MG_COLLECTIONS_KNOWN; id++) {
        const char *name = mg_collection((mg_collection_id_t)id)->name;
        bool found = false;
        for (size_t at = 0; at + strlen(name) <= payload.len && !found; at++) {
            found = memcmp(payload.data + at, name, strlen(name)) == 0;
        }
        if (!found) {
            fail_msg("%s is not in the dump", name);
        }
    }
    mg_store_destroy(&loaded);
    mg_buf_free(&payload);
    mg_store_destroy(&store);
}

static void
test_the_state_vector_loads(void **state)
{
    (void)state;
    mg_buf_t file = kit_vector("mgd1-v1-state.bin");
    mg_keyring_t *ring = kit_keyring(KIT_PASSPHRASE);
    mg_payloadload_t *load = mg_payloadload_new();
    mg_dumpreader_options_t options = {.keyring = ring,
                                       .kdf_max_kib = MG_KDF_MAX_KIB,
                                       .on_record = mg_payloadload_record,
                                       .arg = load};
    mg_verdict_t why;
    assert_int_equal(kit_verify_with(mg_buf_slice(&file), options, &why), MG_OUTCOME_OK);
    mg_store_t *store = mg_payloadload_take(load);
    const mg_view_t *view = mg_store_current(store);
    assert_int_equal(mg_view_version(view), 1000);
    assert_int_equal(mg_view_total(view), 5);
    assert_int_equal(mg_view_count(view, MG_COLLECTION_USERS), 3);
    assert_int_equal(mg_view_count(view, MG_COLLECTION_META), 2);
    const mg_entry_t *entry = mg_view_find(view, MG_COLLECTION_APIS, mg_slice_text("orders/v2"));
    assert_non_null(entry);
    assert_int_equal(entry->rev, 18);
    assert_int_equal(entry->expires_ns, 1795499558000000000);
    mg_store_destroy(&store);
    mg_payloadload_destroy(&load);
    mg_keyring_destroy(&ring);
    mg_buf_free(&file);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_dumped_and_loaded_store_dumps_to_the_same_bytes),
        cmocka_unit_test(test_pieces_of_any_size_make_the_same_payload),
        cmocka_unit_test(test_every_known_collection_is_in_the_dump),
        cmocka_unit_test(test_the_state_vector_loads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
