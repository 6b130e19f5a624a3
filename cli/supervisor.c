#include "cli/supervisor.h"

#include "actors/state.h"
#include "cli/children.h"
#include "core/clock.h"
#include "core/log.h"
#include "messages/dump.pb-c.h"
#include "messages/gateway.pb-c.h"
#include "messages/state.pb-c.h"
#include "messages/supervisor.pb-c.h"

enum {
    LINK_WINDOW = 8,
    DRAIN_MS = 5000, /* at most, for open requests */
    DRAIN_SHARE = 4, /* and at most this part of the grace */
    FINAL_TRIES = 3,
    RETRY_SHARE = 4,     /* a try waits for this part of the grace that is left, */
    RETRY_MS_MAX = 10000 /* and no longer than this */
};

typedef enum phase { RESTORING, SERVING, DRAINING, DUMPING, ENDED } phase_t;

typedef struct supervisor {
    const mg_config_t *config;
    zsock_t *inbox;
    mg_link_t *state;
    mg_link_t *dump;
    mg_link_t *gateway;
    mg_children_t children;
    phase_t phase;
    mg_exit_t exit_code; /* what it will be unless something worse happens */
    Mg__Trigger stop_trigger;
    char stop_requester[128];
    int64_t stop_deadline_ms; /* end of the grace */
    int tries;
    int64_t retry_ms; /* when the final dump is tried again; 0: not waiting for that */
} supervisor_t;

static void
s_end(supervisor_t *self, mg_exit_t code)
{
    self->exit_code = code;
    self->phase = ENDED;
}

/* False when actors could not be started: then the program ends. */
static bool
s_started(supervisor_t *self, mg_exit_t code)
{
    if (code != MG_EXIT_OK) {
        s_end(self, code);
    }
    return code == MG_EXIT_OK;
}

/* --- asking --- */

static void
s_ask(supervisor_t *self,
      mg_link_t *link,
      const ProtobufCMessage *message,
      int64_t deadline_ms,
      mg_link_reply_t *callback)
{
    mg_status_t status = mg_link_ask(link, message, deadline_ms, callback, self);
    if (status != MG_OK) {
        callback(self, status, NULL);
    }
}

static void
s_ask_state(supervisor_t *self,
            Mg__StateRequest__BodyCase body_case,
            void *body,
            mg_link_reply_t *callback)
{
    Mg__StateRequest request = MG__STATE_REQUEST__INIT;
    request.body_case = body_case;
    request.freeze = body; /* the members of the oneof are pointers at one place */
    s_ask(self, self->state, &request.base, INT64_MAX, callback);
}

static void
s_set_gateway_phase(supervisor_t *self,
                    Mg__SetPhase__Phase phase,
                    int64_t drain_ms,
                    mg_link_reply_t *callback)
{
    Mg__SetPhase set = MG__SET_PHASE__INIT;
    set.phase = phase;
    set.drain_ms = drain_ms;
    Mg__GatewayRequest request = MG__GATEWAY_REQUEST__INIT;
    request.body_case = MG__GATEWAY_REQUEST__BODY_SET_PHASE;
    request.set_phase = &set;
    s_ask(self, self->gateway, &request.base, INT64_MAX, callback);
}

/* --- restore, then serve --- */

static void
s_on_ready(void *arg, mg_status_t status, const ProtobufCMessage *message)
{
    supervisor_t *self = arg;
    const Mg__GatewayReply *reply = (const Mg__GatewayReply *)message;
    if (status == MG_OK && self->phase == SERVING) {
        mg_log(MG_LOG_INFO, "ready", "host=%s port=%u msg=%s", self->config->http.host, reply->port,
               "memgate serves");
    }
}

static void
s_on_thawed(void *arg, mg_status_t status, const ProtobufCMessage *message)
{
    supervisor_t *self = arg;
    (void)message;
    if (status == MG_OK && self->phase == RESTORING &&
        s_started(self, mg_children_start_rest(&self->children))) {
        self->phase = SERVING;
        s_set_gateway_phase(self, MG__SET_PHASE__PHASE__READY, 0, s_on_ready);
    }
}

static void
s_warn_slow_dump(const supervisor_t *self, const Mg__RestoreInfo *restore)
{
    double took = restore && restore->dump ? restore->dump->seconds : 0;
    if (took > self->config->shutdown_grace_seconds) {
        mg_log(MG_LOG_WARN, "grace_short", "dump_s=%.1f grace_s=%u msg=%s", took,
               self->config->shutdown_grace_seconds,
               "the last dump took longer than MEM_SHUTDOWN_GRACE: raise it, and the stop timeout "
               "of whoever stops memgate");
    }
}

static void
s_on_restored(void *arg, mg_status_t status, const ProtobufCMessage *message)
{
    supervisor_t *self = arg;
    const Mg__DumpReply *reply = (const Mg__DumpReply *)message;
    if (self->phase != RESTORING) {
        return;
    }
    if (status != MG_OK || reply->status != MG_OK) {
        mg_log(MG_LOG_CRITICAL, "restore_failed", "msg=%s",
               reply ? reply->text : mg_status_name(status));
        s_end(self, reply && reply->exit_code ? (mg_exit_t)reply->exit_code : MG_EXIT_ACTOR_DIED);
        return;
    }
    s_warn_slow_dump(self, reply->restore);
    Mg__Thaw thaw = MG__THAW__INIT;
    s_ask_state(self, MG__STATE_REQUEST__BODY_THAW, &thaw, s_on_thawed);
}

static void
s_on_frozen_at_start(void *arg, mg_status_t status, const ProtobufCMessage *message)
{
    supervisor_t *self = arg;
    (void)message;
    if (status != MG_OK || self->phase != RESTORING) {
        return;
    }
    Mg__RestoreRequest restore = MG__RESTORE_REQUEST__INIT;
    restore.at_start = true;
    restore.requester = mg_bus_text("start");
    Mg__DumpMessage ask = MG__DUMP_MESSAGE__INIT;
    ask.body_case = MG__DUMP_MESSAGE__BODY_RESTORE;
    ask.restore = &restore;
    s_ask(self, self->dump, &ask.base, INT64_MAX, s_on_restored);
}

/* Nothing may be written until the restored state is in its place. */
static void
s_begin(supervisor_t *self)
{
    Mg__Freeze freeze = MG__FREEZE__INIT;
    s_ask_state(self, MG__STATE_REQUEST__BODY_FREEZE, &freeze, s_on_frozen_at_start);
}

/* --- stopping --- */

static void
s_on_final_dump(void *arg, mg_status_t status, const ProtobufCMessage *message)
{
    supervisor_t *self = arg;
    const Mg__DumpReply *reply = (const Mg__DumpReply *)message;
    if (status == MG_OK && reply->status == MG_OK) {
        mg_log(MG_LOG_INFO, "stopped", "path=%s generation=%llu msg=%s", reply->dump->path,
               (unsigned long long)reply->dump->generation, "the state is in its final dump");
        s_end(self, self->exit_code);
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
    s_end(self, MG_EXIT_DUMP_FAILED);
}

static void
s_ask_final_dump(supervisor_t *self)
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
    s_ask(self, self->dump, &ask.base, INT64_MAX, s_on_final_dump);
}

static void
s_on_frozen(void *arg, mg_status_t status, const ProtobufCMessage *message)
{
    supervisor_t *self = arg;
    (void)status; /* a state that does not freeze is dumped as it is */
    (void)message;
    if (self->phase == DRAINING &&
        s_started(self, mg_children_start_final_sealers(&self->children))) {
        self->phase = DUMPING;
        s_ask_final_dump(self);
    }
}

static void
s_on_drained(void *arg, mg_status_t status, const ProtobufCMessage *message)
{
    supervisor_t *self = arg;
    const Mg__GatewayReply *reply = (const Mg__GatewayReply *)message;
    if (self->phase != DRAINING) {
        return;
    }
    if (status == MG_OK && reply->unanswered) {
        mg_log(MG_LOG_WARN, "drain_cut", "requests=%u msg=%s", reply->unanswered,
               "requests were still open when the time for draining was over; they got 503");
    }
    Mg__Freeze freeze = MG__FREEZE__INIT;
    freeze.for_good = true; /* a restore that is under way thaws at its end */
    s_ask_state(self, MG__STATE_REQUEST__BODY_FREEZE, &freeze, s_on_frozen);
}

/* From serving to the final dump; `code` is the exit code if that goes well. */
static void
s_stop(supervisor_t *self, mg_exit_t code)
{
    int64_t grace_ms = (int64_t)self->config->shutdown_grace_seconds * 1000;
    int64_t drain_ms = grace_ms / DRAIN_SHARE < DRAIN_MS ? grace_ms / DRAIN_SHARE : DRAIN_MS;
    self->exit_code = code;
    self->stop_deadline_ms = mg_clock_mono_ms() + grace_ms;
    self->phase = DRAINING;
    mg_log(MG_LOG_INFO, "stopping", "requester=%s grace_s=%u", self->stop_requester,
           self->config->shutdown_grace_seconds);
    if (self->children.actor[MG_CHILD_GATEWAY]) {
        s_set_gateway_phase(self, MG__SET_PHASE__PHASE__STOPPING, drain_ms, s_on_drained);
    } else {
        s_on_drained(self, MG_ERR_CLOSED, NULL);
    }
}

static void
s_handle_stop(supervisor_t *self, const Mg__StopRequest *stop)
{
    if (stop->no_dump) {
        mg_log(MG_LOG_WARN, "left_without_dump", "requester=%s", stop->requester);
        s_end(self, MG_EXIT_OK);
    } else if (self->phase == RESTORING) {
        mg_log(MG_LOG_INFO, "stopped_before_ready", "requester=%s", stop->requester);
        s_end(self, (mg_exit_t)stop->exit_code);
    } else if (self->phase == SERVING) {
        self->stop_trigger = stop->trigger;
        (void)snprintf(self->stop_requester, sizeof self->stop_requester, "%.120s",
                       stop->requester);
        s_stop(self, (mg_exit_t)stop->exit_code);
    } else if (stop->exit_code) {
        self->exit_code = (mg_exit_t)stop->exit_code;
    }
}

static void
s_on_inbox(supervisor_t *self)
{
    mg_bus_peer_t peer;
    ProtobufCMessage *message = NULL;
    mg_status_t status = MG_OK;
    while ((status = mg_bus_receive(self->inbox, &mg__supervisor_request__descriptor, &peer,
                                    &message)) != MG_ERR_TIMEOUT) {
        Mg__SupervisorReply reply = MG__SUPERVISOR_REPLY__INIT;
        const Mg__SupervisorRequest *request = (const Mg__SupervisorRequest *)message;
        bool known = status == MG_OK && request->body_case == MG__SUPERVISOR_REQUEST__BODY_STOP;
        reply.status = known ? MG_OK : MG_ERR_BAD_MESSAGE;
        (void)mg_bus_reply(self->inbox, &peer, &reply.base);
        if (known) {
            s_handle_stop(self, request->stop);
        }
        if (status == MG_OK) {
            protobuf_c_message_free_unpacked(message, NULL);
        }
    }
}

/* --- actors that end by themselves --- */

static void
s_bury_child(supervisor_t *self, int which)
{
    mg_actor_stop(&self->children.actor[which]);
    mg_log(MG_LOG_CRITICAL, "actor_died", "which=%d msg=%s", which,
           "a part of memgate ended by itself; memgate stops");
    bool can_dump = self->children.actor[MG_CHILD_STATE] && self->children.actor[MG_CHILD_DUMP] &&
                    self->phase == SERVING;
    if (can_dump) {
        (void)snprintf(self->stop_requester, sizeof self->stop_requester, "actor died");
        s_stop(self, MG_EXIT_ACTOR_DIED);
    } else if (self->phase == RESTORING || !self->children.actor[MG_CHILD_STATE] ||
               !self->children.actor[MG_CHILD_DUMP]) {
        s_end(self, MG_EXIT_ACTOR_DIED);
    } else {
        self->exit_code = MG_EXIT_ACTOR_DIED;
        if (which == MG_CHILD_GATEWAY) {
            s_on_drained(self, MG_ERR_CLOSED, NULL); /* nothing is left to drain */
        }
    }
}

/* --- the loop --- */

static long
s_wait_ms(const supervisor_t *self)
{
    int64_t left_ms = self->retry_ms - mg_clock_mono_ms();
    return self->retry_ms == 0 ? -1 : left_ms > 0 ? (long)left_ms : 0;
}

static void
s_retry(supervisor_t *self)
{
    if (self->phase == DUMPING && self->retry_ms && mg_clock_mono_ms() >= self->retry_ms) {
        self->retry_ms = 0;
        s_ask_final_dump(self);
    }
}

static void
s_turn(supervisor_t *self)
{
    mg_link_t *links[] = {self->state, self->dump, self->gateway};
    enum { LINKS = sizeof links / sizeof *links };
    zmq_pollitem_t items[1 + LINKS + MG_CHILDREN];
    int which[MG_CHILDREN];
    int count = 0;
    items[count++] = (zmq_pollitem_t){.socket = zsock_resolve(self->inbox), .events = ZMQ_POLLIN};
    for (int i = 0; i < LINKS; i++) {
        items[count++] = (zmq_pollitem_t){.socket = zsock_resolve(mg_link_socket(links[i])),
                                          .events = ZMQ_POLLIN};
    }
    int children = 0;
    for (int i = 0; i < MG_CHILDREN; i++) {
        if (self->children.actor[i]) {
            which[children++] = i;
            items[count++] = (zmq_pollitem_t){.socket = zsock_resolve(self->children.actor[i]),
                                              .events = ZMQ_POLLIN};
        }
    }
    (void)zmq_poll(items, count, s_wait_ms(self));
    s_retry(self);
    s_on_inbox(self);
    for (int i = 0; i < LINKS; i++) {
        mg_link_receive(links[i]);
    }
    for (int i = 0; i < children && self->phase != ENDED; i++) {
        if (items[1 + LINKS + i].revents && mg_actor_is_dead(self->children.actor[which[i]])) {
            s_bury_child(self, which[i]);
        }
    }
}

/* --- life --- */

static bool
s_open(supervisor_t *self)
{
    self->inbox = mg_bus_serve(MG_BUS_SUPERVISOR);
    self->state = mg_state_link_new(LINK_WINDOW);
    self->dump = mg_link_new(&(mg_link_options_t){
        .endpoint = MG_BUS_DUMP, .schema = &mg__dump_reply__descriptor, .window = LINK_WINDOW});
    self->gateway = mg_link_new(&(mg_link_options_t){.endpoint = MG_BUS_GATEWAY,
                                                     .schema = &mg__gateway_reply__descriptor,
                                                     .window = LINK_WINDOW});
    return self->inbox && self->state && self->dump && self->gateway;
}

static void
s_close(supervisor_t *self)
{
    self->phase = ENDED; /* replies that come now change nothing */
    mg_children_stop(&self->children);
    mg_link_destroy(&self->gateway);
    mg_link_destroy(&self->dump);
    mg_link_destroy(&self->state);
    mg_bus_close(&self->inbox);
}

mg_exit_t
mg_supervise(const mg_config_t *config)
{
    supervisor_t self = {.config = config, .exit_code = MG_EXIT_OK};
    mg_children_init(&self.children, config);
    if (!s_open(&self)) {
        s_end(&self, MG_EXIT_ACTOR_DIED);
    } else if (s_started(&self, mg_children_start_first(&self.children))) {
        s_begin(&self);
    }
    while (self.phase != ENDED) {
        s_turn(&self);
    }
    mg_exit_t code = self.exit_code;
    s_close(&self);
    return code;
}
