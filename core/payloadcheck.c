#include "core/payloadcheck.h"

#include "core/bsoncheck.h"
#include "core/utf8.h"

#include <stdlib.h>
#include <string.h>

/* Where in the grammar the payload is:
 * StateHeader Meta* (CollectionHeader IndexDef* Document* CollectionEnd)* End */
typedef enum phase {
    PHASE_REFUSED = 0,
    PHASE_START,
    PHASE_META,      /* behind the StateHeader and its Metas */
    PHASE_INDEXES,   /* in a collection, before its first document */
    PHASE_DOCUMENTS, /* in a collection */
    PHASE_BETWEEN,   /* behind a CollectionEnd */
    PHASE_DONE,
    PHASE_COUNT
} phase_t;

/* The phase behind a record of a kind; PHASE_REFUSED where it may not stand. */
static const uint8_t s_next[PHASE_COUNT][MG_RECORD_END + 1] = {
    [PHASE_START] = {[MG_RECORD_STATE] = PHASE_META},
    [PHASE_META] = {[MG_RECORD_META] = PHASE_META,
                    [MG_RECORD_COLLECTION] = PHASE_INDEXES,
                    [MG_RECORD_END] = PHASE_DONE},
    [PHASE_INDEXES] = {[MG_RECORD_INDEX] = PHASE_INDEXES,
                       [MG_RECORD_DOCUMENT] = PHASE_DOCUMENTS,
                       [MG_RECORD_COLLECTION_END] = PHASE_BETWEEN},
    [PHASE_DOCUMENTS] =
        {[MG_RECORD_DOCUMENT] = PHASE_DOCUMENTS, [MG_RECORD_COLLECTION_END] = PHASE_BETWEEN},
    [PHASE_BETWEEN] = {[MG_RECORD_COLLECTION] = PHASE_INDEXES, [MG_RECORD_END] = PHASE_DONE},
};

/* The key seen last of an ascending run; empty before the first. */
struct last_key {
    size_t len;
    uint8_t bytes[MG_ID_MAX];
};

struct mg_payloadcheck {
    const mg_dumpheader_t *header;
    phase_t phase;
    uint32_t collections_promised;
    uint32_t collections;
    uint64_t records;
    uint64_t documents;
    uint64_t in_collection; /* documents of the current collection */
    struct last_key meta;
    struct last_key name; /* of the current collection */
    struct last_key id;   /* of the last document in it */
};

mg_payloadcheck_t *
mg_payloadcheck_new(const mg_dumpheader_t *header)
{
    mg_payloadcheck_t *self = calloc(1, sizeof *self);
    if (self) {
        self->header = header;
        self->phase = PHASE_START;
    }
    return self;
}

void
mg_payloadcheck_destroy(mg_payloadcheck_t **self_p)
{
    free(*self_p);
    *self_p = NULL;
}

static mg_outcome_t
s_invalid(mg_verdict_t *why, const char *what)
{
    return mg_verdict_fail(why, MG_OUTCOME_PAYLOAD_INVALID, "the payload is invalid: %s", what);
}

/* Remembers `key` if it is above the one before it; keys are never longer than MG_ID_MAX. */
static bool
s_ascends(struct last_key *last, mg_slice_t key)
{
    if (mg_slice_compare(key, mg_slice(last->bytes, last->len)) <= 0) {
        return false; /* the empty key is below every other, so the first one passes */
    }
    memcpy(last->bytes, key.data, key.len);
    last->len = key.len;
    return true;
}

static bool
s_is_name(mg_slice_t name)
{
    return name.len >= 1 && name.len <= MG_NAME_MAX && !memchr(name.data, 0, name.len) &&
           mg_utf8_valid(name);
}

static mg_outcome_t
s_check_bson(mg_slice_t bson, mg_bson_keys_t keys, mg_verdict_t *why)
{
    const char *fault = "";
    if (mg_bson_check(bson, keys, &fault) != MG_OK) {
        return mg_verdict_fail(why, MG_OUTCOME_PAYLOAD_INVALID,
                               "the payload is invalid: a document cannot be stored, %s", fault);
    }
    return MG_OUTCOME_OK;
}

static mg_outcome_t
s_check_state(mg_payloadcheck_t *self, const mg_record_t *record, mg_verdict_t *why)
{
    const mg_dumpheader_t *header = self->header;
    if (!mg_slice_equal(record->u.state.store_id,
                        mg_slice(header->store_id, sizeof header->store_id)) ||
        record->u.state.version != header->snapshot_version ||
        record->u.state.snapshot_ns != header->created_at) {
        return s_invalid(why, "it belongs to another header");
    }
    self->collections_promised = record->u.state.collections;
    return MG_OUTCOME_OK;
}

static mg_outcome_t
s_check_meta(mg_payloadcheck_t *self, const mg_record_t *record, mg_verdict_t *why)
{
    if (!s_is_name(record->u.meta.key)) {
        return s_invalid(why, "a Meta key breaks its rule");
    }
    if (!s_ascends(&self->meta, record->u.meta.key)) {
        return s_invalid(why, "Meta keys do not ascend");
    }
    return s_check_bson(record->u.meta.value, MG_BSON_KEYS_ANY, why);
}

static mg_outcome_t
s_check_collection(mg_payloadcheck_t *self, const mg_record_t *record, mg_verdict_t *why)
{
    if (!s_is_name(record->u.collection.name)) {
        return s_invalid(why, "a collection's name breaks its rule");
    }
    if (!s_ascends(&self->name, record->u.collection.name)) {
        return s_invalid(why, "collection names do not ascend");
    }
    self->collections++;
    self->in_collection = 0;
    self->id.len = 0;
    return MG_OUTCOME_OK;
}

static mg_outcome_t
s_check_index(const mg_record_t *record, mg_verdict_t *why)
{
    mg_slice_t path = record->u.index.path;
    mg_slice_t component;
    if (!s_is_name(record->u.index.name)) {
        return s_invalid(why, "an index' name breaks its rule");
    }
    while (mg_record_path_next(&path, &component)) {
        if (!mg_utf8_valid(component)) {
            return s_invalid(why, "an index' path is not valid UTF-8");
        }
    }
    return MG_OUTCOME_OK;
}

/* All but its BSON. */
static mg_outcome_t
s_check_document(mg_payloadcheck_t *self, mg_slice_t id, uint64_t rev, mg_verdict_t *why)
{
    if (id.len < 1 || id.len > MG_ID_MAX) {
        return s_invalid(why, "a document's id is empty or longer than 4096 bytes");
    }
    if (!s_ascends(&self->id, id)) {
        return s_invalid(why, "ids do not ascend");
    }
    if (rev < 1 || rev > self->header->snapshot_version) {
        return s_invalid(why, "a document's rev is not between 1 and the snapshot's version");
    }
    self->in_collection++;
    self->documents++;
    return MG_OUTCOME_OK;
}

static mg_outcome_t
s_check_whole_document(mg_payloadcheck_t *self, const mg_record_t *record, mg_verdict_t *why)
{
    mg_outcome_t outcome =
        s_check_document(self, record->u.document.id, record->u.document.rev, why);
    return outcome == MG_OUTCOME_OK ? s_check_bson(record->u.document.body, MG_BSON_KEYS_NAMES, why)
                                    : outcome;
}

static mg_outcome_t
s_check_final(const mg_payloadcheck_t *self, const mg_record_t *record, mg_verdict_t *why)
{
    bool good = record->u.end.records == self->records &&
                record->u.end.documents == self->documents &&
                self->collections == self->collections_promised;
    return good ? MG_OUTCOME_OK : s_invalid(why, "its totals are not those of its records");
}

/* Counts a record of this kind, if it may stand here. */
static mg_outcome_t
s_step(mg_payloadcheck_t *self, uint32_t kind, mg_verdict_t *why)
{
    self->records++;
    bool skipped = kind >= MG_RECORD_SKIPPABLE;
    phase_t next = skipped ? self->phase : (phase_t)s_next[self->phase][kind];
    if (next == PHASE_REFUSED || (skipped && (next == PHASE_START || next == PHASE_DONE))) {
        return s_invalid(why, "its records are not in order");
    }
    self->phase = next;
    return MG_OUTCOME_OK;
}

mg_outcome_t
mg_payloadcheck_document(mg_payloadcheck_t *self, mg_slice_t id, uint64_t rev, mg_verdict_t *why)
{
    mg_outcome_t outcome = s_step(self, MG_RECORD_DOCUMENT, why);
    return outcome == MG_OUTCOME_OK ? s_check_document(self, id, rev, why) : outcome;
}

mg_outcome_t
mg_payloadcheck_record(mg_payloadcheck_t *self, const mg_record_t *record, mg_verdict_t *why)
{
    mg_outcome_t outcome = s_step(self, record->kind, why);
    if (outcome != MG_OUTCOME_OK) {
        return outcome;
    }
    switch (record->kind) {
    case MG_RECORD_STATE:
        return s_check_state(self, record, why);
    case MG_RECORD_META:
        return s_check_meta(self, record, why);
    case MG_RECORD_COLLECTION:
        return s_check_collection(self, record, why);
    case MG_RECORD_INDEX:
        return s_check_index(record, why);
    case MG_RECORD_DOCUMENT:
        return s_check_whole_document(self, record, why);
    case MG_RECORD_COLLECTION_END:
        return record->u.collection_end.count == self->in_collection
                   ? MG_OUTCOME_OK
                   : s_invalid(why, "a collection's count is not that of its documents");
    case MG_RECORD_END:
        return s_check_final(self, record, why);
    default:
        return MG_OUTCOME_OK; /* a skippable kind of a later version */
    }
}

mg_outcome_t
mg_payloadcheck_end(const mg_payloadcheck_t *self, const mg_dumpfooter_t *footer, mg_verdict_t *why)
{
    if (self->phase != PHASE_DONE) {
        return s_invalid(why, "it ends before its End record");
    }
    if (footer->record_count != self->records || footer->document_count != self->documents ||
        footer->collection_count != self->collections) {
        return s_invalid(why, "its totals are not those of the footer");
    }
    return MG_OUTCOME_OK;
}
