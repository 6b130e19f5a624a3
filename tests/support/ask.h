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

/* Waits for one answer; the caller frees the reply with protobuf_c_message_free_unpacked. NULL when the link gave up. */
static inline ProtobufCMessage *
test_ask(mg_link_t *link, const ProtobufCMessage *request, int64_t within_ms)
{
    test_answer_t answer = {0};
    int64_t deadline_ms = mg_clock_mono_ms() + within_ms;
    mg_status_t sent = mg_link_ask(link, request, deadline_ms, test_on_answer, &answer);
    assert_int_equal(sent, MG_OK);
    while (!answer.done) {
        zmq_pollitem_t item = {.socket = zsock_resolve(mg_link_socket(link)), .events = ZMQ_POLLIN};
        (void)zmq_poll(&item, 1, 50);
        mg_link_receive(link);
        mg_link_expire(link, mg_clock_mono_ms());
    }
    return answer.reply;
}

#endif
