/* Sessions over real HTTP: login, tokens, invalidation, imported hashes, a new state. */
#include "support/platform.h"

#include <crypt.h>
#include <string.h>

static void
test_login_answers_each_mistake_with_its_code(void **state)
{
    (void)state;
    static const char login[] = "POST /platform/authorization";
    CALL(login, NULL, "{}", "400 AUTH001");
    CALL(login, NULL, "{\"email\":\"admin\"}", "400 AUTH001");
    CALL(login, NULL, "not json", "400 AUTH004");
    CALL(login, NULL, "{\"email\":\"nobody\",\"password\":\"x\"}", "400 AUTH002");
    CALL(login, NULL, "{\"email\":\"admin\",\"password\":\"wrong\"}", "400 AUTH002");
}

static void
test_login_sets_both_cookies(void **state)
{
    (void)state;
    test_response_t response;
    test_call(&test_platform, "POST /platform/authorization", NULL,
              "{\"email\":\"admin\",\"password\":\"" TEST_ADMIN_PASSWORD "\"}", &response);
    assert_int_equal(response.status, 200);
    assert_non_null(strstr(response.head, "Set-Cookie: csrf_token="));
    const char *access = strstr(response.head, "Set-Cookie: access_token_cookie=");
    assert_non_null(access);
    assert_non_null(strstr(access, "Path=/; Max-Age=1800; HttpOnly; SameSite=Strict"));
    assert_string_equal(test_header(&response, "X-RateLimit-Limit"), "1000");
    test_response_free(&response);
}

static void
test_token_works_as_cookie_and_a_bad_cookie_is_not_rescued(void **state)
{
    (void)state;
    char request[4096];
    static const char form[] = "GET /platform/authorization/status HTTP/1.1\r\nHost: "
                               "x\r\nAuthorization: %s\r\nCookie: a=b; "
                               "access_token_cookie=%s\r\n\r\n";
    test_response_t response;
    (void)snprintf(request, sizeof request, form, "Bearer nonsense", test_admin);
    test_raw(test_platform.port, request, &response);
    assert_int_equal(response.status, 200);
    test_response_free(&response);
    (void)snprintf(request, sizeof request, form, test_admin, "nonsense");
    test_raw(test_platform.port, request, &response);
    assert_int_equal(response.status, 401);
    test_response_free(&response);
    CALL("GET /platform/authorization/status", NULL, NULL, "401 AUTH005");
    CALL("POST /platform/authorization/refresh", NULL, NULL, "401 AUTH003");
}

static void
test_invalidated_token_is_refused_at_once_and_others_are_not(void **state)
{
    (void)state;
    char *token = test_login(&test_platform, "admin", TEST_ADMIN_PASSWORD);
    CALL("GET /platform/authorization/status", token, NULL, "200 valid");
    CALL("POST /platform/authorization/invalidate", token, NULL, "200 message");
    CALL("GET /platform/authorization/status", token, NULL, "401 AUTH005");
    CALL("GET /platform/authorization/status", test_admin, NULL, "200 valid");
    free(token);
}

static void
test_refresh_gives_a_full_token(void **state)
{
    (void)state;
    test_response_t response;
    test_call(&test_platform, "POST /platform/authorization/refresh", test_admin, NULL, &response);
    assert_int_equal(response.status, 200);
    const char *at = strstr(response.body, "{\"refresh_token\":\"");
    assert_non_null(at);
    at += strlen("{\"refresh_token\":\"");
    char *token = strndup(at, strcspn(at, "\""));
    CALL("GET /platform/user/me", token, NULL, "200 \"username\":\"admin\"");
    assert_non_null(strstr(response.head, "Max-Age=604800"));
    free(token);
    test_response_free(&response);
}

/* An imported user logs in with its bcrypt hash; the first login replaces it, and the next one needs it no more. */
static void
test_bcrypt_user_logs_in_and_is_rehashed(void **state)
{
    (void)state;
    struct crypt_data data = {0};
    const char *hash = crypt_r("imported-password", "$2b$04$abcdefghijklmnopqrstuu", &data);
    bson_t user = BSON_INITIALIZER;
    BSON_APPEND_UTF8(&user, "username", "imported");
    BSON_APPEND_UTF8(&user, "email", "imported@x.test");
    BSON_APPEND_UTF8(&user, "role", "users");
    BSON_APPEND_BINARY(&user, "password", BSON_SUBTYPE_BINARY, (const uint8_t *)hash,
                       (uint32_t)strlen(hash));
    test_world_put("users", &user);
    bson_destroy(&user);
    static const char login[] = "POST /platform/authorization";
    CALL(login, NULL, "{\"email\":\"imported\",\"password\":\"other\"}", "400 AUTH002");
    test_response_t before;
    test_response_t after;
    test_response_t first;
    test_call(&test_platform, "GET /platform/user/imported", test_admin, NULL, &first);
    free(test_login(&test_platform, "imported", "imported-password"));
    test_call(&test_platform, "GET /platform/user/imported", test_admin, NULL, &before);
    free(test_login(&test_platform, "imported@x.test", "imported-password"));
    test_call(&test_platform, "GET /platform/user/imported", test_admin, NULL, &after);
    char etag[64];
    (void)snprintf(etag, sizeof etag, "%s", test_header(&before, "ETag"));
    assert_string_not_equal(etag,
                            test_header(&first, "ETag"));   /* the first login wrote a new hash */
    assert_string_equal(etag, test_header(&after, "ETag")); /* the second login wrote nothing */
    test_response_free(&first);
    test_response_free(&before);
    test_response_free(&after);
    CALL("DELETE /platform/user/imported", test_admin, NULL, "200");
}

static void
test_permission_is_the_role_of_this_moment(void **state)
{
    (void)state;
    char *token = test_user("carol", "carols", "");
    CALL("POST /platform/group", token, "{\"group_name\":\"g1\"}", "403 GRP008");
    CALL("PUT /platform/role/carols", test_admin, "{\"manage_groups\":true}", "200");
    CALL("POST /platform/group", token, "{\"group_name\":\"g1\"}", "201");
    CALL("PUT /platform/role/carols", test_admin, "{\"manage_groups\":false}", "200");
    CALL("DELETE /platform/group/g1", token, NULL, "403 GRP010");
    CALL("DELETE /platform/group/g1", test_admin, NULL, "200");
    CALL("PUT /platform/user/carol", test_admin, "{\"active\":false}", "200");
    CALL("GET /platform/user/me", token, NULL, "401 GTW998");
    CALL("POST /platform/authorization", NULL,
         "{\"email\":\"carol\",\"password\":\"" TEST_USER_PASSWORD "\"}", "400 AUTH007");
    CALL("DELETE /platform/user/carol", test_admin, NULL, "200");
    free(token);
}

static void
test_swap_forgets_sessions_of_the_old_state(void **state)
{
    (void)state;
    test_world_swap(&test_platform);
    CALL("GET /platform/user/me", test_admin, NULL,
         "401 GTW998"); /* another store, another signing key */
    free(test_admin);
    test_admin = test_login(&test_platform, "admin", TEST_ADMIN_PASSWORD);
    CALL("GET /platform/user/me", test_admin, NULL, "200");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_login_answers_each_mistake_with_its_code),
        cmocka_unit_test(test_login_sets_both_cookies),
        cmocka_unit_test(test_token_works_as_cookie_and_a_bad_cookie_is_not_rescued),
        cmocka_unit_test(test_invalidated_token_is_refused_at_once_and_others_are_not),
        cmocka_unit_test(test_refresh_gives_a_full_token),
        cmocka_unit_test(test_bcrypt_user_logs_in_and_is_rehashed),
        cmocka_unit_test(test_permission_is_the_role_of_this_moment),
        cmocka_unit_test(test_swap_forgets_sessions_of_the_old_state),
    };
    return cmocka_run_group_tests(tests, test_platform_open, test_platform_close);
}
