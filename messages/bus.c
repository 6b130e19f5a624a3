#include "messages/bus.h"

#include <sodium.h>

#include <stdatomic.h>

/* The number stands first in the frame (8-byte aligned, native order: both ends are this process). Sender and receiver
 * release and acquire it: the bytes behind it are visible by the rules of C, not only by what libzmq does inside. */
typedef _Atomic uint64_t number_t;

enum { NUMBER_SIZE = sizeof(number_t) };

static zsock_t *
s_new(int type)
{
    zsock_t *sock = zsock_new(type);
    if (sock) {
        zsock_set_sndhwm(sock, MG_BUS_HWM);
        zsock_set_rcvhwm(sock, MG_BUS_HWM);
        zsock_set_linger(sock, 0);
        if (type == ZMQ_ROUTER) {
            zsock_set_router_mandatory(sock, 1);
        }
    }
    return sock;
}

zsock_t *
mg_bus_bind(int type, const char *endpoint)
{
    zsock_t *sock = s_new(type);
    if (sock && zsock_bind(sock, "%s", endpoint) == -1) {
        zsock_destroy(&sock);
    }
    return sock;
}

zsock_t *
mg_bus_connect(int type, const char *endpoint)
{
    zsock_t *sock = s_new(type);
    if (sock && zsock_connect(sock, "%s", endpoint) == -1) {
        zsock_destroy(&sock);
    }
    return sock;
}

zsock_t *
mg_bus_serve(const char *endpoint)
{
    return mg_bus_bind(ZMQ_ROUTER, endpoint);
}

void
mg_bus_close(zsock_t **sock_p)
{
    if (*sock_p) {
        const char *endpoint = zsock_endpoint(*sock_p); /* NULL on a socket that only connected */
        if (endpoint) {
            (void)zsock_unbind(*sock_p, "%s", endpoint);
        }
        zsock_destroy(sock_p);
    }
}

/* --- sending --- */

static mg_status_t
s_status_of_errno(void)
{
    switch (zmq_errno()) {
    case EAGAIN:
        return MG_ERR_BUSY;
    case EHOSTUNREACH:
    case ETERM:
        return MG_ERR_CLOSED;
    default:
        return MG_ERR_IO;
    }
}

mg_status_t
mg_bus_pack(uint64_t request, const ProtobufCMessage *message, zmq_msg_t *out)
{
    size_t len = protobuf_c_message_get_packed_size(message);
    if (len > MG_BUS_MESSAGE_MAX) {
        return MG_ERR_TOO_BIG;
    }
    if (zmq_msg_init_size(out, NUMBER_SIZE + len) == -1) {
        return MG_ERR_NO_MEMORY;
    }
    uint8_t *data = zmq_msg_data(out);
    protobuf_c_message_pack(message, data + NUMBER_SIZE);
    atomic_store_explicit((number_t *)(void *)data, request, memory_order_release);
    return MG_OK;
}

mg_status_t
mg_bus_send_frame(zsock_t *sock, zmq_msg_t *frame)
{
    if (zmq_msg_send(frame, zsock_resolve(sock), ZMQ_DONTWAIT) == -1) {
        mg_status_t status = s_status_of_errno();
        (void)zmq_msg_close(frame);
        return status;
    }
    return MG_OK;
}

static mg_status_t
s_send_frame(zsock_t *sock, uint64_t request, const ProtobufCMessage *message)
{
    zmq_msg_t frame;
    mg_status_t status = mg_bus_pack(request, message, &frame);
    return status == MG_OK ? mg_bus_send_frame(sock, &frame) : status;
}

bool
mg_bus_same_peer(const mg_bus_peer_t *a, const mg_bus_peer_t *b)
{
    return a->id_len == b->id_len && memcmp(a->id, b->id, a->id_len) == 0;
}

mg_status_t
mg_bus_reply(zsock_t *sock, const mg_bus_peer_t *peer, const ProtobufCMessage *message)
{
    int sent = zmq_send(zsock_resolve(sock), peer->id, peer->id_len, ZMQ_DONTWAIT | ZMQ_SNDMORE);
    return sent == -1 ? s_status_of_errno() : s_send_frame(sock, peer->request, message);
}

mg_status_t
mg_bus_ask(zsock_t *sock, uint64_t request, const ProtobufCMessage *message)
{
    return s_send_frame(sock, request, message);
}

mg_status_t
mg_bus_publish(zsock_t *sock, const ProtobufCMessage *message)
{
    return s_send_frame(sock, 0, message);
}

/* --- receiving --- */

/* The sender's routing id, on a ROUTER the first frame. */
static mg_status_t
s_receive_id(zsock_t *sock, mg_bus_peer_t *peer)
{
    int len = zmq_recv(zsock_resolve(sock), peer->id, sizeof peer->id, ZMQ_DONTWAIT);
    if (len == -1) {
        return zmq_errno() == EAGAIN ? MG_ERR_TIMEOUT : s_status_of_errno();
    }
    peer->id_len = (uint8_t)((size_t)len < sizeof peer->id ? (size_t)len : sizeof peer->id);
    return MG_OK;
}

static void
s_drop_rest(zsock_t *sock)
{
    while (zsock_rcvmore(sock)) {
        zmq_msg_t rest;
        (void)zmq_msg_init(&rest);
        (void)zmq_msg_recv(&rest, zsock_resolve(sock), ZMQ_DONTWAIT);
        (void)zmq_msg_close(&rest);
    }
}

static mg_status_t
s_unpack(zmq_msg_t *frame,
         const ProtobufCMessageDescriptor *schema,
         uint64_t *out_request,
         ProtobufCMessage **out)
{
    size_t len = zmq_msg_size(frame);
    uint8_t *data = zmq_msg_data(frame);
    if (len < NUMBER_SIZE || len - NUMBER_SIZE > MG_BUS_MESSAGE_MAX) {
        return MG_ERR_BAD_MESSAGE;
    }
    *out_request = atomic_load_explicit((number_t *)(void *)data, memory_order_acquire);
    *out = protobuf_c_message_unpack(schema, NULL, len - NUMBER_SIZE, data + NUMBER_SIZE);
    return *out ? MG_OK : MG_ERR_BAD_MESSAGE;
}

mg_status_t
mg_bus_receive(zsock_t *sock,
               const ProtobufCMessageDescriptor *schema,
               mg_bus_peer_t *out_peer,
               ProtobufCMessage **out)
{
    *out_peer = (mg_bus_peer_t){0};
    if (zsock_type(sock) == ZMQ_ROUTER) {
        mg_status_t status = s_receive_id(sock, out_peer);
        if (status != MG_OK) {
            return status;
        }
    }
    zmq_msg_t frame;
    (void)zmq_msg_init(&frame);
    mg_status_t status = MG_ERR_TIMEOUT;
    if (zmq_msg_recv(&frame, zsock_resolve(sock), ZMQ_DONTWAIT) != -1) {
        status = s_unpack(&frame, schema, &out_peer->request, out);
        if (zsock_type(sock) !=
            ZMQ_SUB) { /* subscribers share one copy: others have yet to read it */
            sodium_memzero(zmq_msg_data(&frame),
                           zmq_msg_size(&frame)); /* it may have held a password or a key */
        }
    } else if (zmq_errno() != EAGAIN) {
        status = s_status_of_errno();
    }
    (void)zmq_msg_close(&frame);
    s_drop_rest(sock);
    return status;
}
