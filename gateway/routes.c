#include "gateway/routes.h"

#include "gateway/tables/tables.h"

#include <xxhash.h>

#include <assert.h>
#include <string.h>

/* One table per subject. Where two rows fit one path the first one answers. */
static const mg_route_table_t *const s_tables[] = {
    &mg_routes_monitor,     &mg_routes_authorization, &mg_routes_users,
    &mg_routes_roles,       &mg_routes_groups,        &mg_routes_apis,
    &mg_routes_validations, &mg_routes_endpoints,     &mg_routes_subscriptions,
    &mg_routes_routings,    &mg_routes_credits,       &mg_routes_tiers,
    &mg_routes_config,      &mg_routes_tools,         &mg_routes_logging,
    &mg_routes_security,    &mg_routes_memory,        &mg_routes_openapi,
};

enum { TABLES = sizeof s_tables / sizeof *s_tables };

const mg_route_t *
mg_route_row(size_t index)
{
    for (size_t i = 0; i < TABLES; i++) {
        if (index < s_tables[i]->count) {
            return &s_tables[i]->rows[index];
        }
        index -= s_tables[i]->count;
    }
    return NULL;
}

size_t
mg_route_index(const mg_route_t *route)
{
    size_t before = 0;
    for (size_t i = 0; i < TABLES; i++) {
        const mg_route_table_t *table = s_tables[i];
        if (route >= table->rows && route < table->rows + table->count) {
            return before + (size_t)(route - table->rows);
        }
        before += table->count;
    }
    return before;
}

/* --- matching --- */

/* The segment at the front of `rest`, which moves behind it and its '/'. */
static mg_slice_t
s_take_segment(mg_slice_t *rest)
{
    const uint8_t *slash = rest->len ? memchr(rest->data, '/', rest->len) : NULL;
    mg_slice_t segment = *rest;
    if (!slash) {
        *rest = (mg_slice_t){0};
        return segment;
    }
    segment.len = (size_t)(slash - rest->data);
    *rest = mg_slice(slash + 1, rest->len - segment.len - 1);
    return segment;
}

static bool
s_is_param(mg_slice_t name)
{
    return name.len > 0 && name.data[0] == '{';
}

static bool
s_is_tail(mg_slice_t name)
{
    return s_is_param(name) && name.len > 5 && memcmp(name.data + name.len - 4, "...}", 4) == 0;
}

bool
mg_route_fits(const char *pattern, mg_slice_t path, mg_route_match_t *out)
{
    mg_slice_t names = mg_slice_text(pattern);
    out->param_count = 0;
    while (names.data) {
        if (!path.data) {
            return false; /* the pattern goes on, the path does not */
        }
        mg_slice_t name = s_take_segment(&names);
        bool is_param = s_is_param(name);
        mg_slice_t value = path;
        if (!s_is_tail(name)) {
            value = s_take_segment(&path);
        } else {
            path = (mg_slice_t){0};
        }
        bool may_be_empty = s_is_tail(name); /* the URI "/" of an endpoint */
        if (is_param ? value.len == 0 && !may_be_empty : !mg_slice_equal(name, value)) {
            return false;
        }
        if (is_param) {
            out->params[out->param_count++] = value;
        }
    }
    return !path.data;
}

static bool
s_answers(const mg_route_t *route, mg_method_t method)
{
    return route->method == method || (method == MG_METHOD_HEAD && route->method == MG_METHOD_GET);
}

/* The last segment of a pattern takes any number of them. */
static bool
s_ends_in_tail(mg_slice_t pattern)
{
    const uint8_t *slash = memrchr(pattern.data, '/', pattern.len);
    return slash &&
           s_is_tail(mg_slice(slash + 1, pattern.len - (size_t)(slash + 1 - pattern.data)));
}

static mg_route_shape_t
s_shape(mg_slice_t path)
{
    enum { FAMILY = 3 /* segments: what is before the first '/' is empty */ };
    mg_slice_t rest = path;
    mg_route_shape_t shape = {0};
    size_t family_len = path.len;
    bool is_named = true;
    while (rest.data) {
        mg_slice_t segment = s_take_segment(&rest);
        shape.segments++;
        is_named = is_named && (shape.segments > FAMILY || !s_is_param(segment));
        if (shape.segments == FAMILY && rest.data) {
            family_len = path.len - rest.len - 1;
        }
    }
    shape.family = is_named ? XXH3_64bits(path.data, family_len) | 1 : 0;
    return shape;
}

/* No word on what parameters hold, nor on what follows the family. */
static bool
s_may_fit(const mg_route_shape_t *pattern, const mg_route_shape_t *path)
{
    return (pattern->family == path->family || pattern->family == 0) &&
           (pattern->segments == path->segments || pattern->segments == 0);
}

void
mg_router_build(mg_router_t *self)
{
    self->count = 0;
    const mg_route_t *row = NULL;
    while ((row = mg_route_row(self->count)) != NULL) {
        assert(self->count < MG_ROUTES_MAX); /* more rows than a router has room for */
        self->rows[self->count] = row;
        mg_slice_t pattern = mg_slice_text(row->pattern);
        mg_route_shape_t *shape = &self->shapes[self->count++];
        *shape = s_shape(pattern);
        shape->segments = s_ends_in_tail(pattern) ? 0 : shape->segments;
    }
}

void
mg_routes_find(const mg_router_t *router,
               mg_method_t method,
               mg_slice_t path,
               mg_route_match_t *out)
{
    const mg_route_shape_t shape = s_shape(path);
    *out = (mg_route_match_t){0};
    for (size_t i = 0; i < router->count && !out->route; i++) {
        if (!s_may_fit(&router->shapes[i], &shape)) {
            continue;
        }
        mg_route_match_t match = {0};
        if (!mg_route_fits(router->rows[i]->pattern, path, &match)) {
            continue;
        }
        if (s_answers(router->rows[i], method)) {
            match.route = router->rows[i];
            match.methods = out->methods;
            *out = match;
        }
        out->methods |= 1u << router->rows[i]->method;
    }
}

uint64_t
mg_routes_body_max(const mg_route_match_t *match, uint64_t most)
{
    const mg_route_t *route = match->route;
    uint64_t max = most;
    if (!route || route->method == MG_METHOD_GET || route->method == MG_METHOD_DELETE) {
        max = MG_BODY_UNWANTED;
    } else if (route->flags & MG_ROUTE_SMALL_BODY) {
        max = MG_BODY_SMALL;
    }
    return max < most ? max : most;
}

void
mg_routes_write_allow(unsigned methods, mg_buf_t *out)
{
    if (methods >> MG_METHOD_GET & 1u) {
        methods |= 1u << MG_METHOD_HEAD;
    }
    methods |= 1u << MG_METHOD_OPTIONS;
    const char *divider = "";
    for (int i = 0; i < MG_METHODS; i++) {
        if (methods >> i & 1u) {
            mg_buf_append_format(out, "%s%s", divider, mg_method_name((mg_method_t)i));
            divider = ", ";
        }
    }
}
