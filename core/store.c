#include "core/store.h"

#include "core/document.h"
#include "core/indexed.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS_FIRST = MG_COLLECTIONS_KNOWN + 14 };

struct mg_store {
    mg_directory_t *directory; /* newest version, being written */
    mg_view_t current;         /* the same for the writer's own reading */
    mg_graveyard_t graveyard;
    mg_transaction_t transaction;
    mg_slot_info_t *infos;
    mg_buf_t key;  /* scratch: derived key */
    mg_buf_t body; /* scratch: patched document */
    uint64_t version;
    uint64_t changes;
    int64_t bytes;
    uint64_t ceiling; /* bytes that no batch may grow beyond */
    uint64_t nodes_copied;
};

/* One operation under way. */
typedef struct write {
    mg_store_t *store;
    const mg_op_t *op;
    int64_t now_ns;
    int slot;
    mg_slice_t key;
} write_t;

/* --- life --- */

static mg_slot_info_t *
s_info_new(mg_store_t *self, mg_slice_t name, const mg_collection_t *known)
{
    mg_slot_info_t *info = calloc(1, sizeof *info + name.len + 1);
    if (info) {
        info->known = known;
        info->name_len = (uint32_t)name.len;
        if (name.len) {
            memcpy(info->name, name.data, name.len);
        }
        info->next = self->infos;
        self->infos = info;
    }
    return info;
}

static bool
s_add_known(mg_store_t *self)
{
    self->directory->made = self->version;
    self->directory->cap = SLOTS_FIRST;
    for (int id = 0; id < MG_COLLECTIONS_KNOWN; id++) {
        const mg_collection_t *known = mg_collection((mg_collection_id_t)id);
        self->directory->slot[id].info = s_info_new(self, mg_slice_text(known->name), known);
        if (!self->directory->slot[id].info) {
            return false;
        }
        self->directory->count++;
    }
    return true;
}

static void
s_show(mg_store_t *self)
{
    self->current = (mg_view_t){.directory = self->directory, .version = self->version};
}

mg_store_t *
mg_store_new(void)
{
    mg_store_t *self = calloc(1, sizeof *self);
    if (!self) {
        return NULL;
    }
    self->version = 1;
    self->ceiling = UINT64_MAX;
    self->transaction.graveyard = &self->graveyard;
    self->transaction.directory = &self->directory;
    self->directory =
        calloc(1, sizeof *self->directory + SLOTS_FIRST * sizeof *self->directory->slot);
    if (!self->directory || !(self->directory->cap = SLOTS_FIRST, s_add_known(self))) {
        mg_store_destroy(&self);
        return NULL;
    }
    self->directory->made = self->version;
    s_show(self);
    return self;
}

static void
s_free_infos(mg_slot_info_t *info)
{
    while (info) {
        mg_slot_info_t *next = info->next;
        free(info);
        info = next;
    }
}

void
mg_store_destroy(mg_store_t **self_p)
{
    mg_store_t *self = *self_p;
    if (!self) {
        return;
    }
    assert(self->graveyard.open == 0);
    if (self->directory) {
        mg_graveyard_bury(&self->graveyard, self->directory, true);
    }
    while (mg_graveyard_reclaim(&self->graveyard, UINT32_MAX)) {
    }
    s_free_infos(self->infos);
    free(self->transaction.changes);
    mg_buf_free(&self->key);
    mg_buf_free(&self->body);
    free(self);
    *self_p = NULL;
}

/* --- operations --- */

static mg_status_t
s_add_slot(mg_store_t *self, mg_slice_t name, int *out_slot)
{
    mg_slot_info_t *info = s_info_new(self, name, NULL);
    return info ? mg_transaction_add_slot(&self->transaction, info, out_slot) : MG_ERR_NO_MEMORY;
}

static mg_status_t
s_check_limits(const mg_op_t *op)
{
    bool named = op->collection.len <= MG_COLLECTION_NAME_MAX &&
                 (op->collection.len == 0 ||
                  bson_utf8_validate((const char *)op->collection.data, op->collection.len, false));
    if (!named || (op->kind != MG_OP_DELETE && op->body.len < 5) ||
        (op->kind != MG_OP_PUT && op->key.len == 0)) {
        return MG_ERR_INVALID;
    }
    return op->key.len > MG_KEY_MAX || op->body.len > MG_DOCUMENT_MAX ? MG_ERR_TOO_BIG : MG_OK;
}

/* The key of an operation with this body, by body and by what the caller said; they must agree. */
static mg_status_t
s_key_of(write_t *write, mg_slice_t body)
{
    const mg_collection_t *known = write->store->directory->slot[write->slot].info->known;
    mg_buf_clear(&write->store->key);
    mg_status_t status = mg_collection_key(known, body, &write->store->key);
    mg_slice_t derived = mg_buf_slice(&write->store->key);
    if (status == MG_ERR_NOT_FOUND && write->op->key.len) {
        write->key = write->op->key;
        return MG_OK;
    }
    if (status != MG_OK || (write->op->key.len && !mg_slice_equal(write->op->key, derived))) {
        return status == MG_ERR_TOO_BIG || status == MG_ERR_NO_MEMORY ? status : MG_ERR_INVALID;
    }
    write->key = derived;
    return MG_OK;
}

static mg_status_t
s_check_condition(const mg_op_t *op, const mg_entry_t *document)
{
    switch (op->condition) {
    case MG_IF_ANY:
        return MG_OK;
    case MG_IF_ABSENT:
        return document ? MG_ERR_EXISTS : MG_OK;
    case MG_IF_PRESENT:
        return document ? MG_OK : MG_ERR_NOT_FOUND;
    case MG_IF_REV:
        if (!document) {
            return MG_ERR_NOT_FOUND;
        }
        return document->rev == op->rev ? MG_OK : MG_ERR_CONFLICT;
    }
    return MG_ERR_INVALID;
}

/* Meta records are counters and the like: nothing that autosave would save for. */
static void
s_count_change(write_t *write)
{
    write->store->changes += write->slot != MG_COLLECTION_META;
}

static mg_status_t
s_apply_put(write_t *write, mg_slice_t body, int64_t expires_ns)
{
    mg_transaction_t *transaction = &write->store->transaction;
    mg_entry_t *document = mg_entry_new(write->key, body, expires_ns, transaction->writer.version);
    s_count_change(write);
    return mg_indexed_put(transaction, write->slot, document, write->now_ns);
}

static mg_status_t
s_apply_patch(write_t *write, const mg_entry_t *document)
{
    if (!document) {
        return MG_ERR_NOT_FOUND;
    }
    mg_buf_clear(&write->store->body);
    mg_status_t status =
        mg_document_merge(mg_entry_body(document), write->op->body, &write->store->body);
    mg_slice_t body = mg_buf_slice(&write->store->body);
    if (status == MG_OK) {
        status = s_key_of(write, body);
    }
    return status == MG_OK ? s_apply_put(write, body, document->expires_ns) : status;
}

static mg_status_t
s_apply_delete(write_t *write, const mg_entry_t *document)
{
    if (!document) {
        return MG_OK;
    }
    s_count_change(write);
    return mg_indexed_remove(&write->store->transaction, write->slot, document);
}

/* Finds the collection; a PUT makes it. MG_SLOT_NONE is a collection without documents. */
static mg_status_t
s_find_slot(write_t *write)
{
    mg_slice_t name = write->op->collection;
    if (name.len == 0) {
        write->slot = MG_COLLECTION_META;
        return MG_OK;
    }
    s_show(write->store);
    write->slot = mg_view_slot(&write->store->current, name);
    bool make = write->slot == MG_SLOT_NONE && write->op->kind == MG_OP_PUT;
    return make ? s_add_slot(write->store, name, &write->slot) : MG_OK;
}

static mg_status_t
s_apply_op(write_t *write)
{
    const mg_op_t *op = write->op;
    mg_status_t status = s_check_limits(op);
    if (status == MG_OK) {
        status = s_find_slot(write);
    }
    write->key = op->key;
    if (status == MG_OK && op->kind == MG_OP_PUT) {
        status = s_key_of(write, op->body);
    }
    if (status != MG_OK) {
        return status;
    }
    const mg_entry_t *document = NULL;
    if (write->slot != MG_SLOT_NONE) {
        document = mg_indexed_find(&write->store->transaction, write->slot, write->key);
    }
    if (document && !mg_entry_alive(document, write->now_ns)) {
        document = NULL;
    }
    status = s_check_condition(op, document);
    if (status != MG_OK) {
        return status;
    }
    switch (op->kind) {
    case MG_OP_PUT:
        return s_apply_put(write, op->body, op->expires_ns);
    case MG_OP_PATCH:
        return s_apply_patch(write, document);
    case MG_OP_DELETE:
        return s_apply_delete(write, document);
    }
    return MG_ERR_INVALID;
}

/* Ends the version being made: for good, or as one that says the same as the one before. */
static void
s_finish(mg_store_t *self, bool good)
{
    if (good) {
        self->bytes += mg_transaction_growth(&self->transaction);
        mg_transaction_commit(&self->transaction);
    } else {
        mg_transaction_rollback(&self->transaction);
    }
    if (self->transaction.touched) {
        self->version = self->transaction.writer.version;
    }
    self->nodes_copied += self->transaction.writer.nodes_copied;
    s_show(self);
}

/* True if the batch under way makes the store grow beyond its ceiling. */
static bool
s_is_too_much(const mg_store_t *self)
{
    if (self->ceiling == UINT64_MAX) {
        return false;
    }
    int64_t growth = mg_transaction_growth(&self->transaction);
    return growth > 0 && (uint64_t)(self->bytes + growth) > self->ceiling;
}

mg_status_t
mg_store_apply(mg_store_t *self,
               const mg_op_t *ops,
               size_t count,
               int64_t now_ns,
               size_t *out_failed_at)
{
    mg_status_t status = MG_OK;
    uint64_t changes = self->changes;
    mg_transaction_begin(&self->transaction, self->version + 1);
    for (size_t i = 0; i < count && status == MG_OK; i++) {
        write_t write = {.store = self, .op = &ops[i], .now_ns = now_ns};
        status = s_apply_op(&write);
        if (status != MG_OK) {
            *out_failed_at = i;
        }
    }
    if (status == MG_OK && s_is_too_much(self)) {
        status = MG_ERR_FULL;
    }
    if (status != MG_OK) {
        self->changes = changes;
    }
    s_finish(self, status == MG_OK);
    return status;
}

void
mg_store_set_ceiling(mg_store_t *self, uint64_t bytes)
{
    self->ceiling = bytes;
}

int
mg_store_slot(mg_store_t *self, mg_slice_t name)
{
    int slot = mg_view_slot(&self->current, name);
    if (slot == MG_SLOT_NONE) {
        mg_transaction_begin(&self->transaction, self->version);
        s_finish(self, s_add_slot(self, name, &slot) == MG_OK);
    }
    return slot;
}

/* --- views --- */

mg_view_t *
mg_store_open_view(mg_store_t *self)
{
    return mg_graveyard_open(&self->graveyard, self->directory, self->version);
}

void
mg_store_release_view(mg_store_t *self, mg_view_t **view_p)
{
    mg_graveyard_close(&self->graveyard, *view_p);
    *view_p = NULL;
}

const mg_view_t *
mg_store_current(const mg_store_t *self)
{
    return &self->current;
}

bool
mg_store_reclaim(mg_store_t *self, unsigned budget)
{
    return mg_graveyard_reclaim(&self->graveyard, budget);
}

/* --- expiry --- */

int64_t
mg_store_next_expiry(const mg_store_t *self)
{
    return mg_indexed_next_expiry(&self->transaction);
}

size_t
mg_store_sweep(mg_store_t *self, int64_t now_ns, size_t max)
{
    size_t removed = 0;
    mg_status_t status = MG_OK;
    mg_transaction_begin(&self->transaction, self->version + 1);
    while (removed < max && status == MG_OK) {
        status = mg_indexed_remove_expired(&self->transaction, now_ns);
        removed += status == MG_OK;
    }
    bool good = status == MG_OK || status == MG_ERR_NOT_FOUND;
    s_finish(self, good);
    return good ? removed : 0;
}

/* --- bulk load and swap --- */

mg_status_t
mg_store_load(mg_store_t *self, int slot, const mg_op_t *put, uint64_t rev)
{
    if (put->key.len == 0 || put->key.len > MG_KEY_MAX || put->body.len > MG_DOCUMENT_MAX) {
        return MG_ERR_TOO_BIG;
    }
    mg_entry_t *document = mg_entry_new(put->key, put->body, put->expires_ns, rev);
    return document ? mg_store_load_entry(self, slot, document) : MG_ERR_NO_MEMORY;
}

mg_status_t
mg_store_load_entry(mg_store_t *self, int slot, mg_entry_t *document)
{
    const mg_entry_t *last = mg_btree_last(self->directory->slot[slot].tree[MG_TREE_DOCUMENTS]);
    if (last && mg_slice_compare(mg_entry_key(document), mg_entry_key(last)) <= 0) {
        mg_entry_free(document);
        return MG_ERR_INVALID;
    }
    mg_transaction_begin(&self->transaction, self->version);
    mg_status_t status = mg_indexed_append(&self->transaction, slot, document, INT64_MIN);
    s_finish(self, status == MG_OK);
    return status;
}

void
mg_store_set_version(mg_store_t *self, uint64_t version)
{
    if (version > self->version) {
        self->version = version;
        s_show(self);
    }
}

static void
s_adopt_infos(mg_store_t *self, mg_store_t *loaded)
{
    mg_slot_info_t **end = &self->infos;
    while (*end) {
        end = &(*end)->next;
    }
    *end = loaded->infos;
    loaded->infos = NULL;
}

void
mg_store_swap(mg_store_t *self, mg_store_t **loaded_p, bool counted)
{
    mg_store_t *loaded = *loaded_p;
    mg_graveyard_bury(&self->graveyard, self->directory, true);
    self->directory = loaded->directory;
    loaded->directory = NULL;
    s_adopt_infos(self, loaded);
    self->version = (loaded->version > self->version ? loaded->version : self->version) + 1;
    self->bytes = loaded->bytes;
    self->changes += counted;
    s_show(self);
    mg_store_destroy(loaded_p);
}

uint64_t
mg_store_changes(const mg_store_t *self)
{
    return self->changes;
}

void
mg_store_stats(const mg_store_t *self, mg_store_stats_t *out)
{
    *out = (mg_store_stats_t){.version = self->version,
                              .changes = self->changes,
                              .documents = mg_view_total(&self->current),
                              .bytes = (uint64_t)self->bytes,
                              .dead = mg_graveyard_count(&self->graveyard),
                              .nodes_copied = self->nodes_copied,
                              .views = self->graveyard.open};
}
