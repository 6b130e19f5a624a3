#include "support/fakes.h"

#include "messages/autosave.pb-c.h"
#include "messages/dump.pb-c.h"
#include "messages/event.pb-c.h"
#include "support/ask.h"

#include <stdio.h>
#include <string.h>

enum { WAIT_MS = 20000 };

static char s_requester
    [256]; /* written by the fakes before they reply, read by the test after it got the answer */
static _Atomic unsigned s_reloads;

typedef struct waiter {
    mg_bus_peer_t peer;
    bool waits;
} waiter_t;

typedef struct fakes {
    zsock_t *dump;
    zsock_t *autosave;
    zsock_t *events;
    waiter_t slow;    /* the dump that is answered when it is released */
    waiter_t watcher; /* the test that wants to know when there is one */
} fakes_t;

static void
s_publish(fakes_t *self, const Mg__DumpReply *reply)
{
    Mg__DumpFailed failed = MG__DUMP_FAILED__INIT;
    Mg__Event event = MG__EVENT__INIT;
    if (reply->restore) {
        event.body_case = MG__EVENT__BODY_RESTORE_DONE;
        event.restore_done = reply->restore;
    } else if (reply->dump) {
        event.body_case = MG__EVENT__BODY_DUMP_DONE;
        event.dump_done = reply->dump;
    } else {
        event.body_case = MG__EVENT__BODY_DUMP_FAILED;
        event.dump_failed = &failed;
    }
    (void)mg_bus_publish(self->events, &event.base);
}

static mg_status_t
s_verdict(const char *path)
{
    static const struct {
        const char *path;
        mg_status_t status;
    } verdicts[] = {{TEST_PATH_INVALID, MG_ERR_INVALID},
                    {TEST_PATH_MISSING, MG_ERR_NOT_FOUND},
                    {TEST_PATH_DENIED, MG_ERR_DENIED},
                    {TEST_PATH_BROKEN, MG_ERR_DUMP}};
    for (size_t i = 0; i < sizeof verdicts / sizeof *verdicts; i++) {
        if (strcmp(path, verdicts[i].path) == 0) {
            return verdicts[i].status;
        }
    }
    return MG_OK;
}

static void
s_reply_done(fakes_t *self, const char *path, bool restores, const mg_bus_peer_t *peer)
{
    char file[] = "/dumps/memory_dump-1.bin";
    char broken[] = "the disk is full";
    Mg__DumpInfo info = MG__DUMP_INFO__INIT;
    info.path = file;
    info.created_ns = 1795413158123456789;
    Mg__RestoreInfo restored = MG__RESTORE_INFO__INIT;
    restored.dump = &info;
    Mg__DumpReply reply = MG__DUMP_REPLY__INIT;
    reply.status = s_verdict(path);
    if (reply.status != MG_OK) {
        reply.text = broken;
    } else if (restores) {
        reply.restore = &restored;
    } else {
        reply.dump = &info;
    }
    s_publish(self, &reply);
    CHECK_OK(mg_bus_reply(self->dump, peer, &reply.base));
}

static void
s_answer_work(fakes_t *self, const Mg__DumpMessage *message, const mg_bus_peer_t *peer)
{
    bool restores = message->body_case == MG__DUMP_MESSAGE__BODY_RESTORE;
    const char *path = restores ? message->restore->path : message->dump->path;
    if (strcmp(path, TEST_PATH_SLOW) == 0) {
        self->slow = (waiter_t){*peer, true};
        return;
    }
    const char *requester = restores ? message->restore->requester : message->dump->requester;
    (void)snprintf(s_requester, sizeof s_requester, "%s", requester);
    s_reply_done(self, path, restores, peer);
}

static void
s_tell_watcher(fakes_t *self)
{
    if (self->slow.waits && self->watcher.waits) {
        const Mg__DumpReply reply = MG__DUMP_REPLY__INIT;
        self->watcher.waits = false;
        CHECK_OK(mg_bus_reply(self->dump, &self->watcher.peer, &reply.base));
    }
}

static void
s_release_slow(fakes_t *self, const mg_bus_peer_t *peer)
{
    const Mg__DumpReply reply = MG__DUMP_REPLY__INIT;
    if (self->slow.waits) {
        self->slow.waits = false;
        s_reply_done(self, TEST_PATH_SLOW, false, &self->slow.peer);
    }
    CHECK_OK(mg_bus_reply(self->dump, peer, &reply.base));
}

static void
s_answer_status(fakes_t *self, const mg_bus_peer_t *peer)
{
    Mg__DumpStatus status = MG__DUMP_STATUS__INIT;
    status.published = 7;
    Mg__DumpReply reply = MG__DUMP_REPLY__INIT;
    reply.dump_status = &status;
    CHECK_OK(mg_bus_reply(self->dump, peer, &reply.base));
}

static void
s_answer_list(fakes_t *self, const mg_bus_peer_t *peer)
{
    const Mg__DumpReply reply = MG__DUMP_REPLY__INIT;
    CHECK_OK(mg_bus_reply(self->dump, peer, &reply.base));
}

/* Verify is the test's own way in: with the path "slow" it waits for such a request, else it has it answered. */
static void
s_answer_verify(fakes_t *self, const Mg__VerifyRequest *verify, const mg_bus_peer_t *peer)
{
    if (strcmp(verify->path, TEST_PATH_SLOW) == 0) {
        self->watcher = (waiter_t){*peer, true};
    } else {
        s_release_slow(self, peer);
    }
}

static void
s_answer_message(fakes_t *self, const Mg__DumpMessage *message, const mg_bus_peer_t *peer)
{
    switch (message->body_case) {
    case MG__DUMP_MESSAGE__BODY_STATUS:
        s_answer_status(self, peer);
        break;
    case MG__DUMP_MESSAGE__BODY_LIST:
        s_answer_list(self, peer);
        break;
    case MG__DUMP_MESSAGE__BODY_VERIFY:
        s_answer_verify(self, message->verify, peer);
        break;
    default:
        s_answer_work(self, message, peer);
        break;
    }
    s_tell_watcher(self);
}

static void
s_on_dump(void *arg)
{
    fakes_t *self = arg;
    mg_bus_peer_t peer;
    ProtobufCMessage *raw = NULL;
    while (mg_bus_receive(self->dump, &mg__dump_message__descriptor, &peer, &raw) == MG_OK) {
        s_answer_message(self, (const Mg__DumpMessage *)raw, &peer);
        protobuf_c_message_free_unpacked(raw, NULL);
    }
}

static void
s_on_autosave(void *arg)
{
    fakes_t *self = arg;
    mg_bus_peer_t peer;
    ProtobufCMessage *raw = NULL;
    while (mg_bus_receive(self->autosave, &mg__autosave_request__descriptor, &peer, &raw) ==
           MG_OK) {
        s_reloads++;
        Mg__AutosaveReply reply = MG__AUTOSAVE_REPLY__INIT;
        CHECK_OK(mg_bus_reply(self->autosave, &peer, &reply.base));
        protobuf_c_message_free_unpacked(raw, NULL);
    }
}

static void
s_destroy_fakes(void *arg)
{
    fakes_t *self = arg;
    mg_bus_close(&self->dump);
    mg_bus_close(&self->autosave);
    mg_bus_close(&self->events);
    free(self);
}

static mg_status_t
s_create_fakes(const void *args, mg_loop_t *loop, void **out_self)
{
    (void)args;
    s_reloads = 0;
    fakes_t *self = calloc(1, sizeof *self);
    self->dump = mg_bus_serve(MG_BUS_DUMP);
    self->autosave = mg_bus_serve(MG_BUS_AUTOSAVE);
    self->events = mg_bus_bind(ZMQ_PUB, MG_BUS_EVENTS);
    *out_self = self;
    CHECK_OK(mg_loop_watch_socket(loop, self->dump, s_on_dump));
    return mg_loop_watch_socket(loop, self->autosave, s_on_autosave);
}

const mg_actor_ops_t test_fakes_actor = {.name = "fakes",
                                         .create = s_create_fakes,
                                         .destroy = s_destroy_fakes};

/* --- for the test --- */

static void
s_ask(const Mg__DumpMessage *message)
{
    mg_link_t *link = mg_link_new(&(mg_link_options_t){
        .endpoint = MG_BUS_DUMP, .schema = &mg__dump_reply__descriptor, .window = 1});
    assert_non_null(link);
    ProtobufCMessage *reply = test_ask(link, &message->base, WAIT_MS);
    assert_non_null(reply);
    protobuf_c_message_free_unpacked(reply, NULL);
    mg_link_destroy(&link);
}

void
test_fake_await_slow(void)
{
    Mg__VerifyRequest verify = MG__VERIFY_REQUEST__INIT;
    char path[] = TEST_PATH_SLOW;
    verify.path = path;
    Mg__DumpMessage message = MG__DUMP_MESSAGE__INIT;
    message.body_case = MG__DUMP_MESSAGE__BODY_VERIFY;
    message.verify = &verify;
    s_ask(&message);
}

void
test_fake_release_slow(void)
{
    Mg__VerifyRequest verify = MG__VERIFY_REQUEST__INIT;
    Mg__DumpMessage message = MG__DUMP_MESSAGE__INIT;
    message.body_case = MG__DUMP_MESSAGE__BODY_VERIFY;
    message.verify = &verify;
    s_ask(&message);
}

const char *
test_fake_requester(void)
{
    return s_requester;
}

unsigned
test_fake_reloads(void)
{
    return s_reloads;
}
