#include "gateway/batch.h"

#include <stdlib.h>
#include <string.h>

/* The key, then the body. NULL: no memory. */
static uint8_t *
s_copy(const mg_op_t *op)
{
    uint8_t *block = malloc(op->key.len + op->body.len + 1);
    if (block) {
        memcpy(block, op->key.len ? op->key.data : block, op->key.len);
        memcpy(block + op->key.len, op->body.len ? op->body.data : block, op->body.len);
    }
    return block;
}

/* Operation number `index` becomes `op`, with `block` under it. */
static void
s_place(mg_batch_t *self, size_t index, const mg_op_t *op, uint8_t *block)
{
    self->blocks[index] = block;
    self->ops[index] = *op;
    self->ops[index].key = mg_slice(block, op->key.len);
    self->ops[index].body = mg_slice(block + op->key.len, op->body.len);
}

static bool
s_grow(mg_batch_t *self)
{
    if (self->count < self->cap) {
        return true;
    }
    size_t cap = self->cap ? self->cap * 2 : 16;
    mg_op_t *ops = realloc(self->ops, cap * sizeof *ops);
    if (!ops) {
        return false;
    }
    self->ops = ops;
    uint8_t **blocks = realloc((void *)self->blocks, cap * sizeof *blocks);
    if (!blocks) {
        return false;
    }
    self->blocks = blocks;
    self->cap = cap;
    return true;
}

void
mg_batch_add(mg_batch_t *self, const mg_op_t *op)
{
    uint8_t *block = !self->failed && s_grow(self) ? s_copy(op) : NULL;
    if (!block) {
        self->failed = true;
        return;
    }
    s_place(self, self->count++, op, block);
    self->bytes += op->key.len + op->body.len;
    self->too_big = self->too_big || op->body.len > MG_DOCUMENT_MAX;
}

void
mg_batch_replace(mg_batch_t *self, size_t index, mg_slice_t body)
{
    mg_op_t op = self->ops[index];
    uint64_t before = op.body.len;
    op.body = body;
    uint8_t *block = self->failed ? NULL : s_copy(&op);
    if (!block) {
        self->failed = true;
        return;
    }
    free(self->blocks[index]);
    s_place(self, index, &op, block);
    self->bytes += body.len;
    self->bytes -= before;
    self->too_big = self->too_big || body.len > MG_DOCUMENT_MAX;
}

mg_status_t
mg_batch_status(const mg_batch_t *self)
{
    if (self->failed) {
        return MG_ERR_NO_MEMORY;
    }
    return self->too_big || self->bytes > MG_BATCH_BYTES_MAX ? MG_ERR_TOO_BIG : MG_OK;
}

void
mg_batch_free(mg_batch_t *self)
{
    for (size_t i = 0; i < self->count; i++) {
        free(self->blocks[i]);
    }
    free((void *)self->blocks);
    free(self->ops);
    *self = (mg_batch_t){0};
}
