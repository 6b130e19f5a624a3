/* dmp1file - one Doorman dump from an open file: read whole, decrypted, imported.
 *
 * Owns     : the file's bytes and its plaintext while a call runs; the plaintext is wiped.
 * Thread   : one at a time.
 * Fails    : with the outcomes of core/dmp1.h; UNSUPPORTED above max_mib; IO.
 * Not here : which file (actors/restorejob.h, cli/source.h).
 * Source   : dump-format.md section 11.
 */
#ifndef MG_CORE_DMP1FILE_H
#define MG_CORE_DMP1FILE_H

#include "core/dmp1.h"
#include "core/file.h"

/* Everything is borrowed. */
typedef struct mg_dmp1file {
    const mg_file_ops_t *io;
    int fd;
    mg_keyring_t *keyring;
    const uint8_t
        *key; /* the file's own key, MG_AEAD_KEY bytes, instead of the ring's; NULL: the ring's */
    mg_aead_provider_t provider;
    uint32_t max_mib;
    mg_turn_t turn;
} mg_dmp1file_t;

/* True if the file begins as a Doorman dump. */
bool mg_dmp1file_is(const mg_file_ops_t *io, int fd);
/* When it says that it was made. */
MG_MUST_USE mg_outcome_t mg_dmp1file_date(const mg_dmp1file_t *self,
                                          int64_t *out_created_at,
                                          mg_verdict_t *why);
/* Its documents as a new store. */
MG_MUST_USE mg_outcome_t mg_dmp1file_load(const mg_dmp1file_t *self,
                                          mg_store_t **out_store,
                                          mg_dmp1_info_t *out_info,
                                          mg_verdict_t *why);

#endif
