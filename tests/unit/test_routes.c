#include "gateway/routes.h"
#include "support/check.h"

#include <string.h>

static void
test_patterns_fit_paths(void **state)
{
    (void)state;
    mg_route_match_t match;
    assert_true(mg_route_fits("/a/{x}/b", mg_slice_text("/a/1/b"), &match));
    assert_int_equal(match.param_count, 1);
    assert_true(mg_slice_equal(match.params[0], mg_slice_text("1")));
    assert_true(mg_route_fits("/a/{x}/{rest...}", mg_slice_text("/a/1/2/3/"), &match));
    assert_true(mg_slice_equal(match.params[1], mg_slice_text("2/3/")));
    static const char *const misses[] = {"",        "/",      "/a",    "/a/",     "/a//b",
                                         "/a/1/b/", "/a/1/c", "a/1/b", "/a/1/b/c"};
    for (size_t i = 0; i < sizeof misses / sizeof *misses; i++) {
        assert_false(mg_route_fits("/a/{x}/b", mg_slice_text(misses[i]), &match));
    }
    assert_false(mg_route_fits("/a/{rest...}", mg_slice_text("/a/"), &match));
}

static void
test_find_tells_unknown_path_from_wrong_method(void **state)
{
    (void)state;
    mg_route_match_t match;
    mg_routes_find(MG_METHOD_GET, mg_slice_text("/nowhere"), &match);
    assert_int_equal(match.methods, 0);
    mg_routes_find(MG_METHOD_PATCH, mg_slice_text("/platform/role/x"), &match);
    assert_null(match.route);
    mg_buf_t allow = {0};
    mg_routes_write_allow(match.methods, &allow);
    assert_string_equal(mg_buf_text(&allow), "GET, HEAD, PUT, DELETE, OPTIONS");
    mg_buf_free(&allow);
    mg_routes_find(MG_METHOD_HEAD, mg_slice_text("/platform/role/x"), &match);
    assert_string_equal(match.route->pattern, "/platform/role/{role_name}");
    mg_routes_find(MG_METHOD_GET, mg_slice_text("/platform/user/me"), &match);
    assert_string_equal(match.route->pattern, "/platform/user/me");
}

/* A row that an earlier one always catches would never answer. */
static void
test_no_row_stands_in_the_shadow_of_another(void **state)
{
    (void)state;
    size_t count = 0;
    const mg_route_t *routes = mg_routes(&count);
    for (size_t i = 0; i < count; i++) {
        mg_route_match_t match;
        mg_routes_find(routes[i].method, mg_slice_text(routes[i].pattern),
                       &match); /* "{x}" is a segment too */
        assert_ptr_equal(match.route, &routes[i]);
    }
}

static void
test_every_row_is_whole(void **state)
{
    (void)state;
    size_t count = 0;
    const mg_route_t *routes = mg_routes(&count);
    for (size_t i = 0; i < count; i++) {
        const mg_route_t *route = &routes[i];
        assert_non_null(route->handler);
        bool guarded = route->access == MG_ACCESS_ROLE || route->access == MG_ACCESS_SELF;
        assert_true(!guarded || mg_error_row(route->denied)->status == 403);
        assert_true(route->no_login == MG_ERROR_INVALID_BODY ||
                    mg_error_row(route->no_login)->status == 401);
        assert_true(route->access != MG_ACCESS_SELF || strchr(route->pattern, '{'));
        bool writes = route->method != MG_METHOD_GET;
        bool own_token = strncmp(route->pattern, "/platform/authorization", 23) == 0;
        assert_true(!writes || guarded || own_token); /* nobody writes by login alone */
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_patterns_fit_paths),
        cmocka_unit_test(test_find_tells_unknown_path_from_wrong_method),
        cmocka_unit_test(test_no_row_stands_in_the_shadow_of_another),
        cmocka_unit_test(test_every_row_is_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
