#include "gateway/routes.h"

#include "gateway/handlers/handlers.h"
#include "gateway/resources.h"

#include <xxhash.h>

#include <assert.h>
#include <string.h>

#define AUTHORIZATION "/platform/authorization"
#define USER          "/platform/user"
#define ROLE          "/platform/role"
#define GROUP         "/platform/group"
#define API           "/platform/api"
#define ENDPOINT      "/platform/endpoint"
#define ENDPOINT_PATH ENDPOINT "/{endpoint_method}/{api_name}/{api_version}/{endpoint_uri...}"
#define SETTINGS      "/platform/security/settings"

static const mg_route_t s_routes[] = {
    {.method = MG_METHOD_GET,
     .pattern = "/api/health",
     .handler = mg_handle_health,
     .flags = MG_ROUTE_ALWAYS},
    {.method = MG_METHOD_GET,
     .pattern = "/platform/monitor/liveness",
     .handler = mg_handle_liveness,
     .flags = MG_ROUTE_ALWAYS},
    {.method = MG_METHOD_GET,
     .pattern = "/platform/monitor/readiness",
     .handler = mg_handle_readiness,
     .flags = MG_ROUTE_ALWAYS | MG_ROUTE_KNOWS_CALLER},
    {.method = MG_METHOD_GET,
     .pattern = "/metrics",
     .handler = mg_handle_metrics,
     .flags = MG_ROUTE_ALWAYS},

    {.method = MG_METHOD_POST, .pattern = AUTHORIZATION, .handler = mg_handle_login},
    {.method = MG_METHOD_POST,
     .pattern = AUTHORIZATION "/refresh",
     .handler = mg_handle_token_refresh,
     .access = MG_ACCESS_LOGIN,
     .no_login = MG_ERROR_REFRESH,
     .flags = MG_ROUTE_NO_CSRF},
    {.method = MG_METHOD_GET,
     .pattern = AUTHORIZATION "/status",
     .handler = mg_handle_token_status,
     .access = MG_ACCESS_LOGIN,
     .no_login = MG_ERROR_TOKEN,
     .flags = MG_ROUTE_NO_CSRF},
    {.method = MG_METHOD_POST,
     .pattern = AUTHORIZATION "/invalidate",
     .handler = mg_handle_token_invalidate,
     .access = MG_ACCESS_LOGIN,
     .no_login = MG_ERROR_TOKEN,
     .flags = MG_ROUTE_NO_CSRF},

    {.method = MG_METHOD_POST,
     .pattern = USER,
     .handler = mg_handle_user_create,
     .resource = &mg_resource_users,
     .access = MG_ACCESS_ROLE,
     .permission = MG_MAY_MANAGE_USERS,
     .denied = MG_ERROR_USER_MANAGE},
    {.method = MG_METHOD_GET,
     .pattern = USER,
     .handler = mg_resource_list,
     .resource = &mg_resource_users,
     .access = MG_ACCESS_LOGIN,
     .no_login = MG_ERROR_USER_LOGIN},
    {.method = MG_METHOD_GET,
     .pattern = USER "/all",
     .handler = mg_resource_list,
     .resource = &mg_resource_users,
     .access = MG_ACCESS_LOGIN,
     .no_login = MG_ERROR_USER_LOGIN},
    {.method = MG_METHOD_GET,
     .pattern = USER "/me",
     .handler = mg_handle_user_me,
     .resource = &mg_resource_users,
     .access = MG_ACCESS_LOGIN,
     .no_login = MG_ERROR_USER_LOGIN},
    {.method = MG_METHOD_GET,
     .pattern = USER "/email/{email}",
     .handler = mg_handle_user_by_email,
     .resource = &mg_resource_users,
     .access = MG_ACCESS_LOGIN},
    {.method = MG_METHOD_GET,
     .pattern = USER "/{username}",
     .handler = mg_resource_read,
     .resource = &mg_resource_users,
     .access = MG_ACCESS_SELF,
     .permission = MG_MAY_MANAGE_USERS,
     .denied = MG_ERROR_USER_READ,
     .guard = mg_guard_user_read},
    {.method = MG_METHOD_PUT,
     .pattern = USER "/{username}",
     .handler = mg_handle_user_update,
     .resource = &mg_resource_users,
     .access = MG_ACCESS_SELF,
     .permission = MG_MAY_MANAGE_USERS,
     .denied = MG_ERROR_USER_MANAGE,
     .guard = mg_guard_user_update},
    {.method = MG_METHOD_DELETE,
     .pattern = USER "/{username}",
     .handler = mg_resource_delete,
     .resource = &mg_resource_users,
     .access = MG_ACCESS_SELF,
     .permission = MG_MAY_MANAGE_USERS,
     .denied = MG_ERROR_USER_DELETE,
     .guard = mg_guard_user_delete},
    {.method = MG_METHOD_PUT,
     .pattern = USER "/{username}/update-password",
     .handler = mg_handle_user_password,
     .resource = &mg_resource_users,
     .access = MG_ACCESS_SELF,
     .permission = MG_MAY_MANAGE_USERS,
     .denied = MG_ERROR_USER_MANAGE,
     .guard = mg_guard_user_password},

    {.method = MG_METHOD_POST,
     .pattern = ROLE,
     .handler = mg_resource_create,
     .resource = &mg_resource_roles,
     .access = MG_ACCESS_ROLE,
     .permission = MG_MAY_MANAGE_ROLES,
     .denied = MG_ERROR_ROLE_CREATE},
    {.method = MG_METHOD_GET,
     .pattern = ROLE,
     .handler = mg_resource_list,
     .resource = &mg_resource_roles,
     .access = MG_ACCESS_LOGIN},
    {.method = MG_METHOD_GET,
     .pattern = ROLE "/all",
     .handler = mg_resource_list,
     .resource = &mg_resource_roles,
     .access = MG_ACCESS_LOGIN},
    {.method = MG_METHOD_GET,
     .pattern = ROLE "/{role_name}",
     .handler = mg_resource_read,
     .resource = &mg_resource_roles,
     .access = MG_ACCESS_LOGIN},
    {.method = MG_METHOD_PUT,
     .pattern = ROLE "/{role_name}",
     .handler = mg_resource_update,
     .resource = &mg_resource_roles,
     .access = MG_ACCESS_ROLE,
     .permission = MG_MAY_MANAGE_ROLES,
     .denied = MG_ERROR_ROLE_UPDATE},
    {.method = MG_METHOD_DELETE,
     .pattern = ROLE "/{role_name}",
     .handler = mg_resource_delete,
     .resource = &mg_resource_roles,
     .access = MG_ACCESS_ROLE,
     .permission = MG_MAY_MANAGE_ROLES,
     .denied = MG_ERROR_ROLE_DELETE},

    {.method = MG_METHOD_POST,
     .pattern = GROUP,
     .handler = mg_resource_create,
     .resource = &mg_resource_groups,
     .access = MG_ACCESS_ROLE,
     .permission = MG_MAY_MANAGE_GROUPS,
     .denied = MG_ERROR_GROUP_CREATE},
    {.method = MG_METHOD_GET,
     .pattern = GROUP,
     .handler = mg_resource_list,
     .resource = &mg_resource_groups,
     .access = MG_ACCESS_LOGIN},
    {.method = MG_METHOD_GET,
     .pattern = GROUP "/all",
     .handler = mg_resource_list,
     .resource = &mg_resource_groups,
     .access = MG_ACCESS_LOGIN},
    {.method = MG_METHOD_GET,
     .pattern = GROUP "/{group_name}",
     .handler = mg_resource_read,
     .resource = &mg_resource_groups,
     .access = MG_ACCESS_LOGIN},
    {.method = MG_METHOD_PUT,
     .pattern = GROUP "/{group_name}",
     .handler = mg_resource_update,
     .resource = &mg_resource_groups,
     .access = MG_ACCESS_ROLE,
     .permission = MG_MAY_MANAGE_GROUPS,
     .denied = MG_ERROR_GROUP_UPDATE},
    {.method = MG_METHOD_DELETE,
     .pattern = GROUP "/{group_name}",
     .handler = mg_resource_delete,
     .resource = &mg_resource_groups,
     .access = MG_ACCESS_ROLE,
     .permission = MG_MAY_MANAGE_GROUPS,
     .denied = MG_ERROR_GROUP_DELETE},

    {.method = MG_METHOD_POST,
     .pattern = API,
     .handler = mg_resource_create,
     .resource = &mg_resource_apis,
     .access = MG_ACCESS_ROLE,
     .permission = MG_MAY_MANAGE_APIS,
     .denied = MG_ERROR_API_CREATE},
    {.method = MG_METHOD_GET,
     .pattern = API,
     .handler = mg_resource_list,
     .resource = &mg_resource_apis,
     .access = MG_ACCESS_LOGIN,
     .no_login = MG_ERROR_API_LOGIN},
    {.method = MG_METHOD_GET,
     .pattern = API "/all",
     .handler = mg_resource_list,
     .resource = &mg_resource_apis,
     .access = MG_ACCESS_LOGIN,
     .no_login = MG_ERROR_API_LOGIN},
    {.method = MG_METHOD_GET,
     .pattern = API "/{api_name}/{api_version}",
     .handler = mg_resource_read,
     .resource = &mg_resource_apis,
     .access = MG_ACCESS_LOGIN},
    {.method = MG_METHOD_PUT,
     .pattern = API "/{api_name}/{api_version}",
     .handler = mg_resource_update,
     .resource = &mg_resource_apis,
     .access = MG_ACCESS_ROLE,
     .permission = MG_MAY_MANAGE_APIS,
     .denied = MG_ERROR_API_UPDATE},
    {.method = MG_METHOD_DELETE,
     .pattern = API "/{api_name}/{api_version}",
     .handler = mg_resource_delete,
     .resource = &mg_resource_apis,
     .access = MG_ACCESS_ROLE,
     .permission = MG_MAY_MANAGE_APIS,
     .denied = MG_ERROR_API_DELETE},

    {.method = MG_METHOD_POST,
     .pattern = ENDPOINT,
     .handler = mg_resource_create,
     .resource = &mg_resource_endpoints,
     .access = MG_ACCESS_ROLE,
     .permission = MG_MAY_MANAGE_ENDPOINTS,
     .denied = MG_ERROR_ENDPOINT_CREATE},
    {.method = MG_METHOD_GET,
     .pattern = ENDPOINT "/{api_name}/{api_version}",
     .handler = mg_handle_endpoints_of_api,
     .resource = &mg_resource_endpoints,
     .access = MG_ACCESS_LOGIN},
    {.method = MG_METHOD_GET,
     .pattern = ENDPOINT_PATH,
     .handler = mg_resource_read,
     .resource = &mg_resource_endpoints,
     .access = MG_ACCESS_LOGIN},
    {.method = MG_METHOD_PUT,
     .pattern = ENDPOINT_PATH,
     .handler = mg_resource_update,
     .resource = &mg_resource_endpoints,
     .access = MG_ACCESS_ROLE,
     .permission = MG_MAY_MANAGE_ENDPOINTS,
     .denied = MG_ERROR_ENDPOINT_UPDATE},
    {.method = MG_METHOD_DELETE,
     .pattern = ENDPOINT_PATH,
     .handler = mg_resource_delete,
     .resource = &mg_resource_endpoints,
     .access = MG_ACCESS_ROLE,
     .permission = MG_MAY_MANAGE_ENDPOINTS,
     .denied = MG_ERROR_ENDPOINT_DELETE},

    {.method = MG_METHOD_GET,
     .pattern = SETTINGS,
     .handler = mg_handle_settings_read,
     .access = MG_ACCESS_ROLE,
     .permission = MG_MAY_MANAGE_SECURITY,
     .denied = MG_ERROR_SETTINGS_READ,
     .flags = MG_ROUTE_UNFILTERED},
    {.method = MG_METHOD_PUT,
     .pattern = SETTINGS,
     .handler = mg_handle_settings_update,
     .access = MG_ACCESS_ROLE,
     .permission = MG_MAY_MANAGE_SECURITY,
     .denied = MG_ERROR_SETTINGS_WRITE,
     .flags = MG_ROUTE_UNFILTERED},
    {.method = MG_METHOD_POST,
     .pattern = "/platform/memory/dump",
     .handler = mg_handle_memory_dump,
     .access = MG_ACCESS_ROLE,
     .permission = MG_MAY_MANAGE_SECURITY,
     .denied = MG_ERROR_DUMP},
    {.method = MG_METHOD_GET,
     .pattern = "/platform/memory/dumps",
     .handler = mg_handle_memory_dumps,
     .access = MG_ACCESS_ROLE,
     .permission = MG_MAY_MANAGE_SECURITY,
     .denied = MG_ERROR_DUMPS},
    {.method = MG_METHOD_POST,
     .pattern = "/platform/memory/restore",
     .handler = mg_handle_memory_restore,
     .access = MG_ACCESS_ROLE,
     .permission = MG_MAY_MANAGE_SECURITY,
     .denied = MG_ERROR_RESTORE},
};

enum { ROUTES = sizeof s_routes / sizeof *s_routes };

const mg_route_t *
mg_routes(size_t *out_count)
{
    *out_count = ROUTES;
    return s_routes;
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
s_is_tail(mg_slice_t name)
{
    return name.len > 5 && memcmp(name.data + name.len - 4, "...}", 4) == 0;
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
        bool is_param = name.len > 0 && name.data[0] == '{';
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

/* A number for the first two segments, `/platform/api`: rows of other numbers need no look. 0: a parameter is among them. */
static uint64_t
s_family(mg_slice_t path)
{
    mg_slice_t rest = path;
    for (int i = 0; i < 3 && rest.data; i++) { /* what is before the first '/' is empty */
        mg_slice_t segment = s_take_segment(&rest);
        if (segment.len > 0 && segment.data[0] == '{') {
            return 0;
        }
    }
    size_t len = rest.data ? path.len - rest.len - 1 : path.len;
    return XXH3_64bits(path.data, len) | 1;
}

void
mg_router_build(mg_router_t *self)
{
    static_assert((size_t)ROUTES <= MG_ROUTES_MAX, "more rows than a router has room for");
    for (size_t i = 0; i < ROUTES; i++) {
        self->families[i] = s_family(mg_slice_text(s_routes[i].pattern));
    }
}

void
mg_routes_find(const mg_router_t *router,
               mg_method_t method,
               mg_slice_t path,
               mg_route_match_t *out)
{
    uint64_t family = s_family(path);
    *out = (mg_route_match_t){0};
    for (size_t i = 0; i < ROUTES; i++) {
        bool is_other = router->families[i] != family && router->families[i] != 0;
        mg_route_match_t match = {0};
        if (is_other || out->route || !mg_route_fits(s_routes[i].pattern, path, &match)) {
            continue;
        }
        if (s_answers(&s_routes[i], method)) {
            match.route = &s_routes[i];
            match.methods = out->methods;
            *out = match;
        }
        out->methods |= 1u << s_routes[i].method;
    }
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
