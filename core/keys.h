/* keys - what one master key gives: its key_id, and the keys of one file.
 *
 * Owns     : nothing; masters and file keys are plain values that their holder wipes.
 * Fails    : never.
 * Not here : masters made from secrets (core/keyring.h), the header they are bound to (core/dumpheader.h).
 * Source   : dump-format.md section 3.
 *
 *     master --HKDF(kdf_salt)---> key_id                               same for every file of one secret and salt
 *     master --HKDF(file_salt)--> PRK --> commit                       binds the file to one master
 *                                  PRK + header_check --> enc, mac     belong to this header alone
 */
#ifndef MG_CORE_KEYS_H
#define MG_CORE_KEYS_H

#include "core/hkdf.h"

enum {
    MG_KEY_SIZE = 32,
    MG_KEY_ID_SIZE = 16,
    MG_KDF_SALT_SIZE = 16,
    MG_FILE_SALT_SIZE = 32,
    MG_CHECK_SIZE = 32, /* BLAKE2b-256 of header or file */
};

/* How a master comes from a secret, as a header states it. RAW: salt, ops and mem_kib are zero. */
typedef struct mg_kdf_params {
    uint8_t kdf; /* mg_kdf_t; any byte until checked */
    uint32_t ops;
    uint32_t mem_kib;
    uint32_t lanes;
    uint8_t salt[MG_KDF_SALT_SIZE];
} mg_kdf_params_t;

typedef struct mg_master {
    uint8_t key[MG_KEY_SIZE];
    uint8_t key_id[MG_KEY_ID_SIZE];
} mg_master_t;

typedef struct mg_filekeys {
    uint8_t prk[MG_HKDF_SIZE];
    uint8_t commit[MG_HKDF_SIZE];
    uint8_t enc[MG_KEY_SIZE]; /* chunks; valid after mg_filekeys_bind */
    uint8_t mac[MG_KEY_SIZE]; /* header and footer; likewise */
} mg_filekeys_t;

/* Completes `self`, whose key is set, with the key_id under this kdf_salt. */
void mg_master_identify(mg_master_t *self, const uint8_t kdf_salt[MG_KDF_SALT_SIZE]);
/* Wipes; NULL-safe. */
void mg_master_wipe(mg_master_t *self);

/* PRK and commit of the file with this salt; enc and mac are zero. */
void mg_filekeys_start(mg_filekeys_t *self,
                       const mg_master_t *master,
                       const uint8_t file_salt[MG_FILE_SALT_SIZE]);
/* enc and mac, from PRK and the header's check. */
void mg_filekeys_bind(mg_filekeys_t *self, const uint8_t header_check[MG_CHECK_SIZE]);
/* Wipes; NULL-safe. */
void mg_filekeys_wipe(mg_filekeys_t *self);

#endif
