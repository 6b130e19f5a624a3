/* bus - protobuf messages over inproc sockets: endpoints, limits, one frame per message.
 *
 * Owns     : the names of the endpoints and the shape of a frame; sockets belong to the actor that made them.
 * Thread   : a socket is used by the thread that made it.
 * Takes    : a ROUTER end that serves (mg_bus_serve) or a DEALER end that asks (messages/link.h).
 * Fails    : no send blocks. MG_ERR_BUSY: the queue is full; MG_ERR_CLOSED: the peer is gone; MG_ERR_BAD_MESSAGE: not this
 *            schema; MG_ERR_TIMEOUT: nothing to receive now.
 * Not here : who waits for which reply and until when (messages/link.h), the outside protocol (actors/control.c).
 * Source   : design.md section 2. Raw zmq_msg frames, not zmsg: three to four times the rate.
 *
 * A frame is an 8-byte request number, then the packed message. ROUTER ends see the sender's routing id before it.
 */
#ifndef MG_MESSAGES_BUS_H
#define MG_MESSAGES_BUS_H

#include "core/buf.h"

#include <czmq.h>
#include <protobuf-c/protobuf-c.h>

#define MG_BUS_STATE      "inproc://memgate.state"
#define MG_BUS_DUMP       "inproc://memgate.dump"
#define MG_BUS_HASHER     "inproc://memgate.hasher"
#define MG_BUS_AUTOSAVE   "inproc://memgate.autosave"
#define MG_BUS_GATEWAY    "inproc://memgate.gateway"
#define MG_BUS_SUPERVISOR "inproc://memgate.supervisor"
#define MG_BUS_EVENTS                                                                              \
    "inproc://memgate.events" /* PUB of the dump actor; topic-less Event messages */
#define MG_BUS_CHUNKS "inproc://memgate.chunks" /* PUSH of the dump actor to the idle sealers */
#define MG_BUS_URGENT_CHUNKS                                                                       \
    "inproc://memgate.urgent-chunks"            /* the same to those at normal priority */
#define MG_BUS_SEALED "inproc://memgate.sealed" /* PULL of the dump actor from the sealers */

enum {
    MG_BUS_HWM = 4096,            /* messages queued per peer; every link's window stays below it */
    MG_BUS_ROUTING_ID_MAX = 16,   /* bytes; libzmq makes 5 */
    MG_BUS_MESSAGE_MAX = 64 << 20 /* bytes of one packed message */
};

/* A return address: keep it to answer later. */
typedef struct mg_bus_peer {
    uint64_t request;
    uint8_t id[MG_BUS_ROUTING_ID_MAX];
    uint8_t id_len;
} mg_bus_peer_t;

/* True if both lead to the same socket, for whichever request. */
bool mg_bus_same_peer(const mg_bus_peer_t *a, const mg_bus_peer_t *b);

/* A ROUTER (mandatory) bound to `endpoint`; NULL: the name is taken or no memory. Destroy with mg_bus_close. */
zsock_t *mg_bus_serve(const char *endpoint);
/* A socket of `type` (ZMQ_DEALER, ZMQ_PUSH, ...) connected to or bound at `endpoint`, with the bus' limits. */
zsock_t *mg_bus_connect(int type, const char *endpoint);
zsock_t *mg_bus_bind(int type, const char *endpoint);
/* Unbinds, then destroys: without the unbind the name stays taken for a while. NULL-safe. */
void mg_bus_close(zsock_t **sock_p);

/* ROUTER: sends a reply to `peer`. MG_ERR_CLOSED when it is gone: matters only to who lent something in the reply. */
mg_status_t mg_bus_reply(zsock_t *sock, const mg_bus_peer_t *peer, const ProtobufCMessage *message);
/* A message packed as a frame, numbered `request`, to be sent later: exactly one mg_bus_send_frame. */
MG_MUST_USE mg_status_t mg_bus_pack(uint64_t request,
                                    const ProtobufCMessage *message,
                                    zmq_msg_t *out);
/* Sends a frame, or closes it. */
mg_status_t mg_bus_send_frame(zsock_t *sock, zmq_msg_t *frame);
/* DEALER: sends a request numbered `request`. */
MG_MUST_USE mg_status_t mg_bus_ask(zsock_t *sock,
                                   uint64_t request,
                                   const ProtobufCMessage *message);
/* PUB: sends an event; subscribers that lag lose it. */
mg_status_t mg_bus_publish(zsock_t *sock, const ProtobufCMessage *message);

/* Receives one message without waiting and unpacks it; the caller frees it with protobuf_c_message_free_unpacked.
 * On a ROUTER `out_peer` becomes the return address (also with MG_ERR_BAD_MESSAGE); on other types only its request
 * number is set. */
MG_MUST_USE mg_status_t mg_bus_receive(zsock_t *sock,
                                       const ProtobufCMessageDescriptor *schema,
                                       mg_bus_peer_t *out_peer,
                                       ProtobufCMessage **out);

/* protobuf-c's messages hold `char *` and `uint8_t *` also where they only borrow: the one place that drops the const. */
static inline char *
mg_bus_text(const char *text)
{
    return (char *)(uintptr_t)text; // NOLINT(performance-no-int-to-ptr)
}

/* Protobuf bytes and slices are the same thing. */
static inline mg_slice_t
mg_bus_slice(ProtobufCBinaryData bytes)
{
    return mg_slice(bytes.data, bytes.len);
}

static inline ProtobufCBinaryData
mg_bus_bytes(mg_slice_t slice)
{
    return (ProtobufCBinaryData){.len = slice.len,
                                 .data = (uint8_t *)mg_bus_text((const char *)slice.data)};
}

#endif
