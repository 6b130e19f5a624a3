/* ndjson - lines of a stream, each one document to import.
 *
 * Owns     : the line being read.
 * Fails    : MG_ERR_INVALID for a line that is no JSON object or can not be stored, with a sentence; MG_ERR_TOO_BIG for a
 *            line over MG_NDJSON_LINE_MAX or a document over 16 MiB; MG_ERR_NO_MEMORY.
 * Not here : where the lines come from, what is done with the document (cli/import.c).
 * Source   : one JSON object a line; Extended JSON as core/json.h says. Without a collection of its own each line is what
 *            `memgate export` writes: {"collection": ..., "key": ..., "document": {...}}.
 */
#ifndef MG_CLI_NDJSON_H
#define MG_CLI_NDJSON_H

#include "core/buf.h"

enum {
    MG_NDJSON_LINE_MAX =
        32 << 20 /* bytes; escapes may make text longer than the document it stands for */
};

/* One line as an operation on the state; buffers are the caller's and are appended to. */
typedef struct mg_ndjson_document {
    mg_buf_t collection;
    mg_buf_t key; /* empty: by the document's own fields */
    mg_buf_t body;
} mg_ndjson_document_t;

/* Parses one line (without its newline). collection: NULL when the line names it itself. `why` gets a sentence. */
MG_MUST_USE mg_status_t mg_ndjson_parse(mg_slice_t line,
                                        const char *collection,
                                        mg_ndjson_document_t *out,
                                        char why[256]);
void mg_ndjson_free(mg_ndjson_document_t *document);

#endif
