#include "gateway/resource.h"

#include "core/bsoncheck.h"
#include "core/document.h"
#include "core/json.h"
#include "gateway/ask.h"
#include "gateway/paging.h"
#include "gateway/service.h"

#include <stdio.h>
#include <string.h>

enum { PAGE_SIZE = 10 /* when the client does not say */ };

static const mg_resource_t *
s_resource(const mg_request_t *request)
{
    return request->match.route->resource;
}

/* --- keys --- */

static void
s_key_of_path(const mg_request_t *request, mg_buf_t *out)
{
    const mg_resource_t *resource = s_resource(request);
    const mg_collection_t *collection = mg_collection(resource->collection);
    mg_buf_t parts[MG_KEY_FIELDS_MAX] = {0};
    mg_slice_t slices[MG_KEY_FIELDS_MAX];
    size_t count = 0;
    for (; collection->key_fields[count]; count++) {
        const char *prefix = resource->key_prefixes[count];
        mg_buf_append_text(&parts[count], prefix ? prefix : "");
        mg_buf_append_slice(&parts[count], mg_request_param(request, resource->key_params[count]));
        slices[count] = mg_buf_slice(&parts[count]);
        out->failed = out->failed || !mg_buf_ok(&parts[count]);
    }
    mg_collection_join_key(slices, count, out);
    for (size_t i = 0; i < count; i++) {
        mg_buf_free(&parts[i]);
    }
}

const mg_entry_t *
mg_resource_entry(const mg_request_t *request)
{
    mg_buf_t key = {0};
    s_key_of_path(request, &key);
    const mg_entry_t *entry =
        mg_buf_ok(&key)
            ? mg_request_find(request, s_resource(request)->collection, mg_buf_slice(&key))
            : NULL;
    mg_buf_free(&key);
    return entry;
}

/* --- bodies --- */

bool
mg_resource_fields(mg_request_t *request,
                   const mg_field_t *table,
                   mg_fields_mode_t mode,
                   bson_t *out)
{
    const json_t *body = mg_request_json(request, MG_ERROR_INVALID_BODY);
    if (!body) {
        return false;
    }
    mg_fields_problem_t problem = {0};
    mg_status_t status = mg_fields_read(table, body, mode, out, &problem);
    if (status == MG_ERR_INVALID) {
        mg_reply_error(&request->answer, problem.error, problem.text);
    } else if (status != MG_OK) {
        mg_ask_refuse(request, status);
    }
    return status == MG_OK;
}

void
mg_resource_done(mg_request_t *request, unsigned status, const char *done)
{
    char text[80];
    (void)snprintf(text, sizeof text, "%s %s successfully", s_resource(request)->noun, done);
    mg_reply_message(&request->answer, status, text);
}

void
mg_resource_store(mg_request_t *request,
                  mg_collection_id_t collection,
                  const mg_entry_t *entry,
                  mg_slice_t body)
{
    if (mg_bson_check(body, MG_BSON_KEYS_NAMES, NULL) != MG_OK) {
        mg_answer_reset(&request->answer);
        mg_request_refuse(request, MG_ERROR_INVALID_BODY);
        return;
    }
    mg_op_t put = {.kind = MG_OP_PUT,
                   .condition = entry ? MG_IF_REV : MG_IF_ABSENT,
                   .rev = entry ? entry->rev : 0,
                   .collection = mg_slice_text(mg_collection(collection)->name),
                   .key = entry ? mg_entry_key(entry) : (mg_slice_t){0},
                   .body = body,
                   .expires_ns = entry ? entry->expires_ns : 0};
    mg_ask_write(request, &put, 1, NULL);
}

/* Answers a document as payload, under `name` unless that is NULL. */
static void
s_reply_document(mg_request_t *request,
                 const mg_resource_t *resource,
                 unsigned status,
                 mg_slice_t document,
                 const char *name)
{
    mg_buf_t json = {0};
    if (name) {
        mg_buf_append_format(&json, "{\"%s\":", name);
    }
    mg_status_t written = mg_json_write(document, MG_JSON_PLAIN, resource->omit, &json);
    mg_buf_append_text(&json, name ? "}" : "");
    if (written == MG_OK && mg_buf_ok(&json)) {
        mg_reply_payload(&request->answer, status, mg_buf_slice(&json));
    } else {
        mg_request_refuse(request, MG_ERROR_INTERNAL);
    }
    mg_buf_free(&json);
}

void
mg_resource_show(mg_request_t *request, const mg_resource_t *resource, const mg_entry_t *entry)
{
    const mg_representation_t *shown =
        mg_representation_of(request->service->representations, entry, resource->omit);
    if (!shown) {
        mg_request_refuse(request, MG_ERROR_INTERNAL);
        return;
    }
    mg_reply_payload(&request->answer, 200, mg_buf_slice(&shown->json));
    mg_answer_header(&request->answer, "ETag", mg_slice_text(shown->etag));
}

/* --- create --- */

bool
mg_resource_begin(bson_t *draft)
{
    char id[MG_UUID_TEXT];
    mg_uuid_new(id);
    return bson_append_utf8(draft, "_id", -1, id, -1);
}

/* True when a document with the draft's natural key is there already. */
static mg_status_t
s_look_for_twin(mg_request_t *request, mg_slice_t draft, bool *out_exists)
{
    mg_collection_id_t collection = s_resource(request)->collection;
    mg_buf_t key = {0};
    mg_status_t status = mg_collection_key(mg_collection(collection), draft, &key);
    if (status == MG_OK) {
        *out_exists = mg_request_find(request, collection, mg_buf_slice(&key)) != NULL;
    }
    mg_buf_free(&key);
    return status == MG_ERR_NOT_FOUND ? MG_ERR_INVALID : status;
}

static void
s_create(mg_request_t *request, mg_slice_t draft)
{
    const mg_resource_t *resource = s_resource(request);
    const mg_change_t change = {.after = draft};
    bool exists = false;
    mg_status_t status = s_look_for_twin(request, draft, &exists);
    if (status != MG_OK) {
        mg_ask_refuse(request, status);
        return;
    }
    if (resource->check && !resource->check(request, &change)) {
        return;
    }
    if (exists && resource->exists_text) {
        mg_reply_message(&request->answer, 200, resource->exists_text);
        return;
    }
    if (exists) {
        mg_request_refuse(request, resource->exists);
        return;
    }
    if (resource->document_key) {
        s_reply_document(request, resource, 201, draft, resource->document_key);
    } else {
        mg_resource_done(request, 201, "created");
    }
    mg_resource_store(request, resource->collection, NULL, draft);
}

void
mg_resource_create(mg_request_t *request)
{
    const mg_resource_t *resource = s_resource(request);
    bson_t draft = BSON_INITIALIZER;
    bool whole = mg_resource_begin(&draft);
    if (mg_resource_fields(request, resource->fields, MG_FIELDS_CREATE, &draft)) {
        whole = whole && (!resource->complete || resource->complete(request, &draft));
        if (whole) {
            s_create(request, mg_document_slice(&draft));
        } else {
            mg_ask_refuse(request, MG_ERR_NO_MEMORY);
        }
    }
    bson_destroy(&draft);
}

/* --- update --- */

/* True when a field of the natural key is in the body with another value than the path gives it. */
static bool
s_renames(mg_request_t *request)
{
    const mg_resource_t *resource = s_resource(request);
    const mg_collection_t *collection = mg_collection(resource->collection);
    bool renames = false;
    for (size_t i = 0; collection->key_fields[i] && !renames; i++) {
        mg_buf_t wanted = {0};
        mg_buf_t given = {0};
        const char *prefix = resource->key_prefixes[i];
        mg_buf_append_text(&wanted, prefix ? prefix : "");
        mg_buf_append_slice(&wanted, mg_request_param(request, resource->key_params[i]));
        renames = mg_fields_text(request->json, collection->key_fields[i], &given) &&
                  !mg_slice_equal(mg_buf_slice(&wanted), mg_buf_slice(&given));
        mg_buf_free(&wanted);
        mg_buf_free(&given);
    }
    return renames;
}

static void
s_store_update(mg_request_t *request, const mg_entry_t *entry, mg_slice_t document)
{
    const mg_resource_t *resource = s_resource(request);
    if (resource->update_shows) {
        s_reply_document(request, resource, 200, document, NULL);
    } else {
        mg_resource_done(request, 200, "updated");
    }
    mg_resource_store(request, resource->collection, entry, document);
}

/* True if the update holds whatever the document becomes meanwhile: nothing that was read decides about it. */
static bool
s_stands_alone(const mg_resource_t *resource, const bson_t *patch)
{
    if (resource->update_shows || (resource->check && !resource->checked)) {
        return false;
    }
    for (const char *const *name = resource->checked; name && *name; name++) {
        if (bson_has_field(patch, *name)) {
            return false;
        }
    }
    return true;
}

static void
s_store_patch(mg_request_t *request, const mg_entry_t *entry, const bson_t *patch)
{
    const mg_collection_t *collection = mg_collection(s_resource(request)->collection);
    mg_op_t op = {.kind = MG_OP_PATCH,
                  .condition = MG_IF_PRESENT,
                  .collection = mg_slice_text(collection->name),
                  .key = mg_entry_key(entry),
                  .body = mg_document_slice(patch)};
    mg_resource_done(request, 200, "updated");
    mg_ask_write(request, &op, 1, NULL);
}

static void
s_update(mg_request_t *request, const mg_entry_t *entry, const bson_t *patch)
{
    const mg_resource_t *resource = s_resource(request);
    mg_buf_t merged = {0};
    mg_status_t status = mg_document_merge(mg_entry_body(entry), mg_document_slice(patch), &merged);
    if (status != MG_OK) {
        mg_ask_refuse(request, status);
        mg_buf_free(&merged);
        return;
    }
    const mg_change_t change = {mg_entry_body(entry), mg_buf_slice(&merged)};
    bool allowed = !resource->check || resource->check(request, &change);
    if (allowed && bson_empty(patch)) {
        mg_request_refuse(request, resource->nothing);
    } else if (allowed && s_stands_alone(resource, patch) &&
               mg_bson_check(change.after, MG_BSON_KEYS_NAMES, NULL) == MG_OK) {
        s_store_patch(request, entry, patch);
    } else if (allowed) {
        s_store_update(request, entry, change.after);
    }
    mg_buf_free(&merged);
}

void
mg_resource_update(mg_request_t *request)
{
    const mg_resource_t *resource = s_resource(request);
    bson_t patch = BSON_INITIALIZER;
    if (mg_resource_fields(request, resource->fields, MG_FIELDS_UPDATE, &patch)) {
        const mg_entry_t *entry = mg_resource_entry(request);
        if (s_renames(request)) {
            mg_request_refuse(request, resource->rename);
        } else if (!entry) {
            mg_request_refuse(request, resource->unknown_update);
        } else {
            s_update(request, entry, &patch);
        }
    }
    bson_destroy(&patch);
}

/* --- delete, read, list --- */

void
mg_resource_delete(mg_request_t *request)
{
    const mg_resource_t *resource = s_resource(request);
    const mg_entry_t *entry = mg_resource_entry(request);
    if (!entry) {
        mg_request_refuse(request, resource->unknown_delete);
        return;
    }
    const mg_change_t change = {.before = mg_entry_body(entry)};
    if (resource->check && !resource->check(request, &change)) {
        return;
    }
    mg_resource_done(request, 200, "deleted");
    const mg_op_t op = {.kind = MG_OP_DELETE,
                        .condition = MG_IF_REV,
                        .rev = entry->rev,
                        .collection = mg_slice_text(mg_collection(resource->collection)->name),
                        .key = mg_entry_key(entry)};
    mg_ask_write(request, &op, 1, NULL);
}

static bool
s_is_hidden(const mg_request_t *request, mg_slice_t document)
{
    const mg_resource_t *resource = s_resource(request);
    return resource->is_hidden && resource->is_hidden(request, document);
}

void
mg_resource_read(mg_request_t *request)
{
    const mg_entry_t *entry = mg_resource_entry(request);
    if (!entry) {
        mg_request_refuse(request, s_resource(request)->not_found);
    } else if (s_is_hidden(request, mg_entry_body(entry))) {
        mg_request_refuse(request, MG_ERROR_HIDDEN);
    } else {
        mg_resource_show(request, s_resource(request), entry);
    }
}

/* Appends the documents of one page, divided by commas. */
static mg_status_t
s_write_page(const mg_request_t *request, const mg_paging_t *paging, mg_buf_t *out)
{
    const mg_resource_t *resource = s_resource(request);
    mg_session_world_t world = mg_request_world(request);
    mg_cursor_t cursor;
    mg_cursor_nth(&cursor, world.view, (int)resource->collection, mg_paging_skip(paging));
    const char *divider = "";
    for (int64_t i = 0; i < paging->page_size; i++) {
        const mg_entry_t *entry = mg_cursor_next(&cursor);
        if (!entry) {
            break;
        }
        if (!mg_entry_alive(entry, request->now_ns) || s_is_hidden(request, mg_entry_body(entry))) {
            continue;
        }
        mg_buf_append_text(out, divider);
        divider = ",";
        mg_status_t status =
            mg_json_write(mg_entry_body(entry), MG_JSON_PLAIN, resource->omit, out);
        if (status != MG_OK) {
            return status;
        }
    }
    return mg_buf_ok(out) ? MG_OK : MG_ERR_NO_MEMORY;
}

void
mg_resource_list(mg_request_t *request)
{
    const mg_resource_t *resource = s_resource(request);
    mg_paging_t paging;
    if (!mg_paging_read(request, PAGE_SIZE, &paging)) {
        return;
    }
    mg_buf_t json = {0};
    mg_buf_append_format(&json, "{\"%s\":[", resource->list_key);
    mg_status_t status = s_write_page(request, &paging, &json);
    mg_buf_append_byte(&json, ']');
    bool admin_only = resource->list_shape == MG_LIST_PAGED_FOR_ADMIN;
    if (resource->list_shape == MG_LIST_PAGED || (admin_only && request->caller.admin)) {
        mg_session_world_t world = mg_request_world(request);
        mg_paging_write(&paging, mg_view_count(world.view, (int)resource->collection), &json);
    }
    mg_buf_append_byte(&json, '}');
    if (status == MG_OK) {
        mg_reply_payload(&request->answer, 200, mg_buf_slice(&json));
    } else {
        mg_ask_refuse(request, status);
    }
    mg_buf_free(&json);
}
