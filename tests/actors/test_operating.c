/* Dump, restore, readiness and security settings over real HTTP: platform-api.md sections 10 to 12. */
#include "support/platform.h"

#include <string.h>

static void
test_memory_routes_pass_the_dump_actors_verdict_on(void **state)
{
    (void)state;
    CALL("POST /platform/memory/dump", test_admin, NULL,
         "200 {\"response\":{\"path\":\"/dumps/memory_dump-1.bin\"}}");
    assert_non_null(strstr(test_fake_requester(), "http user=admin request="));
    CALL("POST /platform/memory/dump", test_admin, "{\"path\":\"" TEST_PATH_INVALID "\"}",
         "400 MEM004");
    CALL("POST /platform/memory/dump", test_admin, "{\"path\":\"" TEST_PATH_DENIED "\"}",
         "403 MEM005");
    CALL("POST /platform/memory/restore", test_admin, "{\"path\":\"" TEST_PATH_MISSING "\"}",
         "404 MEM003");
    CALL("POST /platform/memory/dump", test_admin, "{\"path\":{}}", "422 VAL001");
    CALL("POST /platform/memory/restore", test_admin, "",
         "200 \"version\":1,\"created_at\":\"2026-11-23T05:52:38.123Z\"");
    char *token = test_user("leo", "users", "");
    CALL("POST /platform/memory/dump", token, NULL, "403 SEC003");
    CALL("POST /platform/memory/restore", token, NULL, "403 SEC004");
    CALL("POST /platform/memory/restore", NULL, NULL, "401 Unauthorized");
    CALL("DELETE /platform/user/leo", test_admin, NULL, "200");
    free(token);
}

static void
test_failed_dump_makes_readiness_degraded_until_one_succeeds(void **state)
{
    (void)state;
    CALL("POST /platform/memory/dump", test_admin, "{\"path\":\"" TEST_PATH_BROKEN "\"}",
         "500 GTW999");
    CALL("GET /platform/monitor/readiness", NULL, NULL,
         "200 {\"status\":\"degraded\",\"reasons\":[\"dump_failed\"]}");
    CALL("POST /platform/memory/dump", test_admin, NULL, "200");
    CALL("GET /platform/monitor/readiness", NULL, NULL, "200 {\"status\":\"ready\"}");
    CALL("GET /platform/monitor/readiness", test_admin, NULL, "200 \"mode\":\"memory\"");
}

static void
test_settings_are_merged_stored_and_told_to_autosave(void **state)
{
    (void)state;
    static const char put[] = "PUT /platform/security/settings";
    unsigned reloads = test_fake_reloads();
    CALL("GET /platform/security/settings", test_admin, NULL,
         "200 \"auto_save_frequency_seconds\":900");
    CALL("GET /platform/security/settings", test_admin, NULL, "200 \"client_ip\":\"127.0.0.1\"");
    CALL("GET /platform/security/settings", test_admin, NULL,
         "200 \"dump_path\":\"/dumps/memory_dump.bin\"");
    CALL(put, test_admin, "{\"enable_auto_save\":true,\"auto_save_frequency_seconds\":120}",
         "200 \"memory_only\":true");
    assert_int_equal(test_fake_reloads(), reloads + 1);
    CALL("GET /platform/security/settings", test_admin, NULL,
         "200 \"auto_save_frequency_seconds\":120");
    CALL(put, test_admin, "{\"auto_save_frequency_seconds\":59}", "422 VAL001");
    CALL(put, test_admin, "{\"dump_path\":\"/etc/passwd\"}", "400 SEC005");
    CALL(put, test_admin, "{\"dump_path\":\"../up\"}", "400 SEC005");
    CALL(put, test_admin, "{\"dump_path\":\"/dumps/other.bin\"}", "200 /dumps/other.bin");
    CALL(put, NULL, "{}", "401");
}

static void
test_blacklist_keeps_others_out_but_never_from_the_settings(void **state)
{
    (void)state;
    static const char put[] = "PUT /platform/security/settings";
    CALL(put, test_admin, "{\"ip_blacklist\":[\"127.0.0.0/8\"],\"allow_localhost_bypass\":false}",
         "200");
    CALL("GET /platform/role", test_admin, NULL,
         "403 {\"status_code\":403,\"error_code\":\"SEC011\"");
    CALL("GET /platform/monitor/liveness", NULL, NULL, "200");
    CALL(put, test_admin, "{\"ip_blacklist\":[],\"ip_whitelist\":[\"10.0.0.0/8\"]}", "200");
    CALL("GET /platform/role", test_admin, NULL, "403 SEC010");
    CALL(put, test_admin, "{\"ip_whitelist\":[],\"allow_localhost_bypass\":true}", "200");
    CALL("GET /platform/role", test_admin, NULL, "200");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_routes_pass_the_dump_actors_verdict_on),
        cmocka_unit_test(test_failed_dump_makes_readiness_degraded_until_one_succeeds),
        cmocka_unit_test(test_settings_are_merged_stored_and_told_to_autosave),
        cmocka_unit_test(test_blacklist_keeps_others_out_but_never_from_the_settings),
    };
    return cmocka_run_group_tests(tests, test_platform_open, test_platform_close);
}
