/* source - documents in order, from a dump file (MGD1 or Doorman's) or from the running server: one after the other, as the
 * caller asks for them.
 *
 * Owns     : the open file or export session, and the documents it has at hand; one chunk or page of them (a Doorman dump is
 *            held whole).
 * Thread   : main.
 * Fails    : each failure prints one sentence on stderr and gives the exit code to end with.
 * Not here : what is done with documents (cli/export.c, cli/compare.h).
 * Source   : dump-format.md sections 5, 6 and 11. Collections ascend by name, in each the documents by key; Meta records are
 *            left out.
 *
 * A file is only known to be whole once mg_source_next has said that there are no more.
 */
#ifndef MG_CLI_SOURCE_H
#define MG_CLI_SOURCE_H

#include "cli/client.h"
#include "core/buf.h"

typedef struct mg_source_document {
    mg_slice_t collection;
    mg_slice_t key;
    mg_slice_t body;
    int64_t expires_ns;
    uint64_t rev;
} mg_source_document_t;

/* Which documents: all, those of one collection, or one of them. */
typedef struct mg_source_filter {
    const char *collection; /* NULL: all */
    const char *key;        /* NULL: all; goes with a collection */
    bool strict;            /* a collection that is not there is refused (MISSING), not empty */
} mg_source_filter_t;

typedef struct mg_docsource mg_docsource_t;

/* Opens a file with the configured keys, or those in `key_file` unless that is NULL. */
mg_exit_t mg_docsource_open_file(const char *file,
                                 const mg_config_t *config,
                                 const char *key_file,
                                 const mg_source_filter_t *filter,
                                 mg_docsource_t **out);
/* One view of the running server; the client is borrowed. */
mg_exit_t
mg_docsource_open_live(mg_client_t *client, const mg_source_filter_t *filter, mg_docsource_t **out);
/* NULL-safe. */
void mg_docsource_close(mg_docsource_t **self_p);

/* The next document, valid until the next call; *out = NULL behind the last one. */
mg_exit_t mg_docsource_next(mg_docsource_t *self, const mg_source_document_t **out);

#endif
