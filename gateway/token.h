/* token - JSON Web Tokens, HS256 or RS256 as the key says.
 *
 * Owns     : nothing; keys are borrowed with each call.
 * Takes    : the time with each call.
 * Fails    : mg_token_verify: MG_ERR_DENIED for everything that is not a token of ours that is valid now; it does not say why.
 * Not here : where the token came from and whether it was revoked (gateway/session.h).
 * Source   : platform-api.md section 3.1; RFC 7515, RFC 8725 (the algorithm is the key's, never the token's; `crit` refused).
 */
#ifndef MG_GATEWAY_TOKEN_H
#define MG_GATEWAY_TOKEN_H

#include "core/signkeys.h"

enum {
    MG_TOKEN_MAX = 4096,     /* bytes of a token; longer ones are not even looked at */
    MG_TOKEN_NAME_MAX = 200, /* bytes of `sub`: 50 characters of four bytes each */
    MG_TOKEN_ID_MAX = 64,    /* bytes of `jti` */
    MG_UUID_BYTES = 16,
    MG_UUID_TEXT = 37 /* bytes of a UUID in text with its NUL */
};

/* What a token states. */
typedef struct mg_claims {
    char sub[MG_TOKEN_NAME_MAX + 1];
    char jti[MG_TOKEN_ID_MAX + 1];
    char uid[MG_TOKEN_ID_MAX + 1]; /* `_id` of the user's document; empty: the token does not say */
    int64_t expires_s;             /* Unix time */
} mg_claims_t;

typedef struct mg_grant {
    const char *sub; /* username */
    const char *role;
    const char *accesses; /* a JSON object, gateway/permission.h */
    const char *jti;
    const char *uid;   /* as in mg_claims_t; empty: left out */
    int64_t expires_s; /* Unix time */
} mg_grant_t;

/* Appends a token signed with the active key. Fails MG_ERR_NO_MEMORY, also when there is no key. */
MG_MUST_USE mg_status_t mg_token_issue(const mg_grant_t *grant,
                                       const mg_signkeys_t *keys,
                                       mg_buf_t *out);
/* Checks form, size, header (a kid of ours or none, that key's alg, no crit), signature, exp, sub and jti. */
MG_MUST_USE mg_status_t mg_token_verify(mg_slice_t token,
                                        const mg_signkeys_t *keys,
                                        int64_t now_s,
                                        mg_claims_t *out);
/* A random UUID (version 4) in text. */
void mg_uuid_new(char out[MG_UUID_TEXT]);
/* The same from random bytes that were drawn before. */
void mg_uuid_from(const uint8_t random[MG_UUID_BYTES], char out[MG_UUID_TEXT]);

#endif
