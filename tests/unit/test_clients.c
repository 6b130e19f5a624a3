/* Who connects and from where: addresses, the filter, the login limit, tickets, the reaper, dump paths in settings. */
#include "core/document.h"
#include "gateway/connections.h"
#include "gateway/dumphint.h"
#include "gateway/ipfilter.h"
#include "gateway/ratelimit.h"
#include "gateway/slots.h"
#include "support/check.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static mg_address_t
s_address(const char *text)
{
    mg_address_t address;
    CHECK_OK(mg_address_read(mg_slice_text(text), &address));
    return address;
}

static void
test_addresses_and_ranges(void **state)
{
    (void)state;
    mg_address_t v4 = s_address(" 10.1.2.3 ");
    mg_address_t mapped = s_address("::ffff:10.1.2.3");
    assert_memory_equal(&v4, &mapped, sizeof v4);
    char text[MG_ADDRESS_TEXT];
    mg_address_write(&mapped, text);
    assert_string_equal(text, "10.1.2.3");
    assert_true(mg_address_in_range(&v4, mg_slice_text("10.1.2.3")));
    assert_true(mg_address_in_range(&v4, mg_slice_text("10.0.0.0/8")));
    assert_true(mg_address_in_range(&v4, mg_slice_text("10.1.2.2/31")));
    assert_true(mg_address_in_range(&v4, mg_slice_text("0.0.0.0/0")));
    mg_address_t v6 = s_address("2001:db8::1");
    assert_true(mg_address_in_range(&v6, mg_slice_text("2001:db8::/32")));
    static const char *const misses[] = {"",
                                         "x",
                                         "10.1.2.4",
                                         "10.1.2.4/31",
                                         "11.0.0.0/8",
                                         "10.0.0.0/33",
                                         "10.0.0.0/",
                                         "10.0.0.0/-1",
                                         "10.0.0.0/99999999999999999999",
                                         "::/64",
                                         "0.0.0.0/0x"};
    for (size_t i = 0; i < sizeof misses / sizeof *misses; i++) {
        assert_false(mg_address_in_range(&v4, mg_slice_text(misses[i])));
    }
    mg_address_t loopback = s_address("127.9.9.9");
    assert_true(mg_address_is_loopback(&loopback));
    assert_false(mg_address_is_loopback(&v6));
}

/* Settings with one text in each list; NULL: an empty list. */
static void
s_settings(bson_t *out, const char *white, const char *black, const char *proxies)
{
    const char *const names[] = {"ip_whitelist", "ip_blacklist", "xff_trusted_proxies"};
    const char *const items[] = {white, black, proxies};
    bson_init(out);
    BSON_APPEND_BOOL(out, "trust_x_forwarded_for", true);
    for (int i = 0; i < 3; i++) {
        bson_t list;
        BSON_APPEND_ARRAY_BEGIN(out, names[i], &list);
        if (items[i]) {
            BSON_APPEND_UTF8(&list, "0", items[i]);
        }
        bson_append_array_end(out, &list);
    }
}

static mg_ipfilter_verdict_t
s_filter(const char *white, const char *black, const char *peer, const char *forwarded)
{
    bson_t settings;
    s_settings(&settings, white, black, "10.0.0.0/8");
    const mg_origin_t origin = {.peer = s_address(peer), .forwarded_for = mg_slice_text(forwarded)};
    mg_ipfilter_verdict_t verdict = mg_ipfilter_check(mg_document_slice(&settings), &origin, -1);
    bson_destroy(&settings);
    return verdict;
}

static void
test_filter_judges_the_client_behind_a_trusted_proxy(void **state)
{
    (void)state;
    assert_int_equal(s_filter(NULL, NULL, "192.0.2.1", NULL), MG_IPFILTER_PASS);
    assert_int_equal(s_filter("192.0.2.0/24", NULL, "192.0.2.1", NULL), MG_IPFILTER_PASS);
    assert_int_equal(s_filter("192.0.2.0/24", NULL, "192.0.3.1", NULL), MG_IPFILTER_NOT_LISTED);
    assert_int_equal(s_filter(NULL, "192.0.2.1", "192.0.2.1", NULL), MG_IPFILTER_LISTED);
    assert_int_equal(s_filter(NULL, "192.0.2.1", "10.0.0.1", "192.0.2.1, 10.0.0.2"),
                     MG_IPFILTER_LISTED);
    assert_int_equal(s_filter(NULL, "192.0.2.1", "11.0.0.1", "192.0.2.1"),
                     MG_IPFILTER_PASS); /* no proxy of ours */
    assert_int_equal(s_filter("10.9.9.9", NULL, "127.0.0.1", NULL), MG_IPFILTER_PASS); /* bypass */
    assert_int_equal(s_filter("10.9.9.9", NULL, "127.0.0.1", "10.9.9.8"), MG_IPFILTER_NOT_LISTED);
}

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
        cmocka_unit_test(test_addresses_and_ranges),
        cmocka_unit_test(test_filter_judges_the_client_behind_a_trusted_proxy),
        cmocka_unit_test(test_rate_limit_counts_per_client_and_window),
        cmocka_unit_test(test_used_ticket_finds_nothing_even_when_its_slot_is_taken_again),
        cmocka_unit_test(test_reaper_ends_a_connection_whose_head_takes_too_long),
        cmocka_unit_test(test_reaper_ends_a_connection_whose_client_left_in_the_middle),
        cmocka_unit_test(test_dump_path_in_settings_stays_inside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
