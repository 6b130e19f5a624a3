/* Any bytes as a Fernet token; as what stands in one under a right MAC, so that length and padding are reached too; and sealed, from where
 * they must come back as they were. */
#include "core/fernet.h"

#include <gnutls/crypto.h>
#include <sodium.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t s_key[MG_FERNET_KEY] = "0123456789abcdef0123456789abcde";

static void
s_open(mg_slice_t token, size_t plain_max)
{
    mg_buf_t out = {0};
    if (mg_fernet_open(s_key, token, &out) == MG_OK ? out.len > plain_max : out.len > 0) {
        abort();
    }
    mg_buf_free(&out);
}

static void
s_open_signed(mg_slice_t bytes)
{
    uint8_t mac[32];
    mg_buf_t whole = {0};
    mg_buf_t token = {0};
    mg_buf_append_slice(&whole, bytes);
    (void)gnutls_hmac_fast(GNUTLS_MAC_SHA256, s_key, 16, bytes.data, bytes.len, mac);
    mg_buf_append(&whole, mac, sizeof mac);
    size_t text = sodium_base64_encoded_len(whole.len, sodium_base64_VARIANT_URLSAFE);
    char *at = (char *)mg_buf_extend(&token, text);
    (void)sodium_bin2base64(at, text, whole.data, whole.len, sodium_base64_VARIANT_URLSAFE);
    s_open(mg_slice(token.data, token.len - 1), bytes.len);
    mg_buf_free(&whole);
    mg_buf_free(&token);
}

static void
s_come_back(mg_slice_t plain)
{
    static const uint8_t iv[MG_FERNET_IV] = {1, 2, 3};
    mg_buf_t token = {0};
    mg_buf_t out = {0};
    if (mg_fernet_seal(s_key, (int64_t)plain.len, iv, plain, &token) != MG_OK ||
        mg_fernet_open(s_key, mg_buf_slice(&token), &out) != MG_OK ||
        !mg_slice_equal(mg_buf_slice(&out), plain)) {
        abort();
    }
    mg_buf_free(&token);
    mg_buf_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mg_slice_t bytes = mg_slice(data, size);
    uint8_t key[MG_FERNET_KEY];
    mg_fernet_key(bytes, key);
    s_open(bytes, 0);
    s_open_signed(bytes);
    s_come_back(bytes);
    return 0;
}
