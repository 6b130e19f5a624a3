/* putback - brings documents of a dump back into the running server, batch by batch.
 *
 * Owns     : the batch being filled.
 * Thread   : main.
 * Fails    : as the sources and the server do; a document that somebody changed since it was looked at is not overwritten: 65, with
 *            what was stored before it.
 * Not here : restoring a whole dump (the server does that).
 *
 * Only documents that differ are written. Each batch is atomic, up to MG_PUTBACK_DOCUMENTS documents or MG_PUTBACK_BYTES, and
 * holds for each document the condition that it is still as it was when it was compared.
 */
#ifndef MG_CLI_PUTBACK_H
#define MG_CLI_PUTBACK_H

#include "cli/compare.h"

enum { MG_PUTBACK_DOCUMENTS = 1000, MG_PUTBACK_BYTES = 1 << 20 };

typedef struct mg_putback {
    mg_client_t *client;
    const mg_source_filter_t *filter; /* what `live` and `dump` were opened with */
    bool delete_missing;              /* also remove what only the server has */
    bool json;
} mg_putback_t;

/* Makes the server's part like the dump's, and prints what it did. */
mg_exit_t mg_putback_run(const mg_putback_t *self, mg_docsource_t *live, mg_docsource_t *dump);

#endif
