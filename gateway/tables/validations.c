/* Endpoint validation: platform-api.md section 6.1. */
#include "gateway/tables/tables.h"

/* Two paths for one thing: the reference has both. */
#define VALIDATION "/platform/endpoint/endpoint/validation"
#define ALIAS      "/platform/endpoint/validation"

static const char *const s_types[] = {"string", "number", "boolean", "array", "object", NULL};
static const char *const s_formats[] = {"email", "url", "date", "datetime", "uuid", NULL};

/* One rule; those of nested fields and items are rules again. */
const mg_field_t mg_rule_fields[] = {
    {.name = "required", .type = MG_FIELD_BOOL, .fallback = "false"},
    {.name = "type", .type = MG_FIELD_TEXT, .flags = MG_FIELD_REQUIRED, .choices = s_types},
    {.name = "min", .type = MG_FIELD_REAL},
    {.name = "max", .type = MG_FIELD_REAL},
    {.name = "pattern", .type = MG_FIELD_TEXT},
    {.name = "enum", .type = MG_FIELD_ANY},
    {.name = "format", .type = MG_FIELD_TEXT, .choices = s_formats},
    {.name = "custom_validator", .type = MG_FIELD_TEXT},
    {.name = "nested_schema", .type = MG_FIELD_RECORD_MAP, .items = mg_rule_fields},
    {.name = "array_items", .type = MG_FIELD_RECORD, .items = mg_rule_fields},
    {.name = NULL},
};

static const mg_field_t s_schema_fields[] = {
    {.name = "validation_schema",
     .type = MG_FIELD_RECORD_MAP,
     .flags = MG_FIELD_REQUIRED,
     .items = mg_rule_fields},
    {.name = NULL},
};

static const mg_field_t s_validation_fields[] = {
    {.name = "endpoint_id", .type = MG_FIELD_TEXT, .min = 1, .max = 64, .flags = MG_FIELD_KEY},
    {.name = "validation_enabled", .type = MG_FIELD_BOOL, .flags = MG_FIELD_REQUIRED},
    {.name = "validation_schema",
     .type = MG_FIELD_RECORD,
     .flags = MG_FIELD_REQUIRED,
     .items = s_schema_fields},
    {.name = NULL},
};

/* A change rests on nothing: the endpoint is looked for on create. */
static const char *const s_nothing_checked[] = {NULL};

const mg_resource_t mg_resource_validations = {
    .collection = MG_COLLECTION_ENDPOINT_VALIDATIONS,
    .noun = "Endpoint validation",
    .list_key = "endpoint_validations",
    .fields = s_validation_fields,
    .omit = mg_omit_internal,
    .exists = MG_ERROR_VALIDATION_EXISTS,
    .not_found = MG_ERROR_VALIDATION_NOT_FOUND,
    .unknown_update = MG_ERROR_VALIDATION_UNKNOWN,
    .unknown_delete = MG_ERROR_VALIDATION_NOT_FOUND,
    .rename = MG_ERROR_VALIDATION_NOTHING,
    .nothing = MG_ERROR_VALIDATION_NOTHING,
    .check = mg_validation_check,
    .checked = s_nothing_checked,
    .example = "{\"endpoint_id\": \"6b0f8f5e-54c3-4d0c-9d52-2f6f0b7b8d11\", "
               "\"validation_enabled\": true, \"validation_schema\": {\"validation_schema\": "
               "{\"customer.name\": {\"required\": true, \"type\": \"string\", \"min\": 1}}}}",
    .change_example = "{\"validation_enabled\": false}",
};

static const mg_route_t s_routes[] = {
    {.method = MG_METHOD_POST,
     .pattern = VALIDATION,
     .handler = mg_resource_create,
     .resource = &mg_resource_validations,
     .access = MG_ACCESS_ROLE,
     .permission = MG_MAY_MANAGE_ENDPOINTS,
     .denied = MG_ERROR_VALIDATION_CREATE},
    {.method = MG_METHOD_GET,
     .pattern = VALIDATION "/{endpoint_id}",
     .handler = mg_resource_read,
     .resource = &mg_resource_validations,
     .access = MG_ACCESS_LOGIN},
    {.method = MG_METHOD_PUT,
     .pattern = VALIDATION "/{endpoint_id}",
     .handler = mg_resource_update,
     .resource = &mg_resource_validations,
     .access = MG_ACCESS_ROLE,
     .permission = MG_MAY_MANAGE_ENDPOINTS,
     .denied = MG_ERROR_VALIDATION_UPDATE},
    {.method = MG_METHOD_DELETE,
     .pattern = VALIDATION "/{endpoint_id}",
     .handler = mg_resource_delete,
     .resource = &mg_resource_validations,
     .access = MG_ACCESS_ROLE,
     .permission = MG_MAY_MANAGE_ENDPOINTS,
     .denied = MG_ERROR_VALIDATION_DELETE},
    {.method = MG_METHOD_POST,
     .pattern = ALIAS,
     .handler = mg_resource_create,
     .resource = &mg_resource_validations,
     .access = MG_ACCESS_ROLE,
     .permission = MG_MAY_MANAGE_ENDPOINTS,
     .denied = MG_ERROR_VALIDATION_CREATE},
    {.method = MG_METHOD_GET,
     .pattern = ALIAS "/{endpoint_id}",
     .handler = mg_resource_read,
     .resource = &mg_resource_validations,
     .access = MG_ACCESS_LOGIN},
    {.method = MG_METHOD_PUT,
     .pattern = ALIAS "/{endpoint_id}",
     .handler = mg_resource_update,
     .resource = &mg_resource_validations,
     .access = MG_ACCESS_ROLE,
     .permission = MG_MAY_MANAGE_ENDPOINTS,
     .denied = MG_ERROR_VALIDATION_UPDATE},
    {.method = MG_METHOD_DELETE,
     .pattern = ALIAS "/{endpoint_id}",
     .handler = mg_resource_delete,
     .resource = &mg_resource_validations,
     .access = MG_ACCESS_ROLE,
     .permission = MG_MAY_MANAGE_ENDPOINTS,
     .denied = MG_ERROR_VALIDATION_DELETE},
};

const mg_route_table_t mg_routes_validations = {s_routes, sizeof s_routes / sizeof *s_routes};
