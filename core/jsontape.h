/* jsontape - JSON text as a flat list of tokens, in the dialect that Python's json module reads and writes.
 *
 * Owns     : the tokens; the text stays the caller's and must outlive them.
 * Thread   : any; pure functions of bytes.
 * Fails    : MG_ERR_INVALID with a static phrase for text that is not JSON, is not UTF-8 or is nested too deep;
 *            MG_ERR_NO_MEMORY. No recursion.
 * Not here : what HTTP and NDJSON take (core/json.h): that is stricter and loses what this keeps, such as the digits of large
 *            numbers, repeated keys, lone surrogates.
 * Source   : RFC 8259 and Python's additions: bare NaN, Infinity, -Infinity.
 */
#ifndef MG_CORE_JSONTAPE_H
#define MG_CORE_JSONTAPE_H

#include "core/buf.h"

enum {
    MG_JSONTAPE_DEPTH_MAX = 128,            /* levels of a text */
    MG_JSONTAPE_ALL = MG_JSONTAPE_DEPTH_MAX /* as many as there may be */
};

typedef enum mg_jsonkind {
    MG_JSON_OBJECT, /* its children: key, value, key, value, ... */
    MG_JSON_ARRAY,
    MG_JSON_TEXT,
    MG_JSON_INTEGER,
    MG_JSON_DOUBLE, /* with '.' or exponent */
    MG_JSON_NAN,
    MG_JSON_INFINITY,
    MG_JSON_MINUS_INFINITY,
    MG_JSON_TRUE,
    MG_JSON_FALSE,
    MG_JSON_NULL
} mg_jsonkind_t;

typedef struct mg_jsontoken {
    mg_jsonkind_t kind;
    size_t at;   /* in the text; a text's begins behind its quote */
    size_t len;  /* bytes; a text without its quotes, still escaped */
    size_t next; /* index of the token behind it and its children */
} mg_jsontoken_t;

/* Start from zero. */
typedef struct mg_jsontape {
    mg_jsontoken_t *tokens;
    size_t count;
    size_t room;
} mg_jsontape_t;

/* Scans `text`, which holds one value and white space. Tokens are kept down to `levels` levels; a container at the last one has
 * no children in the tape. What is deeper is checked all the same. */
MG_MUST_USE mg_status_t mg_jsontape_scan(mg_jsontape_t *self,
                                         mg_slice_t text,
                                         int levels,
                                         const char **out_why);
void mg_jsontape_free(mg_jsontape_t *self);

/* The bytes of a token in its text. */
mg_slice_t mg_jsontape_bytes(const mg_jsontoken_t *token, mg_slice_t text);
/* Appends an escaped text as UTF-8; returns how many lone surrogates became U+FFFD. */
size_t mg_jsontape_decode(mg_slice_t escaped, mg_buf_t *out);
/* True if the escaped text says exactly `plain`, which is ASCII. */
bool mg_jsontape_is(const mg_jsontoken_t *token, mg_slice_t text, const char *plain);

#endif
