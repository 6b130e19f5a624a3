/* Text forms of addresses, ranges at every edge, whose address counts behind proxies, and whom the filter lets in. */
#include "core/document.h"
#include "gateway/ipfilter.h"
#include "support/check.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

static mg_address_t
s_address(const char *text)
{
    mg_address_t address;
    CHECK_OK(mg_address_read(mg_slice_text(text), &address));
    return address;
}

static void
test_addresses_are_written_in_one_form(void **state)
{
    (void)state;
    static const char *const forms[][2] = {
        {"0.0.0.0", "0.0.0.0"},
        {"255.255.255.255", "255.255.255.255"},
        {"\t192.0.2.1 ", "192.0.2.1"},
        {"::FFFF:192.0.2.1", "192.0.2.1"},
        {"::ffff:c000:0201", "192.0.2.1"},
        {"2001:0DB8:0:0:0:0:0:1", "2001:db8::1"},
        {"::", "::"},
        {"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255",
         "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
    };
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        mg_address_t address = s_address(forms[i][0]);
        char text[MG_ADDRESS_TEXT];
        mg_address_write(&address, text);
        assert_string_equal(text, forms[i][1]);
    }
}

static void
test_what_is_no_address_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      " ",
                                      "a",
                                      "1",
                                      "1.2.3",
                                      "1.2.3.4.5",
                                      "1.2.3.256",
                                      "1.2.3.-4",
                                      "01.2.3.4",
                                      "0x1.2.3.4",
                                      "1.2.3.4:80",
                                      "[::1]",
                                      "[::1]:80",
                                      "::1%lo",
                                      ":::",
                                      "1::2::3",
                                      "12345::",
                                      "1.2.3.4/32",
                                      "1.2.3.4,5.6.7.8",
                                      "localhost",
                                      "1.2.3. 4",
                                      "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.2555"};
    mg_address_t address;
    memset(&address, 7, sizeof address);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK_STATUS(MG_ERR_INVALID, mg_address_read(mg_slice_text(bad[i]), &address));
    }
    CHECK_STATUS(MG_ERR_INVALID, mg_address_read(mg_slice("1.2.3.4\0x", 9), &address));
    CHECK_STATUS(MG_ERR_INVALID, mg_address_read(mg_slice(NULL, 0), &address));
    assert_int_equal(address.bytes[0], 7); /* untouched by all of them */
}

static void
test_peer_of_a_socket_is_the_same_address_as_its_text(void **state)
{
    (void)state;
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = 80};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    assert_int_equal(inet_pton(AF_INET, "192.0.2.1", &v4.sin_addr), 1);
    assert_int_equal(inet_pton(AF_INET6, "::ffff:192.0.2.1", &v6.sin6_addr), 1);
    mg_address_t expected = s_address("192.0.2.1");
    mg_address_t address;
    CHECK_OK(mg_address_of_socket((const struct sockaddr *)&v4, &address));
    assert_memory_equal(&address, &expected, sizeof address);
    CHECK_OK(mg_address_of_socket((const struct sockaddr *)&v6, &address));
    assert_memory_equal(&address, &expected, sizeof address);
    const struct sockaddr local = {.sa_family = AF_UNIX};
    CHECK_STATUS(MG_ERR_INVALID, mg_address_of_socket(&local, &address));
    CHECK_STATUS(MG_ERR_INVALID, mg_address_of_socket(NULL, &address));
}

static void
test_loopback_is_all_of_127_and_one_of_v6(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool loopback;
    } cases[] = {{"127.0.0.1", true},
                 {"127.255.255.255", true},
                 {"::ffff:127.0.0.1", true},
                 {"::1", true},
                 {"126.255.255.255", false},
                 {"128.0.0.0", false},
                 {"0.0.0.0", false},
                 {"::", false},
                 {"::2", false},
                 {"7f00:1::1", false},
                 {"::127.0.0.1", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mg_address_t address = s_address(cases[i].text);
        assert_int_equal(mg_address_is_loopback(&address), cases[i].loopback);
    }
}

static void
test_ranges_hold_exactly_their_prefix(void **state)
{
    (void)state;
    static const struct {
        const char *address;
        const char *range;
        bool inside;
    } cases[] = {
        {"10.255.255.255", "10.0.0.0/8", true},
        {"11.0.0.0", "10.0.0.0/8", false},
        {"9.255.255.255", "10.0.0.0/8", false},
        {"172.31.255.255", "172.16.0.0/12", true},
        {"172.32.0.0", "172.16.0.0/12", false},
        {"192.0.2.127", "192.0.2.0/25", true},
        {"192.0.2.128", "192.0.2.0/25", false},
        {"192.0.2.1", "192.0.2.200/24", true}, /* bits behind the prefix do not count */
        {"192.0.2.1", " 192.0.2.1/32 ", true},
        {"192.0.2.0", "192.0.2.1/32", false},
        {"255.255.255.255", "0.0.0.0/0", true},
        {"255.255.255.255", "0.0.0.0/1", false},
        {"127.255.255.255", "0.0.0.0/1", true},
        {"::ffff:10.0.0.1", "10.0.0.0/8", true},
        {"2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db8::/32", true},
        {"2001:db9::", "2001:db8::/32", false},
        {"2001:db8::7f", "2001:db8::/121", true},
        {"2001:db8::80", "2001:db8::/121", false},
        {"::1", "::1", true},
        {"::1", "::1/128", true},
        {"::2", "::1/128", false},
        {"::1", "::/129", false},
        {"2001:db8::1", "::/0", true},
        {"192.0.2.1", "::/0", false}, /* v6 ranges hold no v4 client, nor the other way */
        {"2001:db8::1", "0.0.0.0/0", false},
        {"192.0.2.1", "192.0.2.0/024", true},
        {"192.0.2.1", "192.0.2.0/24/24", false},
        {"192.0.2.1", "192.0.2.0/+24", false},
        {"192.0.2.1", "192.0.2.0/2 4", false},
        {"192.0.2.1", "/24", false},
        {"192.0.2.1", "192.0.2/24", false},
        {"192.0.2.1", "192.0.2.0/4294967296", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mg_address_t address = s_address(cases[i].address);
        if (mg_address_in_range(&address, mg_slice_text(cases[i].range)) != cases[i].inside) {
            fail_msg("%s in %s", cases[i].address, cases[i].range);
        }
    }
}

/* Settings that trust forwarding headers of `proxy`; NULL: an empty list, which names no condition. */
static void
s_settings(bson_t *out, bool trust, const char *proxy)
{
    bson_t list;
    bson_init(out);
    BSON_APPEND_BOOL(out, "trust_x_forwarded_for", trust);
    BSON_APPEND_ARRAY_BEGIN(out, "xff_trusted_proxies", &list);
    if (proxy) {
        BSON_APPEND_UTF8(&list, "0", proxy);
    }
    bson_append_array_end(out, &list);
}

static void
s_check_client(const bson_t *settings, mg_origin_t origin, const char *expected)
{
    const mg_ipfilter_t filter = mg_ipfilter_read(mg_document_slice(settings));
    mg_address_t client = mg_ipfilter_client(&filter, &origin);
    char text[MG_ADDRESS_TEXT];
    mg_address_write(&client, text);
    assert_string_equal(text, expected);
}

static void
test_first_forwarding_header_that_holds_an_address_counts(void **state)
{
    (void)state;
    bson_t settings;
    s_settings(&settings, true, "10.0.0.0/8");
    mg_origin_t origin = {.peer = s_address("10.0.0.1"),
                          .forwarded_for = mg_slice_text(" 192.0.2.1 , 192.0.2.9"),
                          .real_ip = mg_slice_text("192.0.2.2"),
                          .connecting_ip = mg_slice_text("2001:db8::3")};
    s_check_client(&settings, origin, "192.0.2.1");
    origin.forwarded_for = mg_slice_text("unknown, 192.0.2.9");
    s_check_client(&settings, origin, "192.0.2.2");
    origin.real_ip = mg_slice_text("192.0.2.2:80");
    s_check_client(&settings, origin, "2001:db8::3");
    origin.connecting_ip = (mg_slice_t){0};
    s_check_client(&settings, origin, "10.0.0.1");
    bson_destroy(&settings);
}

static void
test_forwarding_headers_of_strangers_count_nothing(void **state)
{
    (void)state;
    mg_origin_t origin = {.peer = s_address("11.0.0.1"),
                          .forwarded_for = mg_slice_text("192.0.2.1")};
    bson_t settings;
    s_settings(&settings, true, "10.0.0.0/8");
    s_check_client(&settings, origin, "11.0.0.1");
    bson_destroy(&settings);
    s_settings(&settings, false, "11.0.0.0/8");
    s_check_client(&settings, origin, "11.0.0.1");
    bson_destroy(&settings);
    s_settings(&settings, true, "nonsense"); /* a range that does not parse trusts nobody */
    s_check_client(&settings, origin, "11.0.0.1");
    bson_destroy(&settings);
    s_settings(&settings, true, NULL);
    s_check_client(&settings, origin, "192.0.2.1");
    bson_destroy(&settings);
    const mg_ipfilter_t none = mg_ipfilter_read(mg_slice(NULL, 0));
    mg_address_t client = mg_ipfilter_client(&none, &origin);
    assert_memory_equal(&client, &origin.peer, sizeof client);
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
s_lists(bson_t *out, const char *white, const char *black, const char *proxies)
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
    s_lists(&settings, white, black, "10.0.0.0/8");
    const mg_origin_t origin = {.peer = s_address(peer), .forwarded_for = mg_slice_text(forwarded)};
    const mg_ipfilter_t filter = mg_ipfilter_read(mg_document_slice(&settings));
    mg_ipfilter_verdict_t verdict = mg_ipfilter_check(&filter, &origin, -1);
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
test_a_scraper_is_near_by_itself_or_behind_a_proxy_that_is(void **state)
{
    (void)state;
    static const char list[] = "10.0.0.0/8, 192.0.2.7,,2001:db8::/32";
    static const struct {
        const char *list;
        const char *peer;
        const char *forwarded; /* X-Forwarded-For; NULL: not sent */
        bool near;             /* when proxies are not believed, */
        bool near_behind;      /* and when they are */
    } rows[] = {
        {NULL, "127.0.0.1", NULL, true, true},
        {NULL, "10.1.2.3", NULL, false, false},
        {"", "10.1.2.3", NULL, false, false},
        {list, "10.1.2.3", NULL, true, true},
        {list, "192.0.2.7", NULL, true, true},
        {list, "192.0.2.8", NULL, false, false},
        {list, "2001:db8::9", NULL, true, true},
        {list, "10.1.2.3", "203.0.113.9", false, false},
        {list, "10.1.2.3", "192.0.2.7", false, true},
        {list, "127.0.0.1", "192.0.2.7", false, true},
        {list, "10.1.2.3", "127.0.0.1", false, true},
        {list, "203.0.113.9", "10.1.2.3", false, false}, /* no proxy of ours */
        {list, "10.1.2.3", "10.1.2.3, 203.0.113.9", false, false},
        {list, "10.1.2.3", "203.0.113.9, 10.1.2.3", false, true},
        {list, "10.1.2.3", "", false, false},
        {list, "10.1.2.3", "10.1.2.3,", false, false},
        {list, "10.1.2.3", "unknown", false, false},
        {NULL, "127.0.0.1", "10.1.2.3", false, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        mg_slice_t seen = mg_slice_text(rows[i].forwarded);
        const mg_origin_t origin = {.peer = s_address(rows[i].peer), .forwarded_for = seen};
        if (mg_ipfilter_is_near(rows[i].list, &origin, (mg_slice_t){0}) != rows[i].near ||
            mg_ipfilter_is_near(rows[i].list, &origin, seen) != rows[i].near_behind) {
            fail_msg("row %zu: %s by way of %s", i, rows[i].peer, rows[i].forwarded);
        }
    }
    const mg_origin_t other = {.peer = s_address("10.1.2.3"), .real_ip = mg_slice_text("10.1.2.3")};
    assert_false(mg_ipfilter_is_near(list, &other, (mg_slice_t){0}));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses_are_written_in_one_form),
        cmocka_unit_test(test_what_is_no_address_is_refused),
        cmocka_unit_test(test_peer_of_a_socket_is_the_same_address_as_its_text),
        cmocka_unit_test(test_loopback_is_all_of_127_and_one_of_v6),
        cmocka_unit_test(test_ranges_hold_exactly_their_prefix),
        cmocka_unit_test(test_first_forwarding_header_that_holds_an_address_counts),
        cmocka_unit_test(test_forwarding_headers_of_strangers_count_nothing),
        cmocka_unit_test(test_addresses_and_ranges),
        cmocka_unit_test(test_filter_judges_the_client_behind_a_trusted_proxy),
        cmocka_unit_test(test_a_scraper_is_near_by_itself_or_behind_a_proxy_that_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
