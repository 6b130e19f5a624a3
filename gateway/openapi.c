#include "gateway/openapi.h"

#include "gateway/openapioperation.h"
#include "gateway/tables/tables.h"

#include <string.h>

static const char s_about[] =
    "Users, roles, APIs and their kin, settings, dumps: what memgate serves besides the traffic it "
    "passes on. Bodies are JSON objects; unknown names are ignored, numbers and texts are taken "
    "for "
    "each other where one can stand for the other. With STRICT_RESPONSE_ENVELOPE=true every "
    "answer is HTTP 200 and {\"status_code\", \"response\" | \"message\" | \"error_code\", "
    "\"error_message\"}; this document describes answers without it.";

/* Written as JSON, since they depend on no table. */
static const char s_security_schemes[] =
    "{\"bearer\": {\"type\": \"http\", \"scheme\": \"bearer\", \"bearerFormat\": \"JWT\"},"
    " \"cookie\": {\"type\": \"apiKey\", \"in\": \"cookie\", \"name\": \"access_token_cookie\"}}";

static const char s_parameters[] =
    "{\"Page\": {\"name\": \"page\", \"in\": \"query\", \"schema\": {\"type\": \"integer\", "
    "\"minimum\": 1, \"default\": 1}},"
    " \"PageSize\": {\"name\": \"page_size\", \"in\": \"query\", \"description\": \"At most "
    "MAX_PAGE_SIZE.\", \"schema\": {\"type\": \"integer\", \"minimum\": 1}},"
    " \"IfMatch\": {\"name\": \"If-Match\", \"in\": \"header\", \"description\": \"The change is "
    "made only while the document has this ETag.\", \"schema\": {\"type\": \"string\"}},"
    " \"IfNoneMatch\": {\"name\": \"If-None-Match\", \"in\": \"header\", \"description\": \"304 "
    "when the document still has this ETag.\", \"schema\": {\"type\": \"string\"}},"
    " \"IdempotencyKey\": {\"name\": \"Idempotency-Key\", \"in\": \"header\", \"description\": "
    "\"Sent again with this key, the request is done once and answered alike.\", \"schema\": "
    "{\"type\": \"string\", \"minLength\": 1, \"maxLength\": 255}}}";

static const char s_schemas[] =
    "{\"Message\": {\"type\": \"object\", \"required\": [\"message\"], \"properties\": "
    "{\"message\": {\"type\": \"string\"}}},"
    " \"Error\": {\"type\": \"object\", \"required\": [\"error_message\"], \"properties\": "
    "{\"error_code\": {\"type\": \"string\"}, \"error_message\": {\"type\": \"string\"}}},"
    " \"Detail\": {\"type\": \"object\", \"required\": [\"detail\"], \"properties\": "
    "{\"detail\": {\"type\": \"string\"}}}}";

/* --- components --- */

/* What may always be answered; the rows of one document less to repeat. */
static json_t *
s_failure(mg_tree_t *tree)
{
    static const mg_error_id_t always[] = {
        MG_ERROR_BODY_TOO_BIG, MG_ERROR_CSRF,      MG_ERROR_IP_NOT_LISTED, MG_ERROR_IP_LISTED,
        MG_ERROR_INTERNAL,     MG_ERROR_NOT_READY, MG_ERROR_BUSY,          MG_ERROR_FROZEN,
        MG_ERROR_TIMEOUT,      MG_ERROR_FULL};
    mg_buf_t text = {0};
    mg_buf_append_text(&text, "What can always happen.");
    for (size_t i = 0; i < sizeof always / sizeof *always; i++) {
        const mg_error_row_t *row = mg_error_row(always[i]);
        mg_buf_append_format(&text, " %u %s: %s.", row->status, row->code, row->text);
    }
    json_t *failure = json_object();
    mg_tree_text(tree, failure, "description", mg_buf_text(&text));
    tree->failed = tree->failed || !mg_buf_ok(&text);
    mg_buf_free(&text);
    (void)mg_tree_set(tree, failure, "content",
                      json_pack("{s:{s:{s:[o, o]}}}", "application/json", "schema", "anyOf",
                                mg_tree_ref("schemas", "Error"), mg_tree_ref("schemas", "Detail")));
    return failure;
}

static void
s_add_resource(mg_tree_t *tree, json_t *schemas, const mg_resource_t *resource)
{
    char name[MG_OPENAPI_NAME];
    mg_openapi_name(resource, name);
    if (json_object_get(schemas, name)) {
        return;
    }
    const mg_field_t *table = resource->shown ? resource->shown : resource->fields;
    json_t *schema =
        mg_tree_set(tree, schemas, name, mg_schema_object(tree, table, MG_SCHEMA_STORED));
    mg_schema_extend(tree, schema, resource->added, MG_SCHEMA_STORED);
}

static void
s_add_components(mg_tree_t *tree)
{
    json_t *components = mg_tree_set(tree, tree->root, "components", json_object());
    (void)mg_tree_set(tree, components, "securitySchemes", mg_tree_parse(tree, s_security_schemes));
    (void)mg_tree_set(tree, components, "parameters", mg_tree_parse(tree, s_parameters));
    json_t *responses = mg_tree_set(tree, components, "responses", json_object());
    (void)mg_tree_set(tree, responses, "Failure", s_failure(tree));
    json_t *schemas = mg_tree_set(tree, components, "schemas", mg_tree_parse(tree, s_schemas));
    (void)mg_tree_set(tree, schemas, MG_SCHEMA_RULE,
                      mg_schema_object(tree, mg_rule_fields, MG_SCHEMA_ANSWER));
    const mg_route_t *route = NULL;
    for (size_t i = 0; (route = mg_route_row(i)) != NULL; i++) {
        if (route->resource) {
            s_add_resource(tree, schemas, route->resource);
        }
    }
}

/* --- paths --- */

void
mg_openapi_path(const char *pattern, mg_buf_t *out)
{
    for (const char *at = pattern; *at; at++) {
        if (*at != '.' || strncmp(at, "...}", 4) != 0) {
            mg_buf_append_byte(out, (uint8_t)*at);
        } else {
            at += 2;
        }
    }
}

static void
s_add_route(mg_tree_t *tree, json_t *paths, const mg_route_t *route)
{
    static const char *const names[MG_METHODS] = {
        [MG_METHOD_GET] = "get",        [MG_METHOD_HEAD] = "head",   [MG_METHOD_POST] = "post",
        [MG_METHOD_PUT] = "put",        [MG_METHOD_PATCH] = "patch", [MG_METHOD_DELETE] = "delete",
        [MG_METHOD_OPTIONS] = "options"};
    mg_buf_t path = {0};
    mg_openapi_path(route->pattern, &path);
    json_t *item = json_object_get(paths, mg_buf_text(&path));
    item = item ? item : mg_tree_set(tree, paths, mg_buf_text(&path), json_object());
    tree->failed = tree->failed || !mg_buf_ok(&path);
    mg_buf_free(&path);
    (void)mg_tree_set(tree, item, names[route->method], mg_openapi_operation(tree, route));
}

json_t *
mg_openapi_new(void)
{
    mg_tree_t tree = {.root = json_object()};
    mg_tree_text(&tree, tree.root, "openapi", "3.1.0");
    (void)mg_tree_set(&tree, tree.root, "info",
                      json_pack("{s:s, s:s, s:s}", "title", "memgate platform API", "version",
                                MG_VERSION, "description", s_about));
    (void)mg_tree_set(&tree, tree.root, "servers", json_pack("[{s:s}]", "url", "/"));
    (void)mg_tree_set(&tree, tree.root, "security",
                      json_pack("[{s:[]}, {s:[]}]", "bearer", "cookie"));
    json_t *paths = mg_tree_set(&tree, tree.root, "paths", json_object());
    const mg_route_t *route = NULL;
    for (size_t i = 0; (route = mg_route_row(i)) != NULL; i++) {
        s_add_route(&tree, paths, route);
    }
    s_add_components(&tree);
    if (tree.failed) {
        json_decref(tree.root);
        return NULL;
    }
    return tree.root;
}
