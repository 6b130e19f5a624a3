/* ask - a test's end of a link: sends one request and waits for its reply. */
#ifndef MG_TESTS_SUPPORT_ASK_H
#define MG_TESTS_SUPPORT_ASK_H

#include "core/clock.h"
#include "messages/link.h"
#include "support/check.h"

#include <stdlib.h>

typedef struct test_answer {
    mg_status_t status; /* of the link */
    ProtobufCMessage *reply;
    bool done;
} test_answer_t;

static inline void
test_on_answer(void *arg, mg_status_t status, const ProtobufCMessage *reply)
{
    test_answer_t *answer = arg;
    answer->status = status;
    answer->done = true;
    if (reply) {
        size_t len = protobuf_c_message_get_packed_size(reply);
        uint8_t *bytes = malloc(len + 1);
        protobuf_c_message_pack(reply, bytes);
        answer->reply = protobuf_c_message_unpack(reply->descriptor, NULL, len, bytes);
        free(bytes);
    }
}

/* Sends one request; `answer` starts from zero and lives until its end. */
static inline void
test_ask_begin(mg_link_t *link,
               const ProtobufCMessage *request,
               int64_t within_ms,
               test_answer_t *answer)
{
    int64_t deadline_ms = mg_clock_mono_ms() + within_ms;
    assert_int_equal(mg_link_ask(link, request, deadline_ms, test_on_answer, answer), MG_OK);
}

/* Waits for the answer; the caller frees the reply with protobuf_c_message_free_unpacked. NULL when the link gave up. */
static inline ProtobufCMessage *
test_ask_end(mg_link_t *link, test_answer_t *answer)
{
    while (!answer->done) {
        zmq_pollitem_t item = {.socket = zsock_resolve(mg_link_socket(link)), .events = ZMQ_POLLIN};
        (void)zmq_poll(&item, 1, 50);
        mg_link_receive(link);
        mg_link_expire(link, mg_clock_mono_ms());
    }
    return answer->reply;
}

/* Both. */
static inline ProtobufCMessage *
test_ask(mg_link_t *link, const ProtobufCMessage *request, int64_t within_ms)
{
    test_answer_t answer = {0};
    test_ask_begin(link, request, within_ms, &answer);
    return test_ask_end(link, &answer);
}

#endif
