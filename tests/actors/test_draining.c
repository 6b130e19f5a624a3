/* How the gateway stops: who is still owed an answer gets it, and nobody else is waited for. */
#include "support/world.h"

#include <string.h>
#include <unistd.h>

/* Longer than a test waits for the gateway: whoever is waited for in vain makes the test fail. */
enum { LONG_MS = 600000, SHORT_MS = 200 };

static const char s_liveness[] = "GET /platform/monitor/liveness HTTP/1.1\r\nHost: a\r\n\r\n";
static const char s_roles[] = "GET /platform/role HTTP/1.1\r\nHost: a\r\n\r\n";
static const char s_login_head[] = "POST /platform/authorization HTTP/1.1\r\nHost: a\r\n"
                                   "Expect: 100-continue\r\nContent-Length: 30\r\n\r\n";
static const char s_login_body[] = "{\"email\":\"admin\",\"password\":1}";
enum { BODY_PART = 10 };

static void
s_send_text(int fd, const char *text)
{
    test_send(fd, text, strlen(text));
}

static void
s_expect_answer(int fd, unsigned status, const char *part, bool closed)
{
    test_response_t response;
    test_receive(fd, false, &response);
    assert_int_equal(response.status, status);
    assert_non_null(strstr(response.body, part));
    assert_int_equal(response.closed, closed);
    test_response_free(&response);
}

/* A connection that has had one answer and is quiet since. */
static int
s_open_idle(const test_world_t *world)
{
    int fd = test_connect(world->port);
    s_send_text(fd, s_liveness);
    s_expect_answer(fd, 200, "alive", false);
    return fd;
}

/* A login whose head was read, with a part of its body. */
static int
s_open_half_body(const test_world_t *world)
{
    int fd = test_connect(world->port);
    s_send_text(fd, s_login_head);
    test_response_t response;
    test_receive(fd, true, &response);
    assert_int_equal(response.status, 100);
    test_response_free(&response);
    test_send(fd, s_login_body, BODY_PART);
    return fd;
}

/* A dump that waits for the dump actor. */
static int
s_open_slow_dump(const test_world_t *world)
{
    char *token = test_login(world, "admin", TEST_ADMIN_PASSWORD);
    mg_buf_t bytes = {0};
    mg_buf_append_format(&bytes,
                         "POST /platform/memory/dump HTTP/1.1\r\nHost: a\r\nAuthorization: %s\r\n"
                         "Content-Length: 15\r\n\r\n{\"path\":\"" TEST_PATH_SLOW "\"}",
                         token);
    int fd = test_connect(world->port);
    s_send_text(fd, mg_buf_text(&bytes));
    test_fake_await_slow();
    mg_buf_free(&bytes);
    free(token);
    return fd;
}

static void
test_silence_and_half_a_head_are_not_waited_for(void **state)
{
    (void)state;
    test_world_t world;
    test_world_open(&world);
    int idle = s_open_idle(&world);
    int half_line = s_open_idle(&world);
    int half_head = s_open_idle(&world);
    s_send_text(half_line, "GET /platform/role HT");
    s_send_text(half_head, "GET /platform/role HTTP/1.1\r\nHost: a\r\nX-Sl");
    assert_int_equal(test_world_phase(&world, MG__SET_PHASE__PHASE__STOPPING, LONG_MS), 0);
    s_send_text(idle, s_roles); /* old connections are told, and ended */
    s_expect_answer(idle, 503, "SRV001", true);
    s_send_text(half_line, "TP/1.1\r\nHost: a\r\n\r\n");
    s_expect_answer(half_line, 503, "SRV001", true);
    s_send_text(half_head, "ow: y\r\n\r\n");
    s_expect_answer(half_head, 503, "SRV001", true);
    (void)close(idle);
    (void)close(half_line);
    (void)close(half_head);
    test_world_stop(&world);
}

static void
test_whoever_sent_a_head_is_served_before_the_stop_is_done(void **state)
{
    (void)state;
    test_world_t world;
    test_world_open(&world);
    int idle = s_open_idle(&world);
    int half_body = s_open_half_body(&world);
    int slow = s_open_slow_dump(&world);
    test_answer_t stopped = {0};
    test_world_begin_stopping(&world, LONG_MS, &stopped);
    s_send_text(idle, s_roles); /* answered by a gateway that is STOPPING */
    s_expect_answer(idle, 503, "SRV001", true);
    s_send_text(half_body, s_login_body + BODY_PART);
    s_expect_answer(half_body, 400, "AUTH002", true); /* served, not sent away */
    assert_false(test_world_has_stopped(&world, &stopped));
    test_fake_release_slow();
    s_expect_answer(slow, 200, "/dumps/memory_dump-1.bin", true);
    assert_int_equal(test_world_end_stopping(&world, &stopped), 0);
    (void)close(idle);
    (void)close(half_body);
    (void)close(slow);
    test_world_stop(&world);
}

static void
test_client_that_leaves_is_owed_nothing(void **state)
{
    (void)state;
    test_world_t world;
    test_world_open(&world);
    int half_body = s_open_half_body(&world);
    test_answer_t stopped = {0};
    test_world_begin_stopping(&world, LONG_MS, &stopped);
    (void)close(half_body);
    assert_int_equal(test_world_end_stopping(&world, &stopped), 0);
    test_world_stop(&world);
}

static void
test_drain_ends_with_its_time(void **state)
{
    (void)state;
    test_world_t world;
    test_world_open(&world);
    int half_body = s_open_half_body(&world);
    int slow = s_open_slow_dump(&world);
    assert_int_equal(test_world_phase(&world, MG__SET_PHASE__PHASE__STOPPING, SHORT_MS), 2);
    s_expect_answer(slow, 503, "SRV001", true);
    test_world_stop(&world);
    test_response_t response;
    test_receive(half_body, false, &response); /* it never got as far as a request */
    assert_int_equal(response.status, 0);
    test_response_free(&response);
    (void)close(half_body);
    (void)close(slow);
}

static void
test_ending_with_a_request_that_waits_is_clean(void **state)
{
    (void)state;
    test_world_t world;
    test_world_open(&world);
    int slow = s_open_slow_dump(&world);
    test_world_stop(&world); /* no STOPPING before it: $TERM alone must do */
    test_response_t response;
    test_receive(slow, false, &response);
    assert_true(response.status == 503 || response.status == 0);
    test_response_free(&response);
    (void)close(slow);
}

static void
test_client_that_leaves_while_waiting_does_no_harm(void **state)
{
    (void)state;
    test_world_t world;
    test_world_open(&world);
    for (int i = 0; i < 20; i++) {
        int fd = s_open_half_body(&world);
        s_send_text(fd, s_login_body + BODY_PART);
        (void)close(fd);
    }
    free(test_login(&world, "admin", TEST_ADMIN_PASSWORD));
    test_world_stop(&world);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_silence_and_half_a_head_are_not_waited_for),
        cmocka_unit_test(test_whoever_sent_a_head_is_served_before_the_stop_is_done),
        cmocka_unit_test(test_client_that_leaves_is_owed_nothing),
        cmocka_unit_test(test_drain_ends_with_its_time),
        cmocka_unit_test(test_ending_with_a_request_that_waits_is_clean),
        cmocka_unit_test(test_client_that_leaves_while_waiting_does_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
