#include "cli/supervisor.h"

#include "actors/state.h"
#include "cli/supervisor_parts.h"
#include "core/clock.h"
#include "core/log.h"

#include <unistd.h>

enum { LINK_WINDOW = 8, LINKS = 3, SOCKETS = 2 + LINKS + MG_CHILDREN };

void
mg_supervisor_end(mg_supervisor_t *self, mg_exit_t code)
{
    self->exit_code = code;
    self->phase = MG_LIFE_ENDED;
    mg_manager_stopping(&self->manager, NULL);
}

bool
mg_supervisor_started(mg_supervisor_t *self, mg_exit_t code)
{
    if (code != MG_EXIT_OK) {
        mg_supervisor_end(self, code);
    }
    return code == MG_EXIT_OK;
}

/* --- restore, then serve --- */

static void
s_on_ready(void *arg, mg_status_t status, const ProtobufCMessage *message)
{
    mg_supervisor_t *self = arg;
    const Mg__GatewayReply *reply = (const Mg__GatewayReply *)message;
    if (status == MG_OK && self->phase == MG_LIFE_SERVING) {
        mg_log(MG_LOG_INFO, "ready", "host=%s port=%u msg=%s", self->config->http.host, reply->port,
               "memgate serves");
        mg_manager_ready(&self->manager);
    }
}

static void
s_on_thawed(void *arg, mg_status_t status, const ProtobufCMessage *message)
{
    mg_supervisor_t *self = arg;
    (void)message;
    if (status == MG_OK && self->phase == MG_LIFE_RESTORING &&
        mg_supervisor_started(self, mg_children_start_rest(&self->children))) {
        self->phase = MG_LIFE_SERVING;
        Mg__SetPhase phase = MG__SET_PHASE__INIT;
        phase.phase = MG__SET_PHASE__PHASE__READY;
        mg_supervisor_ask_gateway(self, &phase, INT64_MAX, s_on_ready);
    }
}

static void
s_warn_slow_dump(const mg_supervisor_t *self, const Mg__RestoreInfo *restore)
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
    mg_supervisor_t *self = arg;
    const Mg__DumpReply *reply = (const Mg__DumpReply *)message;
    if (self->phase != MG_LIFE_RESTORING) {
        return;
    }
    if (status != MG_OK || reply->status != MG_OK) {
        const char *why = reply ? reply->text : mg_status_name(status);
        mg_log(MG_LOG_CRITICAL, "restore_failed", "msg=%s", why);
        mg_manager_stopping(&self->manager, why);
        mg_supervisor_end(self, reply && reply->exit_code ? (mg_exit_t)reply->exit_code
                                                          : MG_EXIT_ACTOR_DIED);
        return;
    }
    s_warn_slow_dump(self, reply->restore);
    Mg__Thaw thaw = MG__THAW__INIT;
    mg_supervisor_ask_state(self, MG__STATE_REQUEST__BODY_THAW, &thaw, INT64_MAX, s_on_thawed);
}

static void
s_on_frozen_at_start(void *arg, mg_status_t status, const ProtobufCMessage *message)
{
    mg_supervisor_t *self = arg;
    (void)message;
    if (status != MG_OK || self->phase != MG_LIFE_RESTORING) {
        return;
    }
    Mg__RestoreRequest restore = MG__RESTORE_REQUEST__INIT;
    restore.at_start = true;
    restore.requester = mg_bus_text("start");
    Mg__DumpMessage ask = MG__DUMP_MESSAGE__INIT;
    ask.body_case = MG__DUMP_MESSAGE__BODY_RESTORE;
    ask.restore = &restore;
    mg_supervisor_ask(self, self->dump, &ask.base, INT64_MAX, s_on_restored);
}

/* Nothing may be written until the restored state is in its place. */
static void
s_begin(mg_supervisor_t *self)
{
    Mg__Freeze freeze = MG__FREEZE__INIT;
    mg_supervisor_ask_state(self, MG__STATE_REQUEST__BODY_FREEZE, &freeze, INT64_MAX,
                            s_on_frozen_at_start);
}

/* --- the loop --- */

static void
s_on_inbox(mg_supervisor_t *self)
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
            mg_supervisor_stop(self, request->stop);
        }
        if (status == MG_OK) {
            protobuf_c_message_free_unpacked(message, NULL);
        }
    }
}

/* Until something is due by itself: a try, a deadline, the service manager. */
static long
s_wait_ms(const mg_supervisor_t *self)
{
    int64_t due[] = {self->retry_ms ? self->retry_ms : -1, mg_link_deadline_ms(self->state),
                     mg_link_deadline_ms(self->gateway), self->manager_ms};
    int64_t first_ms = INT64_MAX;
    for (size_t i = 0; i < sizeof due / sizeof *due; i++) {
        first_ms = due[i] >= 0 && due[i] < first_ms ? due[i] : first_ms;
    }
    int64_t left_ms = first_ms - mg_clock_mono_ms();
    return first_ms == INT64_MAX ? -1 : left_ms > 0 ? (long)left_ms : 0;
}

static void
s_tell_manager(mg_supervisor_t *self)
{
    int64_t now_ms = mg_clock_mono_ms();
    int64_t wait_ms = mg_manager_turn(&self->manager, now_ms);
    self->manager_ms = wait_ms < 0 ? -1 : now_ms + wait_ms;
}

/* Waits for whatever of these there is. */
static void
s_poll(void *const sockets[SOCKETS], long wait_ms)
{
    zmq_pollitem_t items[SOCKETS];
    int used = 0;
    for (size_t i = 0; i < SOCKETS; i++) {
        if (sockets[i]) {
            items[used++] =
                (zmq_pollitem_t){.socket = zsock_resolve(sockets[i]), .events = ZMQ_POLLIN};
        }
    }
    (void)zmq_poll(items, used, wait_ms);
}

static void
s_turn(mg_supervisor_t *self)
{
    mg_link_t *links[LINKS] = {self->state, self->dump, self->gateway};
    void *sockets[SOCKETS] = {self->inbox, self->manager.events};
    for (int i = 0; i < LINKS; i++) {
        sockets[2 + i] = mg_link_socket(links[i]);
    }
    for (int i = 0; i < MG_CHILDREN; i++) {
        sockets[2 + LINKS + i] = self->children.actor[i];
    }
    s_poll(sockets, s_wait_ms(self));
    mg_supervisor_retry(self);
    s_on_inbox(self);
    for (int i = 0; i < LINKS; i++) {
        mg_link_receive(links[i]);
        mg_link_expire(links[i], mg_clock_mono_ms());
    }
    for (int i = 0; i < MG_CHILDREN && self->phase != MG_LIFE_ENDED; i++) {
        if (self->children.actor[i] && mg_actor_is_dead(self->children.actor[i])) {
            mg_supervisor_bury(self, i);
        }
    }
    s_tell_manager(self);
}

/* --- life --- */

static bool
s_open(mg_supervisor_t *self)
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
s_stop_children(mg_supervisor_t *self)
{
    const char *silent = mg_children_stop(&self->children, MG_SILENCE_MS);
    if (silent) {
        mg_supervisor_note_silence(self, silent);
    }
}

static void
s_close(mg_supervisor_t *self)
{
    mg_manager_close(&self->manager);
    mg_link_destroy(&self->gateway);
    mg_link_destroy(&self->dump);
    mg_link_destroy(&self->state);
    mg_bus_close(&self->inbox);
}

mg_exit_t
mg_supervise(const mg_config_t *config)
{
    mg_supervisor_t self = {.config = config, .exit_code = MG_EXIT_OK};
    bool opened = s_open(&self);
    mg_children_init(&self.children, config);
    mg_manager_open(&self.manager, &config->service, self.state, self.gateway);
    s_tell_manager(&self);
    if (!opened) {
        mg_supervisor_end(&self, MG_EXIT_ACTOR_DIED);
    } else if (mg_supervisor_started(&self, mg_children_start_first(&self.children))) {
        s_begin(&self);
    }
    while (self.phase != MG_LIFE_ENDED) {
        s_turn(&self);
    }
    mg_exit_t code = self.exit_code;
    s_tell_manager(&self);
    if (!self.silent) {
        s_stop_children(&self);
    }
    if (self.silent) { /* nobody can wait for a thread that hangs; what could be saved is on disk */
        mg_log(MG_LOG_INFO, "exit", "code=%d", (int)code);
        _exit((int)code);
    }
    s_close(&self);
    return code;
}
