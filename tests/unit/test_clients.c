/* Who connects: the login limit, tickets, the reaper, dump paths in settings. */
#include "gateway/connections.h"
#include "gateway/dumphint.h"
#include "gateway/ratelimit.h"
#include "gateway/slots.h"
#include "support/check.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void
test_rate_limit_counts_per_client_and_window(void **state)
{
    (void)state;
    mg_ratelimit_t *limit = mg_ratelimit_new(2, 10);
    mg_slice_t ann = mg_slice_text("192.0.2.1");
    assert_int_equal(mg_ratelimit_take(limit, ann, 1000).remaining, 1);
    assert_true(mg_ratelimit_take(limit, ann, 2000).allowed);
    mg_ratelimit_verdict_t over = mg_ratelimit_take(limit, ann, 10999);
    assert_false(over.allowed);
    assert_int_equal(over.reset_s, 1);
    assert_true(mg_ratelimit_take(limit, mg_slice_text("192.0.2.2"), 2000).allowed);
    assert_true(mg_ratelimit_take(limit, ann, 11000).allowed);
    mg_ratelimit_destroy(&limit);
    assert_null(limit);
    limit = mg_ratelimit_new(0, 10);
    assert_true(mg_ratelimit_take(limit, ann, 0).allowed);
    mg_ratelimit_destroy(&limit);
}

/* What is written down of one table makes another one as strict. */
static void
test_rate_limit_can_be_written_down_and_read_again(void **state)
{
    (void)state;
    mg_ratelimit_t *before = mg_ratelimit_new(3, 10);
    mg_ratelimit_t *after = mg_ratelimit_new(3, 10);
    char client[32];
    for (int i = 0; i < 300; i++) {
        (void)snprintf(client, sizeof client, "192.0.2.%d", i);
        (void)mg_ratelimit_take(before, mg_slice_text(client), 1000 + i);
        (void)mg_ratelimit_take(before, mg_slice_text(client), 1000 + i);
    }
    unsigned count = 0;
    for (int shard = 0; shard < MG_RATELIMIT_SHARDS; shard++) {
        mg_ratelimit_count_t at_hand;
        for (size_t at = 0; mg_ratelimit_next(before, shard, &at, &at_hand); count++) {
            assert_int_equal(mg_ratelimit_shard(at_hand.client), shard);
            mg_ratelimit_restore(after, &at_hand, 2000);
        }
    }
    assert_int_equal(count, 300);
    assert_true(mg_ratelimit_shards(before, 2000) == mg_ratelimit_shards(after, 2000));
    for (int i = 0; i < 300; i++) {
        (void)snprintf(client, sizeof client, "192.0.2.%d", i);
        assert_int_equal(mg_ratelimit_take(after, mg_slice_text(client), 3000).remaining, 0);
        assert_false(mg_ratelimit_take(after, mg_slice_text(client), 11000 + i - 1).allowed);
        assert_true(mg_ratelimit_take(after, mg_slice_text(client), 11000 + i).allowed);
    }
    assert_int_equal(mg_ratelimit_shards(before, 1000000), 0);
    mg_ratelimit_destroy(&before);
    mg_ratelimit_destroy(&after);
}

static void
test_rate_limit_takes_over_only_what_is_stricter(void **state)
{
    (void)state;
    mg_ratelimit_t *limit = mg_ratelimit_new(3, 10);
    mg_slice_t ann = mg_slice_text("192.0.2.1");
    mg_ratelimit_restore(limit, &(mg_ratelimit_count_t){ann, 2, 999}, 1000); /* it has ended */
    assert_int_equal(mg_ratelimit_take(limit, ann, 1000).remaining, 2);
    mg_ratelimit_restore(limit, &(mg_ratelimit_count_t){ann, 1, 9000}, 2000); /* known already */
    assert_int_equal(mg_ratelimit_take(limit, ann, 2000).remaining, 1);
    mg_ratelimit_restore(limit, &(mg_ratelimit_count_t){ann, 1000000, INT64_MAX}, 2000);
    mg_ratelimit_verdict_t verdict = mg_ratelimit_take(limit, ann, 2000);
    assert_false(verdict.allowed);
    assert_int_equal(verdict.remaining, 0);
    assert_int_equal(verdict.reset_s, 10); /* no window is longer than one is now */
    mg_ratelimit_destroy(&limit);
}

static void
test_used_ticket_finds_nothing_even_when_its_slot_is_taken_again(void **state)
{
    (void)state;
    mg_slots_t *slots = mg_slots_new(2);
    int items[3];
    mg_ticket_t first = mg_slots_park(slots, &items[0], 10);
    mg_ticket_t second = mg_slots_park(slots, &items[1], 20);
    assert_int_equal(mg_slots_park(slots, &items[2], 30), MG_TICKET_NONE);
    assert_ptr_equal(mg_slots_take(slots, first), &items[0]);
    mg_ticket_t third = mg_slots_park(slots, &items[2], 30);
    assert_null(mg_slots_take(slots, first));
    assert_null(mg_slots_take(slots, MG_TICKET_NONE));
    assert_null(mg_slots_take(slots, UINT64_MAX));
    assert_null(mg_slots_take_expired(slots, 19));
    assert_ptr_equal(mg_slots_take_expired(slots, 20), &items[1]);
    assert_null(mg_slots_take(slots, second));
    assert_int_equal(mg_slots_waiting(slots), 1);
    assert_ptr_equal(mg_slots_take(slots, third), &items[2]);
    mg_slots_destroy(&slots);
    assert_null(mg_slots_new(0));
}

/* A list with the limits of this test, and one connection on it from 1000 on. */
typedef struct reaped {
    mg_connections_t connections;
    mg_connection_t *connection;
    int ours;
    int theirs;
} reaped_t;

static const mg_connection_limits_t s_limits = {.head_ms = 10000,
                                                .idle_ms = 75000,
                                                .transfer_ms = 10000,
                                                .rate = 1000};

static void
s_watch(reaped_t *self, int ours, int theirs)
{
    *self = (reaped_t){.connections.limits = s_limits, .ours = ours, .theirs = theirs};
    self->connection = mg_connections_add(&self->connections, ours, 1000);
}

static void
s_watch_pair(reaped_t *self)
{
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    s_watch(self, pair[0], pair[1]);
}

static void
s_forget(reaped_t *self)
{
    mg_connections_remove(&self->connections, &self->connection);
    assert_int_equal(self->connections.count, 0);
    (void)close(self->ours);
    (void)close(self->theirs);
}

/* In this stage from 2000 on, its time is over after so many milliseconds and not before. */
static void
s_expect_time(reaped_t *self, int64_t limit_ms)
{
    assert_int_equal(mg_connections_reap(&self->connections, 2000 + limit_ms - 1), 0);
    assert_int_equal(mg_connections_reap(&self->connections, 2000 + limit_ms), 1);
    char byte;
    assert_int_equal(recv(self->theirs, &byte, 1, 0), 0);
}

static void
test_reaper_gives_each_stage_its_time(void **state)
{
    (void)state;
    static const struct {
        mg_stage_t stage;
        uint64_t moved;
        int64_t limit_ms;
    } cases[] = {
        {MG_STAGE_HEAD, 0, 10000},    {MG_STAGE_HEAD, 5000, 10000},
        {MG_STAGE_BODY, 0, 10000},    {MG_STAGE_BODY, 999, 10000},
        {MG_STAGE_BODY, 5000, 15000}, {MG_STAGE_ANSWER, 0, 10000},
        {MG_STAGE_IDLE, 0, 75000},    {MG_STAGE_BODY, UINT64_MAX, INT32_MAX * 1000LL + 10000},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        reaped_t reaped;
        s_watch_pair(&reaped);
        mg_connection_enter(reaped.connection, cases[i].stage, 2000);
        mg_connection_advance(reaped.connection, cases[i].moved);
        s_expect_time(&reaped, cases[i].limit_ms);
        s_forget(&reaped);
    }
}

static void
test_reaper_begins_with_the_first_head_and_leaves_who_waits(void **state)
{
    (void)state;
    reaped_t reaped;
    s_watch_pair(&reaped);
    assert_int_equal(mg_connections_reap(&reaped.connections, 1000 + 9999), 0);
    mg_connection_enter(reaped.connection, MG_STAGE_WAITING, 3000);
    assert_int_equal(mg_connections_reap(&reaped.connections, 1000000000), 0);
    mg_connection_enter(reaped.connection, MG_STAGE_HEAD, 2000);
    s_expect_time(&reaped, 10000);
    s_forget(&reaped);
}

/* Both ends of a TCP connection whose client takes little at a time. */
static void
s_watch_tcp(reaped_t *self)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof address;
    int few = 4096;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    int theirs = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(setsockopt(theirs, SOL_SOCKET, SO_RCVBUF, &few, sizeof few), 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
    assert_int_equal(connect(theirs, (struct sockaddr *)&address, len), 0);
    s_watch(self, accept(listener, NULL, NULL), theirs);
    (void)close(listener);
}

/* The library has written all of the answer, the kernel has not got rid of it: that is no silence between requests. */
static void
test_reaper_sees_who_does_not_read_what_the_kernel_holds(void **state)
{
    (void)state;
    enum { ANSWER = 60000 };
    static char bytes[ANSWER];
    reaped_t reaped;
    s_watch_tcp(&reaped);
    assert_int_equal(send(reaped.ours, bytes, ANSWER, 0), ANSWER);
    mg_connection_enter(reaped.connection, MG_STAGE_IDLE, 2000);
    assert_int_equal(mg_connections_reap(&reaped.connections, 11999), 0);
    size_t got = 0;
    while (got < ANSWER / 2) { /* half of it: as long as that takes, and no longer */
        ssize_t more = recv(reaped.theirs, bytes, sizeof bytes, 0);
        assert_true(more > 0);
        got += (size_t)more;
    }
    assert_int_equal(mg_connections_reap(&reaped.connections, 2000 + 10000 + 5000), 0);
    assert_int_equal(mg_connections_reap(&reaped.connections, 2000 + 10000 + 60000), 1);
    s_forget(&reaped);
}

static void
test_reaper_ends_a_connection_whose_client_left_in_the_middle(void **state)
{
    (void)state;
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    mg_connections_t connections = {.limits = s_limits};
    mg_connection_t *connection = mg_connections_add(&connections, pair[0], 1000);
    mg_connection_enter(connection, MG_STAGE_BODY, 1000);
    assert_int_equal(send(pair[1], "x", 1, 0), 1);
    assert_int_equal(shutdown(pair[1], SHUT_WR), 0);
    assert_int_equal(mg_connections_reap(&connections, 1001), 0); /* a byte is still to be read */
    char byte;
    assert_int_equal(recv(pair[0], &byte, 1, 0), 1);
    mg_connection_enter(connection, MG_STAGE_WAITING, 1000);
    assert_int_equal(mg_connections_reap(&connections, 1001), 0); /* it may want the answer */
    mg_connection_enter(connection, MG_STAGE_BODY, 1000);
    assert_int_equal(mg_connections_reap(&connections, 1001), 1);
    mg_connections_remove(&connections, &connection);
    (void)close(pair[0]);
    (void)close(pair[1]);
}

static void
test_dump_path_in_settings_stays_inside(void **state)
{
    (void)state;
    mg_buf_t hint = {0};
    mg_dumphint_absolute("data/memory_dump.bin", "/app", &hint);
    assert_string_equal(mg_buf_text(&hint), "/app/data/memory_dump.bin");
    static const char *const inside[] = {"x.bin", "sub/x.bin", "sub/", "/app/data/x.bin"};
    for (size_t i = 0; i < sizeof inside / sizeof *inside; i++) {
        assert_true(mg_dumphint_confines(mg_buf_slice(&hint), mg_slice_text(inside[i])));
    }
    static const char *const outside[] = {
        "",   "/app/x.bin", "/app/database/x", "/etc/passwd", "../x", "a/../x",
        ".x", "a//b",       "/app/data/../x",  "a;b",         "a\nb"};
    for (size_t i = 0; i < sizeof outside / sizeof *outside; i++) {
        assert_false(mg_dumphint_confines(mg_buf_slice(&hint), mg_slice_text(outside[i])));
    }
    mg_buf_free(&hint);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rate_limit_counts_per_client_and_window),
        cmocka_unit_test(test_rate_limit_can_be_written_down_and_read_again),
        cmocka_unit_test(test_rate_limit_takes_over_only_what_is_stricter),
        cmocka_unit_test(test_used_ticket_finds_nothing_even_when_its_slot_is_taken_again),
        cmocka_unit_test(test_reaper_gives_each_stage_its_time),
        cmocka_unit_test(test_reaper_begins_with_the_first_head_and_leaves_who_waits),
        cmocka_unit_test(test_reaper_sees_who_does_not_read_what_the_kernel_holds),
        cmocka_unit_test(test_reaper_ends_a_connection_whose_client_left_in_the_middle),
        cmocka_unit_test(test_dump_path_in_settings_stays_inside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
