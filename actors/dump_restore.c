/* The dump actor's reading: restore while serving, verify, and what every restore has in common. */
#include "actors/dump_parts.h"
#include "core/clock.h"
#include "core/dmp1file.h"
#include "core/failpoint.h"
#include "core/folderpath.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/seed.h"

#include <sodium.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_CONFIG = 78 };

/* What a served state must hold is made sure of before anybody sees it. */
mg_status_t
mg_dump_align(mg_dumpactor_t *self, mg_store_t *store, int *out_exit, mg_fault_t *why)
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

void
mg_dump_tell_restored(mg_dumpactor_t *self, const Mg__RestoreInfo *info)
{
    Mg__Event event = MG__EVENT__INIT;
    event.body_case = MG__EVENT__BODY_RESTORE_DONE;
    event.restore_done = (Mg__RestoreInfo *)info;
    mg_dump_tell(self, &event);
}

/* Dumps to come follow this one. */
static void
s_follow(mg_dumpactor_t *self, const mg_dumpinfo_t *info)
{
    mg_dump_remember(self, info);
    self->parent = *info;
    memcpy(self->store_id, info->header.store_id, sizeof self->store_id);
    if (info->header.generation > self->generation) {
        self->generation = info->header.generation;
    }
}

static void
s_log_import(const mg_dumpinfo_t *info)
{
    const mg_dmp1_counts_t *counts = &info->import.counts;
    mg_log(
        MG_LOG_INFO, "imported",
        "file=%s documents=%llu collections=%u duplicates=%llu surrogates=%llu keys_escaped=%llu "
        "keys_merged=%llu bad_base64=%llu decimal128=%llu int_text=%llu",
        info->path, (unsigned long long)info->import.documents, info->import.collections,
        (unsigned long long)info->import.duplicates, (unsigned long long)counts->surrogates,
        (unsigned long long)counts->keys_escaped, (unsigned long long)counts->keys_merged,
        (unsigned long long)counts->bad_base64, (unsigned long long)counts->decimal128,
        (unsigned long long)counts->int_text);
}

/* The state now is what `restored` says. A Doorman dump has no place in a chain: what is followed stays as it is. */
void
mg_dump_adopt(mg_dumpactor_t *self, const mg_restored_t *restored, uint32_t timeline)
{
    self->restored = restored->info;
    self->restore_skipped = restored->skipped;
    self->timeline = timeline;
    if (restored->info.imported) {
        s_log_import(&restored->info);
    } else {
        s_follow(self, &restored->info);
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

/* Bytes of plaintext that may be loaded beside the state: in memory they take about a third more. */
uint64_t
mg_dump_room(const mg_dumpactor_t *self)
{
    enum { PARTS = 4, OF_PLAIN = 3 };
    uint64_t limit = self->config->memory_max_bytes;
    uint64_t used = mg_memory_used();
    if (limit == 0) {
        return 0;
    }
    return limit > used ? (limit - used) / PARTS * OF_PLAIN + 1 : 1;
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

/* Reads the file that was asked for: into a store, or only through. */
static mg_status_t
s_read_path(mg_dumpactor_t *self,
            const mg_dumpwaiter_t *waiter,
            mg_store_t **out_store,
            mg_dumpinfo_t *info,
            mg_fault_t *why)
{
    int fd = -1;
    mg_verdict_t verdict;
    mg_status_t status = mg_dump_follow(self, why);
    if (status == MG_OK) {
        status = s_open_path(self, waiter->path, &fd, info, why);
    }
    if (status != MG_OK) {
        return status;
    }
    mg_keyring_begin_scan(self->keyring, MG_KEYRING_DERIVATIONS);
    mg_restorejob_t job = mg_dump_restorejob(self, self->folder);
    job.room = mg_dump_room(self);
    job.import_key = waiter->has_import_key ? waiter->import_key : NULL;
    mg_outcome_t outcome = MG_OUTCOME_NOT_A_DUMP;
    if (waiter->import && !mg_dmp1file_is(mg_folder_io(self->folder), fd)) {
        info->outcome = mg_verdict_fail(&verdict, outcome,
                                        "it is no Doorman dump; `memgate restore` "
                                        "goes back to one of memgate's own");
    } else {
        outcome = mg_restorejob_file(&job, fd, out_store, info, &verdict);
    }
    (void)mg_folder_io(self->folder)->close(fd);
    if (outcome != MG_OUTCOME_OK) {
        mg_status_t failed = verdict.error == ENOMEM ? MG_ERR_FULL : MG_ERR_DUMP;
        return mg_fault_set(why, failed, verdict.error, "%s: %s", mg_outcome_name(outcome),
                            verdict.text);
    }
    status = waiter->import ? MG_OK /* asked for by name: it is no rollback of ours */
                            : mg_restorejob_check_generation(&job, info->header.generation, why);
    info->outcome = status == MG_OK ? MG_OUTCOME_OK : MG_OUTCOME_ROLLED_BACK;
    return status;
}

/* ---- online ---- */

/* An online restore: what was loaded, and the two dumps around the moment of the change. */
typedef struct online {
    mg_restored_t restored;
    mg_dumpinfo_t before;
    mg_dumpinfo_t after;
    bool changed; /* the state is the restored one */
} online_t;

static mg_status_t
s_load_aside(mg_dumpactor_t *self,
             const mg_dumpwaiter_t *waiter,
             mg_restored_t *out,
             mg_fault_t *why)
{
    if (waiter->path[0]) {
        mg_status_t read = s_read_path(self, waiter, &out->store, &out->info, why);
        bool judged = read == MG_ERR_DUMP || read == MG_ERR_CONFLICT;
        out->exit_code = judged ? mg_outcome_exit(out->info.outcome) : 0;
        return read;
    }
    mg_status_t status = mg_dump_load_newest(self, out, why);
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
    if (status == MG_OK && self->final_waits) {
        status = mg_fault_set(why, MG_ERR_CLOSED, ECANCELED, "the program ends");
    }
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
    online->changed = true;
    uint32_t loaded = online->restored.info.header.timeline;
    mg_dump_adopt(self, &online->restored, (loaded > self->timeline ? loaded : self->timeline) + 1);
    return MG_OK;
}

static mg_status_t
s_restore_online(mg_dumpactor_t *self,
                 const mg_dumpwaiter_t *waiter,
                 online_t *online,
                 mg_fault_t *why)
{
    mg_status_t status = s_load_aside(self, waiter, &online->restored, why);
    if (status == MG_OK) {
        status = mg_dump_align(self, online->restored.store, &online->restored.exit_code, why);
    }
    if (status != MG_OK) {
        return status;
    }
    status = mg_stateask_freeze(self->state, false);
    if (status != MG_OK) {
        return mg_fault_set(why, status, 0, "writes could not be held back: %s",
                            mg_status_name(status));
    }
    MG_FAILPOINT("restore.frozen");
    mg_pipeline_set_urgent(self->pipeline, true); /* every writer waits */
    status = s_change(self, waiter, online, why);
    mg_pipeline_set_urgent(self->pipeline, false);
    mg_status_t thawed = mg_stateask_thaw(self->state);
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
    after.trigger = online->restored.info.imported ? MG_TRIGGER_IMPORT : waiter->trigger;
    status = mg_dump_write(self, &after, &online->after, why);
    MG_FAILPOINT("restore.written");
    return status;
}

/* Says why, and what a command that only did this should end with. */
static void
s_refuse_online(mg_dumpactor_t *self,
                mg_dumpwaiter_t *waiter,
                mg_status_t status,
                const online_t *online,
                const mg_fault_t *why)
{
    char text[MG_FAULT_TEXT + MG_DUMPPATH_SIZE + 128];
    bool stopped = why->error == ECANCELED;
    const char *cause = stopped ? "memgate is stopping" : why->text;
    if (online->changed) {
        (void)snprintf(text, sizeof text,
                       "the state was replaced, but no dump after that was written (%s); the state "
                       "before it is in %s",
                       cause, online->before.path);
    } else {
        (void)snprintf(text, sizeof text, "%s%s", cause, stopped ? "; nothing was changed" : "");
    }
    mg_log(MG_LOG_ERROR, "restore_failed", "requester=%s msg=%s", waiter->requester, text);
    Mg__DumpReply reply = MG__DUMP_REPLY__INIT;
    reply.status = stopped ? MG_ERR_CLOSED : status == MG_ERR_IO ? MG_ERR_DUMP : status;
    reply.exit_code = stopped ? 0 : (uint32_t)online->restored.exit_code;
    reply.text = text;
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
        s_refuse_online(self, waiter, status, online, &why);
        goto done;
    }
    Mg__DumpInfo dump = mg_dumpinfo_message(&online->restored.info);
    Mg__DumpInfo before = mg_dumpinfo_message(&online->before);
    Mg__DumpInfo after = mg_dumpinfo_message(&online->after);
    Mg__RestoreInfo info = MG__RESTORE_INFO__INIT;
    info.dump = &dump;
    info.before = &before;
    info.after = &after;
    Mg__ImportInfo imported = mg_dumpinfo_import_message(&online->restored.info);
    info.imported = online->restored.info.imported ? &imported : NULL;
    info.skipped = online->restored.skipped;
    mg_dump_tell_restored(self, &info);
    Mg__DumpReply reply = MG__DUMP_REPLY__INIT;
    reply.restore = &info;
    mg_dump_answer(self, waiter, &reply);
done:
    self->final_joins = false; /* a last dump that waits by now is one of its own */
    mg_store_destroy(&online->restored.store);
    free(online);
}

void
mg_dump_run_restore(mg_dumpactor_t *self)
{
    mg_dumpwaiter_t *waiter = mg_dump_take_first(self);
    if (waiter->at_start) {
        mg_dump_run_at_start(self, waiter);
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
    mg_status_t status = s_read_path(self, waiter, NULL, &info, &why);
    Mg__DumpInfo message = mg_dumpinfo_message(&info);
    reply.status = status;
    reply.text = why.text;
    reply.dump = info.set ? &message : NULL;
    mg_dump_answer(self, waiter, &reply);
}
