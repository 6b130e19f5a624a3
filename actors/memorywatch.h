/* memorywatch - decides when the state may not grow any more, by what the process uses.
 *
 * Owns     : plain figures.
 * Thread   : the state actor's.
 * Takes    : the time and the store's bytes with each look.
 * Fails    : never.
 * Not here : refusing a write (core/store.h has a ceiling on its bytes), measuring (core/memory.h).
 *
 * Above the limit the ceiling is what the store holds at that moment: batches that make it grow are refused, all others go on.
 * An allocator gives little back to the system, so room is measured in the store: what is deleted may be written again. Once
 * the process is a little below the limit the ceiling is lifted.
 */
#ifndef MG_ACTORS_MEMORYWATCH_H
#define MG_ACTORS_MEMORYWATCH_H

#include <stdbool.h>
#include <stdint.h>

typedef struct mg_memorywatch {
    uint64_t limit;      /* bytes; 0: no limit */
    uint64_t used;       /* at the last look */
    uint64_t ceiling;    /* bytes that the store may hold; UINT64_MAX: any */
    int64_t look_ms;     /* when it is worth looking again, monotonic */
    uint64_t look_bytes; /* or when the store holds so much */
    bool full;
} mg_memorywatch_t;

void mg_memorywatch_init(mg_memorywatch_t *self, uint64_t limit);
/* Looks, if it is time; logs when it gets scarce and when it is well again. True: the ceiling has changed. */
bool mg_memorywatch_look(mg_memorywatch_t *self, int64_t now_ms, uint64_t store_bytes);
/* The same with a figure from elsewhere, for tests. */
bool mg_memorywatch_judge(mg_memorywatch_t *self, uint64_t used, uint64_t store_bytes);

#endif
