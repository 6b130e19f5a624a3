#include "support/forge.h"

#include "core/clock.h"
#include "gateway/token.h"
#include "support/check.h"

#include <sodium.h>

#include <stdio.h>
#include <string.h>

static void
s_append_base64(const void *bytes, size_t len, mg_buf_t *out)
{
    char text[1024];
    assert_non_null(
        sodium_bin2base64(text, sizeof text, bytes, len, sodium_base64_VARIANT_URLSAFE_NO_PADDING));
    mg_buf_append_text(out, text);
}

static void
s_append_signature(const test_forgery_t *forgery, mg_buf_t *token)
{
    uint8_t mac[crypto_auth_hmacsha512_BYTES];
    crypto_auth_hmacsha256_state short_state;
    crypto_auth_hmacsha512_state long_state;
    const uint8_t *key = (const uint8_t *)forgery->secret;
    size_t mac_len = forgery->signature == '5' ? sizeof mac : crypto_auth_hmacsha256_BYTES;
    (void)crypto_auth_hmacsha256_init(&short_state, key, strlen(forgery->secret));
    (void)crypto_auth_hmacsha256_update(&short_state, token->data, token->len);
    (void)crypto_auth_hmacsha512_init(&long_state, key, strlen(forgery->secret));
    (void)crypto_auth_hmacsha512_update(&long_state, token->data, token->len);
    if (forgery->signature == '5') {
        (void)crypto_auth_hmacsha512_final(&long_state, mac);
    } else {
        (void)crypto_auth_hmacsha256_final(&short_state, mac);
    }
    mac[7] ^= forgery->tampered ? 1 : 0;
    mg_buf_append_byte(token, '.');
    if (forgery->signature != '-') {
        s_append_base64(mac, mac_len, token);
    }
}

mg_buf_t
test_forge(const test_forgery_t *forgery)
{
    char jti[MG_UUID_TEXT];
    mg_uuid_new(jti);
    char claims[512];
    int64_t now_s = mg_clock_wall_ns() / MG_NS_PER_SECOND;
    (void)snprintf(claims, sizeof claims, "{\"sub\":\"%s\",\"jti\":\"%s\",\"exp\":%lld}",
                   forgery->user, jti, (long long)(now_s + forgery->life_s));
    mg_buf_t token = {0};
    s_append_base64(forgery->header, strlen(forgery->header), &token);
    mg_buf_append_byte(&token, '.');
    s_append_base64(claims, strlen(claims), &token);
    s_append_signature(forgery, &token);
    return token;
}
