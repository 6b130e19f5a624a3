/* Endpoints: platform-api.md section 6. */
#include "gateway/tables/tables.h"

#define ENDPOINT      "/platform/endpoint"
#define ENDPOINT_PATH ENDPOINT "/{endpoint_method}/{api_name}/{api_version}/{endpoint_uri...}"

static const mg_field_t s_endpoint_fields[] = {
    {.name = "api_name", .type = MG_FIELD_TEXT, .min = 1, .max = 50, .flags = MG_FIELD_KEY},
    {.name = "api_version", .type = MG_FIELD_TEXT, .min = 1, .max = 10, .flags = MG_FIELD_KEY},
    {.name = "endpoint_method", .type = MG_FIELD_TEXT, .min = 1, .max = 10, .flags = MG_FIELD_KEY},
    {.name = "endpoint_uri", .type = MG_FIELD_TEXT, .min = 1, .max = 255, .flags = MG_FIELD_KEY},
    {.name = "endpoint_description",
     .type = MG_FIELD_TEXT,
     .min = 1,
     .max = 255,
     .flags = MG_FIELD_REQUIRED},
    {.name = "endpoint_servers", .type = MG_FIELD_TEXTS},
    {.name = "client_uri", .type = MG_FIELD_TEXT, .min = 1, .max = 255, .flags = MG_FIELD_NAME},
    {.name = NULL},
};

static const char *const s_endpoint_checked[] = {"client_uri", NULL};

/* The path is /{method}/{name}/{version}/{uri...}, the key is name, version, method, URI. */
static const mg_field_t s_endpoint_added[] = {
    {.name = "api_id", .type = MG_FIELD_TEXT},
    {.name = "endpoint_id", .type = MG_FIELD_TEXT},
    {.name = NULL},
};

const mg_resource_t mg_resource_endpoints = {
    .collection = MG_COLLECTION_ENDPOINTS,
    .noun = "Endpoint",
    .list_key = "endpoints",
    .fields = s_endpoint_fields,
    .omit = mg_omit_internal,
    .key_params = {1, 2, 0, 3},
    .key_prefixes = {NULL, NULL, NULL, "/"},
    .exists = MG_ERROR_ENDPOINT_EXISTS,
    .not_found = MG_ERROR_ENDPOINT_NOT_FOUND,
    .unknown_update = MG_ERROR_ENDPOINT_UNKNOWN,
    .unknown_delete = MG_ERROR_ENDPOINT_NOT_FOUND,
    .rename = MG_ERROR_ENDPOINT_RENAME,
    .nothing = MG_ERROR_ENDPOINT_NOTHING,
    .complete = mg_endpoint_complete,
    .check = mg_endpoint_check,
    .checked = s_endpoint_checked,
    .added = s_endpoint_added,
    .example = "{\"api_name\": \"orders\", \"api_version\": \"v1\", \"endpoint_method\": \"GET\", "
               "\"endpoint_uri\": \"/orders\", \"endpoint_description\": \"All orders\"}",
    .change_example = "{\"endpoint_description\": \"All orders, newest first\"}",
};

static const mg_route_t s_routes[] = {
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
     .handler = mg_handle_endpoint_delete,
     .resource = &mg_resource_endpoints,
     .access = MG_ACCESS_ROLE,
     .permission = MG_MAY_MANAGE_ENDPOINTS,
     .denied = MG_ERROR_ENDPOINT_DELETE},
};

const mg_route_table_t mg_routes_endpoints = {s_routes, sizeof s_routes / sizeof *s_routes};
