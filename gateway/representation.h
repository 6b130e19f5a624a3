/* representation - JSON and ETag of stored documents, made once per version of a document instead of once per request.
 *
 * Owns     : a bounded cache of both.
 * Thread   : one per instance, no locks.
 * Takes    : entries of a view. Same address and same rev mean the same document, as long as no Swap came between.
 * Fails    : without memory, and on a document that JSON can not say, the result is NULL.
 * Not here : who may see a document (gateway/resource.h).
 * Source   : RFC 9110 section 3.2 for the word; design.md section 3 for address and rev.
 */
#ifndef MG_GATEWAY_REPRESENTATION_H
#define MG_GATEWAY_REPRESENTATION_H

#include "core/entry.h"

enum {
    MG_REPRESENTATIONS_MAX = 1024, /* kept at once, */
    MG_REPRESENTATION_BYTES_MAX =
        8192, /* each of at most this many bytes of JSON: a longer one is made anew each time */
    MG_ETAG_TEXT = 48 /* bytes of an ETag with its quotes and its NUL */
};

typedef struct mg_representation {
    const mg_entry_t *entry;
    uint64_t rev;
    const char *const
        *omit; /* top-level fields left out: the same document may be shown in two ways */
    mg_buf_t json;
    char etag[MG_ETAG_TEXT]; /* "<rev>-<XXH3 of the body>" */
} mg_representation_t;

typedef struct mg_representations mg_representations_t;

/* NULL: out of memory. */
mg_representations_t *mg_representations_new(void);
void mg_representations_destroy(mg_representations_t **self_p);
/* Forgets everything: after a Swap. */
void mg_representations_clear(mg_representations_t *self);

/* The document without the fields of `omit` (static, NULL-terminated, or NULL). Valid until the next call. */
const mg_representation_t *
mg_representation_of(mg_representations_t *self, const mg_entry_t *entry, const char *const *omit);

/* The ETag alone. */
void mg_etag_write(const mg_entry_t *entry, char out[MG_ETAG_TEXT]);
/* The ETag of the same bytes packed by gzip: other bytes have another strong ETag (RFC 9110 section 8.8.3.3). */
void mg_etag_write_packed(const char *etag, char out[MG_ETAG_TEXT]);

#endif
