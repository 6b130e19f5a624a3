#include "cli/manager.h"

#include "messages/gateway.pb-c.h"
#include "messages/state.pb-c.h"

#include <unistd.h>

enum { RETRY_MS = 100, US_PER_MS = 1000, BEATS_PER_INTERVAL = 2 };

void
mg_manager_open(mg_manager_t *self,
                const mg_config_service_t *config,
                mg_link_t *state,
                mg_link_t *gateway)
{
    bool ours = config->watchdog_pid == 0 || config->watchdog_pid == (uint32_t)getpid();
    *self = (mg_manager_t){.state = state, .gateway = gateway};
    mg_herald_init(&self->herald);
    if (mg_notify_open(&self->notify, config->notify_socket)) {
        self->events = mg_bus_connect(ZMQ_SUB, MG_BUS_EVENTS);
    }
    if (self->events) {
        zsock_set_subscribe(self->events, "");
    }
    if (ours) {
        self->beat_every_ms = (int64_t)(config->watchdog_us / US_PER_MS / BEATS_PER_INTERVAL);
    }
}

void
mg_manager_close(mg_manager_t *self)
{
    mg_bus_close(&self->events);
    mg_notify_close(&self->notify);
}

void
mg_manager_ready(mg_manager_t *self)
{
    mg_herald_ready(&self->herald);
}

void
mg_manager_stopping(mg_manager_t *self, const char *why)
{
    mg_herald_stopping(&self->herald, why);
}

/* --- the watchdog --- */

static void
s_on_alive(void *arg, mg_status_t status, const ProtobufCMessage *reply)
{
    mg_manager_t *self = arg;
    (void)reply;
    self->asked -= status == MG_OK;
}

static void
s_ask(mg_manager_t *self, mg_link_t *link, const ProtobufCMessage *message)
{
    self->asked++; /* one that could not be sent stays unanswered */
    mg_status_t status = mg_link_ask(link, message, INT64_MAX, s_on_alive, self);
    (void)status;
}

static void
s_ask_all(mg_manager_t *self)
{
    Mg__StatsQuery stats = MG__STATS_QUERY__INIT;
    Mg__StateRequest state = MG__STATE_REQUEST__INIT;
    state.body_case = MG__STATE_REQUEST__BODY_STATS;
    state.stats = &stats;
    Mg__Ping ping = MG__PING__INIT;
    Mg__GatewayRequest gateway = MG__GATEWAY_REQUEST__INIT;
    gateway.body_case = MG__GATEWAY_REQUEST__BODY_PING;
    gateway.ping = &ping;
    s_ask(self, self->state, &state.base);
    s_ask(self, self->gateway, &gateway.base);
}

/* A beat that is late because of a question is given as soon as that is answered. */
static void
s_beat(mg_manager_t *self, int64_t now_ms)
{
    bool serves = self->herald.phase == MG_HERALD_SERVING;
    if (self->beat_every_ms == 0 || now_ms < self->beat_ms || (serves && self->asked > 0)) {
        return;
    }
    self->beat_ms = now_ms + self->beat_every_ms;
    mg_herald_beat(&self->herald);
    if (serves) {
        s_ask_all(self);
    }
}

/* --- the turn --- */

static void
s_take_events(mg_manager_t *self)
{
    mg_bus_peer_t peer;
    ProtobufCMessage *message = NULL;
    while (mg_bus_receive(self->events, &mg__event__descriptor, &peer, &message) == MG_OK) {
        mg_herald_event(&self->herald, (const Mg__Event *)message);
        protobuf_c_message_free_unpacked(message, NULL);
    }
}

static void
s_tell(mg_manager_t *self, int64_t now_ms)
{
    char message[MG_HERALD_MESSAGE];
    self->retry_ms = 0;
    if (!mg_herald_compose(&self->herald, now_ms, message)) {
        return;
    }
    if (mg_notify_send(&self->notify, message)) {
        mg_herald_sent(&self->herald, now_ms);
    } else {
        self->retry_ms = now_ms + RETRY_MS;
    }
}

int64_t
mg_manager_turn(mg_manager_t *self, int64_t now_ms)
{
    if (!self->events) {
        return -1;
    }
    s_take_events(self);
    s_beat(self, now_ms);
    s_tell(self, now_ms);
    if (self->retry_ms) {
        return RETRY_MS;
    }
    bool waits =
        self->beat_every_ms == 0 || (self->herald.phase == MG_HERALD_SERVING && self->asked > 0);
    return waits ? -1 : self->beat_ms > now_ms ? self->beat_ms - now_ms : 0;
}
