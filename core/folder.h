/* folder - where dumps live: the folder, its stem, its lock, what is in it.
 *
 * Owns     : the folder's descriptor and its lock; both end with it.
 * Thread   : one at a time.
 * Fails    : MG_ERR_IO when the folder is unusable (exit 73), with a sentence that names it and what mends it;
 *            MG_ERR_BUSY when another process holds the lock, with that one's own words.
 * Not here : how files are called (core/dumpname.h), the lock itself (core/folderlock.h), writing a dump (core/dumpfile.h), judging
 *            what is there (core/candidates.h), paths from outside (core/folderpath.h).
 * Source   : design.md R3 and R8, dump-format.md sections 8 and 9.
 */
#ifndef MG_CORE_FOLDER_H
#define MG_CORE_FOLDER_H

#include "core/dumpname.h"
#include "core/folderlock.h"

enum { MG_FOLDER_NAMES_MAX = 4096 };

typedef struct mg_folder mg_folder_t;

/* Opens the folder that MEM_DUMP_PATH names. An existing folder or a trailing '/': that folder and MG_STEM_DEFAULT;
 * otherwise its dirname, and its basename without extension as stem. A relative one is created below the working
 * directory with all that is missing; of an absolute one only the last folder is. */
MG_MUST_USE mg_status_t mg_folder_open(const mg_file_ops_t *io,
                                       const char *hint,
                                       const mg_folder_owner_t *owner,
                                       mg_folder_t **out,
                                       mg_fault_t *why);
/* A folder that is only looked at: it must be there, need not be writable, and is never locked. */
MG_MUST_USE mg_status_t mg_folder_open_to_read(const mg_file_ops_t *io,
                                               const char *path,
                                               const char *stem,
                                               mg_folder_t **out,
                                               mg_fault_t *why);
/* A folder by descriptor (taken over even on failure), e.g. of a confined path; `shown` is how it is named to people. */
MG_MUST_USE mg_status_t mg_folder_adopt(const mg_folder_t *root,
                                        int dir,
                                        const char *shown,
                                        const char *stem,
                                        mg_folder_t **out);
/* Closes both descriptors (which gives the lock up), frees, sets *self_p = NULL; NULL-safe. */
void mg_folder_destroy(mg_folder_t **self_p);

/* Takes the lock and writes who holds it; then removes leftovers of a writer that died. MG_ERR_BUSY: somebody else has
 * it. */
MG_MUST_USE mg_status_t mg_folder_lock(mg_folder_t *self, mg_fault_t *why);
/* Looks whether we still hold the lock (core/folderlock.h): MG_OK, MG_ERR_FENCED, MG_ERR_IO. */
MG_MUST_USE mg_status_t mg_folder_check_lock(const mg_folder_t *self, mg_fault_t *why);
/* The newest generation that a holder of the lock noted; the next one is noted when a dump is published, and only as long as
 * the lock is ours: writing our name into its successor's file would fence that one too. */
uint64_t mg_folder_noted_generation(const mg_folder_t *self);
void mg_folder_note_generation(mg_folder_t *self, uint64_t generation);

/* Names of the dumps, newest name first, at most MG_FOLDER_NAMES_MAX; regular files only, those that mg_dumpname_is_dump
 * takes. The caller frees *out. */
MG_MUST_USE mg_status_t mg_folder_list(const mg_folder_t *self,
                                       mg_dumpname_t **out,
                                       size_t *out_count,
                                       mg_fault_t *why);
/* Opens a dump for reading: no symlink, no device, no waiting. -1 and errno; ENOENT: no such regular file. */
int mg_folder_open_dump(const mg_folder_t *self, const char *name);

/* The name of a dump made at `created_ns` (Unix time). */
void mg_folder_name(const mg_folder_t *self,
                    int64_t created_ns,
                    uint64_t generation,
                    mg_dumpname_t *out);
/* The name of a dump by a writer that has lost its lock: `<stem>.orphan-<instance8>-...`; no start takes it. */
void mg_folder_orphan_name(const mg_folder_t *self,
                           int64_t created_ns,
                           uint64_t generation,
                           mg_dumpname_t *out);
/* The name of the temporary file it grows in. */
void mg_folder_temp_name(const mg_folder_t *self, uint64_t generation, mg_dumpname_t *out);

/* True if the path that it was opened by names another folder by now, or none: deleted, renamed, or mounted over. The next
 * start looks at what the path names, so a dump in this one is as good as lost. */
bool mg_folder_is_moved(const mg_folder_t *self);
/* True if both lie on one file system. */
bool mg_folder_is_same_disk(const mg_folder_t *self, const mg_folder_t *other);
/* True if both are the same folder of the disk with the same stem, so that one lock serves both. */
bool mg_folder_is_same(const mg_folder_t *self, const mg_folder_t *other);

/* The folder as an absolute path without a trailing '/'. */
const char *mg_folder_path(const mg_folder_t *self);
const char *mg_folder_stem(const mg_folder_t *self);
/* Its descriptor; stays the folder's. */
int mg_folder_dir(const mg_folder_t *self);
const mg_file_ops_t *mg_folder_io(const mg_folder_t *self);

#endif
