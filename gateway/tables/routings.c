/* Routings: platform-api.md section 8. */
#include "gateway/tables/tables.h"

#define ROUTING "/platform/routing"

static const mg_field_t s_routing_fields[] = {
    {.name = "routing_name",
     .type = MG_FIELD_TEXT,
     .min = 1,
     .max = 50,
     .flags = MG_FIELD_REQUIRED},
    {.name = "routing_servers",
     .type = MG_FIELD_TEXTS,
     .min = 1,
     .max = 1000,
     .flags = MG_FIELD_REQUIRED},
    {.name = "routing_description", .type = MG_FIELD_TEXT, .max = 255},
    {.name = "client_key",
     .type = MG_FIELD_TEXT,
     .min = 1,
     .max = 50,
     .flags = MG_FIELD_FIXED | MG_FIELD_NAME | MG_FIELD_ABSENT},
    {.name = "server_index", .type = MG_FIELD_INT, .flags = MG_FIELD_ONCE, .fallback = "0"},
    {.name = NULL},
};

const mg_resource_t mg_resource_routings = {
    .collection = MG_COLLECTION_ROUTINGS,
    .noun = "Routing",
    .list_key = "routings",
    .fields = s_routing_fields,
    .omit = mg_omit_internal,
    .exists = MG_ERROR_ROUTING_EXISTS,
    .not_found = MG_ERROR_ROUTING_UNKNOWN,
    .unknown_update = MG_ERROR_ROUTING_UNKNOWN,
    .unknown_delete = MG_ERROR_ROUTING_UNKNOWN,
    .rename = MG_ERROR_ROUTING_RENAME,
    .nothing = MG_ERROR_ROUTING_NOTHING,
    .complete = mg_routing_complete,
    .created = mg_routing_created,
    .example = "{\"routing_name\": \"north\", \"routing_servers\": [\"http://127.0.0.1:9002\"], "
               "\"client_key\": \"north-1\"}",
    .change_example =
        "{\"routing_servers\": [\"http://127.0.0.1:9002\", \"http://127.0.0.1:9003\"]}",
};

static const mg_route_t s_routes[] = {
    {.method = MG_METHOD_POST,
     .pattern = ROUTING,
     .handler = mg_resource_create,
     .resource = &mg_resource_routings,
     .access = MG_ACCESS_ROLE,
     .permission = MG_MAY_MANAGE_ROUTINGS,
     .denied = MG_ERROR_ROUTING_CREATE},
    {.method = MG_METHOD_GET,
     .pattern = ROUTING "/all",
     .handler = mg_resource_list,
     .resource = &mg_resource_routings,
     .access = MG_ACCESS_ROLE,
     .permission = MG_MAY_MANAGE_ROUTINGS,
     .denied = MG_ERROR_ROUTING_LIST},
    {.method = MG_METHOD_GET,
     .pattern = ROUTING "/{client_key}",
     .handler = mg_resource_read,
     .resource = &mg_resource_routings,
     .access = MG_ACCESS_ROLE,
     .permission = MG_MAY_MANAGE_ROUTINGS,
     .denied = MG_ERROR_ROUTING_READ},
    {.method = MG_METHOD_PUT,
     .pattern = ROUTING "/{client_key}",
     .handler = mg_resource_update,
     .resource = &mg_resource_routings,
     .access = MG_ACCESS_ROLE,
     .permission = MG_MAY_MANAGE_ROUTINGS,
     .denied = MG_ERROR_ROUTING_UPDATE},
    {.method = MG_METHOD_DELETE,
     .pattern = ROUTING "/{client_key}",
     .handler = mg_resource_delete,
     .resource = &mg_resource_routings,
     .access = MG_ACCESS_ROLE,
     .permission = MG_MAY_MANAGE_ROUTINGS,
     .denied = MG_ERROR_ROUTING_DELETE},
};

const mg_route_table_t mg_routes_routings = {s_routes, sizeof s_routes / sizeof *s_routes};
