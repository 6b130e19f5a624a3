/* compare - what differs between two sources of documents, found in one pass over both.
 *
 * Owns     : nothing; both sources are the caller's.
 * Thread   : main.
 * Fails    : with the sources' exit codes, or with what the receiver returned.
 * Not here : how differences are shown (cli/differences.h) or undone (cli/restore.c).
 *
 * Two documents of one key are the same when body and expiry are; when they were written does not matter.
 */
#ifndef MG_CLI_COMPARE_H
#define MG_CLI_COMPARE_H

#include "cli/source.h"

/* A document that is not the same on both sides: NULL where it is not there, which is at most one of them. */
typedef mg_exit_t
mg_compare_fn(void *arg, const mg_source_document_t *before, const mg_source_document_t *after);

mg_exit_t
mg_compare_run(mg_docsource_t *before, mg_docsource_t *after, mg_compare_fn *each, void *arg);

#endif
