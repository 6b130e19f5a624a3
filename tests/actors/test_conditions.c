/* If-Match, If-None-Match and Idempotency-Key over real HTTP. */
#include "core/clock.h"
#include "core/document.h"
#include "support/platform.h"

#include <stdlib.h>
#include <string.h>

/* One request with one more header. */
static void
s_call(const char *line, const char *header, const char *body, test_response_t *out)
{
    char request[8192];
    int len =
        snprintf(request, sizeof request,
                 "%s HTTP/1.1\r\nHost: a\r\nAuthorization: %s\r\n%s\r\nContent-Length: %zu\r\n"
                 "Connection: close\r\n\r\n%s",
                 line, test_admin, header, strlen(body), body);
    assert_true(len > 0 && (size_t)len < sizeof request);
    test_raw(test_platform.port, request, out);
}

/* `expected`: "<status> <part of the body>". */
static void
s_expect(const char *line, const char *header, const char *body, const char *expected)
{
    test_response_t response;
    s_call(line, header, body, &response);
    unsigned status = (unsigned)strtoul(expected, NULL, 10);
    if (response.status != status || !strstr(response.body, expected + 4)) {
        fail_msg("%s with %s: %u %s, not %s", line, header, response.status, response.body,
                 expected);
    }
    test_response_free(&response);
}

static void
s_read_etag(const char *line, const char *name, char out[96])
{
    test_response_t response;
    test_call(&test_platform, line, test_admin, NULL, &response);
    assert_int_equal(response.status, 200);
    (void)snprintf(out, 96, "%s: %s", name, test_header(&response, "ETag"));
    test_response_free(&response);
}

static void
test_a_copy_is_known_or_old(void **state)
{
    (void)state;
    char known[96];
    char first[96];
    CALL("POST /platform/group", test_admin, "{\"group_name\":\"c\"}", "201");
    s_read_etag("GET /platform/group/c", "If-None-Match", known);
    s_read_etag("GET /platform/group/c", "If-Match", first);
    s_expect("PUT /platform/group/c", first, "{\"group_description\":\"d\"}", "200 updated");
    s_expect("PUT /platform/group/c", first, "{\"group_description\":\"e\"}", "412 PRE001");
    s_expect("GET /platform/group/c", known, "", "200 \"d\"");
    s_expect("DELETE /platform/group/c", first, "", "412 PRE001");
    s_expect("DELETE /platform/group/c", "If-Match: *", "", "200 deleted");
    s_expect("DELETE /platform/group/c", "If-Match: *", "", "400 GRP003");
}

static void
test_what_is_known_is_not_sent(void **state)
{
    (void)state;
    char known[96];
    s_read_etag("GET /platform/role/admin", "If-None-Match", known);
    test_response_t response;
    s_call("HEAD /platform/role/admin", known, "", &response);
    assert_int_equal(response.status, 304);
    test_response_free(&response);
}

static void
test_a_second_time_gives_the_first_answer(void **state)
{
    (void)state;
    static const char line[] = "POST /platform/group";
    static const char key[] = "Idempotency-Key: twice";
    s_expect(line, key, "{\"group_name\":\"twice\"}", "201 created");
    s_expect(line, key, "{\"group_name\":\"twice\"}", "201 created");
    s_expect(line, key, "{\"group_name\":\"other\"}", "422 IDM002");
    s_expect(line, "Idempotency-Key: a b", "{\"group_name\":\"other\"}", "400 IDM001");
    CALL("DELETE /platform/group/twice", test_admin, NULL, "200");
}

static void
test_a_key_is_free_again_when_its_time_is_over(void **state)
{
    (void)state;
    bson_t record = BSON_INITIALIZER;
    BSON_APPEND_UTF8(&record, "_id", "r");
    BSON_APPEND_UTF8(&record, "username", "admin");
    BSON_APPEND_UTF8(&record, "key", "old");
    BSON_APPEND_UTF8(&record, "fingerprint", "of another request");
    test_world_put_until("idempotency_keys", &record, mg_clock_wall_ns() + INT64_C(3600000000000));
    s_expect("POST /platform/group", "Idempotency-Key: old", "{\"group_name\":\"old\"}",
             "422 IDM002");
    test_world_put_until("idempotency_keys", &record, mg_clock_wall_ns() - 1);
    s_expect("POST /platform/group", "Idempotency-Key: old", "{\"group_name\":\"old\"}",
             "201 created");
    CALL("DELETE /platform/group/old", test_admin, NULL, "200");
    bson_destroy(&record);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_copy_is_known_or_old),
        cmocka_unit_test(test_what_is_known_is_not_sent),
        cmocka_unit_test(test_a_second_time_gives_the_first_answer),
        cmocka_unit_test(test_a_key_is_free_again_when_its_time_is_over),
    };
    return cmocka_run_group_tests(tests, test_platform_open, test_platform_close);
}
