/* Tools: what CORS would say to an origin, and played outages of backends that memgate does not have. */
#include "core/clock.h"
#include "core/document.h"
#include "gateway/ask.h"
#include "gateway/cors.h"
#include "gateway/service.h"
#include "gateway/tables/tables.h"
#include "gateway/text.h"

#include <stdlib.h>

static void
s_reply_json(mg_request_t *request, json_t *payload)
{
    char *text = payload ? json_dumps(payload, JSON_COMPACT) : NULL;
    if (text) {
        mg_reply_payload(&request->answer, 200, mg_slice_text(text));
    } else {
        mg_ask_refuse(request, MG_ERR_NO_MEMORY);
    }
    free(text);
    json_decref(payload);
}

/* --- CORS check --- */

/* What is asked, and the rules that answer. */
typedef struct check {
    mg_cors_t rules;
    const char *origin;
    const char *method;
    bool with_credentials;
    json_t *asked;   /* headers, lower case */
    json_t *refused; /* of these */
} check_t;

/* A comma list of the rules as JSON. */
static json_t *
s_list(const char *text)
{
    json_t *list = json_array();
    const char *at = text;
    for (mg_slice_t item = mg_cors_next(&at); item.data; item = mg_cors_next(&at)) {
        (void)json_array_append_new(list, json_stringn((const char *)item.data, item.len));
    }
    return list;
}

static json_t *
s_lower(const json_t *headers)
{
    json_t *lower = json_array();
    size_t index = 0;
    const json_t *item = NULL;
    json_array_foreach(headers, index, item)
    {
        mg_buf_t text = {0};
        mg_slice_t name = mg_text_trim(mg_slice(json_string_value(item), json_string_length(item)));
        for (size_t i = 0; i < name.len; i++) {
            uint8_t byte = name.data[i];
            mg_buf_append_byte(&text, byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + 32) : byte);
        }
        (void)json_array_append_new(lower, json_stringn(mg_buf_text(&text), text.len));
        mg_buf_free(&text);
    }
    return lower;
}

static json_t *
s_refused(const json_t *asked, const char *allowed)
{
    json_t *refused = json_array();
    size_t index = 0;
    json_t *item = NULL;
    json_array_foreach(asked, index, item)
    {
        if (!mg_cors_lists(allowed, mg_slice_text(json_string_value(item)))) {
            (void)json_array_append(refused, item);
        }
    }
    return refused;
}

static json_t *
s_response_headers(const check_t *check, bool allowed, bool preflight)
{
    mg_cors_header_t headers[MG_CORS_HEADERS_MAX];
    mg_slice_t origin = allowed ? mg_slice_text(check->origin) : (mg_slice_t){0};
    size_t count = mg_cors_headers(&check->rules, origin, preflight, headers);
    json_t *object = json_pack("{s:s}", "Vary", "Origin");
    for (size_t i = 0; i < count; i++) {
        mg_slice_t value = headers[i].value;
        (void)json_object_set_new(object, headers[i].name,
                                  json_stringn((const char *)value.data, value.len));
    }
    return object;
}

static json_t *
s_notes(const mg_config_http_t *http, const check_t *check)
{
    json_t *notes = json_array();
    if (check->with_credentials && !check->rules.credentials) {
        (void)json_array_append_new(notes, json_string("ALLOW_CREDENTIALS is off: a browser keeps "
                                                       "the answer from the page"));
    }
    if (check->rules.origins != check->rules.configured) {
        (void)json_array_append_new(
            notes, json_string("With credentials * is replaced by origins of this machine"));
    }
    if (!http->cors_origins) {
        (void)json_array_append_new(
            notes,
            json_string("ALLOWED_ORIGINS is not set: checked against http://localhost:3000"));
    }
    return notes;
}

static json_t *
s_config(const mg_config_http_t *http, const mg_cors_t *rules)
{
    return json_pack("{s:o, s:o, s:b, s:o, s:o, s:b}", "allowed_origins", s_list(rules->configured),
                     "effective_allowed_origins", s_list(rules->origins), "allow_credentials",
                     (int)rules->credentials, "allow_methods", s_list(rules->methods),
                     "allow_headers", s_list(rules->headers), "cors_strict",
                     (int)http->cors_strict);
}

static json_t *
s_verdict(const mg_request_t *request, const check_t *check)
{
    const mg_config_http_t *http = request->service->http;
    bool origin = mg_cors_allows(&check->rules, mg_slice_text(check->origin));
    bool method = mg_cors_lists(check->rules.methods, mg_slice_text(check->method));
    bool headers = json_array_size(check->refused) == 0;
    json_t *given = json_object_get(request->json, "request_headers");
    json_t *input = json_pack(
        "{s:s, s:s, s:o, s:O, s:b}", "origin", check->origin, "method", check->method,
        "request_headers", given ? json_deep_copy(given) : json_array(),
        "request_headers_normalized", check->asked, "with_credentials", check->with_credentials);
    json_t *preflight = json_pack(
        "{s:b, s:b, s:b, s:b, s:O, s:o}", "allowed", origin && method && headers, "allow_origin",
        origin, "method_allowed", method, "headers_allowed", headers, "not_allowed_headers",
        check->refused, "response_headers", s_response_headers(check, origin, true));
    json_t *actual = json_pack("{s:b, s:o}", "allowed", origin, "response_headers",
                               s_response_headers(check, origin, false));
    return json_pack("{s:o, s:o, s:o, s:o, s:o}", "config", s_config(http, &check->rules), "input",
                     input, "preflight", preflight, "actual", actual, "notes",
                     s_notes(http, check));
}

static void
s_check_cors(mg_request_t *request, mg_slice_t wish)
{
    mg_buf_t origin = {0};
    mg_buf_t method = {0};
    mg_buf_append_slice(&origin, mg_document_text(wish, "origin"));
    mg_buf_append_slice(&method, mg_document_text(wish, "method"));
    check_t check = {.rules = mg_cors_of_tool(request->service->http),
                     .origin = mg_buf_text(&origin),
                     .method = mg_buf_text(&method),
                     .with_credentials = mg_document_bool(wish, "with_credentials", false),
                     .asked = s_lower(json_object_get(request->json, "request_headers"))};
    check.refused = s_refused(check.asked, check.rules.headers);
    s_reply_json(request, s_verdict(request, &check));
    json_decref(check.asked);
    json_decref(check.refused);
    mg_buf_free(&origin);
    mg_buf_free(&method);
}

void
mg_handle_cors_check(mg_request_t *request)
{
    bson_t wish = BSON_INITIALIZER;
    if (mg_resource_fields(request, mg_cors_fields, MG_FIELDS_CREATE, &wish)) {
        s_check_cors(request, mg_document_slice(&wish));
    }
    bson_destroy(&wish);
}

/* --- chaos: kept and told; memgate has neither backend, so nothing breaks --- */

static const char *const s_backends[MG_OUTAGES] = {"redis", "mongo"};

static bool
s_is_out(const mg_request_t *request, int backend)
{
    return mg_clock_mono_ms() < request->service->outage_until_ms[backend];
}

static void
s_toggle(mg_request_t *request, mg_slice_t wish)
{
    int backend = 0;
    while (backend < MG_OUTAGES && !mg_document_text_is(wish, "backend", s_backends[backend])) {
        backend++;
    }
    if (backend == MG_OUTAGES) {
        mg_request_refuse(request, MG_ERROR_TOOLS_BACKEND);
        return;
    }
    bool on = mg_document_bool(wish, "enabled", false);
    int64_t duration_ms = mg_document_int(wish, "duration_ms", 0);
    int64_t now_ms = mg_clock_mono_ms();
    int64_t until_ms =
        duration_ms > 0 && duration_ms < INT64_MAX - now_ms ? now_ms + duration_ms : INT64_MAX;
    request->service->outage_until_ms[backend] = on ? until_ms : 0;
    s_reply_json(request,
                 json_pack("{s:s, s:b}", "backend", s_backends[backend], "enabled", (int)on));
}

void
mg_handle_chaos_toggle(mg_request_t *request)
{
    bson_t wish = BSON_INITIALIZER;
    if (mg_resource_fields(request, mg_chaos_fields, MG_FIELDS_CREATE, &wish)) {
        s_toggle(request, mg_document_slice(&wish));
    }
    bson_destroy(&wish);
}

void
mg_handle_chaos_stats(mg_request_t *request)
{
    s_reply_json(request,
                 json_pack("{s:b, s:b, s:i}", "redis_outage", (int)s_is_out(request, 0),
                           "mongo_outage", (int)s_is_out(request, 1), "error_budget_burn", 0));
}
