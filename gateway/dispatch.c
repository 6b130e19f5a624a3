#include "gateway/dispatch.h"

#include "core/clock.h"
#include "gateway/ask.h"
#include "gateway/conditional.h"
#include "gateway/cookies.h"
#include "gateway/exchange.h"
#include "gateway/idempotency.h"
#include "gateway/resource.h"
#include "gateway/service.h"
#include "gateway/text.h"

#include <sodium.h>

#include <string.h>

/* --- who asks --- */

/* Cookie first; only without one the Authorization header, `Bearer <token>` or the bare token. */
static mg_slice_t
s_token(const mg_request_t *request)
{
    mg_slice_t cookie =
        mg_cookie_get(mg_request_header(request, MG_HEADER_COOKIE), MG_COOKIE_TOKEN);
    if (cookie.len > 0) {
        return cookie;
    }
    static const char scheme[] = "bearer ";
    mg_slice_t value = mg_request_header(request, MG_HEADER_AUTHORIZATION);
    size_t len = sizeof scheme - 1;
    bool has_scheme = value.len >= len && mg_text_same(mg_slice(value.data, len), scheme);
    return has_scheme ? mg_text_trim(mg_slice(value.data + len, value.len - len)) : value;
}

static void
s_identify(mg_request_t *request)
{
    mg_session_world_t world = mg_request_world(request);
    if (mg_sessions_identify(request->service->sessions, &world, s_token(request),
                             &request->caller) != MG_OK) {
        request->caller = (mg_caller_t){0};
    }
}

static bool
s_same_secret(mg_slice_t given, mg_slice_t wanted)
{
    return given.len == wanted.len && given.len > 0 &&
           sodium_memcmp(given.data, wanted.data, given.len) == 0;
}

/* Double submit: the header must repeat the cookie, or what the cookie was at login. Only where cookies travel over https. */
static bool
s_csrf_holds(const mg_request_t *request)
{
    if (!request->service->http->https_only || !mg_request_over_https(request) ||
        (request->match.route->flags & MG_ROUTE_NO_CSRF) ||
        mg_slice_equal(request->path, mg_slice_text("/platform/user/admin"))) {
        return true;
    }
    char own[MG_CSRF_TEXT];
    mg_csrf_token(mg_buf_slice(&request->service->secret), request->caller.claims.jti, own);
    mg_slice_t cookie = mg_cookie_get(mg_request_header(request, MG_HEADER_COOKIE), MG_COOKIE_CSRF);
    return s_same_secret(mg_request_header(request, MG_HEADER_X_CSRF_TOKEN),
                         cookie.len ? cookie : mg_slice_text(own));
}

/* --- the checks, each false when it has answered --- */

static bool
s_passes_filter(mg_request_t *request)
{
    if (request->match.route->flags & MG_ROUTE_UNFILTERED) {
        return true;
    }
    const mg_config_http_t *http = request->service->http;
    int bypass = http->local_host_bypass_set ? http->local_host_bypass : -1;
    switch (mg_ipfilter_check(mg_request_ipfilter(request), &request->origin, bypass)) {
    case MG_IPFILTER_PASS:
        return true;
    case MG_IPFILTER_NOT_LISTED:
        mg_reply_filtered(&request->answer, MG_ERROR_IP_NOT_LISTED);
        break;
    case MG_IPFILTER_LISTED:
        mg_reply_filtered(&request->answer, MG_ERROR_IP_LISTED);
        break;
    }
    return false;
}

static bool
s_passes_login(mg_request_t *request)
{
    const mg_route_t *route = request->match.route;
    bool needed = route->access != MG_ACCESS_OPEN;
    if (needed || (route->flags & MG_ROUTE_KNOWS_CALLER)) {
        s_identify(request);
    }
    if (needed && !request->caller.known) {
        mg_request_refuse_login(request);
        return false;
    }
    if (needed && !s_csrf_holds(request)) {
        mg_request_refuse(request, MG_ERROR_CSRF);
        return false;
    }
    return true;
}

static bool
s_passes_permission(mg_request_t *request)
{
    const mg_route_t *route = request->match.route;
    bool may = route->access == MG_ACCESS_OPEN || route->access == MG_ACCESS_LOGIN ||
               mg_permissions_have(request->caller.permissions, route->permission);
    if (route->access == MG_ACCESS_SELF) {
        mg_slice_t self = mg_slice_text(request->caller.claims.sub);
        may = may || mg_slice_equal(mg_request_param(request, 0), self);
    }
    if (!may) {
        mg_request_refuse(request, route->denied);
    }
    return may;
}

/* If-Match of a write to the document that the path names. */
static bool
s_passes_condition(mg_request_t *request)
{
    const mg_route_t *route = request->match.route;
    bool writes = route->method == MG_METHOD_PUT || route->method == MG_METHOD_DELETE;
    bool conditional =
        writes && route->resource && mg_request_header(request, MG_HEADER_IF_MATCH).data;
    return !conditional || mg_conditional_holds(request, mg_resource_entry(request));
}

static void
s_run(mg_request_t *request)
{
    const mg_route_t *route = request->match.route;
    mg_answer_reset(&request->answer);
    if (!mg_service_is_fresh(request->service, request->needs_version)) {
        mg_service_wait_view(request->service, request);
        return;
    }
    if (++request->runs > MG_DISPATCH_RUNS_MAX) {
        mg_request_refuse(request, MG_ERROR_BUSY);
        return;
    }
    request->now_ns = mg_clock_wall_ns();
    if (s_passes_filter(request) && s_passes_login(request) &&
        (!route->guard || route->guard(request)) && s_passes_permission(request) &&
        s_passes_condition(request) && mg_idempotency_passes(request)) {
        route->handler(request);
    }
}

/* --- before the first run --- */

static void
s_read_target(mg_request_t *request)
{
    mg_slice_t target = mg_buf_slice(&request->target);
    const uint8_t *mark = memchr(target.data, '?', target.len);
    request->path = mark ? mg_slice(target.data, (size_t)(mark - target.data)) : target;
    if (mark) {
        size_t at = request->path.len + 1;
        request->garbled =
            mg_query_read(mg_slice(target.data + at, target.len - at), &request->query) != MG_OK;
    }
}

/* `pattern` is a path, or with a final `*` the beginning of some. */
static bool
s_names_path(mg_slice_t pattern, mg_slice_t path)
{
    bool any_rest = pattern.len > 0 && pattern.data[pattern.len - 1] == '*';
    if (any_rest && path.len >= pattern.len - 1) {
        pattern.len--;
        path.len = pattern.len;
    }
    return mg_slice_equal(pattern, path);
}

/* The configured limit of a body, before the route's own. */
static uint64_t
s_body_limit(const mg_config_http_t *http, mg_slice_t path)
{
    bool hard = http->body_unlimited;
    for (const char *at = http->body_excluded_paths; at && *at && !hard;) {
        size_t len = strcspn(at, ",");
        hard = s_names_path(mg_text_trim(mg_slice(at, len)), path);
        at += len + (at[len] == ',');
    }
    return hard ? MG_BODY_MOST_BYTES : http->body_max_bytes;
}

void
mg_dispatch_route(mg_request_t *request)
{
    s_read_target(request);
    mg_routes_find(&request->service->router, request->framing.method, request->path,
                   &request->match);
    request->body_max =
        mg_routes_body_max(&request->match, s_body_limit(request->service->http, request->path));
}

static mg_status_t
s_decode_params(mg_request_t *request)
{
    for (size_t i = 0; i < request->match.param_count; i++) {
        mg_status_t status =
            mg_percent_decode(request->match.params[i], false, &request->params[i]);
        if (status != MG_OK) {
            return status;
        }
    }
    return MG_OK;
}

/* No row has path and method: 204 for OPTIONS, on any path of the platform since a browser asks before it knows; 405, 404. */
static void
s_answer_unrouted(mg_request_t *request)
{
    unsigned methods = request->match.methods;
    bool asks = request->framing.method == MG_METHOD_OPTIONS;
    if (asks && (methods != 0 || mg_request_is_platform(request))) {
        mg_reply_empty(&request->answer, 204);
    } else if (methods != 0) {
        mg_reply_detail(&request->answer, 405, "Method Not Allowed");
    } else {
        mg_reply_detail(&request->answer, 404, "Not Found");
    }
    if (methods != 0) {
        mg_buf_t allow = {0};
        mg_routes_write_allow(methods, &allow);
        mg_answer_header(&request->answer, "Allow", mg_slice_text(mg_buf_text(&allow)));
        mg_buf_free(&allow);
    }
}

/* False when the request is answered already. */
static bool
s_has_route(mg_request_t *request)
{
    if (request->garbled) {
        mg_reply_detail(&request->answer, 400, "The query is not well formed");
        return false;
    }
    if (!request->match.route) {
        s_answer_unrouted(request);
        return false;
    }
    if (s_decode_params(request) != MG_OK) {
        mg_reply_detail(&request->answer, 400, "The path is not well formed");
        return false;
    }
    return true;
}

/* Routes that answer in every phase need no state to do so. */
static void
s_run_without_state(mg_request_t *request)
{
    if (request->match.route->flags & MG_ROUTE_ALWAYS) {
        request->match.route->handler(request);
    } else {
        mg_request_refuse(request, MG_ERROR_NOT_READY);
    }
}

void
mg_dispatch(mg_request_t *request)
{
    const mg_service_t *service = request->service;
    if (s_has_route(request)) {
        request->needs_version = mg_service_version(service);
        bool serving = request->admitted || service->phase == MG_PHASE_READY;
        bool stateless = (request->match.route->flags & MG_ROUTE_ALWAYS) &&
                         !(request->match.route->flags & MG_ROUTE_KNOWS_CALLER);
        if (serving && !stateless) {
            s_run(request);
        } else {
            s_run_without_state(request);
        }
    }
    mg_dispatch_settle(request);
}

void
mg_dispatch_again(mg_request_t *request)
{
    request->needs_version = mg_service_version(request->service);
    mg_dispatch_resume(request);
}

void
mg_dispatch_resume(mg_request_t *request)
{
    s_run(request);
    mg_dispatch_settle(request);
}

void
mg_dispatch_settle(mg_request_t *request)
{
    if (request->ticket != MG_TICKET_NONE) {
        return;
    }
    if (request->answer.status == 0) {
        mg_request_refuse(request, MG_ERROR_INTERNAL);
    }
    mg_exchange_finish(request);
}
