/* The configuration as JSON: all of it, one kind, or one document. What the caller may not see is left out. */
#include "core/json.h"
#include "gateway/ask.h"
#include "gateway/tables/tables.h"

/* Appends one document in the shape in which it can be imported again. */
static mg_status_t
s_append(const mg_resource_t *resource, const mg_entry_t *entry, mg_buf_t *out)
{
    return mg_json_write(mg_entry_body(entry), MG_JSON_PLAIN, resource->omit, out);
}

static bool
s_is_shown(const mg_request_t *request, const mg_resource_t *resource, const mg_entry_t *entry)
{
    return mg_entry_alive(entry, request->now_ns) &&
           !(resource->is_hidden && resource->is_hidden(request, mg_entry_body(entry)));
}

/* Appends `"apis":[...]`. */
static mg_status_t
s_append_all(const mg_request_t *request, const mg_resource_t *resource, mg_buf_t *out)
{
    mg_buf_append_format(out, "\"%s\":[", resource->list_key);
    mg_cursor_t cursor;
    mg_cursor_nth(&cursor, mg_request_world(request).view, (int)resource->collection, 0);
    const char *divider = "";
    mg_status_t status = MG_OK;
    const mg_entry_t *entry = NULL;
    while (status == MG_OK && (entry = mg_cursor_next(&cursor)) != NULL) {
        if (s_is_shown(request, resource, entry)) {
            mg_buf_append_text(out, divider);
            status = s_append(resource, entry, out);
            divider = ",";
        }
    }
    mg_buf_append_byte(out, ']');
    return status;
}

/* Appends `"endpoints":[...]` of one API. */
static mg_status_t
s_append_endpoints(const mg_request_t *request, mg_slice_t name, mg_slice_t version, mg_buf_t *out)
{
    mg_endpoint_walk_t walk;
    mg_status_t status =
        mg_endpoint_walk_begin(&walk, request, name, version) ? MG_OK : MG_ERR_NO_MEMORY;
    mg_buf_append_text(out, "\"endpoints\":[");
    const char *divider = "";
    const mg_entry_t *entry = NULL;
    while (status == MG_OK && (entry = mg_endpoint_walk_next(&walk)) != NULL) {
        mg_buf_append_text(out, divider);
        status = s_append(&mg_resource_endpoints, entry, out);
        divider = ",";
    }
    mg_buf_append_byte(out, ']');
    mg_buf_free(&walk.prefix);
    return status;
}

/* Answers what was written, and frees it. */
static void
s_reply(mg_request_t *request, mg_status_t status, mg_buf_t *json)
{
    mg_buf_append_byte(json, '}');
    if (status == MG_OK && mg_buf_ok(json)) {
        mg_reply_payload(&request->answer, 200, mg_buf_slice(json));
    } else {
        mg_ask_refuse(request, status == MG_OK ? MG_ERR_NO_MEMORY : status);
    }
    mg_buf_free(json);
}

void
mg_handle_export_all(mg_request_t *request)
{
    const mg_resource_t *const kinds[] = {&mg_resource_apis, &mg_resource_endpoints,
                                          &mg_resource_roles, &mg_resource_groups,
                                          &mg_resource_routings};
    mg_buf_t json = {0};
    mg_status_t status = MG_OK;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds && status == MG_OK; i++) {
        mg_buf_append_byte(&json, i ? ',' : '{');
        status = s_append_all(request, kinds[i], &json);
    }
    s_reply(request, status, &json);
}

/* --- one kind, or one document of it --- */

/* The document named by the query; `named`: the query names one at all. */
static const mg_entry_t *
s_find_named(const mg_request_t *request, const mg_resource_t *resource, bool *named)
{
    const char *const *fields = mg_collection(resource->collection)->key_fields;
    mg_slice_t parts[MG_KEY_FIELDS_MAX];
    size_t count = 0;
    *named = true;
    for (; fields[count]; count++) {
        parts[count] = mg_query_get(&request->query, fields[count]);
        *named = *named && parts[count].len > 0;
    }
    mg_buf_t key = {0};
    mg_collection_join_key(parts, count, &key);
    const mg_entry_t *entry =
        *named ? mg_request_find(request, resource->collection, mg_buf_slice(&key)) : NULL;
    mg_buf_free(&key);
    return entry && s_is_shown(request, resource, entry) ? entry : NULL;
}

static void
s_export(mg_request_t *request,
         const mg_resource_t *resource,
         const char *one,
         mg_error_id_t missing)
{
    bool named = false;
    const mg_entry_t *entry = s_find_named(request, resource, &named);
    if (named && !entry) {
        mg_request_refuse(request, missing);
        return;
    }
    mg_buf_t json = {0};
    mg_status_t status = MG_OK;
    mg_buf_append_byte(&json, '{');
    if (entry) {
        mg_buf_append_format(&json, "\"%s\":", one);
        status = s_append(resource, entry, &json);
    } else {
        status = s_append_all(request, resource, &json);
    }
    if (entry && resource == &mg_resource_apis && status == MG_OK) {
        mg_buf_append_byte(&json, ',');
        status = s_append_endpoints(request, mg_query_get(&request->query, "api_name"),
                                    mg_query_get(&request->query, "api_version"), &json);
    }
    s_reply(request, status, &json);
}

void
mg_handle_export_apis(mg_request_t *request)
{
    s_export(request, &mg_resource_apis, "api", MG_ERROR_EXPORT_NO_API);
}

void
mg_handle_export_roles(mg_request_t *request)
{
    s_export(request, &mg_resource_roles, "role", MG_ERROR_EXPORT_NO_ROLE);
}

void
mg_handle_export_groups(mg_request_t *request)
{
    s_export(request, &mg_resource_groups, "group", MG_ERROR_EXPORT_NO_GROUP);
}

void
mg_handle_export_routings(mg_request_t *request)
{
    s_export(request, &mg_resource_routings, "routing", MG_ERROR_EXPORT_NO_ROUTING);
}

void
mg_handle_export_endpoints(mg_request_t *request)
{
    mg_slice_t name = mg_query_get(&request->query, "api_name");
    mg_slice_t version = mg_query_get(&request->query, "api_version");
    mg_buf_t json = {0};
    mg_buf_append_byte(&json, '{');
    mg_status_t status = name.len && version.len
                             ? s_append_endpoints(request, name, version, &json)
                             : s_append_all(request, &mg_resource_endpoints, &json);
    s_reply(request, status, &json);
}
