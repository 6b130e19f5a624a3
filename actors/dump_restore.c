/* The dump actor's reading: restore at start and online, verify. */
#include "actors/dump_parts.h"
#include "core/chain.h"
#include "core/clock.h"
#include "core/failpoint.h"
#include "core/folderpath.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/seed.h"

#include <sodium.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_CONFIG = 78, EXIT_IO = 74 };

/* What a served state must hold is made sure of before anybody sees it. */
static mg_status_t
s_align(mg_dumpactor_t *self, mg_store_t *store, int *out_exit, mg_fault_t *why)
{
    bool changed = false;
    mg_status_t status = mg_seed_align(store, self->config, mg_clock_wall_ns(), &changed);
    if (status == MG_ERR_NOT_FOUND) {
        *out_exit = EXIT_CONFIG;
        return mg_fault_set(why, status, 0,
                            "no admin is stored and no password is configured: set "
                            "MEMGATE_ADMIN_PASSWORD (at least 12 "
                            "characters)");
    }
    return status == MG_OK ? MG_OK
                           : mg_fault_set(why, status, 0, "completing the state failed: %s",
                                          mg_status_name(status));
}

static void
s_tell_restored(mg_dumpactor_t *self, const Mg__RestoreInfo *info)
{
    Mg__Event event = MG__EVENT__INIT;
    event.body_case = MG__EVENT__BODY_RESTORE_DONE;
    event.restore_done = (Mg__RestoreInfo *)info;
    mg_dump_tell(self, &event);
}

/* The state now is what `restored` says; what comes next follows it. */
static void
s_adopt(mg_dumpactor_t *self, const mg_restored_t *restored, uint32_t timeline)
{
    self->restored = restored->info;
    mg_dump_remember(self, &restored->info);
    self->parent = restored->info;
    self->restore_skipped = restored->skipped;
    self->timeline = timeline;
    memcpy(self->store_id, restored->info.header.store_id, sizeof self->store_id);
    if (restored->info.header.generation > self->generation) {
        self->generation = restored->info.header.generation;
    }
    double age_s =
        (double)(mg_clock_wall_ns() - restored->info.header.created_at) / MG_NS_PER_SECOND;
    char text[MG_DUMPPATH_SIZE + 32];
    (void)snprintf(text, sizeof text, "restored from dump %s", restored->info.path);
    mg_log(restored->skipped ? MG_LOG_WARN : MG_LOG_INFO, "restored",
           "msg=%s generation=%llu age_s=%.0f requester=%s documents=%llu skipped=%u", text,
           (unsigned long long)restored->info.header.generation, age_s,
           restored->info.header.requester,
           (unsigned long long)restored->info.footer.document_count, restored->skipped);
    if (age_s < 0) {
        mg_log(MG_LOG_WARN, "clock_behind", "msg=%s",
               "the clock is behind the time at which the restored dump was made");
    }
}

/* ---- at start ---- */

/* What an operator should know of the folder that a start has just read. */
static void
s_warn_of(const mg_candidates_t *found, const mg_restored_t *restored)
{
    size_t foreign = 0;
    for (size_t i = 0; i < found->count; i++) {
        const mg_candidate_t *candidate = &found->items[i];
        const mg_dumpheader_t *own = &restored->info.header;
        foreign += candidate->authenticated &&
                   memcmp(candidate->header.store_id, own->store_id, MG_STORE_ID_SIZE) != 0;
        if (candidate->header.generation == own->generation &&
            mg_chain_of(found, i) == MG_CHAIN_MISMATCH) {
            mg_log(MG_LOG_WARN, "chain_mismatch", "file=%s parent_generation=%llu msg=%s",
                   candidate->name.text, (unsigned long long)candidate->header.parent_generation,
                   "chain mismatch: the dump before the restored one is not the one it was made "
                   "after; somebody has put another file in its place");
        }
    }
    if (foreign) {
        mg_log(MG_LOG_WARN, "foreign_dumps", "count=%zu msg=%s", foreign,
               "the dump folder holds dumps of another store under the same key: the newest of all "
               "was restored; give each store a folder of its own");
    }
}

/* Born empty: a new store with an identity of its own. */
static mg_status_t
s_begin_empty(mg_dumpactor_t *self, mg_restored_t *restored, mg_fault_t *why)
{
    restored->store = mg_store_new();
    if (!restored->store) {
        return mg_fault_set(why, MG_ERR_NO_MEMORY, ENOMEM, "no memory for an empty state");
    }
    randombytes_buf(self->store_id, sizeof self->store_id);
    self->timeline = 1;
    mg_log(MG_LOG_INFO, "empty_start", "folder=%s msg=%s", mg_folder_path(self->folder),
           "there is no dump: starting empty");
    return MG_OK;
}

/* Bytes of plaintext that may be loaded beside the state: in memory they take about a third more. */
static uint64_t
s_room(const mg_dumpactor_t *self)
{
    enum { PARTS = 4, OF_PLAIN = 3 };
    uint64_t limit = self->config->memory_max_bytes;
    uint64_t used = mg_memory_used();
    if (limit == 0) {
        return 0;
    }
    return limit > used ? (limit - used) / PARTS * OF_PLAIN + 1 : 1;
}

static mg_status_t
s_load_newest(mg_dumpactor_t *self, mg_restored_t *out, mg_fault_t *why)
{
    mg_candidates_t candidates = {0};
    mg_status_t status = mg_dump_scan(self, &candidates, why);
    if (status == MG_OK) {
        MG_FAILPOINT("restore.scanned");
        mg_restorejob_t job = mg_dump_restorejob(self, self->folder);
        job.room = self->at_home ? s_room(self) : 0; /* a start has no second state */
        status = mg_restorejob_newest(&job, &candidates, out, why);
        MG_FAILPOINT("restore.loaded");
    }
    if (status == MG_OK && out->store) {
        s_warn_of(&candidates, out);
    }
    mg_candidates_free(&candidates);
    return status;
}

/* May a start go on without a dump? `status` is what became of the search. */
static mg_status_t
s_judge_empty(mg_dumpactor_t *self, mg_status_t status, mg_restored_t *restored, mg_fault_t *why)
{
    const mg_config_dump_t *config = &self->config->dump;
    mg_restorejob_t job = mg_dump_restorejob(self, self->folder);
    if (status == MG_ERR_DUMP && restored->unusable && config->policy == MG_RESTORE_EMPTY_OK &&
        !config->require) {
        mg_log(MG_LOG_CRITICAL, "empty_over_dumps", "msg=%s",
               "NO DUMP COULD BE RESTORED, and MEM_RESTORE_POLICY=empty-ok starts empty all the "
               "same; the dumps stay where they are");
        status = MG_OK;
    }
    if (status != MG_OK || restored->store) {
        return status;
    }
    if (config->require) {
        restored->exit_code = mg_outcome_exit(MG_OUTCOME_MISSING);
        return mg_fault_set(
            why, MG_ERR_NOT_FOUND, 0,
            "MISSING: MEM_REQUIRE_DUMP demands a dump, and %s holds none: mount the "
            "folder that has them, or unset the variable for a first start",
            mg_folder_path(self->folder));
    }
    restored->exit_code = mg_outcome_exit(MG_OUTCOME_ROLLED_BACK);
    return mg_restorejob_check_generation(&job, 0, why);
}

/* The state comes from a dump under a previous key: the next one is due now, under the current. */
static void
s_rekey(mg_dumpactor_t *self)
{
    mg_fault_t why = {0};
    mg_dumpinfo_t info = {0};
    mg_dumpwaiter_t waiter = {
        .trigger = MG_TRIGGER_REKEY, .requester = "rekey", .asked_ms = mg_clock_mono_ms()};
    MG_FAILPOINT("rekey.begun");
    mg_log(MG_LOG_INFO, "rekey", "msg=%s",
           "the restored dump was sealed with a previous key: dumping under the current one");
    mg_status_t status = mg_dump_write(self, &waiter, &info, &why); /* tells log and events */
    (void)status;
}

static void
s_run_at_start(mg_dumpactor_t *self, mg_dumpwaiter_t *waiter)
{
    mg_fault_t why = {0};
    mg_restored_t restored = {0};
    Mg__DumpReply reply = MG__DUMP_REPLY__INIT;
    mg_status_t status = s_load_newest(self, &restored, &why);
    status = s_judge_empty(self, status, &restored, &why);
    bool empty = status == MG_OK && !restored.store;
    if (empty) {
        status = s_begin_empty(self, &restored, &why);
    }
    if (status == MG_OK) {
        status = s_align(self, restored.store, &restored.exit_code, &why);
    }
    MG_FAILPOINT("start.aligned");
    if (status == MG_OK) {
        status = mg_stateask_swap(self->state, &restored.store, false);
    }
    MG_FAILPOINT("start.swapped");
    mg_store_destroy(&restored.store);
    if (status != MG_OK) {
        int exit_code = restored.exit_code ? restored.exit_code : EXIT_IO;
        reply.status = status;
        reply.text = why.text;
        reply.exit_code = (uint32_t)exit_code;
        mg_dump_answer(self, waiter, &reply);
        return;
    }
    self->at_home = true;
    Mg__RestoreInfo info = MG__RESTORE_INFO__INIT;
    Mg__DumpInfo dump;
    info.empty_start = empty;
    info.skipped = restored.skipped;
    if (!empty) {
        s_adopt(self, &restored, restored.info.header.timeline);
        dump = mg_dumpinfo_message(&self->restored);
        info.dump = &dump;
        s_tell_restored(self, &info);
    }
    reply.restore = &info;
    mg_dump_answer(self, waiter, &reply);
    if (!empty && !mg_keyring_is_current(self->keyring, &self->restored.header)) {
        s_rekey(self);
    }
}

/* ---- one file by a client's path ---- */

/* Opens it, and says where it is. */
static mg_status_t
s_open_path(mg_dumpactor_t *self,
            const char *path,
            int *out_fd,
            mg_dumpinfo_t *info,
            mg_fault_t *why)
{
    char relative[MG_CLIENT_PATH_MAX + 1] = "";
    mg_folder_t *root = NULL;
    mg_status_t status = mg_dump_path_root(self, &path, &root, why);
    if (status == MG_OK) {
        status = mg_folderpath_open_file(root, path, out_fd, why);
    }
    if (status == MG_OK && mg_folderpath_check(root, path, relative, why) == MG_OK) {
        mg_folderpath_show(root, relative, info->path, sizeof info->path);
        info->set = true;
    }
    if (root != self->folder) {
        mg_folder_destroy(&root);
    }
    return status;
}

/* Reads the file at `path`: into a store, or only through. */
static mg_status_t
s_read_path(mg_dumpactor_t *self,
            const char *path,
            mg_store_t **out_store,
            mg_dumpinfo_t *info,
            mg_fault_t *why)
{
    int fd = -1;
    mg_verdict_t verdict;
    mg_status_t status = s_open_path(self, path, &fd, info, why);
    if (status != MG_OK) {
        return status;
    }
    mg_keyring_begin_scan(self->keyring, MG_KEYRING_DERIVATIONS);
    mg_restorejob_t job = mg_dump_restorejob(self, self->folder);
    job.room = s_room(self);
    mg_outcome_t outcome = mg_restorejob_file(&job, fd, out_store, info, &verdict);
    (void)mg_folder_io(self->folder)->close(fd);
    if (outcome != MG_OUTCOME_OK) {
        mg_status_t failed = verdict.error == ENOMEM ? MG_ERR_FULL : MG_ERR_DUMP;
        return mg_fault_set(why, failed, verdict.error, "%s: %s", mg_outcome_name(outcome),
                            verdict.text);
    }
    status = mg_restorejob_check_generation(&job, info->header.generation, why);
    info->outcome = status == MG_OK ? MG_OUTCOME_OK : MG_OUTCOME_ROLLED_BACK;
    return status;
}

/* ---- online ---- */

/* An online restore: what was loaded, and the two dumps around the moment of the change. */
typedef struct online {
    mg_restored_t restored;
    mg_dumpinfo_t before;
    mg_dumpinfo_t after;
} online_t;

static mg_status_t
s_load_aside(mg_dumpactor_t *self, const char *path, mg_restored_t *out, mg_fault_t *why)
{
    if (path[0]) {
        mg_status_t read = s_read_path(self, path, &out->store, &out->info, why);
        bool judged = read == MG_ERR_DUMP || read == MG_ERR_CONFLICT;
        out->exit_code = judged ? mg_outcome_exit(out->info.outcome) : 0;
        return read;
    }
    mg_status_t status = s_load_newest(self, out, why);
    if (status == MG_OK && !out->store) {
        return mg_fault_set(why, MG_ERR_NOT_FOUND, 0, "there is no dump to restore");
    }
    return status;
}

/* With writes refused: the way back first, then the change. */
static mg_status_t
s_change(mg_dumpactor_t *self, const mg_dumpwaiter_t *waiter, online_t *online, mg_fault_t *why)
{
    mg_dumpwaiter_t before = *waiter;
    before.trigger = MG_TRIGGER_PRE_RESTORE;
    before.path[0] = 0;
    mg_status_t status = mg_dump_write(self, &before, &online->before, why);
    if (status != MG_OK) {
        return status;
    }
    MG_FAILPOINT("restore.way_back_written");
    status = mg_stateask_swap(self->state, &online->restored.store, true);
    MG_FAILPOINT("restore.swapped");
    if (status != MG_OK) {
        return mg_fault_set(why, status, 0, "the state could not be replaced: %s",
                            mg_status_name(status));
    }
    uint32_t loaded = online->restored.info.header.timeline;
    s_adopt(self, &online->restored, (loaded > self->timeline ? loaded : self->timeline) + 1);
    return MG_OK;
}

static mg_status_t
s_restore_online(mg_dumpactor_t *self,
                 const mg_dumpwaiter_t *waiter,
                 online_t *online,
                 mg_fault_t *why)
{
    mg_status_t status = s_load_aside(self, waiter->path, &online->restored, why);
    if (status == MG_OK) {
        status = s_align(self, online->restored.store, &online->restored.exit_code, why);
    }
    if (status != MG_OK) {
        return status;
    }
    status = mg_stateask_freeze(self->state, true);
    if (status != MG_OK) {
        return mg_fault_set(why, status, 0, "writes could not be held back: %s",
                            mg_status_name(status));
    }
    MG_FAILPOINT("restore.frozen");
    status = s_change(self, waiter, online, why);
    mg_status_t thawed = self->fenced ? MG_OK : mg_stateask_freeze(self->state, false);
    if (thawed != MG_OK) {
        mg_log(MG_LOG_CRITICAL, "thaw_failed", "msg=%s",
               "writes stay refused: restart the program");
    }
    if (status != MG_OK) {
        return status;
    }
    MG_FAILPOINT("restore.thawed");
    mg_dumpwaiter_t after = *waiter;
    after.path[0] = 0;
    status = mg_dump_write(self, &after, &online->after, why);
    MG_FAILPOINT("restore.written");
    return status;
}

/* Says why, and what a command that only did this should end with. */
static void
s_refuse_online(mg_dumpactor_t *self,
                mg_dumpwaiter_t *waiter,
                mg_status_t status,
                uint32_t exit_code,
                const mg_fault_t *why)
{
    bool stopped = why->error == ECANCELED;
    const char *text = stopped ? "memgate is stopping; nothing was changed" : why->text;
    mg_log(MG_LOG_ERROR, "restore_failed", "requester=%s msg=%s", waiter->requester, text);
    Mg__DumpReply reply = MG__DUMP_REPLY__INIT;
    reply.status = stopped ? MG_ERR_CLOSED : status == MG_ERR_IO ? MG_ERR_DUMP : status;
    reply.exit_code = stopped ? 0 : exit_code;
    reply.text = mg_bus_text(text);
    mg_dump_answer(self, waiter, &reply);
}

static void
s_run_online(mg_dumpactor_t *self, mg_dumpwaiter_t *waiter)
{
    mg_fault_t why = {0};
    online_t *online = calloc(1, sizeof *online);
    if (!online) {
        mg_dump_refuse(self, waiter, MG_ERR_NO_MEMORY, "no memory to restore");
        return;
    }
    mg_status_t status = s_restore_online(self, waiter, online, &why);
    if (status != MG_OK) {
        s_refuse_online(self, waiter, status, (uint32_t)online->restored.exit_code, &why);
        goto done;
    }
    Mg__DumpInfo dump = mg_dumpinfo_message(&online->restored.info);
    Mg__DumpInfo before = mg_dumpinfo_message(&online->before);
    Mg__DumpInfo after = mg_dumpinfo_message(&online->after);
    Mg__RestoreInfo info = MG__RESTORE_INFO__INIT;
    info.dump = &dump;
    info.before = &before;
    info.after = &after;
    info.skipped = online->restored.skipped;
    s_tell_restored(self, &info);
    Mg__DumpReply reply = MG__DUMP_REPLY__INIT;
    reply.restore = &info;
    mg_dump_answer(self, waiter, &reply);
done:
    mg_store_destroy(&online->restored.store);
    free(online);
}

void
mg_dump_run_restore(mg_dumpactor_t *self)
{
    mg_dumpwaiter_t *waiter = mg_dump_take_first(self);
    if (waiter->at_start) {
        s_run_at_start(self, waiter);
    } else {
        s_run_online(self, waiter);
    }
}

void
mg_dump_run_verify(mg_dumpactor_t *self)
{
    mg_fault_t why = {0};
    mg_dumpinfo_t info = {0};
    mg_dumpwaiter_t *waiter = mg_dump_take_first(self);
    Mg__DumpReply reply = MG__DUMP_REPLY__INIT;
    mg_status_t status = s_read_path(self, waiter->path, NULL, &info, &why);
    Mg__DumpInfo message = mg_dumpinfo_message(&info);
    reply.status = status;
    reply.text = why.text;
    reply.dump = info.set ? &message : NULL;
    mg_dump_answer(self, waiter, &reply);
}
