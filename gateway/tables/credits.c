/* Credits: platform-api.md section 9. */
#include "gateway/tables/tables.h"

#define CREDIT "/platform/credit"

static const mg_field_t s_tier_fields[] = {
    {.name = "tier_name", .type = MG_FIELD_TEXT, .min = 1, .max = 50, .flags = MG_FIELD_REQUIRED},
    {.name = "credits", .type = MG_FIELD_INT, .flags = MG_FIELD_REQUIRED},
    {.name = "input_limit", .type = MG_FIELD_INT, .fallback = "0"},
    {.name = "output_limit", .type = MG_FIELD_INT, .fallback = "0"},
    {.name = "reset_frequency", .type = MG_FIELD_TEXT},
    {.name = NULL},
};

/* Keys are written by the handler, sealed. */
static const mg_field_t s_definition_fields[] = {
    {.name = "api_credit_group", .type = MG_FIELD_TEXT, .min = 1, .max = 50, .flags = MG_FIELD_KEY},
    {.name = "api_key",
     .type = MG_FIELD_TEXT,
     .min = 1,
     .max = 4096,
     .flags = MG_FIELD_REQUIRED | MG_FIELD_UNSTORED,
     .error = MG_ERROR_CREDIT_EMPTY_KEY},
    {.name = "api_key_header",
     .type = MG_FIELD_TEXT,
     .min = 1,
     .max = 255,
     .flags = MG_FIELD_REQUIRED,
     .error = MG_ERROR_CREDIT_EMPTY_HEADER},
    {.name = "credit_tiers",
     .type = MG_FIELD_RECORDS,
     .min = 1,
     .max = 1000,
     .flags = MG_FIELD_REQUIRED,
     .items = s_tier_fields},
    {.name = "api_key_new",
     .type = MG_FIELD_TEXT,
     .min = 1,
     .max = 4096,
     .flags = MG_FIELD_UNSTORED},
    {.name = "api_key_rotation_expires",
     .type = MG_FIELD_TEXT,
     .min = 1,
     .max = 64,
     .flags = MG_FIELD_ABSENT},
    {.name = NULL},
};

static const mg_field_t s_definition_shown[] = {
    {.name = "api_credit_group", .type = MG_FIELD_TEXT, .flags = MG_FIELD_KEY},
    {.name = "api_key_header", .type = MG_FIELD_TEXT},
    {.name = "api_key_present", .type = MG_FIELD_BOOL},
    {.name = "credit_tiers", .type = MG_FIELD_RECORDS, .items = s_tier_fields},
    {.name = NULL},
};

const mg_field_t mg_rotate_fields[] = {
    {.name = "api_credit_group",
     .type = MG_FIELD_TEXT,
     .min = 1,
     .max = 50,
     .flags = MG_FIELD_REQUIRED | MG_FIELD_NAME},
    {.name = NULL},
};

const mg_resource_t mg_resource_credit_defs = {
    .collection = MG_COLLECTION_CREDIT_DEFS,
    .noun = "Credit definition",
    .list_key = "items",
    .fields = s_definition_fields,
    .page_size = 50,
    .exists = MG_ERROR_CREDIT_EXISTS,
    .not_found = MG_ERROR_CREDIT_NOT_FOUND,
    .unknown_update = MG_ERROR_CREDIT_UNKNOWN_UPDATE,
    .unknown_delete = MG_ERROR_CREDIT_UNKNOWN_DELETE,
    .rename = MG_ERROR_CREDIT_RENAME,
    .nothing = MG_ERROR_CREDIT_NOTHING,
    .convert = mg_credit_seal,
    .write = mg_credit_def_write,
    .shown = s_definition_shown,
    .example = "{\"api_credit_group\": \"maps\", \"api_key\": \"key-of-the-upstream\", "
               "\"api_key_header\": \"x-api-key\", \"credit_tiers\": [{\"tier_name\": \"basic\", "
               "\"credits\": 1000, \"input_limit\": 0, \"output_limit\": 0, \"reset_frequency\": "
               "\"monthly\"}]}",
    .change_example = "{\"api_key\": \"another-key-of-the-upstream\"}",
};

static const mg_field_t s_balance_fields[] = {
    {.name = "tier_name", .type = MG_FIELD_TEXT, .min = 1, .max = 50, .flags = MG_FIELD_REQUIRED},
    {.name = "available_credits", .type = MG_FIELD_INT, .flags = MG_FIELD_REQUIRED},
    {.name = "reset_date", .type = MG_FIELD_TEXT},
    {.name = "user_api_key", .type = MG_FIELD_TEXT},
    {.name = NULL},
};

static const mg_field_t s_user_credit_fields[] = {
    {.name = "username", .type = MG_FIELD_TEXT, .min = 3, .max = 50, .flags = MG_FIELD_KEY},
    {.name = "users_credits",
     .type = MG_FIELD_RECORD_MAP,
     .flags = MG_FIELD_REQUIRED,
     .items = s_balance_fields},
    {.name = NULL},
};

static const char *const s_searches[] = {"search", NULL};

const mg_resource_t mg_resource_user_credits = {
    .collection = MG_COLLECTION_USER_CREDITS,
    .noun = "Credits",
    .list_key = "user_credits",
    .fields = s_user_credit_fields,
    .not_found = MG_ERROR_CREDIT_NO_USER,
    .filters = s_searches,
    .matches = mg_user_credit_matches,
    .write = mg_user_credit_write,
    .example = "{\"username\": \"ann\", \"users_credits\": {\"maps\": {\"tier_name\": \"basic\", "
               "\"available_credits\": 1000}}}",
};

/* A user and a credit group stand at the same place of a path: it has one name, and the method tells which. */
static const mg_route_t s_routes[] = {
    {.method = MG_METHOD_POST,
     .pattern = CREDIT,
     .handler = mg_resource_create,
     .resource = &mg_resource_credit_defs,
     .access = MG_ACCESS_ROLE,
     .permission = MG_MAY_MANAGE_CREDITS,
     .denied = MG_ERROR_CREDIT_WRITE},
    {.method = MG_METHOD_GET,
     .pattern = CREDIT "/defs",
     .handler = mg_resource_list,
     .resource = &mg_resource_credit_defs,
     .access = MG_ACCESS_ROLE,
     .permission = MG_MAY_MANAGE_CREDITS,
     .denied = MG_ERROR_CREDIT_LIST},
    {.method = MG_METHOD_GET,
     .pattern = CREDIT "/defs/{api_credit_group}",
     .handler = mg_resource_read,
     .resource = &mg_resource_credit_defs,
     .access = MG_ACCESS_ROLE,
     .permission = MG_MAY_MANAGE_CREDITS,
     .denied = MG_ERROR_CREDIT_LIST},
    {.method = MG_METHOD_GET,
     .pattern = CREDIT "/all",
     .handler = mg_resource_list,
     .resource = &mg_resource_user_credits,
     .access = MG_ACCESS_ROLE,
     .permission = MG_MAY_MANAGE_CREDITS,
     .denied = MG_ERROR_CREDIT_LIST},
    {.method = MG_METHOD_POST,
     .pattern = CREDIT "/rotate-key",
     .handler = mg_handle_credit_rotate,
     .access = MG_ACCESS_LOGIN,
     .flags = MG_ROUTE_SMALL_BODY},
    {.method = MG_METHOD_GET,
     .pattern = CREDIT "/{name}",
     .handler = mg_resource_read,
     .resource = &mg_resource_user_credits,
     .access = MG_ACCESS_SELF,
     .permission = MG_MAY_MANAGE_CREDITS,
     .denied = MG_ERROR_CREDIT_READ},
    {.method = MG_METHOD_POST,
     .pattern = CREDIT "/{name}",
     .handler = mg_handle_user_credits,
     .resource = &mg_resource_user_credits,
     .access = MG_ACCESS_ROLE,
     .permission = MG_MAY_MANAGE_CREDITS,
     .denied = MG_ERROR_CREDIT_WRITE},
    {.method = MG_METHOD_PUT,
     .pattern = CREDIT "/{name}",
     .handler = mg_resource_update,
     .resource = &mg_resource_credit_defs,
     .access = MG_ACCESS_ROLE,
     .permission = MG_MAY_MANAGE_CREDITS,
     .denied = MG_ERROR_CREDIT_WRITE},
    {.method = MG_METHOD_DELETE,
     .pattern = CREDIT "/{name}",
     .handler = mg_resource_delete,
     .resource = &mg_resource_credit_defs,
     .access = MG_ACCESS_ROLE,
     .permission = MG_MAY_MANAGE_CREDITS,
     .denied = MG_ERROR_CREDIT_WRITE},
};

const mg_route_table_t mg_routes_credits = {s_routes, sizeof s_routes / sizeof *s_routes};
