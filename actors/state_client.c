/* The askers' side of actors/state.h. */
#include "actors/state.h"
#include "messages/state.pb-c.h"

/* A view whose asker gave up is given back at once. */
static void
s_on_late(void *arg, const ProtobufCMessage *message)
{
    (void)arg;
    const Mg__StateReply *reply = (const Mg__StateReply *)message;
    mg_viewref_t *view = mg_viewref_take(reply->view);
    mg_viewref_give_back(&view);
}

mg_link_t *
mg_state_link_new(uint32_t window)
{
    mg_link_options_t options = {.endpoint = MG_BUS_STATE,
                                 .schema = &mg__state_reply__descriptor,
                                 .window = window,
                                 .on_late = s_on_late};
    return mg_link_new(&options);
}

void
mg_state_give_back(mg_link_t *link, mg_viewref_t **view_p)
{
    if (!*view_p) {
        return;
    }
    mg_viewref_give_back(view_p);
    Mg__ReleaseView release = MG__RELEASE_VIEW__INIT;
    Mg__StateRequest request = MG__STATE_REQUEST__INIT;
    request.body_case = MG__STATE_REQUEST__BODY_RELEASE_VIEW;
    request.release_view = &release;
    mg_status_t woken = mg_link_tell(link, &request.base);
    (void)woken; /* a lost wake-up only delays: the state actor looks at the words each turn */
}
