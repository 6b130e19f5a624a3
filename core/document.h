/* document - reading and changing BSON documents field by field.
 *
 * Owns     : nothing; slices point into the document that was given.
 * Takes    : BSON that mg_bson_check has accepted (core/bsoncheck.h); every stored document has. An empty slice is a document without fields.
 * Fails    : a field that is missing or of another type reads as the default.
 * Not here : JSON (core/json.h).
 */
#ifndef MG_CORE_DOCUMENT_H
#define MG_CORE_DOCUMENT_H

#include "core/buf.h"

#include <bson/bson.h>

/* A slice over a finished bson_t; valid as long as that. */
mg_slice_t mg_document_slice(const bson_t *bson);
/* Finds a top-level field; false when it is not there. */
bool mg_document_find(mg_slice_t document, const char *field, bson_iter_t *out);
/* Text of a string field; an empty slice (data NULL) when it is missing or not a string. */
mg_slice_t mg_document_text(mg_slice_t document, const char *field);
/* True when the string field equals `text`. */
bool mg_document_text_is(mg_slice_t document, const char *field, const char *text);
bool mg_document_bool(mg_slice_t document, const char *field, bool otherwise);
/* int32, int64, double (cut towards zero) or bool as an integer. */
int64_t mg_document_int(mg_slice_t document, const char *field, int64_t otherwise);
/* The bytes of a string or of a binary field; data NULL when neither. */
mg_slice_t mg_document_bytes(mg_slice_t document, const char *field);

/* `base` with the top-level fields of `patch` in their place (order of base kept, new fields behind), appended to
 * `out`. Fails MG_ERR_INVALID: not BSON; MG_ERR_TOO_BIG: over MG_DOCUMENT_MAX; MG_ERR_NO_MEMORY. */
MG_MUST_USE mg_status_t mg_document_merge(mg_slice_t base, mg_slice_t patch, mg_buf_t *out);

#endif
