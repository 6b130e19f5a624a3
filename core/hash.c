#include "core/hash.h"

#include <sodium.h>

#include <stdlib.h>

struct mg_hash {
    crypto_generichash_state state; /* wants 64-byte alignment, which malloc does not give */
};

mg_hash_t *
mg_hash_new(void)
{
    mg_hash_t *self = aligned_alloc(_Alignof(mg_hash_t), sizeof *self);
    if (self) {
        (void)crypto_generichash_init(&self->state, NULL, 0, MG_HASH_SIZE);
    }
    return self;
}

void
mg_hash_destroy(mg_hash_t **self_p)
{
    if (*self_p) {
        sodium_memzero(*self_p, sizeof **self_p); /* it may hold the last block of plaintext */
        free(*self_p);
        *self_p = NULL;
    }
}

void
mg_hash_update(mg_hash_t *self, mg_slice_t bytes)
{
    (void)crypto_generichash_update(&self->state, bytes.data, bytes.len);
}

void
mg_hash_final(mg_hash_t *self, uint8_t out[MG_HASH_SIZE])
{
    (void)crypto_generichash_final(&self->state, out, MG_HASH_SIZE);
}
