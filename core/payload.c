#include "core/payload.h"

#include <sodium.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What the next record of a walk is. */
typedef enum step {
    STEP_STATE,
    STEP_META,
    STEP_COLLECTION,
    STEP_INDEX,
    STEP_DOCUMENT,
    STEP_END,
    STEP_DONE
} step_t;

struct mg_payloadwalk {
    const mg_view_t *view;
    const mg_dumpheader_t *header;
    step_t step;
    int slots[MG_COLLECTIONS_MAX]; /* in the order of their names */
    int slot_count;
    int at;             /* which of them */
    unsigned index;     /* next index of the collection */
    mg_cursor_t cursor; /* next document */
    uint64_t in_collection;
    uint64_t records;
    uint64_t documents;
    mg_buf_t stage; /* the record being given out */
    size_t given;   /* bytes of it that are out */
};

mg_payloadwalk_t *
mg_payloadwalk_new(const mg_view_t *view, const mg_dumpheader_t *header)
{
    mg_payloadwalk_t *self = calloc(1, sizeof *self);
    if (self) {
        self->view = view;
        self->header = header;
        self->slot_count = mg_view_slots_by_name(view, self->slots);
    }
    return self;
}

void
mg_payloadwalk_destroy(mg_payloadwalk_t **self_p)
{
    mg_payloadwalk_t *self = *self_p;
    if (!self) {
        return;
    }
    if (self->stage.data) {
        sodium_memzero(self->stage.data, self->stage.cap);
    }
    mg_buf_free(&self->stage);
    free(self);
    *self_p = NULL;
}

static void
s_put(mg_payloadwalk_t *self, const mg_record_t *record)
{
    self->records++;
    mg_record_encode(record, &self->stage);
}

static void
s_seek(mg_payloadwalk_t *self, int slot)
{
    mg_cursor_seek(&self->cursor, self->view, slot, mg_slice(NULL, 0));
}

static void
s_put_state(mg_payloadwalk_t *self)
{
    mg_record_t record = {.kind = MG_RECORD_STATE};
    record.u.state.store_id = mg_slice(self->header->store_id, sizeof self->header->store_id);
    record.u.state.version = self->header->snapshot_version;
    record.u.state.snapshot_ns = self->header->created_at;
    record.u.state.collections = (uint32_t)self->slot_count;
    s_put(self, &record);
    s_seek(self, MG_COLLECTION_META);
    self->step = STEP_META;
}

static void
s_put_meta(mg_payloadwalk_t *self)
{
    const mg_entry_t *entry = mg_cursor_next(&self->cursor);
    if (!entry) {
        self->step = STEP_COLLECTION;
        return;
    }
    mg_record_t record = {.kind = MG_RECORD_META};
    record.u.meta.key = mg_entry_key(entry);
    record.u.meta.value = mg_entry_body(entry);
    s_put(self, &record);
}

static void
s_put_collection(mg_payloadwalk_t *self)
{
    if (self->at == self->slot_count) {
        self->step = STEP_END;
        return;
    }
    int slot = self->slots[self->at];
    mg_record_t record = {.kind = MG_RECORD_COLLECTION};
    record.u.collection.name = mg_view_slot_name(self->view, slot);
    record.u.collection.count_hint = mg_view_count(self->view, slot);
    s_put(self, &record);
    self->index = 0;
    self->in_collection = 0;
    self->step = STEP_INDEX;
}

static void
s_put_index(mg_payloadwalk_t *self)
{
    int slot = self->slots[self->at];
    const mg_collection_t *known = mg_collection_by_name(mg_view_slot_name(self->view, slot));
    const char *field = known ? known->unique[self->index] : NULL;
    if (!field) {
        s_seek(self, slot);
        self->step = STEP_DOCUMENT;
        return;
    }
    mg_buf_t path = {0};
    mg_record_path_put(&path, mg_slice_text(field));
    mg_record_t record = {.kind = MG_RECORD_INDEX};
    record.u.index.name = mg_slice_text(field);
    record.u.index.path = mg_buf_slice(&path);
    record.u.index.unique = true;
    s_put(self, &record);
    self->stage.failed = self->stage.failed || !mg_buf_ok(&path);
    mg_buf_free(&path);
    self->index++;
}

static void
s_put_document(mg_payloadwalk_t *self)
{
    const mg_entry_t *entry = mg_cursor_next(&self->cursor);
    mg_record_t record = {.kind = entry ? MG_RECORD_DOCUMENT : MG_RECORD_COLLECTION_END};
    if (entry) {
        record.u.document.id = mg_entry_key(entry);
        record.u.document.body = mg_entry_body(entry);
        record.u.document.expires_ns = entry->expires_ns;
        record.u.document.rev = entry->rev;
        self->in_collection++;
        self->documents++;
    } else {
        record.u.collection_end.count = self->in_collection;
        self->at++;
        self->step = STEP_COLLECTION;
    }
    s_put(self, &record);
}

static void
s_put_end(mg_payloadwalk_t *self)
{
    mg_record_t record = {.kind = MG_RECORD_END};
    record.u.end.records = self->records + 1;
    record.u.end.documents = self->documents;
    s_put(self, &record);
    self->step = STEP_DONE;
}

/* Takes one step; it may stage a record or only move on. */
static void
s_advance(mg_payloadwalk_t *self)
{
    static void (*const steps[])(mg_payloadwalk_t *) = {
        [STEP_STATE] = s_put_state,           [STEP_META] = s_put_meta,
        [STEP_COLLECTION] = s_put_collection, [STEP_INDEX] = s_put_index,
        [STEP_DOCUMENT] = s_put_document,     [STEP_END] = s_put_end,
    };
    steps[self->step](self);
}

mg_status_t
mg_payloadwalk_fill(mg_payloadwalk_t *self, uint8_t *out, size_t room, size_t *out_len)
{
    size_t used = 0;
    while (used < room && !mg_payloadwalk_ended(self)) {
        size_t left = self->stage.len - self->given;
        size_t step = left < room - used ? left : room - used;
        if (step) {
            memcpy(out + used, self->stage.data + self->given, step);
            used += step;
            self->given += step;
            continue;
        }
        mg_buf_clear(&self->stage);
        self->given = 0;
        s_advance(self);
        if (!mg_buf_ok(&self->stage)) {
            return MG_ERR_NO_MEMORY;
        }
    }
    *out_len = used;
    return MG_OK;
}

bool
mg_payloadwalk_ended(const mg_payloadwalk_t *self)
{
    return self->step == STEP_DONE && self->given == self->stage.len;
}

void
mg_payloadwalk_counts(const mg_payloadwalk_t *self, mg_dumpfooter_t *out)
{
    out->record_count = self->records;
    out->document_count = self->documents;
    out->collection_count = (uint32_t)self->slot_count;
}

/* ---- loading ---- */

struct mg_payloadload {
    mg_store_t *store;
    int slot; /* of the current collection */
};

mg_payloadload_t *
mg_payloadload_new(void)
{
    mg_payloadload_t *self = calloc(1, sizeof *self);
    if (!self) {
        return NULL;
    }
    self->store = mg_store_new();
    if (!self->store) {
        mg_payloadload_destroy(&self);
    }
    return self;
}

void
mg_payloadload_destroy(mg_payloadload_t **self_p)
{
    if (*self_p) {
        mg_store_destroy(&(*self_p)->store);
        free(*self_p);
        *self_p = NULL;
    }
}

static mg_outcome_t
s_judge(mg_status_t loaded, mg_verdict_t *why)
{
    switch (loaded) {
    case MG_OK:
        return MG_OUTCOME_OK;
    case MG_ERR_NO_MEMORY:
        return mg_verdict_io(why, "loading a document", ENOMEM);
    case MG_ERR_UNIQUE:
        return mg_verdict_fail(
            why, MG_OUTCOME_PAYLOAD_INVALID,
            "the payload is invalid: two documents share a value that must be unique");
    default:
        return mg_verdict_fail(why, MG_OUTCOME_PAYLOAD_INVALID,
                               "the payload is invalid: a document cannot be stored");
    }
}

static mg_outcome_t
s_load_meta(mg_payloadload_t *self, const mg_record_t *record, mg_verdict_t *why)
{
    mg_op_t put = {.key = record->u.meta.key, .body = record->u.meta.value};
    return s_judge(mg_store_load(self->store, MG_COLLECTION_META, &put, 1), why);
}

static mg_outcome_t
s_load_collection(mg_payloadload_t *self, const mg_record_t *record, mg_verdict_t *why)
{
    self->slot = mg_store_slot(self->store, record->u.collection.name);
    return self->slot != MG_SLOT_NONE
               ? MG_OUTCOME_OK
               : mg_verdict_fail(why, MG_OUTCOME_UNSUPPORTED,
                                 "the dump has more than %d collections", MG_COLLECTIONS_MAX);
}

static mg_outcome_t
s_load_document(mg_payloadload_t *self, const mg_record_t *record, mg_verdict_t *why)
{
    mg_op_t put = {.key = record->u.document.id,
                   .body = record->u.document.body,
                   .expires_ns = record->u.document.expires_ns};
    return s_judge(mg_store_load(self->store, self->slot, &put, record->u.document.rev), why);
}

mg_outcome_t
mg_payloadload_entry(void *self, mg_entry_t *entry, mg_verdict_t *why)
{
    mg_payloadload_t *load = self;
    return s_judge(mg_store_load_entry(load->store, load->slot, entry), why);
}

mg_outcome_t
mg_payloadload_record(void *self, const mg_record_t *record, mg_verdict_t *why)
{
    mg_payloadload_t *load = self;
    switch (record->kind) {
    case MG_RECORD_STATE:
        mg_store_set_version(load->store, record->u.state.version);
        return MG_OUTCOME_OK;
    case MG_RECORD_META:
        return s_load_meta(load, record, why);
    case MG_RECORD_COLLECTION:
        return s_load_collection(load, record, why);
    case MG_RECORD_DOCUMENT:
        return s_load_document(load, record, why);
    default:
        return MG_OUTCOME_OK; /* indexes are rebuilt from the registry; ends were checked before */
    }
}

mg_store_t *
mg_payloadload_take(mg_payloadload_t *self)
{
    mg_store_t *store = self->store;
    self->store = NULL;
    return store;
}
