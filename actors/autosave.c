#include "actors/autosave.h"

#include "actors/state.h"
#include "core/clock.h"
#include "core/document.h"
#include "core/log.h"
#include "core/seed.h"
#include "messages/autosave.pb-c.h"
#include "messages/dump.pb-c.h"
#include "messages/event.pb-c.h"
#include "messages/state.pb-c.h"

#include <stdlib.h>

enum {
    COUNT_MS = 1000, /* how often changes are counted while MEM_AUTO_SAVE_CHANGES is on */
    RETRY_MS = 5000, /* when the state actor did not answer */
    DUMP_REPLY_MS = 24 * 3600000 /* a dump takes as long as it takes */
};

typedef struct autosave_actor {
    zsock_t *inbox;
    zsock_t *events;
    mg_link_t *state;
    mg_link_t *dump;
    bool enabled;
    uint32_t every_seconds;
    uint64_t after_changes;
    uint64_t saved_changes; /* contained in the last good dump of any trigger */
    int64_t due_ms;         /* next dump by time */
    int64_t count_ms;       /* next look at the count of changes */
    bool reading;           /* settings are being read */
    bool dumping;
    uint64_t dumps;
    uint64_t skipped;
} autosave_actor_t;

static void
s_destroy(void *arg)
{
    autosave_actor_t *self = arg;
    mg_link_destroy(&self->state);
    mg_link_destroy(&self->dump);
    mg_bus_close(&self->events);
    mg_bus_close(&self->inbox);
    free(self);
}

static void
s_plan(autosave_actor_t *self)
{
    self->due_ms = mg_clock_mono_ms() + (int64_t)self->every_seconds * 1000;
    self->count_ms = mg_clock_mono_ms() + COUNT_MS;
}

/* --- settings, read from the state --- */

static void
s_apply_settings(autosave_actor_t *self, const mg_view_t *view)
{
    const mg_entry_t *entry =
        mg_view_find(view, MG_COLLECTION_SETTINGS, mg_slice_text(MG_SEED_SETTINGS));
    if (!entry) {
        return;
    }
    bool enabled = mg_document_bool(mg_entry_body(entry), "enable_auto_save", false);
    int64_t every = mg_document_int(mg_entry_body(entry), "auto_save_frequency_seconds", 0);
    uint32_t every_seconds = every > 0 && every <= INT32_MAX ? (uint32_t)every : 0;
    enabled = enabled && every_seconds > 0;
    if (enabled != self->enabled || every_seconds != self->every_seconds) {
        self->enabled = enabled;
        self->every_seconds = every_seconds;
        s_plan(self);
        mg_log(MG_LOG_INFO, "autosave", "enabled=%s every_s=%u after_changes=%llu",
               enabled ? "true" : "false", every_seconds, (unsigned long long)self->after_changes);
    }
}

static void
s_on_view(void *arg, mg_status_t status, const ProtobufCMessage *message)
{
    autosave_actor_t *self = arg;
    const Mg__StateReply *reply = (const Mg__StateReply *)message;
    self->reading = false;
    if (status == MG_ERR_CLOSED) {
        return;
    }
    mg_viewref_t *view = status == MG_OK ? mg_viewref_take(reply->view) : NULL;
    if (!view) {
        mg_log(MG_LOG_WARN, "autosave_settings_unread", "status=%s", mg_status_name(status));
        return;
    }
    s_apply_settings(self, mg_viewref_view(view));
    mg_state_give_back(self->state, &view);
}

static mg_status_t
s_ask_state(autosave_actor_t *self, Mg__StateRequest *request, mg_link_reply_t *callback)
{
    return mg_link_ask(self->state, &request->base, mg_clock_mono_ms() + MG_STATE_REPLY_MS,
                       callback, self);
}

static void
s_read_settings(autosave_actor_t *self)
{
    Mg__OpenView open = MG__OPEN_VIEW__INIT;
    Mg__StateRequest request = MG__STATE_REQUEST__INIT;
    request.body_case = MG__STATE_REQUEST__BODY_OPEN_VIEW;
    request.open_view = &open;
    self->reading = s_ask_state(self, &request, s_on_view) == MG_OK;
}

/* --- dumping --- */

static void
s_on_dumped(void *arg, mg_status_t status, const ProtobufCMessage *message)
{
    autosave_actor_t *self = arg;
    const Mg__DumpReply *reply = (const Mg__DumpReply *)message;
    self->dumping = false; /* if it failed the dump actor logs why; the next period tries again */
    if (status == MG_OK && reply->dump) {
        self->saved_changes = reply->dump->changes;
    }
}

static void
s_ask_dump(autosave_actor_t *self)
{
    Mg__DumpRequest dump = MG__DUMP_REQUEST__INIT;
    dump.trigger = MG__TRIGGER__TRIGGER_AUTOSAVE;
    dump.requester = mg_bus_text("autosave");
    Mg__DumpMessage message = MG__DUMP_MESSAGE__INIT;
    message.body_case = MG__DUMP_MESSAGE__BODY_DUMP;
    message.dump = &dump;
    int64_t deadline_ms = mg_clock_mono_ms() + DUMP_REPLY_MS;
    self->dumping = mg_link_ask(self->dump, &message.base, deadline_ms, s_on_dumped, self) == MG_OK;
    self->dumps += self->dumping;
}

static void
s_on_counted(void *arg, mg_status_t status, const ProtobufCMessage *message)
{
    autosave_actor_t *self = arg;
    const Mg__StateReply *reply = (const Mg__StateReply *)message;
    if (status != MG_OK || !reply->stats || self->dumping) {
        return;
    }
    uint64_t unsaved = reply->stats->changes - self->saved_changes;
    int64_t now_ms = mg_clock_mono_ms();
    bool due = now_ms >= self->due_ms;
    bool many = self->after_changes && unsaved >= self->after_changes;
    if (due) {
        s_plan(self);
        self->skipped += unsaved == 0;
    }
    if ((due || many) && unsaved > 0) {
        s_ask_dump(self);
    }
}

static void
s_count_changes(autosave_actor_t *self)
{
    Mg__StatsQuery query = MG__STATS_QUERY__INIT;
    Mg__StateRequest request = MG__STATE_REQUEST__INIT;
    request.body_case = MG__STATE_REQUEST__BODY_STATS;
    request.stats = &query;
    (void)s_ask_state(self, &request, s_on_counted); /* a busy link means that one is under way */
}

/* --- events and requests --- */

static void
s_handle_event(autosave_actor_t *self, const Mg__Event *event)
{
    if (event->body_case == MG__EVENT__BODY_DUMP_DONE && !event->dump_done->elsewhere) {
        self->saved_changes = event->dump_done->changes;
        s_plan(self);
    } else if (event->body_case == MG__EVENT__BODY_RESTORE_DONE) {
        s_read_settings(self);
    }
}

static void
s_on_event(void *arg)
{
    autosave_actor_t *self = arg;
    mg_bus_peer_t from;
    ProtobufCMessage *message = NULL;
    while (mg_bus_receive(self->events, &mg__event__descriptor, &from, &message) == MG_OK) {
        s_handle_event(self, (const Mg__Event *)message);
        protobuf_c_message_free_unpacked(message, NULL);
    }
}

static void
s_on_inbox(void *arg)
{
    autosave_actor_t *self = arg;
    mg_bus_peer_t peer;
    ProtobufCMessage *message = NULL;
    mg_status_t status = MG_OK;
    while ((status = mg_bus_receive(self->inbox, &mg__autosave_request__descriptor, &peer,
                                    &message)) != MG_ERR_TIMEOUT) {
        Mg__AutosaveReply reply = MG__AUTOSAVE_REPLY__INIT;
        reply.status = status;
        if (status == MG_OK) {
            if (((Mg__AutosaveRequest *)message)->body_case == MG__AUTOSAVE_REQUEST__BODY_RELOAD) {
                s_read_settings(self);
            }
            protobuf_c_message_free_unpacked(message, NULL);
        }
        reply.enabled = self->enabled;
        reply.every_seconds = self->every_seconds;
        reply.after_changes = self->after_changes;
        reply.dumps = self->dumps;
        reply.skipped = self->skipped;
        (void)mg_bus_reply(self->inbox, &peer,
                           &reply.base); /* an asker that is gone needs no reply */
    }
}

static int64_t
s_on_turn(void *arg, int64_t now_ms)
{
    autosave_actor_t *self = arg;
    if (!self->enabled) {
        return -1;
    }
    bool count = self->after_changes > 0;
    int64_t next_ms = count && self->count_ms < self->due_ms ? self->count_ms : self->due_ms;
    if (now_ms < next_ms) {
        return next_ms - now_ms;
    }
    self->count_ms = now_ms + COUNT_MS;
    s_count_changes(self);
    return count ? COUNT_MS : RETRY_MS;
}

static mg_status_t
s_watch(autosave_actor_t *self, mg_loop_t *loop)
{
    mg_status_t status = mg_loop_watch_socket(loop, self->inbox, s_on_inbox);
    if (status == MG_OK) {
        status = mg_loop_watch_socket(loop, self->events, s_on_event);
    }
    if (status == MG_OK) {
        status = mg_loop_watch_link(loop, self->state);
    }
    return status == MG_OK ? mg_loop_watch_link(loop, self->dump) : status;
}

static mg_status_t
s_create(const void *arg, mg_loop_t *loop, void **out_self)
{
    const mg_autosave_args_t *args = arg;
    autosave_actor_t *self = calloc(1, sizeof *self);
    if (!self) {
        return MG_ERR_NO_MEMORY;
    }
    self->after_changes = args->after_changes;
    self->inbox = mg_bus_serve(MG_BUS_AUTOSAVE);
    self->events = mg_bus_connect(ZMQ_SUB, MG_BUS_EVENTS);
    self->state = mg_state_link_new(4);
    self->dump = mg_link_new(&(mg_link_options_t){
        .endpoint = MG_BUS_DUMP, .schema = &mg__dump_reply__descriptor, .window = 2});
    bool made = self->inbox && self->events && self->state && self->dump;
    if (!made || s_watch(self, loop) != MG_OK) {
        s_destroy(self);
        return MG_ERR_NO_MEMORY;
    }
    zsock_set_subscribe(self->events, "");
    s_read_settings(self);
    *out_self = self;
    return MG_OK;
}

const mg_actor_ops_t mg_autosave_actor = {
    .name = "mg-autosave",
    .prompt = true,
    .create = s_create,
    .on_turn = s_on_turn,
    .destroy = s_destroy,
};
