#include "actors/stateask.h"

#include "core/clock.h"

enum { SWAP_MS = 60000 };

static void
s_on_reply(void *arg, mg_status_t status, const ProtobufCMessage *message)
{
    mg_stateanswer_t *answer = arg;
    const Mg__StateReply *reply = (const Mg__StateReply *)message;
    answer->done = true;
    answer->status = status;
    if (status == MG_OK) {
        answer->status = (mg_status_t)reply->status;
        answer->version = reply->version;
        answer->changes = reply->changes;
        answer->view_ns = reply->view_ns;
        answer->view = mg_viewref_take(reply->view);
    }
}

mg_status_t
mg_stateask(mg_link_t *link,
            const Mg__StateRequest *request,
            int64_t within_ms,
            mg_stateanswer_t *out)
{
    *out = (mg_stateanswer_t){0};
    int64_t deadline_ms = mg_clock_mono_ms() + within_ms;
    mg_status_t status = mg_link_ask(link, &request->base, deadline_ms, s_on_reply, out);
    if (status != MG_OK) {
        out->status = status;
        return status;
    }
    while (!out->done) {
        int64_t now_ms = mg_clock_mono_ms();
        int64_t left_ms = deadline_ms > now_ms ? deadline_ms - now_ms : 0;
        zmq_pollitem_t item = {.socket = zsock_resolve(mg_link_socket(link)), .events = ZMQ_POLLIN};
        (void)zmq_poll(&item, 1, (long)left_ms);
        mg_link_receive(link);
        mg_link_expire(link, mg_clock_mono_ms());
    }
    return out->status;
}

mg_status_t
mg_stateask_open_view(mg_link_t *link, mg_stateanswer_t *out)
{
    Mg__OpenView open = MG__OPEN_VIEW__INIT;
    Mg__StateRequest request = MG__STATE_REQUEST__INIT;
    request.body_case = MG__STATE_REQUEST__BODY_OPEN_VIEW;
    request.open_view = &open;
    mg_status_t status = mg_stateask(link, &request, MG_STATE_REPLY_MS, out);
    return status == MG_OK && !out->view ? MG_ERR_BAD_MESSAGE : status;
}

mg_status_t
mg_stateask_freeze(mg_link_t *link, bool for_good)
{
    Mg__Freeze freeze = MG__FREEZE__INIT;
    Mg__StateRequest request = MG__STATE_REQUEST__INIT;
    mg_stateanswer_t answer;
    freeze.for_good = for_good;
    request.body_case = MG__STATE_REQUEST__BODY_FREEZE;
    request.freeze = &freeze;
    return mg_stateask(link, &request, MG_STATE_REPLY_MS, &answer);
}

mg_status_t
mg_stateask_thaw(mg_link_t *link)
{
    Mg__Thaw thaw = MG__THAW__INIT;
    Mg__StateRequest request = MG__STATE_REQUEST__INIT;
    mg_stateanswer_t answer;
    request.body_case = MG__STATE_REQUEST__BODY_THAW;
    request.thaw = &thaw;
    return mg_stateask(link, &request, MG_STATE_REPLY_MS, &answer);
}

mg_status_t
mg_stateask_swap(mg_link_t *link, mg_store_t **store_p, bool keep_revocations)
{
    Mg__Swap swap = MG__SWAP__INIT;
    Mg__StateRequest request = MG__STATE_REQUEST__INIT;
    mg_stateanswer_t answer;
    swap.keep_revocations = keep_revocations;
    swap.counted = keep_revocations; /* both at a restore while serving */
    swap.store = mg_storeref_send(store_p);
    if (!swap.store) {
        return MG_ERR_NO_MEMORY;
    }
    request.body_case = MG__STATE_REQUEST__BODY_SWAP;
    request.swap = &swap;
    return mg_stateask(link, &request, SWAP_MS, &answer);
}
