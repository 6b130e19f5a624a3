/* The dump actor's retention: which old dumps go after a good new one, and when the disk is full. */
#include "actors/dump_parts.h"
#include "core/clock.h"
#include "core/failpoint.h"
#include "core/log.h"
#include "core/retention.h"

#include <errno.h>

/* The restored dump stays until this process has proven two newer ones. */
static uint64_t
s_pinned(const mg_dumpactor_t *self)
{
    enum { ENOUGH = 2 };
    return self->restored.set && self->proven_home < ENOUGH ? self->restored.header.generation : 0;
}

static bool
s_remove(const mg_dumpactor_t *self, const mg_candidate_t *candidate)
{
    const mg_file_ops_t *io = mg_folder_io(self->folder);
    if (io->unlink(mg_folder_dir(self->folder), candidate->name.text) != 0) {
        mg_log(MG_LOG_WARN, "prune_failed", "file=%s msg=%s", candidate->name.text,
               mg_fault_reason(errno));
        return false;
    }
    MG_FAILPOINT("retention.removed");
    mg_log(MG_LOG_INFO, "dump_pruned", "file=%s generation=%llu", candidate->name.text,
           (unsigned long long)candidate->header.generation);
    return true;
}

static bool
s_needs_old_key(const mg_dumpactor_t *self, const mg_candidate_t *candidate)
{
    bool foreign = candidate->has_header && candidate->verdict.outcome == MG_OUTCOME_WRONG_KEY;
    return foreign ||
           (candidate->authenticated && !mg_keyring_is_current(self->keyring, &candidate->header));
}

/* Once no dump in the folder needs a previous key, its holder may forget it. */
static void
s_tell_old_keys(mg_dumpactor_t *self, size_t old)
{
    if (mg_keyring_count(self->keyring) > 1 && old != self->old_keys) {
        mg_log(MG_LOG_INFO, "previous_keys", "dumps=%zu msg=%s", old,
               old ? "dumps in the folder still need a previous key"
                   : "no dump in the folder needs a previous key any more");
    }
    self->old_keys = old;
}

static size_t
s_prune(mg_dumpactor_t *self, const mg_candidates_t *found, const mg_retention_t *rules)
{
    size_t removed = 0;
    size_t old_keys = 0;
    MG_FAILPOINT("retention.listed");
    for (size_t i = 0; i < found->count; i++) {
        const mg_candidate_t *candidate = &found->items[i];
        if (mg_retention_may_remove(rules, found, i) && s_remove(self, candidate)) {
            removed++;
        } else {
            old_keys += s_needs_old_key(self, candidate);
        }
    }
    MG_FAILPOINT("retention.done");
    s_tell_old_keys(self, old_keys);
    return removed;
}

void
mg_dump_prune(mg_dumpactor_t *self)
{
    mg_retention_t rules = {.store_id = self->store_id,
                            .keep = self->config->dump.keep,
                            .keep_days = self->config->dump.keep_days,
                            .now_ns = mg_clock_wall_ns(),
                            .pinned = s_pinned(self),
                            .newer = 1}; /* the one just published, under the current key */
    (void)s_prune(self, &self->seen, &rules);
}

bool
mg_dump_prune_for_room(mg_dumpactor_t *self)
{
    mg_fault_t why = {0};
    mg_candidates_t found = {0};
    mg_retention_t rules = {.store_id = self->store_id,
                            .keep = self->config->dump.emergency_keep,
                            .pinned = s_pinned(self)};
    if (rules.keep == 0 || self->proven_count == 0) {
        return false;
    }
    if (mg_dump_look(self, &found, &why) != MG_OK) {
        mg_log(MG_LOG_WARN, "prune_failed", "msg=%s", why.text);
        return false;
    }
    size_t removed = s_prune(self, &found, &rules);
    mg_candidates_free(&found);
    if (removed) {
        mg_log(MG_LOG_WARN, "room_made", "removed=%zu msg=%s", removed,
               "the disk is full: old dumps were removed (MEM_DUMP_EMERGENCY_KEEP)");
    }
    return removed > 0;
}
