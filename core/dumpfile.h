/* dumpfile - one dump on its way to the disk: a temporary file that gets its name only when it is whole and safe.
 *
 * Owns     : the temporary file and its descriptor; unless it was published, the file goes with the object.
 * Thread   : one at a time.
 * Fails    : MG_ERR_IO with errno and a sentence. After any failure the file is worthless: destroy it, write a new one
 *            (a failed fsync is final: dump-format.md section 8).
 * Not here : the bytes (core/dumpwriter.h), retention.
 * Source   : dump-format.md section 8, steps 2-6.
 */
#ifndef MG_CORE_DUMPFILE_H
#define MG_CORE_DUMPFILE_H

#include "core/dumpwriter.h"
#include "core/folder.h"

typedef struct mg_dumpfile mg_dumpfile_t;

/* Step 2: creates the temporary file and asks for room: `estimate` bytes, so that a full disk shows early. The folder
 * is borrowed and its lock held. */
MG_MUST_USE mg_status_t mg_dumpfile_create(const mg_folder_t *folder,
                                           uint64_t generation,
                                           uint64_t estimate,
                                           mg_dumpfile_t **out,
                                           mg_fault_t *why);
/* Closes; removes the temporary file unless it was published. Sets *self_p = NULL; NULL-safe. */
void mg_dumpfile_destroy(mg_dumpfile_t **self_p);

/* Where the dump writer puts its bytes; what went wrong there is in mg_dumpfile_fault. */
mg_sink_t mg_dumpfile_sink(mg_dumpfile_t *self);
const mg_fault_t *mg_dumpfile_fault(const mg_dumpfile_t *self);

/* Step 3: fsync. */
MG_MUST_USE mg_status_t mg_dumpfile_sync(mg_dumpfile_t *self, mg_fault_t *why);
/* Step 4: drops the file from the page cache where that works and opens it anew by name, read-only: the same inode, or
 * MG_ERR_IO. *out_fd is the caller's. */
MG_MUST_USE mg_status_t mg_dumpfile_reopen(const mg_dumpfile_t *self, int *out_fd, mg_fault_t *why);
/* Step 4, the short form: size, header and footer on the disk are those that were written. */
MG_MUST_USE mg_status_t mg_dumpfile_check_ends(const mg_dumpfile_t *self,
                                               const mg_dumpwriter_t *writer,
                                               mg_fault_t *why);
/* Steps 5 and 6: closes, renames without overwriting, makes the name durable. MG_ERR_EXISTS: there is such a file
 * already (a bug, or a second writer). When only the folder's own fsync failed the dump has its name but may lose it in
 * a power cut: MG_ERR_UNSURE, and the file stays. */
MG_MUST_USE mg_status_t mg_dumpfile_publish(mg_dumpfile_t *self,
                                            const mg_dumpname_t *name,
                                            mg_fault_t *why);
/* The same, but in the place of the dump that has this name: for a file with the same payload (core/reseal.h). */
MG_MUST_USE mg_status_t mg_dumpfile_replace(mg_dumpfile_t *self,
                                            const mg_dumpname_t *name,
                                            mg_fault_t *why);
/* False when the file system can not sync folders: then the name is as durable as it makes it. */
bool mg_dumpfile_is_folder_synced(const mg_dumpfile_t *self);

#endif
