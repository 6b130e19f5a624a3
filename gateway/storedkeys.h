/* storedkeys - API keys as the state holds them: `enc:` and a Fernet token.
 *
 * Owns     : its keys; wiped at the end.
 * Thread   : one per instance.
 * Fails    : sealing without memory.
 * Not here : the token itself (core/fernet.h), who may see a key (gateway/handlers/credits.c).
 * Source   : platform-api.md section 9. TOKEN_ENCRYPTION_KEY seals, else MEM_ENCRYPTION_KEY; every configured secret opens, earlier ones too,
 *            so that a new MEM_ENCRYPTION_KEY loses no API key. A text without the prefix is plain; one that does not open is taken as it is.
 */
#ifndef MG_GATEWAY_STOREDKEYS_H
#define MG_GATEWAY_STOREDKEYS_H

#include "core/config.h"
#include "core/fernet.h"

enum { MG_STOREDKEYS_MAX = 6 /* the two, and four earlier ones */ };

/* Start from zero. */
typedef struct mg_storedkeys {
    uint8_t keys[MG_STOREDKEYS_MAX][MG_FERNET_KEY]; /* the first one seals */
    size_t count;
} mg_storedkeys_t;

void mg_storedkeys_read(mg_storedkeys_t *self, const char *token_key, const mg_config_dump_t *dump);
void mg_storedkeys_wipe(mg_storedkeys_t *self);

/* Appends the text to store. Without any key that is the plain text. Fails MG_ERR_NO_MEMORY. */
MG_MUST_USE mg_status_t mg_storedkeys_seal(const mg_storedkeys_t *self,
                                           int64_t now_s,
                                           mg_slice_t plain,
                                           mg_buf_t *out);
/* Appends the plain text; false: it was sealed under none of the keys, and is appended as it is. */
bool mg_storedkeys_open(const mg_storedkeys_t *self, mg_slice_t stored, mg_buf_t *out);

#endif
