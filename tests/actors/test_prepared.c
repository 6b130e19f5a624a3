/* Answers that repeat: made once, but each with its own request id and the body of now; and those of which no copy is kept. */
#include "support/world.h"

#include <microhttpd.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WAIT_MS = 20000, LOOKS = 6, PIPELINED = 20000, PIECE = 1 << 16, REQUEST_MAX = 512 };

/* How many answers were made from their parts. */
static atomic_uint s_made;

typedef struct MHD_Response *make_fn(size_t size, void *body, enum MHD_ResponseMemoryMode mode);

/* Stands before the library's own. */
struct MHD_Response *
MHD_create_response_from_buffer(size_t size, void *body, enum MHD_ResponseMemoryMode mode)
{
    make_fn *real = NULL;
    *(void **)&real = dlsym(RTLD_NEXT, "MHD_create_response_from_buffer");
    (void)atomic_fetch_add(&s_made, 1);
    return real(size, body, mode);
}

static size_t
s_count(const char *text, const char *part)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, part)) != NULL; at += strlen(part)) {
        count++;
    }
    return count;
}

/* True if the head tells this id once under each name, and no other. */
static bool
s_tells(const char *head, const char *id)
{
    char first[64];
    char second[64];
    (void)snprintf(first, sizeof first, "\r\nX-Request-ID: %s\r\n", id);
    (void)snprintf(second, sizeof second, "\r\nrequest_id: %s\r\n", id);
    return s_count(head, first) == 1 && s_count(head, second) == 1 &&
           s_count(head, "\r\nX-Request-ID:") == 1 && s_count(head, "\r\nrequest_id:") == 1;
}

/* One request on a connection, with this id. `more`: header lines. */
static void
s_ask(int fd, const char *line, const char *more, unsigned id, test_response_t *out)
{
    char bytes[REQUEST_MAX + 4096];
    char text[32];
    (void)snprintf(text, sizeof text, "id-%u", id);
    (void)snprintf(bytes, sizeof bytes, "%s HTTP/1.1\r\nHost: a\r\nX-Request-ID: %s\r\n%s\r\n",
                   line, text, more);
    test_send(fd, bytes, strlen(bytes));
    test_receive(fd, strncmp(line, "HEAD ", 5) == 0, out);
    assert_true(s_tells(out->head, text));
}

/* How many answers are made for LOOKS requests like this; each has `part` in its body. */
static unsigned
s_made_for(const test_world_t *world,
           const char *line,
           const char *token,
           const char *more,
           const char *part)
{
    char lines[4096];
    unsigned before = atomic_load(&s_made);
    (void)snprintf(lines, sizeof lines, "Authorization: Bearer %s\r\n%s", token, more);
    for (unsigned i = 0; i < LOOKS; i++) {
        test_response_t response;
        int fd = test_connect(world->port);
        s_ask(fd, line, lines, i, &response);
        assert_non_null(strstr(response.body, part));
        test_response_free(&response);
        (void)close(fd);
    }
    return atomic_load(&s_made) - before;
}

static void
test_repeated_answers_have_their_own_ids_and_the_body_of_now(void **state)
{
    (void)state;
    test_world_t world;
    test_world_open(&world);
    char *token = test_login(&world, "admin", TEST_ADMIN_PASSWORD);
    static const char read[] = "GET /platform/group/g";
    test_expect(&world, "POST /platform/group", token,
                "{\"group_name\":\"g\",\"group_description\":\"first\"}", "201");
    assert_int_equal(s_made_for(&world, read, token, "", "\"first\""), 2);
    test_expect(&world, "PUT /platform/group/g", token, "{\"group_description\":\"second\"}",
                "200");
    assert_int_equal(s_made_for(&world, read, token, "", "\"second\""), 2);
    assert_int_equal(s_made_for(&world, "HEAD /platform/group/g", token, "", ""), 0);

    int fds[LOOKS];
    test_response_t response;
    for (unsigned i = 0; i < LOOKS; i++) {
        fds[i] = test_connect(world.port);
    }
    for (unsigned i = 0; i < LOOKS * LOOKS; i++) { /* connections that stay, in turns */
        s_ask(fds[i % LOOKS], "GET /nothing", "", i, &response);
        assert_string_equal(response.body, "{\"detail\":\"Not Found\"}");
        test_response_free(&response);
    }
    for (unsigned i = 0; i < LOOKS; i++) {
        (void)close(fds[i]);
    }
    free(token);
    test_world_stop(&world);
}

/* What is stored encrypted is told in clear to who may know it; memory keeps no copy of that. */
static void
test_answers_with_secrets_are_made_anew(void **state)
{
    (void)state;
    test_world_t world;
    test_world_open(&world);
    char *token = test_login(&world, "admin", TEST_ADMIN_PASSWORD);
    test_expect(&world, "POST /platform/credit", token,
                "{\"api_credit_group\":\"g\",\"api_key\":\"secret\",\"api_key_header\":\"h\","
                "\"credit_tiers\":[{\"tier_name\":\"t\",\"credits\":1}]}",
                "201");
    test_expect(&world, "POST /platform/credit/admin", token,
                "{\"username\":\"admin\",\"users_credits\":{\"g\":{\"tier_name\":\"t\","
                "\"available_credits\":5,\"user_api_key\":\"mine\"}}}",
                "200");
    assert_int_equal(s_made_for(&world, "GET /platform/credit/admin", token, "", "\"mine\""),
                     LOOKS);
    assert_int_equal(s_made_for(&world, "GET /platform/credit/all", token, "", "\"mine\""), LOOKS);
    static const char once[] =
        "Idempotency-Key: k\r\nContent-Length: 24\r\n\r\n{\"api_credit_group\":\"g\"}";
    assert_int_equal(
        s_made_for(&world, "POST /platform/credit/rotate-key", token, once, "\"api_key\""), LOOKS);
    free(token);
    test_world_stop(&world);
}

/* --- a client that does not read --- */

/* A client that has asked for much and takes nothing, until it reads it all. */
typedef struct slow {
    int fd;
    char *asked; /* PIPELINED requests */
    size_t asked_len;
    size_t sent;
    char *got;
    size_t got_len;
    size_t got_room;
} slow_t;

static void
s_open_slow(slow_t *self, uint16_t port)
{
    int room = PIECE;
    *self = (slow_t){.fd = test_connect(port)};
    self->asked = calloc(PIPELINED, REQUEST_MAX);
    assert_non_null(self->asked);
    for (unsigned i = 0; i < PIPELINED; i++) {
        self->asked_len += (size_t)snprintf(
            self->asked + self->asked_len, REQUEST_MAX,
            "GET /nothing HTTP/1.1\r\nHost: a\r\nX-Request-ID: slow-%u\r\n\r\n", i);
    }
    assert_int_equal(setsockopt(self->fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room), 0);
    assert_int_equal(fcntl(self->fd, F_SETFL, O_NONBLOCK), 0);
}

static void
s_send_some(slow_t *self)
{
    ssize_t sent =
        send(self->fd, self->asked + self->sent, self->asked_len - self->sent, MSG_NOSIGNAL);
    self->sent += sent > 0 ? (size_t)sent : 0;
}

static void
s_take_some(slow_t *self)
{
    if (self->got_room - self->got_len <= PIECE) {
        self->got_room = 2 * self->got_room + 2 * (size_t)PIECE;
        self->got = realloc(self->got, self->got_room);
        assert_non_null(self->got);
    }
    ssize_t got = recv(self->fd, self->got + self->got_len, PIECE, 0);
    assert_true(got > 0);
    self->got_len += (size_t)got;
    self->got[self->got_len] = 0;
}

/* Reads all answers, while it asks for what it could not yet: each must have its id, in order. */
static void
s_take_all(slow_t *self)
{
    char id[32];
    size_t at = 0;
    for (unsigned i = 0; i < PIPELINED; i++) {
        const char *end = NULL;
        while (!self->got || !(end = strstr(self->got + at, "{\"detail\":\"Not Found\"}"))) {
            struct pollfd item = {.fd = self->fd, .events = POLLIN};
            s_send_some(self);
            assert_int_equal(poll(&item, 1, WAIT_MS), 1);
            s_take_some(self);
        }
        char *head = strndup(self->got + at, (size_t)(end - self->got) - at);
        (void)snprintf(id, sizeof id, "slow-%u", i);
        assert_true(s_tells(head, id));
        free(head);
        at = (size_t)(end - self->got) + strlen("{\"detail\":\"Not Found\"}");
    }
    assert_int_equal(at, self->got_len);
}

static void
s_close_slow(slow_t *self)
{
    (void)close(self->fd);
    free(self->asked);
    free(self->got);
}

/* Asks for the same as the slow one until the answer that is kept is on its way to that one, and stays so. */
static void
s_await_stuck(const test_world_t *world, slow_t *slow)
{
    enum { IN_A_ROW = 5, TRIES = 2000 };
    int row = 0;
    for (unsigned i = 0; row < IN_A_ROW; i++) {
        unsigned before = atomic_load(&s_made);
        test_response_t response;
        int fd = test_connect(world->port);
        s_send_some(slow);
        s_ask(fd, "GET /nothing", "", i, &response);
        row = atomic_load(&s_made) > before ? row + 1 : 0;
        test_response_free(&response);
        (void)close(fd);
        (void)poll(NULL, 0, 2);
        assert_true(i < TRIES);
    }
}

static void
test_a_client_that_reads_slowly_gets_its_own_answers(void **state)
{
    (void)state;
    test_world_t world;
    slow_t slow;
    test_response_t response;
    test_world_open(&world);
    s_open_slow(&slow, world.port);
    s_await_stuck(&world, &slow);
    s_take_all(&slow);
    s_close_slow(&slow);

    s_open_slow(&slow, world.port); /* and one that is gone in the middle gives the place back */
    s_await_stuck(&world, &slow);
    s_close_slow(&slow);
    unsigned before = 0;
    int fd = test_connect(world.port);
    for (unsigned i = 0; i == 0 || atomic_load(&s_made) > before; i++) {
        before = atomic_load(&s_made);
        s_ask(fd, "GET /nothing", "", i, &response);
        test_response_free(&response);
        (void)poll(NULL, 0, 2);
        assert_true(i < WAIT_MS);
    }
    (void)close(fd);

    s_open_slow(&slow, world.port); /* the gateway ends while it sends */
    s_await_stuck(&world, &slow);
    test_world_stop(&world);
    s_close_slow(&slow);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_repeated_answers_have_their_own_ids_and_the_body_of_now),
        cmocka_unit_test(test_answers_with_secrets_are_made_anew),
        cmocka_unit_test(test_a_client_that_reads_slowly_gets_its_own_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
