/* dmp1 - reads Doorman's dumps: decrypts one, and makes a store of the JSON in it.
 *
 * Owns     : nothing between calls.
 * Thread   : any; pure functions of bytes.
 * Fails    : TRUNCATED, NOT_A_DUMP, WRONG_KEY_OR_CORRUPT, UNSUPPORTED, PAYLOAD_INVALID, or IO (no memory, or stopped by `turn`),
 *            with a sentence.
 * Not here : files (core/filesource.h), JSON (core/jsontape.h), one document's BSON (core/dmp1bson.h).
 * Source   : dump-format.md section 11; vectors in tests/vectors/.
 *
 *     "DMP1" | salt 16 | nonce 12 | AES-256-GCM ciphertext | tag 16        key = HKDF(salt, secret as written)
 */
#ifndef MG_CORE_DMP1_H
#define MG_CORE_DMP1_H

#include "core/aead.h"
#include "core/dmp1bson.h"
#include "core/keyring.h"
#include "core/store.h"
#include "core/turn.h"

enum {
    MG_DMP1_MAGIC = 4,
    MG_DMP1_SALT = 16,
    MG_DMP1_HEAD = MG_DMP1_MAGIC + MG_DMP1_SALT, /* what the key is derived with */
    MG_DMP1_MIN = MG_DMP1_HEAD + MG_AEAD_NONCE + MG_AEAD_TAG,
    MG_DMP1_DOCUMENTS_PER_TURN = 1024
};

/* What an import made of a file. */
typedef struct mg_dmp1_info {
    int64_t created_at; /* Unix nanoseconds; 0 when the file does not say it */
    uint64_t documents;
    uint32_t collections;
    uint64_t duplicates; /* documents whose natural key was there already: the first one won */
    mg_dmp1_counts_t counts;
} mg_dmp1_info_t;

/* True if a file that begins with these bytes is one. */
bool mg_dmp1_is(mg_slice_t first);

/* The file's key, from a secret as it was written and the file's first MG_DMP1_HEAD bytes. */
void mg_dmp1_key(mg_slice_t written, mg_slice_t head, uint8_t out[MG_AEAD_KEY]);
/* Decrypts with one key; `out` is appended to. */
MG_MUST_USE mg_outcome_t mg_dmp1_open(mg_slice_t file,
                                      const uint8_t key[MG_AEAD_KEY],
                                      mg_aead_provider_t provider,
                                      mg_buf_t *out,
                                      mg_verdict_t *why);
/* The same with each secret of the ring. */
MG_MUST_USE mg_outcome_t mg_dmp1_unlock(mg_slice_t file,
                                        mg_keyring_t *keyring,
                                        mg_aead_provider_t provider,
                                        mg_buf_t *out,
                                        mg_verdict_t *why);

/* Reads only when the plaintext says it was made. */
MG_MUST_USE mg_outcome_t mg_dmp1_date(mg_slice_t plain, int64_t *out_created_at, mg_verdict_t *why);
/* A new store with all documents of the plaintext, at version 1. `turn` is asked now and then; NULL: nobody is. */
MG_MUST_USE mg_outcome_t mg_dmp1_load(mg_slice_t plain,
                                      const mg_turn_t *turn,
                                      mg_store_t **out_store,
                                      mg_dmp1_info_t *out_info,
                                      mg_verdict_t *why);

#endif
