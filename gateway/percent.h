/* percent - %XX escapes and query strings, strictly.
 *
 * Owns     : nothing; decoded text goes into the caller's buffer.
 * Fails    : MG_ERR_INVALID for an escape that is not two hex digits, a control character (%00, %0d, ...), or bytes that
 *            are not UTF-8 after decoding; MG_ERR_TOO_BIG past MG_QUERY_MAX parameters.
 * Not here : which bytes may stand in a target at all (gateway/gate.h), paths and patterns (gateway/routes.h).
 * Source   : RFC 3986 section 2.1; the library's own decoder is lenient and therefore off.
 */
#ifndef MG_GATEWAY_PERCENT_H
#define MG_GATEWAY_PERCENT_H

#include "core/buf.h"

enum { MG_QUERY_MAX = 32 /* parameters of one query string */ };

/* Appends the decoded bytes of one path segment or parameter. plus_is_space: as in query strings. */
MG_MUST_USE mg_status_t mg_percent_decode(mg_slice_t text, bool plus_is_space, mg_buf_t *out);

/* The decoded parameters of one query string, in the order they came. Start from zero. */
typedef struct mg_query {
    mg_buf_t text;                   /* decoded names and values, end to end */
    uint32_t name_len[MG_QUERY_MAX]; /* bytes of each name, which stands right before its value */
    uint32_t value_len[MG_QUERY_MAX];
    size_t count;
} mg_query_t;

/* Reads `text` (without its '?'); frees nothing on failure: call mg_query_free in any case. */
MG_MUST_USE mg_status_t mg_query_read(mg_slice_t text, mg_query_t *out);
/* The value of the last parameter of that name; data NULL when there is none. */
mg_slice_t mg_query_get(const mg_query_t *self, const char *name);
void mg_query_free(mg_query_t *self);

#endif
