/* btree - a persistent B+tree: ordered map from keys to entries, of which old versions stay readable.
 *
 * Owns     : nodes and separators. Entries belong to the store; the tree only points at them.
 * Thread   : one writer. Nodes that an open view can reach are never written again, so readers need no lock.
 * Fails    : MG_ERR_NO_MEMORY with the content unchanged. Undoing never needs memory, see below.
 * Not here : which views exist (core/store.c), reading (core/view.h).
 * Source   : design.md section 3, docs/adr/0002-versioned-btree.md.
 *
 * A node is changed in place only if no open view can see it (its `made` is newer than the newest open view), else its
 * path is copied and the original buried. `remove` never restructures, so an entry that was just removed can be
 * put back, and one that was just put can be removed, without a single allocation: that is how a batch is undone. Empty
 * and thin leaves are joined afterwards by mg_btree_tidy, which may skip its work when memory is short.
 *
 *         inner   total=5  [ child 0 | bound 1, child 1 ]        bound i <= every key below child i
 *                             |              |
 *         leaf    total=3  [a b c]        [d e]                  entries in key order
 */
#ifndef MG_CORE_BTREE_H
#define MG_CORE_BTREE_H

#include "core/node.h"

/* Puts `entry` under its key; the entry it replaces, or NULL, goes to *out_old. */
MG_MUST_USE mg_status_t mg_btree_put(mg_node_t **root,
                                     mg_entry_t *entry,
                                     mg_tree_writer_t *writer,
                                     mg_entry_t **out_old);
/* Puts `entry`, whose key is above every other in the tree, without a search. */
MG_MUST_USE mg_status_t mg_btree_append(mg_node_t **root,
                                        mg_entry_t *entry,
                                        mg_tree_writer_t *writer);
/* Takes the entry with `key` out of the tree into *out_old. MG_ERR_NOT_FOUND: there is none. */
MG_MUST_USE mg_status_t mg_btree_remove(mg_node_t **root,
                                        mg_slice_t key,
                                        mg_tree_writer_t *writer,
                                        mg_entry_t **out_old);
/* After a remove is final: drops the leaf around `key` if it is empty, joins it with a neighbour if both are thin. */
void mg_btree_tidy(mg_node_t **root, mg_slice_t key, mg_tree_writer_t *writer);

mg_entry_t *mg_btree_find(const mg_node_t *root, mg_slice_t key);
/* The entry with the lowest, with the highest key; NULL when there is none. */
mg_entry_t *mg_btree_first(const mg_node_t *root);
mg_entry_t *mg_btree_last(const mg_node_t *root);
/* Index of the first slot of a leaf whose key is >= `key`; *out_found: it is equal. */
unsigned mg_btree_leaf_slot(const mg_node_t *leaf, mg_slice_t key, bool *out_found);
/* Index of the child of an inner node below which `key` belongs. */
unsigned mg_btree_child_slot(const mg_node_t *inner, mg_slice_t key);

#endif
