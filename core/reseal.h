/* reseal - seals one dump anew under the current key: the same payload, in a new file that takes the place of the old one.
 *
 * Owns     : the temporary file, until it has the dump's name.
 * Thread   : one at a time; the folder's lock is held.
 * Fails    : with the outcomes of reading (the old file is then untouched); IO; VERIFY_FAILED when the new file does not read back as
 *            the old one.
 * Not here : taking the lock, and which files (cli/rekey.c).
 * Source   : dump-format.md section 10. Every field of the header is kept but trigger, KDF fields, salts, key_id, TLV 1 and TLV 5.
 *            The one place where a dump is overwritten: both payloads were compared before.
 */
#ifndef MG_CORE_RESEAL_H
#define MG_CORE_RESEAL_H

#include "core/dumpfile.h"
#include "core/keyring.h"

/* Everything is borrowed. */
typedef struct mg_reseal {
    const mg_folder_t *folder;
    const char *name; /* of the dump in it */
    mg_keyring_t *keyring;
    mg_aead_provider_t provider;
    uint32_t kdf_max_kib;
    int64_t now_ns; /* Unix time, for the new footer */
} mg_reseal_t;

typedef struct mg_resealed {
    bool was_current; /* it needed no new seal, and was left alone */
    mg_dumpheader_t before;
    mg_dumpheader_t after;
} mg_resealed_t;

MG_MUST_USE mg_outcome_t mg_reseal_run(const mg_reseal_t *job,
                                       mg_resealed_t *out,
                                       mg_verdict_t *why);

#endif
