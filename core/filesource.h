/* filesource - an open file as the source of a dump reader.
 *
 * Owns     : nothing; the descriptor stays its opener's.
 * Thread   : one at a time.
 * Fails    : as mg_source_t says: -errno.
 * Not here : opening (core/folder.h).
 */
#ifndef MG_CORE_FILESOURCE_H
#define MG_CORE_FILESOURCE_H

#include "core/dumpreader.h"
#include "core/file.h"

typedef struct mg_filesource {
    const mg_file_ops_t *io;
    int fd; /* read from its position on */
} mg_filesource_t;

/* A source that reads from `self`, which outlives it. */
mg_source_t mg_filesource(mg_filesource_t *self);

#endif
