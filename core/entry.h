/* entry - one immutable key with its value: a document, an index entry or a separator of the tree.
 *
 * Owns     : its bytes, in one allocation: body, then key.
 * Thread   : made by the writer; once an open view can reach it any thread may read it without locks, because
 *            nothing a reader looks at ever changes again (`dead_next` is the writer's alone).
 * Fails    : mg_entry_new gives NULL without memory.
 * Not here : who keeps entries and for how long (core/store.h).
 */
#ifndef MG_CORE_ENTRY_H
#define MG_CORE_ENTRY_H

#include "core/buf.h"

#include <assert.h>

enum {
    MG_KEY_MAX = 4096,         /* bytes of a key, dump-format.md section 6 */
    MG_DOCUMENT_MAX = 16 << 20 /* bytes of one BSON document */
};

typedef struct mg_entry mg_entry_t;
struct mg_entry {
    uint64_t rev;          /* the state version that wrote it */
    mg_entry_t *dead_next; /* writer only: list of entries that wait to be freed */
    int64_t expires_ns;    /* Unix time; 0 = never */
    uint32_t body_len;     /* bytes */
    uint32_t key_len;      /* bytes, 1 .. MG_KEY_MAX */
    uint8_t bytes[];       /* body, then key */
};

/* A copy of body and key; the caller owns it. NULL: out of memory. */
mg_entry_t *mg_entry_new(mg_slice_t key, mg_slice_t body, int64_t expires_ns, uint64_t rev);
void mg_entry_free(mg_entry_t *self);

static inline mg_slice_t
mg_entry_body(const mg_entry_t *self)
{
    return (mg_slice_t){self->bytes, self->body_len};
}

static inline mg_slice_t
mg_entry_key(const mg_entry_t *self)
{
    assert(self);
    return (mg_slice_t){self->bytes + self->body_len, self->key_len};
}

/* False once `now_ns` has reached its expiry: then it is invisible to readers and absent to writers. */
static inline bool
mg_entry_alive(const mg_entry_t *self, int64_t now_ns)
{
    return self->expires_ns == 0 || now_ns < self->expires_ns;
}

#endif
