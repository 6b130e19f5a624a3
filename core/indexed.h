/* indexed - one document in its collection and in every index of it.
 *
 * Owns     : nothing; writes through the transaction, which can undo it.
 * Thread   : the store's.
 * Fails    : MG_ERR_UNIQUE, MG_ERR_NO_MEMORY; then the transaction must be rolled back.
 * Not here : preconditions and versions (core/store.c), which fields are indexed (core/collections.c).
 *
 * A unique index maps the text of a field to the document's key. The expiry index of the whole state maps
 * time u64 || slot u32 || key to nothing, so that the documents that end first stand first.
 */
#ifndef MG_CORE_INDEXED_H
#define MG_CORE_INDEXED_H

#include "core/transaction.h"

/* Puts `document` (taken over, also on failure; NULL is MG_ERR_NO_MEMORY) in the place of one with the same key. */
MG_MUST_USE mg_status_t mg_indexed_put(mg_transaction_t *transaction,
                                       int slot,
                                       mg_entry_t *document,
                                       int64_t now_ns);
/* The same for a document whose key is above every other of its collection. */
MG_MUST_USE mg_status_t mg_indexed_append(mg_transaction_t *transaction,
                                          int slot,
                                          mg_entry_t *document,
                                          int64_t now_ns);
MG_MUST_USE mg_status_t mg_indexed_remove(mg_transaction_t *transaction,
                                          int slot,
                                          const mg_entry_t *document);
/* Removes the document that expires first. MG_ERR_NOT_FOUND: none has expired at `now_ns`. */
MG_MUST_USE mg_status_t mg_indexed_remove_expired(mg_transaction_t *transaction, int64_t now_ns);
/* When the next document expires; 0: none will. */
int64_t mg_indexed_next_expiry(const mg_transaction_t *transaction);
/* The document with this key, expired or not; NULL: none. */
mg_entry_t *mg_indexed_find(const mg_transaction_t *transaction, int slot, mg_slice_t key);

#endif
