#include "core/transaction.h"

#include <stdlib.h>
#include <string.h>

void
mg_transaction_begin(mg_transaction_t *self, uint64_t version)
{
    self->writer = mg_graveyard_writer(self->graveyard, version);
    self->count = 0;
    self->touched = false;
}

static mg_node_t **
s_root(mg_directory_t *directory, int slot, int tree)
{
    return slot == MG_SLOT_NONE ? &directory->expiry : &directory->slot[slot].tree[tree];
}

mg_node_t *
mg_transaction_root(const mg_transaction_t *self, int slot, int tree)
{
    return *s_root(*self->directory, slot, tree);
}

/* Replaces the directory by a copy with room for `cap` slots. */
static mg_status_t
s_copy_directory(mg_transaction_t *self, int cap)
{
    mg_directory_t *old = *self->directory;
    mg_directory_t *copy = calloc(1, sizeof *copy + (size_t)cap * sizeof *copy->slot);
    if (!copy) {
        return MG_ERR_NO_MEMORY;
    }
    copy->made = self->writer.version;
    copy->expiry = old->expiry;
    copy->count = old->count;
    copy->cap = cap;
    memcpy(copy->slot, old->slot, (size_t)old->count * sizeof *old->slot);
    *self->directory = copy;
    mg_graveyard_bury(self->graveyard, old, false);
    return MG_OK;
}

static mg_status_t
s_own_directory(mg_transaction_t *self)
{
    self->touched = true;
    mg_directory_t *directory = *self->directory;
    return directory->made > self->writer.visible ? MG_OK : s_copy_directory(self, directory->cap);
}

/* Room for one more change, and a directory that may be written. */
static mg_status_t
s_prepare(mg_transaction_t *self)
{
    if (self->count == self->cap) {
        size_t cap = self->cap ? self->cap * 2 : 64;
        mg_change_t *changes = realloc(self->changes, cap * sizeof *changes);
        if (!changes) {
            return MG_ERR_NO_MEMORY;
        }
        self->changes = changes;
        self->cap = cap;
    }
    return s_own_directory(self);
}

mg_status_t
mg_transaction_put(mg_transaction_t *self, int slot, int tree, mg_entry_t *entry)
{
    mg_status_t status = s_prepare(self);
    mg_entry_t *before = NULL;
    if (status == MG_OK) {
        status = mg_btree_put(s_root(*self->directory, slot, tree), entry, &self->writer, &before);
    }
    if (status == MG_OK) {
        self->changes[self->count++] = (mg_change_t){slot, tree, before, entry};
    }
    return status;
}

mg_status_t
mg_transaction_append(mg_transaction_t *self, int slot, int tree, mg_entry_t *entry)
{
    mg_status_t status = s_prepare(self);
    if (status == MG_OK) {
        status = mg_btree_append(s_root(*self->directory, slot, tree), entry, &self->writer);
    }
    if (status == MG_OK) {
        self->changes[self->count++] = (mg_change_t){slot, tree, NULL, entry};
    }
    return status;
}

mg_status_t
mg_transaction_remove(mg_transaction_t *self, int slot, int tree, mg_slice_t key)
{
    mg_status_t status = s_prepare(self);
    mg_entry_t *before = NULL;
    if (status == MG_OK) {
        status = mg_btree_remove(s_root(*self->directory, slot, tree), key, &self->writer, &before);
    }
    if (status == MG_OK) {
        self->changes[self->count++] = (mg_change_t){slot, tree, before, NULL};
    }
    return status;
}

mg_status_t
mg_transaction_add_slot(mg_transaction_t *self, const mg_slot_info_t *info, int *out_slot)
{
    mg_directory_t *directory = *self->directory;
    if (directory->count == MG_COLLECTIONS_MAX) {
        return MG_ERR_TOO_BIG;
    }
    mg_status_t status = s_own_directory(self);
    if (status == MG_OK && directory->count == directory->cap) {
        status = s_copy_directory(self, directory->cap * 2);
    }
    if (status == MG_OK) {
        directory = *self->directory;
        *out_slot = directory->count++;
        directory->slot[*out_slot].info = info;
    }
    return status;
}

static int64_t
s_bytes(const mg_entry_t *entry)
{
    return entry ? (int64_t)(sizeof *entry + entry->body_len + entry->key_len) : 0;
}

int64_t
mg_transaction_growth(const mg_transaction_t *self)
{
    int64_t grown = 0;
    for (size_t i = 0; i < self->count; i++) {
        grown += s_bytes(self->changes[i].now) - s_bytes(self->changes[i].before);
    }
    return grown;
}

void
mg_transaction_commit(mg_transaction_t *self)
{
    for (size_t i = 0; i < self->count; i++) {
        mg_change_t *change = &self->changes[i];
        if (!change->before) {
            continue;
        }
        if (!change->now) {
            mg_node_t **root = s_root(*self->directory, change->slot, change->tree);
            mg_btree_tidy(root, mg_entry_key(change->before), &self->writer);
        }
        mg_bury_entry(&self->writer, change->before);
    }
    self->count = 0;
}

void
mg_transaction_rollback(mg_transaction_t *self)
{
    while (self->count > 0) {
        mg_change_t *change = &self->changes[--self->count];
        mg_node_t **root = s_root(*self->directory, change->slot, change->tree);
        mg_entry_t *undone = NULL;
        mg_status_t status =
            change->before
                ? mg_btree_put(root, change->before, &self->writer, &undone)
                : mg_btree_remove(root, mg_entry_key(change->now), &self->writer, &undone);
        if (status != MG_OK) {
            abort(); /* can not be: the nodes are owned already, the place is free */
        }
        mg_entry_free(change->now);
    }
}
