/* The platform API over real HTTP: each rule of platform-api.md sections 3 to 6, 10 and 11 that a client can see. */
#include "support/world.h"

#include <crypt.h>
#include <string.h>

static test_world_t s_world;
static char *s_admin; /* a token */

#define CALL(line, token, body, expected) test_expect(&s_world, line, token, body, expected)

#define PASSWORD                          "Longer-than-16-chars"

static int
s_open(void **state)
{
    (void)state;
    test_world_open(&s_world);
    s_admin = test_login(&s_world, TEST_ADMIN_EMAIL, TEST_ADMIN_PASSWORD);
    return 0;
}

static int
s_close(void **state)
{
    (void)state;
    free(s_admin);
    test_world_stop(&s_world);
    return 0;
}

/* Creates a user with a role (made with `flags` when it is not there) and logs it in. */
static char *
s_user(const char *name, const char *role, const char *flags)
{
    char body[512];
    (void)snprintf(body, sizeof body, "{\"role_name\":\"%s\"%s}", role, flags);
    test_response_t made;
    test_call(&s_world, "POST /platform/role", s_admin, body, &made);
    test_response_free(&made);
    (void)snprintf(body, sizeof body,
                   "{\"username\":\"%s\",\"email\":\"%s@x.test\",\"password\":\"" PASSWORD
                   "\",\"role\":\"%s\"}",
                   name, name, role);
    CALL("POST /platform/user", s_admin, body, "201 created");
    return test_login(&s_world, name, PASSWORD);
}

/* --- section 3 --- */

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
    test_call(&s_world, "POST /platform/authorization", NULL,
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
    (void)snprintf(request, sizeof request, form, "Bearer nonsense", s_admin);
    test_raw(s_world.port, request, &response);
    assert_int_equal(response.status, 200);
    test_response_free(&response);
    (void)snprintf(request, sizeof request, form, s_admin, "nonsense");
    test_raw(s_world.port, request, &response);
    assert_int_equal(response.status, 401);
    test_response_free(&response);
    CALL("GET /platform/authorization/status", NULL, NULL, "401 AUTH005");
    CALL("POST /platform/authorization/refresh", NULL, NULL, "401 AUTH003");
}

static void
test_invalidated_token_is_refused_at_once_and_others_are_not(void **state)
{
    (void)state;
    char *token = test_login(&s_world, "admin", TEST_ADMIN_PASSWORD);
    CALL("GET /platform/authorization/status", token, NULL, "200 valid");
    CALL("POST /platform/authorization/invalidate", token, NULL, "200 message");
    CALL("GET /platform/authorization/status", token, NULL, "401 AUTH005");
    CALL("GET /platform/authorization/status", s_admin, NULL, "200 valid");
    free(token);
}

static void
test_refresh_gives_a_full_token(void **state)
{
    (void)state;
    test_response_t response;
    test_call(&s_world, "POST /platform/authorization/refresh", s_admin, NULL, &response);
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
    test_call(&s_world, "GET /platform/user/imported", s_admin, NULL, &first);
    free(test_login(&s_world, "imported", "imported-password"));
    test_call(&s_world, "GET /platform/user/imported", s_admin, NULL, &before);
    free(test_login(&s_world, "imported@x.test", "imported-password"));
    test_call(&s_world, "GET /platform/user/imported", s_admin, NULL, &after);
    char etag[64];
    (void)snprintf(etag, sizeof etag, "%s", test_header(&before, "ETag"));
    assert_string_not_equal(etag,
                            test_header(&first, "ETag"));   /* the first login wrote a new hash */
    assert_string_equal(etag, test_header(&after, "ETag")); /* the second login wrote nothing */
    test_response_free(&first);
    test_response_free(&before);
    test_response_free(&after);
    CALL("DELETE /platform/user/imported", s_admin, NULL, "200");
}

/* --- section 4 --- */

static void
test_role_lives_through_create_read_update_delete(void **state)
{
    (void)state;
    CALL("POST /platform/role", s_admin,
         "{\"role_name\":\"ops\",\"manage_apis\":true,\"unknown\":1}", "201 created");
    CALL("POST /platform/role", s_admin, "{\"role_name\":\"ops\"}", "400 ROLE001");
    CALL("GET /platform/role/ops", s_admin, NULL, "200 \"manage_apis\":true");
    CALL("PUT /platform/role/ops", s_admin, "{\"manage_apis\":\"false\",\"view_logs\":1}",
         "200 \"view_logs\":true");
    CALL("GET /platform/role/ops", s_admin, NULL, "200 \"manage_apis\":false");
    CALL("PUT /platform/role/ops", s_admin, "{\"role_name\":\"other\"}", "400 ROLE005");
    CALL("PUT /platform/role/ops", s_admin, "{\"x\":1}", "400 ROLE007");
    CALL("PUT /platform/role/none", s_admin, "{\"view_logs\":true}", "400 ROLE004");
    CALL("DELETE /platform/role/ops", s_admin, NULL, "200 deleted");
    CALL("DELETE /platform/role/ops", s_admin, NULL, "400 ROLE004");
    CALL("GET /platform/role/ops", s_admin, NULL, "404 ROLE004");
}

static void
test_body_that_does_not_fit_is_422_and_names_the_field(void **state)
{
    (void)state;
    CALL("POST /platform/role", s_admin, "{}", "422 role_name is required");
    CALL("POST /platform/role", s_admin, "{\"role_name\":\"\"}", "422 VAL001");
    CALL("POST /platform/role", s_admin, "{\"role_name\":\"r\",\"view_logs\":\"perhaps\"}",
         "422 view_logs");
    CALL("POST /platform/group", s_admin, "{\"group_name\":\"g\",\"api_access\":\"x\"}",
         "422 api_access");
    CALL("POST /platform/role", s_admin, "[1]", "422 VAL001");
    CALL("POST /platform/role", s_admin, "{\"role_name\":\"a\",\"role_name\":\"b\"}", "422 VAL001");
}

static void
test_permission_is_the_role_of_this_moment(void **state)
{
    (void)state;
    char *token = s_user("carol", "carols", "");
    CALL("POST /platform/group", token, "{\"group_name\":\"g1\"}", "403 GRP008");
    CALL("PUT /platform/role/carols", s_admin, "{\"manage_groups\":true}", "200");
    CALL("POST /platform/group", token, "{\"group_name\":\"g1\"}", "201");
    CALL("PUT /platform/role/carols", s_admin, "{\"manage_groups\":false}", "200");
    CALL("DELETE /platform/group/g1", token, NULL, "403 GRP010");
    CALL("DELETE /platform/group/g1", s_admin, NULL, "200");
    CALL("PUT /platform/user/carol", s_admin, "{\"active\":false}", "200");
    CALL("GET /platform/user/me", token, NULL, "401 GTW998");
    CALL("POST /platform/authorization", NULL,
         "{\"email\":\"carol\",\"password\":\"" PASSWORD "\"}", "400 AUTH007");
    CALL("DELETE /platform/user/carol", s_admin, NULL, "200");
    free(token);
}

static void
test_admin_roles_are_hidden_from_others(void **state)
{
    (void)state;
    char *token = s_user("dave", "daves", ",\"manage_roles\":true");
    CALL("GET /platform/role/admin", token, NULL, "404 {\"error_message\"");
    CALL("POST /platform/role", token, "{\"role_name\":\"Platform Admin\"}", "403 ROLE013");
    CALL("PUT /platform/role/admin", token, "{\"view_logs\":false}", "403 ROLE014");
    CALL("DELETE /platform/role/admin", token, NULL, "403 ROLE016");
    test_response_t response;
    test_call(&s_world, "GET /platform/role?page_size=200", token, NULL, &response);
    assert_int_equal(response.status, 200);
    assert_null(strstr(response.body, "\"role_name\":\"admin\""));
    assert_null(strstr(response.body, "\"total\""));
    test_response_free(&response);
    CALL("DELETE /platform/user/dave", s_admin, NULL, "200");
    free(token);
}

static void
test_group_lives_through_create_read_update_delete(void **state)
{
    (void)state;
    CALL("POST /platform/group", s_admin, "{\"group_name\":\"team a/b\",\"api_access\":[\"x\",2]}",
         "201");
    CALL("POST /platform/group", s_admin, "{\"group_name\":\"team a/b\"}", "400 GRP001");
    CALL("GET /platform/group/team%20a%2Fb", s_admin, NULL, "200 \"api_access\":[\"x\",\"2\"]");
    CALL("PUT /platform/group/team%20a%2fb", s_admin, "{\"group_description\":\"d\"}",
         "200 updated");
    CALL("PUT /platform/group/team%20a%2fb", s_admin, "{\"group_name\":\"z\"}", "400 GRP004");
    CALL("PUT /platform/group/none", s_admin, "{\"group_description\":\"d\"}", "400 GRP003");
    CALL("PUT /platform/group/ALL", s_admin, "{}", "400 GRP006");
    CALL("GET /platform/group/none", s_admin, NULL, "404 GRP003");
    CALL("DELETE /platform/group/team%20a%2fb", s_admin, NULL, "200");
    CALL("DELETE /platform/group/none", s_admin, NULL, "400 GRP003");
}

static void
test_lists_are_paged_and_sorted(void **state)
{
    (void)state;
    for (int i = 0; i < 25; i++) {
        char body[64];
        (void)snprintf(body, sizeof body, "{\"group_name\":\"paged-%02d\"}", i);
        CALL("POST /platform/group", s_admin, body, "201");
    }
    /* ALL and admin stand before them */
    CALL("GET /platform/group/all?page=2", s_admin, NULL, "200 [{\"group_name\":\"paged-08\"");
    CALL("GET /platform/group/all?page=2", s_admin, NULL,
         "200 \"page\":2,\"page_size\":10,\"has_next\":true,\"total\":27");
    CALL("GET /platform/group?page=3", s_admin, NULL, "200 \"has_next\":false");
    CALL("GET /platform/group?page=9223372036854775807", s_admin, NULL, "200 {\"groups\":[]");
    CALL("GET /platform/group?page=0", s_admin, NULL, "400 PAG001");
    CALL("GET /platform/group?page_size=201", s_admin, NULL, "400 PAG001");
    CALL("GET /platform/group?page=x", s_admin, NULL, "422 VAL001");
    CALL("GET /platform/group?page=%zz", s_admin, NULL, "400 detail");
    for (int i = 0; i < 25; i++) {
        char line[64];
        (void)snprintf(line, sizeof line, "DELETE /platform/group/paged-%02d", i);
        CALL(line, s_admin, NULL, "200");
    }
}

/* --- section 5 --- */

static void
test_user_is_created_with_a_strong_password_only(void **state)
{
    (void)state;
    static const char post[] = "POST /platform/user";
    static const char form[] = "{\"username\":\"erin\",\"email\":\"erin@x.test\",\"role\":"
                               "\"users\",\"password\":\"%s\"%s}";
    char body[1024];
    (void)snprintf(body, sizeof body, form, "short", "");
    CALL(post, s_admin, body, "422 password");
    (void)snprintf(body, sizeof body, form, "only-lower-case-letters", "");
    CALL(post, s_admin, body, "400 USR005");
    (void)snprintf(body, sizeof body, form, PASSWORD,
                   ",\"custom_attributes\":{\"1\":1,\"2\":1,\"3\":1,\"4\":1,\"5\":1,\"6\":1,\"7\":"
                   "1,\"8\":1,\"9\":1,\"a\":1,\"b\":1}");
    CALL(post, s_admin, body, "400 USR016");
    (void)snprintf(body, sizeof body, form, PASSWORD,
                   ",\"throttle_wait_duration\":0.1,\"rate_limit_duration\":\"7\"");
    CALL(post, s_admin, body, "201");
    CALL(post, s_admin, body, "400 USR001");
    CALL("GET /platform/user/erin", s_admin, NULL, "200 \"rate_limit_duration\":7");
    CALL("GET /platform/user/erin", s_admin, NULL, "200 \"throttle_wait_duration\":0");
    CALL("GET /platform/user/email/erin@x.test", s_admin, NULL, "200 \"username\":\"erin\"");
    CALL("GET /platform/user/email/none@x.test", s_admin, NULL, "404 USR002");
    CALL("GET /platform/user/nobody", s_admin, NULL, "404 USR002");
    CALL("DELETE /platform/user/erin", s_admin, NULL, "200");
    CALL("DELETE /platform/user/erin", s_admin, NULL, "404 USR002");
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
        test_call(&s_world, lines[i], s_admin, NULL, &response);
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
    CALL("PUT /platform/user/admin", s_admin,
         "{\"rate_limit_duration\":1000000,\"throttle_queue_limit\":5}", "200");
    CALL("GET /platform/user/admin", s_admin, NULL, "200 \"rate_limit_duration\":1000000");
    CALL("PUT /platform/user/admin", s_admin, "{\"role\":\"users\"}", "403 super");
    CALL("PUT /platform/user/admin", s_admin, "{\"password\":\"" PASSWORD "\"}", "403 USR020");
    CALL("DELETE /platform/user/admin", s_admin, NULL, "403 super");
    CALL("PUT /platform/user/admin/update-password", s_admin, "{\"new_password\":\"" PASSWORD "\"}",
         "403 USR022");
}

static void
test_user_may_change_itself_but_not_who_it_is(void **state)
{
    (void)state;
    char *frank = s_user("frank", "users", "");
    char *grace = s_user("grace", "users", "");
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
    test_call(&s_world, "GET /platform/user/all", frank, NULL, &response);
    assert_null(strstr(response.body, "\"username\":\"admin\""));
    assert_non_null(strstr(response.body, "\"username\":\"grace\""));
    test_response_free(&response);
    CALL("DELETE /platform/user/grace", grace, NULL, "200");
    CALL("GET /platform/user/me", grace, NULL, "401 GTW998");
    CALL("DELETE /platform/user/frank", s_admin, NULL, "200");
    free(frank);
    free(grace);
}

static void
test_manager_who_is_no_admin_cannot_touch_or_make_admins(void **state)
{
    (void)state;
    char *heidi = s_user("heidi", "managers", ",\"manage_users\":true");
    char *ivan = s_user("ivan", "admin", "");
    CALL("PUT /platform/user/ivan", heidi, "{\"email\":\"i@x.test\"}", "403 USR012");
    CALL("DELETE /platform/user/ivan", heidi, NULL, "403 USR014");
    CALL("PUT /platform/user/ivan/update-password", heidi, "{\"new_password\":\"" PASSWORD "\"}",
         "403 USR012");
    CALL("PUT /platform/user/heidi", heidi, "{\"role\":\"admin\"}", "403 USR013");
    CALL("POST /platform/user", heidi,
         "{\"username\":\"judy\",\"email\":\"j@x.test\",\"password\":\"" PASSWORD
         "\",\"role\":\"admin\"}",
         "403 USR015");
    CALL("DELETE /platform/user/ivan", s_admin, NULL, "200");
    CALL("DELETE /platform/user/heidi", s_admin, NULL, "200");
    free(heidi);
    free(ivan);
}

static void
test_changed_password_is_hashed_and_logs_in(void **state)
{
    (void)state;
    char *token = s_user("kim", "users", "");
    CALL("PUT /platform/user/kim/update-password", token, "{\"new_password\":\"weak-password\"}",
         "400 USR005");
    CALL("PUT /platform/user/kim/update-password", token,
         "{\"new_password\":\"Another-Good-One-22\"}", "200");
    CALL("POST /platform/authorization", NULL, "{\"email\":\"kim\",\"password\":\"" PASSWORD "\"}",
         "400 AUTH002");
    free(test_login(&s_world, "kim@x.test", "Another-Good-One-22"));
    CALL("PUT /platform/user/kim", s_admin,
         "{\"password\":\"A-Third-Password-33\",\"username\":\"kimberley\"}", "200");
    free(test_login(&s_world, "kimberley", "A-Third-Password-33"));
    CALL("GET /platform/user/kim", s_admin, NULL, "404 USR002");
    CALL("DELETE /platform/user/kimberley", s_admin, NULL, "200");
    free(token);
}

/* --- section 6 --- */

static void
test_api_lives_through_create_read_update_delete(void **state)
{
    (void)state;
    CALL("GET /platform/api/all", NULL, NULL, "401 API_AUTH");
    CALL("POST /platform/api", NULL, "{}", "401 {\"detail\":\"Unauthorized\"}");
    CALL("POST /platform/api", s_admin,
         "{\"api_name\":\"orders\",\"api_version\":\"v1\",\"api_servers\":[\"http://x\"]}",
         "201 {\"api\":{\"api_name\":\"orders\"");
    CALL("POST /platform/api", s_admin, "{\"api_name\":\"orders\",\"api_version\":\"v1\"}",
         "200 already exists");
    CALL("GET /platform/api/orders/v1", s_admin, NULL, "200 \"api_path\":\"/orders/v1\"");
    CALL("GET /platform/api/orders/v1", s_admin, NULL, "200 \"api_ip_mode\":\"allow_all\"");
    CALL("GET /platform/api/orders/v2", s_admin, NULL, "400 API003");
    CALL("PUT /platform/api/orders/v1", s_admin,
         "{\"api_description\":\"d\",\"api_path\":\"/orders/v1\"}", "200");
    CALL("PUT /platform/api/orders/v1", s_admin, "{\"api_description\":\"d\",\"api_path\":\"/x\"}",
         "400 API005");
    CALL("PUT /platform/api/orders/v1", s_admin, "{\"api_name\":\"other\"}", "400 API005");
    CALL("PUT /platform/api/orders/v1", s_admin, "{}", "400 API006");
    CALL("PUT /platform/api/orders/v1", s_admin,
         "{\"api_public\":true,\"api_credits_enabled\":true}", "400 API013");
    CALL("GET /platform/api?page_size=1", s_admin, NULL, "200 \"total\":1");
    CALL("DELETE /platform/api/orders/v1", s_admin, NULL, "200");
    CALL("GET /platform/api/orders/v1", s_admin, NULL, "400 API003");
}

static void
test_endpoint_belongs_to_an_api(void **state)
{
    (void)state;
    static const char post[] = "POST /platform/endpoint";
    static const char form[] = "{\"api_name\":\"e\",\"api_version\":\"v1\",\"endpoint_method\":\"%"
                               "s\",\"endpoint_uri\":\"%s\",\"endpoint_description\":\"d\"%s}";
    char body[512];
    (void)snprintf(body, sizeof body, form, "GET", "/a/{id}", "");
    CALL(post, s_admin, body, "400 END002");
    CALL("POST /platform/api", s_admin, "{\"api_name\":\"e\",\"api_version\":\"v1\"}", "201");
    CALL("GET /platform/endpoint/e/v1", s_admin, NULL, "400 END005");
    CALL(post, s_admin, body, "201");
    CALL(post, s_admin, body, "400 END001");
    (void)snprintf(body, sizeof body, form, "GET", "/b", ",\"client_uri\":\"/c\"");
    CALL(post, s_admin, body, "201");
    (void)snprintf(body, sizeof body, form, "GET", "/d", ",\"client_uri\":\"/c\"");
    CALL(post, s_admin, body, "400 END001");
    (void)snprintf(body, sizeof body, form, "POST", "/d", ",\"client_uri\":\"/c\"");
    CALL(post, s_admin, body, "201");
    (void)snprintf(body, sizeof body, form, "POST", "d", "");
    CALL(post, s_admin, body, "422 begin with /");
    CALL("GET /platform/endpoint/GET/e/v1/a/%7Bid%7D", s_admin, NULL,
         "200 \"endpoint_uri\":\"/a/{id}\"");
    CALL("GET /platform/endpoint/GET/e/v1/none", s_admin, NULL, "400 END004");
    CALL("GET /platform/endpoint/e/v1", s_admin, NULL, "200 {\"endpoints\":[{");
    CALL("PUT /platform/endpoint/GET/e/v1/b", s_admin, "{\"endpoint_description\":\"new\"}", "200");
    CALL("PUT /platform/endpoint/GET/e/v1/b", s_admin, "{\"endpoint_uri\":\"/z\"}", "400 END006");
    CALL("PUT /platform/endpoint/GET/e/v1/a/%7bid%7d", s_admin, "{\"client_uri\":\"/c\"}",
         "400 END006");
    CALL("PUT /platform/endpoint/GET/e/v1/b", s_admin, "{}", "400 END007");
    CALL("PUT /platform/endpoint/GET/e/v1/none", s_admin, "{\"endpoint_description\":\"n\"}",
         "400 END008");
    CALL("DELETE /platform/endpoint/GET/e/v1/b", s_admin, NULL, "200");
    CALL("DELETE /platform/endpoint/GET/e/v1/b", s_admin, NULL, "400 END004");
    CALL("DELETE /platform/api/e/v1", s_admin, NULL, "200");
}

/* --- sections 10 and 11 --- */

static void
test_memory_routes_pass_the_dump_actors_verdict_on(void **state)
{
    (void)state;
    CALL("POST /platform/memory/dump", s_admin, NULL,
         "200 {\"response\":{\"path\":\"/dumps/memory_dump-1.bin\"}}");
    assert_non_null(strstr(test_fake_requester(), "http user=admin request="));
    CALL("POST /platform/memory/dump", s_admin, "{\"path\":\"" TEST_PATH_INVALID "\"}",
         "400 MEM004");
    CALL("POST /platform/memory/dump", s_admin, "{\"path\":\"" TEST_PATH_DENIED "\"}",
         "403 MEM005");
    CALL("POST /platform/memory/restore", s_admin, "{\"path\":\"" TEST_PATH_MISSING "\"}",
         "404 MEM003");
    CALL("POST /platform/memory/dump", s_admin, "{\"path\":{}}", "422 VAL001");
    CALL("POST /platform/memory/restore", s_admin, "",
         "200 \"version\":1,\"created_at\":\"2026-11-23T05:52:38.123Z\"");
    char *token = s_user("leo", "users", "");
    CALL("POST /platform/memory/dump", token, NULL, "403 SEC003");
    CALL("POST /platform/memory/restore", token, NULL, "403 SEC004");
    CALL("POST /platform/memory/restore", NULL, NULL, "401 Unauthorized");
    CALL("DELETE /platform/user/leo", s_admin, NULL, "200");
    free(token);
}

static void
test_failed_dump_makes_readiness_degraded_until_one_succeeds(void **state)
{
    (void)state;
    CALL("POST /platform/memory/dump", s_admin, "{\"path\":\"" TEST_PATH_BROKEN "\"}",
         "500 GTW999");
    CALL("GET /platform/monitor/readiness", NULL, NULL, "200 {\"status\":\"degraded\"}");
    CALL("POST /platform/memory/dump", s_admin, NULL, "200");
    CALL("GET /platform/monitor/readiness", NULL, NULL, "200 {\"status\":\"ready\"}");
    CALL("GET /platform/monitor/readiness", s_admin, NULL, "200 \"mode\":\"memory\"");
}

static void
test_settings_are_merged_stored_and_told_to_autosave(void **state)
{
    (void)state;
    static const char put[] = "PUT /platform/security/settings";
    unsigned reloads = test_fake_reloads();
    CALL("GET /platform/security/settings", s_admin, NULL,
         "200 \"auto_save_frequency_seconds\":900");
    CALL("GET /platform/security/settings", s_admin, NULL, "200 \"client_ip\":\"127.0.0.1\"");
    CALL("GET /platform/security/settings", s_admin, NULL,
         "200 \"dump_path\":\"/dumps/memory_dump.bin\"");
    CALL(put, s_admin, "{\"enable_auto_save\":true,\"auto_save_frequency_seconds\":120}",
         "200 \"memory_only\":true");
    assert_int_equal(test_fake_reloads(), reloads + 1);
    CALL("GET /platform/security/settings", s_admin, NULL,
         "200 \"auto_save_frequency_seconds\":120");
    CALL(put, s_admin, "{\"auto_save_frequency_seconds\":59}", "422 VAL001");
    CALL(put, s_admin, "{\"dump_path\":\"/etc/passwd\"}", "400 SEC005");
    CALL(put, s_admin, "{\"dump_path\":\"../up\"}", "400 SEC005");
    CALL(put, s_admin, "{\"dump_path\":\"/dumps/other.bin\"}", "200 /dumps/other.bin");
    CALL(put, NULL, "{}", "401");
}

static void
test_blacklist_keeps_others_out_but_never_from_the_settings(void **state)
{
    (void)state;
    static const char put[] = "PUT /platform/security/settings";
    CALL(put, s_admin, "{\"ip_blacklist\":[\"127.0.0.0/8\"],\"allow_localhost_bypass\":false}",
         "200");
    CALL("GET /platform/role", s_admin, NULL, "403 {\"status_code\":403,\"error_code\":\"SEC011\"");
    CALL("GET /platform/monitor/liveness", NULL, NULL, "200");
    CALL(put, s_admin, "{\"ip_blacklist\":[],\"ip_whitelist\":[\"10.0.0.0/8\"]}", "200");
    CALL("GET /platform/role", s_admin, NULL, "403 SEC010");
    CALL(put, s_admin, "{\"ip_whitelist\":[],\"allow_localhost_bypass\":true}", "200");
    CALL("GET /platform/role", s_admin, NULL, "200");
}

static void
test_swap_forgets_sessions_of_the_old_state(void **state)
{
    (void)state;
    test_world_swap(&s_world);
    CALL("GET /platform/user/me", s_admin, NULL,
         "401 GTW998"); /* another store, another signing key */
    free(s_admin);
    s_admin = test_login(&s_world, "admin", TEST_ADMIN_PASSWORD);
    CALL("GET /platform/user/me", s_admin, NULL, "200");
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
        cmocka_unit_test(test_role_lives_through_create_read_update_delete),
        cmocka_unit_test(test_body_that_does_not_fit_is_422_and_names_the_field),
        cmocka_unit_test(test_permission_is_the_role_of_this_moment),
        cmocka_unit_test(test_admin_roles_are_hidden_from_others),
        cmocka_unit_test(test_group_lives_through_create_read_update_delete),
        cmocka_unit_test(test_lists_are_paged_and_sorted),
        cmocka_unit_test(test_user_is_created_with_a_strong_password_only),
        cmocka_unit_test(test_no_answer_shows_a_password_or_hash),
        cmocka_unit_test(test_super_admin_can_only_be_limited),
        cmocka_unit_test(test_user_may_change_itself_but_not_who_it_is),
        cmocka_unit_test(test_manager_who_is_no_admin_cannot_touch_or_make_admins),
        cmocka_unit_test(test_changed_password_is_hashed_and_logs_in),
        cmocka_unit_test(test_api_lives_through_create_read_update_delete),
        cmocka_unit_test(test_endpoint_belongs_to_an_api),
        cmocka_unit_test(test_memory_routes_pass_the_dump_actors_verdict_on),
        cmocka_unit_test(test_failed_dump_makes_readiness_degraded_until_one_succeeds),
        cmocka_unit_test(test_settings_are_merged_stored_and_told_to_autosave),
        cmocka_unit_test(test_blacklist_keeps_others_out_but_never_from_the_settings),
        cmocka_unit_test(test_swap_forgets_sessions_of_the_old_state),
    };
    return cmocka_run_group_tests(tests, s_open, s_close);
}
