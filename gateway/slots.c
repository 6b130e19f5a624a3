#include "gateway/slots.h"

#include <stdlib.h>

enum { INDEX_BITS = 20, COUNT_MAX = 1 << INDEX_BITS };

typedef struct slot {
    void *item; /* NULL: free */
    int64_t deadline_ms;
    uint64_t sequence; /* of the ticket that is out, or of the last one */
    uint32_t next_free;
} slot_t;

struct mg_slots {
    uint32_t count;
    uint32_t waiting;
    uint32_t first_free; /* == count: none */
    uint64_t sequence;
    slot_t slots[];
};

mg_slots_t *
mg_slots_new(uint32_t count)
{
    if (count == 0 || count > COUNT_MAX) {
        return NULL;
    }
    mg_slots_t *self = calloc(1, sizeof *self + count * sizeof *self->slots);
    if (!self) {
        return NULL;
    }
    self->count = count;
    for (uint32_t i = 0; i < count; i++) {
        self->slots[i].next_free = i + 1;
    }
    return self;
}

void
mg_slots_destroy(mg_slots_t **self_p)
{
    free(*self_p);
    *self_p = NULL;
}

mg_ticket_t
mg_slots_park(mg_slots_t *self, void *item, int64_t deadline_ms)
{
    uint32_t index = self->first_free;
    if (index == self->count) {
        return MG_TICKET_NONE;
    }
    slot_t *slot = &self->slots[index];
    self->first_free = slot->next_free;
    self->waiting++;
    *slot = (slot_t){.item = item, .deadline_ms = deadline_ms, .sequence = ++self->sequence};
    return slot->sequence << INDEX_BITS | index;
}

static void *
s_free_slot(mg_slots_t *self, uint32_t index)
{
    slot_t *slot = &self->slots[index];
    void *item = slot->item;
    slot->item = NULL;
    slot->next_free = self->first_free;
    self->first_free = index;
    self->waiting--;
    return item;
}

void *
mg_slots_take(mg_slots_t *self, mg_ticket_t ticket)
{
    uint32_t index = (uint32_t)(ticket & (COUNT_MAX - 1));
    if (index >= self->count) {
        return NULL;
    }
    const slot_t *slot = &self->slots[index];
    return slot->item && slot->sequence == ticket >> INDEX_BITS ? s_free_slot(self, index) : NULL;
}

void *
mg_slots_take_expired(mg_slots_t *self, int64_t now_ms)
{
    for (uint32_t i = 0; self->waiting > 0 && i < self->count; i++) {
        if (self->slots[i].item && now_ms >= self->slots[i].deadline_ms) {
            return s_free_slot(self, i);
        }
    }
    return NULL;
}

uint32_t
mg_slots_waiting(const mg_slots_t *self)
{
    return self->waiting;
}
