#include "gateway/gate.h"
#include "support/check.h"

#include <string.h>

/* A head of at most four headers, "Name: value" each. */
static mg_gate_verdict_t
s_check(const char *line, const char *const *lines, size_t count, mg_framing_t *out)
{
    mg_header_t headers[4];
    for (size_t i = 0; i < count; i++) {
        const char *colon = strchr(lines[i], ':');
        headers[i].name = mg_slice(lines[i], (size_t)(colon - lines[i]));
        headers[i].value = mg_slice_text(colon + 2);
    }
    const char *target = strchr(line, ' ') + 1;
    const char *version = strrchr(line, ' ') + 1;
    const mg_head_t head = {.method = mg_slice(line, (size_t)(target - 1 - line)),
                            .target = mg_slice(target, (size_t)(version - 1 - target)),
                            .version = mg_slice_text(version),
                            .headers = headers,
                            .header_count = count};
    return mg_gate_check(&head, out);
}

#define HEAD(line, ...)                                                                            \
    s_check(line, (const char *const[]){__VA_ARGS__},                                              \
            sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *), &framing)

static void
test_good_heads_pass_and_tell_the_framing(void **state)
{
    (void)state;
    mg_framing_t framing = {0};
    assert_int_equal(HEAD("POST /a?b=%20 HTTP/1.1", "Host: a.b:80", "Content-Length: 12"),
                     MG_GATE_PASS);
    assert_int_equal(framing.method, MG_METHOD_POST);
    assert_true(framing.has_length && !framing.chunked);
    assert_int_equal(framing.length, 12);
    assert_int_equal(HEAD("PUT / HTTP/1.1", "hOST: [::1]:80", "transfer-encoding: Chunked"),
                     MG_GATE_PASS);
    assert_true(framing.chunked && !framing.has_length);
    assert_int_equal(HEAD("GET / HTTP/1.0", "X: y\tz \xc3\xa9"), MG_GATE_PASS);
    assert_int_equal(HEAD("GET / HTTP/1.1", "Host: a", "Content-Length: 999999999999999999"),
                     MG_GATE_PASS);
}

static void
test_each_rule_has_its_verdict(void **state)
{
    (void)state;
    mg_framing_t framing = {.length = 99};
    assert_int_equal(HEAD("TRACE / HTTP/1.1", "Host: a"), MG_GATE_METHOD);
    assert_int_equal(HEAD("GET / HTTP/1.2", "Host: a"), MG_GATE_VERSION);
    assert_int_equal(HEAD("GET / http/1.1", "Host: a"), MG_GATE_VERSION);
    assert_int_equal(HEAD("GET a HTTP/1.1", "Host: a"), MG_GATE_TARGET);
    assert_int_equal(HEAD("GET /# HTTP/1.1", "Host: a"), MG_GATE_TARGET);
    assert_int_equal(HEAD("GET /\x80 HTTP/1.1", "Host: a"), MG_GATE_TARGET);
    assert_int_equal(HEAD("GET / HTTP/1.1", "Host: a", "X y: z"), MG_GATE_NAME);
    assert_int_equal(HEAD("GET / HTTP/1.1", "Host: a", ": z"), MG_GATE_NAME);
    assert_int_equal(HEAD("GET / HTTP/1.1", "Host: a", "X: a\rb"), MG_GATE_VALUE);
    assert_int_equal(HEAD("GET / HTTP/1.1", "Host: a", "Content-Length2: 4"), MG_GATE_LOOKALIKE);
    assert_int_equal(HEAD("GET / HTTP/1.1", "Host: a", "Hosts: b"), MG_GATE_LOOKALIKE);
    assert_int_equal(HEAD("GET / HTTP/1.1", "Host: a", "host: a"), MG_GATE_REPEATED);
    assert_int_equal(
        HEAD("GET / HTTP/1.1", "Host: a", "Content-Length: 0", "Transfer-Encoding: chunked"),
        MG_GATE_REPEATED);
    assert_int_equal(HEAD("GET / HTTP/1.1", "Host: a", "Content-Length: 4,4"), MG_GATE_LENGTH);
    assert_int_equal(HEAD("GET / HTTP/1.1", "Host: a", "Content-Length: "), MG_GATE_LENGTH);
    assert_int_equal(HEAD("GET / HTTP/1.1", "Host: a", "Content-Length: 1000000000000000000"),
                     MG_GATE_LENGTH);
    assert_int_equal(HEAD("GET / HTTP/1.1", "Host: a", "Transfer-Encoding: gzip"), MG_GATE_CODING);
    assert_int_equal(HEAD("GET / HTTP/1.0", "Transfer-Encoding: chunked"), MG_GATE_CODING);
    assert_int_equal(HEAD("GET / HTTP/1.1", "X: y"), MG_GATE_HOST);
    assert_int_equal(HEAD("GET / HTTP/1.0", "Host: a@b"), MG_GATE_HOST);
    assert_int_equal(framing.length, 99); /* untouched by all of them */
}

static void
test_header_count_and_target_length_are_limited(void **state)
{
    (void)state;
    static mg_header_t headers[MG_GATE_HEADERS_MAX + 1];
    for (size_t i = 0; i <= MG_GATE_HEADERS_MAX; i++) {
        headers[i] = (mg_header_t){mg_slice_text("X"), mg_slice_text("y")};
    }
    headers[0] = (mg_header_t){mg_slice_text("Host"), mg_slice_text("a")};
    static char target[MG_GATE_TARGET_MAX + 1];
    memset(target, '/', sizeof target);
    mg_head_t head = {.method = mg_slice_text("GET"),
                      .target = mg_slice(target, MG_GATE_TARGET_MAX),
                      .version = mg_slice_text("HTTP/1.1"),
                      .headers = headers,
                      .header_count = MG_GATE_HEADERS_MAX};
    mg_framing_t framing;
    assert_int_equal(mg_gate_check(&head, &framing), MG_GATE_PASS);
    head.header_count++;
    assert_int_equal(mg_gate_check(&head, &framing), MG_GATE_HEADER_COUNT);
    head.header_count--;
    head.target.len++;
    assert_int_equal(mg_gate_check(&head, &framing), MG_GATE_TARGET);
}

/* "Host: a" NUL "hidden": the library reports "a" alone, but the head's size tells. */
static void
test_bytes_that_no_part_accounts_for_are_refused(void **state)
{
    (void)state;
    static const char bytes[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    const mg_header_t host = {mg_slice_text("Host"), mg_slice_text("a")};
    mg_head_t head = {.method = mg_slice_text("GET"),
                      .target = mg_slice_text("/"),
                      .version = mg_slice_text("HTTP/1.1"),
                      .headers = &host,
                      .header_count = 1,
                      .size = sizeof bytes - 1};
    mg_framing_t framing;
    assert_int_equal(mg_gate_check(&head, &framing), MG_GATE_PASS);
    head.size++;
    assert_int_equal(mg_gate_check(&head, &framing), MG_GATE_HIDDEN);
}

static void
test_every_verdict_has_a_sentence(void **state)
{
    (void)state;
    for (int i = MG_GATE_METHOD; i < MG_GATE_VERDICTS; i++) {
        assert_true(strlen(mg_gate_text((mg_gate_verdict_t)i)) > 10);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_heads_pass_and_tell_the_framing),
        cmocka_unit_test(test_each_rule_has_its_verdict),
        cmocka_unit_test(test_header_count_and_target_length_are_limited),
        cmocka_unit_test(test_bytes_that_no_part_accounts_for_are_refused),
        cmocka_unit_test(test_every_verdict_has_a_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
