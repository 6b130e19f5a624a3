/* Endpoints: they belong to an API, and two of them never share a client URI. */
#include "core/document.h"
#include "core/json.h"
#include "gateway/ask.h"
#include "gateway/handlers/handlers.h"

#include <string.h>

/* The API that an endpoint's document names, or NULL. */
static const mg_entry_t *
s_api_of(const mg_request_t *request, mg_slice_t endpoint)
{
    const mg_slice_t parts[] = {mg_document_text(endpoint, "api_name"),
                                mg_document_text(endpoint, "api_version")};
    mg_buf_t key = {0};
    mg_collection_join_key(parts, 2, &key);
    const mg_entry_t *api =
        mg_buf_ok(&key) ? mg_request_find(request, MG_COLLECTION_APIS, mg_buf_slice(&key)) : NULL;
    mg_buf_free(&key);
    return api;
}

bool
mg_endpoint_complete(const mg_request_t *request, bson_t *draft)
{
    char id[MG_UUID_TEXT];
    mg_uuid_new(id);
    const mg_entry_t *api = s_api_of(request, mg_document_slice(draft));
    mg_slice_t api_id = api ? mg_document_text(mg_entry_body(api), "api_id") : mg_slice_text("");
    return bson_append_utf8(draft, "api_id", -1, (const char *)api_id.data, (int)api_id.len) &&
           bson_append_utf8(draft, "endpoint_id", -1, id, -1);
}

/* --- walking the endpoints of one API --- */

bool
mg_endpoint_walk_begin(mg_endpoint_walk_t *walk,
                       const mg_request_t *request,
                       mg_slice_t name,
                       mg_slice_t version)
{
    /* the empty last part gives "name/version/", escaped as keys are */
    const mg_slice_t parts[] = {name, version, {0}};
    *walk = (mg_endpoint_walk_t){.request = request};
    mg_collection_join_key(parts, 3, &walk->prefix);
    mg_session_world_t world = mg_request_world(request);
    mg_cursor_seek(&walk->cursor, world.view, MG_COLLECTION_ENDPOINTS, mg_buf_slice(&walk->prefix));
    return mg_buf_ok(&walk->prefix);
}

const mg_entry_t *
mg_endpoint_walk_next(mg_endpoint_walk_t *walk)
{
    const mg_entry_t *entry = NULL;
    while ((entry = mg_cursor_next(&walk->cursor)) != NULL) {
        mg_slice_t key = mg_entry_key(entry);
        if (key.len < walk->prefix.len ||
            memcmp(key.data, walk->prefix.data, walk->prefix.len) != 0) {
            return NULL;
        }
        if (mg_entry_alive(entry, walk->request->now_ns)) {
            return entry;
        }
    }
    return NULL;
}

/* --- rules --- */

/* True when another endpoint of the same API and method has this one's client URI. */
static bool
s_client_uri_is_taken(const mg_request_t *request, mg_slice_t endpoint)
{
    mg_slice_t uri = mg_document_text(endpoint, "client_uri");
    mg_endpoint_walk_t walk;
    bool taken = false;
    if (uri.data && mg_endpoint_walk_begin(&walk, request, mg_document_text(endpoint, "api_name"),
                                           mg_document_text(endpoint, "api_version"))) {
        mg_slice_t method = mg_document_text(endpoint, "endpoint_method");
        mg_slice_t own_uri = mg_document_text(endpoint, "endpoint_uri");
        const mg_entry_t *other = NULL;
        while (!taken && (other = mg_endpoint_walk_next(&walk)) != NULL) {
            mg_slice_t body = mg_entry_body(other);
            taken = mg_slice_equal(mg_document_text(body, "client_uri"), uri) &&
                    mg_slice_equal(mg_document_text(body, "endpoint_method"), method) &&
                    !mg_slice_equal(mg_document_text(body, "endpoint_uri"), own_uri);
        }
        mg_buf_free(&walk.prefix);
    }
    return taken;
}

static bool
s_begins_with_slash(mg_slice_t text)
{
    return text.len > 0 && text.data[0] == '/';
}

static bool
s_check_create(mg_request_t *request, mg_slice_t endpoint)
{
    if (!s_begins_with_slash(mg_document_text(endpoint, "endpoint_uri"))) {
        mg_reply_error(&request->answer, MG_ERROR_INVALID_BODY, "endpoint_uri must begin with /");
        return false;
    }
    if (!s_api_of(request, endpoint)) {
        mg_request_refuse(request, MG_ERROR_ENDPOINT_NO_API);
        return false;
    }
    return true;
}

bool
mg_endpoint_check(mg_request_t *request, const mg_change_t *change)
{
    if (change->after.len == 0) {
        return true;
    }
    bool creates = change->before.len == 0;
    if (creates && !s_check_create(request, change->after)) {
        return false;
    }
    if (s_client_uri_is_taken(request, change->after)) {
        mg_request_refuse(request, creates ? MG_ERROR_ENDPOINT_EXISTS : MG_ERROR_ENDPOINT_RENAME);
        return false;
    }
    return true;
}

/* --- delete: its validation goes with it --- */

void
mg_handle_endpoint_delete(mg_request_t *request)
{
    const mg_entry_t *entry = mg_resource_entry(request);
    if (!entry) {
        mg_request_refuse(request, MG_ERROR_ENDPOINT_NOT_FOUND);
        return;
    }
    mg_slice_t id = mg_document_text(mg_entry_body(entry), "endpoint_id");
    const mg_op_t ops[] = {
        {.kind = MG_OP_DELETE,
         .condition = MG_IF_REV,
         .rev = entry->rev,
         .collection = mg_slice_text(mg_collection(MG_COLLECTION_ENDPOINTS)->name),
         .key = mg_entry_key(entry)},
        {.kind = MG_OP_DELETE,
         .collection = mg_slice_text(mg_collection(MG_COLLECTION_ENDPOINT_VALIDATIONS)->name),
         .key = id},
    };
    bool validated = mg_request_find(request, MG_COLLECTION_ENDPOINT_VALIDATIONS, id) != NULL;
    mg_resource_done(request, 200, "deleted");
    mg_ask_write(request, ops, validated ? 2 : 1, NULL);
}

/* --- the list of one API --- */

void
mg_handle_endpoints_of_api(mg_request_t *request)
{
    const mg_resource_t *resource = request->match.route->resource;
    mg_endpoint_walk_t walk;
    mg_buf_t json = {0};
    mg_buf_append_format(&json, "{\"%s\":[", resource->list_key);
    bool whole = mg_endpoint_walk_begin(&walk, request, mg_request_param(request, 0),
                                        mg_request_param(request, 1));
    size_t count = 0;
    const mg_entry_t *entry = NULL;
    while (whole && (entry = mg_endpoint_walk_next(&walk)) != NULL) {
        mg_buf_append_text(&json, count++ ? "," : "");
        whole = mg_json_write(mg_entry_body(entry), MG_JSON_PLAIN, resource->omit, &json) == MG_OK;
    }
    mg_buf_append_text(&json, "]}");
    if (!whole || !mg_buf_ok(&json)) {
        mg_ask_refuse(request, MG_ERR_NO_MEMORY);
    } else if (count == 0) {
        mg_request_refuse(request, MG_ERROR_ENDPOINT_NONE);
    } else {
        mg_reply_payload(&request->answer, 200, mg_buf_slice(&json));
    }
    mg_buf_free(&walk.prefix);
    mg_buf_free(&json);
}
