/* Security settings: one document, merged by PUT, read by the address filter and by autosave. */
#include "core/bsoncheck.h"
#include "core/document.h"
#include "core/json.h"
#include "core/seed.h"
#include "gateway/ask.h"
#include "gateway/conditional.h"
#include "gateway/dumphint.h"
#include "gateway/service.h"
#include "gateway/tables/tables.h"

static const char *const s_omit[] = {"_id", "type", NULL};

static const mg_entry_t *
s_entry(const mg_request_t *request)
{
    return mg_request_find(request, MG_COLLECTION_SETTINGS, mg_slice_text(MG_SEED_SETTINGS));
}

/* Answers the settings with what `extra` adds. */
static void
s_reply(mg_request_t *request, mg_slice_t settings, const bson_t *extra)
{
    mg_buf_t whole = {0};
    mg_buf_t json = {0};
    mg_status_t status = mg_document_merge(settings, mg_document_slice(extra), &whole);
    if (status == MG_OK) {
        status = mg_json_write(mg_buf_slice(&whole), MG_JSON_PLAIN, s_omit, &json);
    }
    if (status == MG_OK) {
        mg_reply_payload(&request->answer, 200, mg_buf_slice(&json));
    } else {
        mg_ask_refuse(request, status);
    }
    mg_buf_free(&whole);
    mg_buf_free(&json);
}

/* What every answer has besides the document: where dumps go unless it says so, and the mode. */
static void
s_append_common(const mg_request_t *request, mg_slice_t settings, bson_t *out)
{
    mg_slice_t path = mg_buf_slice(&request->service->dump_path);
    if (!mg_document_text(settings, "dump_path").data) {
        (void)bson_append_utf8(out, "dump_path", -1, (const char *)path.data, (int)path.len);
    }
    (void)bson_append_bool(out, "memory_only", -1, true);
}

/* --- read --- */

static bool
s_list_is_empty(mg_slice_t settings, const char *name)
{
    bson_iter_t at;
    bson_iter_t item;
    return !mg_document_find(settings, name, &at) || !BSON_ITER_HOLDS_ARRAY(&at) ||
           !bson_iter_recurse(&at, &item) || !bson_iter_next(&item);
}

static void
s_append_warnings(mg_slice_t settings, bson_t *out)
{
    bson_t list;
    (void)bson_append_array_begin(out, "security_warnings", -1, &list);
    if (mg_document_bool(settings, "trust_x_forwarded_for", false) &&
        s_list_is_empty(settings, "xff_trusted_proxies")) {
        (void)bson_append_utf8(
            &list, "0", 1, "X-Forwarded-For is believed whoever sends it: list xff_trusted_proxies",
            -1);
    }
    (void)bson_append_array_end(out, &list);
}

static void
s_append_client(const mg_request_t *request, mg_slice_t settings, bson_t *out)
{
    char text[MG_ADDRESS_TEXT];
    const mg_ipfilter_t filter = mg_ipfilter_read(settings);
    mg_address_t client = mg_ipfilter_client(&filter, &request->origin);
    mg_address_write(&client, text);
    (void)bson_append_utf8(out, "client_ip", -1, text, -1);
    mg_slice_t forwarded = request->origin.forwarded_for;
    if (forwarded.data && bson_utf8_validate((const char *)forwarded.data, forwarded.len, false)) {
        (void)bson_append_utf8(out, "client_ip_xff", -1, (const char *)forwarded.data,
                               (int)forwarded.len);
    } else {
        (void)bson_append_null(out, "client_ip_xff", -1);
    }
}

void
mg_handle_settings_read(mg_request_t *request)
{
    const mg_entry_t *entry = s_entry(request);
    if (!entry) {
        mg_request_refuse(request, MG_ERROR_HIDDEN);
        return;
    }
    char etag[MG_ETAG_TEXT];
    mg_etag_write(entry, etag);
    mg_answer_header(&request->answer, "ETag", mg_slice_text(etag));
    mg_slice_t settings = mg_entry_body(entry);
    bson_t extra = BSON_INITIALIZER;
    s_append_common(request, settings, &extra);
    (void)bson_append_bool(&extra, "allow_localhost_bypass_locked", -1,
                           request->service->http->local_host_bypass_set);
    s_append_warnings(settings, &extra);
    s_append_client(request, settings, &extra);
    s_reply(request, settings, &extra);
    bson_destroy(&extra);
}

/* --- update --- */

static void
s_on_stored(mg_request_t *request, const ProtobufCMessage *reply)
{
    (void)reply;
    mg_ask_autosave_reload(request);
}

static void
s_store(mg_request_t *request, const mg_entry_t *entry, mg_slice_t settings)
{
    bson_t extra = BSON_INITIALIZER;
    s_append_common(request, settings, &extra);
    s_reply(request, settings, &extra);
    bson_destroy(&extra);
    const mg_op_t put = {.kind = MG_OP_PUT,
                         .condition = MG_IF_REV,
                         .rev = entry->rev,
                         .collection = mg_slice_text(mg_collection(MG_COLLECTION_SETTINGS)->name),
                         .key = mg_entry_key(entry),
                         .body = settings};
    mg_ask_write(request, &put, 1, s_on_stored);
}

static void
s_update(mg_request_t *request, const mg_entry_t *entry, const bson_t *patch)
{
    mg_slice_t path = mg_document_text(mg_document_slice(patch), "dump_path");
    if (path.data && !mg_dumphint_confines(mg_buf_slice(&request->service->dump_path), path)) {
        mg_request_refuse(request, MG_ERROR_SETTINGS_PATH);
        return;
    }
    mg_buf_t merged = {0};
    mg_status_t status = mg_document_merge(mg_entry_body(entry), mg_document_slice(patch), &merged);
    if (status == MG_OK) {
        status = mg_bson_check(mg_buf_slice(&merged), MG_BSON_KEYS_NAMES, NULL);
    }
    if (status == MG_OK) {
        s_store(request, entry, mg_buf_slice(&merged));
    } else {
        mg_ask_refuse(request, status);
    }
    mg_buf_free(&merged);
}

void
mg_handle_settings_update(mg_request_t *request)
{
    const mg_entry_t *entry = s_entry(request);
    bson_t patch = BSON_INITIALIZER;
    if (!entry) {
        mg_request_refuse(request, MG_ERROR_HIDDEN);
    } else if (mg_conditional_holds(request, entry) &&
               mg_resource_fields(request, mg_settings_fields, MG_FIELDS_UPDATE, &patch)) {
        s_update(request, entry, &patch);
    }
    bson_destroy(&patch);
}

/* --- restart --- */

/* The reference signals the process that its PID file names. memgate is one process under somebody's supervision, and has none. */
void
mg_handle_restart(mg_request_t *request)
{
    mg_request_refuse(request, MG_ERROR_RESTART_NO_PID);
}
