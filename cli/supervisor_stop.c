/* The supervisor's end: drain, freeze, final dump; and what becomes of an actor that ends or hangs by itself. */
#include "cli/supervisor_parts.h"
#include "core/clock.h"
#include "core/log.h"

enum {
    DRAIN_MS = 5000, /* at most, for open requests */
    DRAIN_SHARE = 4, /* and at most this part of the grace */
    FINAL_TRIES = 3,
    RETRY_SHARE = 4,     /* a try waits for this part of the grace that is left, */
    RETRY_MS_MAX = 10000 /* and no longer than this */
};

static void
s_on_final_dump(void *arg, mg_status_t status, const ProtobufCMessage *message)
{
    mg_supervisor_t *self = arg;
    const Mg__DumpReply *reply = (const Mg__DumpReply *)message;
    if (status == MG_OK && reply->status == MG_OK) {
        mg_log(MG_LOG_INFO, "stopped", "path=%s generation=%llu msg=%s", reply->dump->path,
               (unsigned long long)reply->dump->generation, "the state is in its final dump");
        mg_supervisor_end(self, self->exit_code);
        return;
    }
    const char *why = reply ? reply->text : mg_status_name(status);
    int64_t now_ms = mg_clock_mono_ms();
    bool again =
        ++self->tries < FINAL_TRIES && now_ms < self->stop_deadline_ms && status != MG_ERR_CLOSED;
    mg_log(again ? MG_LOG_ERROR : MG_LOG_CRITICAL, "final_dump_failed", "try=%d again=%s msg=%s",
           self->tries, again ? "true" : "false", why);
    if (again) { /* what failed may mend meanwhile: space is freed, a mount comes back */
        int64_t wait_ms = (self->stop_deadline_ms - now_ms) / RETRY_SHARE;
        self->retry_ms = now_ms + (wait_ms < RETRY_MS_MAX ? wait_ms : RETRY_MS_MAX);
        return;
    }
    mg_log(MG_LOG_CRITICAL, "state_lost", "msg=%s",
           "THE STATE COULD NOT BE WRITTEN: what changed since the last good dump is lost with "
           "this process");
    mg_supervisor_end(self, MG_EXIT_DUMP_FAILED);
}

static void
s_ask_final_dump(mg_supervisor_t *self)
{
    int64_t left_ms = self->stop_deadline_ms - mg_clock_mono_ms();
    Mg__DumpRequest dump = MG__DUMP_REQUEST__INIT;
    dump.trigger = self->stop_trigger;
    dump.requester = self->stop_requester;
    dump.final = true;
    dump.grace_ms = left_ms > 0 ? left_ms : 0;
    Mg__DumpMessage ask = MG__DUMP_MESSAGE__INIT;
    ask.body_case = MG__DUMP_MESSAGE__BODY_DUMP;
    ask.dump = &dump;
    mg_supervisor_ask(self, self->dump, &ask.base, INT64_MAX, s_on_final_dump);
}

void
mg_supervisor_note_silence(mg_supervisor_t *self, const char *who)
{
    self->silent = true;
    mg_log(MG_LOG_ERROR, "actor_silent", "actor=%s msg=%s", who,
           "a part of memgate does not answer; the stop goes on without it");
}

/* What an actor that hangs still holds up is not the last dump. */
static void
s_note_answer(mg_supervisor_t *self, mg_status_t status, const char *who)
{
    if (status == MG_ERR_TIMEOUT) {
        mg_supervisor_note_silence(self, who);
    }
}

static void
s_on_frozen(void *arg, mg_status_t status, const ProtobufCMessage *message)
{
    mg_supervisor_t *self = arg;
    (void)message;
    s_note_answer(self, status, "state"); /* one that does not freeze is dumped as it is */
    if (self->phase == MG_LIFE_DRAINING) {
        self->phase = MG_LIFE_DUMPING;
        s_ask_final_dump(self);
    }
}

static void
s_on_drained(void *arg, mg_status_t status, const ProtobufCMessage *message)
{
    mg_supervisor_t *self = arg;
    const Mg__GatewayReply *reply = (const Mg__GatewayReply *)message;
    if (self->phase != MG_LIFE_DRAINING) {
        return;
    }
    s_note_answer(self, status, "gateway");
    if (status == MG_OK && reply->unanswered) {
        mg_log(MG_LOG_WARN, "drain_cut", "requests=%u msg=%s", reply->unanswered,
               "requests were still open when the time for draining was over; they got 503");
    }
    Mg__Freeze freeze = MG__FREEZE__INIT;
    freeze.for_good = true; /* a restore that is under way thaws at its end */
    mg_supervisor_ask_state(self, MG__STATE_REQUEST__BODY_FREEZE, &freeze,
                            mg_clock_mono_ms() + MG_SILENCE_MS, s_on_frozen);
}

/* From serving to the final dump; `code` is the exit code if that goes well. */
static void
s_stop(mg_supervisor_t *self, mg_exit_t code)
{
    int64_t grace_ms = (int64_t)self->config->shutdown_grace_seconds * 1000;
    int64_t drain_ms = grace_ms / DRAIN_SHARE < DRAIN_MS ? grace_ms / DRAIN_SHARE : DRAIN_MS;
    self->exit_code = code;
    self->stop_deadline_ms = mg_clock_mono_ms() + grace_ms;
    self->phase = MG_LIFE_DRAINING;
    mg_manager_stopping(&self->manager, NULL);
    mg_log(MG_LOG_INFO, "stopping", "requester=%s grace_s=%u", self->stop_requester,
           self->config->shutdown_grace_seconds);
    if (self->children.actor[MG_CHILD_GATEWAY]) {
        Mg__SetPhase phase = MG__SET_PHASE__INIT;
        phase.phase = MG__SET_PHASE__PHASE__STOPPING;
        phase.drain_ms = drain_ms;
        mg_supervisor_ask_gateway(self, &phase, mg_clock_mono_ms() + drain_ms + MG_SILENCE_MS,
                                  s_on_drained);
    } else {
        s_on_drained(self, MG_ERR_CLOSED, NULL);
    }
}

void
mg_supervisor_stop(mg_supervisor_t *self, const Mg__StopRequest *stop)
{
    if (stop->no_dump) {
        mg_log(MG_LOG_WARN, "left_without_dump", "requester=%s", stop->requester);
        mg_supervisor_end(self, MG_EXIT_OK);
    } else if (self->phase == MG_LIFE_RESTORING) {
        mg_log(MG_LOG_INFO, "stopped_before_ready", "requester=%s", stop->requester);
        mg_supervisor_end(self, (mg_exit_t)stop->exit_code);
    } else if (self->phase == MG_LIFE_SERVING) {
        self->stop_trigger = stop->trigger;
        (void)snprintf(self->stop_requester, sizeof self->stop_requester, "%.120s",
                       stop->requester);
        s_stop(self, (mg_exit_t)stop->exit_code);
    } else if (stop->exit_code) {
        self->exit_code = (mg_exit_t)stop->exit_code;
    }
}

void
mg_supervisor_retry(mg_supervisor_t *self)
{
    if (self->phase == MG_LIFE_DUMPING && self->retry_ms && mg_clock_mono_ms() >= self->retry_ms) {
        self->retry_ms = 0;
        s_ask_final_dump(self);
    }
}

/* --- actors that end by themselves --- */

void
mg_supervisor_bury(mg_supervisor_t *self, int which)
{
    mg_actor_stop(&self->children.actor[which]);
    mg_log(MG_LOG_CRITICAL, "actor_died", "which=%d msg=%s", which,
           "a part of memgate ended by itself; memgate stops");
    bool can_dump = self->children.actor[MG_CHILD_STATE] && self->children.actor[MG_CHILD_DUMP] &&
                    self->phase == MG_LIFE_SERVING;
    if (can_dump) {
        (void)snprintf(self->stop_requester, sizeof self->stop_requester, "actor died");
        s_stop(self, MG_EXIT_ACTOR_DIED);
    } else if (self->phase == MG_LIFE_RESTORING || !self->children.actor[MG_CHILD_STATE] ||
               !self->children.actor[MG_CHILD_DUMP]) {
        mg_supervisor_end(self, MG_EXIT_ACTOR_DIED);
    } else {
        self->exit_code = MG_EXIT_ACTOR_DIED;
        if (which == MG_CHILD_GATEWAY) {
            s_on_drained(self, MG_ERR_CLOSED, NULL); /* nothing is left to drain */
        }
    }
}
