/* conditional - If-Match and If-None-Match of requests about one document.
 *
 * Owns     : nothing.
 * Fails    : a header that is no list of ETags matches nothing.
 * Not here : how an ETag is made (gateway/representation.h).
 * Source   : RFC 9110 sections 8.8.3.3 and 13.1. An answer that is packed has an ETag of its own. For a write both are the document. A failed If-Match counts only where the request would have been done otherwise: a document that is
 *            not there gets the resource's own answer.
 */
#ifndef MG_GATEWAY_CONDITIONAL_H
#define MG_GATEWAY_CONDITIONAL_H

#include "core/entry.h"
#include "gateway/representation.h"
#include "gateway/request.h"

/* True when the list of ETags in `header` (or `*`) has this one. Weak ones (`W/"..."`) count only when `weak`. */
bool mg_conditional_lists(mg_slice_t header, const char *etag, bool weak);
/* True when If-None-Match says that the client has this version, as it is or in a coding that it takes: 304. `etag` becomes the one that
 * it has. */
bool mg_conditional_is_known(const mg_request_t *request, char etag[MG_ETAG_TEXT]);
/* False when If-Match names another version than this entry: it has answered 412. */
bool mg_conditional_holds(mg_request_t *request, const mg_entry_t *entry);

#endif
