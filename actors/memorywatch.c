#include "actors/memorywatch.h"

#include "core/log.h"
#include "core/memory.h"

enum { LOOK_EVERY_MS = 100, LOOK_SHARE = 100, WELL_AGAIN_PERCENT = 97, PERCENT = 100 };

void
mg_memorywatch_init(mg_memorywatch_t *self, uint64_t limit)
{
    *self = (mg_memorywatch_t){.limit = limit, .ceiling = UINT64_MAX};
}

bool
mg_memorywatch_judge(mg_memorywatch_t *self, uint64_t used, uint64_t store_bytes)
{
    self->used = used;
    if (self->limit == 0) {
        return false;
    }
    if (!self->full && used > self->limit) {
        self->full = true;
        self->ceiling = store_bytes;
        mg_log(MG_LOG_ERROR, "memory_full", "used=%llu limit=%llu msg=%s", (unsigned long long)used,
               (unsigned long long)self->limit,
               "the process uses more than MEM_MAX_MEMORY: writes that make the state grow are "
               "refused (507); delete something, or give it more memory and raise the limit");
        return true;
    }
    if (self->full && used < self->limit / PERCENT * WELL_AGAIN_PERCENT) {
        self->full = false;
        self->ceiling = UINT64_MAX;
        mg_log(MG_LOG_INFO, "memory_well", "used=%llu limit=%llu msg=%s", (unsigned long long)used,
               (unsigned long long)self->limit, "the state may grow again");
        return true;
    }
    return false;
}

bool
mg_memorywatch_look(mg_memorywatch_t *self, int64_t now_ms, uint64_t store_bytes)
{
    if (now_ms < self->look_ms && store_bytes < self->look_bytes) {
        return false;
    }
    self->look_ms = now_ms + LOOK_EVERY_MS;
    self->look_bytes = store_bytes + self->limit / LOOK_SHARE;
    return mg_memorywatch_judge(self, mg_memory_used(), store_bytes);
}
