#include "core/btree.h"

#include <assert.h>
#include <stdlib.h>

enum {
    THIN = MG_FANOUT / 4, /* a node with fewer slots looks for a neighbour to join */
    JOINED_MAX = MG_FANOUT * 3 /
                 4 /* joined nodes leave room, so that the next insert does not split again */
};

/* From the root down to a leaf: the node of each level and the slot taken in it. */
typedef struct path {
    mg_node_t **root;
    mg_node_t *node[MG_HEIGHT_MAX];
    unsigned at[MG_HEIGHT_MAX];
    int depth;
    bool found;
} path_t;

static void
s_descend(path_t *path, mg_node_t **root, mg_slice_t key)
{
    path->root = root;
    path->depth = 0;
    path->found = false;
    mg_node_t *node = *root;
    while (node) {
        assert(path->depth < MG_HEIGHT_MAX);
        int level = path->depth++;
        path->node[level] = node;
        if (node->height == 0) {
            path->at[level] = mg_btree_leaf_slot(node, key, &path->found);
            break;
        }
        path->at[level] = mg_btree_child_slot(node, key);
        node = node->slot[path->at[level]].child;
    }
}

/* To the place behind the last entry; that leaf may be empty. */
static void
s_descend_last(path_t *path, mg_node_t **root)
{
    path->root = root;
    path->depth = 0;
    path->found = false;
    for (mg_node_t *node = *root; node;) {
        assert(path->depth < MG_HEIGHT_MAX);
        int level = path->depth++;
        path->node[level] = node;
        path->at[level] = node->height ? node->count - 1u : node->count;
        node = node->height ? node->slot[path->at[level]].child : NULL;
    }
}

/* --- copying what a view can see --- */

/* Makes every node of the path one that may be written. A failure halfway leaves copies that say the same. */
static mg_status_t
s_own_path(path_t *path, mg_tree_writer_t *writer)
{
    for (int level = 0; level < path->depth; level++) {
        mg_node_t *own = mg_node_own(path->node[level], writer);
        if (!own) {
            return MG_ERR_NO_MEMORY;
        }
        if (level == 0) {
            *path->root = own;
        } else {
            path->node[level - 1]->slot[path->at[level - 1]].child = own;
        }
        path->node[level] = own;
    }
    return MG_OK;
}

static void
s_count_path(const path_t *path, int levels, int by)
{
    for (int level = 0; level < levels; level++) {
        path->node[level]->total += (uint64_t)(int64_t)by;
    }
}

/* --- splitting --- */

/* Everything a split needs, allocated before anything is changed. */
typedef struct split {
    mg_node_t *right[MG_HEIGHT_MAX]; /* new right neighbours, from the leaf up */
    mg_node_t *root;                 /* new root, when the old one splits too */
    mg_entry_t *bound;               /* between the two leaves */
    int full;                        /* levels that are full, from the leaf up */
    bool appending;                  /* at the very end of the tree: the left side stays full */
} split_t;

/* A child that wants a place one level up, and the bound below which it stands. */
typedef struct carry {
    mg_node_t *child;
    mg_entry_t *bound;
} carry_t;

static unsigned
s_left_count(const split_t *split)
{
    return split->appending ? MG_FANOUT : (MG_FANOUT + 1) / 2;
}

/* The shortest key that is above `left` and not above `right`. */
static mg_entry_t *
s_bound_between(const mg_entry_t *left, const mg_entry_t *right, uint64_t version)
{
    mg_slice_t low = mg_entry_key(left);
    mg_slice_t high = mg_entry_key(right);
    size_t same = 0;
    while (same < low.len && low.data[same] == high.data[same]) {
        same++;
    }
    return mg_entry_new(mg_slice(high.data, same + 1), mg_slice(NULL, 0), 0, version);
}

/* The leaf's entries with the new one among them, as they will be divided. */
static void
s_entries_with(const path_t *path, mg_entry_t *entry, mg_slot_t out[MG_FANOUT + 1])
{
    mg_slots_copy(out, path->node[path->depth - 1]->slot, MG_FANOUT);
    mg_slots_insert(out, MG_FANOUT, path->at[path->depth - 1], (mg_slot_t){.entry = entry});
}

static void
s_split_free(split_t *split)
{
    for (int i = 0; i < split->full; i++) {
        free(split->right[i]);
    }
    free(split->root);
    mg_entry_free(split->bound);
}

static mg_status_t
s_split_prepare(split_t *split,
                const path_t *path,
                mg_entry_t *entry,
                const mg_tree_writer_t *writer)
{
    int leaf = path->depth - 1;
    split->appending = path->at[leaf] == MG_FANOUT;
    for (int level = 0; level < leaf; level++) {
        split->appending = split->appending && path->at[level] + 1 == path->node[level]->count;
    }
    bool ok = true;
    for (int level = leaf; ok && level >= 0 && path->node[level]->count == MG_FANOUT; level--) {
        split->right[split->full] = mg_node_new(path->node[level]->height, writer);
        ok = split->right[split->full++] != NULL;
    }
    if (split->full == path->depth) {
        split->root = mg_node_new(path->node[0]->height + 1u, writer);
        ok = ok && split->root;
    }
    mg_slot_t entries[MG_FANOUT + 1];
    s_entries_with(path, entry, entries);
    unsigned left = s_left_count(split);
    split->bound = s_bound_between(entries[left - 1].entry, entries[left].entry, writer->version);
    if (!ok || !split->bound) {
        s_split_free(split);
        return MG_ERR_NO_MEMORY;
    }
    return MG_OK;
}

static void
s_split_leaf(const split_t *split, const path_t *path, mg_entry_t *entry)
{
    mg_node_t *left = path->node[path->depth - 1];
    mg_node_t *right = split->right[0];
    assert(right);
    mg_slot_t entries[MG_FANOUT + 1];
    s_entries_with(path, entry, entries);
    left->count = (uint16_t)s_left_count(split);
    right->count = (uint16_t)(MG_FANOUT + 1 - left->count);
    mg_slots_copy(left->slot, entries, left->count);
    mg_slots_copy(right->slot, entries + left->count, right->count);
    left->total = left->count;
    right->total = right->count;
}

static void
s_sum_children(mg_node_t *inner)
{
    inner->total = 0;
    for (unsigned i = 0; i < inner->count; i++) {
        inner->total += inner->slot[i].child->total;
    }
}

/* Divides a full inner node into itself (`keep` children) and `right`, with the carried child inserted at `at`; what is
 * to be inserted one level up is the next carry. */
static void
s_split_inner(mg_node_t *left, mg_node_t *right, unsigned at, unsigned keep, carry_t *carry)
{
    mg_slot_t children[MG_FANOUT + 1];
    mg_slot_t bounds[MG_FANOUT + 1];
    mg_slots_copy(children, left->slot, MG_FANOUT);
    mg_slots_copy(bounds, mg_node_bounds(left), MG_FANOUT);
    mg_slots_insert(children, MG_FANOUT, at, (mg_slot_t){.child = carry->child});
    mg_slots_insert(bounds, MG_FANOUT, at, (mg_slot_t){.entry = carry->bound});
    left->count = (uint16_t)keep;
    right->count = (uint16_t)(MG_FANOUT + 1 - keep);
    mg_slots_copy(left->slot, children, left->count);
    mg_slots_copy(mg_node_bounds(left), bounds, left->count);
    mg_slots_copy(right->slot, children + keep, right->count);
    mg_slots_copy(mg_node_bounds(right), bounds + keep, right->count);
    *carry = (carry_t){right, mg_node_bounds(right)[0].entry};
    mg_node_bounds(right)[0].entry = NULL;
    s_sum_children(left);
    s_sum_children(right);
}

static void
s_insert_child(mg_node_t *inner, unsigned at, carry_t carry)
{
    mg_slots_insert(inner->slot, inner->count, at, (mg_slot_t){.child = carry.child});
    mg_slots_insert(mg_node_bounds(inner), inner->count, at, (mg_slot_t){.entry = carry.bound});
    inner->count++;
}

static mg_status_t
s_insert_splitting(path_t *path, mg_entry_t *entry, const mg_tree_writer_t *writer)
{
    split_t split = {0};
    mg_status_t status = s_split_prepare(&split, path, entry, writer);
    if (status != MG_OK) {
        return status;
    }
    s_split_leaf(&split, path, entry);
    carry_t carry = {split.right[0], split.bound};
    for (int up = 1; up < split.full; up++) {
        int level = path->depth - 1 - up;
        s_split_inner(path->node[level], split.right[up], path->at[level] + 1, s_left_count(&split),
                      &carry);
    }
    int above = path->depth - 1 - split.full;
    if (above >= 0) {
        s_insert_child(path->node[above], path->at[above] + 1, carry);
        s_count_path(path, above + 1, 1);
    } else {
        s_insert_child(split.root, 0, (carry_t){path->node[0], NULL});
        s_insert_child(split.root, 1, carry);
        s_sum_children(split.root);
        *path->root = split.root;
    }
    return MG_OK;
}

/* --- put and remove --- */

static mg_status_t
s_put_first(mg_node_t **root, mg_entry_t *entry, const mg_tree_writer_t *writer)
{
    mg_node_t *leaf = mg_node_new(0, writer);
    if (!leaf) {
        return MG_ERR_NO_MEMORY;
    }
    leaf->slot[0].entry = entry;
    leaf->count = 1;
    leaf->total = 1;
    *root = leaf;
    return MG_OK;
}

/* Puts `entry` where the path ends. */
static mg_status_t
s_put_at(path_t *path, mg_entry_t *entry, mg_tree_writer_t *writer, mg_entry_t **out_old)
{
    mg_entry_t *old = NULL;
    mg_status_t status =
        path->depth ? s_own_path(path, writer) : s_put_first(path->root, entry, writer);
    if (status != MG_OK || path->depth == 0) {
        goto done;
    }
    mg_node_t *leaf = path->node[path->depth - 1];
    unsigned at = path->at[path->depth - 1];
    if (path->found) {
        old = leaf->slot[at].entry;
        leaf->slot[at].entry = entry;
    } else if (leaf->count < MG_FANOUT) {
        mg_slots_insert(leaf->slot, leaf->count, at, (mg_slot_t){.entry = entry});
        leaf->count++;
        s_count_path(path, path->depth, 1);
    } else {
        status = s_insert_splitting(path, entry, writer);
    }
done:
    if (status == MG_OK) {
        *out_old = old;
    }
    return status;
}

mg_status_t
mg_btree_put(mg_node_t **root, mg_entry_t *entry, mg_tree_writer_t *writer, mg_entry_t **out_old)
{
    path_t path;
    s_descend(&path, root, mg_entry_key(entry));
    return s_put_at(&path, entry, writer, out_old);
}

mg_status_t
mg_btree_append(mg_node_t **root, mg_entry_t *entry, mg_tree_writer_t *writer)
{
    path_t path;
    mg_entry_t *none = NULL;
    s_descend_last(&path, root);
    if (path.depth && path.at[path.depth - 1] == 0) { /* emptied: its bound may be above the key */
        s_descend(&path, root, mg_entry_key(entry));
    }
    return s_put_at(&path, entry, writer, &none);
}

mg_status_t
mg_btree_remove(mg_node_t **root, mg_slice_t key, mg_tree_writer_t *writer, mg_entry_t **out_old)
{
    path_t path;
    s_descend(&path, root, key);
    if (!path.found) {
        return MG_ERR_NOT_FOUND;
    }
    mg_status_t status = s_own_path(&path, writer);
    if (status != MG_OK) {
        return status;
    }
    mg_node_t *leaf = path.node[path.depth - 1];
    unsigned at = path.at[path.depth - 1];
    *out_old = leaf->slot[at].entry;
    mg_slots_drop(leaf->slot, leaf->count, at);
    leaf->count--;
    s_count_path(&path, path.depth, -1);
    return MG_OK;
}

/* --- tidying --- */

/* Takes child `at` out of its parent; the bound that divided it from its neighbour dies. */
static void
s_drop_child(mg_node_t *parent, unsigned at, mg_tree_writer_t *writer)
{
    unsigned bound_at = at ? at : 1;
    if (bound_at < parent->count) {
        mg_bury_entry(writer, mg_node_bounds(parent)[bound_at].entry);
        mg_slots_drop(mg_node_bounds(parent), parent->count, bound_at);
    }
    mg_slots_drop(parent->slot, parent->count, at);
    parent->count--;
    mg_node_bounds(parent)[0].entry = NULL;
}

/* Moves all of child `at` + 1 into child `at`, if that one may be written. */
static void
s_join_children(mg_node_t *parent, unsigned at, mg_tree_writer_t *writer)
{
    mg_node_t *left = mg_node_own(parent->slot[at].child, writer);
    if (!left) {
        return;
    }
    parent->slot[at].child = left;
    mg_node_t *right = parent->slot[at + 1].child;
    mg_slots_copy(left->slot + left->count, right->slot, right->count);
    if (left->height) { /* the bound between the two goes down with the children it divided */
        mg_slot_t *bounds = mg_node_bounds(left);
        mg_slots_copy(bounds + left->count, mg_node_bounds(right), right->count);
        bounds[left->count] = mg_node_bounds(parent)[at + 1];
    } else {
        mg_bury_entry(writer, mg_node_bounds(parent)[at + 1].entry);
    }
    left->count = (uint16_t)(left->count + right->count);
    left->total += right->total;
    mg_slots_drop(mg_node_bounds(parent), parent->count, at + 1);
    mg_slots_drop(parent->slot, parent->count, at + 1);
    parent->count--;
    mg_bury_node(writer, right);
}

static bool
s_fit_together(const mg_node_t *parent, unsigned left)
{
    return left + 1 < parent->count &&
           parent->slot[left].child->count + parent->slot[left + 1].child->count <= JOINED_MAX;
}

static void
s_tidy_child(mg_node_t *parent, unsigned at, mg_tree_writer_t *writer)
{
    mg_node_t *child = parent->slot[at].child;
    if (child->count == 0) {
        s_drop_child(parent, at, writer);
        mg_bury_node(writer, child);
    } else if (child->count < THIN && at > 0 && s_fit_together(parent, at - 1)) {
        s_join_children(parent, at - 1, writer);
    } else if (child->count < THIN && s_fit_together(parent, at)) {
        s_join_children(parent, at, writer);
    }
}

void
mg_btree_tidy(mg_node_t **root, mg_slice_t key, mg_tree_writer_t *writer)
{
    path_t path;
    s_descend(&path, root, key);
    if (path.depth == 0 || s_own_path(&path, writer) != MG_OK) {
        return;
    }
    for (int level = path.depth - 2; level >= 0; level--) {
        s_tidy_child(path.node[level], path.at[level], writer);
    }
    mg_node_t *top = *root;
    while (top && top->height && top->count == 1) {
        *root = top->slot[0].child;
        mg_bury_node(writer, top);
        top = *root;
    }
    if (top && top->count == 0) {
        mg_bury_node(writer, top);
        *root = NULL;
    }
}
