#include "core/keys.h"

#include <sodium.h>

#include <string.h>

void
mg_master_identify(mg_master_t *self, const uint8_t kdf_salt[MG_KDF_SALT_SIZE])
{
    uint8_t prk[MG_HKDF_SIZE];
    uint8_t block[MG_HKDF_SIZE];
    mg_hkdf_extract(mg_slice(kdf_salt, MG_KDF_SALT_SIZE), mg_slice(self->key, sizeof self->key),
                    prk);
    mg_hkdf_expand(prk, mg_slice_text("memgate/mgd1/key-id"), block);
    memcpy(self->key_id, block, sizeof self->key_id);
    sodium_memzero(prk, sizeof prk);
    sodium_memzero(block, sizeof block);
}

void
mg_master_wipe(mg_master_t *self)
{
    if (self) {
        sodium_memzero(self, sizeof *self);
    }
}

void
mg_filekeys_start(mg_filekeys_t *self,
                  const mg_master_t *master,
                  const uint8_t file_salt[MG_FILE_SALT_SIZE])
{
    *self = (mg_filekeys_t){0};
    mg_hkdf_extract(mg_slice(file_salt, MG_FILE_SALT_SIZE),
                    mg_slice(master->key, sizeof master->key), self->prk);
    mg_hkdf_expand(self->prk, mg_slice_text("memgate/mgd1/commit"), self->commit);
}

/* The header's check behind the label makes the key useless for any other header. */
static void
s_bound_key(const mg_filekeys_t *self,
            mg_slice_t label,
            const uint8_t header_check[MG_CHECK_SIZE],
            uint8_t out[MG_KEY_SIZE])
{
    uint8_t info[64];
    memcpy(info, label.data, label.len);
    memcpy(info + label.len, header_check, MG_CHECK_SIZE);
    mg_hkdf_expand(self->prk, mg_slice(info, label.len + MG_CHECK_SIZE), out);
}

void
mg_filekeys_bind(mg_filekeys_t *self, const uint8_t header_check[MG_CHECK_SIZE])
{
    s_bound_key(self, mg_slice_text("memgate/mgd1/enc"), header_check, self->enc);
    s_bound_key(self, mg_slice_text("memgate/mgd1/mac"), header_check, self->mac);
}

void
mg_filekeys_wipe(mg_filekeys_t *self)
{
    if (self) {
        sodium_memzero(self, sizeof *self);
    }
}
