/* Bytes on real sockets: heads the gate refuses, heads the library refuses, limits, requests in a row. */
#include "gateway/routes.h"
#include "support/world.h"

#include <string.h>
#include <unistd.h>

/* --- what must not reach a handler --- */

typedef struct head_case {
    const char *bytes;
    unsigned status;
} head_case_t;

/* The answer must have the case's status. */
static void
s_send(const test_world_t *world, const head_case_t *sent, test_response_t *response)
{
    test_raw(world->port, sent->bytes, response);
    if (response->status != sent->status) {
        print_error("%s: got %u\n", sent->bytes, response->status);
    }
    assert_int_equal(response->status, sent->status);
}

static void
test_dangerous_framing_is_400_and_closes(void **state)
{
    (void)state;
    static const head_case_t cases[] = {
        {"GET /api/health HTTP/1.1\r\nHost: a\r\n\r\n", 200},
        {"GET /api/health HTTP/1.0\r\n\r\n", 200},
        {"GET /api/health HTTP/1.1\r\n\r\n", 400},
        {"GET /api/health HTTP/1.1\r\nHost:\r\n\r\n", 400},
        {"GET /api/he alth HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET /api/health HTTP/1.2\r\nHost: a\r\n\r\n", 400},
        {"GET /api/health HTTP/1.1\r\n X: y\r\nHost: a\r\n\r\n", 400},
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
        s_send(&world, &cases[i], &response);
        assert_true(cases[i].status == 200 || response.closed);
        assert_true(cases[i].status == 200 || strstr(response.body, "{\"detail\":\""));
        assert_non_null(test_header(&response, "X-Request-ID"));
        test_response_free(&response);
    }
    test_world_stop(&world);
}

/* What libmicrohttpd refuses before it calls anybody: docs/platform-api.md lists them. 0: it ends the connection without a word. */
static void
test_what_the_library_refuses_itself_ends_the_connection(void **state)
{
    (void)state;
    static const head_case_t cases[] = {
        {"GET /api/health\r\n\r\n", 400},
        {"GET /api/health http/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET  HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET /api/health HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n", 400},
        {"GET /api/health HTTP/2.0\r\nHost: a\r\n\r\n", 505},
        {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
        {"POST /api/health HTTP/1.1\r\nHost: a\r\nContent-Length: +4\r\n\r\nabcd", 400},
        {"POST /api/health HTTP/1.1\r\nHost: a\r\nContent-Length: 0x4\r\n\r\nabcd", 400},
        {"POST /api/health HTTP/1.1\r\nHost: a\r\nContent-Length: -4\r\n\r\nabcd", 400},
        {"POST /api/health HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n", 400},
        {"POST /api/health HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n",
         413},
        {"GET\r\nHost: a\r\n\r\n", 0},
        {" GET /api/health HTTP/1.1\r\nHost: a\r\n\r\n", 0},
        {"\x16\x03\x01\x02\x01\r\n\r\n", 0},
    };
    test_world_t world;
    test_world_open(&world);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        test_response_t response;
        s_send(&world, &cases[i], &response);
        assert_null(test_header(&response, "X-Request-ID"));
        const char *connection = response.head ? test_header(&response, "Connection") : "close";
        assert_string_equal(connection, "close");
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

/* --- limits --- */

/* Each route has its own limit: nobody needs a megabyte to log in, or any body to read. */
static void
test_small_routes_refuse_before_the_body_is_read(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        size_t most;
    } cases[] = {
        {"POST /platform/authorization", MG_BODY_SMALL},
        {"POST /platform/authorization/register", MG_BODY_SMALL},
        {"PUT /platform/user/v/update-password", MG_BODY_SMALL},
        {"POST /platform/memory/dump", MG_BODY_SMALL},
        {"GET /platform/user/me", MG_BODY_UNWANTED},
        {"DELETE /platform/user/v", MG_BODY_UNWANTED},
        {"POST /nowhere", MG_BODY_UNWANTED},
        {"PATCH /platform/user/v", MG_BODY_UNWANTED},
        {"POST /platform/user", 64 << 10}, /* as configured */
    };
    test_world_t world;
    test_world_open(&world);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (size_t over = 0; over < 2; over++) {
            mg_buf_t bytes = {0};
            mg_buf_append_format(&bytes, "%s HTTP/1.1\r\nHost: a\r\nContent-Length: %zu\r\n\r\n",
                                 cases[i].line, cases[i].most + over);
            for (size_t j = 0; !over && j < cases[i].most; j++) {
                mg_buf_append_byte(&bytes, 'x');
            }
            test_response_t response;
            test_raw(world.port, mg_buf_text(&bytes), &response);
            if ((response.status == 413) != (over == 1)) {
                fail_msg("%s with %zu: %u", cases[i].line, cases[i].most + over, response.status);
            }
            test_response_free(&response);
            mg_buf_free(&bytes);
        }
    }
    test_world_stop(&world);
}

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

/* A head of one long part, or of many lines: `times` the byte or line between the two texts. */
typedef struct size_case {
    const char *before;
    const char *repeated;
    unsigned times;
    const char *after;
    unsigned status;
    bool ours; /* answered by the gate: JSON and all headers */
} size_case_t;

static void
test_head_over_the_limit_is_refused(void **state)
{
    (void)state;
    static const char line_end[] = " HTTP/1.1\r\nHost: a\r\n\r\n";
    static const char head[] = "GET /api/health HTTP/1.1\r\nHost: a\r\n";
    static const char header[] = "GET /api/health HTTP/1.1\r\nHost: a\r\nX: ";
    const size_case_t cases[] = {
        {"GET /", "a", 8191, line_end, 404, true},
        {"GET /", "a", 8192, line_end, 400, true},
        {"GET /", "a", 40000, line_end, 414, false},
        {"GET /api/health?", "a=b&", 10, line_end, 200, true},
        {"GET /api/health?", "a=b&", 100, line_end, 400, true},
        {"GET /api/health?", "a=b&", 2000, line_end, 0, false}, /* more than its memory can list */
        {header, "a", 16000, "\r\n\r\n", 200, true},
        {header, "a", 40000, "\r\n\r\n", 431, false},
        {head, "X: y\r\n", 99, "\r\n", 200, true},
        {head, "X: y\r\n", 100, "\r\n", 400, true},
        {head, "X: y\r\n", 5000, "\r\n", 431, false},
    };
    test_world_t world;
    test_world_open(&world);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mg_buf_t bytes = {0};
        mg_buf_append_text(&bytes, cases[i].before);
        for (unsigned n = 0; n < cases[i].times; n++) {
            mg_buf_append_text(&bytes, cases[i].repeated);
        }
        mg_buf_append_text(&bytes, cases[i].after);
        test_response_t response;
        test_raw(world.port, mg_buf_text(&bytes), &response);
        if (response.status != cases[i].status) {
            print_error("%s... %u times: got %u\n", cases[i].before, cases[i].times,
                        response.status);
        }
        assert_int_equal(response.status, cases[i].status);
        assert_int_equal(test_header(&response, "X-Request-ID") != NULL, cases[i].ours);
        test_response_free(&response);
        mg_buf_free(&bytes);
    }
    test_world_stop(&world);
}

/* --- requests in a row --- */

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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dangerous_framing_is_400_and_closes),
        cmocka_unit_test(test_what_the_library_refuses_itself_ends_the_connection),
        cmocka_unit_test(test_nothing_behind_a_refused_head_is_served),
        cmocka_unit_test(test_body_over_the_limit_is_413),
        cmocka_unit_test(test_small_routes_refuse_before_the_body_is_read),
        cmocka_unit_test(test_head_over_the_limit_is_refused),
        cmocka_unit_test(test_keep_alive_serves_pipelined_requests_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
