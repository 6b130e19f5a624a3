/* folderlock - who may write in a dump folder: the lock file `.<stem>.lock`, what its holder says of itself, and whether we
 * still are the one.
 *
 * Owns     : the lock file's descriptor; its end gives the lock up. The file itself is never removed.
 * Thread   : one at a time.
 * Fails    : MG_ERR_BUSY when somebody else holds it, with the holder's own words; MG_ERR_FENCED when it was lost;
 *            MG_ERR_IO with errno in the fault.
 * Not here : waiting for the lock, and what a writer does that lost it (actors/dump_guard.c).
 * Source   : dump-format.md section 8, "Guard". The lock is the flock; the content is for people, for fencing, and for the
 *            newest generation, which the next holder goes on from.
 */
#ifndef MG_CORE_FOLDERLOCK_H
#define MG_CORE_FOLDERLOCK_H

#include "core/file.h"

enum { MG_INSTANCE_SIZE = 16 };

/* Who we are, for names of temporary files and the lock's content. */
typedef struct mg_folder_owner {
    uint8_t instance_id[MG_INSTANCE_SIZE];
    const char *host;
    int64_t started_ns; /* Unix time */
} mg_folder_owner_t;

typedef struct mg_folderlock mg_folderlock_t;

/* For the lock of `stem`, not taken yet. `owner` is copied; its host must outlive the lock. NULL: out of memory. */
mg_folderlock_t *
mg_folderlock_new(const mg_file_ops_t *io, const char *stem, const mg_folder_owner_t *owner);
/* Gives the lock up, frees, sets *self_p = NULL; NULL-safe. */
void mg_folderlock_destroy(mg_folderlock_t **self_p);

/* Takes the lock in the folder `dir` and writes who holds it. */
MG_MUST_USE mg_status_t mg_folderlock_take(mg_folderlock_t *self, int dir, mg_fault_t *why);

/* The newest generation that a holder noted, this one or one before; 0: none. Not authentic: a hint. */
uint64_t mg_folderlock_noted(const mg_folderlock_t *self);
/* Renews the content, if we hold it, with the generation published last. Failure is harmless and not reported. */
void mg_folderlock_note(mg_folderlock_t *self, uint64_t generation);

/* Looks whether the file of that name in `dir` is still the one we locked, and still says that we hold it: MG_OK,
 * MG_ERR_FENCED when it is not, MG_ERR_IO when that could not be found out. */
MG_MUST_USE mg_status_t mg_folderlock_check(const mg_folderlock_t *self, int dir, mg_fault_t *why);

#endif
