#include "core/digest.h"

#include "core/bytes.h"

void
mg_digest_begin(mg_digest_t *self)
{
    (void)crypto_generichash_init(&self->state, NULL, 0, MG_DIGEST_SIZE);
}

static void
s_add_bytes(mg_digest_t *self, mg_slice_t bytes)
{
    uint8_t len[4];
    mg_put_u32(len, (uint32_t)bytes.len);
    (void)crypto_generichash_update(&self->state, len, sizeof len);
    (void)crypto_generichash_update(&self->state, bytes.data, bytes.len);
}

void
mg_digest_add(mg_digest_t *self,
              mg_slice_t collection,
              mg_slice_t key,
              mg_slice_t body,
              int64_t expires_ns)
{
    uint8_t expires[8];
    mg_put_u64(expires, (uint64_t)expires_ns);
    s_add_bytes(self, collection);
    s_add_bytes(self, key);
    s_add_bytes(self, body);
    (void)crypto_generichash_update(&self->state, expires, sizeof expires);
}

void
mg_digest_end(mg_digest_t *self, char out[MG_DIGEST_TEXT_SIZE])
{
    uint8_t digest[MG_DIGEST_SIZE];
    (void)crypto_generichash_final(&self->state, digest, sizeof digest);
    (void)sodium_bin2hex(out, MG_DIGEST_TEXT_SIZE, digest, sizeof digest);
}
