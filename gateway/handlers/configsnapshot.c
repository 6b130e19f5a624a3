#include "gateway/handlers/configsnapshot.h"

#include "core/document.h"

#include <inttypes.h>
#include <stdio.h>

enum {
    PART_BYTES = 4 << 20, /* of documents; one part is one document of the state */
    STAMP = 20            /* digits: names of snapshots ascend with time */
};

const mg_collection_id_t mg_config_kinds[MG_CONFIG_KINDS] = {
    MG_COLLECTION_APIS,   MG_COLLECTION_ENDPOINTS, MG_COLLECTION_ROLES,
    MG_COLLECTION_GROUPS, MG_COLLECTION_ROUTINGS,
};

static mg_slice_t
s_name(mg_collection_id_t id)
{
    return mg_slice_text(mg_collection(id)->name);
}

/* --- taking one --- */

typedef struct taking {
    mg_batch_t *batch;
    int64_t stamp;
    unsigned part;
    mg_slice_t kind;
    bson_t list;
    uint32_t count;
} taking_t;

static void
s_end_part(taking_t *self)
{
    char id[STAMP + 16];
    (void)snprintf(id, sizeof id, "%0*" PRId64 "-%06u", STAMP, self->stamp, self->part++);
    bson_t part = BSON_INITIALIZER;
    bool whole = bson_append_utf8(&part, "_id", -1, id, -1) &&
                 bson_append_utf8(&part, "collection", -1, (const char *)self->kind.data,
                                  (int)self->kind.len) &&
                 bson_append_array(&part, "documents", -1, &self->list);
    const mg_op_t op = {.kind = MG_OP_PUT,
                        .collection = s_name(MG_COLLECTION_CONFIG_SNAPSHOTS),
                        .key = mg_slice_text(id),
                        .body = mg_document_slice(&part)};
    mg_batch_add(self->batch, &op);
    self->batch->failed = self->batch->failed || !whole;
    bson_destroy(&part);
    bson_reinit(&self->list);
    self->count = 0;
}

/* As bytes: a document within two more levels may be deeper than one that a dump can carry. */
static void
s_take_document(taking_t *self, mg_slice_t body)
{
    if (self->count > 0 && self->list.len + body.len > PART_BYTES) {
        s_end_part(self);
    }
    char room[16];
    const char *key = NULL;
    (void)bson_uint32_to_string(self->count++, &key, room, sizeof room);
    bool added = bson_append_binary(&self->list, key, -1, BSON_SUBTYPE_BINARY, body.data,
                                    (uint32_t)body.len);
    self->batch->failed = self->batch->failed || !added;
}

/* A part is written for an empty collection too: a rollback then empties it. */
static void
s_take_kind(const mg_request_t *request, taking_t *self, mg_collection_id_t id)
{
    mg_cursor_t cursor;
    mg_cursor_nth(&cursor, mg_request_world(request).view, (int)id, 0);
    self->kind = s_name(id);
    const mg_entry_t *entry = NULL;
    while ((entry = mg_cursor_next(&cursor)) != NULL && mg_batch_status(self->batch) == MG_OK) {
        s_take_document(self, mg_entry_body(entry));
    }
    s_end_part(self);
}

/* --- which there are --- */

static mg_slice_t
s_stamp_of(const mg_entry_t *part)
{
    mg_slice_t key = mg_entry_key(part);
    return mg_slice(key.data, key.len < STAMP ? key.len : STAMP);
}

/* The parts of `keep` other snapshots from the newest on stay, what is older goes. */
static void
s_remove_old(const mg_request_t *request, mg_batch_t *batch, unsigned keep)
{
    const mg_view_t *view = mg_request_world(request).view;
    uint64_t left = mg_view_count(view, MG_COLLECTION_CONFIG_SNAPSHOTS);
    mg_slice_t last = {0};
    unsigned seen = 0;
    while (left > 0) {
        mg_cursor_t cursor;
        mg_cursor_nth(&cursor, view, MG_COLLECTION_CONFIG_SNAPSHOTS, --left);
        const mg_entry_t *part = mg_cursor_next(&cursor);
        seen += !mg_slice_equal(s_stamp_of(part), last);
        last = s_stamp_of(part);
        if (seen > keep) {
            const mg_op_t op = {.kind = MG_OP_DELETE,
                                .collection = s_name(MG_COLLECTION_CONFIG_SNAPSHOTS),
                                .key = mg_entry_key(part)};
            mg_batch_add(batch, &op);
        }
    }
}

void
mg_snapshot_take(const mg_request_t *request, mg_batch_t *batch)
{
    taking_t self = {.batch = batch, .stamp = request->now_ns};
    bson_init(&self.list);
    for (int i = 0; i < MG_CONFIG_KINDS; i++) {
        s_take_kind(request, &self, mg_config_kinds[i]);
    }
    bson_destroy(&self.list);
    s_remove_old(request, batch, MG_SNAPSHOTS_MAX - 1);
}

/* --- going back --- */

static void
s_remove_all(const mg_request_t *request, mg_collection_id_t id, mg_batch_t *batch)
{
    mg_cursor_t cursor;
    mg_cursor_nth(&cursor, mg_request_world(request).view, (int)id, 0);
    const mg_entry_t *entry = NULL;
    while ((entry = mg_cursor_next(&cursor)) != NULL) {
        const mg_op_t op = {.kind = MG_OP_DELETE,
                            .condition = MG_IF_REV,
                            .rev = entry->rev,
                            .collection = s_name(id),
                            .key = mg_entry_key(entry)};
        mg_batch_add(batch, &op);
    }
}

/* One document of a part: bytes, or the document itself as earlier versions kept it. Data NULL: neither. */
static mg_slice_t
s_kept_document(const bson_iter_t *item)
{
    uint32_t len = 0;
    const uint8_t *data = NULL;
    if (BSON_ITER_HOLDS_BINARY(item)) {
        bson_iter_binary(item, NULL, &len, &data);
    } else if (BSON_ITER_HOLDS_DOCUMENT(item)) {
        bson_iter_document(item, &len, &data);
    }
    return mg_slice(data, len);
}

static void
s_restore_part(mg_slice_t part, mg_batch_t *batch)
{
    bson_iter_t at;
    bson_iter_t item;
    mg_slice_t kind = mg_document_text(part, "collection");
    if (!mg_document_find(part, "documents", &at) || !BSON_ITER_HOLDS_ARRAY(&at) ||
        !bson_iter_recurse(&at, &item)) {
        return;
    }
    while (bson_iter_next(&item) && s_kept_document(&item).data) {
        const mg_op_t op = {.kind = MG_OP_PUT,
                            .condition = MG_IF_ABSENT,
                            .collection = kind,
                            .body = s_kept_document(&item)};
        mg_batch_add(batch, &op);
    }
}

bool
mg_snapshot_restore(const mg_request_t *request, mg_batch_t *batch)
{
    const mg_view_t *view = mg_request_world(request).view;
    uint64_t count = mg_view_count(view, MG_COLLECTION_CONFIG_SNAPSHOTS);
    if (count == 0) {
        return false;
    }
    mg_cursor_t cursor;
    mg_cursor_nth(&cursor, view, MG_COLLECTION_CONFIG_SNAPSHOTS, count - 1);
    mg_slice_t newest = s_stamp_of(mg_cursor_next(&cursor));
    for (int i = 0; i < MG_CONFIG_KINDS; i++) {
        s_remove_all(request, mg_config_kinds[i], batch);
    }
    mg_cursor_seek(&cursor, view, MG_COLLECTION_CONFIG_SNAPSHOTS, newest);
    const mg_entry_t *part = NULL;
    while ((part = mg_cursor_next(&cursor)) != NULL) {
        s_restore_part(mg_entry_body(part), batch);
    }
    return true;
}
