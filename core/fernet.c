#include "core/fernet.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <sodium.h>

#include <string.h>

enum {
    VERSION = 0x80,
    TIME = 8,
    BLOCK = 16,
    HALF = MG_FERNET_KEY / 2,
    HEAD = 1 + TIME + MG_FERNET_IV,
    MAC = 32,
    VARIANT = sodium_base64_VARIANT_URLSAFE
};

void
mg_fernet_key(mg_slice_t text, uint8_t out[MG_FERNET_KEY])
{
    size_t len = 0;
    bool is_key = sodium_base642bin(out, MG_FERNET_KEY, (const char *)text.data, text.len, NULL,
                                    &len, NULL, VARIANT) == 0 &&
                  len == MG_FERNET_KEY;
    if (!is_key) {
        (void)crypto_hash_sha256(out, text.data, text.len);
    }
}

/* --- pieces --- */

static bool
s_mac(const uint8_t key[MG_FERNET_KEY], mg_slice_t bytes, uint8_t out[MAC])
{
    return gnutls_hmac_fast(GNUTLS_MAC_SHA256, key, HALF, bytes.data, bytes.len, out) == 0;
}

typedef int crypt_t(gnutls_cipher_hd_t handle, void *data, size_t len);

/* Runs AES-128-CBC over `data` in place. */
static bool
s_crypt(const uint8_t key[MG_FERNET_KEY],
        const uint8_t iv[MG_FERNET_IV],
        crypt_t *crypt,
        uint8_t *data,
        size_t len)
{
    uint8_t secret[HALF]; /* gnutls_datum_t is not const */
    uint8_t start[MG_FERNET_IV];
    memcpy(secret, key + HALF, sizeof secret);
    memcpy(start, iv, sizeof start);
    gnutls_datum_t key_datum = {.data = secret, .size = sizeof secret};
    gnutls_datum_t iv_datum = {.data = start, .size = sizeof start};
    gnutls_cipher_hd_t handle = NULL;
    bool done =
        gnutls_cipher_init(&handle, GNUTLS_CIPHER_AES_128_CBC, &key_datum, &iv_datum) == 0 &&
        crypt(handle, data, len) == 0;
    if (handle) {
        gnutls_cipher_deinit(handle);
    }
    sodium_memzero(secret, sizeof secret);
    return done;
}

static int
s_encrypt(gnutls_cipher_hd_t handle, void *data, size_t len)
{
    return gnutls_cipher_encrypt(handle, data, len);
}

static int
s_decrypt(gnutls_cipher_hd_t handle, void *data, size_t len)
{
    return gnutls_cipher_decrypt(handle, data, len);
}

/* --- seal --- */

static void
s_append_head(int64_t time_s, const uint8_t iv[MG_FERNET_IV], mg_buf_t *out)
{
    mg_buf_append_byte(out, VERSION);
    for (int shift = 56; shift >= 0; shift -= 8) {
        mg_buf_append_byte(out, (uint8_t)((uint64_t)time_s >> shift));
    }
    mg_buf_append(out, iv, MG_FERNET_IV);
}

static void
s_append_padded(mg_slice_t plain, mg_buf_t *out)
{
    uint8_t pad = (uint8_t)(BLOCK - plain.len % BLOCK);
    mg_buf_append_slice(out, plain);
    for (uint8_t i = 0; i < pad; i++) {
        mg_buf_append_byte(out, pad);
    }
}

static mg_status_t
s_append_base64(mg_slice_t bytes, mg_buf_t *out)
{
    size_t size = sodium_base64_encoded_len(bytes.len, VARIANT); /* with its NUL */
    char *at = (char *)mg_buf_extend(out, size);
    if (!at) {
        return MG_ERR_NO_MEMORY;
    }
    (void)sodium_bin2base64(at, size, bytes.data, bytes.len, VARIANT);
    out->len--;
    return MG_OK;
}

mg_status_t
mg_fernet_seal(const uint8_t key[MG_FERNET_KEY],
               int64_t time_s,
               const uint8_t iv[MG_FERNET_IV],
               mg_slice_t plain,
               mg_buf_t *out)
{
    uint8_t mac[MAC];
    mg_buf_t bytes = {0};
    mg_buf_reserve(&bytes, HEAD + plain.len + BLOCK + MAC);
    s_append_head(time_s, iv, &bytes);
    s_append_padded(plain, &bytes);
    mg_status_t status = MG_ERR_NO_MEMORY;
    if (mg_buf_ok(&bytes) && s_crypt(key, iv, s_encrypt, bytes.data + HEAD, bytes.len - HEAD) &&
        s_mac(key, mg_buf_slice(&bytes), mac)) {
        mg_buf_append(&bytes, mac, sizeof mac);
        status = mg_buf_ok(&bytes) ? s_append_base64(mg_buf_slice(&bytes), out) : MG_ERR_NO_MEMORY;
    }
    mg_buf_wipe(&bytes);
    return status;
}

/* --- open --- */

/* How many bytes of padding end the plaintext; 0: it is not PKCS 7. The MAC was right, so time may differ. */
static uint8_t
s_padding(mg_slice_t padded)
{
    uint8_t pad = padded.data[padded.len - 1];
    bool right = pad >= 1 && pad <= BLOCK;
    for (size_t i = 0; right && i < pad; i++) {
        right = padded.data[padded.len - 1 - i] == pad;
    }
    return right ? pad : 0;
}

static mg_status_t
s_open(const uint8_t key[MG_FERNET_KEY], uint8_t *bytes, size_t len, mg_buf_t *out)
{
    uint8_t mac[MAC];
    if (len < HEAD + BLOCK + MAC || (len - HEAD - MAC) % BLOCK != 0 || bytes[0] != VERSION) {
        return MG_ERR_INVALID;
    }
    size_t signed_len = len - MAC;
    if (!s_mac(key, mg_slice(bytes, signed_len), mac)) {
        return MG_ERR_NO_MEMORY;
    }
    if (sodium_memcmp(mac, bytes + signed_len, MAC) != 0) {
        return MG_ERR_INVALID;
    }
    size_t padded_len = signed_len - HEAD;
    if (!s_crypt(key, bytes + 1 + TIME, s_decrypt, bytes + HEAD, padded_len)) {
        return MG_ERR_NO_MEMORY;
    }
    uint8_t pad = s_padding(mg_slice(bytes + HEAD, padded_len));
    if (pad == 0) {
        return MG_ERR_INVALID;
    }
    mg_buf_append(out, bytes + HEAD, padded_len - pad);
    return mg_buf_ok(out) ? MG_OK : MG_ERR_NO_MEMORY;
}

mg_status_t
mg_fernet_open(const uint8_t key[MG_FERNET_KEY], mg_slice_t token, mg_buf_t *out)
{
    mg_buf_t bytes = {0};
    size_t len = 0;
    mg_status_t status = MG_ERR_INVALID;
    if (token.len > 0 && !mg_buf_extend(&bytes, token.len)) {
        status = MG_ERR_NO_MEMORY;
    } else if (token.len > 0 && sodium_base642bin(bytes.data, bytes.len, (const char *)token.data,
                                                  token.len, NULL, &len, NULL, VARIANT) == 0) {
        status = s_open(key, bytes.data, len, out);
    }
    mg_buf_wipe(&bytes);
    return status;
}
