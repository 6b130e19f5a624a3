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
        headers[i].blanks = 1;
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

/* What request smuggling is made of: each head breaks one rule, and the rule is named. Lines are "Name: value". */
typedef struct gate_case {
    const char *line;
    const char *headers[4]; /* NULL ends them */
    mg_gate_verdict_t verdict;
} gate_case_t;

#define GET11  "GET / HTTP/1.1"
#define POST11 "POST / HTTP/1.1"

static const gate_case_t s_cases[] = {
    /* methods */
    {"get / HTTP/1.1", {"Host: a"}, MG_GATE_METHOD},
    {"CONNECT / HTTP/1.1", {"Host: a"}, MG_GATE_METHOD},
    {"GETX / HTTP/1.1", {"Host: a"}, MG_GATE_METHOD},
    {"GE / HTTP/1.1", {"Host: a"}, MG_GATE_METHOD},
    {"PRI / HTTP/2.0", {"Host: a"}, MG_GATE_METHOD},
    {" / HTTP/1.1", {"Host: a"}, MG_GATE_METHOD},
    /* versions */
    {"GET / HTTP/2.0", {"Host: a"}, MG_GATE_VERSION},
    {"GET / HTTP/0.9", {NULL}, MG_GATE_VERSION},
    {"GET / HTTP/1.10", {"Host: a"}, MG_GATE_VERSION},
    {"GET / HTTP/1.", {"Host: a"}, MG_GATE_VERSION},
    {"GET / HTTP/01.1", {"Host: a"}, MG_GATE_VERSION},
    {"GET / HTTP/1.1\t", {"Host: a"}, MG_GATE_VERSION},
    {"GET / ", {"Host: a"}, MG_GATE_VERSION},
    /* targets */
    {"GET  HTTP/1.1", {"Host: a"}, MG_GATE_TARGET},
    {"OPTIONS * HTTP/1.1", {"Host: a"}, MG_GATE_TARGET},
    {"GET http://b/ HTTP/1.1", {"Host: a"}, MG_GATE_TARGET},
    {"GET ?a HTTP/1.1", {"Host: a"}, MG_GATE_TARGET},
    {"GET /a b HTTP/1.1", {"Host: a"}, MG_GATE_TARGET},
    {"GET /a\tb HTTP/1.1", {"Host: a"}, MG_GATE_TARGET},
    {"GET /a\rb HTTP/1.1", {"Host: a"}, MG_GATE_TARGET},
    {"GET /\x7f HTTP/1.1", {"Host: a"}, MG_GATE_TARGET},
    {"GET /\xc3\xa9 HTTP/1.1", {"Host: a"}, MG_GATE_TARGET},
    {"GET /a\\..\\b HTTP/1.1", {"Host: a"}, MG_GATE_TARGET},
    {"GET /<a> HTTP/1.1", {"Host: a"}, MG_GATE_TARGET},
    {"GET /\"a HTTP/1.1", {"Host: a"}, MG_GATE_TARGET},
    {"GET /{a} HTTP/1.1", {"Host: a"}, MG_GATE_TARGET},
    /* header names */
    {POST11, {"Host: a", "Content-Length : 4"}, MG_GATE_NAME},
    {POST11, {"Host: a", "Transfer-Encoding\t: chunked"}, MG_GATE_NAME},
    {POST11, {"Host: a", " Content-Length: 4"}, MG_GATE_NAME},
    {POST11, {"Host: a", "\tContent-Length: 4"}, MG_GATE_NAME},
    {POST11,
     {"Host: a", "\x0b"
                 "Content-Length: 4"},
     MG_GATE_NAME},
    {POST11,
     {"Host: a", "\xe2\x80\x8b"
                 "Content-Length: 4"},
     MG_GATE_NAME},
    {GET11, {"Host: a", "X\r: b"}, MG_GATE_NAME},
    {GET11, {"Host: a", "X(y): b"}, MG_GATE_NAME},
    {GET11, {"Host: a", "\"X\": b"}, MG_GATE_NAME},
    {GET11, {"Host: a", "X/Y: b"}, MG_GATE_NAME},
    {GET11, {"Host: a", "X=Y: b"}, MG_GATE_NAME},
    /* header values */
    {GET11, {"Host: a", "X: a\nContent-Length: 4"}, MG_GATE_VALUE},
    {GET11, {"Host: a", "X: a\r\n b"}, MG_GATE_VALUE},
    {GET11, {"Host: a", "X: \x7f"}, MG_GATE_VALUE},
    {GET11, {"Host: a", "X: \x1b[0m"}, MG_GATE_VALUE},
    {POST11,
     {"Host: a", "Transfer-Encoding: \x0b"
                 "chunked"},
     MG_GATE_VALUE},
    {GET11, {"Host: a\x01"}, MG_GATE_VALUE},
    /* names that some other server could take for a framing header */
    {POST11, {"Host: a", "Transfer-Encoding-: chunked"}, MG_GATE_LOOKALIKE},
    {POST11, {"Host: a", "transfer-encodings: chunked"}, MG_GATE_LOOKALIKE},
    {POST11, {"Host: a", "CONTENT-LENGTH_: 4"}, MG_GATE_LOOKALIKE},
    {GET11, {"Host: a", "Host-Name: b"}, MG_GATE_LOOKALIKE},
    /* a framing header twice, or both */
    {POST11, {"Host: a", "Content-Length: 4", "Content-Length: 4"}, MG_GATE_REPEATED},
    {POST11, {"Host: a", "Content-Length: 4", "content-length: 5"}, MG_GATE_REPEATED},
    {POST11,
     {"Host: a", "Transfer-Encoding: chunked", "Transfer-Encoding: chunked"},
     MG_GATE_REPEATED},
    {POST11,
     {"Host: a", "Transfer-Encoding: gzip", "TRANSFER-ENCODING: chunked"},
     MG_GATE_REPEATED},
    {POST11, {"Host: a", "Transfer-Encoding: chunked", "Content-Length: 4"}, MG_GATE_REPEATED},
    {POST11, {"Host: a", "Transfer-Encoding: x", "Content-Length: x"}, MG_GATE_REPEATED},
    {"POST / HTTP/1.0", {"Transfer-Encoding: chunked", "Content-Length: 4"}, MG_GATE_REPEATED},
    {GET11, {"Host: a", "Host: b"}, MG_GATE_REPEATED},
    {GET11, {"Host: a", "X: y", "HOST: "}, MG_GATE_REPEATED},
    /* lengths */
    {POST11, {"Host: a", "Content-Length: +4"}, MG_GATE_LENGTH},
    {POST11, {"Host: a", "Content-Length: -4"}, MG_GATE_LENGTH},
    {POST11, {"Host: a", "Content-Length: 0x4"}, MG_GATE_LENGTH},
    {POST11, {"Host: a", "Content-Length: 4.0"}, MG_GATE_LENGTH},
    {POST11, {"Host: a", "Content-Length: 4e1"}, MG_GATE_LENGTH},
    {POST11, {"Host: a", "Content-Length: 4 4"}, MG_GATE_LENGTH},
    {POST11, {"Host: a", "Content-Length: 4;"}, MG_GATE_LENGTH},
    {POST11, {"Host: a", "Content-Length: 4, 5"}, MG_GATE_LENGTH},
    {POST11, {"Host: a", "Content-Length:  4"}, MG_GATE_LENGTH},
    {POST11, {"Host: a", "Content-Length: 4\t"}, MG_GATE_LENGTH},
    {POST11, {"Host: a", "Content-Length: \xef\xbc\x94"}, MG_GATE_LENGTH},
    {POST11, {"Host: a", "Content-Length: 18446744073709551617"}, MG_GATE_LENGTH},
    {POST11, {"Host: a", "Content-Length: 0000000000000000004"}, MG_GATE_LENGTH},
    /* codings */
    {POST11, {"Host: a", "Transfer-Encoding: "}, MG_GATE_CODING},
    {POST11, {"Host: a", "Transfer-Encoding: identity"}, MG_GATE_CODING},
    {POST11, {"Host: a", "Transfer-Encoding: gzip, chunked"}, MG_GATE_CODING},
    {POST11, {"Host: a", "Transfer-Encoding: chunked, identity"}, MG_GATE_CODING},
    {POST11, {"Host: a", "Transfer-Encoding: chunked,"}, MG_GATE_CODING},
    {POST11, {"Host: a", "Transfer-Encoding: chunked "}, MG_GATE_CODING},
    {POST11, {"Host: a", "Transfer-Encoding: chunked;q=1"}, MG_GATE_CODING},
    {POST11, {"Host: a", "Transfer-Encoding: \"chunked\""}, MG_GATE_CODING},
    {POST11, {"Host: a", "Transfer-Encoding: xchunked"}, MG_GATE_CODING},
    {POST11, {"Host: a", "Transfer-Encoding: chunke"}, MG_GATE_CODING},
    {"POST / HTTP/1.0", {"Host: a", "Transfer-Encoding: chunked"}, MG_GATE_CODING},
    /* hosts */
    {GET11, {NULL}, MG_GATE_HOST},
    {GET11, {"Host: "}, MG_GATE_HOST},
    {GET11, {"Host: a b"}, MG_GATE_HOST},
    {GET11, {"Host: a/b"}, MG_GATE_HOST},
    {GET11, {"Host: a?b"}, MG_GATE_HOST},
    {GET11, {"Host: u:p@a"}, MG_GATE_HOST},
    {GET11, {"Host: a, b"}, MG_GATE_HOST},
    {GET11, {"Host: \xc3\xa9"}, MG_GATE_HOST},
    {"GET / HTTP/1.0", {"Host: "}, MG_GATE_HOST},
    /* and what has to pass */
    {"GET / HTTP/1.0", {NULL}, MG_GATE_PASS},
    {"OPTIONS //a/../%00?b=%zz&c HTTP/1.1", {"Host: a"}, MG_GATE_PASS},
    {"DELETE /~a;b=(c)!*':@,$&+[] HTTP/1.1", {"Host: a"}, MG_GATE_PASS},
    {"HEAD / HTTP/1.1", {"HOST: A.example:8080"}, MG_GATE_PASS},
    {"PATCH / HTTP/1.1", {"Host: a", "X: ", "X: "}, MG_GATE_PASS},
    {POST11, {"Host: a", "Content-Length: 0004"}, MG_GATE_PASS},
    {POST11, {"Host: a", "Content-Type: a", "Content: b", "Hos: c"}, MG_GATE_PASS},
    {GET11, {"Host: a", "X-Content-Length: 4", "!#$%&'*+-.^_`|~09aZ: y"}, MG_GATE_PASS},
};

static void
test_each_way_to_smuggle_meets_its_rule(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof s_cases / sizeof *s_cases; i++) {
        const gate_case_t *one = &s_cases[i];
        size_t count = 0;
        while (count < 4 && one->headers[count]) {
            count++;
        }
        mg_framing_t framing = {.length = 99};
        mg_gate_verdict_t verdict = s_check(one->line, one->headers, count, &framing);
        if (verdict != one->verdict) {
            fail_msg("case %zu, \"%s\", \"%s\": \"%s\", not \"%s\"", i, one->line,
                     count ? one->headers[count - 1] : "", mg_gate_text(verdict),
                     mg_gate_text(one->verdict));
        }
        assert_true(verdict == MG_GATE_PASS || framing.length == 99);
    }
}

/* Texts above cannot hold a NUL. */
static void
test_no_part_may_hold_a_nul(void **state)
{
    (void)state;
    mg_header_t headers[] = {{mg_slice_text("Host"), mg_slice_text("a"), 1},
                             {mg_slice_text("Xy"), mg_slice_text("zz"), 1}};
    const mg_head_t good = {.method = mg_slice_text("GET"),
                            .target = mg_slice_text("/a"),
                            .version = mg_slice_text("HTTP/1.1"),
                            .headers = headers,
                            .header_count = 2};
    mg_framing_t framing;
    assert_int_equal(mg_gate_check(&good, &framing), MG_GATE_PASS);
    mg_head_t head = good;
    head.method = mg_slice("GET", 4);
    assert_int_equal(mg_gate_check(&head, &framing), MG_GATE_METHOD);
    head = good;
    head.version = mg_slice("HTTP/1.1", 9);
    assert_int_equal(mg_gate_check(&head, &framing), MG_GATE_VERSION);
    head = good;
    head.target = mg_slice("/a", 3);
    assert_int_equal(mg_gate_check(&head, &framing), MG_GATE_TARGET);
    headers[1].name = mg_slice("Xy", 3);
    assert_int_equal(mg_gate_check(&good, &framing), MG_GATE_NAME);
    headers[1].name = mg_slice("Xy", 2);
    headers[1].value = mg_slice("zz", 3);
    assert_int_equal(mg_gate_check(&good, &framing), MG_GATE_VALUE);
    headers[1] = (mg_header_t){mg_slice_text("Content-Length"), mg_slice("4", 2), 1};
    assert_int_equal(mg_gate_check(&good, &framing), MG_GATE_VALUE);
}

static void
test_header_count_and_target_length_are_limited(void **state)
{
    (void)state;
    static mg_header_t headers[MG_GATE_HEADERS_MAX + 1];
    for (size_t i = 0; i <= MG_GATE_HEADERS_MAX; i++) {
        headers[i] = (mg_header_t){mg_slice_text("X"), mg_slice_text("y"), 1};
    }
    headers[0] = (mg_header_t){mg_slice_text("Host"), mg_slice_text("a"), 1};
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
    const mg_header_t host = {mg_slice_text("Host"), mg_slice_text("a"), 1};
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

/* "Host:a" NUL and "Host: \t  a": what stands before a value is counted, and hides nothing. */
static void
test_any_number_of_blanks_may_stand_before_a_value(void **state)
{
    (void)state;
    for (size_t blanks = 0; blanks < 20; blanks++) {
        const mg_header_t host = {mg_slice_text("Host"), mg_slice_text("a"), blanks};
        mg_head_t head = {.method = mg_slice_text("GET"),
                          .target = mg_slice_text("/"),
                          .version = mg_slice_text("HTTP/1.1"),
                          .headers = &host,
                          .header_count = 1,
                          .size = sizeof "GET / HTTP/1.1\r\nHost:a\r\n\r\n" - 1 + blanks};
        mg_framing_t framing;
        assert_int_equal(mg_gate_check(&head, &framing), MG_GATE_PASS);
        head.size++;
        assert_int_equal(mg_gate_check(&head, &framing), MG_GATE_HIDDEN);
    }
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
        cmocka_unit_test(test_each_way_to_smuggle_meets_its_rule),
        cmocka_unit_test(test_no_part_may_hold_a_nul),
        cmocka_unit_test(test_header_count_and_target_length_are_limited),
        cmocka_unit_test(test_bytes_that_no_part_accounts_for_are_refused),
        cmocka_unit_test(test_any_number_of_blanks_may_stand_before_a_value),
        cmocka_unit_test(test_every_verdict_has_a_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
