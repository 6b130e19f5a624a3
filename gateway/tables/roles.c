/* Roles: platform-api.md section 4. */
#include "gateway/tables/tables.h"

#define ROLE "/platform/role"

static const mg_field_t s_role_fields[] = {
    {.name = "role_name", .type = MG_FIELD_TEXT, .min = 1, .max = 50, .flags = MG_FIELD_KEY},
    {.name = "role_description", .type = MG_FIELD_TEXT, .max = 255},
    {.name = "manage_users", .type = MG_FIELD_BOOL, .fallback = "false"},
    {.name = "manage_apis", .type = MG_FIELD_BOOL, .fallback = "false"},
    {.name = "manage_endpoints", .type = MG_FIELD_BOOL, .fallback = "false"},
    {.name = "manage_groups", .type = MG_FIELD_BOOL, .fallback = "false"},
    {.name = "manage_roles", .type = MG_FIELD_BOOL, .fallback = "false"},
    {.name = "manage_routings", .type = MG_FIELD_BOOL, .fallback = "false"},
    {.name = "manage_gateway", .type = MG_FIELD_BOOL, .fallback = "false"},
    {.name = "manage_subscriptions", .type = MG_FIELD_BOOL, .fallback = "false"},
    {.name = "manage_security", .type = MG_FIELD_BOOL, .fallback = "false"},
    {.name = "manage_tiers", .type = MG_FIELD_BOOL, .fallback = "false"},
    {.name = "manage_rate_limits", .type = MG_FIELD_BOOL, .fallback = "false"},
    {.name = "manage_credits", .type = MG_FIELD_BOOL, .fallback = "false"},
    {.name = "manage_auth", .type = MG_FIELD_BOOL, .fallback = "false"},
    {.name = "view_analytics", .type = MG_FIELD_BOOL, .fallback = "false"},
    {.name = "view_logs", .type = MG_FIELD_BOOL, .fallback = "false"},
    {.name = "export_logs", .type = MG_FIELD_BOOL, .fallback = "false"},
    {.name = NULL},
};

/* What the seeded admin role has besides. */
static const mg_field_t s_role_added[] = {
    {.name = "ui_access", .type = MG_FIELD_BOOL},
    {.name = "platform_admin", .type = MG_FIELD_BOOL},
    {.name = NULL},
};

const mg_resource_t mg_resource_roles = {
    .collection = MG_COLLECTION_ROLES,
    .noun = "Role",
    .list_key = "roles",
    .fields = s_role_fields,
    .omit = mg_omit_internal,
    .list_shape = MG_LIST_PAGED_FOR_ADMIN,
    .update_shows = true,
    .exists = MG_ERROR_ROLE_EXISTS,
    .not_found = MG_ERROR_ROLE_NOT_FOUND,
    .unknown_update = MG_ERROR_ROLE_UNKNOWN,
    .unknown_delete = MG_ERROR_ROLE_UNKNOWN,
    .rename = MG_ERROR_ROLE_RENAME,
    .nothing = MG_ERROR_ROLE_NOTHING,
    .check = mg_role_check,
    .is_hidden = mg_role_is_hidden,
    .added = s_role_added,
    .example = "{\"role_name\": \"publisher\", \"role_description\": \"Publishes APIs\", "
               "\"manage_apis\": true, \"manage_endpoints\": true}",
    .change_example = "{\"manage_subscriptions\": true}",
};

static const mg_route_t s_routes[] = {
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
};

const mg_route_table_t mg_routes_roles = {s_routes, sizeof s_routes / sizeof *s_routes};
