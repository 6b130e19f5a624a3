/* Roles, groups, APIs and endpoints over real HTTP: platform-api.md sections 4 and 6 to 9, 12. */
#include "support/platform.h"

#include <string.h>

static void
test_role_lives_through_create_read_update_delete(void **state)
{
    (void)state;
    CALL("POST /platform/role", test_admin,
         "{\"role_name\":\"ops\",\"manage_apis\":true,\"unknown\":1}", "201 created");
    CALL("POST /platform/role", test_admin, "{\"role_name\":\"ops\"}", "400 ROLE001");
    CALL("GET /platform/role/ops", test_admin, NULL, "200 \"manage_apis\":true");
    CALL("PUT /platform/role/ops", test_admin, "{\"manage_apis\":\"false\",\"view_logs\":1}",
         "200 \"view_logs\":true");
    CALL("GET /platform/role/ops", test_admin, NULL, "200 \"manage_apis\":false");
    CALL("PUT /platform/role/ops", test_admin, "{\"role_name\":\"other\"}", "400 ROLE005");
    CALL("PUT /platform/role/ops", test_admin, "{\"x\":1}", "400 ROLE007");
    CALL("PUT /platform/role/none", test_admin, "{\"view_logs\":true}", "400 ROLE004");
    CALL("DELETE /platform/role/ops", test_admin, NULL, "200 deleted");
    CALL("DELETE /platform/role/ops", test_admin, NULL, "400 ROLE004");
    CALL("GET /platform/role/ops", test_admin, NULL, "404 ROLE004");
}

static void
test_body_that_does_not_fit_is_422_and_names_the_field(void **state)
{
    (void)state;
    CALL("POST /platform/role", test_admin, "{}", "422 role_name is required");
    CALL("POST /platform/role", test_admin, "{\"role_name\":\"\"}", "422 VAL001");
    CALL("POST /platform/role", test_admin, "{\"role_name\":\"r\",\"view_logs\":\"perhaps\"}",
         "422 view_logs");
    CALL("POST /platform/group", test_admin, "{\"group_name\":\"g\",\"api_access\":\"x\"}",
         "422 api_access");
    CALL("POST /platform/role", test_admin, "[1]", "422 VAL001");
    CALL("POST /platform/role", test_admin, "{\n \"role_name\": secret}",
         "422 \"error_message\":\"The body is not valid at line 2, column 20: this is not JSON\"");
    CALL("POST /platform/role", test_admin, "{\"a\":1,\"a\":\"secret\"}",
         "422 at line 1, column 10: a field stands twice in one object\"}");
    CALL("POST /platform/role", test_admin, "{\"role_name\":\"a\",\"role_name\":\"b\"}",
         "422 VAL001");
}

static void
test_admin_roles_are_hidden_from_others(void **state)
{
    (void)state;
    char *token = test_user("dave", "daves", ",\"manage_roles\":true");
    CALL("GET /platform/role/admin", token, NULL, "404 {\"error_message\"");
    CALL("POST /platform/role", token, "{\"role_name\":\"Platform Admin\"}", "403 ROLE013");
    CALL("PUT /platform/role/admin", token, "{\"view_logs\":false}", "403 ROLE014");
    CALL("PUT /platform/role/admin", token, "{}", "403 ROLE014");
    CALL("DELETE /platform/role/admin", token, NULL, "403 ROLE016");
    test_response_t response;
    test_call(&test_platform, "GET /platform/role?page_size=200", token, NULL, &response);
    assert_int_equal(response.status, 200);
    assert_null(strstr(response.body, "\"role_name\":\"admin\""));
    assert_null(strstr(response.body, "\"total\""));
    test_response_free(&response);
    CALL("DELETE /platform/user/dave", test_admin, NULL, "200");
    free(token);
}

static void
test_group_lives_through_create_read_update_delete(void **state)
{
    (void)state;
    CALL("POST /platform/group", test_admin,
         "{\"group_name\":\"team a/b\",\"api_access\":[\"x\",2]}", "201");
    CALL("POST /platform/group", test_admin, "{\"group_name\":\"team a/b\"}", "400 GRP001");
    CALL("GET /platform/group/team%20a%2Fb", test_admin, NULL, "200 \"api_access\":[\"x\",\"2\"]");
    CALL("PUT /platform/group/team%20a%2fb", test_admin, "{\"group_description\":\"d\"}",
         "200 updated");
    CALL("PUT /platform/group/team%20a%2fb", test_admin, "{\"group_name\":\"z\"}", "400 GRP004");
    CALL("PUT /platform/group/none", test_admin, "{\"group_description\":\"d\"}", "400 GRP003");
    CALL("PUT /platform/group/ALL", test_admin, "{}", "400 GRP006");
    CALL("GET /platform/group/none", test_admin, NULL, "404 GRP003");
    CALL("DELETE /platform/group/team%20a%2fb", test_admin, NULL, "200");
    CALL("DELETE /platform/group/none", test_admin, NULL, "400 GRP003");
}

/* Whatever a document may be called, a path can name it. */
static void
test_names_are_addressable_or_refused(void **state)
{
    (void)state;
    static const char *const bodies[][2] = {
        {"POST /platform/role", "{\"role_name\":\"a\\u0000b\"}"},
        {"POST /platform/group", "{\"group_name\":\"a\\n\"}"},
        {"POST /platform/api", "{\"api_name\":\"a\\u0000\",\"api_version\":\"v1\"}"},
        {"POST /platform/api", "{\"api_name\":\"a\",\"api_version\":\"v\\u0000\"}"},
        {"POST /platform/user",
         "{\"username\":\"ab\\u0000c\",\"email\":\"n@x.test\",\"role\":\"users\"}"},
        {"POST /platform/user",
         "{\"username\":\"abc\",\"email\":\"n\\u0000@x\",\"role\":\"users\"}"},
    };
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        CALL(bodies[i][0], test_admin, bodies[i][1], "422 VAL001");
    }
    CALL("POST /platform/group", test_admin,
         "{\"group_name\":\"\\u00e9 \\\"/../%\",\"group_description\":\"\\u0000\"}", "201");
    CALL("GET /platform/group/%C3%A9%20%22%2F%2e%2e%2F%25", test_admin, NULL,
         "200 \"group_description\":\"\\u0000\"");
    CALL("DELETE /platform/group/%C3%A9%20%22%2F%2e%2e%2F%25", test_admin, NULL, "200");
}

static void
test_lists_are_paged_and_sorted(void **state)
{
    (void)state;
    for (int i = 0; i < 25; i++) {
        char body[64];
        (void)snprintf(body, sizeof body, "{\"group_name\":\"paged-%02d\"}", i);
        CALL("POST /platform/group", test_admin, body, "201");
    }
    /* ALL and admin stand before them */
    CALL("GET /platform/group/all?page=2", test_admin, NULL, "200 [{\"group_name\":\"paged-08\"");
    CALL("GET /platform/group/all?page=2", test_admin, NULL,
         "200 \"page\":2,\"page_size\":10,\"has_next\":true,\"total\":27");
    CALL("GET /platform/group?page=3", test_admin, NULL, "200 \"has_next\":false");
    CALL("GET /platform/group?page=9223372036854775807", test_admin, NULL, "200 {\"groups\":[]");
    CALL("GET /platform/group?page=0", test_admin, NULL, "400 PAG001");
    CALL("GET /platform/group?page_size=201", test_admin, NULL, "400 PAG001");
    CALL("GET /platform/group?page=99999999999999999999", test_admin, NULL, "200 {\"groups\":[]");
    CALL("GET /platform/group?page_size=99999999999999999999", test_admin, NULL, "400 PAG001");
    CALL("GET /platform/group?page=-99999999999999999999", test_admin, NULL, "400 PAG001");
    CALL("GET /platform/group?page=", test_admin, NULL, "422 VAL001");
    CALL("GET /platform/group?page=-", test_admin, NULL, "422 VAL001");
    CALL("GET /platform/group?page=x", test_admin, NULL, "422 VAL001");
    CALL("GET /platform/group?page=%zz", test_admin, NULL, "400 detail");
    for (int i = 0; i < 25; i++) {
        char line[64];
        (void)snprintf(line, sizeof line, "DELETE /platform/group/paged-%02d", i);
        CALL(line, test_admin, NULL, "200");
    }
}

static void
test_api_lives_through_create_read_update_delete(void **state)
{
    (void)state;
    CALL("GET /platform/api/all", NULL, NULL, "401 API_AUTH");
    CALL("POST /platform/api", NULL, "{}", "401 {\"detail\":\"Unauthorized\"}");
    CALL("POST /platform/api", test_admin,
         "{\"api_name\":\"orders\",\"api_version\":\"v1\",\"api_servers\":[\"http://x\"]}",
         "201 {\"api\":{\"api_name\":\"orders\"");
    CALL("POST /platform/api", test_admin, "{\"api_name\":\"orders\",\"api_version\":\"v1\"}",
         "200 already exists");
    CALL("GET /platform/api/orders/v1", test_admin, NULL, "200 \"api_path\":\"/orders/v1\"");
    CALL("GET /platform/api/orders/v1", test_admin, NULL, "200 \"api_ip_mode\":\"allow_all\"");
    CALL("GET /platform/api/orders/v2", test_admin, NULL, "400 API003");
    CALL("PUT /platform/api/orders/v1", test_admin,
         "{\"api_description\":\"d\",\"api_path\":\"/orders/v1\"}", "200");
    CALL("PUT /platform/api/orders/v1", test_admin,
         "{\"api_description\":\"d\",\"api_path\":\"/x\"}", "400 API005");
    CALL("PUT /platform/api/orders/v1", test_admin, "{\"api_path\":\"/x\"}", "400 API005");
    CALL("PUT /platform/api/orders/v1", test_admin, "{\"api_path\":\"/orders/v1\"}", "400 API006");
    CALL("PUT /platform/api/orders/v1", test_admin, "{\"api_name\":\"other\"}", "400 API005");
    CALL("PUT /platform/api/orders/v1", test_admin, "{}", "400 API006");
    CALL("PUT /platform/api/orders/v1", test_admin,
         "{\"api_public\":true,\"api_credits_enabled\":true}", "400 API013");
    CALL("GET /platform/api?page_size=1", test_admin, NULL, "200 \"total\":1");
    CALL("DELETE /platform/api/orders/v1", test_admin, NULL, "200");
    CALL("GET /platform/api/orders/v1", test_admin, NULL, "400 API003");
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
    CALL(post, test_admin, body, "400 END002");
    CALL("POST /platform/api", test_admin, "{\"api_name\":\"e\",\"api_version\":\"v1\"}", "201");
    CALL("GET /platform/endpoint/e/v1", test_admin, NULL, "400 END005");
    CALL(post, test_admin, body, "201");
    CALL(post, test_admin, body, "400 END001");
    (void)snprintf(body, sizeof body, form, "GET", "/b", ",\"client_uri\":\"/c\"");
    CALL(post, test_admin, body, "201");
    (void)snprintf(body, sizeof body, form, "GET", "/d", ",\"client_uri\":\"/c\"");
    CALL(post, test_admin, body, "400 END001");
    (void)snprintf(body, sizeof body, form, "POST", "/d", ",\"client_uri\":\"/c\"");
    CALL(post, test_admin, body, "201");
    (void)snprintf(body, sizeof body, form, "POST", "d", "");
    CALL(post, test_admin, body, "422 begin with /");
    CALL("GET /platform/endpoint/GET/e/v1/a/%7Bid%7D", test_admin, NULL,
         "200 \"endpoint_uri\":\"/a/{id}\"");
    CALL("GET /platform/endpoint/GET/e/v1/none", test_admin, NULL, "400 END004");
    CALL("GET /platform/endpoint/e/v1", test_admin, NULL, "200 {\"endpoints\":[{");
    CALL("PUT /platform/endpoint/GET/e/v1/b", test_admin, "{\"endpoint_description\":\"new\"}",
         "200");
    CALL("PUT /platform/endpoint/GET/e/v1/b", test_admin, "{\"endpoint_uri\":\"/z\"}",
         "400 END006");
    CALL("PUT /platform/endpoint/GET/e/v1/a/%7bid%7d", test_admin, "{\"client_uri\":\"/c\"}",
         "400 END006");
    CALL("PUT /platform/endpoint/GET/e/v1/b", test_admin, "{}", "400 END007");
    CALL("PUT /platform/endpoint/GET/e/v1/none", test_admin, "{\"endpoint_description\":\"n\"}",
         "400 END008");
    CALL("DELETE /platform/endpoint/GET/e/v1/b", test_admin, NULL, "200");
    CALL("DELETE /platform/endpoint/GET/e/v1/b", test_admin, NULL, "400 END004");
    (void)snprintf(body, sizeof body, form, "GET", "/", "");
    CALL(post, test_admin, body, "201");
    CALL("GET /platform/endpoint/GET/e/v1/", test_admin, NULL, "200 \"endpoint_uri\":\"/\"");
    CALL("DELETE /platform/endpoint/GET/e/v1/", test_admin, NULL, "200");
    (void)snprintf(body, sizeof body, form, "GET", "/f", ",\"client_uri\":\"/\\u0000\"");
    CALL(post, test_admin, body, "422 client_uri must not hold control characters");
    CALL("DELETE /platform/api/e/v1", test_admin, NULL, "200");
}

/* --- the rest, once each way; every refusal is in tests/e2e/test_platform_*.py --- */

static void
test_accounts_are_revoked_and_disabled_and_come_back(void **state)
{
    (void)state;
    static const char path[] = "GET /platform/authorization/status";
    char *token = test_user("gus", "guses", "");
    CALL("POST /platform/authorization/admin/revoke/gus", test_admin, NULL, "200");
    CALL(path, token, NULL, "401 AUTH005");
    CALL("POST /platform/authorization/admin/unrevoke/gus", test_admin, NULL, "200");
    CALL(path, token, NULL, "200");
    CALL("POST /platform/authorization/admin/disable/gus", test_admin, NULL, "200");
    CALL(path, token, NULL, "401 AUTH005");
    CALL("GET /platform/authorization/admin/status/gus", test_admin, NULL,
         "200 {\"active\":false,\"revoked\":true}");
    CALL("POST /platform/authorization/admin/enable/gus", test_admin, NULL, "200");
    CALL(path, token, NULL, "200");
    CALL("POST /platform/authorization/register", NULL,
         "{\"email\":\"hal@x.test\",\"password\":\"" TEST_USER_PASSWORD "\"}", "201");
    CALL("GET /platform/user/hal", test_admin, NULL, "200 \"role\":\"user\"");
    free(token);
}

static void
test_validation_subscription_and_routing(void **state)
{
    (void)state;
    CALL("POST /platform/api", test_admin,
         "{\"api_name\":\"sub\",\"api_version\":\"v1\",\"api_allowed_groups\":[\"ALL\"]}", "201");
    CALL("POST /platform/endpoint/validation", test_admin,
         "{\"endpoint_id\":\"none\",\"validation_enabled\":true,\"validation_schema\":{"
         "\"validation_schema\":{\"a\":{\"type\":\"array\",\"array_items\":{\"type\":\"string\"}}}}"
         "}",
         "400 END015");
    static const char wish[] =
        "{\"username\":\"admin\",\"api_name\":\"sub\",\"api_version\":\"v1\"}";
    CALL("POST /platform/subscription/subscribe", test_admin, wish, "200");
    CALL("POST /platform/subscription/subscribe", test_admin, wish, "400 SUB004");
    CALL("GET /platform/subscription/subscriptions", test_admin, NULL, "200 [\"sub/v1\"]");
    CALL("GET /platform/subscription/available-apis/admin", test_admin, NULL,
         "200 {\"api_name\":\"sub\",\"api_version\":\"v1\",\"api_description\":null}");
    CALL("POST /platform/subscription/unsubscribe", test_admin, wish, "200");
    CALL("POST /platform/subscription/unsubscribe", test_admin, wish, "400 SUB006");
    CALL("POST /platform/routing", test_admin,
         "{\"routing_name\":\"r\",\"routing_servers\":[\"a\"],\"client_key\":\"k\"}",
         "201 key: k\"");
    CALL("PUT /platform/routing/k", test_admin, "{\"server_index\":3}", "400 RTG007");
    CALL("DELETE /platform/routing/k", test_admin, NULL, "200");
    CALL("DELETE /platform/api/sub/v1", test_admin, NULL, "200");
}

static void
test_credits_and_tiers(void **state)
{
    (void)state;
    CALL("POST /platform/credit", test_admin,
         "{\"api_credit_group\":\"g\",\"api_key\":\"secret\",\"api_key_header\":\"h\","
         "\"credit_tiers\":[{\"tier_name\":\"t\",\"credits\":1}]}",
         "201");
    CALL("GET /platform/credit/defs/g", test_admin, NULL,
         "200 {\"api_credit_group\":\"g\",\"api_key_header\":\"h\",\"credit_tiers\":");
    CALL("POST /platform/credit/admin", test_admin,
         "{\"username\":\"admin\",\"users_credits\":{\"g\":{\"tier_name\":\"t\","
         "\"available_credits\":5,\"user_api_key\":\"mine\"}}}",
         "200");
    CALL("GET /platform/credit/admin", test_admin, NULL, "200 \"user_api_key\":\"mine\"");
    CALL("POST /platform/credit/rotate-key", test_admin, "{\"api_credit_group\":\"g\"}",
         "200 {\"api_key\":\"");
    CALL("POST /platform/tiers/", test_admin,
         "{\"tier_id\":\"t\",\"name\":\"free\",\"display_name\":\"T\",\"limits\":{}}",
         "201 {\"tier_id\":\"t\"");
    CALL("POST /platform/tiers/assignments", test_admin, "{\"user_id\":\"u\",\"tier_id\":\"t\"}",
         "201 \"assigned_at\"");
    CALL("GET /platform/tiers/?search=T", test_admin, NULL, "200 \"total\":1");
    CALL("DELETE /platform/tiers/t", test_admin, NULL, "200 {\"tier_id\":\"t\"");
}

static void
test_configuration_is_imported_and_rolled_back(void **state)
{
    (void)state;
    CALL("POST /platform/config/import", test_admin,
         "{\"apis\":[{\"api_name\":\"i\",\"api_version\":\"v1\"},{\"api_name\":\"i\","
         "\"api_version\":\"v1\",\"api_description\":\"second\"}],\"endpoints\":[{\"api_name\":"
         "\"i\","
         "\"api_version\":\"v1\",\"endpoint_method\":\"GET\",\"endpoint_uri\":\"/x\"}]}",
         "200 {\"imported\":{\"apis\":2,\"endpoints\":1,\"roles\":0,\"groups\":0,\"routings\":0}}");
    CALL("GET /platform/config/export/apis?api_name=i&api_version=v1", test_admin, NULL,
         "200 \"api_description\":\"second\"");
    CALL("POST /platform/config/rollback", test_admin, NULL, "200");
    CALL("GET /platform/api/i/v1", test_admin, NULL, "400 API003");
    CALL("GET /platform/endpoint/i/v1", test_admin, NULL, "400 END005");
}

static void
test_tools_logs_and_figures(void **state)
{
    (void)state;
    CALL("POST /platform/tools/cors/check", test_admin,
         "{\"origin\":\"http://localhost:3000\",\"method\":\"GET\"}", "200 \"allowed\":true");
    CALL("GET /platform/logging/logs?endpoint=cors", test_admin, NULL,
         "200 \"endpoint\":\"/platform/tools/cors/check\"");
    CALL("GET /platform/logging/logs/statistics", test_admin, NULL, "200 \"top_endpoints\":[{");
    CALL("DELETE /api/caches", test_admin, NULL, "200");
    CALL("GET /platform/monitor/metrics", test_admin, NULL, "200 [\"/api/caches\",1]");
    CALL("GET /platform/monitor/report", test_admin, NULL, "200 timestamp,count");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_role_lives_through_create_read_update_delete),
        cmocka_unit_test(test_body_that_does_not_fit_is_422_and_names_the_field),
        cmocka_unit_test(test_admin_roles_are_hidden_from_others),
        cmocka_unit_test(test_group_lives_through_create_read_update_delete),
        cmocka_unit_test(test_names_are_addressable_or_refused),
        cmocka_unit_test(test_lists_are_paged_and_sorted),
        cmocka_unit_test(test_api_lives_through_create_read_update_delete),
        cmocka_unit_test(test_endpoint_belongs_to_an_api),
        cmocka_unit_test(test_accounts_are_revoked_and_disabled_and_come_back),
        cmocka_unit_test(test_validation_subscription_and_routing),
        cmocka_unit_test(test_credits_and_tiers),
        cmocka_unit_test(test_configuration_is_imported_and_rolled_back),
        cmocka_unit_test(test_tools_logs_and_figures),
    };
    return cmocka_run_group_tests(tests, test_platform_open, test_platform_close);
}
