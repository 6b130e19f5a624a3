/* The dump actor's guard: one writer per folder. Before it has the lock it stands by; one that has lost it is fenced. */
#include "actors/dump_parts.h"
#include "core/clock.h"
#include "core/failpoint.h"
#include "core/log.h"
#include "messages/supervisor.pb-c.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { TRY_EVERY_MS = 250, EXIT_LOCKED = 75, MS_PER_SECOND = 1000 };

/* ---- standing by ---- */

/* It is still waited for; a new reason is told. */
static void
s_tell_standing_by(mg_dumpactor_t *self, mg_status_t status, const mg_fault_t *why)
{
    if (status != self->lock_told) {
        self->lock_told = status;
        mg_log(MG_LOG_WARN, "standing_by", "wait_s=%u msg=%s", self->config->dump.lock_wait_seconds,
               why->text);
    }
}

mg_status_t
mg_dump_take_lock(mg_dumpactor_t *self, mg_fault_t *why)
{
    mg_status_t status = mg_folder_lock(self->folder, why);
    self->has_lock = status == MG_OK;
    if (status != MG_ERR_BUSY || self->config->dump.lock_wait_seconds == 0) {
        return status;
    }
    int64_t now_ms = mg_clock_mono_ms();
    self->lock_deadline_ms = now_ms + (int64_t)self->config->dump.lock_wait_seconds * MS_PER_SECOND;
    self->lock_try_ms = now_ms + TRY_EVERY_MS;
    s_tell_standing_by(self, status, why);
    return MG_OK;
}

/* The start waits no longer: whoever asked for it hears why, and the program ends with 75. */
static void
s_give_up(mg_dumpactor_t *self, const mg_fault_t *why)
{
    mg_dumpwaiter_t *waiter = mg_dump_take_first(self);
    char text[MG_FAULT_TEXT + 64];
    (void)snprintf(text, sizeof text, "%s; it was waited for %u s (MEM_DUMP_LOCK_WAIT)", why->text,
                   self->config->dump.lock_wait_seconds);
    Mg__DumpReply reply = MG__DUMP_REPLY__INIT;
    reply.status = MG_ERR_BUSY;
    reply.text = text;
    reply.exit_code = EXIT_LOCKED;
    mg_dump_answer(self, waiter, &reply);
}

/* The lock of the folder that the path names. When that folder was moved, its holder goes first: as long as that one lives it
 * may not have followed yet, and what the path names now would be an empty start beside it. */
static mg_status_t
s_try_lock(mg_dumpactor_t *self, mg_fault_t *why)
{
    mg_status_t status = mg_folder_lock(self->folder, why);
    return status == MG_OK ? mg_dump_follow(self, why) : status;
}

int64_t
mg_dump_stand_by(mg_dumpactor_t *self, int64_t now_ms)
{
    mg_fault_t why = {0};
    if (now_ms < self->lock_try_ms) {
        return self->lock_try_ms - now_ms;
    }
    mg_dump_hurry(
        self); /* whoever else asked meanwhile must not hide the start, which may give up */
    self->lock_try_ms = now_ms + TRY_EVERY_MS;
    mg_status_t status = s_try_lock(self, &why);
    if (status == MG_OK) {
        self->has_lock = true;
        mg_log(MG_LOG_INFO, "lock_taken", "folder=%s", mg_folder_path(self->folder));
        return 0;
    }
    s_tell_standing_by(self, status, &why);
    if (now_ms >= self->lock_deadline_ms && self->queue && self->queue->at_start) {
        s_give_up(self, &why);
    }
    return TRY_EVERY_MS;
}

/* ---- fencing ---- */

static void
s_on_stopping(void *arg, mg_status_t status, const ProtobufCMessage *reply)
{
    (void)arg;
    (void)status;
    (void)reply;
}

/* No write is acknowledged from here on that only this process knows of; then the program ends. */
static void
s_fence(mg_dumpactor_t *self, const mg_fault_t *why)
{
    self->fenced = true;
    mg_log(MG_LOG_CRITICAL, "fenced", "folder=%s cause=%s msg=%s", mg_folder_path(self->folder),
           why->text,
           "FENCED: the lock of the dump folder is not ours any more, so another memgate may write "
           "there; what this one holds goes to .orphan- files, writes are refused, and it ends "
           "with 75");
    mg_status_t frozen = mg_stateask_freeze(self->state, true);
    if (frozen != MG_OK) {
        mg_log(MG_LOG_CRITICAL, "freeze_failed", "status=%s", mg_status_name(frozen));
    }
    Mg__StopRequest stop = MG__STOP_REQUEST__INIT;
    Mg__SupervisorRequest request = MG__SUPERVISOR_REQUEST__INIT;
    stop.requester = mg_bus_text("fenced");
    stop.exit_code = EXIT_LOCKED;
    request.body_case = MG__SUPERVISOR_REQUEST__BODY_STOP;
    request.stop = &stop;
    mg_status_t asked =
        mg_link_ask(self->supervisor, &request.base, INT64_MAX, s_on_stopping, NULL);
    if (asked != MG_OK) {
        mg_log(MG_LOG_CRITICAL, "stop_unasked", "status=%s", mg_status_name(asked));
    }
}

/* A dump of our store by another process since we began, as new as the one we are about to publish. */
static bool
s_is_rival(const mg_dumpactor_t *self, const mg_candidate_t *candidate)
{
    const mg_dumpheader_t *header = &candidate->header;
    return candidate->authenticated && header->generation > self->generation &&
           header->created_at > self->owner.started_ns &&
           memcmp(header->store_id, self->store_id, sizeof self->store_id) == 0 &&
           memcmp(header->instance_id, self->owner.instance_id, MG_INSTANCE_SIZE) != 0;
}

static mg_status_t
s_look_for_rivals(mg_dumpactor_t *self, mg_fault_t *why)
{
    const mg_candidates_t *seen = &self->seen;
    mg_candidates_free(&self->seen); /* of a first try */
    mg_status_t status = mg_dump_look(self, &self->seen, why);
    for (size_t i = 0; i < seen->count && status == MG_OK; i++) {
        if (s_is_rival(self, &seen->items[i])) {
            status = mg_fault_set(why, MG_ERR_FENCED, 0, "%s was written by another memgate",
                                  seen->items[i].name.text);
        }
    }
    return status;
}

mg_status_t
mg_dump_check_place(const mg_dumpactor_t *self, mg_fault_t *why)
{
    if (!mg_folder_is_moved(self->folder)) {
        return MG_OK;
    }
    return mg_fault_set(why, MG_ERR_IO, ENOENT,
                        "the dump folder %s was moved or deleted while the dump was written",
                        mg_folder_path(self->folder));
}

mg_status_t
mg_dump_check_guard(mg_dumpactor_t *self, mg_fault_t *why)
{
    MG_FAILPOINT("publish.ready");
    if (self->fenced) {
        return MG_ERR_FENCED;
    }
    mg_status_t status = mg_dump_check_place(self, why);
    if (status == MG_OK) {
        status = mg_folder_check_lock(self->folder, why);
    }
    if (status == MG_OK) {
        status = s_look_for_rivals(self, why);
    }
    if (status == MG_ERR_FENCED) {
        s_fence(self, why);
    }
    return status;
}
