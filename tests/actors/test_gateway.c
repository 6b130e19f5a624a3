/* The gateway on real sockets: framing it refuses, limits, phases, concurrent writers. */
#include "gateway/gateway.h"
#include "support/world.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

enum { WRITERS = 4, INCREMENTS = 25 };

/* --- framing: what must not reach a handler --- */

typedef struct head_case {
    const char *bytes;
    unsigned status;
} head_case_t;

static void
test_dangerous_framing_is_400_and_closes(void **state)
{
    (void)state;
    static const head_case_t cases[] = {
        {"GET /api/health HTTP/1.1\r\nHost: a\r\n\r\n", 200},
        {"GET /api/health HTTP/1.1\r\n\r\n", 400},
        {"GET /api/health HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400},
        {"GET /api/health HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
        {"GET /api/health HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n",
         400},
        {"POST /api/health HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: "
         "chunked\r\n\r\n0\r\n\r\n",
         400},
        {"POST /api/health HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n", 400},
        {"POST /api/health HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, "
         "chunked\r\n\r\n0\r\n\r\n",
         400},
        {"POST /api/health HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
         400},
        {"POST /api/health HTTP/1.1\r\nHost: a\r\nTransfer-Encoding-X: chunked\r\n\r\n0\r\n\r\n",
         400},
        {"POST /api/health HTTP/1.1\r\nHost: a\r\nContent-Length : 4\r\n\r\nabcd", 400},
        {"POST /api/health HTTP/1.1\r\nHost: a\r\nContent-Length: +4\r\n\r\nabcd", 400},
        {"POST /api/health HTTP/1.1\r\nHost: a\r\nContent-Length: 0x4\r\n\r\nabcd", 400},
        {"POST /api/health HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n", 400},
        {"POST /api/health HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
        {"GET /api/health HTTP/1.1\r\nHost: a\r\nX-\x01: y\r\n\r\n", 400},
        {"GET /api/health HTTP/1.1\r\nHost: a\r\nX: a\x7f\r\n\r\n", 400},
        {"TRACE /api/health HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"get /api/health HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET http://a/api/health HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    };
    test_world_t world;
    test_world_open(&world);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        test_response_t response;
        test_raw(world.port, cases[i].bytes, &response);
        if (response.status != cases[i].status) {
            print_error("%s: got %u\n", cases[i].bytes, response.status);
        }
        assert_int_equal(response.status, cases[i].status);
        assert_true(cases[i].status == 200 || response.closed);
        test_response_free(&response);
    }
    test_world_stop(&world);
}

/* A request behind a refused one is never answered: the connection has ended. */
static void
test_nothing_behind_a_refused_head_is_served(void **state)
{
    (void)state;
    test_world_t world;
    test_world_open(&world);
    static const char bytes[] =
        "POST /api/health HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: "
        "chunked\r\n\r\n"
        "0\r\n\r\nGET /platform/monitor/liveness HTTP/1.1\r\nHost: a\r\n\r\n";
    test_response_t response;
    test_raw(world.port, bytes, &response);
    assert_int_equal(response.status, 400);
    assert_true(response.closed);
    assert_null(strstr(response.body, "alive"));
    test_response_free(&response);
    test_world_stop(&world);
}

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
test_body_over_the_limit_is_413(void **state)
{
    (void)state;
    test_world_t world;
    test_world_open(&world);
    test_response_t response;
    test_raw(world.port,
             "POST /platform/authorization HTTP/1.1\r\nHost: a\r\nContent-Length: 65537\r\n\r\n",
             &response);
    assert_int_equal(response.status, 413); /* before a byte of it was sent */
    assert_non_null(strstr(response.body, "REQ001"));
    assert_true(response.closed);
    test_response_free(&response);

    int fd = test_connect(world.port);
    static const char head[] = "POST /platform/authorization HTTP/1.1\r\nHost: "
                               "a\r\nTransfer-Encoding: chunked\r\n\r\n11000\r\n";
    char *chunk = malloc(0x11000);
    memset(chunk, ' ', 0x11000);
    test_send(fd, head, sizeof head - 1);
    test_send(fd, chunk, 0x11000);
    test_send(fd, "\r\n0\r\n\r\n", 7);
    test_receive(fd, false, &response);
    assert_int_equal(response.status, 413);
    test_response_free(&response);
    (void)close(fd);
    free(chunk);
    test_expect(&world, "GET /api/health", NULL, NULL, "200 online");
    test_world_stop(&world);
}

static void
test_head_over_the_limit_is_refused(void **state)
{
    (void)state;
    test_world_t world;
    test_world_open(&world);
    mg_buf_t bytes = {0};
    mg_buf_append_text(&bytes, "GET /api/health HTTP/1.1\r\nHost: a\r\nX: ");
    for (int i = 0; i < 40000; i++) {
        mg_buf_append_byte(&bytes, 'a');
    }
    mg_buf_append_text(&bytes, "\r\n\r\n");
    test_response_t response;
    test_raw(world.port, mg_buf_text(&bytes), &response);
    assert_int_not_equal(response.status, 200);
    test_response_free(&response);
    mg_buf_clear(&bytes);
    mg_buf_append_text(&bytes, "GET /api/health HTTP/1.1\r\nHost: a\r\n");
    for (int i = 0; i < 101; i++) {
        mg_buf_append_text(&bytes, "X: y\r\n");
    }
    mg_buf_append_text(&bytes, "\r\n");
    test_raw(world.port, mg_buf_text(&bytes), &response);
    assert_int_equal(response.status, 400);
    test_response_free(&response);
    mg_buf_free(&bytes);
    test_world_stop(&world);
}

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

static void
test_keep_alive_serves_pipelined_requests_in_order(void **state)
{
    (void)state;
    test_world_t world;
    test_world_open(&world);
    int fd = test_connect(world.port);
    static const char two[] =
        "POST /platform/authorization HTTP/1.1\r\nHost: a\r\nContent-Length: 30\r\n\r\n"
        "{\"email\":\"admin\",\"password\":1}"
        "GET /api/health HTTP/1.1\r\nHost: a\r\n\r\n";
    test_send(fd, two, sizeof two - 1);
    char bytes[8192] = "";
    size_t len = 0;
    while (!strstr(bytes, "online") && len < sizeof bytes - 1) {
        ssize_t got = recv(fd, bytes + len, sizeof bytes - 1 - len, 0);
        assert_true(got > 0);
        len += (size_t)got;
        bytes[len] = 0;
    }
    assert_non_null(strstr(bytes, "AUTH002")); /* it waited for the hasher, and still came first */
    assert_true(strstr(bytes, "AUTH002") < strstr(bytes, "online"));
    (void)close(fd);
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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dangerous_framing_is_400_and_closes),
        cmocka_unit_test(test_nothing_behind_a_refused_head_is_served),
        cmocka_unit_test(test_unknown_paths_and_methods),
        cmocka_unit_test(test_every_answer_carries_the_standard_headers),
        cmocka_unit_test(test_body_over_the_limit_is_413),
        cmocka_unit_test(test_head_over_the_limit_is_refused),
        cmocka_unit_test(test_login_is_limited_per_address),
        cmocka_unit_test(test_strict_envelope_wraps_everything_in_200),
        cmocka_unit_test(test_over_https_the_csrf_token_must_be_repeated),
        cmocka_unit_test(test_starting_answers_liveness_only),
        cmocka_unit_test(test_taken_port_is_a_status_of_start),
        cmocka_unit_test(test_concurrent_updates_of_one_document_are_never_lost),
        cmocka_unit_test(test_keep_alive_serves_pipelined_requests_in_order),
        cmocka_unit_test(test_metrics_are_for_loopback_and_label_routes_by_pattern),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
