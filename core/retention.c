#include "core/retention.h"

#include "core/clock.h"

#include <string.h>

enum { SECONDS_PER_DAY = 86400 };

static bool
s_is_good(const mg_retention_t *self, const mg_candidate_t *candidate)
{
    return candidate->authenticated && candidate->has_footer &&
           memcmp(candidate->header.store_id, self->store_id, MG_STORE_ID_SIZE) == 0;
}

static size_t
s_newer_good(const mg_retention_t *self, const mg_candidates_t *candidates, size_t index)
{
    size_t newer = self->newer;
    for (size_t i = 0; i < index; i++) {
        newer += s_is_good(self, &candidates->items[i]);
    }
    return newer;
}

static bool
s_is_old_enough(const mg_retention_t *self, const mg_candidate_t *candidate)
{
    int64_t days_ns = (int64_t)self->keep_days * SECONDS_PER_DAY * MG_NS_PER_SECOND;
    return self->keep_days == 0 || candidate->header.created_at < self->now_ns - days_ns;
}

bool
mg_retention_may_remove(const mg_retention_t *self, const mg_candidates_t *candidates, size_t index)
{
    const mg_candidate_t *candidate = &candidates->items[index];
    uint32_t keep = self->keep > MG_RETENTION_KEEP_MIN ? self->keep : MG_RETENTION_KEEP_MIN;
    return candidate->is_own && s_is_good(self, candidate) &&
           candidate->header.generation != self->pinned && s_is_old_enough(self, candidate) &&
           s_newer_good(self, candidates, index) >= keep;
}
