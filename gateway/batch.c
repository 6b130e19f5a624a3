#include "gateway/batch.h"

#include <stdlib.h>
#include <string.h>

/* One block: the key, then the body. It is found again by the key's address. */
static bool
s_copy(const mg_op_t *op, mg_op_t *out)
{
    uint8_t *block = malloc(op->key.len + op->body.len + 1);
    if (!block) {
        return false;
    }
    memcpy(block, op->key.len ? op->key.data : block, op->key.len);
    memcpy(block + op->key.len, op->body.len ? op->body.data : block, op->body.len);
    *out = *op;
    out->key = mg_slice(block, op->key.len);
    out->body = mg_slice(block + op->key.len, op->body.len);
    return true;
}

static void
s_free(mg_op_t *op)
{
    free((void *)(uintptr_t)op->key.data);
}

static bool
s_grow(mg_batch_t *self)
{
    if (self->count < self->cap) {
        return true;
    }
    size_t cap = self->cap ? self->cap * 2 : 16;
    mg_op_t *ops = realloc(self->ops, cap * sizeof *ops);
    if (ops) {
        self->ops = ops;
        self->cap = cap;
    }
    return ops != NULL;
}

void
mg_batch_add(mg_batch_t *self, const mg_op_t *op)
{
    if (self->failed || !s_grow(self) || !s_copy(op, &self->ops[self->count])) {
        self->failed = true;
        return;
    }
    self->count++;
    self->bytes += op->key.len + op->body.len;
}

void
mg_batch_replace(mg_batch_t *self, size_t index, mg_slice_t body)
{
    mg_op_t wanted = self->ops[index];
    mg_op_t copy;
    wanted.body = body;
    if (self->failed || !s_copy(&wanted, &copy)) {
        self->failed = true;
        return;
    }
    self->bytes += body.len;
    self->bytes -= self->ops[index].body.len;
    s_free(&self->ops[index]);
    self->ops[index] = copy;
}

mg_status_t
mg_batch_status(const mg_batch_t *self)
{
    if (self->failed) {
        return MG_ERR_NO_MEMORY;
    }
    return self->bytes > MG_BATCH_BYTES_MAX ? MG_ERR_TOO_BIG : MG_OK;
}

void
mg_batch_free(mg_batch_t *self)
{
    for (size_t i = 0; i < self->count; i++) {
        s_free(&self->ops[i]);
    }
    free(self->ops);
    *self = (mg_batch_t){0};
}
