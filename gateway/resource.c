#include "gateway/resource.h"

#include "core/bsoncheck.h"
#include "core/document.h"
#include "gateway/ask.h"
#include "gateway/service.h"

#include <stdio.h>
#include <string.h>

const char *const mg_omit_internal[] = {"_id", "password", NULL};

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
        slices[count] = mg_request_param(request, resource->key_params[count]);
        if (!prefix) {
            continue;
        }
        mg_buf_append_text(&parts[count], prefix);
        mg_buf_append_slice(&parts[count], slices[count]);
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

void
mg_resource_remove(mg_request_t *request, mg_collection_id_t collection, const mg_entry_t *entry)
{
    const mg_op_t op = {.kind = MG_OP_DELETE,
                        .condition = MG_IF_REV,
                        .rev = entry->rev,
                        .collection = mg_slice_text(mg_collection(collection)->name),
                        .key = mg_entry_key(entry)};
    mg_ask_write(request, &op, 1, NULL);
}

/* --- create --- */

bool
mg_resource_begin(bson_t *draft)
{
    char id[MG_UUID_TEXT];
    mg_uuid_new(id);
    return bson_append_utf8(draft, "_id", -1, id, -1);
}

/* The document with the draft's natural key, if there is one already. */
static mg_status_t
s_look_for_twin(mg_request_t *request, mg_slice_t draft, const mg_entry_t **out)
{
    mg_collection_id_t collection = s_resource(request)->collection;
    mg_buf_t key = {0};
    mg_status_t status = mg_collection_key(mg_collection(collection), draft, &key);
    if (status == MG_OK) {
        *out = mg_request_find(request, collection, mg_buf_slice(&key));
    }
    mg_buf_free(&key);
    return status == MG_ERR_NOT_FOUND ? MG_ERR_INVALID : status;
}

static void
s_reply_exists(mg_request_t *request, const mg_entry_t *twin)
{
    const mg_resource_t *resource = s_resource(request);
    if (resource->bare) {
        mg_resource_reply(request, 201, mg_entry_body(twin), NULL);
    } else if (resource->exists_text) {
        mg_reply_message(&request->answer, 200, resource->exists_text);
    } else {
        mg_request_refuse(request, resource->exists);
    }
}

static void
s_create(mg_request_t *request, mg_slice_t draft)
{
    const mg_resource_t *resource = s_resource(request);
    const mg_change_t change = {.after = draft};
    const mg_entry_t *twin = NULL;
    mg_status_t status = s_look_for_twin(request, draft, &twin);
    if (status != MG_OK) {
        mg_ask_refuse(request, status);
        return;
    }
    if (resource->check && !resource->check(request, &change)) {
        return;
    }
    if (twin) {
        s_reply_exists(request, twin);
        return;
    }
    if (resource->created) {
        resource->created(request, draft);
    } else if (resource->document_key || resource->bare) {
        mg_resource_reply(request, 201, draft, resource->document_key);
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
        whole = whole && (!resource->convert || resource->convert(request, &draft)) &&
                (!resource->complete || resource->complete(request, &draft));
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
        mg_resource_reply(request, 200, document, NULL);
    } else {
        mg_resource_done(request, 200, "updated");
    }
    mg_resource_store(request, resource->collection, entry, document);
}

/* True if the update holds whatever the document becomes meanwhile: nothing that was read decides about it. */
static bool
s_stands_alone(const mg_request_t *request, const bson_t *patch)
{
    const mg_resource_t *resource = s_resource(request);
    bool conditional = mg_request_header(request, MG_HEADER_IF_MATCH).data != NULL;
    if (conditional || resource->update_shows || (resource->check && !resource->checked)) {
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
    } else if (allowed && s_stands_alone(request, patch) &&
               mg_bson_check(mg_document_slice(patch), MG_BSON_KEYS_NAMES, NULL) == MG_OK) {
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
        if (resource->convert && !resource->convert(request, &patch)) {
            mg_ask_refuse(request, MG_ERR_NO_MEMORY);
        } else if (s_renames(request)) {
            mg_request_refuse(request, resource->rename);
        } else if (!entry) {
            mg_request_refuse(request, resource->unknown_update);
        } else {
            s_update(request, entry, &patch);
        }
    }
    bson_destroy(&patch);
}

/* --- delete --- */

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
    if (resource->bare) {
        mg_resource_reply(request, 200, change.before, NULL);
    } else {
        mg_resource_done(request, 200, "deleted");
    }
    mg_resource_remove(request, resource->collection, entry);
}
