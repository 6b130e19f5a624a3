#include "gateway/gateway.h"

#include "core/clock.h"
#include "core/log.h"
#include "gateway/ask.h"
#include "gateway/dispatch.h"
#include "gateway/service.h"
#include "messages/event.pb-c.h"
#include "messages/gateway.pb-c.h"

#include <stdlib.h>

enum {
    EXPIRE_EVERY_MS = 100 /* how often the slots are searched for deadlines that have passed */
};

typedef struct gateway {
    mg_service_t service;
    mg_server_t *server;
    zsock_t *inbox;            /* GatewayRequest */
    zsock_t *events;           /* of the dump actor */
    int64_t expired_ms;        /* when the slots were last searched */
    bool draining;             /* somebody waits for the last answer */
    int64_t drain_deadline_ms; /* monotonic */
    mg_bus_peer_t drain_peer;
} gateway_t;

/* --- phases --- */

static void
s_reply(gateway_t *self, const mg_bus_peer_t *peer, uint32_t unanswered)
{
    Mg__GatewayReply reply = MG__GATEWAY_REPLY__INIT;
    reply.port = mg_server_port(self->server);
    reply.unanswered = unanswered;
    if (mg_bus_reply(self->inbox, peer, &reply.base) != MG_OK) {
        mg_log(MG_LOG_WARN, "gateway_reply_lost", "phase=%d", (int)self->service.phase);
    }
}

/* Answers 503 to those whose time is over at `now_ms`; INT64_MAX: to all that wait. Returns how many. */
static uint32_t
s_expire(gateway_t *self, int64_t now_ms, mg_error_id_t error)
{
    uint32_t count = 0;
    mg_request_t *request = NULL;
    while ((request = mg_slots_take_expired(self->service.slots, now_ms)) != NULL) {
        request->ticket = MG_TICKET_NONE;
        mg_answer_reset(&request->answer);
        mg_request_refuse(request, error);
        mg_dispatch_settle(request);
        count++;
    }
    return count;
}

static void
s_handle_set_phase(gateway_t *self, const Mg__SetPhase *message, const mg_bus_peer_t *peer)
{
    switch (message->phase) {
    case MG__SET_PHASE__PHASE__STARTING:
        self->service.phase = MG_PHASE_STARTING;
        break;
    case MG__SET_PHASE__PHASE__READY:
        self->service.phase = MG_PHASE_READY;
        break;
    case MG__SET_PHASE__PHASE__STOPPING:
        self->service.phase = MG_PHASE_STOPPING;
        mg_server_stop_accepting(self->server);
        self->draining = true;
        self->drain_peer = *peer;
        self->drain_deadline_ms = mg_clock_mono_ms() + message->drain_ms;
        return; /* answered by s_drain */
    default:
        break;
    }
    s_reply(self, peer, 0);
}

/* Answers the STOPPING request once no answer is owed and the state knows all, or when its time is over: who waits for an actor is then told, who has
 * not sent all of its body goes without. */
static void
s_drain(gateway_t *self, int64_t now_ms)
{
    uint32_t unanswered = mg_server_owed(self->server);
    bool busy = unanswered > 0 || !mg_ratestore_is_saved(self->service.rates);
    if (!self->draining || (busy && now_ms < self->drain_deadline_ms)) {
        return;
    }
    self->draining = false;
    (void)s_expire(self, INT64_MAX, MG_ERROR_NOT_READY);
    mg_log(MG_LOG_INFO, "http_drained", "unanswered=%u", unanswered);
    s_reply(self, &self->drain_peer, unanswered);
}

/* --- messages --- */

static void
s_on_inbox(void *arg)
{
    gateway_t *self = arg;
    for (;;) {
        mg_bus_peer_t peer;
        ProtobufCMessage *raw = NULL;
        mg_status_t status =
            mg_bus_receive(self->inbox, &mg__gateway_request__descriptor, &peer, &raw);
        if (status == MG_ERR_TIMEOUT) {
            return;
        }
        if (status != MG_OK) {
            mg_log(MG_LOG_WARN, "gateway_bad_message", "status=%s", mg_status_name(status));
            continue;
        }
        const Mg__GatewayRequest *request = (const Mg__GatewayRequest *)raw;
        if (request->body_case == MG__GATEWAY_REQUEST__BODY_SET_PHASE) {
            s_handle_set_phase(self, request->set_phase, &peer);
        } else if (request->body_case == MG__GATEWAY_REQUEST__BODY_RELOAD_TLS) {
            mg_server_reload_tls(self->server);
            s_reply(self, &peer, 0);
        } else if (request->body_case == MG__GATEWAY_REQUEST__BODY_PING) {
            s_reply(self, &peer, 0);
        }
        protobuf_c_message_free_unpacked(raw, NULL);
    }
}

static void
s_handle_event(gateway_t *self, const Mg__Event *event)
{
    switch (event->body_case) {
    case MG__EVENT__BODY_DUMP_DONE:
        self->service.degraded = false;
        break;
    case MG__EVENT__BODY_DUMP_FAILED:
        self->service.degraded = true;
        break;
    default:
        break; /* progress is for people */
    }
}

static void
s_on_event(void *arg)
{
    gateway_t *self = arg;
    for (;;) {
        mg_bus_peer_t peer;
        ProtobufCMessage *raw = NULL;
        mg_status_t status = mg_bus_receive(self->events, &mg__event__descriptor, &peer, &raw);
        if (status == MG_ERR_TIMEOUT) {
            return;
        }
        if (status == MG_OK) {
            s_handle_event(self, (const Mg__Event *)raw);
            protobuf_c_message_free_unpacked(raw, NULL);
        }
    }
}

/* The daemon's descriptor is readable: the work is done once per turn, in s_on_turn. */
static void
s_on_http(void *arg)
{
    (void)arg;
}

/* --- life --- */

static void
s_destroy(void *arg)
{
    gateway_t *self = arg;
    mg_server_destroy(&self->server); /* first: it answers those who wait for the links */
    mg_service_close(&self->service);
    mg_bus_close(&self->events);
    mg_bus_close(&self->inbox);
    free(self);
}

static mg_status_t
s_watch(gateway_t *self, mg_loop_t *loop)
{
    mg_status_t status = mg_service_watch(&self->service, loop);
    if (status == MG_OK) {
        status = mg_loop_watch_socket(loop, self->inbox, s_on_inbox);
    }
    if (status == MG_OK) {
        status = mg_loop_watch_socket(loop, self->events, s_on_event);
    }
    if (status == MG_OK) {
        status = mg_loop_watch_fd(loop, mg_server_fd(self->server), s_on_http);
    }
    return status;
}

static mg_status_t
s_open(gateway_t *self, mg_loop_t *loop)
{
    mg_status_t status = mg_server_new(&self->service, &self->server);
    if (status != MG_OK) {
        return status;
    }
    self->service.server = self->server;
    self->service.turns = mg_loop_turns(loop);
    status = mg_service_open(&self->service);
    if (status != MG_OK) {
        return status;
    }
    self->inbox = mg_bus_serve(MG_BUS_GATEWAY);
    self->events = mg_bus_connect(ZMQ_SUB, MG_BUS_EVENTS);
    if (!self->inbox || !self->events) {
        return MG_ERR_NO_MEMORY;
    }
    zsock_set_subscribe(self->events, "");
    return s_watch(self, loop);
}

static mg_status_t
s_create(const void *args, mg_loop_t *loop, void **out_self)
{
    const mg_gateway_args_t *given = args;
    gateway_t *self = calloc(1, sizeof *self);
    if (!self) {
        return MG_ERR_NO_MEMORY;
    }
    self->service.http = given->http;
    self->service.dump = given->dump;
    self->service.version = given->version;
    self->service.started_ns = mg_clock_wall_ns();
    mg_status_t status = s_open(self, loop);
    if (status != MG_OK) {
        s_destroy(self);
        return status;
    }
    mg_log(MG_LOG_INFO, "http_listening", "host=%s port=%u", given->http->host,
           (unsigned)mg_server_port(self->server));
    *out_self = self;
    return MG_OK;
}

/* The earlier of two waits; negative: for ever. */
static int64_t
s_earlier(int64_t one_ms, int64_t other_ms)
{
    return one_ms < 0 || (other_ms >= 0 && other_ms < one_ms) ? other_ms : one_ms;
}

static int64_t
s_on_turn(void *arg, int64_t now_ms)
{
    gateway_t *self = arg;
    bool waiting = mg_slots_waiting(self->service.slots) > 0;
    if (waiting && now_ms - self->expired_ms >= EXPIRE_EVERY_MS) {
        self->expired_ms = now_ms;
        (void)s_expire(self, now_ms, MG_ERROR_TIMEOUT);
    }
    int64_t wait_ms = mg_server_turn(self->server, now_ms);
    int64_t save_ms =
        mg_ratestore_save(self->service.rates, self->service.state_link, now_ms, self->draining);
    mg_link_flush(self->service.state_link);
    s_drain(self, now_ms);
    bool watchful = waiting || self->draining;
    int64_t own_ms = watchful ? EXPIRE_EVERY_MS : mg_service_rest(&self->service, now_ms);
    return s_earlier(s_earlier(own_ms, wait_ms), save_ms);
}

const mg_actor_ops_t mg_gateway_actor = {.name = "gateway",
                                         .prompt = true,
                                         .create = s_create,
                                         .on_turn = s_on_turn,
                                         .destroy = s_destroy};
