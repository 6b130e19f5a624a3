#include "actors/dump.h"

#include "actors/dump_parts.h"
#include "core/clock.h"
#include "core/log.h"
#include "messages/figures.h"
#include "messages/supervisor.pb-c.h"

#include <sodium.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { STATE_WINDOW = 4, SUPERVISOR_WINDOW = 1 };

mg_dumpwaiter_t *
mg_dump_take_first(mg_dumpactor_t *self)
{
    mg_dumpwaiter_t *first = self->queue;
    self->queue = first->next;
    first->next = NULL;
    self->queued--;
    return first;
}

/* ---- replies and events ---- */

static void
s_reply(mg_dumpactor_t *self, const mg_bus_peer_t *peer, const Mg__DumpReply *reply)
{
    mg_status_t sent = mg_bus_reply(self->inbox, peer, &reply->base);
    if (sent != MG_OK) {
        mg_log(MG_LOG_WARN, "reply_lost", "actor=dump status=%s", mg_status_name(sent));
    }
}

void
mg_dump_answer(mg_dumpactor_t *self, mg_dumpwaiter_t *waiter, Mg__DumpReply *reply)
{
    s_reply(self, &waiter->peer, reply);
    sodium_memzero(waiter->import_key, sizeof waiter->import_key);
    free(waiter);
}

void
mg_dump_refuse(mg_dumpactor_t *self, mg_dumpwaiter_t *waiter, mg_status_t status, const char *text)
{
    Mg__DumpReply reply = MG__DUMP_REPLY__INIT;
    reply.status = status;
    reply.text = (char *)text;
    mg_dump_answer(self, waiter, &reply);
}

void
mg_dump_tell(mg_dumpactor_t *self, Mg__Event *event)
{
    event->time_ns = mg_clock_wall_ns();
    mg_status_t sent = mg_bus_publish(self->events, &event->base);
    if (sent != MG_OK) {
        mg_log(MG_LOG_WARN, "event_lost", "actor=dump status=%s", mg_status_name(sent));
    }
}

static void
s_reply_status(mg_dumpactor_t *self, const mg_bus_peer_t *peer)
{
    Mg__DumpInfo last = mg_dumpinfo_message(&self->last);
    Mg__DumpInfo restored = mg_dumpinfo_message(&self->restored);
    Mg__DumpStatus status = MG__DUMP_STATUS__INIT;
    status.last = self->last.set ? &last : NULL;
    status.restored = self->restored.set ? &restored : NULL;
    status.last_error = self->last_error;
    status.last_error_ns = self->last_error[0] ? self->last_error_ns : 0;
    status.running = self->running;
    status.published = self->published;
    status.failed = self->failed;
    status.restore_skipped = self->restore_skipped;
    status.folder = (char *)mg_folder_path(self->folder);
    Mg__Histogram phases[MG_DUMPPHASES];
    Mg__Histogram *list[MG_DUMPPHASES];
    for (size_t i = 0; i < MG_DUMPPHASES; i++) {
        phases[i] = mg_histogram_message(&self->phases[i]);
        list[i] = &phases[i];
    }
    status.n_phases = MG_DUMPPHASES;
    status.phases = list;
    Mg__DumpReply reply = MG__DUMP_REPLY__INIT;
    reply.dump_status = &status;
    s_reply(self, peer, &reply);
}

/* ---- the queue ---- */

static mg_dumpwaiter_t *
s_waiter_of(const mg_bus_peer_t *peer, const Mg__DumpMessage *message)
{
    mg_dumpwaiter_t *waiter = calloc(1, sizeof *waiter);
    if (!waiter) {
        return NULL;
    }
    waiter->peer = *peer;
    waiter->kind = message->body_case;
    waiter->asked_ms = mg_clock_mono_ms();
    const char *requester = "";
    const char *path = "";
    switch (message->body_case) {
    case MG__DUMP_MESSAGE__BODY_DUMP:
        requester = message->dump->requester;
        path = message->dump->path;
        waiter->trigger = (uint8_t)message->dump->trigger;
        waiter->final = message->dump->final;
        waiter->grace_ms = message->dump->grace_ms;
        break;
    case MG__DUMP_MESSAGE__BODY_RESTORE:
        requester = message->restore->requester;
        path = message->restore->path;
        waiter->trigger = (uint8_t)message->restore->trigger;
        waiter->at_start = message->restore->at_start;
        waiter->import = message->restore->import;
        waiter->has_import_key = message->restore->import_key.len == MG_AEAD_KEY;
        if (waiter->has_import_key) {
            memcpy(waiter->import_key, message->restore->import_key.data, MG_AEAD_KEY);
        }
        break;
    case MG__DUMP_MESSAGE__BODY_VERIFY:
        path = message->verify->path;
        break;
    default:
        break; /* a listing has no content */
    }
    mg_dumpheader_clean_utf8(requester, waiter->requester, MG_REQUESTER_MAX);
    (void)snprintf(waiter->path, sizeof waiter->path, "%s",
                   path); /* too long a path is refused when it is checked */
    return waiter;
}

static void
s_refuse_peer(mg_dumpactor_t *self, const mg_bus_peer_t *peer, mg_status_t status, const char *text)
{
    Mg__DumpReply reply = MG__DUMP_REPLY__INIT;
    reply.status = status;
    reply.text = (char *)text;
    s_reply(self, peer, &reply);
}

static void
s_enqueue(mg_dumpactor_t *self, const mg_bus_peer_t *peer, const Mg__DumpMessage *message)
{
    mg_dumpwaiter_t *waiter =
        self->queued < MG_DUMP_WAITING_MAX ? s_waiter_of(peer, message) : NULL;
    if (!waiter) {
        s_refuse_peer(self, peer, MG_ERR_BUSY, "too many requests wait for the dump actor");
        return;
    }
    mg_dumpwaiter_t **end = &self->queue;
    while (*end) {
        end = &(*end)->next;
    }
    *end = waiter;
    self->queued++;
    self->final_waits = self->final_waits || waiter->final;
}

static void
s_handle(mg_dumpactor_t *self, const mg_bus_peer_t *peer, const Mg__DumpMessage *message)
{
    switch (message->body_case) {
    case MG__DUMP_MESSAGE__BODY_DUMP:
    case MG__DUMP_MESSAGE__BODY_RESTORE:
    case MG__DUMP_MESSAGE__BODY_LIST:
    case MG__DUMP_MESSAGE__BODY_VERIFY:
        s_enqueue(self, peer, message);
        break;
    case MG__DUMP_MESSAGE__BODY_STATUS:
        s_reply_status(self, peer);
        break;
    default:
        s_refuse_peer(self, peer, MG_ERR_BAD_MESSAGE, "the dump actor does not know this request");
        break;
    }
}

/* Takes all messages there are; also between the chunks of a running job. */
static void
s_on_inbox(void *arg)
{
    mg_dumpactor_t *self = arg;
    for (;;) {
        mg_bus_peer_t peer;
        ProtobufCMessage *message = NULL;
        mg_status_t status =
            mg_bus_receive(self->inbox, &mg__dump_message__descriptor, &peer, &message);
        if (status == MG_ERR_BAD_MESSAGE) {
            s_refuse_peer(self, &peer, status, "the message does not parse");
            continue;
        }
        if (status != MG_OK) {
            return;
        }
        s_handle(self, &peer, (const Mg__DumpMessage *)message);
        protobuf_c_message_free_unpacked(message, NULL);
    }
}

/* True if the running dump holds the state as it is now. */
static bool
s_is_up_to_date(mg_dumpactor_t *self)
{
    mg_stateanswer_t answer;
    Mg__StatsQuery query = MG__STATS_QUERY__INIT;
    Mg__StateRequest request = MG__STATE_REQUEST__INIT;
    request.body_case = MG__STATE_REQUEST__BODY_STATS;
    request.stats = &query;
    return self->running_version != 0 &&
           mg_stateask(self->state, &request, MG_STATE_REPLY_MS, &answer) == MG_OK &&
           answer.version == self->running_version;
}

/* A final dump goes before what runs, unless that does as well; the state is frozen when one is asked for. */
static bool
s_gives_way(mg_dumpactor_t *self)
{
    if (!self->final_waits || self->running_final) {
        return false;
    }
    self->final_joins = self->final_joins || s_is_up_to_date(self);
    mg_pipeline_set_urgent(self->pipeline, true); /* what is left of a dump that it joins, too */
    return !self->final_joins;
}

static void
s_tell_progress(mg_dumpactor_t *self, const mg_progress_t *progress)
{
    Mg__DumpProgress told = MG__DUMP_PROGRESS__INIT;
    Mg__Event event = MG__EVENT__INIT;
    told.trigger = (Mg__Trigger)self->running_trigger;
    told.phase = mg_bus_text(progress->phase);
    told.documents = progress->documents;
    told.documents_total = progress->documents_total;
    told.bytes = progress->bytes;
    told.bytes_total = progress->bytes_total;
    event.body_case = MG__EVENT__BODY_DUMP_PROGRESS;
    event.dump_progress = &told;
    mg_dump_tell(self, &event);
}

bool
mg_dump_turn(void *arg, const mg_progress_t *progress)
{
    mg_dumpactor_t *self = arg;
    int64_t now_ms = mg_clock_mono_ms();
    s_on_inbox(self);
    if (now_ms >= self->next_progress_ms) {
        self->next_progress_ms = now_ms + MG_DUMP_PROGRESS_MS;
        s_tell_progress(self, progress);
    }
    return !s_gives_way(self) && !mg_loop_is_ending(self->loop);
}

/* ---- the loop ---- */

/* Before the restore of the start there is no state to dump or to replace; whoever asks for that waits for it. */
static bool
s_may_run(const mg_dumpactor_t *self, const mg_dumpwaiter_t *waiter)
{
    bool needs_state = waiter->kind == MG__DUMP_MESSAGE__BODY_DUMP ||
                       waiter->kind == MG__DUMP_MESSAGE__BODY_RESTORE;
    return self->at_home || waiter->at_start || !needs_state;
}

/* What goes before everything else: at first what may run at all, later the final dump. */
static bool
s_is_urgent(const mg_dumpactor_t *self, const mg_dumpwaiter_t *waiter)
{
    return self->at_home ? waiter->final : s_may_run(self, waiter);
}

void
mg_dump_hurry(mg_dumpactor_t *self)
{
    for (mg_dumpwaiter_t **at = &self->queue; *at; at = &(*at)->next) {
        mg_dumpwaiter_t *waiter = *at;
        if (s_is_urgent(self, waiter) && at != &self->queue) {
            *at = waiter->next;
            waiter->next = self->queue;
            self->queue = waiter;
            return;
        }
    }
}

static int64_t
s_on_turn(void *arg, int64_t now_ms)
{
    mg_dumpactor_t *self = arg;
    if (!self->has_lock) {
        return mg_dump_stand_by(self, now_ms);
    }
    if (self->queue && (self->final_waits || !self->at_home)) {
        mg_dump_hurry(self);
    }
    if (!self->queue || !s_may_run(self, self->queue)) {
        return -1;
    }
    self->running = true;
    self->next_progress_ms = 0;
    mg_pipeline_set_urgent(self->pipeline, !self->at_home || self->final_waits);
    switch (self->queue->kind) {
    case MG__DUMP_MESSAGE__BODY_DUMP:
        mg_dump_run_dump(self);
        break;
    case MG__DUMP_MESSAGE__BODY_RESTORE:
        mg_dump_run_restore(self);
        break;
    case MG__DUMP_MESSAGE__BODY_VERIFY:
        mg_dump_run_verify(self);
        break;
    default:
        mg_dump_run_list(self);
        break;
    }
    self->running = false;
    return self->queue ? 0 : -1;
}

/* ---- life ---- */

static void
s_destroy(void *arg)
{
    mg_dumpactor_t *self = arg;
    if (!self) {
        return;
    }
    while (self->queue) {
        mg_dumpwaiter_t *waiter = self->queue;
        self->queue = waiter->next;
        mg_dump_refuse(self, waiter, MG_ERR_CLOSED, "the program ends");
    }
    mg_link_destroy(&self->state);
    mg_link_destroy(&self->supervisor);
    mg_pipeline_destroy(&self->pipeline);
    mg_bus_close(&self->inbox);
    mg_bus_close(&self->events);
    mg_keyring_destroy(&self->keyring);
    mg_folder_destroy(&self->folder);
    free(self);
}

static mg_status_t
s_open_sockets(mg_dumpactor_t *self, mg_loop_t *loop, mg_fault_t *why)
{
    self->inbox = mg_bus_serve(MG_BUS_DUMP);
    self->events = mg_bus_bind(ZMQ_PUB, MG_BUS_EVENTS);
    self->state = mg_state_link_new(STATE_WINDOW);
    self->supervisor = mg_link_new(&(mg_link_options_t){.endpoint = MG_BUS_SUPERVISOR,
                                                        .schema = &mg__supervisor_reply__descriptor,
                                                        .window = SUPERVISOR_WINDOW});
    self->pipeline = mg_pipeline_new(self->config->dump.sealers);
    if (!self->inbox || !self->events || !self->state || !self->supervisor || !self->pipeline ||
        mg_loop_watch_socket(loop, self->inbox, s_on_inbox) != MG_OK ||
        mg_loop_watch_link(loop, self->state) != MG_OK ||
        mg_loop_watch_link(loop, self->supervisor) != MG_OK) {
        return mg_fault_set(why, MG_ERR_NO_MEMORY, ENOMEM,
                            "no memory for the dump actor's sockets");
    }
    return MG_OK;
}

static mg_status_t
s_create(const void *arg, mg_loop_t *loop, void **out_self)
{
    const mg_dump_args_t *args = arg;
    mg_fault_t why = {0};
    mg_dumpactor_t *self = calloc(1, sizeof *self);
    *out_self = NULL;
    if (!self) {
        return MG_ERR_NO_MEMORY;
    }
    self->config = args->config;
    self->loop = loop;
    mg_status_t status = mg_dump_open_keys(self, &why);
    if (status == MG_OK) {
        status = mg_dump_open_folder(self, args, &why);
    }
    if (status == MG_OK) {
        status = s_open_sockets(self, loop, &why);
    }
    if (status != MG_OK) {
        mg_log(MG_LOG_CRITICAL, "dump_actor_failed", "status=%s msg=%s", mg_status_name(status),
               why.text);
        s_destroy(self);
        return status;
    }
    mg_log(MG_LOG_INFO, "dump_folder", "path=%s stem=%s aead=%s", mg_folder_path(self->folder),
           mg_folder_stem(self->folder), mg_aead_name(self->provider));
    *out_self = self;
    return MG_OK;
}

const mg_actor_ops_t mg_dump_actor = {
    .name = "mg-dump",
    .create = s_create,
    .on_turn = s_on_turn,
    .destroy = s_destroy,
};
