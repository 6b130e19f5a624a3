/* handle - the only things beside bytes that cross a socket: an open view, and a store built elsewhere.
 *
 * Owns     : nothing. A view handle is opened by the state actor for exactly one actor, which gives it back. A store
 *            handle is given away for good by the actor that built the store.
 * Thread   : sender and receiver are different threads. Each handle carries one atomic word, released by the side that
 *            hands over and acquired by the side that takes: the memory behind the pointer is then visible. (A pointer
 *            through an inproc socket alone is a data race, as ThreadSanitizer sees it.)
 * Fails    : mg_..._take gives NULL for a handle whose word does not say that it was handed over.
 * Not here : OpenView, ReleaseView, Swap (messages/state.proto).
 * Source   : design.md section 2.
 */
#ifndef MG_MESSAGES_HANDLE_H
#define MG_MESSAGES_HANDLE_H

#include "core/store.h"

/* What travels in a message: valid in this process only. 0 is no handle. */
typedef uint64_t mg_handle_t;

/* --- views: state -> one reader -> state --- */
typedef struct mg_viewref mg_viewref_t;

/* State: wraps an open view. NULL: out of memory. */
mg_viewref_t *mg_viewref_new(mg_view_t *view);
/* State: hands it over; put the result into the reply. */
mg_handle_t mg_viewref_send(mg_viewref_t *self);
/* Reader: takes over what a reply carried. */
mg_viewref_t *mg_viewref_take(mg_handle_t handle);
/* Reader: the view, until mg_viewref_give_back. */
const mg_view_t *mg_viewref_view(const mg_viewref_t *self);
/* Reader: last touch; send ReleaseView afterwards to wake the state actor. */
void mg_viewref_give_back(mg_viewref_t **self_p);
/* State: true once the reader has given it back. */
bool mg_viewref_is_back(const mg_viewref_t *self);
/* State: frees the wrapper and returns its view, to be released in the store. */
mg_view_t *mg_viewref_unwrap(mg_viewref_t **self_p);

/* --- stores: builder -> state --- */
/* Builder: gives the store away (sets *store_p to NULL). 0: out of memory, the store stays the caller's. */
mg_handle_t mg_storeref_send(mg_store_t **store_p);
/* State: the store is now its own. */
mg_store_t *mg_storeref_take(mg_handle_t handle);

#endif
