/* The dump actor's start: which dump the state comes from, or whether it begins empty. */
#include "actors/dump_parts.h"
#include "core/chain.h"
#include "core/clock.h"
#include "core/failpoint.h"
#include "core/log.h"

#include <sodium.h>

#include <errno.h>
#include <string.h>

enum { EXIT_IO = 74 };

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

/* A store that no dump knows yet. */
static void
s_be_born(mg_dumpactor_t *self)
{
    randombytes_buf(self->store_id, sizeof self->store_id);
    self->timeline = 1;
}

/* Born empty: a new store with an identity of its own. */
static mg_status_t
s_begin_empty(mg_dumpactor_t *self, mg_restored_t *restored, mg_fault_t *why)
{
    restored->store = mg_store_new();
    if (!restored->store) {
        return mg_fault_set(why, MG_ERR_NO_MEMORY, ENOMEM, "no memory for an empty state");
    }
    s_be_born(self);
    mg_log(MG_LOG_INFO, "empty_start", "folder=%s msg=%s", mg_folder_path(self->folder),
           restored->unusable ? "starting empty beside dumps that can not be restored"
                              : "there is no dump: starting empty");
    return MG_OK;
}

mg_status_t
mg_dump_load_newest(mg_dumpactor_t *self, mg_restored_t *out, mg_fault_t *why)
{
    mg_candidates_t candidates = {0};
    mg_status_t status = mg_dump_follow(self, why);
    if (status == MG_OK) {
        status = mg_dump_scan(self, &candidates, why);
    }
    if (status == MG_OK) {
        MG_FAILPOINT("restore.scanned");
        mg_restorejob_t job = mg_dump_restorejob(self, self->folder);
        job.room = self->at_home ? mg_dump_room(self) : 0; /* a start has no second state */
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

/* A dump that nobody asked for is due right after the start: the state comes from one that should not be the only one. */
static void
s_dump_unasked(mg_dumpactor_t *self, mg_trigger_t trigger, const char *name, const char *reason)
{
    mg_fault_t why = {0};
    mg_dumpinfo_t info = {0};
    mg_dumpwaiter_t waiter = {.trigger = (uint8_t)trigger, .asked_ms = mg_clock_mono_ms()};
    mg_dumpheader_clean_utf8(name, waiter.requester, MG_REQUESTER_MAX);
    mg_log(MG_LOG_INFO, name, "msg=%s", reason);
    mg_status_t status = mg_dump_write(self, &waiter, &info, &why); /* tells log and events */
    (void)status;
}

static void
s_dump_after_start(mg_dumpactor_t *self)
{
    if (self->restored.imported) {
        MG_FAILPOINT("import.begun");
        s_dump_unasked(self, MG_TRIGGER_IMPORT, "import",
                       "the state comes from a Doorman dump: writing a dump of our own");
    } else if (!mg_keyring_is_current(self->keyring, &self->restored.header)) {
        MG_FAILPOINT("rekey.begun");
        s_dump_unasked(
            self, MG_TRIGGER_REKEY, "rekey",
            "the restored dump was sealed with a previous key: dumping under the current "
            "one");
    }
}

void
mg_dump_run_at_start(mg_dumpactor_t *self, mg_dumpwaiter_t *waiter)
{
    mg_fault_t why = {0};
    mg_restored_t restored = {0};
    Mg__DumpReply reply = MG__DUMP_REPLY__INIT;
    mg_status_t status = mg_dump_load_newest(self, &restored, &why);
    status = s_judge_empty(self, status, &restored, &why);
    bool empty = status == MG_OK && !restored.store;
    if (empty) {
        status = s_begin_empty(self, &restored, &why);
    }
    if (status == MG_OK) {
        status = mg_dump_align(self, restored.store, &restored.exit_code, &why);
    }
    MG_FAILPOINT("start.aligned");
    if (status == MG_OK) {
        status = mg_stateask_swap(self->state, &restored.store, restored.info.imported);
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
    mg_pipeline_set_urgent(self->pipeline, false);
    Mg__RestoreInfo info = MG__RESTORE_INFO__INIT;
    Mg__DumpInfo dump;
    Mg__ImportInfo imported;
    info.empty_start = empty;
    info.skipped = restored.skipped;
    if (restored.info.imported) {
        s_be_born(self);
        imported = mg_dumpinfo_import_message(&restored.info);
        info.imported = &imported;
    }
    if (!empty) {
        mg_dump_adopt(self, &restored,
                      restored.info.imported ? self->timeline : restored.info.header.timeline);
        dump = mg_dumpinfo_message(&self->restored);
        info.dump = &dump;
        mg_dump_tell_restored(self, &info);
    }
    reply.restore = &info;
    mg_dump_answer(self, waiter, &reply);
    if (!empty) {
        s_dump_after_start(self);
    }
}
