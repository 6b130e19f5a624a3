/* Groups: platform-api.md section 4. */
#include "gateway/tables/tables.h"

#define GROUP "/platform/group"

static const mg_field_t s_group_fields[] = {
    {.name = "group_name", .type = MG_FIELD_TEXT, .min = 1, .max = 50, .flags = MG_FIELD_KEY},
    {.name = "group_description", .type = MG_FIELD_TEXT, .max = 255},
    {.name = "api_access", .type = MG_FIELD_TEXTS, .fallback = "[]"},
    {.name = NULL},
};

const mg_resource_t mg_resource_groups = {
    .collection = MG_COLLECTION_GROUPS,
    .noun = "Group",
    .list_key = "groups",
    .fields = s_group_fields,
    .omit = mg_omit_internal,
    .exists = MG_ERROR_GROUP_EXISTS,
    .not_found = MG_ERROR_GROUP_NOT_FOUND,
    .unknown_update = MG_ERROR_GROUP_UNKNOWN,
    .unknown_delete = MG_ERROR_GROUP_UNKNOWN,
    .rename = MG_ERROR_GROUP_RENAME,
    .nothing = MG_ERROR_GROUP_NOTHING,
    .example = "{\"group_name\": \"partners\", \"group_description\": \"Who buys from us\", "
               "\"api_access\": [\"orders/v1\"]}",
    .change_example = "{\"group_description\": \"Who buys from us, and who sells to us\"}",
};

static const mg_route_t s_routes[] = {
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
};

const mg_route_table_t mg_routes_groups = {s_routes, sizeof s_routes / sizeof *s_routes};
