#include "messages/handle.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { HELD_BY_MAKER = 1, HANDED_OVER, GIVEN_BACK };

struct mg_viewref {
    atomic_int word;
    mg_view_t *view;
};

typedef struct storeref {
    atomic_int word;
    mg_store_t *store;
} storeref_t;

mg_viewref_t *
mg_viewref_new(mg_view_t *view)
{
    mg_viewref_t *self = malloc(sizeof *self);
    if (self) {
        self->view = view;
        atomic_init(&self->word, HELD_BY_MAKER);
    }
    return self;
}

mg_handle_t
mg_viewref_send(mg_viewref_t *self)
{
    atomic_store_explicit(&self->word, HANDED_OVER, memory_order_release);
    return (mg_handle_t)(uintptr_t)self;
}

mg_viewref_t *
mg_viewref_take(mg_handle_t handle)
{
    mg_viewref_t *self = (mg_viewref_t *)(uintptr_t)handle; // NOLINT(performance-no-int-to-ptr)
    if (!self || atomic_load_explicit(&self->word, memory_order_acquire) != HANDED_OVER) {
        return NULL;
    }
    return self;
}

const mg_view_t *
mg_viewref_view(const mg_viewref_t *self)
{
    return self->view;
}

void
mg_viewref_give_back(mg_viewref_t **self_p)
{
    if (*self_p) {
        atomic_store_explicit(&(*self_p)->word, GIVEN_BACK, memory_order_release);
        *self_p = NULL;
    }
}

bool
mg_viewref_is_back(const mg_viewref_t *self)
{
    return atomic_load_explicit(&self->word, memory_order_acquire) == GIVEN_BACK;
}

mg_view_t *
mg_viewref_unwrap(mg_viewref_t **self_p)
{
    mg_view_t *view = (*self_p)->view;
    free(*self_p);
    *self_p = NULL;
    return view;
}

mg_handle_t
mg_storeref_send(mg_store_t **store_p)
{
    storeref_t *self = malloc(sizeof *self);
    if (!self) {
        return 0;
    }
    self->store = *store_p;
    *store_p = NULL;
    atomic_init(&self->word, HELD_BY_MAKER);
    atomic_store_explicit(&self->word, HANDED_OVER, memory_order_release);
    return (mg_handle_t)(uintptr_t)self;
}

mg_store_t *
mg_storeref_take(mg_handle_t handle)
{
    storeref_t *self = (storeref_t *)(uintptr_t)handle; // NOLINT(performance-no-int-to-ptr)
    if (!self || atomic_load_explicit(&self->word, memory_order_acquire) != HANDED_OVER) {
        return NULL;
    }
    mg_store_t *store = self->store;
    free(self);
    return store;
}
