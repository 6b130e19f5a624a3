/* What routes of APIs, endpoints, routings, credits, tiers and the configuration say in the API document. */
#include "gateway/docs/shapes.h"
#include "gateway/routedoc.h"
#include "gateway/tables/tables.h"

#define ENDPOINT "/platform/endpoint"
#define CREDIT   "/platform/credit"
#define TIERS    "/platform/tiers"
#define RULES    "/platform/rate-limits"
#define CONFIG   "/platform/config"

static const mg_field_t s_search[] = {{.name = "search", .type = MG_FIELD_TEXT}, {.name = NULL}};
static const mg_field_t s_key[] = {MG_SHAPE("api_key", MG_FIELD_TEXT), MG_SHAPE_END};

/* --- tiers --- */

static const mg_field_t s_tiers_query[] = {
    {.name = "skip", .type = MG_FIELD_INT, .fallback = "0"},
    {.name = "limit", .type = MG_FIELD_INT, .min = 1, .max = 1000, .fallback = "100"},
    {.name = "enabled_only", .type = MG_FIELD_BOOL, .fallback = "false"},
    {.name = "search", .type = MG_FIELD_TEXT},
    {.name = NULL}};
static const mg_field_t s_tiers_more[] = {MG_SHAPE("skip", MG_FIELD_INT),
                                          MG_SHAPE("limit", MG_FIELD_INT), MG_SHAPE_END};

/* --- configuration --- */

static const mg_resource_t *const s_all[] = {&mg_resource_apis,     &mg_resource_endpoints,
                                             &mg_resource_roles,    &mg_resource_groups,
                                             &mg_resource_routings, NULL};
static const mg_resource_t *const s_apis[] = {&mg_resource_apis, &mg_resource_endpoints, NULL};
static const mg_resource_t *const s_endpoints[] = {&mg_resource_endpoints, NULL};
static const mg_resource_t *const s_roles[] = {&mg_resource_roles, NULL};
static const mg_resource_t *const s_groups[] = {&mg_resource_groups, NULL};
static const mg_resource_t *const s_routings[] = {&mg_resource_routings, NULL};

#define QUERY_TEXT(field)                                                                          \
    {                                                                                              \
        .name = (field), .type = MG_FIELD_TEXT                                                     \
    }
static const mg_field_t s_api_query[] = {QUERY_TEXT("api_name"),
                                         QUERY_TEXT("api_version"),
                                         {.name = NULL}};
static const mg_field_t s_role_query[] = {QUERY_TEXT("role_name"), {.name = NULL}};
static const mg_field_t s_group_query[] = {QUERY_TEXT("group_name"), {.name = NULL}};
static const mg_field_t s_routing_query[] = {QUERY_TEXT("client_key"), {.name = NULL}};

static const mg_field_t s_import[] = {
    {.name = "apis", .type = MG_FIELD_RECORDS},     {.name = "endpoints", .type = MG_FIELD_RECORDS},
    {.name = "roles", .type = MG_FIELD_RECORDS},    {.name = "groups", .type = MG_FIELD_RECORDS},
    {.name = "routings", .type = MG_FIELD_RECORDS}, {.name = NULL}};
static const mg_field_t s_counts[] = {
    MG_SHAPE_MAYBE("apis", MG_FIELD_INT),     MG_SHAPE_MAYBE("endpoints", MG_FIELD_INT),
    MG_SHAPE_MAYBE("roles", MG_FIELD_INT),    MG_SHAPE_MAYBE("groups", MG_FIELD_INT),
    MG_SHAPE_MAYBE("routings", MG_FIELD_INT), MG_SHAPE_END};
static const mg_field_t s_imported[] = {MG_SHAPE_HOLDS("imported", MG_FIELD_RECORD, s_counts),
                                        MG_SHAPE_END};

static const char s_slash[] = "The path with a slash at its end";

static const mg_route_doc_t s_rows[] = {
    {.line = "POST /platform/api",
     .note = "Creating what is there changes nothing.",
     .errors = {MG_ERROR_API_PUBLIC_CREDITS}},
    {.line = "PUT /platform/api/{api_name}/{api_version}", .errors = {MG_ERROR_API_PUBLIC_CREDITS}},
    {.line = "DELETE /platform/api/{api_name}/{api_version}", .note = "Its endpoints stay."},

    {.line = "POST " ENDPOINT,
     .note = "The URI begins with a slash; {x} in it stands for one segment.",
     .errors = {MG_ERROR_ENDPOINT_NO_API}},
    {.line = "GET " ENDPOINT "/{api_name}/{api_version}",
     .summary = "Endpoints of an API",
     .lists = s_endpoints,
     .errors = {MG_ERROR_ENDPOINT_NONE}},
    {.line = "DELETE " ENDPOINT "/{endpoint_method}/{api_name}/{api_version}/{endpoint_uri...}",
     .kind = MG_DOC_DELETE},
    {.line = "POST " ENDPOINT "/endpoint/validation", .errors = {MG_ERROR_VALIDATION_NO_ENDPOINT}},
    {.line = "POST " ENDPOINT "/validation", .errors = {MG_ERROR_VALIDATION_NO_ENDPOINT}},

    {.line = "POST /platform/routing",
     .note = "The message ends with `key: ` and the client key, a UUID when none was given."},

    {.line = "GET " CREDIT "/defs",
     .note = "Keys are never shown. A page has 50, unless one asks."},
    {.line = "GET " CREDIT "/all", .query = s_search},
    {.line = "POST " CREDIT "/rotate-key",
     .summary = "A new key for the caller in a credit group",
     .body = mg_rotate_fields,
     .example = "{\"api_credit_group\": \"maps\"}",
     .answer = s_key,
     .errors = {MG_ERROR_CREDIT_ROTATE}},
    {.line = "POST " CREDIT "/{name}",
     .kind = MG_DOC_CREATE,
     .status = 200,
     .summary = "Credits: replace those of the user in the path",
     .errors = {MG_ERROR_CREDIT_NAME}},
    {.line = "GET " CREDIT "/{name}",
     .summary = "Credits: read those of the user in the path",
     .note = "The user's own keys are shown in clear."},
    {.line = "PUT " CREDIT "/{name}",
     .summary = "Credit definition: change that of the group in the path"},
    {.line = "DELETE " CREDIT "/{name}",
     .summary = "Credit definition: delete that of the group in the path"},

    {.line = "GET " TIERS, .status = 307, .summary = s_slash},
    {.line = "POST " TIERS, .status = 307, .summary = s_slash},
    {.line = "POST " TIERS "/", .note = "Creating what is there answers what is there."},
    {.line = "GET " TIERS "/",
     .summary = "Tier: list",
     .query = s_tiers_query,
     .answer = s_tiers_more,
     .kind = MG_DOC_LIST},
    {.line = "POST " TIERS "/assignments",
     .kind = MG_DOC_CREATE,
     .note = "One per user, the newest.",
     .errors = {MG_ERROR_TIER_UNKNOWN}},
    {.line = "GET " RULES, .status = 307, .summary = s_slash},
    {.line = "POST " RULES, .status = 307, .summary = s_slash},
    {.line = "POST " RULES "/", .note = "Creating what is there answers what is there."},

    {.line = "GET " CONFIG "/export/all", .summary = "Export the configuration", .lists = s_all},
    {.line = "GET " CONFIG "/export/apis",
     .summary = "Export APIs, or one with its endpoints",
     .query = s_api_query,
     .lists = s_apis,
     .single = "api",
     .errors = {MG_ERROR_EXPORT_NO_API}},
    {.line = "GET " CONFIG "/export/roles",
     .summary = "Export roles, or one",
     .query = s_role_query,
     .lists = s_roles,
     .single = "role",
     .errors = {MG_ERROR_EXPORT_NO_ROLE}},
    {.line = "GET " CONFIG "/export/groups",
     .summary = "Export groups, or one",
     .query = s_group_query,
     .lists = s_groups,
     .single = "group",
     .errors = {MG_ERROR_EXPORT_NO_GROUP}},
    {.line = "GET " CONFIG "/export/routings",
     .summary = "Export routings, or one",
     .query = s_routing_query,
     .lists = s_routings,
     .single = "routing",
     .errors = {MG_ERROR_EXPORT_NO_ROUTING}},
    {.line = "GET " CONFIG "/export/endpoints",
     .summary = "Export endpoints, or those of one API",
     .query = s_api_query,
     .lists = s_endpoints},
    {.line = "POST " CONFIG "/import",
     .summary = "Import a configuration, whole or not at all",
     .note = "The body is what an export gives. Items are merged over what is there; a snapshot is "
             "kept before.",
     .body = s_import,
     .example = "{\"groups\": [{\"group_name\": \"partners\", \"group_description\": \"Who buys "
                "from us\"}], \"routings\": []}",
     .answer = s_imported,
     .errors = {MG_ERROR_ROLE_CREATE, MG_ERROR_ROLE_UPDATE, MG_ERROR_ROLE_CREATE_ADMIN,
                MG_ERROR_ROLE_UPDATE_ADMIN, MG_ERROR_IMPORT_TOO_BIG}},
    {.line = "POST " CONFIG "/rollback",
     .summary = "Go back to the newest snapshot of the configuration",
     .note = "Whoever could not bring about the difference in roles by hand is refused.",
     .errors = {MG_ERROR_ROLLBACK_NOTHING, MG_ERROR_ROLE_CREATE, MG_ERROR_ROLE_UPDATE,
                MG_ERROR_ROLE_DELETE, MG_ERROR_ROLE_CREATE_ADMIN, MG_ERROR_ROLE_UPDATE_ADMIN,
                MG_ERROR_ROLE_DELETE_ADMIN}},
};

const mg_route_docs_t mg_docs_resources = {s_rows, sizeof s_rows / sizeof *s_rows};
