/* Health, readiness and metrics. */
#include "core/clock.h"
#include "core/json.h"
#include "gateway/ask.h"
#include "gateway/handlers/handlers.h"
#include "gateway/ipfilter.h"
#include "gateway/service.h"
#include "gateway/text.h"

#include <sodium.h>

static const char s_json[] = "application/json";

void
mg_handle_health(mg_request_t *request)
{
    mg_reply_raw(&request->answer, 200, s_json, mg_slice_text("{\"status\":\"online\"}"));
}

void
mg_handle_liveness(mg_request_t *request)
{
    mg_reply_raw(&request->answer, 200, s_json, mg_slice_text("{\"status\":\"alive\"}"));
}

/* --- readiness --- */

/* Why the gateway serves with less than it should; one word and one sentence each. */
typedef struct reasons {
    bool dump_failed;
    bool memory_full;
    const Mg__DumpStatus *dumps; /* NULL: not known */
} reasons_t;

static const char *
s_readiness(const mg_service_t *service, const reasons_t *reasons)
{
    switch (service->phase) {
    case MG_PHASE_STARTING:
        return "starting";
    case MG_PHASE_STOPPING:
        return "stopping";
    case MG_PHASE_READY:
        break;
    }
    return reasons->dump_failed || reasons->memory_full ? "degraded" : "ready";
}

/* For who may manage the gateway: what an operator would look up next. */
static void
s_append_details(const reasons_t *reasons, mg_buf_t *out)
{
    mg_buf_append_text(out, ",\"mongodb\":true,\"redis\":true,\"mode\":\"memory\","
                            "\"cache_backend\":\"memory\"");
    if (reasons->dumps) {
        mg_buf_append_format(out, ",\"restored_from_older\":%s,\"last_error\":",
                             reasons->dumps->restore_skipped ? "true" : "false");
        mg_json_write_text(mg_slice_text(reasons->dumps->last_error), out);
    }
}

static void
s_reply_readiness(mg_request_t *request, const reasons_t *reasons)
{
    const mg_service_t *service = request->service;
    bool ready = service->phase == MG_PHASE_READY;
    const char *status = s_readiness(service, reasons);
    mg_buf_t body = {0};
    mg_buf_append_format(&body, "{\"status\":\"%s\"", status);
    if (ready && (reasons->dump_failed || reasons->memory_full)) {
        mg_buf_append_format(&body, ",\"reasons\":[%s%s%s]",
                             reasons->dump_failed ? "\"dump_failed\"" : "",
                             reasons->dump_failed && reasons->memory_full ? "," : "",
                             reasons->memory_full ? "\"memory_full\"" : "");
    }
    if (request->caller.known &&
        mg_permissions_have(request->caller.permissions, MG_MAY_MANAGE_GATEWAY)) {
        s_append_details(reasons, &body);
    }
    mg_buf_append_byte(&body, '}');
    mg_reply_raw(&request->answer, ready ? 200 : 503, s_json, mg_buf_slice(&body));
    mg_buf_free(&body);
}

static Mg__DumpReply *
s_kept_dump_status(const mg_request_t *request)
{
    const mg_buf_t *packed = &request->learnt.figures;
    return packed->len ? mg__dump_reply__unpack(NULL, packed->len, packed->data) : NULL;
}

/* A reply is kept as bytes: it ends with the call that brings it. */
static void
s_keep_dump_status(mg_request_t *request, const ProtobufCMessage *reply)
{
    mg_buf_t *packed = &request->learnt.figures;
    mg_buf_clear(packed);
    uint8_t *at = reply ? mg_buf_extend(packed, protobuf_c_message_get_packed_size(reply)) : NULL;
    if (at) {
        (void)protobuf_c_message_pack(reply, at);
    }
}

static void
s_on_readiness_state(mg_request_t *request, const ProtobufCMessage *reply)
{
    const Mg__StateReply *state = (const Mg__StateReply *)reply;
    Mg__DumpReply *dump = s_kept_dump_status(request);
    reasons_t reasons = {.dump_failed = request->service->degraded,
                         .memory_full = state && state->stats && state->stats->memory_full,
                         .dumps = dump ? dump->dump_status : NULL};
    s_reply_readiness(request, &reasons);
    mg__dump_reply__free_unpacked(dump, NULL);
}

static void
s_on_readiness_dump(mg_request_t *request, const ProtobufCMessage *reply)
{
    s_keep_dump_status(request, reply);
    mg_ask_state_stats(request, s_on_readiness_state);
}

void
mg_handle_readiness(mg_request_t *request)
{
    if (request->service->phase == MG_PHASE_READY) {
        mg_ask_dump_status(request, s_on_readiness_dump);
    } else {
        s_reply_readiness(request, &(reasons_t){0});
    }
}

/* --- metrics --- */

static bool
s_has_metrics_token(const mg_request_t *request)
{
    static const char scheme[] = "bearer ";
    size_t scheme_len = sizeof scheme - 1;
    mg_slice_t wanted = mg_slice_text(request->service->http->metrics_token);
    mg_slice_t given = mg_request_header(request, MG_HEADER_AUTHORIZATION);
    return wanted.len > 0 && given.len == scheme_len + wanted.len &&
           mg_text_same(mg_slice(given.data, scheme_len), scheme) &&
           sodium_memcmp(given.data + scheme_len, wanted.data, wanted.len) == 0;
}

static bool
s_may_read_metrics(const mg_request_t *request)
{
    const mg_config_http_t *http = request->service->http;
    mg_slice_t forwarded = http->metrics_trust_xff
                               ? mg_request_header(request, MG_HEADER_X_FORWARDED_FOR_LAST)
                               : (mg_slice_t){0};
    return http->metrics_public ||
           mg_ipfilter_is_near(http->metrics_allowlist, &request->origin, forwarded) ||
           s_has_metrics_token(request);
}

static void
s_reply_metrics(mg_request_t *request, const Mg__StateReply *state, const Mg__DumpReply *dump)
{
    const mg_service_t *service = request->service;
    const mg_metrics_figures_t figures = {
        .state = state ? state->stats : NULL,
        .state_version = mg_service_version(service),
        .dump = dump ? dump->dump_status : NULL,
        .connections = mg_server_connections(service->server),
        .connections_reaped = mg_server_reaped(service->server),
        .requests_waiting = mg_slots_waiting(service->slots),
        .messages_late = service->late,
        .list_nodes = service->list_nodes,
        .turns = service->turns,
        .started_ns = service->started_ns,
        .ready = service->phase == MG_PHASE_READY,
    };
    mg_buf_t text = {0};
    mg_metrics_write(service->metrics, &figures, &text);
    mg_reply_raw(&request->answer, 200, "text/plain; version=0.0.4; charset=utf-8",
                 mg_buf_slice(&text));
    mg_buf_free(&text);
}

/* The second reply is there: now all is known that can be. */
static void
s_on_state_stats(mg_request_t *request, const ProtobufCMessage *reply)
{
    Mg__DumpReply *dump = s_kept_dump_status(request);
    s_reply_metrics(request, (const Mg__StateReply *)reply, dump);
    mg__dump_reply__free_unpacked(dump, NULL);
}

static void
s_on_dump_status(mg_request_t *request, const ProtobufCMessage *reply)
{
    s_keep_dump_status(request, reply);
    mg_ask_state_stats(request, s_on_state_stats);
}

void
mg_handle_metrics(mg_request_t *request)
{
    if (!request->service->http->metrics_enabled) {
        mg_reply_detail(&request->answer, 503, "Metrics are off");
    } else if (s_may_read_metrics(request)) {
        mg_ask_dump_status(request, s_on_dump_status);
    } else {
        mg_reply_detail(&request->answer, 403, "Forbidden");
    }
}
