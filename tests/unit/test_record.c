/* The hand-written record codec against protobuf-c and the shipped schema, and against hostile bytes. */
#include "core/record.h"
#include "core/recordstream.h"
#include "core/wire.h"
#include "payload.pb-c.h"
#include "support/check.h"

#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 20000, TEXT_MAX = 40 };

/* A small generator with a fixed seed: the same records in every run. */
static uint64_t
s_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

/* Small, large and zero values all turn up. */
static uint64_t
s_integer(uint64_t *seed)
{
    uint64_t value = s_random(seed);
    return value % 4 == 0 ? 0 : value >> (s_random(seed) % 64);
}

static mg_slice_t
s_bytes(uint64_t *seed, char *room)
{
    size_t len = s_random(seed) % 3 == 0 ? 0 : s_random(seed) % TEXT_MAX;
    for (size_t i = 0; i < len; i++) {
        room[i] = (char)('a' + s_random(seed) % 26);
    }
    room[len] = 0;
    return mg_slice(room, len);
}

struct texts {
    char a[TEXT_MAX + 1];
    char b[TEXT_MAX + 1];
    char *path[4];
    char components[4][TEXT_MAX + 1];
};

/* One message of each kind in both worlds at once. */
struct twin {
    mg_record_t ours;
    mg_buf_t path;
    Mg__Payload__Record theirs;
    Mg__Payload__StateHeader state;
    Mg__Payload__Meta meta;
    Mg__Payload__CollectionHeader coll;
    Mg__Payload__IndexDef index;
    Mg__Payload__Document doc;
    Mg__Payload__CollectionEnd coll_end;
    Mg__Payload__End end;
    struct texts texts;
};

static ProtobufCBinaryData
s_pb(mg_slice_t slice)
{
    return (ProtobufCBinaryData){.len = slice.len, .data = (uint8_t *)(uintptr_t)slice.data};
}

static void
s_make_state(struct twin *twin, uint64_t *seed)
{
    mg__payload__state_header__init(&twin->state);
    twin->ours.u.state.store_id = s_bytes(seed, twin->texts.a);
    twin->ours.u.state.version = twin->state.version = s_integer(seed);
    twin->ours.u.state.snapshot_ns = twin->state.snapshot_ns = (int64_t)s_integer(seed);
    twin->ours.u.state.collections = twin->state.collections = (uint32_t)s_integer(seed);
    twin->state.store_id = s_pb(twin->ours.u.state.store_id);
    twin->theirs.k_case = MG__PAYLOAD__RECORD__K_STATE;
    twin->theirs.state = &twin->state;
}

static void
s_make_meta(struct twin *twin, uint64_t *seed)
{
    mg__payload__meta__init(&twin->meta);
    twin->ours.u.meta.key = s_bytes(seed, twin->texts.a);
    twin->ours.u.meta.value = s_bytes(seed, twin->texts.b);
    twin->meta.key = twin->texts.a;
    twin->meta.value = s_pb(twin->ours.u.meta.value);
    twin->theirs.k_case = MG__PAYLOAD__RECORD__K_META;
    twin->theirs.meta = &twin->meta;
}

static void
s_make_collection(struct twin *twin, uint64_t *seed)
{
    mg__payload__collection_header__init(&twin->coll);
    twin->ours.u.collection.name = s_bytes(seed, twin->texts.a);
    twin->coll.name = twin->texts.a;
    twin->ours.u.collection.count_hint = twin->coll.count_hint = s_integer(seed);
    twin->theirs.k_case = MG__PAYLOAD__RECORD__K_COLL;
    twin->theirs.coll = &twin->coll;
}

static void
s_make_index(struct twin *twin, uint64_t *seed)
{
    mg__payload__index_def__init(&twin->index);
    twin->ours.u.index.name = s_bytes(seed, twin->texts.a);
    twin->index.name = twin->texts.a;
    twin->index.n_path = s_random(seed) % 4;
    twin->index.path = twin->texts.path;
    for (size_t i = 0; i < twin->index.n_path; i++) {
        twin->texts.path[i] = twin->texts.components[i];
        mg_record_path_put(&twin->path, s_bytes(seed, twin->texts.components[i]));
    }
    twin->ours.u.index.path = mg_buf_slice(&twin->path);
    twin->ours.u.index.unique = s_random(seed) % 2 == 1;
    twin->index.unique = twin->ours.u.index.unique;
    twin->theirs.k_case = MG__PAYLOAD__RECORD__K_INDEX;
    twin->theirs.index = &twin->index;
}

static void
s_make_document(struct twin *twin, uint64_t *seed)
{
    mg__payload__document__init(&twin->doc);
    twin->ours.u.document.id = s_bytes(seed, twin->texts.a);
    twin->ours.u.document.body = s_bytes(seed, twin->texts.b);
    twin->ours.u.document.expires_ns = twin->doc.expires_ns = (int64_t)s_integer(seed);
    twin->ours.u.document.rev = twin->doc.rev = s_integer(seed);
    twin->doc.id = s_pb(twin->ours.u.document.id);
    twin->doc.body = s_pb(twin->ours.u.document.body);
    twin->theirs.k_case = MG__PAYLOAD__RECORD__K_DOC;
    twin->theirs.doc = &twin->doc;
}

static void
s_make_collection_end(struct twin *twin, uint64_t *seed)
{
    mg__payload__collection_end__init(&twin->coll_end);
    twin->ours.u.collection_end.count = twin->coll_end.count = s_integer(seed);
    twin->theirs.k_case = MG__PAYLOAD__RECORD__K_COLL_END;
    twin->theirs.coll_end = &twin->coll_end;
}

static void
s_make_end(struct twin *twin, uint64_t *seed)
{
    mg__payload__end__init(&twin->end);
    twin->ours.u.end.records = twin->end.records = s_integer(seed);
    twin->ours.u.end.documents = twin->end.documents = s_integer(seed);
    twin->theirs.k_case = MG__PAYLOAD__RECORD__K_END;
    twin->theirs.end = &twin->end;
}

struct maker {
    mg_record_kind_t kind;
    void (*make)(struct twin *twin, uint64_t *seed);
};

static const struct maker s_makers[] = {
    {MG_RECORD_STATE, s_make_state},
    {MG_RECORD_META, s_make_meta},
    {MG_RECORD_COLLECTION, s_make_collection},
    {MG_RECORD_INDEX, s_make_index},
    {MG_RECORD_DOCUMENT, s_make_document},
    {MG_RECORD_COLLECTION_END, s_make_collection_end},
    {MG_RECORD_END, s_make_end},
};

/* Fills a zeroed twin; its path buffer is the caller's to free. */
static void
s_make(struct twin *twin, uint64_t *seed)
{
    const struct maker *maker = &s_makers[s_random(seed) % (sizeof s_makers / sizeof s_makers[0])];
    memset(twin, 0, sizeof *twin);
    mg__payload__record__init(&twin->theirs);
    twin->ours.kind = maker->kind;
    maker->make(twin, seed);
}

/* Their bytes, behind a length as in the payload. */
static void
s_pack(const Mg__Payload__Record *record, mg_buf_t *out)
{
    uint8_t prefix[MG_WIRE_VARINT_MAX];
    size_t len = mg__payload__record__get_packed_size(record);
    mg_buf_append(out, prefix, mg_wire_put_varint(prefix, len));
    (void)mg__payload__record__pack(record, mg_buf_extend(out, len));
}

static void
test_random_records_encode_as_protobuf_does(void **state)
{
    (void)state;
    uint64_t seed = 0x9e3779b97f4a7c15u;
    struct twin *twin = calloc(1, sizeof *twin);
    for (int round = 0; round < ROUNDS; round++) {
        mg_buf_t ours = {0};
        mg_buf_t theirs = {0};
        s_make(twin, &seed);
        mg_record_encode(&twin->ours, &ours);
        s_pack(&twin->theirs, &theirs);
        assert_int_equal(ours.len, theirs.len);
        assert_memory_equal(ours.data, theirs.data, ours.len);
        size_t used = 0;
        uint32_t len = 0;
        mg_verdict_t why;
        mg_record_t back;
        mg_buf_t again = {0};
        assert_int_equal(mg_record_length(mg_buf_slice(&ours), &used, &len, &why), MG_OUTCOME_OK);
        assert_int_equal(used + len, ours.len);
        assert_int_equal(mg_record_decode(mg_slice(ours.data + used, len), &back, &why),
                         MG_OUTCOME_OK);
        mg_record_encode(&back, &again);
        assert_true(mg_slice_equal(mg_buf_slice(&ours), mg_buf_slice(&again)));
        mg_buf_free(&twin->path);
        mg_buf_free(&again);
        mg_buf_free(&theirs);
        mg_buf_free(&ours);
    }
    free(twin);
}

static size_t
s_unknown_inside(const Mg__Payload__Record *record)
{
    const ProtobufCMessage *inner =
        &record->state->base; /* the union: every member begins with its base */
    return inner->n_unknown_fields;
}

/* What dump-format.md asks of a reader that uses protobuf-c: nothing unknown at both levels, and the same bytes again. */
static bool
s_is_canonical(mg_slice_t bytes)
{
    Mg__Payload__Record *record = mg__payload__record__unpack(NULL, bytes.len, bytes.data);
    if (!record) {
        return false;
    }
    bool good = record->k_case != MG__PAYLOAD__RECORD__K__NOT_SET &&
                record->base.n_unknown_fields == 0 && s_unknown_inside(record) == 0 &&
                mg__payload__record__get_packed_size(record) == bytes.len;
    if (good) {
        uint8_t *again = malloc(bytes.len);
        (void)mg__payload__record__pack(record, again);
        good = memcmp(again, bytes.data, bytes.len) == 0;
        free(again);
    }
    mg__payload__record__free_unpacked(record, NULL);
    return good;
}

static bool
s_has_nul_in_text(const mg_record_t *record)
{
    mg_slice_t path = record->u.index.path;
    switch (record->kind) {
    case MG_RECORD_META:
        return memchr(record->u.meta.key.data ? record->u.meta.key.data : (const void *)"", 0,
                      record->u.meta.key.len);
    case MG_RECORD_COLLECTION:
        return record->u.collection.name.len &&
               memchr(record->u.collection.name.data, 0, record->u.collection.name.len);
    case MG_RECORD_INDEX:
        return (path.len && memchr(path.data, 0, path.len)) ||
               (record->u.index.name.len &&
                memchr(record->u.index.name.data, 0, record->u.index.name.len));
    default:
        return false;
    }
}

static void
test_mutated_records_are_judged_as_protobuf_would(void **state)
{
    (void)state;
    uint64_t seed = 42;
    int refused = 0;
    int accepted = 0;
    struct twin *twin = calloc(1, sizeof *twin);
    for (int round = 0; round < ROUNDS * 5; round++) {
        mg_buf_t bytes = {0};
        s_make(twin, &seed);
        mg_record_encode(&twin->ours, &bytes);
        size_t at = s_random(&seed) % bytes.len;
        bytes.data[at] =
            (uint8_t)(s_random(&seed) % 2 ? s_random(&seed)
                                          : bytes.data[at] ^ 1u << s_random(&seed) % 8);
        mg_slice_t inner = mg_slice(bytes.data + 1, bytes.len - 1);
        mg_record_t decoded = {0};
        mg_verdict_t why;
        bool ours = mg_record_decode(inner, &decoded, &why) == MG_OUTCOME_OK &&
                    decoded.kind < MG_RECORD_SKIPPABLE;
        if (at > 0 &&
            !s_has_nul_in_text(&decoded)) { /* a NUL ends protobuf-c's strings, ours are whole */
            assert_int_equal(ours, s_is_canonical(inner));
            refused += !ours;
            accepted += ours;
        }
        mg_buf_free(&twin->path);
        mg_buf_free(&bytes);
    }
    assert_true(refused > ROUNDS / 2);
    assert_true(accepted > ROUNDS / 2);
    free(twin);
}

struct bad_record {
    const char *what;
    const char *bytes;
    size_t len;
    mg_outcome_t expected;
};

#define BYTES(text) text, sizeof(text) - 1

static const struct bad_record s_bad[] = {
    {"empty", BYTES(""), MG_OUTCOME_PAYLOAD_INVALID},
    {"field number 0", BYTES("\x02\x00"), MG_OUTCOME_PAYLOAD_INVALID},
    {"not a message", BYTES("\x28\x01"), MG_OUTCOME_PAYLOAD_INVALID},
    {"kind 7", BYTES("\x3a\x00"), MG_OUTCOME_UNSUPPORTED},
    {"kind 63", BYTES("\xfa\x03\x00"), MG_OUTCOME_UNSUPPORTED},
    {"kind 64 is skipped", BYTES("\x82\x04\x01x"), MG_OUTCOME_OK},
    {"length not minimal", BYTES("\x32\x80\x00"), MG_OUTCOME_PAYLOAD_INVALID},
    {"length too long", BYTES("\x32\x05\x08\x01"), MG_OUTCOME_PAYLOAD_INVALID},
    {"two kinds", BYTES("\x32\x00\x32\x00"), MG_OUTCOME_PAYLOAD_INVALID},
    {"explicit default", BYTES("\x32\x02\x08\x00"), MG_OUTCOME_PAYLOAD_INVALID},
    {"varint not minimal", BYTES("\x32\x03\x08\x81\x00"), MG_OUTCOME_PAYLOAD_INVALID},
    {"varint over 64 bits", BYTES("\x32\x0b\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"),
     MG_OUTCOME_PAYLOAD_INVALID},
    {"unknown field", BYTES("\x32\x02\x10\x01"), MG_OUTCOME_PAYLOAD_INVALID},
    {"repeated field", BYTES("\x32\x04\x08\x01\x08\x01"), MG_OUTCOME_PAYLOAD_INVALID},
    {"fields out of order", BYTES("\x7a\x04\x10\x01\x08\x01"), MG_OUTCOME_PAYLOAD_INVALID},
    {"uint32 over 32 bits", BYTES("\x0a\x06\x20\x80\x80\x80\x80\x10"), MG_OUTCOME_PAYLOAD_INVALID},
    {"bool 2", BYTES("\x22\x02\x18\x02"), MG_OUTCOME_PAYLOAD_INVALID},
    {"empty id written out", BYTES("\x2a\x02\x0a\x00"), MG_OUTCOME_PAYLOAD_INVALID},
    {"sfixed64 cut", BYTES("\x2a\x04\x19\x01\x01\x01"), MG_OUTCOME_PAYLOAD_INVALID},
};

static void
test_each_way_of_not_being_canonical_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof s_bad / sizeof s_bad[0]; i++) {
        mg_record_t record = {.kind = 99};
        mg_verdict_t why;
        mg_outcome_t outcome =
            mg_record_decode(mg_slice(s_bad[i].bytes, s_bad[i].len), &record, &why);
        if (outcome != s_bad[i].expected) {
            fail_msg("%s: %s", s_bad[i].what, mg_outcome_name(outcome));
        }
        assert_true(outcome == MG_OUTCOME_OK || record.kind == 99);
    }
}

struct bad_length {
    const char *bytes;
    size_t len;
    mg_outcome_t expected;
    size_t used;
};

static const struct bad_length s_lengths[] = {
    {BYTES(""), MG_OUTCOME_OK, 0},
    {BYTES("\x80"), MG_OUTCOME_OK, 0},
    {BYTES("\x80\x80\x80\x80"), MG_OUTCOME_OK, 0},
    {BYTES("\x00"), MG_OUTCOME_PAYLOAD_INVALID, 0},
    {BYTES("\x80\x80\x84\x08"), MG_OUTCOME_OK, 4},                 /* 16 MiB + 64 KiB */
    {BYTES("\x81\x80\x84\x08"), MG_OUTCOME_PAYLOAD_INVALID, 0},    /* one more */
    {BYTES("\x81\x00"), MG_OUTCOME_PAYLOAD_INVALID, 0},            /* not minimal */
    {BYTES("\x80\x80\x80\x80\x80"), MG_OUTCOME_PAYLOAD_INVALID, 0} /* longer than 5 bytes */
};

static void
test_lengths_are_checked_before_anything_is_allocated(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof s_lengths / sizeof s_lengths[0]; i++) {
        size_t used = 0;
        uint32_t len = 0;
        mg_verdict_t why;
        assert_int_equal(
            mg_record_length(mg_slice(s_lengths[i].bytes, s_lengths[i].len), &used, &len, &why),
            s_lengths[i].expected);
        assert_int_equal(used, s_lengths[i].used);
    }
}

static mg_outcome_t
s_append(void *arg, const mg_record_t *record, mg_verdict_t *why)
{
    (void)why;
    mg_record_encode(record, arg);
    return MG_OUTCOME_OK;
}

static void
test_records_may_straddle_pieces_of_any_size(void **state)
{
    (void)state;
    uint64_t seed = 7;
    mg_buf_t payload = {0};
    struct twin *twin = calloc(1, sizeof *twin);
    for (int i = 0; i < 200; i++) {
        s_make(twin, &seed);
        mg_record_encode(&twin->ours, &payload);
        mg_buf_free(&twin->path);
    }
    free(twin);
    for (size_t step = 1; step < 300; step += 7) {
        mg_buf_t again = {0};
        mg_verdict_t why;
        mg_recordstream_t *stream = mg_recordstream_new(s_append, &again);
        for (size_t at = 0; at < payload.len; at += step) {
            size_t len = step < payload.len - at ? step : payload.len - at;
            assert_int_equal(mg_recordstream_feed(stream, mg_slice(payload.data + at, len), &why),
                             MG_OUTCOME_OK);
        }
        assert_int_equal(mg_recordstream_end(stream, &why), MG_OUTCOME_OK);
        assert_true(mg_slice_equal(mg_buf_slice(&payload), mg_buf_slice(&again)));
        assert_int_equal(mg_recordstream_feed(stream, mg_slice("\x05", 1), &why), MG_OUTCOME_OK);
        assert_int_equal(mg_recordstream_end(stream, &why), MG_OUTCOME_PAYLOAD_INVALID);
        assert_int_equal(why.record, 200);
        mg_recordstream_destroy(&stream);
        mg_buf_free(&again);
    }
    mg_buf_free(&payload);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_records_encode_as_protobuf_does),
        cmocka_unit_test(test_mutated_records_are_judged_as_protobuf_would),
        cmocka_unit_test(test_each_way_of_not_being_canonical_is_refused),
        cmocka_unit_test(test_lengths_are_checked_before_anything_is_allocated),
        cmocka_unit_test(test_records_may_straddle_pieces_of_any_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
