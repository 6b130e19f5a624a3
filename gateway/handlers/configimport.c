/* Import of a configuration. An import is one batch with a snapshot of what was there; items are found by their natural
 * key, merged over what is there, and written whether or not they have all that a create would want. */
#include "core/bsoncheck.h"
#include "core/document.h"
#include "core/json.h"
#include "gateway/ask.h"
#include "gateway/handlers/configsnapshot.h"
#include "gateway/tables/tables.h"

#include <string.h>

/* Where an item is on its way. */
typedef struct import {
    mg_request_t *request;
    mg_batch_t batch;
    json_t *places;   /* "<collection>/<key>" -> number of the operation: an item may come twice */
    json_t *used_ids; /* api_id and endpoint_id that this import gives */
    const mg_resource_t *resource;
} import_t;

static mg_slice_t
s_collection(const import_t *self)
{
    return mg_slice_text(mg_collection(self->resource->collection)->name);
}

/* --- what is there --- */

static void
s_write_place(mg_collection_id_t id, mg_slice_t key, mg_buf_t *out)
{
    mg_buf_append_text(out, mg_collection(id)->name);
    mg_buf_append_byte(out, '/');
    mg_buf_append_slice(out, key);
}

/* The document as this import leaves it, else as the state has it; empty: there is none. `place` -1: not in this import yet. */
static mg_slice_t
s_find(const import_t *self, mg_collection_id_t id, mg_slice_t key, json_int_t *place)
{
    mg_buf_t name = {0};
    s_write_place(id, key, &name);
    const json_t *number = json_object_get(self->places, mg_buf_text(&name));
    mg_buf_free(&name);
    *place = number ? json_integer_value(number) : -1;
    if (number && self->batch.ops) {
        return self->batch.ops[*place].body;
    }
    const mg_entry_t *entry = mg_request_find(self->request, id, key);
    return entry ? mg_entry_body(entry) : (mg_slice_t){0};
}

/* --- what the server sets --- */

static bool
s_append_text(bson_t *out, const char *field, mg_slice_t text)
{
    return bson_append_utf8(out, field, -1, text.data ? (const char *)text.data : "",
                            (int)text.len);
}

/* An id that nobody else has: that of the document before, else the item's own if it is free, else a new one. */
static bool
s_append_id(import_t *self, const char *field, mg_slice_t before, mg_slice_t item, bson_t *out)
{
    char made[MG_UUID_TEXT];
    mg_slice_t id = mg_document_text(before, field);
    mg_slice_t own = mg_document_text(item, field);
    if (id.len == 0 && own.len > 0 && own.len <= 64 && !memchr(own.data, 0, own.len) &&
        !mg_view_find_unique(mg_request_world(self->request).view, (int)self->resource->collection,
                             0, own)) {
        id = own;
    }
    mg_buf_t name = {0};
    mg_buf_append_slice(&name, id);
    bool taken = before.len == 0 && json_object_get(self->used_ids, mg_buf_text(&name));
    if (id.len == 0 || taken) {
        mg_uuid_new(made);
        id = mg_slice_text(made);
        mg_buf_clear(&name);
        mg_buf_append_slice(&name, id);
    }
    bool kept = json_object_set_new(self->used_ids, mg_buf_text(&name), json_true()) == 0;
    mg_buf_free(&name);
    return kept && s_append_text(out, field, id);
}

static bool
s_complete_api(import_t *self, mg_slice_t before, mg_slice_t item, bson_t *out)
{
    mg_buf_t path = {0};
    mg_buf_append_byte(&path, '/');
    mg_buf_append_slice(&path, mg_document_text(item, "api_name"));
    mg_buf_append_byte(&path, '/');
    mg_buf_append_slice(&path, mg_document_text(item, "api_version"));
    bool whole = mg_buf_ok(&path) && s_append_id(self, "api_id", before, item, out) &&
                 s_append_text(out, "api_path", mg_buf_slice(&path));
    mg_buf_free(&path);
    return whole;
}

static bool
s_complete_endpoint(import_t *self, mg_slice_t before, mg_slice_t item, bson_t *out)
{
    const mg_slice_t parts[] = {mg_document_text(item, "api_name"),
                                mg_document_text(item, "api_version")};
    mg_buf_t key = {0};
    json_int_t place = -1;
    mg_collection_join_key(parts, 2, &key);
    mg_slice_t api = s_find(self, MG_COLLECTION_APIS, mg_buf_slice(&key), &place);
    bool whole = mg_buf_ok(&key) && s_append_id(self, "endpoint_id", before, item, out) &&
                 s_append_text(out, "api_id", mg_document_text(api.len ? api : item, "api_id"));
    mg_buf_free(&key);
    return whole;
}

/* `_id` and what else is not the client's to say. */
static bool
s_complete(import_t *self, mg_slice_t before, mg_slice_t item, bson_t *out)
{
    mg_slice_t id = mg_document_text(before, "_id");
    if (!(id.len ? s_append_text(out, "_id", id) : mg_resource_begin(out))) {
        return false;
    }
    switch (self->resource->collection) {
    case MG_COLLECTION_APIS:
        return s_complete_api(self, before, item, out);
    case MG_COLLECTION_ENDPOINTS:
        return s_complete_endpoint(self, before, item, out);
    default:
        return true;
    }
}

/* --- one item --- */

/* The item as a document, known fields coerced; fields of a create that it lacks get their defaults when it is `fresh`. */
static mg_status_t
s_read_item(const import_t *self, const json_t *item, bool fresh, mg_buf_t *out)
{
    mg_fields_problem_t problem = {0};
    bson_t fields = BSON_INITIALIZER;
    mg_buf_t raw = {0};
    const mg_field_t *table = self->resource->fields;
    mg_status_t status = MG_ERR_INVALID;
    if (fresh) {
        status = mg_fields_read(table, item, MG_FIELDS_CREATE, &fields, &problem);
    }
    if (status != MG_OK) {
        bson_reinit(&fields);
        status = mg_fields_read(table, item, MG_FIELDS_IMPORT, &fields, &problem);
    }
    if (status == MG_ERR_INVALID) {
        mg_buf_t text = {0};
        mg_buf_append_format(&text, "%s: %s", self->resource->list_key, problem.text);
        mg_reply_error(&self->request->answer, MG_ERROR_INVALID_BODY, mg_buf_text(&text));
        mg_buf_free(&text);
    }
    if (status == MG_OK) {
        status = mg_json_to_bson(item, MG_JSON_PLAIN, &raw);
    }
    if (status == MG_OK) {
        status = mg_document_merge(mg_buf_slice(&raw), mg_document_slice(&fields), out);
    }
    mg_buf_free(&raw);
    bson_destroy(&fields);
    return status;
}

/* The natural key; false: the item lacks a part of it. */
static bool
s_read_key(const import_t *self, mg_slice_t item, mg_buf_t *out)
{
    const char *const *fields = mg_collection(self->resource->collection)->key_fields;
    mg_slice_t parts[MG_KEY_FIELDS_MAX];
    size_t count = 0;
    for (; fields[count]; count++) {
        parts[count] = mg_document_text(item, fields[count]);
        if (parts[count].len == 0) {
            return false;
        }
    }
    mg_collection_join_key(parts, count, out);
    return mg_buf_ok(out) && out->len <= MG_KEY_MAX;
}

/* Nobody makes itself more by an import. */
static bool
s_is_allowed(const import_t *self, mg_slice_t before, mg_slice_t after)
{
    return self->resource->collection != MG_COLLECTION_ROLES ||
           mg_role_may_change(self->request, before, after);
}

static void
s_put(import_t *self, mg_slice_t key, mg_slice_t body, json_int_t place)
{
    if (place >= 0) {
        mg_batch_replace(&self->batch, (size_t)place, body);
        return;
    }
    const mg_entry_t *entry = mg_request_find(self->request, self->resource->collection, key);
    const mg_op_t op = {.kind = MG_OP_PUT,
                        .condition = entry ? MG_IF_REV : MG_IF_ABSENT,
                        .rev = entry ? entry->rev : 0,
                        .collection = s_collection(self),
                        .key = key,
                        .body = body};
    mg_buf_t name = {0};
    s_write_place(self->resource->collection, key, &name);
    json_int_t number = (json_int_t)self->batch.count;
    mg_batch_add(&self->batch, &op);
    bool kept = json_object_set_new(self->places, mg_buf_text(&name), json_integer(number)) == 0;
    self->batch.failed = self->batch.failed || !kept;
    mg_buf_free(&name);
}

/* Merges in the order: what was there, the item, what the server sets. */
static mg_status_t
s_merge(import_t *self, mg_slice_t before, mg_slice_t item, mg_buf_t *out)
{
    bson_t set = BSON_INITIALIZER;
    mg_buf_t merged = {0};
    mg_status_t status = s_complete(self, before, item, &set) ? MG_OK : MG_ERR_NO_MEMORY;
    if (status == MG_OK && before.len > 0) {
        status = mg_document_merge(before, item, &merged);
    } else {
        mg_buf_append_slice(&merged, item);
    }
    if (status == MG_OK) {
        status = mg_document_merge(mg_buf_slice(&merged), mg_document_slice(&set), out);
    }
    if (status == MG_OK) {
        status = mg_bson_check(mg_buf_slice(out), MG_BSON_KEYS_NAMES, NULL);
    }
    mg_buf_free(&merged);
    bson_destroy(&set);
    return status;
}

/* False: it has answered. */
static bool
s_import_item(import_t *self, const json_t *json)
{
    mg_buf_t item = {0};
    mg_buf_t key = {0};
    mg_buf_t body = {0};
    json_int_t place = -1;
    bool keyed = false;
    mg_status_t status = s_read_item(self, json, false, &item);
    if (status == MG_OK && (keyed = s_read_key(self, mg_buf_slice(&item), &key))) {
        mg_slice_t before = s_find(self, self->resource->collection, mg_buf_slice(&key), &place);
        if (before.len == 0) {
            mg_buf_clear(&item);
            status = s_read_item(self, json, true, &item);
        }
        if (status == MG_OK) {
            status = s_merge(self, before, mg_buf_slice(&item), &body);
        }
        if (status == MG_OK && !s_is_allowed(self, before, mg_buf_slice(&body))) {
            status = MG_ERR_DENIED;
        }
    }
    if (status == MG_OK && keyed) {
        s_put(self, mg_buf_slice(&key), mg_buf_slice(&body), place);
        status = mg_batch_status(&self->batch);
    }
    if (status != MG_OK && self->request->answer.status == 0) {
        mg_ask_refuse(self->request, status);
    }
    mg_buf_free(&item);
    mg_buf_free(&key);
    mg_buf_free(&body);
    return status == MG_OK;
}

/* --- the whole --- */

/* In this order: an endpoint finds the API that comes with it. */
static const mg_resource_t *const s_kinds[MG_CONFIG_KINDS] = {
    &mg_resource_apis,   &mg_resource_endpoints, &mg_resource_roles,
    &mg_resource_groups, &mg_resource_routings,
};

static bool
s_refuse_shape(mg_request_t *request, const char *name)
{
    mg_buf_t text = {0};
    mg_buf_append_format(&text, "%s must be a list of objects", name);
    mg_reply_error(&request->answer, MG_ERROR_INVALID_BODY, mg_buf_text(&text));
    mg_buf_free(&text);
    return false;
}

/* Imports the items of one kind; false: it has answered. */
static bool
s_import_kind(import_t *self, const json_t *body, mg_buf_t *counts)
{
    const char *name = self->resource->list_key;
    const json_t *list = json_object_get(body, name);
    if (list && !json_is_null(list) && !json_is_array(list)) {
        return s_refuse_shape(self->request, name);
    }
    size_t index = 0;
    const json_t *item = NULL;
    json_array_foreach(list, index, item)
    {
        if (!json_is_object(item)) {
            return s_refuse_shape(self->request, name);
        }
        if (!s_import_item(self, item)) {
            return false;
        }
    }
    mg_buf_append_format(counts, "%s\"%s\":%zu", counts->len ? "," : "", name,
                         json_array_size(list));
    return true;
}

static void
s_write(import_t *self, mg_buf_t *counts)
{
    mg_request_t *request = self->request;
    mg_snapshot_take(request, &self->batch);
    mg_status_t status = mg_batch_status(&self->batch);
    mg_buf_t json = {0};
    mg_buf_append_format(&json, "{\"imported\":{%s}}", mg_buf_text(counts));
    if (status == MG_ERR_TOO_BIG) {
        mg_request_refuse(request, MG_ERROR_IMPORT_TOO_BIG);
    } else if (status != MG_OK || !mg_buf_ok(&json)) {
        mg_ask_refuse(request, MG_ERR_NO_MEMORY);
    } else {
        mg_reply_payload(&request->answer, 200, mg_buf_slice(&json));
        mg_ask_write(request, self->batch.ops, self->batch.count, NULL);
    }
    mg_buf_free(&json);
}

void
mg_handle_import(mg_request_t *request)
{
    const json_t *body = mg_request_json(request, MG_ERROR_INVALID_BODY);
    if (!body) {
        return;
    }
    import_t self = {.request = request, .places = json_object(), .used_ids = json_object()};
    mg_buf_t counts = {0};
    bool whole = true;
    for (int i = 0; i < MG_CONFIG_KINDS && whole; i++) {
        self.resource = s_kinds[i];
        whole = s_import_kind(&self, body, &counts);
    }
    if (whole) {
        s_write(&self, &counts);
    }
    mg_buf_free(&counts);
    mg_batch_free(&self.batch);
    json_decref(self.places);
    json_decref(self.used_ids);
}
