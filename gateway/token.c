#include "gateway/token.h"

#include <jansson.h>
#include <jwt.h>
#include <sodium.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
mg_uuid_from(const uint8_t random[MG_UUID_BYTES], char out[MG_UUID_TEXT])
{
    uint8_t bytes[MG_UUID_BYTES];
    memcpy(bytes, random, sizeof bytes);
    bytes[6] = (uint8_t)((bytes[6] & 0x0f) | 0x40); /* version 4 */
    bytes[8] = (uint8_t)((bytes[8] & 0x3f) | 0x80); /* RFC 4122 variant */
    static const char hex[] = "0123456789abcdef";
    char *at = out;
    for (int i = 0; i < MG_UUID_BYTES; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            *at++ = '-';
        }
        *at++ = hex[bytes[i] >> 4];
        *at++ = hex[bytes[i] & 0x0f];
    }
    *at = 0;
}

void
mg_uuid_new(char out[MG_UUID_TEXT])
{
    uint8_t random[MG_UUID_BYTES];
    randombytes_buf(random, sizeof random);
    mg_uuid_from(random, out);
}

static jwt_alg_t
s_algorithm(const mg_signkey_t *key)
{
    return key->algorithm == MG_SIGNALG_RS256 ? JWT_ALG_RS256 : JWT_ALG_HS256;
}

static int
s_fill(jwt_t *jwt, const mg_grant_t *grant, const mg_signkey_t *key)
{
    int failed = jwt_set_alg(jwt, s_algorithm(key), key->sign.data, (int)key->sign.len);
    failed |= jwt_add_header(jwt, "kid", key->id);
    failed |= jwt_add_grant(jwt, "sub", grant->sub);
    failed |= jwt_add_grant(jwt, "role", grant->role);
    failed |= jwt_add_grant(jwt, "jti", grant->jti);
    failed |= *grant->uid && jwt_add_grant(jwt, "uid", grant->uid);
    failed |= jwt_add_grant_int(jwt, "exp", (long)grant->expires_s);
    mg_buf_t accesses = {0};
    mg_buf_append_format(&accesses, "{\"accesses\":%s}", grant->accesses);
    failed |= jwt_add_grants_json(jwt, mg_buf_text(&accesses));
    mg_buf_free(&accesses);
    return failed;
}

mg_status_t
mg_token_issue(const mg_grant_t *grant, const mg_signkeys_t *keys, mg_buf_t *out)
{
    jwt_t *jwt = NULL;
    char *text = NULL;
    mg_status_t status = MG_ERR_NO_MEMORY;
    const mg_signkey_t *key = mg_signkeys_active(keys);
    if (!key || key->sign.len == 0 || key->sign.len > INT_MAX || jwt_new(&jwt) != 0 ||
        s_fill(jwt, grant, key) != 0) {
        goto done;
    }
    text = jwt_encode_str(jwt);
    if (!text) {
        goto done;
    }
    mg_buf_append_text(out, text);
    status = mg_buf_ok(out) ? MG_OK : MG_ERR_NO_MEMORY;
done:
    free(text); /* the library's own allocator is malloc unless told otherwise */
    jwt_free(jwt);
    return status;
}

/* Three base64url parts and nothing else, before any decoder sees it. */
static bool
s_has_form(mg_slice_t token)
{
    int dots = 0;
    size_t part_len = 0;
    for (size_t i = 0; i < token.len; i++) {
        uint8_t byte = token.data[i];
        bool alnum = (byte >= '0' && byte <= '9') || ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z');
        if (byte == '.' && part_len > 0) {
            dots++;
            part_len = 0;
        } else if (alnum || byte == '-' || byte == '_') {
            part_len++;
        } else {
            return false;
        }
    }
    return dots == 2 && part_len > 0;
}

/* The first part of a token that has its form; the caller json_decrefs it. NULL: it is no JSON object. */
static json_t *
s_read_header(const char *token)
{
    char text[MG_TOKEN_MAX];
    size_t len = 0;
    const char *dot = strchr(token, '.');
    if (sodium_base642bin((unsigned char *)text, sizeof text, token, (size_t)(dot - token), NULL,
                          &len, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0) {
        return NULL;
    }
    json_t *header = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(header)) {
        json_decref(header);
        return NULL;
    }
    return header;
}

/* The key that the token must have been signed with, judged before any signature is looked at; NULL: none of ours. A token can not
 * choose its algorithm, or a public key would serve as a secret. `crit` names extensions that must be understood; we understand none. */
static const mg_signkey_t *
s_key_of(const char *token, const mg_signkeys_t *keys)
{
    json_t *header = s_read_header(token);
    const json_t *id = json_object_get(header, "kid");
    const char *algorithm = json_string_value(json_object_get(header, "alg"));
    const mg_signkey_t *key = NULL;
    if (algorithm && !json_object_get(header, "crit") && (!id || json_is_string(id))) {
        key = mg_signkeys_find(keys, json_string_value(id));
    }
    if (key && strcmp(algorithm, mg_signalg_name(key->algorithm)) != 0) {
        key = NULL;
    }
    json_decref(header);
    return key && key->check.len > 0 && key->check.len <= INT_MAX ? key : NULL;
}

/* Copies a text claim that must be there; false when it is missing or does not fit `size` with its NUL. */
static bool
s_copy_claim(jwt_t *jwt, const char *name, char *out, size_t size)
{
    const char *text = jwt_get_grant(jwt, name);
    if (!text || *text == 0 || strlen(text) >= size) {
        return false;
    }
    memcpy(out, text, strlen(text) + 1);
    return true;
}

mg_status_t
mg_token_verify(mg_slice_t token, const mg_signkeys_t *keys, int64_t now_s, mg_claims_t *out)
{
    char text[MG_TOKEN_MAX + 1];
    if (token.len > MG_TOKEN_MAX || !s_has_form(token)) {
        return MG_ERR_DENIED;
    }
    memcpy(text, token.data, token.len);
    text[token.len] = 0;
    jwt_t *jwt = NULL;
    const mg_signkey_t *key = s_key_of(text, keys);
    if (!key || jwt_decode(&jwt, text, key->check.data, (int)key->check.len) != 0) {
        return MG_ERR_DENIED;
    }
    mg_claims_t claims = {0};
    claims.expires_s = jwt_get_grant_int(jwt, "exp"); /* 0 when it is missing or no whole number */
    bool valid =
        jwt_get_alg(jwt) == s_algorithm(key) && claims.expires_s > now_s &&
        s_copy_claim(jwt, "sub", claims.sub, sizeof claims.sub) &&
        s_copy_claim(jwt, "jti", claims.jti, sizeof claims.jti) &&
        (!jwt_get_grant(jwt, "uid") || s_copy_claim(jwt, "uid", claims.uid, sizeof claims.uid));
    jwt_free(jwt);
    if (!valid) {
        return MG_ERR_DENIED;
    }
    *out = claims;
    return MG_OK;
}
