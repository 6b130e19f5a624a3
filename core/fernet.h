/* fernet - short secrets sealed as text, the way Doorman keeps API keys.
 *
 * Owns     : nothing; keys and results are the caller's to wipe.
 * Takes    : time and IV with each call; it reads no clock and draws no bytes.
 * Fails    : mg_fernet_open: MG_ERR_INVALID for all that is not a whole token under this key.
 * Not here : which secret it is, the prefix `enc:` (gateway/storedkeys.h). No limit on a token's age.
 * Source   : https://github.com/fernet/spec; platform-api.md section 9.
 *
 *     base64url( 0x80 | time, 8 bytes big-endian | IV 16 | AES-128-CBC, PKCS 7 | HMAC-SHA256 of all before )
 */
#ifndef MG_CORE_FERNET_H
#define MG_CORE_FERNET_H

#include "core/buf.h"

enum { MG_FERNET_KEY = 32 /* bytes: 16 that sign, 16 that encrypt */, MG_FERNET_IV = 16 };

/* The key that a text stands for: base64url of 32 bytes as it is, of anything else its SHA-256. */
void mg_fernet_key(mg_slice_t text, uint8_t out[MG_FERNET_KEY]);
/* Appends the token. Fails MG_ERR_NO_MEMORY. */
MG_MUST_USE mg_status_t mg_fernet_seal(const uint8_t key[MG_FERNET_KEY],
                                       int64_t time_s,
                                       const uint8_t iv[MG_FERNET_IV],
                                       mg_slice_t plain,
                                       mg_buf_t *out);
/* Appends what was sealed. Fails MG_ERR_INVALID, MG_ERR_NO_MEMORY. */
MG_MUST_USE mg_status_t mg_fernet_open(const uint8_t key[MG_FERNET_KEY],
                                       mg_slice_t token,
                                       mg_buf_t *out);

#endif
