/* The gateway on real sockets: routing, headers, envelopes, phases, concurrent writers, metrics. */
#include "actors/state.h"
#include "gateway/gateway.h"
#include "messages/state.pb-c.h"
#include "support/world.h"

#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

enum { WRITERS = 4, INCREMENTS = 25, WAIT_MS = 20000 };

/* --- routing --- */

static void
test_unknown_paths_and_methods(void **state)
{
    (void)state;
    test_world_t world;
    test_world_open(&world);
    test_expect(&world, "GET /nothing", NULL, NULL, "404 {\"detail\":\"Not Found\"}");
    test_expect(&world, "GET /platform/role/", NULL, NULL, "404 detail");
    test_expect(&world, "PATCH /platform/role/x", NULL, NULL,
                "405 {\"detail\":\"Method Not Allowed\"}");
    test_expect(&world, "GET /platform/group/a%zz", NULL, NULL, "400 detail");
    test_expect(&world, "GET /platform/group/a%00", NULL, NULL, "400 detail");
    test_response_t response;
    test_call(&world, "OPTIONS /platform/role/x", NULL, NULL, &response);
    assert_int_equal(response.status, 204);
    assert_string_equal(test_header(&response, "Allow"), "GET, HEAD, PUT, DELETE, OPTIONS");
    test_response_free(&response);
    test_call(&world, "HEAD /api/health", NULL, NULL, &response);
    assert_int_equal(response.status, 200);
    assert_string_equal(test_header(&response, "Content-Length"), "19");
    test_response_free(&response);
    test_world_stop(&world);
}

static void
test_every_answer_carries_the_standard_headers(void **state)
{
    (void)state;
    test_world_t world;
    test_world_open(&world);
    test_response_t response;
    test_raw(world.port, "GET /nothing HTTP/1.1\r\nHost: a\r\nX-Request-ID: my-id.7\r\n\r\n",
             &response);
    assert_string_equal(test_header(&response, "X-Request-ID"), "my-id.7");
    assert_string_equal(test_header(&response, "request_id"), "my-id.7");
    assert_string_equal(test_header(&response, "X-Content-Type-Options"), "nosniff");
    assert_string_equal(test_header(&response, "X-Frame-Options"), "DENY");
    assert_string_equal(test_header(&response, "X-Body-Length"),
                        test_header(&response, "Content-Length"));
    assert_null(test_header(&response, "Strict-Transport-Security"));
    test_response_free(&response);
    test_raw(world.port, "GET /nothing HTTP/1.1\r\nHost: a\r\nX-Request-ID: a b<script>\r\n\r\n",
             &response);
    assert_int_equal(strlen(test_header(&response, "X-Request-ID")), 36);
    test_response_free(&response);
    test_world_stop(&world);
}

/* --- limits --- */

static void
test_login_is_limited_per_address(void **state)
{
    (void)state;
    test_world_t world;
    test_world_prepare(&world);
    world.config.http.login_limit = 2;
    test_world_start(&world);
    (void)test_world_phase(&world, MG__SET_PHASE__PHASE__READY, 0);
    static const char login[] = "POST /platform/authorization";
    test_expect(&world, login, NULL, "{}", "400 AUTH001");
    test_expect(&world, login, NULL, "{\"email\":\"x\",\"password\":\"y\"}", "400 AUTH002");
    test_response_t response;
    test_call(&world, login, NULL, "{}", &response);
    assert_int_equal(response.status, 429);
    assert_non_null(strstr(response.body, "IP_RATE_LIMIT"));
    assert_true(atoi(test_header(&response, "Retry-After")) > 0);
    assert_string_equal(test_header(&response, "X-RateLimit-Remaining"), "0");
    test_response_free(&response);
    test_world_stop(&world);
}

/* --- envelopes --- */

static void
test_strict_envelope_wraps_everything_in_200(void **state)
{
    (void)state;
    test_world_t world;
    test_world_prepare(&world);
    world.config.http.strict_envelope = true;
    test_world_start(&world);
    (void)test_world_phase(&world, MG__SET_PHASE__PHASE__READY, 0);
    char *token = test_login(&world, "admin", TEST_ADMIN_PASSWORD); /* repeated at the top level */
    test_expect(&world, "GET /platform/role/none", token, NULL,
                "200 {\"status_code\":404,\"error_code\":\"ROLE004\"");
    test_expect(&world, "GET /platform/role/admin", token, NULL,
                "200 {\"status_code\":200,\"response\":{\"role_name\"");
    test_expect(&world, "POST /platform/group", token, "{\"group_name\":\"g\"}",
                "200 {\"status_code\":201,\"message\":");
    test_expect(&world, "POST /platform/memory/dump", token, NULL,
                "200 {\"status_code\":200,\"response\":{\"response\":{\"path\"");
    test_expect(&world, "GET /nothing", NULL, NULL, "404 {\"detail\"");
    test_expect(&world, "GET /platform/monitor/readiness", NULL, NULL,
                "200 {\"status\":\"ready\"}");
    free(token);
    test_world_stop(&world);
}

/* --- CSRF --- */

static unsigned
s_status_over_https(const test_world_t *world,
                    const char *path,
                    const char *token,
                    const char *more)
{
    mg_buf_t bytes = {0};
    mg_buf_append_format(
        &bytes,
        "GET %s HTTP/1.1\r\nHost: a\r\nX-Forwarded-Proto: https\r\nAuthorization: %s\r\n%s\r\n",
        path, token, more);
    test_response_t response;
    test_raw(world->port, mg_buf_text(&bytes), &response);
    unsigned status = response.status;
    test_response_free(&response);
    mg_buf_free(&bytes);
    return status;
}

static void
test_over_https_the_csrf_token_must_be_repeated(void **state)
{
    (void)state;
    test_world_t world;
    test_world_prepare(&world);
    world.config.http.https_only = true;
    world.config.http.jwt_secret = "a configured secret of 32 bytes!";
    test_world_start(&world);
    (void)test_world_phase(&world, MG__SET_PHASE__PHASE__READY, 0);
    test_response_t login;
    test_call(&world, "POST /platform/authorization", NULL,
              "{\"email\":\"admin\",\"password\":\"" TEST_ADMIN_PASSWORD "\"}", &login);
    const char *cookie = strstr(login.head, "csrf_token=") + strlen("csrf_token=");
    char csrf[128];
    (void)snprintf(csrf, sizeof csrf, "X-CSRF-Token: %.*s\r\n", (int)strcspn(cookie, ";"), cookie);
    const char *at = strstr(login.body, "access_token\":\"") + strlen("access_token\":\"");
    char *token = strndup(at, strcspn(at, "\""));
    assert_non_null(strstr(login.head, "; Secure; SameSite=Strict"));
    assert_int_equal(s_status_over_https(&world, "/platform/user/me", token, ""), 401);
    assert_int_equal(s_status_over_https(&world, "/platform/user/me", token, "X-CSRF-Token: x\r\n"),
                     401);
    assert_int_equal(s_status_over_https(&world, "/platform/user/me", token, csrf), 200);
    assert_int_equal(s_status_over_https(&world, "/platform/user/me", token,
                                         "X-CSRF-Token: x\r\nCookie: csrf_token=x\r\n"),
                     200);
    assert_int_equal(s_status_over_https(&world, "/platform/user/me", token,
                                         "X-CSRF-Token: x\r\nCookie: csrf_token=y\r\n"),
                     401);
    assert_int_equal(s_status_over_https(&world, "/platform/authorization/status", token, ""), 200);
    assert_int_equal(s_status_over_https(&world, "/platform/user/admin", token, ""), 200);
    free(token);
    test_response_free(&login);
    test_world_stop(&world);
}

/* --- phases --- */

static void
test_starting_answers_liveness_only(void **state)
{
    (void)state;
    test_world_t world;
    test_world_prepare(&world);
    test_world_start(&world);
    test_expect(&world, "GET /platform/monitor/liveness", NULL, NULL, "200 {\"status\":\"alive\"}");
    test_expect(&world, "GET /platform/monitor/readiness", NULL, NULL,
                "503 {\"status\":\"starting\"}");
    test_expect(&world, "GET /platform/role", NULL, NULL, "503 SRV001");
    test_expect(&world, "POST /platform/authorization", NULL, "{}", "503 SRV001");
    (void)test_world_phase(&world, MG__SET_PHASE__PHASE__READY, 0);
    test_expect(&world, "GET /platform/monitor/readiness", NULL, NULL,
                "200 {\"status\":\"ready\"}");
    test_expect(&world, "GET /platform/role", NULL, NULL, "401");
    test_world_stop(&world);
}

static void
test_taken_port_is_a_status_of_start(void **state)
{
    (void)state;
    test_world_t world;
    test_world_open(&world);
    mg_config_http_t http = world.config.http;
    http.port = world.port;
    _Atomic uint64_t version = 0;
    const mg_gateway_args_t args = {&http, &world.config.dump, &version};
    zactor_t *second = NULL;
    CHECK_STATUS(MG_ERR_EXISTS, mg_actor_start(&mg_gateway_actor, &args, &second));
    assert_null(second);
    http.port = 0;
    http.host = "192.0.2.1"; /* TEST-NET: nobody's */
    CHECK_STATUS(MG_ERR_INVALID, mg_actor_start(&mg_gateway_actor, &args, &second));
    test_expect(&world, "GET /api/health", NULL, NULL, "200 online");
    test_world_stop(&world);
}

/* --- many at once --- */

typedef struct writer {
    const test_world_t *world;
    const char *token;
    int number;
    unsigned wrong;
} writer_t;

static void *
s_write_own_field(void *arg)
{
    writer_t *self = arg;
    static const char *const fields[WRITERS] = {"rate_limit_duration", "throttle_duration",
                                                "throttle_queue_limit", "bandwidth_limit_bytes"};
    for (int i = 1; i <= INCREMENTS; i++) {
        char body[64];
        (void)snprintf(body, sizeof body, "{\"%s\":%d}", fields[self->number], i);
        test_response_t response;
        test_call(self->world, "PUT /platform/user/admin", self->token, body, &response);
        self->wrong += response.status != 200;
        test_response_free(&response);
        (void)snprintf(body, sizeof body, "\"%s\":%d", fields[self->number], i);
        test_call(self->world, "GET /platform/user/admin", self->token, NULL, &response);
        self->wrong += response.status != 200 || !strstr(response.body, body);
        test_response_free(&response);
    }
    return NULL;
}

/* Four clients change four fields of one document: each reads its own write, and none is lost. */
static void
test_concurrent_updates_of_one_document_are_never_lost(void **state)
{
    (void)state;
    test_world_t world;
    test_world_open(&world);
    char *token = test_login(&world, "admin", TEST_ADMIN_PASSWORD);
    writer_t writers[WRITERS];
    pthread_t threads[WRITERS];
    for (int i = 0; i < WRITERS; i++) {
        writers[i] = (writer_t){&world, token, i, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, s_write_own_field, &writers[i]), 0);
    }
    for (int i = 0; i < WRITERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(writers[i].wrong, 0);
    }
    test_expect(&world, "GET /platform/user/admin", token, NULL, "200 \"rate_limit_duration\":25");
    test_expect(&world, "GET /platform/user/admin", token, NULL,
                "200 \"bandwidth_limit_bytes\":25");
    free(token);
    test_world_stop(&world);
}

/* --- metrics --- */

static void
test_metrics_are_for_loopback_and_label_routes_by_pattern(void **state)
{
    (void)state;
    test_world_t world;
    test_world_prepare(&world);
    world.config.http.metrics_token = "secret-metrics-token";
    test_world_start(&world);
    (void)test_world_phase(&world, MG__SET_PHASE__PHASE__READY, 0);
    test_expect(&world, "GET /platform/role/secret-name", NULL, NULL, "401");
    test_expect(&world, "GET /metrics", NULL, NULL,
                "200 "
                "memgate_http_requests_total{method=\"GET\",route=\"/platform/role/"
                "{role_name}\",status=\"401\"} 1\n");
    test_expect(&world, "GET /metrics", NULL, NULL, "200 memgate_dumps_published_total 7\n");
    test_expect(&world, "GET /metrics", NULL, NULL, "200 memgate_state_documents 5\n");
    test_response_t response;
    static const char forwarded[] =
        "GET /metrics HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.9\r\n%s\r\n";
    char bytes[256];
    (void)snprintf(bytes, sizeof bytes, forwarded, "");
    test_raw(world.port, bytes, &response);
    assert_int_equal(response.status, 403);
    test_response_free(&response);
    (void)snprintf(bytes, sizeof bytes, forwarded,
                   "Authorization: Bearer secret-metrics-token\r\n");
    test_raw(world.port, bytes, &response);
    assert_int_equal(response.status, 200);
    assert_null(strstr(response.body, "secret"));
    test_response_free(&response);
    test_world_stop(&world);
}

/* How many views of the state are open now. */
static uint32_t
s_views(mg_link_t *link)
{
    Mg__StatsQuery query = MG__STATS_QUERY__INIT;
    Mg__StateRequest request = MG__STATE_REQUEST__INIT;
    request.body_case = MG__STATE_REQUEST__BODY_STATS;
    request.stats = &query;
    Mg__StateReply *reply = (Mg__StateReply *)test_ask(link, &request.base, WAIT_MS);
    uint32_t views = reply->stats->views;
    mg__state_reply__free_unpacked(reply, NULL);
    return views;
}

static void
test_an_idle_gateway_keeps_no_version_of_the_state(void **state)
{
    (void)state;
    test_world_t world;
    test_world_open(&world);
    mg_link_t *link = mg_state_link_new(4);
    test_expect(&world, "GET /platform/role/all", NULL, NULL, "401");
    assert_int_equal(s_views(link), 1);
    int64_t until_ms = mg_clock_mono_ms() + WAIT_MS;
    while (s_views(link) > 0) { /* after a second without a request */
        assert_true(mg_clock_mono_ms() < until_ms);
        (void)poll(NULL, 0, 10);
    }
    test_expect(&world, "GET /platform/role/all", NULL, NULL, "401"); /* and takes one again */
    assert_int_equal(s_views(link), 1);
    mg_link_destroy(&link);
    test_world_stop(&world);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unknown_paths_and_methods),
        cmocka_unit_test(test_every_answer_carries_the_standard_headers),
        cmocka_unit_test(test_login_is_limited_per_address),
        cmocka_unit_test(test_strict_envelope_wraps_everything_in_200),
        cmocka_unit_test(test_over_https_the_csrf_token_must_be_repeated),
        cmocka_unit_test(test_starting_answers_liveness_only),
        cmocka_unit_test(test_taken_port_is_a_status_of_start),
        cmocka_unit_test(test_concurrent_updates_of_one_document_are_never_lost),
        cmocka_unit_test(test_an_idle_gateway_keeps_no_version_of_the_state),
        cmocka_unit_test(test_metrics_are_for_loopback_and_label_routes_by_pattern),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
