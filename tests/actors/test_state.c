/* The state actor by its messages: batches, freezing, views read by other threads, late views, swap. */
#include "actors/state.h"
#include "core/document.h"
#include "messages/state.pb-c.h"
#include "support/ask.h"

#include <pthread.h>
#include <string.h>

enum { ACCOUNTS = 64, START = 100, READERS = 3, TRANSFERS = 4000, WAIT_MS = 20000 };

static _Atomic uint64_t s_version; /* what main would own */

static zactor_t *
s_start(void)
{
    mg_state_args_t args = {.version = &s_version};
    zactor_t *state = NULL;
    CHECK_OK(mg_actor_start(&mg_state_actor, &args, &state));
    return state;
}

static Mg__StateReply *
s_ask(mg_link_t *link, Mg__StateRequest__BodyCase body_case, void *body)
{
    Mg__StateRequest request = MG__STATE_REQUEST__INIT;
    request.body_case = body_case;
    request.write = body; /* all members of the oneof are pointers at one place */
    return (Mg__StateReply *)test_ask(link, &request.base, WAIT_MS);
}

static mg_status_t
s_status_and_free(Mg__StateReply *reply)
{
    mg_status_t status = (mg_status_t)reply->status;
    mg__state_reply__free_unpacked(reply, NULL);
    return status;
}

/* One account's document; the caller destroys the BSON. */
static void
s_account(int number, int64_t balance, char id[16], bson_t *out)
{
    (void)snprintf(id, 16, "a%03d", number);
    bson_init(out);
    BSON_APPEND_UTF8(out, "_id", id);
    BSON_APPEND_INT64(out, "balance", balance);
}

static mg_status_t
s_put_two(mg_link_t *link, int one, int64_t one_balance, int two, int64_t two_balance)
{
    int numbers[] = {one, two};
    int64_t balances[] = {one_balance, two_balance};
    bson_t bodies[2];
    char ids[2][16];
    Mg__Op ops[2];
    Mg__Op *list[] = {&ops[0], &ops[1]};
    for (int i = 0; i < 2; i++) {
        s_account(numbers[i], balances[i], ids[i], &bodies[i]);
        mg__op__init(&ops[i]);
        ops[i].collection = mg_bus_bytes(mg_slice_text("accounts"));
        ops[i].body = mg_bus_bytes(mg_document_slice(&bodies[i]));
    }
    Mg__Write write = MG__WRITE__INIT;
    write.n_ops = 2;
    write.ops = list;
    Mg__StateReply *reply = s_ask(link, MG__STATE_REQUEST__BODY_WRITE, &write);
    bson_destroy(&bodies[0]);
    bson_destroy(&bodies[1]);
    return s_status_and_free(reply);
}

static mg_viewref_t *
s_open(mg_link_t *link)
{
    Mg__OpenView open = MG__OPEN_VIEW__INIT;
    Mg__StateReply *reply = s_ask(link, MG__STATE_REQUEST__BODY_OPEN_VIEW, &open);
    mg_viewref_t *view = reply->status == MG_OK ? mg_viewref_take(reply->view) : NULL;
    mg__state_reply__free_unpacked(reply, NULL);
    return view;
}

static void
s_simple(mg_link_t *link, Mg__StateRequest__BodyCase body_case, mg_status_t expected)
{
    Mg__Freeze empty = MG__FREEZE__INIT;
    Mg__Thaw thaw = MG__THAW__INIT;
    void *body = body_case == MG__STATE_REQUEST__BODY_THAW ? (void *)&thaw : (void *)&empty;
    CHECK_STATUS(expected, s_status_and_free(s_ask(link, body_case, body)));
}

static int64_t
s_sum(const mg_view_t *view)
{
    int slot = mg_view_slot(view, mg_slice_text("accounts"));
    mg_cursor_t cursor;
    mg_cursor_seek(&cursor, view, slot, mg_slice(NULL, 0));
    int64_t sum = 0;
    for (const mg_entry_t *entry = mg_cursor_next(&cursor); entry;
         entry = mg_cursor_next(&cursor)) {
        sum += mg_document_int(mg_entry_body(entry), "balance", 0);
    }
    return sum;
}

/* --- one writer, several readers --- */

typedef struct reader {
    pthread_t thread;
    _Atomic bool *stop;
    int wrong;
    int reads;
} reader_t;

static void *
s_read_along(void *arg)
{
    reader_t *self = arg;
    mg_link_t *link = mg_state_link_new(4);
    do {
        mg_viewref_t *view = s_open(link);
        if (s_sum(mg_viewref_view(view)) != (int64_t)ACCOUNTS * START) {
            self->wrong++;
        }
        self->reads++;
        mg_state_give_back(link, &view);
    } while (!atomic_load(self->stop));
    mg_link_destroy(&link);
    return NULL;
}

static void
test_readers_see_whole_versions_while_one_writes(void **state)
{
    (void)state;
    zactor_t *actor = s_start();
    mg_link_t *link = mg_state_link_new(16);
    int64_t balance[ACCOUNTS];
    for (int i = 0; i < ACCOUNTS; i += 2) {
        balance[i] = START;
        balance[i + 1] = START;
        CHECK_OK(s_put_two(link, i, START, i + 1, START));
    }
    _Atomic bool stop = false;
    reader_t readers[READERS] = {0};
    for (int i = 0; i < READERS; i++) {
        readers[i].stop = &stop;
        assert_int_equal(pthread_create(&readers[i].thread, NULL, s_read_along, &readers[i]), 0);
    }
    for (int i = 0; i < TRANSFERS; i++) {
        int from = (i * 7) % ACCOUNTS;
        int to = (i * 13 + 5) % ACCOUNTS;
        if (from != to) {
            balance[from]--;
            balance[to]++;
            CHECK_OK(s_put_two(link, from, balance[from], to, balance[to]));
        }
    }
    atomic_store(&stop, true);
    for (int i = 0; i < READERS; i++) {
        (void)pthread_join(readers[i].thread, NULL);
        assert_int_equal(readers[i].wrong, 0);
        assert_true(readers[i].reads > 0);
    }
    mg_link_destroy(&link);
    mg_actor_stop(&actor);
}

/* --- single rules --- */

static void
test_version_is_announced_before_the_acknowledgement(void **state)
{
    (void)state;
    zactor_t *actor = s_start();
    mg_link_t *link = mg_state_link_new(4);
    for (int i = 0; i < 100; i++) {
        CHECK_OK(s_put_two(link, 1, i, 2, -i));
        mg_viewref_t *view = s_open(link);
        assert_int_equal(mg_view_version(mg_viewref_view(view)), atomic_load(&s_version));
        mg_state_give_back(link, &view);
    }
    mg_link_destroy(&link);
    mg_actor_stop(&actor);
}

static void
test_frozen_state_refuses_writes_and_serves_views(void **state)
{
    (void)state;
    zactor_t *actor = s_start();
    mg_link_t *link = mg_state_link_new(4);
    CHECK_OK(s_put_two(link, 1, 1, 2, 2));
    s_simple(link, MG__STATE_REQUEST__BODY_FREEZE, MG_OK);
    CHECK_STATUS(MG_ERR_FROZEN, s_put_two(link, 1, 1, 2, 3));
    mg_viewref_t *view = s_open(link);
    assert_int_equal(s_sum(mg_viewref_view(view)), 3);
    mg_state_give_back(link, &view);
    s_simple(link, MG__STATE_REQUEST__BODY_THAW, MG_OK);
    CHECK_OK(s_put_two(link, 1, 1, 2, 3));
    mg_link_destroy(&link);
    mg_actor_stop(&actor);
}

/* A restore that ends while the last dump is being written must not let writes in that no dump will hold. */
static void
test_a_freeze_for_good_outlives_every_thaw(void **state)
{
    (void)state;
    zactor_t *actor = s_start();
    mg_link_t *link = mg_state_link_new(4);
    Mg__Freeze freeze = MG__FREEZE__INIT;
    freeze.for_good = true;
    s_simple(link, MG__STATE_REQUEST__BODY_FREEZE, MG_OK); /* the restore's */
    CHECK_OK(s_status_and_free(s_ask(link, MG__STATE_REQUEST__BODY_FREEZE, &freeze)));
    s_simple(link, MG__STATE_REQUEST__BODY_THAW, MG_OK);
    CHECK_STATUS(MG_ERR_FROZEN, s_put_two(link, 1, 1, 2, 3));
    mg_link_destroy(&link);
    mg_actor_stop(&actor);
}

static void
test_one_actor_may_not_hold_too_many_views(void **state)
{
    (void)state;
    zactor_t *actor = s_start();
    mg_link_t *link = mg_state_link_new(4);
    mg_viewref_t *views[MG_STATE_VIEWS_MAX];
    for (int i = 0; i < MG_STATE_VIEWS_MAX; i++) {
        views[i] = s_open(link);
        assert_non_null(views[i]);
    }
    assert_null(s_open(link));
    for (int i = 0; i < MG_STATE_VIEWS_MAX; i++) {
        mg_state_give_back(link, &views[i]);
    }
    mg_viewref_t *again = s_open(link);
    assert_non_null(again);
    mg_state_give_back(link, &again);
    mg_link_destroy(&link);
    mg_actor_stop(&actor);
}

static uint32_t
s_views_out(mg_link_t *link)
{
    Mg__StatsQuery query = MG__STATS_QUERY__INIT;
    Mg__StateReply *reply = s_ask(link, MG__STATE_REQUEST__BODY_STATS, &query);
    uint32_t views = reply->stats->views;
    mg__state_reply__free_unpacked(reply, NULL);
    return views;
}

static void
s_ignore(void *arg, mg_status_t status, const ProtobufCMessage *reply)
{
    assert_null(reply);
    *(mg_status_t *)arg = status;
}

static void
test_view_that_comes_too_late_is_given_back(void **state)
{
    (void)state;
    zactor_t *actor = s_start();
    mg_link_t *hasty = mg_state_link_new(4);
    mg_link_t *link = mg_state_link_new(4);
    Mg__OpenView open = MG__OPEN_VIEW__INIT;
    Mg__StateRequest request = MG__STATE_REQUEST__INIT;
    request.body_case = MG__STATE_REQUEST__BODY_OPEN_VIEW;
    request.open_view = &open;
    mg_status_t ended = MG_OK;
    CHECK_OK(mg_link_ask(hasty, &request.base, 0, s_ignore, &ended));
    mg_link_expire(hasty, 1);
    CHECK_STATUS(MG_ERR_TIMEOUT, ended);
    int64_t give_up_ms = mg_clock_mono_ms() + WAIT_MS;
    while (s_views_out(link) != 1 &&
           mg_clock_mono_ms() < give_up_ms) { /* the late view is on its way */
    }
    zmq_pollitem_t item = {.socket = zsock_resolve(mg_link_socket(hasty)), .events = ZMQ_POLLIN};
    (void)zmq_poll(&item, 1, WAIT_MS);
    mg_link_receive(hasty);
    assert_int_equal(s_views_out(link), 0);
    mg_link_destroy(&hasty);
    mg_link_destroy(&link);
    mg_actor_stop(&actor);
}

/* --- views asked for ahead --- */

static void
s_ask_next(mg_link_t *link, uint64_t newer_than, test_answer_t *answer)
{
    Mg__OpenView open = MG__OPEN_VIEW__INIT;
    Mg__StateRequest request = MG__STATE_REQUEST__INIT;
    open.newer_than = newer_than;
    request.body_case = MG__STATE_REQUEST__BODY_OPEN_VIEW;
    request.open_view = &open;
    test_ask_begin(link, &request.base, WAIT_MS, answer);
}

/* Takes the view out of an answer that has come. */
static mg_viewref_t *
s_view_of(test_answer_t *answer)
{
    Mg__StateReply *reply = (Mg__StateReply *)answer->reply;
    assert_true(answer->done);
    CHECK_OK(reply->status);
    mg_viewref_t *view = mg_viewref_take(reply->view);
    mg__state_reply__free_unpacked(reply, NULL);
    return view;
}

/* Not one look at the queue later: as soon as the number can be seen. */
static void
test_a_view_asked_for_ahead_is_there_with_its_version(void **state)
{
    (void)state;
    enum { ROUNDS = 500 };
    zactor_t *actor = s_start();
    mg_link_t *reader = mg_state_link_new(4);
    mg_link_t *writer = mg_state_link_new(4);
    mg_viewref_t *view = s_open(reader);
    for (int i = 0; i < ROUNDS; i++) {
        uint64_t version = mg_view_version(mg_viewref_view(view));
        test_answer_t next = {0};
        s_ask_next(reader, version, &next);
        assert_int_equal(s_views_out(reader), 1); /* an answer behind it: the other one waits */
        assert_false(next.done);
        test_answer_t written = {0};
        Mg__Op op = MG__OP__INIT;
        Mg__Op *list[] = {&op};
        Mg__Write write = MG__WRITE__INIT;
        Mg__StateRequest request = MG__STATE_REQUEST__INIT;
        bson_t body;
        char id[16];
        s_account(1, i, id, &body);
        op.collection = mg_bus_bytes(mg_slice_text("accounts"));
        op.body = mg_bus_bytes(mg_document_slice(&body));
        write.n_ops = 1;
        write.ops = list;
        request.body_case = MG__STATE_REQUEST__BODY_WRITE;
        request.write = &write;
        test_ask_begin(writer, &request.base, WAIT_MS, &written);
        while (atomic_load_explicit(&s_version, memory_order_acquire) == version) {
        }
        mg_link_receive(reader);
        mg_viewref_t *newer = s_view_of(&next);
        assert_int_equal(s_sum(mg_viewref_view(newer)), i);
        assert_true(mg_view_version(mg_viewref_view(newer)) > version);
        mg_state_give_back(reader, &view);
        view = newer;
        CHECK_OK(s_status_and_free((Mg__StateReply *)test_ask_end(writer, &written)));
        bson_destroy(&body);
    }
    mg_state_give_back(reader, &view);
    mg_link_destroy(&reader);
    mg_link_destroy(&writer);
    mg_actor_stop(&actor);
}

static void
test_a_wait_for_a_view_ends_with_a_release_and_with_another_wait(void **state)
{
    (void)state;
    zactor_t *actor = s_start();
    mg_link_t *link = mg_state_link_new(4);
    mg_viewref_t *view = s_open(link);
    uint64_t version = mg_view_version(mg_viewref_view(view));
    test_answer_t first = {0};
    test_answer_t second = {0};
    s_ask_next(link, version, &first);
    s_ask_next(link, version, &second);
    CHECK_STATUS(MG_ERR_CLOSED, s_status_and_free((Mg__StateReply *)test_ask_end(link, &first)));
    mg_state_give_back(link, &view);
    CHECK_STATUS(MG_ERR_CLOSED, s_status_and_free((Mg__StateReply *)test_ask_end(link, &second)));
    test_answer_t third = {0};
    s_ask_next(link, version - 1, &third); /* there is one already */
    (void)test_ask_end(link, &third);
    view = s_view_of(&third);
    assert_int_equal(s_views_out(link), 1);
    mg_state_give_back(link, &view);
    mg_link_destroy(&link);
    mg_actor_stop(&actor);
}

static void
test_swap_replaces_everything_but_live_revocations(void **state)
{
    (void)state;
    zactor_t *actor = s_start();
    mg_link_t *link = mg_state_link_new(4);
    CHECK_OK(s_put_two(link, 1, 1, 2, 2));
    bson_t revocation = BSON_INITIALIZER;
    BSON_APPEND_UTF8(&revocation, "type", "jti");
    BSON_APPEND_UTF8(&revocation, "username", "ann");
    BSON_APPEND_UTF8(&revocation, "jti", "123");
    Mg__Op op = MG__OP__INIT;
    Mg__Op *list[] = {&op};
    op.collection = mg_bus_bytes(mg_slice_text("revocations"));
    op.body = mg_bus_bytes(mg_document_slice(&revocation));
    Mg__Write write = MG__WRITE__INIT;
    write.n_ops = 1;
    write.ops = list;
    CHECK_OK(s_status_and_free(s_ask(link, MG__STATE_REQUEST__BODY_WRITE, &write)));
    bson_destroy(&revocation);

    mg_viewref_t *before = s_open(link);
    mg_store_t *loaded = mg_store_new();
    Mg__Swap swap = MG__SWAP__INIT;
    swap.store = mg_storeref_send(&loaded);
    swap.keep_revocations = true;
    CHECK_OK(s_status_and_free(s_ask(link, MG__STATE_REQUEST__BODY_SWAP, &swap)));
    mg_viewref_t *after = s_open(link);
    assert_int_equal(s_sum(mg_viewref_view(before)), 3);
    assert_int_equal(s_sum(mg_viewref_view(after)), 0);
    assert_non_null(mg_view_find(mg_viewref_view(after), MG_COLLECTION_REVOCATIONS,
                                 mg_slice_text("jti/ann/123")));
    assert_true(mg_view_version(mg_viewref_view(after)) > mg_view_version(mg_viewref_view(before)));
    mg_state_give_back(link, &before);
    mg_state_give_back(link, &after);
    mg_link_destroy(&link);
    mg_actor_stop(&actor);
}

static void
test_link_refuses_what_exceeds_its_window(void **state)
{
    (void)state;
    zactor_t *actor = s_start();
    mg_link_t *link = mg_state_link_new(2);
    Mg__StatsQuery query = MG__STATS_QUERY__INIT;
    Mg__StateRequest request = MG__STATE_REQUEST__INIT;
    request.body_case = MG__STATE_REQUEST__BODY_STATS;
    request.stats = &query;
    test_answer_t answers[2] = {0};
    int64_t deadline_ms = mg_clock_mono_ms() + WAIT_MS;
    CHECK_OK(mg_link_ask(link, &request.base, deadline_ms, test_on_answer, &answers[0]));
    CHECK_OK(mg_link_ask(link, &request.base, deadline_ms, test_on_answer, &answers[1]));
    CHECK_STATUS(MG_ERR_BUSY, mg_link_ask(link, &request.base, deadline_ms, test_on_answer, NULL));
    mg_link_destroy(&link); /* ends both */
    for (int i = 0; i < 2; i++) {
        CHECK_STATUS(MG_ERR_CLOSED, answers[i].status);
    }
    mg_actor_stop(&actor);
}

static void
test_enums_of_schema_and_store_agree(void **state)
{
    (void)state;
    assert_int_equal(MG__OP__KIND__PUT, MG_OP_PUT);
    assert_int_equal(MG__OP__KIND__PATCH, MG_OP_PATCH);
    assert_int_equal(MG__OP__KIND__DELETE, MG_OP_DELETE);
    assert_int_equal(MG__OP__CONDITION__ANY, MG_IF_ANY);
    assert_int_equal(MG__OP__CONDITION__ABSENT, MG_IF_ABSENT);
    assert_int_equal(MG__OP__CONDITION__PRESENT, MG_IF_PRESENT);
    assert_int_equal(MG__OP__CONDITION__REV, MG_IF_REV);
}

int
main(void)
{
    zsys_handler_set(NULL);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_readers_see_whole_versions_while_one_writes),
        cmocka_unit_test(test_version_is_announced_before_the_acknowledgement),
        cmocka_unit_test(test_frozen_state_refuses_writes_and_serves_views),
        cmocka_unit_test(test_a_freeze_for_good_outlives_every_thaw),
        cmocka_unit_test(test_one_actor_may_not_hold_too_many_views),
        cmocka_unit_test(test_view_that_comes_too_late_is_given_back),
        cmocka_unit_test(test_a_view_asked_for_ahead_is_there_with_its_version),
        cmocka_unit_test(test_a_wait_for_a_view_ends_with_a_release_and_with_another_wait),
        cmocka_unit_test(test_swap_replaces_everything_but_live_revocations),
        cmocka_unit_test(test_link_refuses_what_exceeds_its_window),
        cmocka_unit_test(test_enums_of_schema_and_store_agree),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    zsys_shutdown();
    return failed;
}
