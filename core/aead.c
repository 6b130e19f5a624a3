#include "core/aead.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <sodium.h>

#include <stdlib.h>
#include <string.h>

struct mg_aead {
    mg_aead_provider_t provider;
    crypto_aead_aes256gcm_state
        *sodium; /* sodium_malloc: guarded, 16-byte aligned, wiped when freed */
    gnutls_aead_cipher_hd_t gnutls;
};

mg_aead_provider_t
mg_aead_resolve(mg_aead_provider_t wanted)
{
    bool sodium = wanted == MG_AEAD_SODIUM && crypto_aead_aes256gcm_is_available();
    return sodium ? MG_AEAD_SODIUM : MG_AEAD_GNUTLS;
}

const char *
mg_aead_name(mg_aead_provider_t provider)
{
    return mg_aead_resolve(provider) == MG_AEAD_SODIUM ? "libsodium" : "gnutls";
}

static mg_status_t
s_init_sodium(mg_aead_t *self, const uint8_t key[MG_AEAD_KEY])
{
    self->sodium = sodium_malloc(sizeof *self->sodium);
    if (!self->sodium) {
        return MG_ERR_NO_MEMORY;
    }
    (void)crypto_aead_aes256gcm_beforenm(self->sodium, key); /* always 0 */
    return MG_OK;
}

static mg_status_t
s_init_gnutls(mg_aead_t *self, const uint8_t key[MG_AEAD_KEY])
{
    uint8_t copy[MG_AEAD_KEY]; /* gnutls_datum_t is not const */
    memcpy(copy, key, sizeof copy);
    gnutls_datum_t datum = {.data = copy, .size = sizeof copy};
    int result = gnutls_aead_cipher_init(&self->gnutls, GNUTLS_CIPHER_AES_256_GCM, &datum);
    sodium_memzero(copy, sizeof copy);
    return result == 0 ? MG_OK : MG_ERR_NO_MEMORY;
}

mg_status_t
mg_aead_new(mg_aead_provider_t wanted, const uint8_t key[MG_AEAD_KEY], mg_aead_t **out)
{
    mg_aead_t *self = calloc(1, sizeof *self);
    if (!self) {
        return MG_ERR_NO_MEMORY;
    }
    self->provider = mg_aead_resolve(wanted);
    mg_status_t status =
        self->provider == MG_AEAD_SODIUM ? s_init_sodium(self, key) : s_init_gnutls(self, key);
    if (status != MG_OK) {
        mg_aead_destroy(&self);
        return status;
    }
    *out = self;
    return MG_OK;
}

void
mg_aead_destroy(mg_aead_t **self_p)
{
    mg_aead_t *self = *self_p;
    if (!self) {
        return;
    }
    sodium_free(self->sodium);
    if (self->gnutls) {
        gnutls_aead_cipher_deinit(self->gnutls);
    }
    free(self);
    *self_p = NULL;
}

mg_status_t
mg_aead_seal(mg_aead_t *self,
             const uint8_t nonce[MG_AEAD_NONCE],
             mg_slice_t aad,
             mg_slice_t plain,
             uint8_t *out)
{
    if (self->provider == MG_AEAD_SODIUM) {
        (void)crypto_aead_aes256gcm_encrypt_afternm(out, NULL, plain.data, plain.len, aad.data,
                                                    aad.len, NULL, nonce,
                                                    self->sodium); /* always 0 */
        return MG_OK;
    }
    size_t out_len = plain.len + MG_AEAD_TAG;
    int result = gnutls_aead_cipher_encrypt(self->gnutls, nonce, MG_AEAD_NONCE, aad.data, aad.len,
                                            MG_AEAD_TAG, plain.data, plain.len, out, &out_len);
    return result == 0 ? MG_OK : MG_ERR_NO_MEMORY;
}

mg_status_t
mg_aead_open(mg_aead_t *self,
             const uint8_t nonce[MG_AEAD_NONCE],
             mg_slice_t aad,
             mg_slice_t sealed,
             uint8_t *out)
{
    if (sealed.len < MG_AEAD_TAG) {
        return MG_ERR_INVALID;
    }
    size_t out_len = sealed.len - MG_AEAD_TAG;
    int result = 0;
    if (self->provider == MG_AEAD_SODIUM) {
        result = crypto_aead_aes256gcm_decrypt_afternm(out, NULL, NULL, sealed.data, sealed.len,
                                                       aad.data, aad.len, nonce, self->sodium);
    } else {
        result = gnutls_aead_cipher_decrypt(self->gnutls, nonce, MG_AEAD_NONCE, aad.data, aad.len,
                                            MG_AEAD_TAG, sealed.data, sealed.len, out, &out_len);
    }
    if (result != 0) {
        sodium_memzero(out, sealed.len - MG_AEAD_TAG);
        return MG_ERR_INVALID;
    }
    return MG_OK;
}
