/* headers - the header lines of a request that memgate reads, found once, while its head is walked.
 *
 * Owns     : nothing: values are slices of the head, as long as that lives.
 * Thread   : one per instance.
 * Takes    : each line of the head, in order.
 * Fails    : never; lines that nobody reads are passed over.
 * Not here : what a head may look like (gateway/gate.h).
 * Source   : RFC 9110 section 5; names without regard to case.
 */
#ifndef MG_GATEWAY_HEADERS_H
#define MG_GATEWAY_HEADERS_H

#include "core/buf.h"

typedef enum mg_header_id {
    MG_HEADER_ACCEPT_ENCODING,
    MG_HEADER_AUTHORIZATION,
    MG_HEADER_CF_CONNECTING_IP,
    MG_HEADER_COOKIE,
    MG_HEADER_HOST,
    MG_HEADER_IDEMPOTENCY_KEY,
    MG_HEADER_IF_MATCH,
    MG_HEADER_IF_NONE_MATCH,
    MG_HEADER_ORIGIN,
    MG_HEADER_REQUEST_ID,
    MG_HEADER_X_CSRF_TOKEN,
    MG_HEADER_X_FORWARDED_FOR,
    MG_HEADER_X_FORWARDED_FOR_LAST, /* the line that the nearest proxy wrote, where it adds one and does not extend one */
    MG_HEADER_X_FORWARDED_PROTO,
    MG_HEADER_X_IS_TEST,
    MG_HEADER_X_REAL_IP,
    MG_HEADER_X_REQUEST_ID,
    MG_HEADERS
} mg_header_id_t;

/* The first line of each name, where the id does not say otherwise. Start from zero. data NULL: no such line; a line without a value
 * has data and no length. */
typedef struct mg_headers {
    mg_slice_t value[MG_HEADERS];
} mg_headers_t;

void mg_headers_note(mg_headers_t *self, mg_slice_t name, mg_slice_t value);

#endif
