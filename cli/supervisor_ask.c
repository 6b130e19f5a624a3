/* The supervisor's asking: each request ends in one call. */
#include "cli/supervisor_parts.h"

void
mg_supervisor_ask(mg_supervisor_t *self,
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

void
mg_supervisor_ask_state(mg_supervisor_t *self,
                        Mg__StateRequest__BodyCase body_case,
                        void *body,
                        int64_t deadline_ms,
                        mg_link_reply_t *callback)
{
    Mg__StateRequest request = MG__STATE_REQUEST__INIT;
    request.body_case = body_case;
    request.freeze = body; /* the members of the oneof are pointers at one place */
    mg_supervisor_ask(self, self->state, &request.base, deadline_ms, callback);
}

void
mg_supervisor_ask_gateway(mg_supervisor_t *self,
                          Mg__SetPhase *phase,
                          int64_t deadline_ms,
                          mg_link_reply_t *callback)
{
    Mg__GatewayRequest request = MG__GATEWAY_REQUEST__INIT;
    request.body_case = MG__GATEWAY_REQUEST__BODY_SET_PHASE;
    request.set_phase = phase;
    mg_supervisor_ask(self, self->gateway, &request.base, deadline_ms, callback);
}
