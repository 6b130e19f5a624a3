/* json - BSON to JSON text and back.
 *
 * Owns     : nothing.
 * Fails    : MG_ERR_INVALID with a position and a reason for text that is not JSON or not storable.
 * Not here : the rules for stored BSON (core/bsoncheck.h).
 * Source   : RFC 8259; MongoDB Extended JSON v2 for MG_JSON_EXTENDED.
 *
 * Two dialects. MG_JSON_PLAIN is what HTTP clients see: numbers are numbers, dates are RFC 3339 text, binary is base64
 * text, decimal128 its digits. MG_JSON_EXTENDED loses nothing: an int64 is a plain number, and what JSON cannot tell apart
 * is written {"$numberInt"}, {"$date"}, {"$binary"}, {"$oid"}, {"$numberDecimal"}, {"$numberDouble"} (NaN, infinities).
 * A stored object that looks like such a form is written {"$literal": {...}}, which stands for exactly that object.
 * Reading: an integer becomes int64 (never int32), any other number a double.
 */
#ifndef MG_CORE_JSON_H
#define MG_CORE_JSON_H

#include "core/buf.h"

#include <bson/bson.h>
#include <jansson.h>

#include <stdbool.h>

typedef enum mg_json_dialect { MG_JSON_PLAIN, MG_JSON_EXTENDED } mg_json_dialect_t;

enum { MG_JSON_DEPTH_MAX = 64 /* levels, the same as BSON's */ };

typedef struct mg_json_error {
    size_t at;        /* byte offset in the text */
    uint32_t line;    /* from 1 */
    uint32_t column;  /* from 1, in characters */
    const char *text; /* the reason, a static phrase without a full stop */
} mg_json_error_t;

/* Appends the document as one JSON object, no spaces, no newline. `omit`: top-level fields to leave out,
 * NULL-terminated, or NULL. Fails MG_ERR_INVALID on BSON it cannot walk. */
MG_MUST_USE mg_status_t mg_json_write(mg_slice_t document,
                                      mg_json_dialect_t dialect,
                                      const char *const *omit,
                                      mg_buf_t *out);
/* Appends `text` as a JSON string with its quotes; bytes that are not UTF-8 become U+FFFD. */
void mg_json_write_text(mg_slice_t text, mg_buf_t *out);

/* Whether `name` is that of a form: an object with this one member is not an ordinary one in MG_JSON_EXTENDED. */
bool mg_json_is_form(const char *name);
/* Parses one JSON object strictly (UTF-8, no duplicate keys, nothing behind it); the caller json_decrefs it.
 * Fails MG_ERR_INVALID with `error` filled. */
MG_MUST_USE mg_status_t mg_json_parse(mg_slice_t text, json_t **out, mg_json_error_t *error);
/* Appends the JSON object to `out` as a BSON document. Fails MG_ERR_INVALID (depth, `$` forms that make no
 * sense in MG_JSON_EXTENDED), MG_ERR_TOO_BIG, MG_ERR_NO_MEMORY. */
MG_MUST_USE mg_status_t mg_json_to_bson(const json_t *object,
                                        mg_json_dialect_t dialect,
                                        mg_buf_t *out);
/* One JSON value under `key` into a document being built; same failures. */
MG_MUST_USE mg_status_t mg_json_append(bson_t *to,
                                       const char *key,
                                       const json_t *value,
                                       mg_json_dialect_t dialect);

#endif
