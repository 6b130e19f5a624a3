#include "core/view.h"

#include "core/directory.h"

#include <stdlib.h>

static const mg_node_t *
s_tree(const mg_view_t *self, int slot, int tree)
{
    bool there = slot >= 0 && slot < self->directory->count;
    return there ? self->directory->slot[slot].tree[tree] : NULL;
}

uint64_t
mg_view_version(const mg_view_t *self)
{
    return self->version;
}

int
mg_view_slots(const mg_view_t *self)
{
    return self->directory->count;
}

mg_slice_t
mg_view_slot_name(const mg_view_t *self, int slot)
{
    const mg_slot_info_t *info = self->directory->slot[slot].info;
    return mg_slice(info->name, info->name_len);
}

int
mg_view_slot(const mg_view_t *self, mg_slice_t name)
{
    const mg_collection_t *known = mg_collection_by_name(name);
    if (known) {
        return (int)(known - mg_collection(MG_COLLECTION_META));
    }
    for (int slot = MG_COLLECTIONS_KNOWN; slot < self->directory->count; slot++) {
        if (mg_slice_equal(mg_view_slot_name(self, slot), name)) {
            return slot;
        }
    }
    return MG_SLOT_NONE;
}

typedef struct named_slot {
    mg_slice_t name;
    int slot;
} named_slot_t;

static int
s_by_name(const void *a, const void *b)
{
    return mg_slice_compare(((const named_slot_t *)a)->name, ((const named_slot_t *)b)->name);
}

int
mg_view_slots_by_name(const mg_view_t *self, int *out)
{
    named_slot_t named[MG_COLLECTIONS_MAX];
    int count = 0;
    for (int slot = MG_COLLECTION_META + 1; slot < self->directory->count; slot++) {
        named[count++] = (named_slot_t){mg_view_slot_name(self, slot), slot};
    }
    // cppcheck-suppress uninitvar; the first `count` are filled
    qsort(named, (size_t)count, sizeof *named, s_by_name);
    for (int i = 0; i < count; i++) {
        out[i] = named[i].slot;
    }
    return count;
}

uint64_t
mg_view_count(const mg_view_t *self, int slot)
{
    const mg_node_t *root = s_tree(self, slot, MG_TREE_DOCUMENTS);
    return root ? root->total : 0;
}

uint64_t
mg_view_total(const mg_view_t *self)
{
    uint64_t total = 0;
    for (int slot = MG_COLLECTION_META + 1; slot < self->directory->count; slot++) {
        total += mg_view_count(self, slot);
    }
    return total;
}

const mg_entry_t *
mg_view_find(const mg_view_t *self, int slot, mg_slice_t key)
{
    return mg_btree_find(s_tree(self, slot, MG_TREE_DOCUMENTS), key);
}

const mg_entry_t *
mg_view_find_unique(const mg_view_t *self, int slot, unsigned index, mg_slice_t value)
{
    const mg_entry_t *found = NULL;
    if (index < MG_INDEXES_MAX) {
        found = mg_btree_find(s_tree(self, slot, MG_TREE_UNIQUE + (int)index), value);
    }
    return found ? mg_view_find(self, slot, mg_entry_body(found)) : NULL;
}

/* --- cursor --- */

static const mg_node_t *
s_enter(mg_cursor_t *self, const mg_node_t *node, unsigned at)
{
    self->node[self->depth] = node;
    self->at[self->depth] = (uint16_t)at;
    self->depth++;
    self->looked++;
    return node->height ? node->slot[at].child : NULL;
}

void
mg_cursor_seek(mg_cursor_t *self, const mg_view_t *view, int slot, mg_slice_t key)
{
    self->depth = 0;
    self->looked = 0;
    const mg_node_t *node = s_tree(view, slot, MG_TREE_DOCUMENTS);
    while (node) {
        bool found = false;
        unsigned at =
            node->height ? mg_btree_child_slot(node, key) : mg_btree_leaf_slot(node, key, &found);
        node = s_enter(self, node, at);
    }
}

void
mg_cursor_nth(mg_cursor_t *self, const mg_view_t *view, int slot, uint64_t nth)
{
    self->depth = 0;
    self->looked = 0;
    const mg_node_t *node = s_tree(view, slot, MG_TREE_DOCUMENTS);
    if (!node || nth >= node->total) {
        return;
    }
    uint64_t left = nth;
    while (node) {
        unsigned at = 0;
        if (node->height == 0) {
            at = (unsigned)left;
        }
        while (node->height && left >= node->slot[at].child->total) {
            left -= node->slot[at++].child->total;
            self->looked++;
        }
        node = s_enter(self, node, at);
    }
}

/* Leaves the exhausted leaf on top of the path and enters the next one to its right, if there is one. */
static void
s_next_leaf(mg_cursor_t *self)
{
    while (--self->depth > 0) {
        const mg_node_t *parent = self->node[self->depth - 1];
        unsigned next = self->at[self->depth - 1] + 1u;
        if (next < parent->count) {
            self->depth--;
            const mg_node_t *node = s_enter(self, parent, next);
            while (node) {
                node = s_enter(self, node, 0);
            }
            return;
        }
    }
}

const mg_entry_t *
mg_cursor_next(mg_cursor_t *self)
{
    while (self->depth > 0) {
        const mg_node_t *leaf = self->node[self->depth - 1];
        uint16_t *at = &self->at[self->depth - 1];
        if (*at < leaf->count) {
            return leaf->slot[(*at)++].entry;
        }
        s_next_leaf(self);
    }
    return NULL;
}
