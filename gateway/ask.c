#include "gateway/ask.h"

#include "actors/hasher.h"
#include "core/bsoncheck.h"
#include "core/clock.h"
#include "gateway/dispatch.h"
#include "gateway/idempotency.h"
#include "gateway/service.h"
#include "messages/autosave.pb-c.h"
#include "messages/dump.pb-c.h"
#include "messages/hasher.pb-c.h"
#include "messages/state.pb-c.h"

#include <stdio.h>
#include <stdlib.h>

enum { GRACE_MS = 1000 /* a slot outlives the link's deadline, which gives the better answer */ };

/* What stays behind while a request waits: no pointer to it, it may be gone. */
typedef struct ask {
    mg_service_t *service;
    mg_ticket_t ticket;
    mg_told_t *then;
} ask_t;

/* Which link carries a message, for how long, and who takes the reply. */
typedef struct route {
    mg_link_t *link;
    int64_t wait_ms;
    mg_link_reply_t *on_reply;
    mg_told_t *then;
} route_t;

void
mg_ask_refuse(mg_request_t *request, mg_status_t status)
{
    switch (status) {
    case MG_ERR_FROZEN:
        mg_request_refuse(request, MG_ERROR_FROZEN);
        break;
    case MG_ERR_FULL:
        mg_request_refuse(request, MG_ERROR_FULL);
        break;
    case MG_ERR_TIMEOUT:
        mg_request_refuse(request, MG_ERROR_TIMEOUT);
        break;
    case MG_ERR_BUSY:
    case MG_ERR_CLOSED:
        mg_request_refuse(request, MG_ERROR_BUSY);
        break;
    case MG_ERR_TOO_BIG:
        mg_request_refuse(request, MG_ERROR_BODY_TOO_BIG);
        break;
    case MG_ERR_INVALID:
        mg_request_refuse(request, MG_ERROR_INVALID_BODY);
        break;
    default:
        mg_request_refuse(request, MG_ERROR_INTERNAL);
        break;
    }
}

static mg_status_t
s_send(mg_request_t *request, const route_t *route, const ProtobufCMessage *message, ask_t *ask)
{
    int64_t deadline_ms = mg_clock_mono_ms() + route->wait_ms;
    ask->ticket = mg_slots_park(ask->service->slots, request, deadline_ms + GRACE_MS);
    if (ask->ticket == MG_TICKET_NONE) {
        return MG_ERR_BUSY;
    }
    mg_status_t status = mg_link_ask(route->link, message, deadline_ms, route->on_reply, ask);
    if (status != MG_OK) {
        (void)mg_slots_take(ask->service->slots, ask->ticket);
    }
    return status;
}

static void
s_ask(mg_request_t *request, const route_t *route, const ProtobufCMessage *message)
{
    ask_t *ask = calloc(1, sizeof *ask);
    mg_status_t status = MG_ERR_NO_MEMORY;
    if (ask) {
        ask->service = request->service;
        ask->then = route->then;
        status = s_send(request, route, message, ask);
    }
    if (status != MG_OK) {
        free(ask);
        mg_ask_refuse(request, status);
        return;
    }
    request->ticket = ask->ticket;
}

/* The request that waited, or NULL when it is gone. Ends the ask. */
static mg_request_t *
s_arrive(ask_t *ask, mg_told_t **out_then)
{
    mg_request_t *request = mg_slots_take(ask->service->slots, ask->ticket);
    if (request) {
        request->ticket = MG_TICKET_NONE;
    }
    *out_then = ask->then;
    free(ask);
    return request;
}

/* --- state --- */

static void
s_written(mg_request_t *request, mg_told_t *then, mg_status_t status, const ProtobufCMessage *reply)
{
    switch (status) {
    case MG_OK:
        if (then) {
            then(request, reply);
        }
        break; /* else the prepared answer goes out */
    case MG_ERR_EXISTS:
    case MG_ERR_NOT_FOUND:
    case MG_ERR_CONFLICT:
    case MG_ERR_UNIQUE:
        mg_dispatch_again(request);
        return;
    default:
        mg_answer_reset(&request->answer);
        mg_ask_refuse(request, status);
        break;
    }
    mg_dispatch_settle(request);
}

static void
s_on_written(void *arg, mg_status_t status, const ProtobufCMessage *reply)
{
    mg_told_t *then = NULL;
    mg_request_t *request = s_arrive(arg, &then);
    if (request) {
        const Mg__StateReply *state = (const Mg__StateReply *)reply;
        s_written(request, then, status == MG_OK ? (mg_status_t)state->status : status, reply);
    }
}

static Mg__Op
s_pack_op(const mg_op_t *op)
{
    Mg__Op out = MG__OP__INIT;
    out.kind = (Mg__Op__Kind)op->kind;
    out.condition = (Mg__Op__Condition)op->condition;
    out.rev = op->rev;
    out.collection = mg_bus_bytes(op->collection);
    out.key = mg_bus_bytes(op->key);
    out.body = mg_bus_bytes(op->body);
    out.expires_ns = op->expires_ns;
    return out;
}

/* The last look before the state: what no dump can carry would end all dumps to come. */
static mg_status_t
s_check_ops(const mg_op_t *ops, size_t count)
{
    mg_status_t status = MG_OK;
    for (size_t i = 0; i < count && status == MG_OK; i++) {
        if (ops[i].kind != MG_OP_DELETE) {
            status = mg_bson_check(ops[i].body, MG_BSON_KEYS_NAMES, NULL);
        }
    }
    return status;
}

void
mg_ask_write(mg_request_t *request, const mg_op_t *ops, size_t count, mg_told_t *then)
{
    mg_status_t status = s_check_ops(ops, count);
    if (status != MG_OK) {
        mg_answer_reset(&request->answer);
        mg_ask_refuse(request, status);
        return;
    }
    mg_batch_t more = {0};
    mg_idempotency_remember(request, &more);
    size_t total = count + more.count;
    Mg__Op *packed = calloc(total, sizeof *packed);
    Mg__Op **pointers = calloc(total, sizeof(Mg__Op *));
    if (!packed || !pointers || more.failed) {
        mg_ask_refuse(request, MG_ERR_NO_MEMORY);
        goto done;
    }
    for (size_t i = 0; i < total; i++) {
        packed[i] = s_pack_op(i < count ? &ops[i] : &more.ops[i - count]);
        pointers[i] = &packed[i];
    }
    Mg__Write write = MG__WRITE__INIT;
    write.n_ops = total;
    write.ops = pointers;
    Mg__StateRequest message = MG__STATE_REQUEST__INIT;
    message.body_case = MG__STATE_REQUEST__BODY_WRITE;
    message.write = &write;
    s_ask(request, &(route_t){request->service->state_link, MG_STATE_REPLY_MS, s_on_written, then},
          &message.base);
done:
    free((void *)pointers);
    free(packed);
    mg_batch_free(&more);
}

mg_status_t
mg_ask_background_write(mg_link_t *state,
                        const mg_batch_t *batch,
                        mg_link_reply_t *replied,
                        void *arg)
{
    Mg__Op *packed = calloc(batch->count, sizeof *packed);
    Mg__Op **pointers = calloc(batch->count, sizeof(Mg__Op *));
    mg_status_t status = MG_ERR_NO_MEMORY;
    if (packed && pointers) {
        for (size_t i = 0; i < batch->count; i++) {
            packed[i] = s_pack_op(&batch->ops[i]);
            pointers[i] = &packed[i];
        }
        Mg__Write write = MG__WRITE__INIT;
        write.n_ops = batch->count;
        write.ops = pointers;
        Mg__StateRequest message = MG__STATE_REQUEST__INIT;
        message.body_case = MG__STATE_REQUEST__BODY_WRITE;
        message.write = &write;
        status =
            mg_link_ask(state, &message.base, mg_clock_mono_ms() + MG_STATE_REPLY_MS, replied, arg);
    }
    free((void *)pointers);
    free(packed);
    return status;
}

/* Figures are welcome, not needed: without them the answer is shorter. */
static void
s_on_figures(void *arg, mg_status_t status, const ProtobufCMessage *reply)
{
    mg_told_t *then = NULL;
    mg_request_t *request = s_arrive(arg, &then);
    if (request) {
        then(request, status == MG_OK ? reply : NULL);
        mg_dispatch_settle(request);
    }
}

static void
s_ask_figures(mg_request_t *request, const route_t *route, const ProtobufCMessage *message)
{
    s_ask(request, route, message);
    if (request->ticket == MG_TICKET_NONE) {
        mg_answer_reset(&request->answer);
        route->then(request, NULL);
    }
}

void
mg_ask_state_stats(mg_request_t *request, mg_told_t *then)
{
    Mg__StatsQuery query = MG__STATS_QUERY__INIT;
    Mg__StateRequest message = MG__STATE_REQUEST__INIT;
    message.body_case = MG__STATE_REQUEST__BODY_STATS;
    message.stats = &query;
    s_ask_figures(
        request,
        &(route_t){request->service->state_link, MG_SERVICE_FIGURES_MS, s_on_figures, then},
        &message.base);
}

/* --- hasher --- */

static void
s_on_hasher(void *arg, mg_status_t status, const ProtobufCMessage *reply)
{
    mg_told_t *then = NULL;
    mg_request_t *request = s_arrive(arg, &then);
    if (!request) {
        return;
    }
    const Mg__HasherReply *hasher = (const Mg__HasherReply *)reply;
    status = status == MG_OK ? (mg_status_t)hasher->status : status;
    if (status != MG_OK) {
        mg_ask_refuse(request, status);
        mg_dispatch_settle(request);
        return;
    }
    then(request, reply);
    mg_dispatch_again(request);
}

static void
s_learn_hash(mg_request_t *request, const ProtobufCMessage *reply)
{
    mg_buf_clear(&request->learnt.hash);
    mg_buf_append_text(&request->learnt.hash, ((const Mg__HasherReply *)reply)->hash);
}

static void
s_learn_verdict(mg_request_t *request, const ProtobufCMessage *reply)
{
    const Mg__HasherReply *hasher = (const Mg__HasherReply *)reply;
    request->learnt.has_verdict = true;
    request->learnt.matches = hasher->matches;
    request->learnt.stale = hasher->stale;
}

static void
s_ask_hasher(mg_request_t *request, const Mg__HasherRequest *message, mg_told_t *learn)
{
    s_ask(request,
          &(route_t){request->service->hasher_link, MG_HASHER_REPLY_MS, s_on_hasher, learn},
          &message->base);
}

void
mg_ask_hash(mg_request_t *request, mg_slice_t password)
{
    Mg__HashPassword hash = MG__HASH_PASSWORD__INIT;
    hash.password = mg_bus_bytes(password);
    Mg__HasherRequest message = MG__HASHER_REQUEST__INIT;
    message.body_case = MG__HASHER_REQUEST__BODY_HASH;
    message.hash = &hash;
    s_ask_hasher(request, &message, s_learn_hash);
}

void
mg_ask_check(mg_request_t *request, mg_slice_t password, mg_slice_t stored)
{
    mg_buf_clear(&request->learnt.checked);
    mg_buf_append_slice(&request->learnt.checked, stored);
    Mg__CheckPassword check = MG__CHECK_PASSWORD__INIT;
    check.password = mg_bus_bytes(password);
    check.hash = mg_bus_bytes(stored);
    Mg__HasherRequest message = MG__HASHER_REQUEST__INIT;
    message.body_case = MG__HASHER_REQUEST__BODY_CHECK;
    message.check = &check;
    s_ask_hasher(request, &message, s_learn_verdict);
}

/* --- dump --- */

static void
s_on_dump(void *arg, mg_status_t status, const ProtobufCMessage *reply)
{
    mg_told_t *then = NULL;
    mg_request_t *request = s_arrive(arg, &then);
    if (!request) {
        return;
    }
    if (status == MG_OK) {
        then(request, reply);
    } else {
        mg_ask_refuse(request, status);
    }
    mg_dispatch_settle(request);
}

/* Who asks for what, as texts for a message: for the dump's header and the log. Start from zero. */
typedef struct order {
    mg_buf_t requester;
    mg_buf_t path;
} order_t;

/* False: no memory. */
static bool
s_write_order(const mg_request_t *request, mg_slice_t path, order_t *out)
{
    mg_buf_append_format(&out->requester, "http user=%s request=%s", request->caller.claims.sub,
                         request->id);
    mg_buf_append_slice(&out->path, path);
    (void)mg_buf_text(&out->requester);
    (void)mg_buf_text(&out->path);
    return mg_buf_ok(&out->requester) && mg_buf_ok(&out->path);
}

/* A dump or a restore: they differ in the message only. */
static void
s_ask_order(mg_request_t *request, bool restores, mg_slice_t path, mg_told_t *then)
{
    order_t order = {0};
    if (!s_write_order(request, path, &order)) {
        mg_ask_refuse(request, MG_ERR_NO_MEMORY);
        goto done;
    }
    Mg__DumpRequest dump = MG__DUMP_REQUEST__INIT;
    Mg__RestoreRequest restore = MG__RESTORE_REQUEST__INIT;
    Mg__DumpMessage message = MG__DUMP_MESSAGE__INIT;
    dump.trigger = restore.trigger = MG__TRIGGER__TRIGGER_HTTP;
    dump.requester = restore.requester = (char *)order.requester.data;
    dump.path = restore.path = (char *)order.path.data;
    if (restores) {
        message.body_case = MG__DUMP_MESSAGE__BODY_RESTORE;
        message.restore = &restore;
    } else {
        message.body_case = MG__DUMP_MESSAGE__BODY_DUMP;
        message.dump = &dump;
    }
    s_ask(request, &(route_t){request->service->dump_link, MG_SERVICE_DUMP_MS, s_on_dump, then},
          &message.base);
done:
    mg_buf_free(&order.requester);
    mg_buf_free(&order.path);
}

void
mg_ask_dump(mg_request_t *request, mg_slice_t path, mg_told_t *then)
{
    s_ask_order(request, false, path, then);
}

void
mg_ask_restore(mg_request_t *request, mg_slice_t path, mg_told_t *then)
{
    s_ask_order(request, true, path, then);
}

void
mg_ask_dumps(mg_request_t *request, mg_told_t *then)
{
    Mg__ListRequest list = MG__LIST_REQUEST__INIT;
    Mg__DumpMessage message = MG__DUMP_MESSAGE__INIT;
    message.body_case = MG__DUMP_MESSAGE__BODY_LIST;
    message.list = &list;
    s_ask(request, &(route_t){request->service->dump_link, MG_SERVICE_DUMP_MS, s_on_dump, then},
          &message.base);
}

void
mg_ask_dump_status(mg_request_t *request, mg_told_t *then)
{
    Mg__DumpStatusQuery query = MG__DUMP_STATUS_QUERY__INIT;
    Mg__DumpMessage message = MG__DUMP_MESSAGE__INIT;
    message.body_case = MG__DUMP_MESSAGE__BODY_STATUS;
    message.status = &query;
    s_ask_figures(
        request, &(route_t){request->service->dump_link, MG_SERVICE_FIGURES_MS, s_on_figures, then},
        &message.base);
}

/* --- autosave --- */

static void
s_on_reloaded(void *arg, mg_status_t status, const ProtobufCMessage *reply)
{
    (void)status; /* the settings are stored; autosave reads them at its next start at the latest */
    (void)reply;
    mg_told_t *then = NULL;
    mg_request_t *request = s_arrive(arg, &then);
    if (request) {
        mg_dispatch_settle(request);
    }
}

void
mg_ask_autosave_reload(mg_request_t *request)
{
    Mg__AutosaveReload reload = MG__AUTOSAVE_RELOAD__INIT;
    Mg__AutosaveRequest message = MG__AUTOSAVE_REQUEST__INIT;
    message.body_case = MG__AUTOSAVE_REQUEST__BODY_RELOAD;
    message.reload = &reload;
    s_ask(request,
          &(route_t){request->service->autosave_link, MG_SERVICE_FIGURES_MS, s_on_reloaded, NULL},
          &message.base);
}
