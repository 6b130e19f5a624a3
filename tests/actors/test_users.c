/* Users over real HTTP: platform-api.md section 5. */
#include "support/platform.h"

#include <string.h>

static void
test_user_is_created_with_a_strong_password_only(void **state)
{
    (void)state;
    static const char post[] = "POST /platform/user";
    static const char form[] = "{\"username\":\"erin\",\"email\":\"erin@x.test\",\"role\":"
                               "\"users\",\"password\":\"%s\"%s}";
    char body[1024];
    (void)snprintf(body, sizeof body, form, "short", "");
    CALL(post, test_admin, body, "422 password");
    (void)snprintf(body, sizeof body, form, "only-lower-case-letters", "");
    CALL(post, test_admin, body, "400 USR005");
    (void)snprintf(body, sizeof body, form, TEST_USER_PASSWORD,
                   ",\"custom_attributes\":{\"1\":1,\"2\":1,\"3\":1,\"4\":1,\"5\":1,\"6\":1,\"7\":"
                   "1,\"8\":1,\"9\":1,\"a\":1,\"b\":1}");
    CALL(post, test_admin, body, "400 USR016");
    (void)snprintf(body, sizeof body, form, TEST_USER_PASSWORD,
                   ",\"throttle_wait_duration\":0.1,\"rate_limit_duration\":\"7\"");
    CALL(post, test_admin, body, "201");
    CALL(post, test_admin, body, "400 USR001");
    CALL("GET /platform/user/erin", test_admin, NULL, "200 \"rate_limit_duration\":7");
    CALL("GET /platform/user/erin", test_admin, NULL, "200 \"throttle_wait_duration\":0");
    CALL("GET /platform/user/email/erin@x.test", test_admin, NULL, "200 \"username\":\"erin\"");
    CALL("GET /platform/user/email/none@x.test", test_admin, NULL, "404 USR002");
    CALL("GET /platform/user/nobody", test_admin, NULL, "404 USR002");
    CALL("DELETE /platform/user/erin", test_admin, NULL, "200");
    CALL("DELETE /platform/user/erin", test_admin, NULL, "404 USR002");
}

static void
test_no_answer_shows_a_password_or_hash(void **state)
{
    (void)state;
    static const char *const lines[] = {"GET /platform/user/admin", "GET /platform/user/me",
                                        "GET /platform/user",
                                        ("GET /platform/user/email/" TEST_ADMIN_EMAIL)};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        test_response_t response;
        test_call(&test_platform, lines[i], test_admin, NULL, &response);
        assert_int_equal(response.status, 200);
        assert_null(strstr(response.body, "password"));
        assert_null(strstr(response.body, "argon2"));
        assert_null(strstr(response.body, "_id\""));
        test_response_free(&response);
    }
}

static void
test_super_admin_can_only_be_limited(void **state)
{
    (void)state;
    CALL("PUT /platform/user/admin", test_admin,
         "{\"rate_limit_duration\":1000000,\"throttle_queue_limit\":5}", "200");
    CALL("GET /platform/user/admin", test_admin, NULL, "200 \"rate_limit_duration\":1000000");
    CALL("PUT /platform/user/admin", test_admin, "{\"role\":\"users\"}", "403 super");
    CALL("PUT /platform/user/admin", test_admin, "{\"password\":\"" TEST_USER_PASSWORD "\"}",
         "403 USR020");
    CALL("DELETE /platform/user/admin", test_admin, NULL, "403 super");
    CALL("PUT /platform/user/admin/update-password", test_admin,
         "{\"new_password\":\"" TEST_USER_PASSWORD "\"}", "403 USR022");
}

static void
test_user_may_change_itself_but_not_who_it_is(void **state)
{
    (void)state;
    char *frank = test_user("frank", "users", "");
    char *grace = test_user("grace", "users", "");
    CALL("PUT /platform/user/frank", frank, "{\"email\":\"new@x.test\"}", "200");
    CALL("PUT /platform/user/frank", frank, "{}", "200");
    CALL("PUT /platform/user/frank", frank, "{\"email\":\"grace@x.test\"}", "400 USR001");
    CALL("PUT /platform/user/frank", frank, "{\"role\":\"admin\",\"active\":true}",
         "403 role, active");
    CALL("PUT /platform/user/grace", frank, "{\"email\":\"x@x.test\"}", "403 USR006");
    CALL("GET /platform/user/grace", frank, NULL, "403 USR008");
    CALL("GET /platform/user/email/grace@x.test", frank, NULL, "403 USR008");
    CALL("GET /platform/user/frank", frank, NULL, "200 new@x.test");
    CALL("GET /platform/user/admin", frank, NULL, "404 {\"error_message\"");
    CALL("DELETE /platform/user/grace", frank, NULL, "403 USR007");
    test_response_t response;
    test_call(&test_platform, "GET /platform/user/all", frank, NULL, &response);
    assert_null(strstr(response.body, "\"username\":\"admin\""));
    assert_non_null(strstr(response.body, "\"username\":\"grace\""));
    test_response_free(&response);
    CALL("DELETE /platform/user/grace", grace, NULL, "200");
    CALL("GET /platform/user/me", grace, NULL, "401 GTW998");
    CALL("DELETE /platform/user/frank", test_admin, NULL, "200");
    free(frank);
    free(grace);
}

static void
test_manager_who_is_no_admin_cannot_touch_or_make_admins(void **state)
{
    (void)state;
    char *heidi = test_user("heidi", "managers", ",\"manage_users\":true");
    char *ivan = test_user("ivan", "admin", "");
    CALL("PUT /platform/user/ivan", heidi, "{\"email\":\"i@x.test\"}", "403 USR012");
    CALL("DELETE /platform/user/ivan", heidi, NULL, "403 USR014");
    CALL("PUT /platform/user/ivan/update-password", heidi,
         "{\"new_password\":\"" TEST_USER_PASSWORD "\"}", "403 USR012");
    CALL("PUT /platform/user/heidi", heidi, "{\"role\":\"admin\"}", "403 USR013");
    CALL("POST /platform/user", heidi,
         "{\"username\":\"judy\",\"email\":\"j@x.test\",\"password\":\"" TEST_USER_PASSWORD
         "\",\"role\":\"admin\"}",
         "403 USR015");
    CALL("DELETE /platform/user/ivan", test_admin, NULL, "200");
    CALL("DELETE /platform/user/heidi", test_admin, NULL, "200");
    free(heidi);
    free(ivan);
}

static void
test_changed_password_is_hashed_and_logs_in(void **state)
{
    (void)state;
    char *token = test_user("kim", "users", "");
    CALL("PUT /platform/user/kim/update-password", token, "{\"new_password\":\"weak-password\"}",
         "400 USR005");
    CALL("PUT /platform/user/kim/update-password", token,
         "{\"new_password\":\"Another-Good-One-22\"}", "200");
    CALL("POST /platform/authorization", NULL,
         "{\"email\":\"kim\",\"password\":\"" TEST_USER_PASSWORD "\"}", "400 AUTH002");
    free(test_login(&test_platform, "kim@x.test", "Another-Good-One-22"));
    CALL("PUT /platform/user/kim", test_admin,
         "{\"password\":\"A-Third-Password-33\",\"username\":\"kimberley\"}", "200");
    free(test_login(&test_platform, "kimberley", "A-Third-Password-33"));
    CALL("GET /platform/user/kim", test_admin, NULL, "404 USR002");
    CALL("DELETE /platform/user/kimberley", test_admin, NULL, "200");
    free(token);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_user_is_created_with_a_strong_password_only),
        cmocka_unit_test(test_no_answer_shows_a_password_or_hash),
        cmocka_unit_test(test_super_admin_can_only_be_limited),
        cmocka_unit_test(test_user_may_change_itself_but_not_who_it_is),
        cmocka_unit_test(test_manager_who_is_no_admin_cannot_touch_or_make_admins),
        cmocka_unit_test(test_changed_password_is_hashed_and_logs_in),
    };
    return cmocka_run_group_tests(tests, test_platform_open, test_platform_close);
}
