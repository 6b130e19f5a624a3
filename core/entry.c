#include "core/entry.h"

#include <stdlib.h>
#include <string.h>

mg_entry_t *
mg_entry_new(mg_slice_t key, mg_slice_t body, int64_t expires_ns, uint64_t rev)
{
    mg_entry_t *self = malloc(sizeof *self + body.len + key.len);
    if (!self) {
        return NULL;
    }
    self->rev = rev;
    self->dead_next = NULL;
    self->expires_ns = expires_ns;
    self->body_len = (uint32_t)body.len;
    self->key_len = (uint32_t)key.len;
    if (body.len) {
        memcpy(self->bytes, body.data, body.len);
    }
    if (key.len) {
        memcpy(self->bytes + body.len, key.data, key.len);
    }
    return self;
}

void
mg_entry_free(mg_entry_t *self)
{
    free(self);
}
