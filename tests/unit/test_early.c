/* Documents that were made where their chunk was opened load like those that are read in order: the same state, the same verdict. */
#include "core/document.h"
#include "core/early.h"
#include "core/payload.h"
#include "support/check.h"
#include "support/draft.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DOCUMENTS = 600, FAULTY = 300, FILLER_MAX = 900 };

/* What a reading came to. */
typedef struct read {
    mg_outcome_t outcome;
    mg_verdict_t why;
    unsigned entries; /* documents that came as entries */
    mg_buf_t state;   /* the payload of what was loaded */
} read_t;

typedef struct receiver {
    mg_payloadload_t *load;
    unsigned entries;
} receiver_t;

static mg_outcome_t
s_on_record(void *arg, const mg_record_t *record, mg_verdict_t *why)
{
    receiver_t *self = arg;
    return mg_payloadload_record(self->load, record, why);
}

static mg_outcome_t
s_on_entry(void *arg, mg_entry_t *entry, mg_verdict_t *why)
{
    receiver_t *self = arg;
    self->entries++;
    return mg_payloadload_entry(self->load, entry, why);
}

static ssize_t
s_read_bytes(void *arg, void *out, size_t len)
{
    mg_slice_t *rest = arg;
    size_t step = len < rest->len ? len : rest->len;
    memcpy(out, rest->data, step);
    *rest = mg_slice(rest->data + step, rest->len - step);
    return (ssize_t)step;
}

/* One chunk as the sealers and the dump actor read it. */
static mg_outcome_t
s_read_chunk(mg_dumpreader_t *reader,
             mg_chunkcodec_t *codec,
             bool use_early,
             bool *out_last,
             mg_verdict_t *why)
{
    mg_frame_t frame;
    uint8_t leaf[MG_LEAF_SIZE];
    static uint8_t sealed[MG_CHUNK_SIZE_MIN + MG_CHUNK_EXTRA];
    uint8_t *plain = malloc(MG_CHUNK_SIZE_MIN);
    assert_int_equal(mg_dumpreader_frame(reader, &frame, why), MG_OUTCOME_OK);
    assert_int_equal(mg_dumpreader_chunk(reader, &frame, sealed, why), MG_OUTCOME_OK);
    mg_slice_t chunk = mg_slice(sealed, mg_frame_total(&frame));
    mg_chunk_leaf(chunk, leaf);
    assert_int_equal(mg_chunkcodec_open(codec, &frame, chunk, plain, why), MG_OUTCOME_OK);
    mg_slice_t opened = mg_slice(plain, frame.plain_len);
    mg_early_t *early = use_early ? mg_early_new(opened) : NULL;
    mg_outcome_t outcome = mg_dumpreader_accept(reader, leaf, opened, early, why);
    mg_early_destroy(&early);
    free(plain);
    *out_last = frame.last;
    return outcome;
}

static void
s_walk(mg_payloadload_t *load, const mg_dumpheader_t *header, mg_buf_t *out)
{
    uint8_t piece[MG_CHUNK_SIZE_MIN];
    mg_store_t *store = mg_payloadload_take(load);
    mg_payloadwalk_t *walk = mg_payloadwalk_new(mg_store_current(store), header);
    while (!mg_payloadwalk_ended(walk)) {
        size_t len = 0;
        CHECK_OK(mg_payloadwalk_fill(walk, piece, sizeof piece, &len));
        mg_buf_append(out, piece, len);
    }
    mg_payloadwalk_destroy(&walk);
    mg_store_destroy(&store);
}

static read_t
s_read(draft_t *draft, bool use_early)
{
    read_t result = {.outcome = MG_OUTCOME_OK};
    draft->dump.payload = mg_buf_slice(&draft->payload);
    mg_buf_t file = kit_seal(&draft->dump);
    mg_slice_t rest = mg_buf_slice(&file);
    mg_keyring_t *ring = kit_keyring(KIT_RAW_KEY);
    receiver_t receiver = {.load = mg_payloadload_new()};
    mg_dumpreader_options_t options = {.source = {.read = s_read_bytes, .arg = &rest},
                                       .keyring = ring,
                                       .kdf_max_kib = MG_KDF_MAX_KIB,
                                       .on_record = s_on_record,
                                       .on_entry = s_on_entry,
                                       .arg = &receiver};
    mg_dumpreader_t *reader = mg_dumpreader_new(&options);
    mg_chunkcodec_t *codec = NULL;
    assert_int_equal(mg_dumpreader_begin(reader, &result.why), MG_OUTCOME_OK);
    mg_chunk_rules_t rules = mg_dumpreader_rules(reader);
    CHECK_OK(mg_chunkcodec_new(&rules, mg_dumpreader_keys(reader)->enc, &codec));
    for (bool last = false; !last && result.outcome == MG_OUTCOME_OK;) {
        result.outcome = s_read_chunk(reader, codec, use_early, &last, &result.why);
    }
    if (result.outcome == MG_OUTCOME_OK) {
        result.outcome = mg_dumpreader_end(reader, &result.why);
    }
    if (result.outcome == MG_OUTCOME_OK) {
        s_walk(receiver.load, mg_dumpreader_header(reader), &result.state);
    }
    result.entries = receiver.entries;
    mg_chunkcodec_destroy(&codec);
    mg_dumpreader_destroy(&reader);
    mg_payloadload_destroy(&receiver.load);
    mg_keyring_destroy(&ring);
    mg_buf_free(&file);
    return result;
}

/* Reads the draft both ways and frees it; the two must agree in everything. Gives the reading with entries. */
static read_t
s_read_both(draft_t *draft)
{
    read_t plain = s_read(draft, false);
    read_t early = s_read(draft, true);
    assert_int_equal(plain.entries, 0);
    assert_int_equal(early.outcome, plain.outcome);
    assert_string_equal(early.why.text, plain.why.text);
    assert_int_equal(early.why.record, plain.why.record);
    assert_int_equal(early.state.len, plain.state.len);
    if (plain.state.len) {
        assert_memory_equal(early.state.data, plain.state.data, plain.state.len);
    }
    mg_buf_free(&plain.state);
    mg_buf_free(&early.state);
    mg_buf_free(&draft->payload);
    return early;
}

static void
s_put_number(draft_t *draft, int number, size_t filler)
{
    char id[16];
    static char text[2 * MG_CHUNK_SIZE_MIN];
    (void)snprintf(id, sizeof id, "id-%06d", number);
    memset(text, 'a' + number % 26, sizeof text);
    bson_t body;
    bson_init(&body);
    BSON_APPEND_UTF8(&body, "_id", id);
    (void)bson_append_utf8(&body, "text", -1, text, (int)filler);
    draft_put_document(draft, mg_slice_text(id), mg_document_slice(&body), 1);
    bson_destroy(&body);
}

static void
s_begin(draft_t *draft)
{
    draft_begin(draft, 1);
    draft_put_state(draft);
    draft_put_meta(draft, "counters");
    draft_put_collection(draft, "accounts");
}

static void
s_end(draft_t *draft)
{
    draft_put_collection_end(draft);
    draft_put_end(draft);
}

static void
test_records_that_straddle_chunks_anywhere_load_the_same(void **state)
{
    (void)state;
    draft_t draft;
    s_begin(&draft);
    for (int i = 0; i < DOCUMENTS; i++) { /* every 97th is longer than a chunk */
        s_put_number(&draft, i,
                     i % 97 == 96 ? MG_CHUNK_SIZE_MIN + 100 : (size_t)(i * 7 % FILLER_MAX));
    }
    s_end(&draft);
    read_t read = s_read_both(&draft);
    assert_int_equal(read.outcome, MG_OUTCOME_OK);
    assert_in_range(read.entries, DOCUMENTS / 2, DOCUMENTS - 1);
}

static void
test_collections_that_end_within_a_chunk_load_the_same(void **state)
{
    (void)state;
    draft_t draft;
    draft_begin(&draft, 8);
    draft_put_state(&draft);
    for (int i = 0; i < 8; i++) {
        char name[] = {(char)('a' + i), 0};
        draft_put_collection(&draft, name);
        draft_put_index(&draft, "i", mg_slice_text("f"));
        for (int number = 0; number < 5 * i; number++) {
            s_put_number(&draft, number, 50);
        }
        draft_put_collection_end(&draft);
    }
    draft_put_end(&draft);
    read_t read = s_read_both(&draft);
    assert_int_equal(read.outcome, MG_OUTCOME_OK);
    assert_true(read.entries > 70);
}

/* --- what is wrong is found and told as ever --- */

static void
s_descending(draft_t *draft)
{
    s_put_number(draft, FAULTY - 2, 10);
}

static void
s_repeated(draft_t *draft)
{
    s_put_number(draft, FAULTY - 1, 10);
}

static void
s_rev_0(draft_t *draft)
{
    draft_put_document(draft, mg_slice_text("id-x"), draft_document(), 0);
}

static void
s_rev_too_high(draft_t *draft)
{
    draft_put_document(draft, mg_slice_text("id-x"), draft_document(), DRAFT_VERSION + 1);
}

static void
s_id_empty(draft_t *draft)
{
    draft_put_simple(draft, "");
}

static void
s_id_too_long(draft_t *draft)
{
    static const uint8_t id[MG_KEY_MAX + 1] = {'z'};
    draft_put_document(draft, mg_slice(id, sizeof id), draft_document(), 1);
}

static void
s_no_bson(draft_t *draft)
{
    draft_put_document(draft, mg_slice_text("id-x"), mg_slice_text("no BSON"), 1);
}

static void
s_descending_without_bson(draft_t *draft)
{
    draft_put_document(draft, mg_slice_text("a"), mg_slice_text("no BSON"), 1);
}

static void
s_not_canonical(draft_t *draft)
{
    draft_put_raw(draft, "\x04\x2a\x02\x0a\x00", 5);
}

static void
s_newer_kind(draft_t *draft)
{
    draft_put_raw(draft, "\x02\x3a\x00", 3);
}

static void
s_impossible_length(draft_t *draft)
{
    draft_put_raw(draft, "\x81\x80\x84\x08", 4);
}

static void
s_misplaced_meta(draft_t *draft)
{
    draft_put_meta(draft, "z");
}

static void
test_a_fault_among_documents_is_the_same_fault(void **state)
{
    (void)state;
    static void (*const faults[])(draft_t *) = {s_descending,
                                                s_repeated,
                                                s_rev_0,
                                                s_rev_too_high,
                                                s_id_empty,
                                                s_id_too_long,
                                                s_no_bson,
                                                s_descending_without_bson,
                                                s_not_canonical,
                                                s_newer_kind,
                                                s_impossible_length,
                                                s_misplaced_meta};
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        draft_t draft;
        s_begin(&draft);
        for (int number = 0; number < FAULTY; number++) {
            s_put_number(&draft, number, 30);
        }
        uint64_t record = draft.dump.footer.record_count;
        faults[i](&draft);
        for (int number = FAULTY; number < DOCUMENTS; number++) {
            s_put_number(&draft, number, 30);
        }
        s_end(&draft);
        read_t read = s_read_both(&draft);
        assert_true(read.outcome == MG_OUTCOME_PAYLOAD_INVALID ||
                    read.outcome == MG_OUTCOME_UNSUPPORTED);
        assert_int_equal(read.why.record, record);
        assert_true(read.entries > FAULTY / 2);
    }
}

/* --- a guess that is wrong --- */

/* A document whose one value is the bytes of other documents, as they stand in a payload. */
static void
s_put_decoy(draft_t *draft, const char *id)
{
    draft_t inner;
    draft_begin(&inner, 0);
    for (int number = 0; number < DOCUMENTS; number++) {
        s_put_number(&inner, number, 40);
    }
    bson_t body;
    bson_init(&body);
    BSON_APPEND_BINARY(&body, "b", BSON_SUBTYPE_BINARY, inner.payload.data,
                       (uint32_t)inner.payload.len);
    draft_put_document(draft, mg_slice_text(id), mg_document_slice(&body), 1);
    bson_destroy(&body);
    mg_buf_free(&inner.payload);
}

static void
test_documents_within_a_document_are_not_taken_for_documents(void **state)
{
    (void)state;
    draft_t draft;
    s_begin(&draft);
    s_put_decoy(&draft, "decoy");
    s_end(&draft);
    read_t read = s_read_both(&draft);
    assert_int_equal(read.outcome, MG_OUTCOME_OK);
    assert_int_equal(read.entries, 0);
}

static void
test_nothing_is_made_of_bytes_that_are_no_documents(void **state)
{
    (void)state;
    uint8_t bytes[MG_CHUNK_SIZE_MIN];
    for (int value = 0; value < 256; value++) {
        memset(bytes, value, sizeof bytes);
        assert_null(mg_early_new(mg_slice(bytes, sizeof bytes)));
    }
    assert_null(mg_early_new(mg_slice(bytes, 1)));
    mg_early_t *none = NULL;
    mg_early_destroy(&none);
    assert_null(none);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records_that_straddle_chunks_anywhere_load_the_same),
        cmocka_unit_test(test_collections_that_end_within_a_chunk_load_the_same),
        cmocka_unit_test(test_a_fault_among_documents_is_the_same_fault),
        cmocka_unit_test(test_documents_within_a_document_are_not_taken_for_documents),
        cmocka_unit_test(test_nothing_is_made_of_bytes_that_are_no_documents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
