/* ndjson - lines of a stream, each one document: read for import, written by export, without any loss.
 *
 * Owns     : the line being read.
 * Fails    : MG_ERR_INVALID for a line that is no JSON object or can not be stored, with a sentence; MG_ERR_TOO_BIG for a
 *            line over MG_NDJSON_LINE_MAX or a document over 16 MiB; MG_ERR_NO_MEMORY.
 * Not here : where the lines come from, what is done with the document (cli/import.c, cli/export.c).
 * Source   : docs/adr/0006-json-dialects.md; one JSON object a line, Extended JSON as core/json.h says.
 *
 * Two kinds of stream. A whole state: each line is {"collection", "key", "document", "expires_ns"}. One collection: the line
 * is the document itself, or, when it has an expiry, a key that its fields do not tell, or can not be said in JSON,
 * {"$key", "$document", "$expires_ns"}: no stored document has a field that begins with '$'. expires_ns (nanoseconds since
 * 1970) is left out when there is none. A document that JSON would change is {"$binary": ...} of its BSON.
 */
#ifndef MG_CLI_NDJSON_H
#define MG_CLI_NDJSON_H

#include "core/buf.h"

enum {
    MG_NDJSON_LINE_MAX =
        32 << 20, /* bytes; escapes may make text longer than the document it stands for */
    MG_NDJSON_WHY_SIZE = 256
};

/* One line as an operation on the state; buffers are the caller's and are appended to. */
typedef struct mg_ndjson_document {
    mg_buf_t collection;
    mg_buf_t key; /* never empty: as the line says, else by the document's own fields */
    mg_buf_t body;
    int64_t expires_ns; /* 0: never */
} mg_ndjson_document_t;

/* A stored document to write. */
typedef struct mg_ndjson_source {
    mg_slice_t collection;
    mg_slice_t key;
    mg_slice_t body;
    int64_t expires_ns;
} mg_ndjson_source_t;

/* Parses one line (without its newline). collection: NULL when the line names it itself. `why` gets a phrase that begins
 * with the column, the field or the member, without a full stop. */
MG_MUST_USE mg_status_t mg_ndjson_parse(mg_slice_t line,
                                        const char *collection,
                                        mg_ndjson_document_t *out,
                                        char why[MG_NDJSON_WHY_SIZE]);
void mg_ndjson_free(mg_ndjson_document_t *document);

/* Appends the document's line, without a newline, to `out`: in the first form that mg_ndjson_parse reads back as exactly this
 * document. `collection` as there. MG_ERR_INVALID: no form does, so the server gave what can not be stored. */
MG_MUST_USE mg_status_t mg_ndjson_write(const mg_ndjson_source_t *source,
                                        const char *collection,
                                        mg_buf_t *out);
/* Appends a collection or a key: a JSON string where it is text, else a `$binary` form. */
MG_MUST_USE mg_status_t mg_ndjson_write_name(mg_slice_t name, mg_buf_t *out);

#endif
