/* link - a requester's end: numbered requests, a bounded window, a deadline and exactly one outcome for each.
 *
 * Owns     : one DEALER socket and the list of requests that wait.
 * Thread   : the one that made it.
 * Takes    : replies from the actor at `endpoint`.
 * Sends    : requests; each ends in exactly one call of its callback: with the reply, or with MG_ERR_TIMEOUT, or with
 *            MG_ERR_CLOSED when the link is destroyed.
 * Fails    : MG_ERR_BUSY at once when `window` requests wait already: a reply then always fits its queue.
 * Not here : the frames (messages/bus.h).
 *
 * A reply that comes after its deadline goes to `on_late`: a view in it must be given back.
 */
#ifndef MG_MESSAGES_LINK_H
#define MG_MESSAGES_LINK_H

#include "messages/bus.h"

typedef struct mg_link mg_link_t;

/* status MG_OK: `reply` is the unpacked message, freed by the link afterwards; else NULL. */
typedef void mg_link_reply_t(void *arg, mg_status_t status, const ProtobufCMessage *reply);

typedef struct mg_link_options {
    const char *endpoint;
    const ProtobufCMessageDescriptor *schema; /* of the replies */
    uint32_t window;                          /* requests that may wait, < MG_BUS_HWM */
    void (*on_late)(void *arg, const ProtobufCMessage *reply);
    void *on_late_arg;
} mg_link_options_t;

/* NULL: out of memory. */
mg_link_t *mg_link_new(const mg_link_options_t *options);
/* Ends every waiting request with MG_ERR_CLOSED; one that is held back is not sent any more. */
void mg_link_destroy(mg_link_t **self_p);
/* For the loop to poll. */
zsock_t *mg_link_socket(const mg_link_t *self);

/* Sends a request that must be answered before `deadline_ms` (monotonic). On any status but MG_OK the callback is not
 * called. */
MG_MUST_USE mg_status_t mg_link_ask(mg_link_t *self,
                                    const ProtobufCMessage *message,
                                    int64_t deadline_ms,
                                    mg_link_reply_t *callback,
                                    void *arg);
/* From here on requests are sent some at a time, at mg_link_flush at the latest: the other side is woken less often. */
void mg_link_hold_back(mg_link_t *self);
/* Sends what is held back. A request that can not be sent ends with its deadline. */
void mg_link_flush(mg_link_t *self);
/* Sends a message that gets no reply (ReleaseView), and before it what is held back. */
MG_MUST_USE mg_status_t mg_link_tell(mg_link_t *self, const ProtobufCMessage *message);
/* Takes every reply that has arrived. */
void mg_link_receive(mg_link_t *self);
/* Ends the requests whose deadline has passed. */
void mg_link_expire(mg_link_t *self, int64_t now_ms);
/* When mg_link_expire is worth a call at the earliest, or -1 when nothing waits. */
int64_t mg_link_deadline_ms(const mg_link_t *self);
/* Requests that wait. */
uint32_t mg_link_waiting(const mg_link_t *self);

#endif
