/* Any bytes as a token, and as claims under our own signature: only whole claims of ours are ever taken. */
#include "gateway/token.h"

#include <jwt.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const unsigned char s_secret[] = "0123456789abcdef0123456789abcdef";

static void
s_check(mg_slice_t token)
{
    mg_claims_t claims = {0};
    mg_signkeys_t keys = {0};
    bool taken = mg_signkeys_set_legacy(&keys, mg_slice(s_secret, sizeof s_secret - 1)) == MG_OK &&
                 mg_token_verify(token, &keys, 1000, &claims) == MG_OK;
    mg_signkeys_wipe(&keys);
    if (!taken) {
        return;
    }
    bool whole = claims.expires_s > 1000 && claims.sub[0] && claims.jti[0] &&
                 memchr(claims.sub, 0, sizeof claims.sub) &&
                 memchr(claims.jti, 0, sizeof claims.jti);
    if (!whole) {
        abort();
    }
}

/* The bytes as a JSON object of claims, signed: so that the fuzzer gets behind the signature. */
static void
s_check_signed(const char *json)
{
    jwt_t *jwt = NULL;
    if (jwt_new(&jwt) != 0) {
        return;
    }
    if (jwt_set_alg(jwt, JWT_ALG_HS256, s_secret, sizeof s_secret - 1) == 0 &&
        jwt_add_grants_json(jwt, json) == 0) {
        char *token = jwt_encode_str(jwt);
        s_check(mg_slice_text(token));
        free(token);
    }
    jwt_free(jwt);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    s_check(mg_slice(data, size));
    mg_buf_t json = {0};
    mg_buf_append(&json, data, size);
    s_check_signed(mg_buf_text(&json));
    mg_buf_free(&json);
    return 0;
}
