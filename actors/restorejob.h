/* restorejob - from files to a store: the newest good dump of a folder, or one file.
 *
 * Owns     : the store being built, until mg_restored_t has it; everything in mg_restorejob_t is borrowed.
 * Thread   : the dump actor's; returns when the store is built or nothing could be.
 * Fails    : MG_ERR_DUMP, MG_ERR_CONFLICT below min_generation, MG_ERR_FULL without memory; with a sentence and the program's exit code.
 * Not here : showing the store to anybody (actors/dump.c: align, Swap).
 * Source   : dump-format.md sections 9 and 11. Nothing is visible before the last check passed; a damaged file is stepped over,
 *            one that is whole but sealed with another key is not.
 */
#ifndef MG_ACTORS_RESTOREJOB_H
#define MG_ACTORS_RESTOREJOB_H

#include "actors/dumpinfo.h"
#include "actors/readjob.h"
#include "core/candidates.h"
#include "core/store.h"

typedef struct mg_restorejob {
    const mg_folder_t *folder;
    mg_keyring_t *keyring;
    mg_pipeline_t *pipeline;
    mg_aead_provider_t provider;
    uint32_t kdf_max_kib;
    bool strict;               /* the newest candidate or none */
    uint64_t min_generation;   /* nothing older is loaded; 0: any */
    uint32_t import_max_mib;   /* largest Doorman dump */
    const uint8_t *import_key; /* the key of the one Doorman dump to be read; NULL: the keyring's */
    uint64_t room;  /* bytes of plaintext for which there is memory; 0: not to be asked */
    mg_turn_t turn; /* between chunks */
} mg_restorejob_t;

typedef struct mg_restored {
    mg_store_t *store;  /* the caller's; NULL when there was no dump at all */
    mg_dumpinfo_t info; /* what was loaded */
    uint32_t skipped;   /* newer candidates that were damaged */
    bool unusable;      /* on failure: there are dumps, but none can be used */
    int exit_code;      /* on failure: what the program ends with at start */
} mg_restored_t;

/* Loads the newest good one of `candidates`. None at all: MG_OK without a store. */
MG_MUST_USE mg_status_t mg_restorejob_newest(const mg_restorejob_t *job,
                                             const mg_candidates_t *candidates,
                                             mg_restored_t *out,
                                             mg_fault_t *why);
/* Refuses a dump of this generation when it is below min_generation; 0 stands for no dump at all. */
MG_MUST_USE mg_status_t mg_restorejob_check_generation(const mg_restorejob_t *job,
                                                       uint64_t generation,
                                                       mg_fault_t *why);
/* Reads one open file through to its end, MGD1 or Doorman's. `out_store` NULL: verify only. Fills out_info as far as the
 * file is good. */
MG_MUST_USE mg_outcome_t mg_restorejob_file(const mg_restorejob_t *job,
                                            int fd,
                                            mg_store_t **out_store,
                                            mg_dumpinfo_t *out_info,
                                            mg_verdict_t *why);

#endif
