/* signkeys - the keys that sign and check access tokens: one secret, or a list of keys that rotates.
 *
 * Owns     : copies of secrets and PEM texts, wiped with it.
 * Fails    : mg_signkeys_read: MG_ERR_INVALID with a sentence that never quotes a secret; MG_ERR_NO_MEMORY.
 * Not here : tokens (gateway/token.h), where the text comes from (core/config.h).
 * Source   : platform-api.md sections 2 and 3.1; RFC 7518 sections 3.2 and 3.3; RFC 8725 section 3.1: the algorithm belongs to the key.
 *
 * The list is a JSON array: [{"kid": "2026-11", "algorithm": "HS256", "secret": "...", "active": true}, {"kid": "2026-05",
 * "algorithm": "RS256", "public_key": "-----BEGIN PUBLIC KEY-----..."}]. `key` is another name of `secret`; `algorithm` is HS256
 * unless it says RS256. The first active one signs, all of them check. An only key is active.
 */
#ifndef MG_CORE_SIGNKEYS_H
#define MG_CORE_SIGNKEYS_H

#include "core/file.h"

enum { MG_SIGNKEYS_MAX = 8, MG_SIGNKEY_ID_MAX = 64 /* bytes */, MG_SIGNKEY_RSA_BITS_MIN = 2048 };

#define MG_SIGNKEY_LEGACY                                                                          \
    "legacy-key" /* the name of a plain secret, known to clients of the reference */

typedef enum mg_signalg { MG_SIGNALG_HS256, MG_SIGNALG_RS256 } mg_signalg_t;

typedef struct mg_signkey {
    char id[MG_SIGNKEY_ID_MAX + 1];
    mg_signalg_t algorithm;
    mg_buf_t sign;  /* the secret, or the private key in PEM; empty: it only checks */
    mg_buf_t check; /* the secret, or the public key in PEM */
} mg_signkey_t;

/* Zeroed: no key at all. */
typedef struct mg_signkeys {
    mg_signkey_t keys[MG_SIGNKEYS_MAX];
    size_t count;
    size_t active; /* index of the one that signs, while count > 0 */
} mg_signkeys_t;

/* Fills an empty set from the list. */
MG_MUST_USE mg_status_t mg_signkeys_read(mg_signkeys_t *self, mg_slice_t text, mg_fault_t *why);
/* A plain secret under the name MG_SIGNKEY_LEGACY, in place of the one before: it checks, and signs if there is no other.
 * Fails MG_ERR_NO_MEMORY, also when there are MG_SIGNKEYS_MAX others. */
MG_MUST_USE mg_status_t mg_signkeys_set_legacy(mg_signkeys_t *self, mg_slice_t secret);
/* Wipes and empties. */
void mg_signkeys_wipe(mg_signkeys_t *self);

/* The one that signs; NULL: there is none. */
const mg_signkey_t *mg_signkeys_active(const mg_signkeys_t *self);
/* The one with this name; for NULL, a token that names none, the only one or the legacy one. NULL: there is none. */
const mg_signkey_t *mg_signkeys_find(const mg_signkeys_t *self, const char *id);
/* "HS256", "RS256". */
const char *mg_signalg_name(mg_signalg_t algorithm);

#endif
