#include "core/hkdf.h"

#include <sodium.h>

/* libsodium wants an address even where nothing is read. */
static const uint8_t *
s_at(mg_slice_t bytes)
{
    static const uint8_t nothing = 0;
    return bytes.data ? bytes.data : &nothing;
}

/* HMAC over two parts; libsodium takes a key of any length here, as RFC 5869 wants for the salt. */
static void
s_hmac(mg_slice_t key, mg_slice_t first, mg_slice_t second, uint8_t out[MG_HKDF_SIZE])
{
    crypto_auth_hmacsha256_state state;
    (void)crypto_auth_hmacsha256_init(&state, s_at(key), key.len);
    (void)crypto_auth_hmacsha256_update(&state, s_at(first), first.len);
    (void)crypto_auth_hmacsha256_update(&state, s_at(second), second.len);
    (void)crypto_auth_hmacsha256_final(&state, out);
    sodium_memzero(&state, sizeof state);
}

void
mg_hkdf_extract(mg_slice_t salt, mg_slice_t ikm, uint8_t out[MG_HKDF_SIZE])
{
    s_hmac(salt, ikm, mg_slice(NULL, 0), out);
}

void
mg_hkdf_expand(const uint8_t prk[MG_HKDF_SIZE], mg_slice_t info, uint8_t out[MG_HKDF_SIZE])
{
    static const uint8_t first_block = 0x01;
    s_hmac(mg_slice(prk, MG_HKDF_SIZE), info, mg_slice(&first_block, 1), out);
}

void
mg_hmac_tagged(const uint8_t key[MG_HKDF_SIZE],
               uint8_t tag,
               mg_slice_t message,
               uint8_t out[MG_HKDF_SIZE])
{
    s_hmac(mg_slice(key, MG_HKDF_SIZE), mg_slice(&tag, 1), message, out);
}
