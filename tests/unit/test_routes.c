#include "gateway/resource.h"
#include "support/check.h"

#include <string.h>

static mg_router_t s_router;

static int
s_build_router(void **state)
{
    (void)state;
    mg_router_build(&s_router);
    return 0;
}

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
    assert_true(mg_route_fits("/a/{rest...}", mg_slice_text("/a/"), &match));
    assert_int_equal(match.params[0].len, 0);
    assert_false(mg_route_fits("/a/{rest...}", mg_slice_text("/a"), &match));
}

static void
test_find_tells_unknown_path_from_wrong_method(void **state)
{
    (void)state;
    mg_route_match_t match;
    mg_routes_find(&s_router, MG_METHOD_GET, mg_slice_text("/nowhere"), &match);
    assert_int_equal(match.methods, 0);
    mg_routes_find(&s_router, MG_METHOD_PATCH, mg_slice_text("/platform/role/x"), &match);
    assert_null(match.route);
    mg_buf_t allow = {0};
    mg_routes_write_allow(match.methods, &allow);
    assert_string_equal(mg_buf_text(&allow), "GET, HEAD, PUT, DELETE, OPTIONS");
    mg_buf_free(&allow);
    mg_routes_find(&s_router, MG_METHOD_HEAD, mg_slice_text("/platform/role/x"), &match);
    assert_string_equal(match.route->pattern, "/platform/role/{role_name}");
    mg_routes_find(&s_router, MG_METHOD_GET, mg_slice_text("/platform/user/me"), &match);
    assert_string_equal(match.route->pattern, "/platform/user/me");
}

/* A row that an earlier one always catches would never answer. */
static void
test_no_row_stands_in_the_shadow_of_another(void **state)
{
    (void)state;
    const mg_route_t *route = NULL;
    for (size_t i = 0; (route = mg_route_row(i)) != NULL; i++) {
        mg_route_match_t match;
        mg_routes_find(&s_router, route->method, mg_slice_text(route->pattern),
                       &match); /* "{x}" is a segment too */
        assert_ptr_equal(match.route, route);
    }
}

/* The pattern with "v" for each of its parameters. */
static mg_buf_t
s_path_of(const char *pattern)
{
    mg_buf_t path = {0};
    for (const char *at = pattern; *at; at++) {
        mg_buf_append_byte(&path, (uint8_t)(*at == '{' ? 'v' : *at));
        at = *at == '{' ? strchr(at, '}') : at;
    }
    return path;
}

static void
test_every_row_is_reached_and_refuses_other_methods_with_its_own(void **state)
{
    (void)state;
    const mg_route_t *route = NULL;
    for (size_t i = 0; (route = mg_route_row(i)) != NULL; i++) {
        mg_buf_t path = s_path_of(route->pattern);
        mg_route_match_t match;
        mg_routes_find(&s_router, route->method, mg_buf_slice(&path), &match);
        assert_ptr_equal(match.route, route);
        size_t params = 0;
        for (const char *at = route->pattern; (at = strchr(at, '{')); at++) {
            params++;
        }
        assert_int_equal(match.param_count, params);
        for (size_t j = 0; j < params; j++) {
            assert_true(mg_slice_equal(match.params[j], mg_slice_text("v")));
        }
        mg_routes_find(&s_router, MG_METHOD_OPTIONS, mg_buf_slice(&path), &match);
        assert_null(match.route);
        assert_true(match.methods >> route->method & 1u);
        mg_buf_append_text(&path, "/");
        mg_routes_find(&s_router, route->method, mg_buf_slice(&path), &match);
        bool has_tail = strstr(route->pattern, "...}") != NULL;
        assert_int_equal(match.route == route, has_tail);
        mg_buf_free(&path);
    }
}

/* The first row that fits, without what spares a search most rows. */
static const mg_route_t *
s_find_plainly(mg_method_t method, mg_slice_t path)
{
    mg_route_match_t match;
    const mg_route_t *row = NULL;
    for (size_t i = 0; (row = mg_route_row(i)) != NULL; i++) {
        if (row->method == method && mg_route_fits(row->pattern, path, &match)) {
            return row;
        }
    }
    return NULL;
}

static void
s_check_search(mg_method_t method, mg_slice_t path)
{
    mg_route_match_t match;
    mg_routes_find(&s_router, method, path, &match);
    if (match.route != s_find_plainly(method, path)) {
        fail_msg("%.*s finds another row", (int)path.len, (const char *)path.data);
    }
}

/* The pattern with a value for each parameter. */
static void
s_write_path(const char *pattern, mg_buf_t *out)
{
    for (const char *at = pattern; *at; at = *at == '{' ? strchr(at, '}') + 1 : at + 1) {
        mg_buf_append(out, *at == '{' ? "v" : at, 1);
    }
}

/* Each path, cut and lengthened at its end. */
static void
test_the_search_finds_what_looking_at_all_rows_does(void **state)
{
    (void)state;
    static const char *const ends[] = {"", "/", "/v", "/v/w", "//", "/v/w/x/y/z"};
    enum { ENDS = sizeof ends / sizeof *ends };
    const mg_route_t *row = NULL;
    for (size_t i = 0; (row = mg_route_row(i)) != NULL; i++) {
        mg_buf_t path = {0};
        s_write_path(row->pattern, &path);
        for (size_t tried = 0; tried < path.len * ENDS; tried++) {
            mg_buf_t cut = {0};
            mg_buf_append(&cut, path.data, path.len - tried / ENDS);
            mg_buf_append_text(&cut, ends[tried % ENDS]);
            s_check_search(row->method, mg_buf_slice(&cut));
            mg_buf_free(&cut);
        }
        mg_buf_free(&path);
    }
}

static void
test_near_misses_of_paths_are_unknown(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "/",
                                      "platform/role",
                                      "/platform",
                                      "/platform/",
                                      "//platform/role",
                                      "/platform//role",
                                      "/Platform/role",
                                      "/platform/role/",
                                      "/platform/role//",
                                      "/platform/role/x/",
                                      "/platform/rol",
                                      "/platform/roles",
                                      "/platform/role%2fx",
                                      "/platform/./role",
                                      "/platform/user/../role"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        mg_route_match_t match;
        mg_routes_find(&s_router, MG_METHOD_GET, mg_slice_text(bad[i]), &match);
        if (match.route || match.methods) {
            fail_msg("known: %s", bad[i]);
        }
    }
}

static void
test_allow_lists_head_with_get_and_options_always(void **state)
{
    (void)state;
    static const struct {
        unsigned methods;
        const char *allow;
    } cases[] = {{0, "OPTIONS"},
                 {1u << MG_METHOD_POST, "POST, OPTIONS"},
                 {1u << MG_METHOD_GET, "GET, HEAD, OPTIONS"},
                 {(1u << MG_METHODS) - 1, "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mg_buf_t allow = {0};
        mg_routes_write_allow(cases[i].methods, &allow);
        assert_string_equal(mg_buf_text(&allow), cases[i].allow);
        mg_buf_free(&allow);
    }
}

static bool
s_is_found_by(const mg_collection_t *collection, const char *field)
{
    bool found = false;
    for (size_t i = 0; collection->key_fields[i]; i++) {
        found = found || strcmp(collection->key_fields[i], field) == 0;
    }
    for (size_t i = 0; collection->unique[i]; i++) {
        found = found || strcmp(collection->unique[i], field) == 0;
    }
    return found;
}

/* What a document is found by cannot hold what a path cannot say. */
static void
test_fields_of_keys_and_indexes_are_names(void **state)
{
    (void)state;
    const mg_route_t *route = NULL;
    unsigned names = 0;
    for (size_t i = 0; (route = mg_route_row(i)) != NULL; i++) {
        const mg_resource_t *resource = route->resource;
        for (const mg_field_t *field = resource ? resource->fields : NULL; field && field->name;
             field++) {
            if (s_is_found_by(mg_collection(resource->collection), field->name)) {
                assert_true(field->flags & MG_FIELD_NAME);
                names++;
            }
        }
    }
    assert_true(names > 0);
}

static void
test_every_row_is_whole(void **state)
{
    (void)state;
    const mg_route_t *route = NULL;
    for (size_t i = 0; (route = mg_route_row(i)) != NULL; i++) {
        assert_non_null(route->handler);
        bool guarded = route->access == MG_ACCESS_ROLE || route->access == MG_ACCESS_SELF;
        assert_true(!guarded || mg_error_row(route->denied)->status == 403);
        assert_true(route->no_login == MG_ERROR_INVALID_BODY ||
                    mg_error_row(route->no_login)->status == 401);
        assert_true(route->access != MG_ACCESS_SELF || strchr(route->pattern, '{'));
        bool writes = route->method != MG_METHOD_GET;
        static const char *const own[] = {"/platform/authorization", "/platform/subscription/",
                                          "/platform/credit/rotate-key"};
        bool about_oneself = false;
        for (size_t j = 0; j < sizeof own / sizeof *own; j++) {
            about_oneself = about_oneself || strncmp(route->pattern, own[j], strlen(own[j])) == 0;
        }
        assert_true(!writes || guarded || about_oneself); /* nobody else writes by login alone */
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_patterns_fit_paths),
        cmocka_unit_test(test_find_tells_unknown_path_from_wrong_method),
        cmocka_unit_test(test_no_row_stands_in_the_shadow_of_another),
        cmocka_unit_test(test_every_row_is_reached_and_refuses_other_methods_with_its_own),
        cmocka_unit_test(test_the_search_finds_what_looking_at_all_rows_does),
        cmocka_unit_test(test_near_misses_of_paths_are_unknown),
        cmocka_unit_test(test_allow_lists_head_with_get_and_options_always),
        cmocka_unit_test(test_fields_of_keys_and_indexes_are_names),
        cmocka_unit_test(test_every_row_is_whole),
    };
    return cmocka_run_group_tests(tests, s_build_router, NULL);
}
