#include "gateway/openapipage.h"

#include <stdlib.h>
#include <string.h>

/* --- pieces --- */

static const char *
s_text(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static void
s_escape(const char *text, mg_buf_t *out)
{
    for (const char *at = text; *at; at++) {
        switch (*at) {
        case '&':
            mg_buf_append_text(out, "&amp;");
            break;
        case '<':
            mg_buf_append_text(out, "&lt;");
            break;
        case '>':
            mg_buf_append_text(out, "&gt;");
            break;
        case '"':
            mg_buf_append_text(out, "&quot;");
            break;
        default:
            mg_buf_append_byte(out, (uint8_t)*at);
        }
    }
}

/* <tag>text</tag> */
static void
s_element(const char *tag, const char *text, mg_buf_t *out)
{
    mg_buf_append_format(out, "<%s>", tag);
    s_escape(text, out);
    mg_buf_append_format(out, "</%s>", tag);
}

/* JSON in a box of its own, or in a line. */
static void
s_json(const char *tag, const json_t *value, size_t flags, mg_buf_t *out)
{
    char *text = json_dumps(value, flags | JSON_ENCODE_ANY);
    out->failed = out->failed || !text;
    s_element(tag, text ? text : "", out);
    free(text);
}

static const char *
s_name_of_ref(const json_t *schema)
{
    const char *ref = s_text(schema, "$ref");
    const char *slash = strrchr(ref, '/');
    return slash ? slash + 1 : "";
}

/* --- schemas --- */

/* One line: a link to a component, or the schema itself. */
static void
s_write_schema(const json_t *schema, mg_buf_t *out)
{
    const char *name = s_name_of_ref(schema);
    if (*name) {
        mg_buf_append_format(out, "<a href=\"#%s\">%s</a>", name, name);
    } else {
        s_json("code", schema, JSON_COMPACT, out);
    }
}

static bool
s_is_required(const json_t *schema, const char *name)
{
    size_t index = 0;
    const json_t *item = NULL;
    bool required = false;
    json_array_foreach(json_object_get(schema, "required"), index, item)
    {
        required = required || strcmp(json_string_value(item), name) == 0;
    }
    return required;
}

static void
s_write_members(const json_t *schema, mg_buf_t *out)
{
    const json_t *properties = json_object_get(schema, "properties");
    if (json_object_size(properties) == 0) {
        s_write_schema(schema, out);
        return;
    }
    mg_buf_append_text(out, "<table border=\"1\"><tr><th>name</th><th>schema</th></tr>\n");
    const char *name = NULL;
    const json_t *member = NULL;
    json_object_foreach((json_t *)properties, name, member)
    {
        mg_buf_append_text(out, "<tr><td>");
        s_element("code", name, out);
        mg_buf_append_text(out, s_is_required(schema, name) ? " required" : "");
        mg_buf_append_text(out, "</td><td>");
        s_write_schema(member, out);
        mg_buf_append_text(out, "</td></tr>\n");
    }
    mg_buf_append_text(out, "</table>\n");
}

/* --- operations --- */

static void
s_write_parameters(const json_t *list, mg_buf_t *out)
{
    if (json_array_size(list) == 0) {
        return;
    }
    mg_buf_append_text(out, "<p>Parameters:</p><ul>\n");
    size_t index = 0;
    const json_t *param = NULL;
    json_array_foreach(list, index, param)
    {
        const char *shared = s_name_of_ref(param);
        mg_buf_append_text(out, "<li>");
        if (*shared) {
            s_write_schema(param, out);
        } else {
            s_element("code", s_text(param, "name"), out);
            mg_buf_append_format(out, " in %s: ", s_text(param, "in"));
            s_write_schema(json_object_get(param, "schema"), out);
            s_element("span", s_text(param, "description"), out);
        }
        mg_buf_append_text(out, "</li>\n");
    }
    mg_buf_append_text(out, "</ul>\n");
}

static const json_t *
s_content(const json_t *of)
{
    const json_t *content = json_object_get(of, "content");
    return json_object_iter_value(json_object_iter((json_t *)content));
}

static void
s_write_body(const json_t *body, mg_buf_t *out)
{
    if (!body) {
        return;
    }
    const json_t *content = s_content(body);
    mg_buf_append_text(out, "<p>Body:</p>\n");
    s_write_members(json_object_get(content, "schema"), out);
    mg_buf_append_text(out, "<p>Example:</p>\n");
    s_json("pre", json_object_get(content, "example"), JSON_INDENT(2), out);
}

static void
s_write_responses(const json_t *responses, mg_buf_t *out)
{
    mg_buf_append_text(
        out, "<table border=\"1\"><tr><th>status</th><th>meaning</th><th>answer</th></tr>\n");
    const char *status = NULL;
    const json_t *answer = NULL;
    json_object_foreach((json_t *)responses, status, answer)
    {
        const json_t *schema = json_object_get(s_content(answer), "schema");
        mg_buf_append_text(out, "<tr>");
        s_element("td", status, out);
        s_element("td", s_text(answer, "description"), out);
        mg_buf_append_text(out, "<td>");
        if (schema || *s_name_of_ref(answer)) {
            s_write_schema(schema ? schema : answer, out);
        }
        mg_buf_append_text(out, "</td></tr>\n");
    }
    mg_buf_append_text(out, "</table>\n");
}

static void
s_write_operation(const char *path, const char *method, const json_t *operation, mg_buf_t *out)
{
    mg_buf_append_format(out, "<h3 id=\"%s\">", s_text(operation, "operationId"));
    mg_buf_t line = {0};
    for (const char *at = method; *at; at++) {
        mg_buf_append_byte(&line, (uint8_t)(*at - 'a' + 'A'));
    }
    mg_buf_append_format(&line, " %s", path);
    s_element("code", mg_buf_text(&line), out);
    mg_buf_free(&line);
    mg_buf_append_text(out, "</h3>\n");
    s_element("p", s_text(operation, "summary"), out);
    s_element("p", s_text(operation, "description"), out);
    s_write_parameters(json_object_get(operation, "parameters"), out);
    s_write_body(json_object_get(operation, "requestBody"), out);
    s_write_responses(json_object_get(operation, "responses"), out);
}

/* --- the page --- */

typedef void visit_t(const char *path, const char *method, const json_t *operation, mg_buf_t *out);

static void
s_each_operation(const json_t *document, visit_t *visit, mg_buf_t *out)
{
    const char *path = NULL;
    json_t *item = NULL;
    json_object_foreach(json_object_get(document, "paths"), path, item)
    {
        const char *method = NULL;
        const json_t *operation = NULL;
        json_object_foreach(item, method, operation)
        {
            visit(path, method, operation, out);
        }
    }
}

static void
s_write_link(const char *path, const char *method, const json_t *operation, mg_buf_t *out)
{
    mg_buf_append_format(out, "<li><a href=\"#%s\"><code>%s ", s_text(operation, "operationId"),
                         method);
    s_escape(path, out);
    mg_buf_append_text(out, "</code></a> ");
    s_escape(s_text(operation, "summary"), out);
    mg_buf_append_text(out, "</li>\n");
}

/* Schemas as tables; parameters and shared answers as they are. */
static void
s_write_components(const json_t *components, const char *kind, mg_buf_t *out)
{
    const char *name = NULL;
    const json_t *component = NULL;
    json_object_foreach(json_object_get(components, kind), name, component)
    {
        mg_buf_append_format(out, "<h3 id=\"%s\">%s</h3>\n", name, name);
        if (strcmp(kind, "schemas") == 0) {
            s_write_members(component, out);
        } else {
            s_element("p", s_text(component, "description"), out);
            s_write_schema(component, out);
        }
    }
}

void
mg_openapi_page(const json_t *document, mg_buf_t *out)
{
    const json_t *info = json_object_get(document, "info");
    const json_t *components = json_object_get(document, "components");
    mg_buf_append_text(out, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">");
    s_element("title", s_text(info, "title"), out);
    mg_buf_append_text(out, "</head><body>\n");
    s_element("h1", s_text(info, "title"), out);
    s_element("p", s_text(info, "description"), out);
    mg_buf_append_text(out, "<p>For programs: <a href=\"/platform/openapi.json\">OpenAPI 3.1</a>."
                            "</p>\n<ul>\n");
    s_each_operation(document, s_write_link, out);
    mg_buf_append_text(out, "</ul>\n<h2>Routes</h2>\n");
    s_each_operation(document, s_write_operation, out);
    mg_buf_append_text(out, "<h2>Schemas</h2>\n");
    s_write_components(components, "schemas", out);
    mg_buf_append_text(out, "<h2>What many routes share</h2>\n");
    s_write_components(components, "parameters", out);
    s_write_components(components, "responses", out);
    mg_buf_append_text(out, "</body></html>\n");
}
