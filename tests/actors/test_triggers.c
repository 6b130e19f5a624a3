/* Every way to ask for a dump or a stop, traced from its source to the message that arrives; and the names of the bus. */
#include "actors/autosave.h"
#include "actors/control.h"
#include "actors/signals.h"
#include "actors/state.h"
#include "core/document.h"
#include "core/seed.h"
#include "messages/autosave.pb-c.h"
#include "messages/control.pb-c.h"
#include "messages/dump.pb-c.h"
#include "messages/state.pb-c.h"
#include "messages/supervisor.pb-c.h"
#include "support/ask.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

enum { WAIT_MS = 20000 };

static _Atomic uint64_t s_version;

/* --- the ends that the test plays itself --- */

static ProtobufCMessage *
s_take(zsock_t *inbox, const ProtobufCMessageDescriptor *schema, mg_bus_peer_t *peer)
{
    zmq_pollitem_t item = {.socket = zsock_resolve(inbox), .events = ZMQ_POLLIN};
    assert_int_equal(zmq_poll(&item, 1, WAIT_MS), 1);
    ProtobufCMessage *message = NULL;
    CHECK_OK(mg_bus_receive(inbox, schema, peer, &message));
    return message;
}

/* Takes one DumpRequest, checks who asked, and answers it as done. */
static void
s_expect_dump(zsock_t *dump, Mg__Trigger trigger, const char *requester_prefix)
{
    mg_bus_peer_t peer;
    Mg__DumpMessage *message =
        (Mg__DumpMessage *)s_take(dump, &mg__dump_message__descriptor, &peer);
    assert_int_equal(message->body_case, MG__DUMP_MESSAGE__BODY_DUMP);
    assert_int_equal(message->dump->trigger, trigger);
    assert_false(message->dump->final);
    assert_memory_equal(message->dump->requester, requester_prefix, strlen(requester_prefix));
    mg__dump_message__free_unpacked(message, NULL);
    Mg__DumpInfo info = MG__DUMP_INFO__INIT;
    info.path = mg_bus_text("x.bin");
    Mg__DumpReply reply = MG__DUMP_REPLY__INIT;
    reply.dump = &info;
    CHECK_OK(mg_bus_reply(dump, &peer, &reply.base));
}

static void
s_expect_stop(zsock_t *supervisor, Mg__Trigger trigger, bool no_dump, const char *requester_prefix)
{
    mg_bus_peer_t peer;
    Mg__SupervisorRequest *request =
        (Mg__SupervisorRequest *)s_take(supervisor, &mg__supervisor_request__descriptor, &peer);
    assert_int_equal(request->stop->trigger, trigger);
    assert_int_equal(request->stop->no_dump, no_dump);
    assert_memory_equal(request->stop->requester, requester_prefix, strlen(requester_prefix));
    mg__supervisor_request__free_unpacked(request, NULL);
    Mg__SupervisorReply reply = MG__SUPERVISOR_REPLY__INIT;
    CHECK_OK(mg_bus_reply(supervisor, &peer, &reply.base));
}

static zactor_t *
s_start(const mg_actor_ops_t *ops, const void *args)
{
    zactor_t *actor = NULL;
    CHECK_OK(mg_actor_start(ops, args, &actor));
    return actor;
}

static zactor_t *
s_start_state(void)
{
    mg_state_args_t args = {.version = &s_version};
    return s_start(&mg_state_actor, &args);
}

static void
s_put(mg_link_t *link, const char *collection, bson_t *body)
{
    Mg__Op op = MG__OP__INIT;
    Mg__Op *list[] = {&op};
    op.collection = mg_bus_bytes(mg_slice_text(collection));
    op.body = mg_bus_bytes(mg_document_slice(body));
    Mg__Write write = MG__WRITE__INIT;
    write.n_ops = 1;
    write.ops = list;
    Mg__StateRequest request = MG__STATE_REQUEST__INIT;
    request.body_case = MG__STATE_REQUEST__BODY_WRITE;
    request.write = &write;
    Mg__StateReply *reply = (Mg__StateReply *)test_ask(link, &request.base, WAIT_MS);
    assert_int_equal(reply->status, MG_OK);
    mg__state_reply__free_unpacked(reply, NULL);
    bson_destroy(body);
}

static void
s_put_settings(mg_link_t *link, bool enabled, int64_t seconds)
{
    bson_t settings = BSON_INITIALIZER;
    BSON_APPEND_UTF8(&settings, "type", MG_SEED_SETTINGS);
    BSON_APPEND_BOOL(&settings, "enable_auto_save", enabled);
    BSON_APPEND_INT64(&settings, "auto_save_frequency_seconds", seconds);
    s_put(link, "settings", &settings);
}

/* --- the bus --- */

static void
test_endpoints_are_the_listed_ones_and_each_is_served_once(void **state)
{
    (void)state;
    static const char *const endpoints[] = {
        MG_BUS_STATE,      MG_BUS_DUMP,   MG_BUS_HASHER, MG_BUS_AUTOSAVE,      MG_BUS_GATEWAY,
        MG_BUS_SUPERVISOR, MG_BUS_EVENTS, MG_BUS_CHUNKS, MG_BUS_URGENT_CHUNKS, MG_BUS_SEALED};
    for (size_t i = 0; i < sizeof endpoints / sizeof *endpoints; i++) {
        print_message("%s\n", endpoints[i]);
        assert_memory_equal(endpoints[i], "inproc://memgate.", strlen("inproc://memgate."));
        zsock_t *first = mg_bus_serve(endpoints[i]);
        assert_non_null(first);
        assert_null(mg_bus_serve(
            endpoints[i])); /* taken: also by any other in the list with the same name */
        mg_bus_close(&first);
        zsock_t *again = mg_bus_serve(endpoints[i]); /* free at once after a close */
        assert_non_null(again);
        mg_bus_close(&again);
    }
}

/* --- signals --- */

static void
test_signals_become_messages_that_name_their_sender(void **state)
{
    (void)state;
    zsock_t *dump = mg_bus_serve(MG_BUS_DUMP);
    zsock_t *supervisor = mg_bus_serve(MG_BUS_SUPERVISOR);
    const mg_signals_args_t plain = {.tls = false};
    zactor_t *signals = s_start(&mg_signals_actor, &plain);
    char sender[64];
    (void)snprintf(sender, sizeof sender, "signal pid=%d uid=%u", (int)getpid(),
                   (unsigned)getuid());
    assert_int_equal(kill(getpid(), SIGUSR1), 0);
    s_expect_dump(dump, MG__TRIGGER__TRIGGER_SIGUSR1, sender);
    assert_int_equal(kill(getpid(), SIGTERM), 0);
    s_expect_stop(supervisor, MG__TRIGGER__TRIGGER_SIGTERM, false, sender);
    assert_int_equal(kill(getpid(), SIGINT), 0);
    s_expect_stop(supervisor, MG__TRIGGER__TRIGGER_SIGINT, false, sender);
    assert_int_equal(kill(getpid(), SIGQUIT), 0);
    s_expect_stop(supervisor, MG__TRIGGER__TRIGGER_OTHER, true, sender);
    mg_actor_stop(&signals);
    mg_bus_close(&dump);
    mg_bus_close(&supervisor);
}

/* --- autosave --- */

static Mg__AutosaveReply *
s_ask_autosave(mg_link_t *link, bool reload)
{
    Mg__AutosaveQuery query = MG__AUTOSAVE_QUERY__INIT;
    Mg__AutosaveReload again = MG__AUTOSAVE_RELOAD__INIT;
    Mg__AutosaveRequest request = MG__AUTOSAVE_REQUEST__INIT;
    request.body_case =
        reload ? MG__AUTOSAVE_REQUEST__BODY_RELOAD : MG__AUTOSAVE_REQUEST__BODY_QUERY;
    if (reload) {
        request.reload = &again;
    } else {
        request.query = &query;
    }
    return (Mg__AutosaveReply *)test_ask(link, &request.base, WAIT_MS);
}

static void
s_wait_until_autosave_is(mg_link_t *link, bool enabled, uint32_t seconds)
{
    int64_t give_up_ms = mg_clock_mono_ms() + WAIT_MS;
    bool as_wanted = false;
    while (!as_wanted && mg_clock_mono_ms() < give_up_ms) {
        Mg__AutosaveReply *reply = s_ask_autosave(link, false);
        as_wanted = reply->enabled == enabled && reply->every_seconds == seconds;
        mg__autosave_reply__free_unpacked(reply, NULL);
    }
    assert_true(as_wanted);
}

static void
test_autosave_asks_when_time_is_up_and_something_changed(void **state)
{
    (void)state;
    zactor_t *actor = s_start_state();
    mg_link_t *link = mg_state_link_new(4);
    s_put_settings(link, true, 1);
    zsock_t *dump = mg_bus_serve(MG_BUS_DUMP);
    zsock_t *events = mg_bus_bind(ZMQ_PUB, MG_BUS_EVENTS);
    mg_autosave_args_t args = {0};
    zactor_t *autosave = s_start(&mg_autosave_actor, &args);
    mg_link_t *ask = mg_link_new(&(mg_link_options_t){
        .endpoint = MG_BUS_AUTOSAVE, .schema = &mg__autosave_reply__descriptor, .window = 4});
    s_wait_until_autosave_is(ask, true, 1);
    s_expect_dump(dump, MG__TRIGGER__TRIGGER_AUTOSAVE, "autosave");
    s_put_settings(link, false, 60); /* switched off at run time */
    Mg__AutosaveReply *reply = s_ask_autosave(ask, true);
    mg__autosave_reply__free_unpacked(reply, NULL);
    s_wait_until_autosave_is(ask, false, 60);
    mg_actor_stop(&autosave);
    mg_link_destroy(&ask);
    mg_bus_close(&events);
    mg_bus_close(&dump);
    mg_link_destroy(&link);
    mg_actor_stop(&actor);
}

/* --- control --- */

static Mg__ControlReply *
s_receive_control(zsock_t *peer)
{
    zframe_t *frame = zframe_recv(peer);
    assert_non_null(frame);
    Mg__ControlReply *reply =
        mg__control_reply__unpack(NULL, zframe_size(frame), zframe_data(frame));
    zframe_destroy(&frame);
    assert_non_null(reply);
    return reply;
}

static void
s_send_control(zsock_t *peer, Mg__ControlRequest *request)
{
    uint8_t bytes[256];
    request->requester = mg_bus_text("test");
    size_t len = mg__control_request__pack(request, bytes);
    zframe_t *frame = zframe_new(bytes, len);
    assert_int_equal(zframe_send(&frame, peer, 0), 0);
}

static void
test_control_peer_asks_for_a_dump_and_a_shutdown(void **state)
{
    (void)state;
    char folder[] = "/tmp/memgate-test-XXXXXX";
    assert_non_null(mkdtemp(folder));
    char endpoint[64];
    (void)snprintf(endpoint, sizeof endpoint, "ipc://%s/c.sock", folder);
    zactor_t *actor = s_start_state();
    zsock_t *dump = mg_bus_serve(MG_BUS_DUMP);
    zsock_t *supervisor = mg_bus_serve(MG_BUS_SUPERVISOR);
    zsock_t *events = mg_bus_bind(ZMQ_PUB, MG_BUS_EVENTS);
    mg_control_args_t args = {.endpoint = endpoint};
    zactor_t *control = s_start(&mg_control_actor, &args);
    zactor_t *second = NULL;
    CHECK_STATUS(MG_ERR_EXISTS, mg_actor_start(&mg_control_actor, &args, &second));
    zsock_t *peer = zsock_new_req(endpoint);
    Mg__ControlDump ask_dump = MG__CONTROL_DUMP__INIT;
    Mg__ControlRequest request = MG__CONTROL_REQUEST__INIT;
    request.body_case = MG__CONTROL_REQUEST__BODY_DUMP;
    request.dump = &ask_dump;
    s_send_control(peer, &request);
    s_expect_dump(dump, MG__TRIGGER__TRIGGER_CONTROL, "control test");
    Mg__ControlReply *reply = s_receive_control(peer);
    assert_int_equal(reply->status, MG__CONTROL_REPLY__STATUS__OK);
    assert_string_equal(reply->dump->path, "x.bin");
    mg__control_reply__free_unpacked(reply, NULL);

    Mg__ControlShutdown ask_stop = MG__CONTROL_SHUTDOWN__INIT;
    request.body_case = MG__CONTROL_REQUEST__BODY_SHUTDOWN;
    request.shutdown = &ask_stop;
    s_send_control(peer, &request);
    s_expect_stop(supervisor, MG__TRIGGER__TRIGGER_CONTROL, false, "control test");
    mg__control_reply__free_unpacked(s_receive_control(peer), NULL);
    zsock_destroy(&peer);
    mg_actor_stop(&control);
    mg_bus_close(&events);
    mg_bus_close(&supervisor);
    mg_bus_close(&dump);
    mg_actor_stop(&actor);
    assert_int_equal(rmdir(folder), 0); /* the sockets' files are gone */
}

static void
test_control_on_tcp_needs_curve_and_a_list_of_keys(void **state)
{
    (void)state;
    mg_control_args_t args = {.endpoint = "tcp://127.0.0.1:*"};
    zactor_t *control = NULL;
    CHECK_STATUS(MG_ERR_DENIED, mg_actor_start(&mg_control_actor, &args, &control));
    args.secret_key = "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6";
    args.client_keys = "too-short";
    CHECK_STATUS(MG_ERR_INVALID, mg_actor_start(&mg_control_actor, &args, &control));
    assert_null(control);
}

int
main(void)
{
    zsys_handler_set(NULL);
    assert(mg_signals_block() == MG_OK);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_endpoints_are_the_listed_ones_and_each_is_served_once),
        cmocka_unit_test(test_signals_become_messages_that_name_their_sender),
        cmocka_unit_test(test_autosave_asks_when_time_is_up_and_something_changed),
        cmocka_unit_test(test_control_peer_asks_for_a_dump_and_a_shutdown),
        cmocka_unit_test(test_control_on_tcp_needs_curve_and_a_list_of_keys),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    zsys_shutdown();
    return failed;
}
