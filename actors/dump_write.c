/* The dump actor's writing: views, generations, retries, and who is told. */
#include "actors/dump_parts.h"
#include "actors/idle.h"
#include "core/clock.h"
#include "core/failpoint.h"
#include "core/folderpath.h"
#include "core/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TRIES = 2, NS_PER_US = 1000 };

/* A dump's long part, told of by words that both threads may read: it may run in an idle thread, which touches nothing of the actor. */
typedef struct errand {
    mg_dumpactor_t *actor;
    bool here; /* no other thread: the actor is told at once */
    atomic_bool stopped;
    atomic_bool hurried; /* a final dump waits for it: what is left is done by the actor */
    atomic_bool walked;  /* the view is not needed any more */
    _Atomic(const char *) phase;
    _Atomic uint64_t documents;
    _Atomic uint64_t documents_total;
    _Atomic uint64_t bytes;
    _Atomic uint64_t bytes_total;
} errand_t;

/* Given back before fsync and verification. */
static void
s_give_back(mg_dumpactor_t *actor)
{
    if (actor->view) {
        mg_state_give_back(actor->state, &actor->view);
    }
}

static void
s_walked(void *arg)
{
    errand_t *self = arg;
    if (self->here) {
        s_give_back(self->actor);
    }
    self->walked = true;
}

static bool
s_turn(void *arg, const mg_progress_t *progress)
{
    errand_t *self = arg;
    if (self->here) {
        return mg_dump_turn(self->actor, progress);
    }
    self->phase = progress->phase;
    self->documents = progress->documents;
    self->documents_total = progress->documents_total;
    self->bytes = progress->bytes;
    self->bytes_total = progress->bytes_total;
    return !self->stopped && !self->hurried;
}

static bool
s_comes_back(void *arg)
{
    const errand_t *self = arg;
    return !self->here && self->hurried && !self->stopped;
}

/* The actor's part meanwhile. */
static void
s_tend(void *arg)
{
    errand_t *self = arg;
    const mg_progress_t progress = {.phase = self->phase,
                                    .documents = self->documents,
                                    .documents_total = self->documents_total,
                                    .bytes = self->bytes,
                                    .bytes_total = self->bytes_total};
    if (self->walked) {
        s_give_back(self->actor);
    }
    if (!mg_dump_turn(self->actor, &progress)) {
        self->stopped = true;
    }
    self->hurried = mg_pipeline_is_urgent(self->actor->pipeline);
}

static void
s_run_idle(void *arg, void (*work)(void *), void *work_arg)
{
    errand_t *self = arg;
    const mg_idle_tender_t tender = {.inbox = self->actor->inbox, .tend = s_tend, .arg = self};
    mg_idle_run(work, work_arg, &tender);
    self->here = true;
    if (self->walked) {
        s_give_back(self->actor);
    }
}

static void
s_fill_header(const mg_dumpactor_t *self, const mg_dumpwaiter_t *waiter, mg_dumpheader_t *header)
{
    *header = (mg_dumpheader_t){
        .informative = waiter->final ? MG_HEADER_FINAL : 0,
        .compression = (uint8_t)self->config->dump.compression,
        .trigger = waiter->trigger,
        .chunk_size = MG_CHUNK_SIZE_WRITE,
        .timeline = self->timeline,
        .generation = self->generation + 1,
        .snapshot_version = mg_view_version(mg_viewref_view(self->view)),
        .created_at = mg_clock_wall_ns(),
        .payload_schema = MG_SCHEMA_STATE,
        .producer = "memgate/" MG_VERSION,
    };
    memcpy(header->store_id, self->store_id, sizeof header->store_id);
    memcpy(header->instance_id, self->owner.instance_id, sizeof header->instance_id);
    memcpy(header->requester, waiter->requester, sizeof header->requester);
    memcpy(header->host, self->host, sizeof header->host);
    if (self->parent.set) {
        header->parent_generation = self->parent.header.generation;
        header->has_parent_check = true;
        memcpy(header->parent_check, self->parent.footer.file_check, sizeof header->parent_check);
    }
}

/* The final dump is verified in full when the last one's time says that the grace suffices. */
static mg_dump_verify_t
s_verify_mode(const mg_dumpactor_t *self, const mg_dumpwaiter_t *waiter)
{
    enum { MS_PER_SECOND = 1000 };
    mg_dump_verify_t mode = (mg_dump_verify_t)self->config->dump.verify;
    bool tight = waiter->final && waiter->grace_ms > 0 && self->last.set &&
                 self->last.seconds * MS_PER_SECOND > (double)waiter->grace_ms;
    return mode == MG_VERIFY_FULL && tight ? MG_VERIFY_FOOTER : mode;
}

/* Asked when a dump is ready for its name. */
static mg_status_t
s_name(void *arg, const mg_dumpjob_t *job, mg_dumpname_t *out, mg_fault_t *why)
{
    mg_dumpactor_t *self = ((errand_t *)arg)->actor;
    const mg_dumpheader_t *header = &job->header;
    mg_status_t status = job->folder == self->folder ? mg_dump_check_guard(self, why)
                                                     : mg_dump_check_place(self, why);
    if (status == MG_ERR_FENCED) {
        mg_folder_orphan_name(job->folder, header->created_at, header->generation, out);
        return MG_OK;
    }
    if (status == MG_OK) {
        mg_folder_name(job->folder, header->created_at, header->generation, out);
    }
    return status;
}

/* What a published dump says of itself; its generation is used up from here on. */
static void
s_describe(mg_dumpactor_t *self,
           const mg_dumpjob_t *job,
           const mg_dumpresult_t *result,
           mg_dumpinfo_t *out)
{
    mg_dumpinfo_set(out, mg_folder_path(job->folder), result->name.text, &job->header);
    out->footer = result->footer;
    out->bytes = result->bytes;
    out->verified = result->verified;
    self->generation = job->header.generation;
    for (size_t i = 0; i < MG_DUMPPHASES; i++) {
        mg_histogram_add(&self->phases[i], result->phase_ns[i]);
    }
    if (job->folder == self->folder) {
        self->parent = *out;
    }
    if (!result->folder_synced && !self->told_unsynced) {
        self->told_unsynced = true;
        mg_log(MG_LOG_WARN, "folder_not_synced", "folder=%s msg=%s", mg_folder_path(job->folder),
               "this file system can not make a folder durable: after a power cut the newest dump "
               "may be missing");
    }
}

/* An orphan saves the state, but no start will find it: only the last dump of a shutdown counts as done. */
static mg_status_t
s_after_fence(const mg_dumpactor_t *self,
              const mg_dumpwaiter_t *waiter,
              const mg_dumpinfo_t *info,
              mg_fault_t *why)
{
    if (!self->fenced || waiter->final) {
        return MG_OK;
    }
    return mg_fault_set(why, MG_ERR_FENCED, 0,
                        "FENCED: another memgate may write in %s; this one's state is in %s, which "
                        "no start takes by itself, and it ends now",
                        mg_folder_path(self->folder), info->path);
}

/* One try: a view of its own, one file. */
static mg_status_t
s_try(mg_dumpactor_t *self,
      const mg_dumpwaiter_t *waiter,
      const mg_folder_t *folder,
      mg_dumpinfo_t *out,
      mg_fault_t *why)
{
    mg_stateanswer_t answer;
    mg_dumpresult_t result;
    mg_status_t status = mg_stateask_open_view(self->state, &answer);
    if (status != MG_OK) {
        return mg_fault_set(why, status, 0, "no view of the state: %s", mg_status_name(status));
    }
    mg_dumpinfo_t info = {.view_us = (double)answer.view_ns / NS_PER_US, .changes = answer.changes};
    self->view = answer.view;
    MG_FAILPOINT("dump.viewed");
    self->running_version = folder == self->folder ? answer.version : 0;
    errand_t errand = {
        .actor = self, .here = mg_pipeline_is_urgent(self->pipeline), .phase = "write"};
    mg_dumpjob_t job = {.folder = folder,
                        .keyring = self->keyring,
                        .pipeline = self->pipeline,
                        .view = mg_viewref_view(self->view),
                        .verify = s_verify_mode(self, waiter),
                        .provider = self->provider,
                        .estimate = self->last.bytes,
                        .turn = {s_turn, &errand},
                        .walked = s_walked,
                        .name = s_name,
                        .elsewhere = errand.here ? NULL : s_run_idle,
                        .comes_back = s_comes_back,
                        .arg = &errand};
    s_fill_header(self, waiter, &job.header);
    status = mg_dumpjob_run(&job, &result, why);
    if (status == MG_OK || status == MG_ERR_UNSURE) {
        info.seconds = (double)(mg_clock_mono_ms() - waiter->asked_ms) / 1000.0;
        s_describe(self, &job, &result, &info);
        *out = info;
    }
    return status == MG_OK ? s_after_fence(self, waiter, out, why) : status;
}

/* A dump in the dump folder is what the next start finds; one elsewhere is a copy that changes nothing here. */
static void
s_take_over(mg_dumpactor_t *self, const mg_dumpinfo_t *info)
{
    self->last = *info;
    self->last_error[0] = 0;
    self->proven_home += info->verified;
}

static void
s_succeeded(mg_dumpactor_t *self, const mg_dumpinfo_t *info, bool elsewhere)
{
    self->published++;
    if (!elsewhere) {
        s_take_over(self, info);
    }
    mg_dump_remember(self, info);
    mg_folder_note_generation(self->folder, self->generation);
    MG_FAILPOINT("publish.noted");
    mg_log(MG_LOG_INFO, "dump_published",
           "path=%s generation=%llu trigger=%s requester=%s documents=%llu bytes=%llu seconds=%.3f "
           "verified=%s",
           info->path, (unsigned long long)info->header.generation,
           mg_trigger_name(info->header.trigger), info->header.requester,
           (unsigned long long)info->footer.document_count, (unsigned long long)info->bytes,
           info->seconds, info->verified ? "full" : "no");
    Mg__DumpInfo message = mg_dumpinfo_message(info);
    message.elsewhere = elsewhere;
    Mg__Event event = MG__EVENT__INIT;
    event.body_case = MG__EVENT__BODY_DUMP_DONE;
    event.dump_done = &message;
    mg_dump_tell(self, &event);
    if (!elsewhere && info->verified && !self->fenced) {
        mg_dump_prune(self);
    }
}

static void
s_failed(mg_dumpactor_t *self, const mg_dumpwaiter_t *waiter, const mg_fault_t *why)
{
    self->failed++;
    self->last_error_ns = mg_clock_wall_ns();
    memcpy(self->last_error, why->text, sizeof self->last_error);
    mg_log(waiter->final ? MG_LOG_CRITICAL : MG_LOG_ERROR, "dump_failed",
           "trigger=%s requester=%s errno=%d msg=%s", mg_trigger_name(waiter->trigger),
           waiter->requester, why->error, why->text);
    Mg__DumpFailed failed = MG__DUMP_FAILED__INIT;
    Mg__Event event = MG__EVENT__INIT;
    failed.trigger = (Mg__Trigger)waiter->trigger;
    failed.requester = (char *)waiter->requester;
    failed.text = (char *)why->text;
    event.body_case = MG__EVENT__BODY_DUMP_FAILED;
    event.dump_failed = &failed;
    mg_dump_tell(self, &event);
}

static bool
s_is_full(const mg_fault_t *why)
{
    return why->error == ENOSPC || why->error == EDQUOT;
}

/* What another try may mend: a disk that failed once, data that read back otherwise. A full disk is none of these, nor is a
 * folder that has gone. */
static bool
s_may_mend(const mg_dumpactor_t *self, mg_status_t status, const mg_fault_t *why)
{
    return status == MG_ERR_DUMP || status == MG_ERR_UNSURE ||
           (status == MG_ERR_IO && !s_is_full(why) && !mg_folder_is_moved(self->folder));
}

static mg_status_t
s_try_often(mg_dumpactor_t *self,
            const mg_dumpwaiter_t *waiter,
            const mg_folder_t *folder,
            mg_dumpinfo_t *out,
            mg_fault_t *why)
{
    mg_status_t status = s_try(self, waiter, folder, out, why);
    for (int i = 1; i < TRIES && status != MG_OK && s_may_mend(self, status, why); i++) {
        mg_log(status == MG_ERR_DUMP ? MG_LOG_CRITICAL : MG_LOG_ERROR, "dump_retried", "msg=%s",
               why->text);
        status = s_try(self, waiter, folder, out, why);
    }
    return status;
}

/* The folder of a dump with a path; the dump folder itself when the path only names that. */
static mg_status_t
s_open_folder(mg_dumpactor_t *self, const char *path, mg_folder_t **out, mg_fault_t *why)
{
    mg_folder_t *root = NULL;
    mg_folder_t *sub = NULL;
    mg_status_t status = mg_dump_path_root(self, &path, &root, why);
    if (status == MG_OK) {
        status = mg_folderpath_open_folder(root, path, self->config->dump.http_mkdir, &sub, why);
    }
    if (status == MG_OK && !mg_folder_is_same(sub, self->folder)) {
        status = mg_folder_lock(sub, why);
        *out = sub;
        sub = NULL;
    }
    mg_folder_destroy(&sub);
    if (root != self->folder) {
        mg_folder_destroy(&root);
    }
    if (status != MG_OK) {
        mg_folder_destroy(out);
    }
    return status;
}

/* A dump to the dump folder, once more after the folder was moved meanwhile or room was made on a full disk. */
static mg_status_t
s_write_home(mg_dumpactor_t *self,
             const mg_dumpwaiter_t *waiter,
             mg_dumpinfo_t *out,
             mg_fault_t *why)
{
    mg_status_t status = s_try_often(self, waiter, self->folder, out, why);
    if (status == MG_ERR_IO && mg_folder_is_moved(self->folder)) {
        status = mg_dump_follow(self, why);
        if (status == MG_OK) {
            status = s_try_often(self, waiter, self->folder, out, why);
        }
    } else if (status == MG_ERR_IO && s_is_full(why) && mg_dump_prune_for_room(self)) {
        status = s_try_often(self, waiter, self->folder, out, why);
    }
    return status;
}

mg_status_t
mg_dump_write(mg_dumpactor_t *self,
              const mg_dumpwaiter_t *waiter,
              mg_dumpinfo_t *out,
              mg_fault_t *why)
{
    mg_folder_t *elsewhere = NULL; /* a custom folder has its own lock */
    self->running_final = waiter->final;
    mg_status_t status = mg_dump_follow(self, why);
    if (status == MG_OK && !self->scanned) {
        status = mg_dump_scan(self, NULL, why);
    }
    if (status == MG_OK && waiter->path[0]) {
        status = s_open_folder(self, waiter->path, &elsewhere, why);
        if (status != MG_OK) {
            self->running_final = false;
            return status; /* the path is to blame, and with it the asker: no dump has failed */
        }
    }
    if (status == MG_OK) {
        self->running_trigger = waiter->trigger;
        status = elsewhere ? s_try_often(self, waiter, elsewhere, out, why)
                           : s_write_home(self, waiter, out, why);
    }
    if (status == MG_OK) {
        s_succeeded(self, out, elsewhere != NULL);
    } else if (status != MG_ERR_CLOSED) { /* stopped for the final dump: that one is told about */
        s_failed(self, waiter, why);
    }
    self->running_final = false;
    self->running_version = 0;
    mg_candidates_free(&self->seen);
    mg_folder_destroy(&elsewhere);
    return status;
}

/* Takes everybody off the queue who waits for a dump to the dump folder, and adds them to `sharers`. */
static void
s_take_sharers(mg_dumpactor_t *self, mg_dumpwaiter_t **sharers)
{
    mg_dumpwaiter_t **end = sharers;
    while (*end) {
        end = &(*end)->next;
    }
    for (mg_dumpwaiter_t **at = &self->queue; *at;) {
        mg_dumpwaiter_t *waiter = *at;
        if (waiter->kind != MG__DUMP_MESSAGE__BODY_DUMP || waiter->path[0]) {
            at = &waiter->next;
            continue;
        }
        *at = waiter->next;
        waiter->next = NULL;
        *end = waiter;
        end = &waiter->next;
        self->queued--;
    }
}

/* They wait on, in front: the final dump answers them. */
static void
s_put_back(mg_dumpactor_t *self, mg_dumpwaiter_t *waiters)
{
    mg_dumpwaiter_t *last = waiters;
    self->queued++;
    while (last->next) {
        last = last->next;
        self->queued++;
    }
    last->next = self->queue;
    self->queue = waiters;
}

/* The first of them names the dump; a final one among them decides how urgent it is. */
static mg_dumpwaiter_t
s_lead(const mg_dumpwaiter_t *waiters)
{
    mg_dumpwaiter_t lead = *waiters;
    for (const mg_dumpwaiter_t *waiter = waiters; waiter; waiter = waiter->next) {
        if (waiter->final) {
            lead = *waiter;
        }
    }
    return lead;
}

/* What askers need to tell apart: everything that went wrong with the disk is one thing. */
static mg_status_t
s_told_status(mg_status_t status)
{
    bool disk = status == MG_ERR_IO || status == MG_ERR_UNSURE || status == MG_ERR_FENCED;
    return disk ? MG_ERR_DUMP : status;
}

void
mg_dump_run_dump(mg_dumpactor_t *self)
{
    mg_fault_t why = {0};
    mg_dumpinfo_t info = {0};
    mg_dumpwaiter_t *waiters = mg_dump_take_first(self);
    if (!waiters->path[0]) {
        s_take_sharers(self, &waiters);
    }
    mg_dumpwaiter_t lead = s_lead(waiters);
    self->final_waits = self->final_waits && !lead.final;
    mg_status_t status = mg_dump_write(self, &lead, &info, &why);
    if (status == MG_ERR_CLOSED && self->final_waits) {
        s_put_back(self, waiters);
        return;
    }
    if (status == MG_OK && self->final_joins) { /* it holds all that the last dump would hold */
        self->final_waits = false;
        s_take_sharers(self, &waiters);
    }
    self->final_joins = false;
    while (waiters) {
        mg_dumpwaiter_t *waiter = waiters;
        waiters = waiter->next;
        if (status != MG_OK) {
            mg_dump_refuse(self, waiter, s_told_status(status), why.text);
            continue;
        }
        Mg__DumpInfo message = mg_dumpinfo_message(&info);
        Mg__DumpReply reply = MG__DUMP_REPLY__INIT;
        reply.dump = &message;
        mg_dump_answer(self, waiter, &reply);
        MG_FAILPOINT("publish.answered");
    }
}
