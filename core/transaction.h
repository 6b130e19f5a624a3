/* transaction - the tree changes of one batch, kept so that they can all be undone.
 *
 * Owns     : the list of changes; new entries until the commit, replaced ones until it is known who may see them.
 * Thread   : the store's.
 * Fails    : MG_ERR_NO_MEMORY, MG_ERR_NOT_FOUND (remove), MG_ERR_TOO_BIG (slots). Then roll back: that needs no memory,
 *            because undoing a put removes and undoing a remove refills the place it left (core/btree.h).
 * Not here : what the operations of a batch mean (core/store.c).
 */
#ifndef MG_CORE_TRANSACTION_H
#define MG_CORE_TRANSACTION_H

#include "core/graveyard.h"

/* One tree got `now` in the place of `before`; either may be NULL. */
typedef struct mg_change {
    int slot; /* MG_SLOT_NONE: the expiry tree */
    int tree;
    mg_entry_t *before;
    mg_entry_t *now;
} mg_change_t;

typedef struct mg_transaction {
    mg_graveyard_t *graveyard;
    mg_directory_t **directory; /* the store's; replaced by a copy when a view sees it */
    mg_tree_writer_t writer;
    mg_change_t *changes;
    size_t count;
    size_t cap;
    bool touched; /* something was written, even if it was undone: the version number is used up */
} mg_transaction_t;

/* Starts to make `version`. */
void mg_transaction_begin(mg_transaction_t *self, uint64_t version);
/* Puts an entry into a tree. On failure the entry stays the caller's; on MG_OK it belongs to the transaction. */
MG_MUST_USE mg_status_t mg_transaction_put(mg_transaction_t *self,
                                           int slot,
                                           int tree,
                                           mg_entry_t *entry);
/* The same for an entry whose key is above every other in its tree. */
MG_MUST_USE mg_status_t mg_transaction_append(mg_transaction_t *self,
                                              int slot,
                                              int tree,
                                              mg_entry_t *entry);
MG_MUST_USE mg_status_t mg_transaction_remove(mg_transaction_t *self,
                                              int slot,
                                              int tree,
                                              mg_slice_t key);
/* Adds an empty collection. It stays, even when the rest is rolled back. */
MG_MUST_USE mg_status_t mg_transaction_add_slot(mg_transaction_t *self,
                                                const mg_slot_info_t *info,
                                                int *out_slot);
/* By how many bytes the live entries have grown so far. */
int64_t mg_transaction_growth(const mg_transaction_t *self);
/* Makes it final: buries what was replaced, tidies the trees. */
void mg_transaction_commit(mg_transaction_t *self);
void mg_transaction_rollback(mg_transaction_t *self);
/* The root of a tree in the directory being written. */
mg_node_t *mg_transaction_root(const mg_transaction_t *self, int slot, int tree);

#endif
