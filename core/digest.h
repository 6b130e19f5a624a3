/* digest - one number for the content of a state: equal digests, same documents.
 *
 * Owns     : a BLAKE2b-256 in progress.
 * Takes    : documents in order: collections by ascending name, in each the documents by ascending key.
 * Fails    : never.
 * Not here : Meta records (signing key, counters): the digest says what was stored, not which process signs.
 *
 * Per document: name length u32, name, key length u32, key, body length u32, body, expiry i64, all big-endian. rev stays
 * out: it tells when a document was written, not what it says.
 */
#ifndef MG_CORE_DIGEST_H
#define MG_CORE_DIGEST_H

#include "core/buf.h"

#include <sodium.h>

enum { MG_DIGEST_SIZE = 32, MG_DIGEST_TEXT_SIZE = 65 };

typedef struct mg_digest {
    crypto_generichash_state state;
} mg_digest_t;

void mg_digest_begin(mg_digest_t *self);
void mg_digest_add(mg_digest_t *self,
                   mg_slice_t collection,
                   mg_slice_t key,
                   mg_slice_t body,
                   int64_t expires_ns);
/* The digest in hex. */
void mg_digest_end(mg_digest_t *self, char out[MG_DIGEST_TEXT_SIZE]);

#endif
