/* Who connects: the login limit, tickets, the reaper, dump paths in settings. */
#include "gateway/connections.h"
#include "gateway/dumphint.h"
#include "gateway/ratelimit.h"
#include "gateway/slots.h"
#include "support/check.h"

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

static void
test_reaper_ends_a_connection_whose_head_takes_too_long(void **state)
{
    (void)state;
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    mg_connections_t connections = {0};
    mg_connection_t *connection = mg_connections_add(&connections, pair[0], 1000);
    mg_connection_enter(connection, MG_STAGE_HEAD, 2000);
    assert_int_equal(mg_connections_reap(&connections, 2000 + MG_HEAD_MS - 1), 0);
    mg_connection_enter(connection, MG_STAGE_WAITING, 3000);
    assert_int_equal(mg_connections_reap(&connections, 1000000000), 0);
    mg_connection_enter(connection, MG_STAGE_HEAD, 2000);
    assert_int_equal(mg_connections_reap(&connections, 2000 + MG_HEAD_MS), 1);
    char byte;
    assert_int_equal(recv(pair[1], &byte, 1, 0), 0);
    mg_connections_remove(&connections, &connection);
    assert_int_equal(connections.count, 0);
    (void)close(pair[0]);
    (void)close(pair[1]);
}

static void
test_reaper_ends_a_connection_whose_client_left_in_the_middle(void **state)
{
    (void)state;
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    mg_connections_t connections = {0};
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
        cmocka_unit_test(test_used_ticket_finds_nothing_even_when_its_slot_is_taken_again),
        cmocka_unit_test(test_reaper_ends_a_connection_whose_head_takes_too_long),
        cmocka_unit_test(test_reaper_ends_a_connection_whose_client_left_in_the_middle),
        cmocka_unit_test(test_dump_path_in_settings_stays_inside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
