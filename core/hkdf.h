/* hkdf - HKDF-SHA256 as the dump format uses it: one extract, one block of expand.
 *
 * Owns     : nothing.
 * Fails    : never (libsodium's HMAC cannot).
 * Not here : which labels are derived from what (core/keys.h).
 * Source   : RFC 5869; dump-format.md section 2. Written out because libsodium has crypto_kdf_hkdf only from 1.0.19.
 */
#ifndef MG_CORE_HKDF_H
#define MG_CORE_HKDF_H

#include "core/buf.h"

enum { MG_HKDF_SIZE = 32 };

/* HKDF-Extract: out = HMAC(key = salt, message = ikm). */
void mg_hkdf_extract(mg_slice_t salt, mg_slice_t ikm, uint8_t out[MG_HKDF_SIZE]);

/* The first block of HKDF-Expand: out = HMAC(prk, info || 0x01). Shorter outputs are its prefixes. */
void mg_hkdf_expand(const uint8_t prk[MG_HKDF_SIZE], mg_slice_t info, uint8_t out[MG_HKDF_SIZE]);

/* HMAC-SHA256 of `tag` || `message`: the MACs of header and footer are told apart by their first byte. */
void mg_hmac_tagged(const uint8_t key[MG_HKDF_SIZE],
                    uint8_t tag,
                    mg_slice_t message,
                    uint8_t out[MG_HKDF_SIZE]);

#endif
