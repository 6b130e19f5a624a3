/* dumpwriter - the order of a dump's parts: header, sealed chunks 0, 1, 2, ..., footer.
 *
 * Owns     : the file's keys (wiped at the end), the header's bytes, running totals and file_check.
 * Thread   : one at a time. Chunks are sealed elsewhere (core/chunk.h) and handed over in order.
 * Fails    : with what the sink returned, MG_ERR_NO_MEMORY, or MG_ERR_INVALID for a header that breaks a rule. After a
 *            failure the file is worthless: never resumed, never patched (dump-format.md section 7).
 * Not here : files and fsync (core/folder.h).
 * Source   : dump-format.md section 4.
 */
#ifndef MG_CORE_DUMPWRITER_H
#define MG_CORE_DUMPWRITER_H

#include "core/chunk.h"
#include "core/dumpfooter.h"

/* Where the bytes go: all of them, or a failure. */
typedef struct mg_sink {
    mg_status_t (*write)(void *arg, mg_slice_t bytes);
    void *arg;
} mg_sink_t;

typedef struct mg_dumpwriter mg_dumpwriter_t;

/* NULL: out of memory. */
mg_dumpwriter_t *mg_dumpwriter_new(mg_sink_t sink);
/* Wipes and frees, sets *self_p = NULL, NULL-safe. */
void mg_dumpwriter_destroy(mg_dumpwriter_t **self_p);

/* Seals and writes the header; completes header_len, key_id and commit of it. */
MG_MUST_USE mg_status_t mg_dumpwriter_begin(mg_dumpwriter_t *self,
                                            mg_dumpheader_t *header,
                                            const mg_master_t *master);
/* The file's keys, for the sealers; after begin. */
const mg_filekeys_t *mg_dumpwriter_keys(const mg_dumpwriter_t *self);
/* Writes the next chunk. MG_ERR_BAD_MESSAGE, and nothing written, when it is not the one that is due. */
MG_MUST_USE mg_status_t mg_dumpwriter_chunk(mg_dumpwriter_t *self,
                                            const mg_frame_t *frame,
                                            mg_slice_t chunk,
                                            const uint8_t leaf[MG_LEAF_SIZE]);
/* Writes the footer after the last chunk. The caller has set record_count, document_count, collection_count and
 * finished_at; the rest is filled in. */
MG_MUST_USE mg_status_t mg_dumpwriter_finish(mg_dumpwriter_t *self, mg_dumpfooter_t *footer);

/* The header's bytes (after begin) and the footer's (after finish), to compare with what a disk gives back. */
mg_slice_t mg_dumpwriter_header_bytes(const mg_dumpwriter_t *self);
mg_slice_t mg_dumpwriter_footer_bytes(const mg_dumpwriter_t *self);
/* Bytes written so far. */
uint64_t mg_dumpwriter_size(const mg_dumpwriter_t *self);

#endif
