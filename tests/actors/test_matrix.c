/* Who may what: every route of the table with every kind of token, over real HTTP. */
#include "gateway/routes.h"
#include "support/forge.h"
#include "support/platform.h"

#include <stdio.h>
#include <string.h>

static const char s_secret[] = "the-secret-that-signs-tokens-of-this-test";

/* --- what the contract says: a route that is missing here fails the test --- */

typedef struct rule {
    const char *route;
    const char *needs;    /* open, login, a flag, or self and a flag */
    const char *no_login; /* the code of its 401 */
    const char *denied;   /* the code of its 403 */
} rule_t;

/* clang-format off */
static const rule_t s_rules[] = {
    {"GET /api/health", "open", "", NULL},
    {"GET /platform/monitor/liveness", "open", "", NULL},
    {"GET /platform/monitor/readiness", "open", "", NULL},
    {"GET /metrics", "open", "", NULL},
    {"POST /platform/authorization", "open", "", NULL},
    {"POST /platform/authorization/refresh", "login", "AUTH003", NULL},
    {"GET /platform/authorization/status", "login", "AUTH005", NULL},
    {"POST /platform/authorization/invalidate", "login", "AUTH005", NULL},
    {"POST /platform/authorization/register", "open", "", NULL},
    {"GET /platform/authorization/admin/status/{username}", "manage_auth", "detail", "AUTH900"},
    {"POST /platform/authorization/admin/revoke/{username}", "manage_auth", "detail", "AUTH900"},
    {"POST /platform/authorization/admin/unrevoke/{username}", "manage_auth", "detail", "AUTH900"},
    {"POST /platform/authorization/admin/disable/{username}", "manage_auth", "detail", "AUTH900"},
    {"POST /platform/authorization/admin/enable/{username}", "manage_auth", "detail", "AUTH900"},
    {"POST /platform/user", "manage_users", "detail", "USR006"},
    {"GET /platform/user", "login", "GTW998", NULL},
    {"GET /platform/user/all", "login", "GTW998", NULL},
    {"GET /platform/user/me", "login", "GTW998", NULL},
    {"GET /platform/user/email/{email}", "login", "detail", NULL},
    {"GET /platform/user/{username}", "self manage_users", "detail", "USR008"},
    {"PUT /platform/user/{username}", "self manage_users", "detail", "USR006"},
    {"DELETE /platform/user/{username}", "self manage_users", "detail", "USR007"},
    {"PUT /platform/user/{username}/update-password", "self manage_users", "detail", "USR006"},
    {"POST /platform/role", "manage_roles", "detail", "ROLE009"},
    {"GET /platform/role", "login", "detail", NULL},
    {"GET /platform/role/all", "login", "detail", NULL},
    {"GET /platform/role/{role_name}", "login", "detail", NULL},
    {"PUT /platform/role/{role_name}", "manage_roles", "detail", "ROLE010"},
    {"DELETE /platform/role/{role_name}", "manage_roles", "detail", "ROLE011"},
    {"POST /platform/group", "manage_groups", "detail", "GRP008"},
    {"GET /platform/group", "login", "detail", NULL},
    {"GET /platform/group/all", "login", "detail", NULL},
    {"GET /platform/group/{group_name}", "login", "detail", NULL},
    {"PUT /platform/group/{group_name}", "manage_groups", "detail", "GRP009"},
    {"DELETE /platform/group/{group_name}", "manage_groups", "detail", "GRP010"},
    {"POST /platform/api", "manage_apis", "detail", "API007"},
    {"GET /platform/api", "login", "API_AUTH", NULL},
    {"GET /platform/api/all", "login", "API_AUTH", NULL},
    {"GET /platform/api/{api_name}/{api_version}", "login", "detail", NULL},
    {"PUT /platform/api/{api_name}/{api_version}", "manage_apis", "detail", "API008"},
    {"DELETE /platform/api/{api_name}/{api_version}", "manage_apis", "detail", "API009"},
    {"POST /platform/endpoint/endpoint/validation", "manage_endpoints", "detail", "END013"},
    {"GET /platform/endpoint/endpoint/validation/{endpoint_id}", "login", "detail", NULL},
    {"PUT /platform/endpoint/endpoint/validation/{endpoint_id}", "manage_endpoints", "detail", "END014"},
    {"DELETE /platform/endpoint/endpoint/validation/{endpoint_id}", "manage_endpoints", "detail", "END015"},
    {"POST /platform/endpoint/validation", "manage_endpoints", "detail", "END013"},
    {"GET /platform/endpoint/validation/{endpoint_id}", "login", "detail", NULL},
    {"PUT /platform/endpoint/validation/{endpoint_id}", "manage_endpoints", "detail", "END014"},
    {"DELETE /platform/endpoint/validation/{endpoint_id}", "manage_endpoints", "detail", "END015"},
    {"POST /platform/endpoint", "manage_endpoints", "detail", "END010"},
    {"GET /platform/endpoint/{api_name}/{api_version}", "login", "detail", NULL},
    {"GET /platform/endpoint/{endpoint_method}/{api_name}/{api_version}/{endpoint_uri...}", "login", "detail", NULL},
    {"PUT /platform/endpoint/{endpoint_method}/{api_name}/{api_version}/{endpoint_uri...}", "manage_endpoints", "detail", "END011"},
    {"DELETE /platform/endpoint/{endpoint_method}/{api_name}/{api_version}/{endpoint_uri...}", "manage_endpoints", "detail", "END012"},
    {"POST /platform/subscription/subscribe", "login", "GEN001", NULL},
    {"POST /platform/subscription/unsubscribe", "login", "GEN002", NULL},
    {"GET /platform/subscription/subscriptions", "login", "detail", NULL},
    {"GET /platform/subscription/subscriptions/{user_id}", "self manage_subscriptions", "detail", "SUB011"},
    {"GET /platform/subscription/available-apis/{username}", "self manage_subscriptions", "detail", "SUB009"},
    {"POST /platform/routing", "manage_routings", "detail", "RTG009"},
    {"GET /platform/routing/all", "manage_routings", "detail", "RTG012"},
    {"GET /platform/routing/{client_key}", "manage_routings", "detail", "RTG013"},
    {"PUT /platform/routing/{client_key}", "manage_routings", "detail", "RTG010"},
    {"DELETE /platform/routing/{client_key}", "manage_routings", "detail", "RTG011"},
    {"POST /platform/credit", "manage_credits", "detail", "CRD001"},
    {"GET /platform/credit/defs", "manage_credits", "detail", "CRD002"},
    {"GET /platform/credit/defs/{api_credit_group}", "manage_credits", "detail", "CRD002"},
    {"GET /platform/credit/all", "manage_credits", "detail", "CRD002"},
    {"POST /platform/credit/rotate-key", "login", "detail", NULL},
    {"GET /platform/credit/{name}", "self manage_credits", "detail", "CRD003"},
    {"POST /platform/credit/{name}", "manage_credits", "detail", "CRD001"},
    {"PUT /platform/credit/{name}", "manage_credits", "detail", "CRD001"},
    {"DELETE /platform/credit/{name}", "manage_credits", "detail", "CRD001"},
    {"GET /platform/tiers", "manage_tiers", "detail", "TIER001"},
    {"POST /platform/tiers", "manage_tiers", "detail", "TIER001"},
    {"POST /platform/tiers/", "manage_tiers", "detail", "TIER001"},
    {"GET /platform/tiers/", "manage_tiers", "detail", "TIER001"},
    {"POST /platform/tiers/assignments", "manage_tiers", "detail", "TIER001"},
    {"GET /platform/tiers/assignments/{user_id}", "manage_tiers", "detail", "TIER001"},
    {"DELETE /platform/tiers/assignments/{user_id}", "manage_tiers", "detail", "TIER001"},
    {"GET /platform/tiers/{tier_id}", "manage_tiers", "detail", "TIER001"},
    {"PUT /platform/tiers/{tier_id}", "manage_tiers", "detail", "TIER001"},
    {"DELETE /platform/tiers/{tier_id}", "manage_tiers", "detail", "TIER001"},
    {"GET /platform/rate-limits", "manage_rate_limits", "detail", "RLM001"},
    {"POST /platform/rate-limits", "manage_rate_limits", "detail", "RLM001"},
    {"POST /platform/rate-limits/", "manage_rate_limits", "detail", "RLM001"},
    {"GET /platform/rate-limits/", "manage_rate_limits", "detail", "RLM001"},
    {"GET /platform/rate-limits/{rule_id}", "manage_rate_limits", "detail", "RLM001"},
    {"PUT /platform/rate-limits/{rule_id}", "manage_rate_limits", "detail", "RLM001"},
    {"DELETE /platform/rate-limits/{rule_id}", "manage_rate_limits", "detail", "RLM001"},
    {"GET /platform/config/export/all", "manage_gateway", "detail", "CFG001"},
    {"GET /platform/config/export/apis", "manage_apis", "detail", "CFG002"},
    {"GET /platform/config/export/roles", "manage_roles", "detail", "CFG003"},
    {"GET /platform/config/export/groups", "manage_groups", "detail", "CFG004"},
    {"GET /platform/config/export/routings", "manage_routings", "detail", "CFG005"},
    {"GET /platform/config/export/endpoints", "manage_endpoints", "detail", "CFG007"},
    {"POST /platform/config/import", "manage_gateway", "detail", "CFG006"},
    {"POST /platform/config/rollback", "manage_gateway", "detail", "CFG008"},
    {"POST /platform/tools/cors/check", "manage_security", "detail", "TLS001"},
    {"POST /platform/tools/chaos/toggle", "manage_gateway", "detail", "TLS001"},
    {"GET /platform/tools/chaos/stats", "manage_gateway", "detail", "TLS001"},
    {"DELETE /api/caches", "manage_gateway", "detail", "GTW008"},
    {"GET /api/status", "manage_gateway", "GTW401", "GTW013"},
    {"GET /platform/monitor/metrics", "manage_gateway", "detail", "MON001"},
    {"GET /platform/monitor/report", "manage_gateway", "detail", "MON002"},
    {"GET /platform/logging/logs", "view_logs", "detail", "LOG001"},
    {"GET /platform/logging/logs/files", "view_logs", "detail", "LOG005"},
    {"GET /platform/logging/logs/statistics", "view_logs", "detail", "LOG002"},
    {"GET /platform/logging/logs/export", "export_logs", "detail", "LOG003"},
    {"GET /platform/logging/logs/download", "export_logs", "detail", "LOG004"},
    {"GET /platform/security/settings", "manage_security", "detail", "SEC001"},
    {"PUT /platform/security/settings", "manage_security", "detail", "SEC002"},
    {"POST /platform/security/restart", "manage_security", "detail", "SEC003"},
    {"POST /platform/memory/dump", "manage_security", "detail", "SEC003"},
    {"GET /platform/memory/dumps", "manage_security", "detail", "SEC006"},
    {"POST /platform/memory/restore", "manage_security", "detail", "SEC004"},
    {"GET /platform/openapi.json", "login", "detail", NULL},
    {"GET /platform/docs", "login", "detail", NULL},
};
/* clang-format on */

enum { RULES = sizeof s_rules / sizeof *s_rules };

static const rule_t *
s_rule_of(const mg_route_t *route)
{
    char line[256];
    (void)snprintf(line, sizeof line, "%s %s", mg_method_name(route->method), route->pattern);
    for (int i = 0; i < RULES; i++) {
        if (strcmp(s_rules[i].route, line) == 0) {
            return &s_rules[i];
        }
    }
    return NULL;
}

static void
test_each_route_has_its_rule_and_each_rule_its_route(void **state)
{
    (void)state;
    size_t routes = 0;
    for (const mg_route_t *route = NULL; (route = mg_route_row(routes)) != NULL; routes++) {
        if (!s_rule_of(route)) {
            fail_msg("%s %s has no rule", mg_method_name(route->method), route->pattern);
        }
    }
    assert_int_equal(routes, RULES);
}

/* --- people --- */

static const char *
s_flag(const rule_t *rule)
{
    return strncmp(rule->needs, "self ", 5) == 0 ? rule->needs + 5 : rule->needs;
}

static bool
s_is(const rule_t *rule, const char *needs)
{
    return strcmp(rule->needs, needs) == 0;
}

static void
s_put_user(const char *name, const char *role, bool active)
{
    char email[128];
    (void)snprintf(email, sizeof email, "%s@x.test", name);
    bson_t user = BSON_INITIALIZER;
    BSON_APPEND_UTF8(&user, "username", name);
    BSON_APPEND_UTF8(&user, "email", email);
    BSON_APPEND_UTF8(&user, "role", role);
    BSON_APPEND_BOOL(&user, "active", active);
    test_world_put("users", &user);
    bson_destroy(&user);
}

/* A role that has only this flag, or all but it, and one user of the same name who has the role. */
static void
s_put_role(const char *name, const char *flag, bool only)
{
    bson_t role = BSON_INITIALIZER;
    BSON_APPEND_UTF8(&role, "role_name", name);
    for (int i = 0; i < MG_PERMISSIONS; i++) {
        const char *other = mg_permission_name((mg_permission_t)i);
        bool same = flag && strcmp(other, flag) == 0;
        (void)bson_append_bool(&role, other, -1, flag && same == only);
    }
    test_world_put("roles", &role);
    bson_destroy(&role);
    s_put_user(name, name, true);
}

static void
s_name_of(const char *flag, bool only, char out[64])
{
    (void)snprintf(out, 64, "%s-%s", only ? "only" : "without", flag);
}

/* --- tokens --- */

static mg_buf_t
s_token_of(const char *user)
{
    return test_forge(
        &(test_forgery_t){"good", TEST_FORGE_HEADER, user, 600, s_secret, '2', false});
}

static const test_forgery_t s_forgeries[] = {
    {"expired", TEST_FORGE_HEADER, "admin", -1, s_secret, '2', false},
    {"tampered signature", TEST_FORGE_HEADER, "admin", 600, s_secret, '2', true},
    {"another secret", TEST_FORGE_HEADER, "admin", 600, "the-secret-of-somebody-else-entirely!!!!!",
     '2', false},
    {"no algorithm", "{\"alg\":\"none\",\"typ\":\"JWT\"}", "admin", 600, s_secret, '-', false},
    {"no algorithm, signed", "{\"alg\":\"none\",\"kid\":\"legacy-key\"}", "admin", 600, s_secret,
     '2', false},
    {"no signature", TEST_FORGE_HEADER, "admin", 600, s_secret, '-', false},
    {"HS512", "{\"alg\":\"HS512\",\"typ\":\"JWT\",\"kid\":\"legacy-key\"}", "admin", 600, s_secret,
     '5', false},
    {"RS256 in name", "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"legacy-key\"}", "admin", 600,
     s_secret, '2', false},
    {"another kid", "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"other\"}", "admin", 600, s_secret,
     '2', false},
    {"crit", "{\"alg\":\"HS256\",\"kid\":\"legacy-key\",\"crit\":[\"x\"]}", "admin", 600, s_secret,
     '2', false},
    {"nobody", TEST_FORGE_HEADER, "nobody", 600, s_secret, '2', false},
    {"inactive", TEST_FORGE_HEADER, "inactive", 600, s_secret, '2', false},
    {"all tokens revoked", TEST_FORGE_HEADER, "revoked", 600, s_secret, '2', false},
};

enum { FORGERIES = sizeof s_forgeries / sizeof *s_forgeries };

/* --- calls --- */

/* The route's line, `target` in the place of each parameter. */
static void
s_line_of(const rule_t *rule, const char *target, char out[256])
{
    size_t len = 0;
    for (const char *at = rule->route; *at; at++) {
        if (*at == '{') {
            len += (size_t)snprintf(out + len, 256 - len, "%s", target);
            at = strchr(at, '}');
        } else {
            out[len++] = *at;
        }
    }
    out[len] = 0;
}

typedef struct outcome {
    unsigned status;
    bool has_code; /* the code that was looked for is in the body */
} outcome_t;

static outcome_t
s_call(const rule_t *rule, const char *target, const char *token, const char *code)
{
    char line[256];
    char wanted[64];
    s_line_of(rule, target, line);
    bool detail = code && strcmp(code, "detail") == 0;
    (void)snprintf(wanted, sizeof wanted,
                   detail ? "{\"detail\":\"Unauthorized\"}" : "\"error_code\":\"%s\"",
                   code ? code : "");
    test_response_t response;
    test_call(&test_platform, line, token, strncmp(line, "GET", 3) == 0 ? NULL : "{}", &response);
    outcome_t outcome = {response.status, code && response.body && strstr(response.body, wanted)};
    test_response_free(&response);
    return outcome;
}

static void
s_expect(const rule_t *rule, const char *target, const char *token, const char *who)
{
    bool refuses = strcmp(who, "right") != 0;
    bool knows = strcmp(who, "wrong role") == 0;
    const char *code = knows ? rule->denied : rule->no_login;
    outcome_t outcome = s_call(rule, target, token, refuses ? code : NULL);
    unsigned wanted = knows ? 403 : 401;
    bool passes = outcome.status != 401 && outcome.status != 403 && outcome.status < 500;
    if (refuses ? outcome.status != wanted || !outcome.has_code : !passes) {
        fail_msg("%s, %s: %u", rule->route, who, outcome.status);
    }
}

/* An open route answers everybody alike. */
static void
s_expect_open(const rule_t *rule, const char *token, const char *who)
{
    outcome_t without = s_call(rule, "v", NULL, NULL);
    outcome_t with = s_call(rule, "v", token, NULL);
    if (without.status == 401 || without.status >= 500 || with.status != without.status) {
        fail_msg("%s is open, but %s: %u, nobody: %u", rule->route, who, with.status,
                 without.status);
    }
}

static void
test_without_a_valid_token_nothing_but_open_routes_answers(void **state)
{
    (void)state;
    for (int i = 0; i < RULES; i++) {
        if (!s_is(&s_rules[i], "open")) {
            s_expect(&s_rules[i], "v", NULL, "no token");
        }
        for (int j = 0; j < FORGERIES; j++) {
            mg_buf_t token = test_forge(&s_forgeries[j]);
            if (s_is(&s_rules[i], "open")) {
                s_expect_open(&s_rules[i], mg_buf_text(&token), s_forgeries[j].name);
            } else {
                s_expect(&s_rules[i], "v", mg_buf_text(&token), s_forgeries[j].name);
            }
            mg_buf_free(&token);
        }
    }
}

static void
test_a_revoked_token_opens_nothing(void **state)
{
    (void)state;
    mg_buf_t token = s_token_of("admin");
    CALL("GET /platform/user/me", mg_buf_text(&token), NULL, "200");
    CALL("POST /platform/authorization/invalidate", mg_buf_text(&token), NULL, "200");
    for (int i = 0; i < RULES; i++) {
        if (!s_is(&s_rules[i], "open")) {
            s_expect(&s_rules[i], "v", mg_buf_text(&token), "revoked");
        }
    }
    mg_buf_free(&token);
}

static void
s_expect_by_role(const rule_t *rule, const char *target, bool right)
{
    char user[64];
    s_name_of(s_flag(rule), right, user);
    mg_buf_t token = s_token_of(s_is(rule, "login") ? "plain" : user);
    s_expect(rule, target, mg_buf_text(&token), right ? "right" : "wrong role");
    mg_buf_free(&token);
}

/* Who has every flag but the right one is refused, then who has only that one is served; each route on a user of its own. */
static void
test_the_one_right_flag_opens_a_route_and_all_others_do_not(void **state)
{
    (void)state;
    for (int i = 0; i < RULES; i++) {
        char target[32];
        (void)snprintf(target, sizeof target, "target%d", i);
        s_put_user(target, "plain", true);
        if (s_is(&s_rules[i], "open")) {
            continue;
        }
        if (!s_is(&s_rules[i], "login")) {
            s_expect_by_role(&s_rules[i], target, false);
        }
        s_expect_by_role(&s_rules[i], target, true);
    }
}

static void
test_what_is_ones_own_needs_no_flag(void **state)
{
    (void)state;
    for (int i = 0; i < RULES; i++) {
        char target[32];
        (void)snprintf(target, sizeof target, "own%d", i);
        if (strncmp(s_rules[i].needs, "self ", 5) == 0) {
            s_put_user(target, "plain", true);
            mg_buf_t token = s_token_of(target);
            s_expect(&s_rules[i], target, mg_buf_text(&token), "right");
            mg_buf_free(&token);
        }
    }
}

static int
s_open(void **state)
{
    (void)state;
    test_world_prepare(&test_platform);
    test_platform.config.http.jwt_secret = s_secret;
    test_world_start(&test_platform);
    (void)test_world_phase(&test_platform, MG__SET_PHASE__PHASE__READY, 0);
    for (int i = 0; i < MG_PERMISSIONS; i++) {
        const char *flag = mg_permission_name((mg_permission_t)i);
        for (int only = 0; only < 2; only++) {
            char name[64];
            s_name_of(flag, only, name);
            s_put_role(name, flag, only);
        }
    }
    s_put_role("plain", NULL, false);
    s_put_user("inactive", "admin", false);
    s_put_user("revoked", "admin", true);
    mg_buf_t admin = s_token_of("admin");
    CALL("POST /platform/authorization/admin/revoke/revoked", mg_buf_text(&admin), NULL, "200");
    mg_buf_free(&admin);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_route_has_its_rule_and_each_rule_its_route),
        cmocka_unit_test(test_without_a_valid_token_nothing_but_open_routes_answers),
        cmocka_unit_test(test_a_revoked_token_opens_nothing),
        cmocka_unit_test(test_the_one_right_flag_opens_a_route_and_all_others_do_not),
        cmocka_unit_test(test_what_is_ones_own_needs_no_flag),
    };
    return cmocka_run_group_tests(tests, s_open, test_platform_close);
}
