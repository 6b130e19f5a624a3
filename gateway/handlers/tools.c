/* Tools: what CORS would say to an origin, and played outages of backends that memgate does not have. */
#include "core/clock.h"
#include "core/document.h"
#include "gateway/ask.h"
#include "gateway/service.h"
#include "gateway/tables/tables.h"
#include "gateway/text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

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

/* The items of a comma list, or of `otherwise` when it is not set. */
static json_t *
s_list(const char *text, const char *otherwise)
{
    json_t *list = json_array();
    const char *at = text ? text : otherwise;
    while (at) {
        const char *comma = strchr(at, ',');
        size_t len = comma ? (size_t)(comma - at) : strlen(at);
        mg_slice_t item = mg_text_trim(mg_slice(at, len));
        if (item.len > 0) {
            (void)json_array_append_new(list, json_stringn((const char *)item.data, item.len));
        }
        at = comma ? comma + 1 : NULL;
    }
    return list;
}

static bool
s_has(const json_t *list, const char *text)
{
    size_t index = 0;
    const json_t *item = NULL;
    bool has = false;
    json_array_foreach(list, index, item)
    {
        has = has || (json_is_string(item) && strcasecmp(json_string_value(item), text) == 0);
    }
    return has;
}

/* "a, b, c" */
static json_t *
s_joined(const json_t *list)
{
    mg_buf_t text = {0};
    size_t index = 0;
    const json_t *item = NULL;
    json_array_foreach(list, index, item)
    {
        mg_buf_append_format(&text, "%s%s", index ? ", " : "", json_string_value(item));
    }
    json_t *joined = json_string(mg_buf_text(&text));
    mg_buf_free(&text);
    return joined;
}

/* What is configured, and what is asked. */
typedef struct cors {
    json_t *origins;
    json_t *effective;
    json_t *methods;
    json_t *headers;
    bool credentials;
    const char *origin;
    const char *method;
    json_t *asked;   /* headers, lower case */
    json_t *refused; /* of these */
} cors_t;

/* With credentials `*` means nothing to a browser; the reference takes two local origins instead. */
static json_t *
s_effective(const json_t *origins, bool credentials)
{
    return credentials && s_has(origins, "*")
               ? s_list("http://localhost,http://localhost:3000", NULL)
               : json_deep_copy(origins);
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
s_refused(const json_t *asked, const json_t *allowed)
{
    json_t *refused = json_array();
    size_t index = 0;
    json_t *item = NULL;
    json_array_foreach(asked, index, item)
    {
        if (!s_has(allowed, json_string_value(item))) {
            (void)json_array_append(refused, item);
        }
    }
    return refused;
}

static json_t *
s_response_headers(const cors_t *cors, bool allowed, bool preflight)
{
    json_t *headers = json_object();
    if (allowed) {
        (void)json_object_set_new(headers, "Access-Control-Allow-Origin",
                                  json_string(cors->origin));
        (void)json_object_set_new(headers, "Vary", json_string("Origin"));
    }
    if (allowed && cors->credentials) {
        (void)json_object_set_new(headers, "Access-Control-Allow-Credentials", json_string("true"));
    }
    if (preflight) {
        (void)json_object_set_new(headers, "Access-Control-Allow-Methods", s_joined(cors->methods));
        (void)json_object_set_new(headers, "Access-Control-Allow-Headers", s_joined(cors->headers));
    }
    return headers;
}

static json_t *
s_notes(const mg_request_t *request, const cors_t *cors, bool with_credentials)
{
    json_t *notes = json_array();
    if (with_credentials && !cors->credentials) {
        (void)json_array_append_new(notes, json_string("ALLOW_CREDENTIALS is off: a browser keeps "
                                                       "the answer from the page"));
    }
    if (cors->credentials && s_has(cors->origins, "*")) {
        (void)json_array_append_new(
            notes, json_string("With credentials * is replaced by origins of this machine"));
    }
    if (!request->service->http->cors_origins) {
        (void)json_array_append_new(
            notes,
            json_string("ALLOWED_ORIGINS is not set: checked against http://localhost:3000"));
    }
    return notes;
}

static json_t *
s_verdict(const mg_request_t *request, const cors_t *cors, bool with_credentials)
{
    bool origin = s_has(cors->effective, cors->origin) || s_has(cors->effective, "*");
    bool method = s_has(cors->methods, cors->method);
    bool headers = json_array_size(cors->refused) == 0;
    bool allowed = origin && method && headers;
    json_t *config = json_pack("{s:O, s:O, s:b, s:O, s:O, s:b}", "allowed_origins", cors->origins,
                               "effective_allowed_origins", cors->effective, "allow_credentials",
                               cors->credentials, "allow_methods", cors->methods, "allow_headers",
                               cors->headers, "cors_strict", request->service->http->cors_strict);
    json_t *given = json_object_get(request->json, "request_headers");
    json_t *input =
        json_pack("{s:s, s:s, s:o, s:O, s:b}", "origin", cors->origin, "method", cors->method,
                  "request_headers", given ? json_deep_copy(given) : json_array(),
                  "request_headers_normalized", cors->asked, "with_credentials", with_credentials);
    json_t *preflight =
        json_pack("{s:b, s:b, s:b, s:b, s:O, s:o}", "allowed", allowed, "allow_origin", origin,
                  "method_allowed", method, "headers_allowed", headers, "not_allowed_headers",
                  cors->refused, "response_headers", s_response_headers(cors, origin, true));
    json_t *actual = json_pack("{s:b, s:o}", "allowed", origin, "response_headers",
                               s_response_headers(cors, origin, false));
    return json_pack("{s:o, s:o, s:o, s:o, s:o}", "config", config, "input", input, "preflight",
                     preflight, "actual", actual, "notes",
                     s_notes(request, cors, with_credentials));
}

static void
s_check_cors(mg_request_t *request, mg_slice_t wish)
{
    static const char all_headers[] = "Accept,Content-Type,X-CSRF-Token,Authorization";
    const mg_config_http_t *http = request->service->http;
    mg_buf_t origin = {0};
    mg_buf_t method = {0};
    mg_buf_append_slice(&origin, mg_document_text(wish, "origin"));
    mg_buf_append_slice(&method, mg_document_text(wish, "method"));
    cors_t cors = {
        .origins = s_list(http->cors_origins, "http://localhost:3000"),
        .methods = s_list(http->cors_methods, "GET,POST,PUT,DELETE,OPTIONS,PATCH,HEAD"),
        .headers = s_list(http->cors_headers, "*"),
        .credentials = http->cors_credentials,
        .origin = mg_buf_text(&origin),
        .method = mg_buf_text(&method),
        .asked = s_lower(json_object_get(request->json, "request_headers")),
    };
    if (s_has(cors.headers, "*")) {
        json_decref(cors.headers);
        cors.headers = s_list(all_headers, NULL);
    }
    cors.effective = s_effective(cors.origins, cors.credentials);
    cors.refused = s_refused(cors.asked, cors.headers);
    s_reply_json(request,
                 s_verdict(request, &cors, mg_document_bool(wish, "with_credentials", false)));
    json_t *const made[] = {cors.origins, cors.effective, cors.methods,
                            cors.headers, cors.asked,     cors.refused};
    for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
        json_decref(made[i]);
    }
    mg_buf_free(&origin);
    mg_buf_free(&method);
}

void
mg_handle_cors_check(mg_request_t *request)
{
    static const mg_field_t fields[] = {
        {.name = "origin",
         .type = MG_FIELD_TEXT,
         .min = 1,
         .max = 255,
         .flags = MG_FIELD_REQUIRED | MG_FIELD_NAME},
        {.name = "method",
         .type = MG_FIELD_TEXT,
         .min = 1,
         .max = 20,
         .flags = MG_FIELD_REQUIRED | MG_FIELD_NAME},
        {.name = "request_headers", .type = MG_FIELD_TEXTS, .max = 100},
        {.name = "with_credentials", .type = MG_FIELD_BOOL, .fallback = "false"},
        {.name = NULL},
    };
    bson_t wish = BSON_INITIALIZER;
    if (mg_resource_fields(request, fields, MG_FIELDS_CREATE, &wish)) {
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
    static const mg_field_t fields[] = {
        {.name = "backend", .type = MG_FIELD_TEXT, .flags = MG_FIELD_REQUIRED},
        {.name = "enabled", .type = MG_FIELD_BOOL, .flags = MG_FIELD_REQUIRED},
        {.name = "duration_ms", .type = MG_FIELD_INT},
        {.name = NULL},
    };
    bson_t wish = BSON_INITIALIZER;
    if (mg_resource_fields(request, fields, MG_FIELDS_CREATE, &wish)) {
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
