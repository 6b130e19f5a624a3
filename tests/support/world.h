/* world - a gateway with real state and hasher actors behind it, and actors of ours in place of dump and autosave.
 *
 * One world at a time: the bus' endpoints have fixed names. The gateway listens on a free port of 127.0.0.1.
 */
#ifndef MG_TESTS_SUPPORT_WORLD_H
#define MG_TESTS_SUPPORT_WORLD_H

#include "core/config.h"
#include "messages/gateway.pb-c.h"
#include "support/ask.h"
#include "support/fakes.h"

#include <bson/bson.h>

#define TEST_ADMIN_EMAIL    "admin@memgate.test"
#define TEST_ADMIN_PASSWORD "Correct-horse-1-battery"

typedef struct test_world {
    mg_config_t config;                 /* may be changed between prepare and start */
    const mg_actor_ops_t *hasher_actor; /* likewise */
    zactor_t *state;
    zactor_t *hasher;
    zactor_t *fakes;
    zactor_t *gateway;
    mg_link_t *link; /* to the gateway */
    uint16_t port;
} test_world_t;

void test_world_prepare(test_world_t *self);
/* Starts all actors with a seeded state; the gateway is left in the phase STARTING. */
void test_world_start(test_world_t *self);
/* Prepare, start, READY. */
void test_world_open(test_world_t *self);
void test_world_stop(test_world_t *self);
/* Puts the gateway into a phase and waits for its reply; returns the number of unanswered requests. */
uint32_t test_world_phase(test_world_t *self, Mg__SetPhase__Phase phase, int64_t drain_ms);
/* The same in two steps. `answer` starts from zero and outlives both; end returns the number of unanswered requests. */
void test_world_begin_stopping(const test_world_t *self, int64_t drain_ms, test_answer_t *answer);
/* Looks once; true when the gateway has drained. */
bool test_world_has_stopped(const test_world_t *self, const test_answer_t *answer);
uint32_t test_world_end_stopping(test_world_t *self, test_answer_t *answer);
/* Replaces the state by a freshly seeded one and publishes RestoreDone, as a restore does. */
void test_world_swap(test_world_t *self);
/* Writes a document behind the gateway's back, as a restore of an imported dump does. */
void test_world_put(const char *collection, const bson_t *document);
/* The same, with an expiry (Unix time; 0: none). */
void test_world_put_until(const char *collection, const bson_t *document, int64_t expires_ns);
/* --- HTTP --- */

typedef struct test_response {
    unsigned status; /* 0: the connection ended without an answer */
    char *head;      /* status line and headers */
    char *body;
    bool closed; /* the server closed the connection behind it */
} test_response_t;

/* A connected socket. */
int test_connect(uint16_t port);
void test_send(int fd, const char *bytes, size_t len);
/* Reads one answer; `no_body`: it is to HEAD. */
void test_receive(int fd, bool no_body, test_response_t *out);
void test_response_free(test_response_t *self);
/* The value of a header, copied into one static place; NULL: not there. */
const char *test_header(const test_response_t *self, const char *name);
/* Sends bytes on a new connection and reads one answer. */
void test_raw(uint16_t port, const char *bytes, test_response_t *out);
/* One request on a new connection. `token` and `body` may be NULL. */
void test_call(const test_world_t *self,
               const char *line,
               const char *token,
               const char *body,
               test_response_t *out);
/* The same, checks the status and that the body contains `part` (NULL: anything), and frees the answer. */
void test_expect(const test_world_t *self,
                 const char *line,
                 const char *token,
                 const char *body,
                 const char *expected);
/* Logs in and returns a token, the caller's to free. */
char *test_login(const test_world_t *self, const char *login, const char *password);

#endif
