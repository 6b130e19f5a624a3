/* A requester's end: what is held back, in which order it goes out, and that it does not outlive the link. */
#include "messages/link.h"
#include "messages/state.pb-c.h"
#include "support/check.h"

#include <poll.h>

#define ENDPOINT "inproc://memgate.test-link"

enum { WINDOW = 60, HELD = 3, ENOUGH = 32, FAR_MS = 60000, SETTLE_MS = 50 };

typedef struct outcomes {
    int count;
    mg_status_t last;
} outcomes_t;

static void
s_on_end(void *arg, mg_status_t status, const ProtobufCMessage *reply)
{
    (void)reply;
    outcomes_t *outcomes = arg;
    outcomes->count++;
    outcomes->last = status;
}

/* A service that takes and does not answer, and a link to it that holds back. */
typedef struct pair {
    zsock_t *service;
    mg_link_t *link;
    outcomes_t outcomes;
    uint64_t numbers[WINDOW + 1]; /* of the requests that came, 0: told */
    size_t count;
} pair_t;

static void
s_open(pair_t *self)
{
    *self = (pair_t){.service = mg_bus_serve(ENDPOINT)};
    assert_non_null(self->service);
    self->link = mg_link_new(&(mg_link_options_t){
        .endpoint = ENDPOINT, .schema = &mg__state_reply__descriptor, .window = WINDOW});
    assert_non_null(self->link);
    mg_link_hold_back(self->link);
}

static void
s_ask(pair_t *self, int times)
{
    Mg__StateRequest request = MG__STATE_REQUEST__INIT;
    for (int i = 0; i < times; i++) {
        CHECK_OK(mg_link_ask(self->link, &request.base, FAR_MS, s_on_end, &self->outcomes));
    }
}

/* How many messages have come so far. */
static size_t
s_arrived(pair_t *self)
{
    mg_bus_peer_t peer;
    ProtobufCMessage *message = NULL;
    (void)poll(NULL, 0, SETTLE_MS);
    while (mg_bus_receive(self->service, &mg__state_request__descriptor, &peer, &message) ==
           MG_OK) {
        self->numbers[self->count++] = peer.request;
        protobuf_c_message_free_unpacked(message, NULL);
    }
    return self->count;
}

static void
test_requests_go_out_some_at_a_time(void **state)
{
    (void)state;
    pair_t pair;
    s_open(&pair);
    s_ask(&pair, HELD);
    assert_int_equal(s_arrived(&pair), 0);
    mg_link_flush(pair.link);
    assert_int_equal(s_arrived(&pair), HELD);
    s_ask(&pair, ENOUGH + 1); /* one is left over */
    assert_int_equal(s_arrived(&pair), HELD + ENOUGH);
    mg_link_expire(pair.link, FAR_MS); /* it waits like any other */
    assert_int_equal(pair.outcomes.count, HELD + ENOUGH + 1);
    assert_int_equal(pair.outcomes.last, MG_ERR_TIMEOUT);
    mg_link_destroy(&pair.link);
    mg_bus_close(&pair.service);
}

static void
test_what_is_told_comes_after_what_was_asked(void **state)
{
    (void)state;
    pair_t pair;
    Mg__StateRequest request = MG__STATE_REQUEST__INIT;
    s_open(&pair);
    s_ask(&pair, HELD);
    CHECK_OK(mg_link_tell(pair.link, &request.base));
    assert_int_equal(s_arrived(&pair), HELD + 1);
    assert_int_equal(pair.numbers[0], 1);
    assert_int_equal(pair.numbers[HELD], 0);
    mg_link_destroy(&pair.link);
    mg_bus_close(&pair.service);
}

/* Who was told that it is closed must not find it done. */
static void
test_what_is_held_back_ends_with_the_link(void **state)
{
    (void)state;
    pair_t pair;
    s_open(&pair);
    s_ask(&pair, HELD);
    mg_link_destroy(&pair.link);
    assert_int_equal(pair.outcomes.count, HELD);
    assert_int_equal(pair.outcomes.last, MG_ERR_CLOSED);
    assert_int_equal(s_arrived(&pair), 0);
    mg_bus_close(&pair.service);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests_go_out_some_at_a_time),
        cmocka_unit_test(test_what_is_told_comes_after_what_was_asked),
        cmocka_unit_test(test_what_is_held_back_ends_with_the_link),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
