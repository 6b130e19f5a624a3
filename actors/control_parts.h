/* control_parts - what the files of the control actor share: its struct, its ways to ask others, its handlers.
 *
 * Owns     : nothing. Internal to actors/control*.c.
 * Thread   : the control actor's.
 * Fails    : a handler always ends its request with exactly one reply, now or in a callback.
 * Not here : sockets (actors/control_sockets.c), the loop (actors/control.c).
 */
#ifndef MG_ACTORS_CONTROL_PARTS_H
#define MG_ACTORS_CONTROL_PARTS_H

#include "actors/control.h"
#include "actors/control_request.h"
#include "actors/exports.h"

typedef struct mg_control {
    zsock_t *inbox;  /* ROUTER, outside */
    zsock_t *stream; /* PUB, outside */
    zsock_t *events; /* SUB, inside */
    zactor_t *auth;  /* CURVE; NULL on ipc */
    mg_link_t *state;
    mg_link_t *dump;
    mg_link_t *autosave;
    mg_link_t *supervisor;
    mg_exports_t *exports;
    uint32_t waiting;
    int64_t started_ns;
} mg_control_t;

/* Opens `inbox` and `stream` (and `auth` on tcp) by `args`. Fails as control.h says. */
MG_MUST_USE mg_status_t mg_control_open_sockets(mg_control_t *self, const mg_control_args_t *args);

/* Closes them; NULL-safe. */
void mg_control_close_sockets(mg_control_t *self);

/* Asks another actor on behalf of a request; if that is not possible the request ends here. */
void mg_control_forward(mg_control_request_t *request,
                        mg_link_t *link,
                        const ProtobufCMessage *message,
                        mg_link_reply_t *callback);
/* The same for the state and the dump actor; `body` is the oneof's member. */
void mg_control_ask_state(mg_control_request_t *request,
                          Mg__StateRequest__BodyCase body_case,
                          void *body,
                          mg_link_reply_t *callback);
void mg_control_ask_dump(mg_control_request_t *request,
                         Mg__DumpMessage__BodyCase body_case,
                         void *body,
                         mg_link_reply_t *callback);
/* True when the reply says OK; else the request has been ended with what it says. */
bool mg_control_went_well(mg_control_request_t *request,
                          mg_status_t link_status,
                          uint32_t reply_status,
                          const char *text);

/* Who asked, as it will stand in the dump's header. */
enum { MG_CONTROL_REQUESTER_SIZE = 128 };
void mg_control_requester(const mg_control_request_t *request, char out[MG_CONTROL_REQUESTER_SIZE]);

/* Whether an operation from outside may be passed on: every document that is stored can be dumped. Fails MG_ERR_INVALID,
 * MG_ERR_TOO_BIG; *out_why is then a static sentence. */
MG_MUST_USE mg_status_t mg_control_check_op(const Mg__Op *op, const char **out_why);

/* One per member of ControlRequest. */
void mg_control_handle_status(mg_control_request_t *request);
void mg_control_handle_dump(mg_control_request_t *request);
void mg_control_handle_restore(mg_control_request_t *request);
void mg_control_handle_list(mg_control_request_t *request);
void mg_control_handle_verify(mg_control_request_t *request);
void mg_control_handle_autosave(mg_control_request_t *request);
void mg_control_handle_shutdown(mg_control_request_t *request);
void mg_control_handle_write(mg_control_request_t *request);
void mg_control_handle_read(mg_control_request_t *request);
void mg_control_handle_export(mg_control_request_t *request);

#endif
