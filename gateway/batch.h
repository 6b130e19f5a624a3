/* batch - a list of operations that grows, for writes of more than a few documents at once.
 *
 * Owns     : copies of all keys and bodies.
 * Thread   : one.
 * Fails    : as a buffer does: the first add without memory sets `failed`, later ones do nothing.
 * Not here : sending it (gateway/ask.h).
 */
#ifndef MG_GATEWAY_BATCH_H
#define MG_GATEWAY_BATCH_H

#include "core/store.h"

enum {
    MG_BATCH_BYTES_MAX =
        48
        << 20 /* keys and bodies of one batch: it must fit into one message (MG_BUS_MESSAGE_MAX) */
};

/* Start from zero. */
typedef struct mg_batch {
    mg_op_t *ops;
    uint8_t **blocks; /* of each: its key and body */
    size_t count;
    size_t cap;
    uint64_t bytes;
    bool failed;
    bool too_big; /* a body is more than a document may have */
} mg_batch_t;

/* Appends a copy of `op`. */
void mg_batch_add(mg_batch_t *self, const mg_op_t *op);
/* Gives operation number `index` another body. */
void mg_batch_replace(mg_batch_t *self, size_t index, mg_slice_t body);
/* MG_ERR_NO_MEMORY when an add failed, MG_ERR_TOO_BIG past MG_BATCH_BYTES_MAX, or with a body past MG_DOCUMENT_MAX. */
MG_MUST_USE mg_status_t mg_batch_status(const mg_batch_t *self);
void mg_batch_free(mg_batch_t *self);

#endif
