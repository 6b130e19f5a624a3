/* differences - shows what differs between two sources: a line for each document, then counts per collection.
 *
 * Owns     : nothing between calls; memory does not grow with the documents, only with the collections.
 * Thread   : main.
 * Fails    : MG_EXIT_DIFFERENT when something differs; else as the sources do, or 74 when standard output can not be written.
 */
#ifndef MG_CLI_DIFFERENCES_H
#define MG_CLI_DIFFERENCES_H

#include "cli/compare.h"

/* Prints how `after` differs from `before`; `json`: as one object. */
mg_exit_t mg_differences_print(mg_docsource_t *before, mg_docsource_t *after, bool json);

#endif
