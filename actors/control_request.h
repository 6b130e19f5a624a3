/* control_request - one request from outside, from its frames to its single reply.
 *
 * Owns     : the peer's routing id, the unpacked request, replies kept while others are awaited.
 * Thread   : the control actor's.
 * Fails    : mg_control_request_receive says why frames are no request; a reply to a peer that is gone is dropped.
 * Not here : what is asked for (actors/control.c).
 *
 * REQ peers put an empty frame before the request and expect one before the reply; DEALER peers may leave it out.
 */
#ifndef MG_ACTORS_CONTROL_REQUEST_H
#define MG_ACTORS_CONTROL_REQUEST_H

#include "messages/bus.h"
#include "messages/control.pb-c.h"

typedef struct mg_control_request {
    void *actor; /* the control actor, for callbacks */
    zsock_t *sock;
    zframe_t *peer;
    bool delimited;
    uint32_t *waiting;           /* the actor's count of requests under way */
    Mg__ControlRequest *message; /* NULL: it did not parse */
    Mg__StateReply *state_stats; /* kept for a status that is being put together */
    Mg__DumpReply *dump_status;
} mg_control_request_t;

/* Receives one request without waiting. MG_ERR_TIMEOUT: none is there; MG_ERR_BAD_MESSAGE: `*out` has no message, it is owed
 * a reply that says so; MG_ERR_NO_MEMORY. `*waiting` is counted up until the reply. */
MG_MUST_USE mg_status_t mg_control_request_receive(zsock_t *sock,
                                                   uint32_t *waiting,
                                                   mg_control_request_t **out);
/* Sends the reply and frees the request. */
void mg_control_request_reply(mg_control_request_t *self, Mg__ControlReply *reply);
/* Replies with a status alone; `text` one sentence, NULL for a plain OK or the status' own words. */
void mg_control_request_end(mg_control_request_t *self, mg_status_t status, const char *text);
/* Fills status, exit code and sentence of a reply by a status of the inside. */
void mg_control_fill(Mg__ControlReply *reply, mg_status_t status);
/* A deep copy of an unpacked message; free it with protobuf_c_message_free_unpacked. NULL: out of memory. */
ProtobufCMessage *mg_control_keep(const ProtobufCMessage *message);

#endif
