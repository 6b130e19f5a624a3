/* blocksource - an open file as the source of a dump reader, read in large blocks past the page cache where that works: what is proved
 * is what the disk holds, nobody else's pages are pushed out for it, and no fresh page is touched for each one read.
 *
 * Owns     : one block; the descriptor stays its opener's.
 * Thread   : one at a time.
 * Fails    : as mg_source_t says: -errno.
 * Not here : a piece of a file (core/filesource.h).
 * Source   : open(2), O_DIRECT.
 */
#ifndef MG_CORE_BLOCKSOURCE_H
#define MG_CORE_BLOCKSOURCE_H

#include "core/dumpreader.h"
#include "core/file.h"

typedef struct mg_blocksource mg_blocksource_t;

/* Reads `fd` from its beginning on, whatever its position. NULL: out of memory. */
mg_blocksource_t *mg_blocksource_new(const mg_file_ops_t *io, int fd);
/* Frees, leaves the descriptor to ordinary reads, sets *self_p = NULL, NULL-safe. */
void mg_blocksource_destroy(mg_blocksource_t **self_p);

/* Valid as long as `self`. */
mg_source_t mg_blocksource_source(mg_blocksource_t *self);

#endif
