#include "gateway/openapioperation.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { NAME_MAX_LEN = 128 };

static const char s_json[] = "application/json";

static mg_doc_kind_t
s_kind(const mg_route_t *route, const mg_route_doc_t *doc)
{
    static const struct {
        mg_handler_t *handler;
        mg_doc_kind_t kind;
    } known[] = {{mg_resource_create, MG_DOC_CREATE},
                 {mg_resource_read, MG_DOC_READ},
                 {mg_resource_list, MG_DOC_LIST},
                 {mg_resource_update, MG_DOC_UPDATE},
                 {mg_resource_delete, MG_DOC_DELETE}};
    if (doc->kind != MG_DOC_BY_HANDLER) {
        return doc->kind;
    }
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (known[i].handler == route->handler) {
            return known[i].kind;
        }
    }
    return MG_DOC_OWN;
}

/* --- words --- */

static char
s_lower(char sign)
{
    return (char)tolower((unsigned char)sign);
}

static char
s_upper(char sign)
{
    return (char)toupper((unsigned char)sign);
}

void
mg_openapi_name(const mg_resource_t *resource, char out[MG_OPENAPI_NAME])
{
    size_t len = 0;
    bool begins = true;
    for (const char *at = resource->noun; *at && len + 1 < MG_OPENAPI_NAME; at++) {
        if (begins) {
            out[len++] = s_upper(*at);
        } else if (*at != ' ') {
            out[len++] = *at;
        }
        begins = *at == ' ';
    }
    out[len] = 0;
}

/* "get_platform_role_role_name": what parts words is '_', and the signs of parameters are left out. */
static void
s_write_id(const mg_route_t *route, char out[NAME_MAX_LEN])
{
    size_t len = 0;
    for (const char *at = mg_method_name(route->method); *at; at++) {
        out[len++] = s_lower(*at);
    }
    for (const char *at = route->pattern; *at && len + 1 < NAME_MAX_LEN; at++) {
        if (strchr("/-", *at)) {
            out[len++] = '_';
        } else if (!strchr("{}.", *at)) {
            out[len++] = *at;
        }
    }
    out[len] = 0;
}

/* The subject: what stands behind /platform/. */
static json_t *
s_tag(const mg_route_t *route)
{
    static const char platform[] = "/platform/";
    size_t len = sizeof platform - 1;
    if (strncmp(route->pattern, platform, len) != 0) {
        return json_pack("[s]", "gateway");
    }
    const char *name = route->pattern + len;
    return json_pack("[s%]", name, strcspn(name, "/"));
}

static void
s_say_summary(mg_operation_t *self)
{
    static const char *const verbs[] = {
        [MG_DOC_CREATE] = "create", [MG_DOC_READ] = "read",     [MG_DOC_LIST] = "list",
        [MG_DOC_UPDATE] = "change", [MG_DOC_DELETE] = "delete", [MG_DOC_OWN] = NULL};
    const char *verb = verbs[self->kind];
    if (self->doc->summary) {
        mg_tree_text(self->tree, self->out, "summary", self->doc->summary);
    } else if (verb && self->route->resource) {
        mg_tree_format(self->tree, self->out, "summary", "%s: %s", self->route->resource->noun,
                       verb);
    } else {
        self->tree->failed = true; /* a handler of its own that nobody describes */
    }
}

static void
s_say_access(mg_operation_t *self)
{
    static const char *const names[] = {[MG_ACCESS_OPEN] = "open",
                                        [MG_ACCESS_LOGIN] = "login",
                                        [MG_ACCESS_ROLE] = "role",
                                        [MG_ACCESS_SELF] = "self"};
    static const char *const texts[] = {[MG_ACCESS_OPEN] = "Needs no login",
                                        [MG_ACCESS_LOGIN] = "Needs a login",
                                        [MG_ACCESS_ROLE] = "Needs a role with ",
                                        [MG_ACCESS_SELF] =
                                            "For the user in the path, and roles with "};
    const mg_route_t *route = self->route;
    bool named = route->access == MG_ACCESS_ROLE || route->access == MG_ACCESS_SELF;
    const char *permission = named ? mg_permission_name(route->permission) : "";
    mg_buf_t text = {0};
    mg_buf_append_format(&text, "%s%s.", texts[route->access], permission);
    if (self->doc->note) {
        mg_buf_append_format(&text, " %s", self->doc->note);
    }
    mg_tree_text(self->tree, self->out, "description", mg_buf_text(&text));
    mg_buf_free(&text);
    mg_tree_text(self->tree, self->out, "x-access", names[route->access]);
    if (named) {
        mg_tree_text(self->tree, self->out, "x-permission", permission);
    }
    if (route->access == MG_ACCESS_OPEN) {
        (void)mg_tree_set(self->tree, self->out, "security", json_array());
    }
}

/* --- parameters --- */

/* The field of the natural key that path parameter number `index` holds; -1: none. */
static int
s_key_field(const mg_resource_t *resource, size_t index)
{
    const mg_collection_t *collection = mg_collection(resource->collection);
    for (int i = 0; collection->key_fields[i]; i++) {
        if (resource->key_params[i] == index) {
            return i;
        }
    }
    return -1;
}

/* The example of path parameter number `index`: what the resource's example has there. */
static json_t *
s_param_example(const mg_operation_t *self, size_t index, const char *name)
{
    const mg_resource_t *resource = self->route->resource;
    json_t *value = json_object_get(self->example, name);
    if (!resource || self->doc->param) {
        return json_string(self->doc->param);
    }
    int key = s_key_field(resource, index);
    if (!value && key >= 0) {
        value =
            json_object_get(self->example, mg_collection(resource->collection)->key_fields[key]);
    }
    const char *text = json_string_value(value);
    const char *prefix = key >= 0 ? resource->key_prefixes[key] : NULL;
    size_t skip = text && prefix && strncmp(text, prefix, strlen(prefix)) == 0 ? strlen(prefix) : 0;
    return text ? json_string(text + skip) : NULL;
}

static void
s_add_path_param(mg_operation_t *self, json_t *list, size_t index, const char *at)
{
    char name[NAME_MAX_LEN] = "";
    size_t len = strcspn(at, ".}");
    memcpy(name, at, len < sizeof name ? len : sizeof name - 1);
    json_t *param = mg_tree_add(
        self->tree, list, json_pack("{s:s, s:s, s:b}", "name", name, "in", "path", "required", 1));
    if (at[len] == '.') {
        mg_tree_text(self->tree, param, "description", "The rest of the path, with its slashes.");
    }
    (void)mg_tree_set(self->tree, param, "schema", json_pack("{s:s}", "type", "string"));
    (void)mg_tree_set(self->tree, param, "example", s_param_example(self, index, name));
}

static void
s_add_path_params(mg_operation_t *self, json_t *list)
{
    size_t index = 0;
    for (const char *at = self->route->pattern; (at = strchr(at, '{')) != NULL; at++) {
        s_add_path_param(self, list, index++, at + 1);
    }
}

static void
s_add_query(mg_operation_t *self, json_t *list)
{
    for (const mg_field_t *field = self->doc->query; field && field->name; field++) {
        json_t *param = mg_tree_add(self->tree, list,
                                    json_pack("{s:s, s:s}", "name", field->name, "in", "query"));
        mg_field_t plain = *field;
        plain.flags |= MG_FIELD_REQUIRED; /* no query can say null */
        (void)mg_tree_set(self->tree, param, "schema",
                          mg_schema_field(self->tree, &plain, MG_SCHEMA_CREATE));
    }
}

static void
s_add_shared(mg_operation_t *self, json_t *list, const char *name)
{
    (void)mg_tree_add(self->tree, list, mg_tree_ref("parameters", name));
}

bool
mg_operation_is_conditional(const mg_operation_t *self)
{
    mg_method_t method = self->route->method;
    return self->route->resource && (method == MG_METHOD_PUT || method == MG_METHOD_DELETE);
}

bool
mg_operation_is_repeatable(const mg_operation_t *self)
{
    return self->route->method == MG_METHOD_POST && self->route->access != MG_ACCESS_OPEN;
}

static void
s_add_parameters(mg_operation_t *self)
{
    json_t *list = json_array();
    s_add_path_params(self, list);
    s_add_query(self, list);
    if (self->kind == MG_DOC_LIST) {
        s_add_shared(self, list, "Page");
        s_add_shared(self, list, "PageSize");
    }
    if (self->kind == MG_DOC_READ) {
        s_add_shared(self, list, "IfNoneMatch");
    }
    if (mg_operation_is_conditional(self)) {
        s_add_shared(self, list, "IfMatch");
    }
    if (mg_operation_is_repeatable(self)) {
        s_add_shared(self, list, "IdempotencyKey");
    }
    if (json_array_size(list) > 0) {
        (void)mg_tree_set(self->tree, self->out, "parameters", json_incref(list));
    }
    json_decref(list);
}

/* --- body --- */

const mg_field_t *
mg_operation_body_fields(const mg_operation_t *self)
{
    bool by_kind = self->kind == MG_DOC_CREATE || self->kind == MG_DOC_UPDATE;
    return self->doc->body ? self->doc->body : by_kind ? self->route->resource->fields : NULL;
}

static json_t *
s_body_example(const mg_operation_t *self)
{
    const mg_resource_t *resource = self->route->resource;
    if (self->doc->example) {
        return mg_tree_parse(self->tree, self->doc->example);
    }
    return self->kind == MG_DOC_UPDATE ? mg_tree_parse(self->tree, resource->change_example)
                                       : json_incref(self->example);
}

static void
s_add_body(mg_operation_t *self)
{
    const mg_field_t *fields = mg_operation_body_fields(self);
    if (!fields) {
        return;
    }
    bool update = self->kind == MG_DOC_UPDATE;
    mg_schema_use_t use = update ? MG_SCHEMA_UPDATE : MG_SCHEMA_CREATE;
    json_t *schema = mg_schema_object(self->tree, fields, use);
    mg_schema_extend(self->tree, schema, self->doc->more, use);
    bool required = update || json_object_get(schema, "required");
    (void)mg_tree_set(self->tree, self->out, "requestBody",
                      json_pack("{s:b, s:{s:{s:o, s:o}}}", "required", (int)required, "content",
                                s_json, "schema", schema, "example", s_body_example(self)));
}

/* --- answers --- */

static json_t *
s_document(const mg_resource_t *resource)
{
    char name[MG_OPENAPI_NAME];
    mg_openapi_name(resource, name);
    return mg_tree_ref("schemas", name);
}

static json_t *
s_documents(const mg_resource_t *resource)
{
    return json_pack("{s:s, s:o}", "type", "array", "items", s_document(resource));
}

static json_t *
s_list(mg_operation_t *self)
{
    static const mg_field_t paging[] = {
        {.name = "page", .type = MG_FIELD_INT, .flags = MG_FIELD_REQUIRED},
        {.name = "page_size", .type = MG_FIELD_INT, .flags = MG_FIELD_REQUIRED},
        {.name = "has_next", .type = MG_FIELD_BOOL, .flags = MG_FIELD_REQUIRED},
        {.name = "total", .type = MG_FIELD_INT, .flags = MG_FIELD_REQUIRED},
        {.name = NULL},
    };
    const mg_resource_t *resource = self->route->resource;
    json_t *schema =
        json_pack("{s:s, s:[s], s:{s:o}}", "type", "object", "required", resource->list_key,
                  "properties", resource->list_key, s_documents(resource));
    if (resource->list_shape != MG_LIST_PLAIN) {
        bool always = resource->list_shape == MG_LIST_PAGED;
        mg_schema_extend(self->tree, schema, paging, always ? MG_SCHEMA_ANSWER : MG_SCHEMA_STORED);
    }
    mg_schema_extend(self->tree, schema, self->doc->answer, MG_SCHEMA_ANSWER);
    return schema;
}

/* Lists of several kinds, or one document. */
static json_t *
s_lists(mg_operation_t *self)
{
    json_t *schema = json_pack("{s:s, s:{}}", "type", "object", "properties");
    json_t *properties = json_object_get(schema, "properties");
    const mg_resource_t *const *lists = self->doc->lists;
    if (self->doc->single) {
        (void)mg_tree_set(self->tree, properties, self->doc->single, s_document(lists[0]));
    }
    for (; *lists; lists++) {
        (void)mg_tree_set(self->tree, properties, (*lists)->list_key, s_documents(*lists));
    }
    return schema;
}

static json_t *
s_created(const mg_resource_t *resource)
{
    return resource->document_key ? json_pack("{s:s, s:[s], s:{s:o}}", "type", "object", "required",
                                              resource->document_key, "properties",
                                              resource->document_key, s_document(resource))
           : resource->bare       ? s_document(resource)
                                  : mg_tree_ref("schemas", "Message");
}

static json_t *
s_success_schema(mg_operation_t *self)
{
    const mg_resource_t *resource = self->route->resource;
    if (self->doc->lists) {
        return s_lists(self);
    }
    if (self->doc->answer && self->kind != MG_DOC_LIST) {
        return mg_schema_object(self->tree, self->doc->answer, MG_SCHEMA_ANSWER);
    }
    bool shows = false;
    switch (self->kind) {
    case MG_DOC_CREATE:
        return s_created(resource);
    case MG_DOC_LIST:
        return s_list(self);
    case MG_DOC_READ:
        shows = true;
        break;
    case MG_DOC_UPDATE:
        shows = resource->update_shows;
        break;
    case MG_DOC_DELETE:
        shows = resource->bare;
        break;
    case MG_DOC_BY_HANDLER:
    case MG_DOC_OWN:
        break;
    }
    return shows ? s_document(resource) : mg_tree_ref("schemas", "Message");
}

void
mg_operation_answer(const mg_operation_t *self,
                    json_t *responses,
                    unsigned status,
                    const char *text,
                    json_t *schema)
{
    char number[12];
    (void)snprintf(number, sizeof number, "%u", status);
    json_t *answer =
        mg_tree_set(self->tree, responses, number, json_pack("{s:s}", "description", text));
    if (schema) {
        (void)mg_tree_set(self->tree, answer, "content",
                          json_pack("{s:{s:o}}", s_json, "schema", schema));
    }
}

/* An answer that is no JSON object, in each form that it has. */
static void
s_answer_in(mg_operation_t *self, json_t *responses, unsigned status)
{
    json_t *content = json_object();
    for (size_t i = 0; i < MG_ROUTE_DOC_MEDIA && self->doc->media[i]; i++) {
        const char *type = strcmp(self->doc->media[i], s_json) == 0 ? "array" : "string";
        (void)mg_tree_set(self->tree, content, self->doc->media[i],
                          json_pack("{s:{s:s}}", "schema", "type", type));
    }
    mg_operation_answer(self, responses, status, "Done.", NULL);
    json_t *answer = json_object_iter_value(json_object_iter(responses));
    (void)mg_tree_set(self->tree, answer, "content", content);
}

static void
s_add_success(mg_operation_t *self, json_t *responses)
{
    const mg_resource_t *resource = self->route->resource;
    bool creates = self->kind == MG_DOC_CREATE;
    unsigned status = self->doc->status ? self->doc->status : creates ? 201 : 200;
    if (status >= 400) {
        return; /* it is always refused */
    }
    if (status >= 300) {
        mg_operation_answer(self, responses, status, "Ask there again.", NULL);
    } else if (self->doc->media[0]) {
        s_answer_in(self, responses, status);
    } else {
        mg_operation_answer(self, responses, status, creates ? "Created." : "Done.",
                            s_success_schema(self));
    }
    if (creates && resource->exists_text) {
        mg_operation_answer(self, responses, 200, resource->exists_text,
                            mg_tree_ref("schemas", "Message"));
    }
    if (self->kind == MG_DOC_READ) {
        mg_operation_answer(self, responses, 304, "The client's version is the newest.", NULL);
    }
}

static void
s_add_responses(mg_operation_t *self)
{
    json_t *responses = mg_tree_set(self->tree, self->out, "responses", json_object());
    s_add_success(self, responses);
    mg_operation_add_refusals(self, responses);
    (void)mg_tree_set(self->tree, responses, "default", mg_tree_ref("responses", "Failure"));
}

json_t *
mg_openapi_operation(mg_tree_t *tree, const mg_route_t *route)
{
    const mg_route_doc_t *doc = mg_route_doc(route);
    const mg_resource_t *resource = route->resource;
    mg_operation_t self = {.tree = tree,
                           .route = route,
                           .doc = doc,
                           .kind = s_kind(route, doc),
                           .out = json_object(),
                           .example = resource ? mg_tree_parse(tree, resource->example) : NULL};
    char id[NAME_MAX_LEN];
    s_write_id(route, id);
    (void)mg_tree_set(tree, self.out, "tags", s_tag(route));
    s_say_summary(&self);
    mg_tree_text(tree, self.out, "operationId", id);
    s_say_access(&self);
    s_add_parameters(&self);
    s_add_body(&self);
    s_add_responses(&self);
    json_decref(self.example);
    return self.out;
}
