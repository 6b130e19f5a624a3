#include "cli/supervisor.h"

#include "actors/autosave.h"
#include "actors/control.h"
#include "actors/dump.h"
#include "actors/hasher.h"
#include "actors/sealer.h"
#include "actors/signals.h"
#include "actors/state.h"
#include "core/clock.h"
#include "core/log.h"
#include "gateway/gateway.h"
#include "messages/dump.pb-c.h"
#include "messages/gateway.pb-c.h"
#include "messages/state.pb-c.h"
#include "messages/supervisor.pb-c.h"

enum {
    LINK_WINDOW = 8,
    DRAIN_MS = 5000, /* at most, for open requests */
    DRAIN_SHARE = 4, /* and at most this part of the grace */
    FINAL_TRIES = 3,
    SEALERS_MAX = 4
};

typedef enum phase { RESTORING, SERVING, DRAINING, DUMPING, ENDED } phase_t;

/* In the order of their start; they end in reverse. */
enum {
    SIGNALS,
    STATE,
    SEALERS,                               /* at idle priority, while serving */
    FINAL_SEALERS = SEALERS + SEALERS_MAX, /* at normal priority, for the final dump */
    DUMP = FINAL_SEALERS + SEALERS_MAX,
    HASHER,
    GATEWAY,
    AUTOSAVE,
    CONTROL,
    CHILDREN
};

typedef struct supervisor {
    const mg_config_t *config;
    _Atomic uint64_t version; /* the state's newest; written by the state actor alone */
    int64_t started_ns;
    zsock_t *inbox;
    mg_link_t *state;
    mg_link_t *dump;
    mg_link_t *gateway;
    zactor_t *child[CHILDREN];
    phase_t phase;
    mg_exit_t exit_code; /* what it will be unless something worse happens */
    Mg__Trigger stop_trigger;
    char stop_requester[128];
    int64_t stop_deadline_ms; /* end of the grace */
    int tries;
} supervisor_t;

static void
s_end(supervisor_t *self, mg_exit_t code)
{
    self->exit_code = code;
    self->phase = ENDED;
}

/* --- starting actors --- */

static const struct {
    mg_status_t status;
    mg_exit_t code;
} s_start_codes[] = {
    {MG_ERR_EXISTS, MG_EXIT_UNAVAILABLE}, {MG_ERR_BUSY, MG_EXIT_LOCKED},
    {MG_ERR_IO, MG_EXIT_FOLDER},          {MG_ERR_INVALID, MG_EXIT_CONFIG},
    {MG_ERR_TOO_BIG, MG_EXIT_CONFIG},     {MG_ERR_DENIED, MG_EXIT_CONFIG},
};

static mg_exit_t
s_start_code(mg_status_t status)
{
    for (size_t i = 0; i < sizeof s_start_codes / sizeof *s_start_codes; i++) {
        if (s_start_codes[i].status == status) {
            return s_start_codes[i].code;
        }
    }
    return MG_EXIT_ACTOR_DIED;
}

/* Starts one actor; a failure is logged with `hint`, the way out, and ends the program. */
static bool
s_start(supervisor_t *self,
        int which,
        const mg_actor_ops_t *ops,
        const void *args,
        const char *hint)
{
    mg_status_t status = mg_actor_start(ops, args, &self->child[which]);
    if (status != MG_OK) {
        mg_log(MG_LOG_CRITICAL, "start_failed", "actor=%s status=%s msg=%s", ops->name,
               mg_status_name(status), hint);
        s_end(self, s_start_code(status));
    }
    return status == MG_OK;
}

static bool
s_start_sealers(supervisor_t *self, int first, bool idle)
{
    mg_sealer_args_t args = {.idle = idle};
    for (uint32_t i = 0; i < self->config->dump.sealers && i < SEALERS_MAX; i++) {
        if (!s_start(self, first + (int)i, &mg_sealer_actor, &args,
                     "no thread for sealing dumps could be started")) {
            return false;
        }
    }
    return true;
}

static bool
s_start_gateway(supervisor_t *self)
{
    const mg_config_http_t *http = &self->config->http;
    char hint[160];
    (void)snprintf(
        hint, sizeof hint,
        "%.64s port %u can not be listened on; another program has it, or set HOST and PORT",
        http->host, http->port);
    mg_gateway_args_t args = {.http = http, .dump = &self->config->dump, .version = &self->version};
    return s_start(self, GATEWAY, &mg_gateway_actor, &args, hint);
}

static bool
s_start_control(supervisor_t *self)
{
    mg_buf_t endpoint = {0};
    mg_status_t found = mg_config_control_endpoint(self->config, &endpoint);
    const char *text = mg_buf_text(&endpoint);
    if (found != MG_OK) {
        mg_log(MG_LOG_CRITICAL, "start_failed", "actor=mg-control endpoint=%s msg=%s", text,
               found == MG_ERR_TOO_BIG
                   ? "the path of the control socket exceeds 107 bytes; set MEMGATE_CONTROL to a "
                     "shorter one"
                   : "the folder of the control socket is not ours alone; set MEMGATE_CONTROL");
        s_end(self, MG_EXIT_CONFIG);
    }
    mg_control_args_t args = {.endpoint = text,
                              .secret_key = self->config->control_secret,
                              .client_keys = self->config->control_clients,
                              .started_ns = self->started_ns};
    bool started =
        found == MG_OK &&
        s_start(self, CONTROL, &mg_control_actor, &args,
                "the control socket can not be served: taken, no endpoint, or tcp without "
                "MEMGATE_CONTROL_SECRET and MEMGATE_CONTROL_CLIENTS");
    mg_buf_free(&endpoint);
    return started;
}

/* Everything that must run before the state is there. */
static bool
s_start_first(supervisor_t *self)
{
    mg_state_args_t state = {.version = &self->version};
    mg_dump_args_t dump = {.config = self->config};
    return s_start(self, SIGNALS, &mg_signals_actor, NULL, "signals can not be read") &&
           s_start(self, STATE, &mg_state_actor, &state, "no memory for the state") &&
           s_start_sealers(self, SEALERS, true) &&
           s_start(self, DUMP, &mg_dump_actor, &dump,
                   "the dump folder can not be used; the line before says why") &&
           s_start(self, HASHER, &mg_hasher_actor, NULL,
                   "no thread for hashing passwords could be started") &&
           s_start_gateway(self);
}

/* What serves a state that is there. */
static bool
s_start_rest(supervisor_t *self)
{
    mg_autosave_args_t autosave = {.after_changes = self->config->autosave.after_changes};
    return s_start(self, AUTOSAVE, &mg_autosave_actor, &autosave,
                   "no thread for autosave could be started") &&
           s_start_control(self);
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
    if (status == MG_OK && self->phase == RESTORING && s_start_rest(self)) {
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
    restore.requester = (char *)(uintptr_t) "start";
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

static void s_ask_final_dump(supervisor_t *self);

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
    bool again = ++self->tries < FINAL_TRIES && mg_clock_mono_ms() < self->stop_deadline_ms &&
                 status != MG_ERR_CLOSED;
    mg_log(again ? MG_LOG_ERROR : MG_LOG_CRITICAL, "final_dump_failed", "try=%d again=%s msg=%s",
           self->tries, again ? "true" : "false", why);
    if (again) {
        s_ask_final_dump(self);
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
    if (self->phase == DRAINING && s_start_sealers(self, FINAL_SEALERS, false)) {
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
    if (self->child[GATEWAY]) {
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
        s_end(self, MG_EXIT_OK);
    } else if (self->phase == SERVING) {
        self->stop_trigger = stop->trigger;
        (void)snprintf(self->stop_requester, sizeof self->stop_requester, "%.120s",
                       stop->requester);
        s_stop(self, MG_EXIT_OK);
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
    mg_actor_stop(&self->child[which]);
    mg_log(MG_LOG_CRITICAL, "actor_died", "which=%d msg=%s", which,
           "a part of memgate ended by itself; memgate stops");
    bool can_dump = self->child[STATE] && self->child[DUMP] && self->phase == SERVING;
    if (can_dump) {
        (void)snprintf(self->stop_requester, sizeof self->stop_requester, "actor died");
        s_stop(self, MG_EXIT_ACTOR_DIED);
    } else if (self->phase == RESTORING || !self->child[STATE] || !self->child[DUMP]) {
        s_end(self, MG_EXIT_ACTOR_DIED);
    } else {
        self->exit_code = MG_EXIT_ACTOR_DIED;
    }
}

/* --- the loop --- */

static void
s_turn(supervisor_t *self)
{
    mg_link_t *links[] = {self->state, self->dump, self->gateway};
    enum { LINKS = sizeof links / sizeof *links };
    zmq_pollitem_t items[1 + LINKS + CHILDREN];
    int which[CHILDREN];
    int count = 0;
    items[count++] = (zmq_pollitem_t){.socket = zsock_resolve(self->inbox), .events = ZMQ_POLLIN};
    for (int i = 0; i < LINKS; i++) {
        items[count++] = (zmq_pollitem_t){.socket = zsock_resolve(mg_link_socket(links[i])),
                                          .events = ZMQ_POLLIN};
    }
    int children = 0;
    for (int i = 0; i < CHILDREN; i++) {
        if (self->child[i]) {
            which[children++] = i;
            items[count++] =
                (zmq_pollitem_t){.socket = zsock_resolve(self->child[i]), .events = ZMQ_POLLIN};
        }
    }
    (void)zmq_poll(items, count, -1);
    s_on_inbox(self);
    for (int i = 0; i < LINKS; i++) {
        mg_link_receive(links[i]);
    }
    for (int i = 0; i < children && self->phase != ENDED; i++) {
        if (items[1 + LINKS + i].revents && mg_actor_is_dead(self->child[which[i]])) {
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
    for (int i = CHILDREN - 1; i >= 0; i--) {
        mg_actor_stop(&self->child[i]);
    }
    mg_link_destroy(&self->gateway);
    mg_link_destroy(&self->dump);
    mg_link_destroy(&self->state);
    mg_bus_close(&self->inbox);
}

mg_exit_t
mg_supervise(const mg_config_t *config)
{
    supervisor_t self = {
        .config = config, .started_ns = mg_clock_wall_ns(), .exit_code = MG_EXIT_OK};
    if (!s_open(&self)) {
        s_end(&self, MG_EXIT_ACTOR_DIED);
    } else if (s_start_first(&self)) {
        s_begin(&self);
    }
    while (self.phase != ENDED) {
        s_turn(&self);
    }
    mg_exit_t code = self.exit_code;
    s_close(&self);
    return code;
}
