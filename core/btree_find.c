/* The reading part of core/btree.h: what a tree holds, without changing it. */
#include "core/btree.h"

unsigned
mg_btree_leaf_slot(const mg_node_t *leaf, mg_slice_t key, bool *out_found)
{
    unsigned low = 0;
    unsigned high = leaf->count;
    *out_found = false;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        int order = mg_slice_compare(mg_entry_key(leaf->slot[middle].entry), key);
        if (order == 0) {
            *out_found = true;
            return middle;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

unsigned
mg_btree_child_slot(const mg_node_t *inner, mg_slice_t key)
{
    const mg_slot_t *bounds = inner->slot + MG_FANOUT;
    unsigned low = 1;
    unsigned high = inner->count;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (mg_slice_compare(mg_entry_key(bounds[middle].entry), key) <= 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low - 1;
}

mg_entry_t *
mg_btree_find(const mg_node_t *root, mg_slice_t key)
{
    const mg_node_t *node = root;
    while (node && node->height) {
        node = node->slot[mg_btree_child_slot(node, key)].child;
    }
    bool found = false;
    unsigned at = node ? mg_btree_leaf_slot(node, key, &found) : 0;
    return found ? node->slot[at].entry : NULL;
}

mg_entry_t *
mg_btree_first(const mg_node_t *root)
{
    if (!root || root->total == 0) {
        return NULL;
    }
    const mg_node_t *node = root;
    while (node->height) {
        unsigned at = 0;
        while (node->slot[at].child->total == 0) {
            at++;
        }
        node = node->slot[at].child;
    }
    return node->slot[0].entry;
}

mg_entry_t *
mg_btree_last(const mg_node_t *root)
{
    if (!root || root->total == 0) {
        return NULL;
    }
    const mg_node_t *node = root;
    while (node->height) {
        unsigned at = node->count - 1u;
        while (node->slot[at].child->total == 0) {
            at--;
        }
        node = node->slot[at].child;
    }
    return node->slot[node->count - 1].entry;
}
