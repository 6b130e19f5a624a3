/* coding - content coding of answers: gzip, for clients that take it.
 *
 * Owns     : one compressor, used for one answer after the other.
 * Thread   : one per instance.
 * Fails    : MG_ERR_NO_MEMORY; the answer then goes out as it is.
 * Not here : which answers are worth it (gateway/exchange.c).
 * Source   : RFC 9110 sections 8.4.1 and 12.5.3; platform-api.md section 1.
 */
#ifndef MG_GATEWAY_CODING_H
#define MG_GATEWAY_CODING_H

#include "core/buf.h"

/* True if an Accept-Encoding header takes gzip: by name, or by `*`, with a quality above 0. Not sent (data NULL): false. */
bool mg_coding_takes_gzip(mg_slice_t accept_encoding);

typedef struct mg_gzip mg_gzip_t;

/* level: 1 (fast) to 9 (small). NULL: out of memory. */
mg_gzip_t *mg_gzip_new(int level);
/* Wipes nothing but what zlib holds of the last answer; sets *self_p = NULL, NULL-safe. */
void mg_gzip_destroy(mg_gzip_t **self_p);
/* Appends `bytes` as one gzip member to `out`. */
MG_MUST_USE mg_status_t mg_gzip_pack(mg_gzip_t *self, mg_slice_t bytes, mg_buf_t *out);

#endif
