/* keyring - the configured secrets, the masters derived from them, and which of them opens a dump.
 *
 * Owns     : its secrets (the first is current and seals; the others are tried for reading) and a cache of at most
 *            MG_KEYRING_MASTERS masters in guarded memory, so that Argon2id runs once per start.
 * Thread   : one at a time.
 * Fails    : KDF_NOMEM, KDF_LIMIT, WRONG_KEY, HEADER_FORGED, with a sentence.
 * Not here : what a header is (core/dumpheader.h), where secrets come from (core/config.h).
 * Source   : dump-format.md sections 3 and 5, steps 6 and 7.
 */
#ifndef MG_CORE_KEYRING_H
#define MG_CORE_KEYRING_H

#include "core/dumpheader.h"
#include "core/secret.h"

enum {
    MG_KEYRING_SECRETS = 5, /* the current one and 4 previous ones */
    MG_KEYRING_MASTERS = 8, /* masters kept */
    MG_KEYRING_DERIVATIONS =
        8, /* Argon2id runs that reading may cost per scan: headers are an attacker's to write */
    MG_KDF_OPS_WRITE = 3, /* default passes and memory for new dumps: 0.20 s measured */
    MG_KDF_MEM_KIB_WRITE = 65536,
    MG_KDF_MAX_KIB = 1048576, /* default of what a header may ask for: 1 GiB */
};

typedef struct mg_keyring mg_keyring_t;

/* An empty ring; ops and mem_kib are for dumps that it seals with a passphrase. NULL: out of memory.
 * sodium_init must have run. */
mg_keyring_t *mg_keyring_new(uint32_t write_ops, uint32_t write_mem_kib);
/* Wipes and frees, sets *self_p = NULL, NULL-safe. */
void mg_keyring_destroy(mg_keyring_t **self_p);

/* Adds a secret and takes it (*secret_p becomes NULL on MG_OK). MG_ERR_TOO_BIG past MG_KEYRING_SECRETS. */
MG_MUST_USE mg_status_t mg_keyring_add(mg_keyring_t *self, mg_secret_t **secret_p);

/* Begins a scan: reading may spend this many runs of Argon2id, MG_KEYRING_DERIVATIONS at the start of a new ring. With 0
 * only headers whose master is known already can be authenticated. */
void mg_keyring_begin_scan(mg_keyring_t *self, unsigned derivations);

/* True if the current secret, not a previous one, opens a file whose header was unlocked. */
bool mg_keyring_is_current(mg_keyring_t *self, const mg_dumpheader_t *header);
/* How many secrets there are. */
size_t mg_keyring_count(const mg_keyring_t *self);
/* The secret at `index`, 0 the current one; it stays the ring's. For Doorman's files, whose key comes from it as written. */
mg_secret_t *mg_keyring_secret(const mg_keyring_t *self, size_t index);

/* Steps 6-7: finds the secret that opens the file, and the file's keys. */
MG_MUST_USE mg_outcome_t mg_keyring_unlock(mg_keyring_t *self,
                                           const mg_dumpheader_t *header,
                                           mg_slice_t bytes,
                                           mg_filekeys_t *out,
                                           mg_verdict_t *why);

/* Lets coming dumps use the kdf_salt of an authenticated header, if its parameters are those for writing: then the
 * master is in the cache already. Called for the newest dump. */
void mg_keyring_adopt(mg_keyring_t *self, const mg_kdf_params_t *params);

/* Parameters and master for the next dump; the caller wipes the master. Draws a salt and runs Argon2id when nothing was
 * adopted. KDF_NOMEM. */
MG_MUST_USE mg_outcome_t mg_keyring_for_writing(mg_keyring_t *self,
                                                mg_kdf_params_t *out_params,
                                                mg_master_t *out_master,
                                                mg_verdict_t *why);

#endif
