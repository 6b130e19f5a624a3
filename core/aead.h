/* aead - AES-256-GCM under one key, by GnuTLS or by libsodium.
 *
 * Owns     : the expanded key, wiped at the end.
 * Thread   : one at a time per instance; make one per sealer.
 * Fails    : MG_ERR_INVALID for bytes whose tag does not fit; MG_ERR_NO_MEMORY.
 * Not here : nonces and associated data (core/chunk.h).
 * Source   : dump-format.md section 2, ADR 15; both providers give the same bytes, tests compare them.
 */
#ifndef MG_CORE_AEAD_H
#define MG_CORE_AEAD_H

#include "core/buf.h"

enum { MG_AEAD_KEY = 32, MG_AEAD_NONCE = 12, MG_AEAD_TAG = 16 };

/* In the order of the words of MEMGATE_AEAD. */
typedef enum mg_aead_provider {
    MG_AEAD_AUTO, /* GnuTLS: twice as fast, and there for every CPU */
    MG_AEAD_GNUTLS,
    MG_AEAD_SODIUM /* GnuTLS all the same on a CPU without AES instructions */
} mg_aead_provider_t;

typedef struct mg_aead mg_aead_t;

/* Which provider `wanted` comes down to on this CPU: GNUTLS or SODIUM. sodium_init must have run. */
mg_aead_provider_t mg_aead_resolve(mg_aead_provider_t wanted);

/* "libsodium" or "gnutls", for the log line at start; static text. */
const char *mg_aead_name(mg_aead_provider_t provider);

/* Expands `key`. */
MG_MUST_USE mg_status_t mg_aead_new(mg_aead_provider_t wanted,
                                    const uint8_t key[MG_AEAD_KEY],
                                    mg_aead_t **out);
/* Wipes and frees, sets *self_p = NULL, NULL-safe. */
void mg_aead_destroy(mg_aead_t **self_p);

/* Seals `plain`: out gets plain.len bytes of ciphertext and the 16-byte tag. `out` and `plain` do not overlap. */
MG_MUST_USE mg_status_t mg_aead_seal(mg_aead_t *self,
                                     const uint8_t nonce[MG_AEAD_NONCE],
                                     mg_slice_t aad,
                                     mg_slice_t plain,
                                     uint8_t *out);

/* Opens ciphertext || tag: out gets sealed.len - 16 bytes, to be used only on MG_OK (on failure they are zero). */
MG_MUST_USE mg_status_t mg_aead_open(mg_aead_t *self,
                                     const uint8_t nonce[MG_AEAD_NONCE],
                                     mg_slice_t aad,
                                     mg_slice_t sealed,
                                     uint8_t *out);

#endif
