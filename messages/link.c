#include "messages/link.h"

#include <assert.h>
#include <stdlib.h>

/* A request that waits. Slots are reused; the number tells an old reply from a new one. */
typedef struct waiting {
    uint64_t number; /* 0: free */
    int64_t deadline_ms;
    mg_link_reply_t *callback;
    void *arg;
} waiting_t;

enum { HELD_MAX = 32 /* few enough that the other side has work while the next ones are made */ };

struct mg_link {
    zsock_t *sock;
    mg_link_options_t options;
    waiting_t *slots; /* options.window of them; slot of a number: number % window */
    uint32_t count;
    int64_t
        earliest_ms; /* no request that waits has an earlier deadline; whoever had this one may have been answered */
    uint64_t last_number;
    zmq_msg_t held[HELD_MAX];
    size_t held_count;
    bool holds_back;
};

mg_link_t *
mg_link_new(const mg_link_options_t *options)
{
    assert(options->window > 0 && options->window < MG_BUS_HWM);
    mg_link_t *self = calloc(1, sizeof *self);
    if (!self) {
        return NULL;
    }
    self->options = *options;
    self->slots = calloc(options->window, sizeof *self->slots);
    self->sock = mg_bus_connect(ZMQ_DEALER, options->endpoint);
    if (!self->slots || !self->sock) {
        mg_link_destroy(&self);
    }
    return self;
}

/* Frees the slot, then calls back: the callback may ask again. */
static void
s_end(mg_link_t *self, waiting_t *slot, mg_status_t status, const ProtobufCMessage *reply)
{
    waiting_t ended = *slot;
    slot->number = 0;
    self->count--;
    ended.callback(ended.arg, status, reply);
}

/* Whoever asked was told that the link is closed: it must not be done after all. */
static void
s_drop_held(mg_link_t *self)
{
    for (size_t i = 0; i < self->held_count; i++) {
        (void)zmq_msg_close(&self->held[i]);
    }
    self->held_count = 0;
}

void
mg_link_destroy(mg_link_t **self_p)
{
    mg_link_t *self = *self_p;
    if (!self) {
        return;
    }
    for (uint32_t i = 0; self->slots && i < self->options.window; i++) {
        if (self->slots[i].number) {
            s_end(self, &self->slots[i], MG_ERR_CLOSED, NULL);
        }
    }
    s_drop_held(self);
    if (self->sock) {
        mg_link_receive(self); /* what came too late is still owed to on_late */
    }
    mg_bus_close(&self->sock);
    free(self->slots);
    free(self);
    *self_p = NULL;
}

zsock_t *
mg_link_socket(const mg_link_t *self)
{
    return self->sock;
}

/* The next number whose slot is free; there is one, as the window is not full. */
static waiting_t *
s_take_slot(mg_link_t *self)
{
    waiting_t *slot = NULL;
    do {
        slot = &self->slots[++self->last_number % self->options.window];
    } while (slot->number);
    return slot;
}

void
mg_link_hold_back(mg_link_t *self)
{
    self->holds_back = true;
}

void
mg_link_flush(mg_link_t *self)
{
    for (size_t i = 0; i < self->held_count; i++) {
        (void)mg_bus_send_frame(self->sock,
                                &self->held[i]); /* the window is smaller than the queue */
    }
    self->held_count = 0;
}

/* Sends a request, or holds it back until there are enough. */
static mg_status_t
s_send(mg_link_t *self, const ProtobufCMessage *message)
{
    if (!self->holds_back) {
        return mg_bus_ask(self->sock, self->last_number, message);
    }
    mg_status_t status = mg_bus_pack(self->last_number, message, &self->held[self->held_count]);
    self->held_count += status == MG_OK;
    if (self->held_count == HELD_MAX) {
        mg_link_flush(self);
    }
    return status;
}

mg_status_t
mg_link_ask(mg_link_t *self,
            const ProtobufCMessage *message,
            int64_t deadline_ms,
            mg_link_reply_t *callback,
            void *arg)
{
    if (self->count == self->options.window) {
        return MG_ERR_BUSY;
    }
    waiting_t *slot = s_take_slot(self);
    mg_status_t status = s_send(self, message);
    if (status == MG_OK) {
        bool is_first = self->count == 0 || deadline_ms < self->earliest_ms;
        *slot = (waiting_t){self->last_number, deadline_ms, callback, arg};
        self->earliest_ms = is_first ? deadline_ms : self->earliest_ms;
        self->count++;
    }
    return status;
}

mg_status_t
mg_link_tell(mg_link_t *self, const ProtobufCMessage *message)
{
    mg_link_flush(self); /* in the order of the calls */
    return mg_bus_ask(self->sock, 0, message);
}

void
mg_link_receive(mg_link_t *self)
{
    for (;;) {
        mg_bus_peer_t from;
        ProtobufCMessage *reply = NULL;
        mg_status_t status = mg_bus_receive(self->sock, self->options.schema, &from, &reply);
        if (status == MG_ERR_BAD_MESSAGE) {
            continue; /* can only be a peer of another schema: as good as no reply */
        }
        if (status != MG_OK) {
            return;
        }
        waiting_t *slot = &self->slots[from.request % self->options.window];
        assert(slot);
        if (from.request && slot->number == from.request) {
            s_end(self, slot, MG_OK, reply);
        } else if (self->options.on_late) {
            self->options.on_late(self->options.on_late_arg, reply);
        }
        protobuf_c_message_free_unpacked(reply, NULL);
    }
}

void
mg_link_expire(mg_link_t *self, int64_t now_ms)
{
    if (self->count == 0 || now_ms < self->earliest_ms) {
        return;
    }
    for (uint32_t i = 0; self->count && i < self->options.window; i++) {
        if (self->slots[i].number && self->slots[i].deadline_ms <= now_ms) {
            s_end(self, &self->slots[i], MG_ERR_TIMEOUT, NULL);
        }
    }
    self->earliest_ms = INT64_MAX;
    for (uint32_t i = 0; self->count && i < self->options.window; i++) {
        const waiting_t *slot = &self->slots[i];
        if (slot->number && slot->deadline_ms < self->earliest_ms) {
            self->earliest_ms = slot->deadline_ms;
        }
    }
}

int64_t
mg_link_deadline_ms(const mg_link_t *self)
{
    return self->count ? self->earliest_ms : -1;
}

uint32_t
mg_link_waiting(const mg_link_t *self)
{
    return self->count;
}
