/* Dump and restore by request: the dump actor does the work and judges the path. */
#include "core/clock.h"
#include "core/document.h"
#include "core/dumpheader.h"
#include "core/json.h"
#include "gateway/ask.h"
#include "gateway/handlers/handlers.h"
#include "gateway/service.h"
#include "messages/dump.pb-c.h"

#include <string.h>

/* The optional `path` of the body; false: it has answered. */
static bool
s_read_path(mg_request_t *request, mg_buf_t *out)
{
    const json_t *body = mg_request_json(request, MG_ERROR_INVALID_BODY);
    if (!body) {
        return false;
    }
    if (mg_fields_has(body, "path") && !mg_fields_text(body, "path", out)) {
        mg_reply_error(&request->answer, MG_ERROR_INVALID_BODY, "path must be a text");
        return false;
    }
    if (out->len &&
        memchr(out->data, 0, out->len)) { /* messages carry C strings: it would be cut */
        mg_reply_error(&request->answer, MG_ERROR_MEMORY_PATH, "path must not hold U+0000");
        return false;
    }
    return true;
}

static void
s_refuse(mg_request_t *request, const Mg__DumpReply *reply)
{
    mg_error_id_t error = MG_ERROR_INTERNAL;
    switch ((mg_status_t)reply->status) {
    case MG_ERR_INVALID:
        error = MG_ERROR_MEMORY_PATH;
        break;
    case MG_ERR_NOT_FOUND:
        error = MG_ERROR_MEMORY_NO_FILE;
        break;
    case MG_ERR_DENIED:
        error = MG_ERROR_MEMORY_OUTSIDE;
        break;
    case MG_ERR_CONFLICT:
        error = MG_ERROR_MEMORY_ROLLED_BACK;
        break;
    case MG_ERR_FULL:
        error = MG_ERROR_FULL;
        break;
    case MG_ERR_BUSY:
        error = MG_ERROR_BUSY;
        break;
    default:
        break;
    }
    mg_reply_error(&request->answer, error, reply->text && *reply->text ? reply->text : NULL);
}

static void
s_reply_document(mg_request_t *request, const bson_t *payload)
{
    mg_buf_t json = {0};
    mg_status_t status = mg_json_write(mg_document_slice(payload), MG_JSON_PLAIN, NULL, &json);
    if (status == MG_OK && mg_buf_ok(&json)) {
        mg_reply_payload(&request->answer, 200, mg_buf_slice(&json));
    } else {
        mg_request_refuse(request, MG_ERROR_INTERNAL);
    }
    mg_buf_free(&json);
}

/* The contract's payload has a member `response` of its own. */
static void
s_reply_object(mg_request_t *request, const bson_t *inner)
{
    bson_t payload = BSON_INITIALIZER;
    (void)bson_append_document(&payload, "response", -1, inner);
    s_reply_document(request, &payload);
    bson_destroy(&payload);
}

static void
s_on_dumped(mg_request_t *request, const ProtobufCMessage *message)
{
    const Mg__DumpReply *reply = (const Mg__DumpReply *)message;
    if (reply->status != MG_OK || !reply->dump) {
        s_refuse(request, reply);
        return;
    }
    bson_t inner = BSON_INITIALIZER;
    (void)bson_append_utf8(&inner, "path", -1, reply->dump->path, -1);
    s_reply_object(request, &inner);
    bson_destroy(&inner);
}

static void
s_on_restored(mg_request_t *request, const ProtobufCMessage *message)
{
    const Mg__DumpReply *reply = (const Mg__DumpReply *)message;
    if (reply->status != MG_OK || !reply->restore || !reply->restore->dump) {
        s_refuse(request, reply);
        return;
    }
    char when[MG_RFC3339_SIZE];
    mg_clock_rfc3339(reply->restore->dump->created_ns, when);
    bson_t inner = BSON_INITIALIZER;
    (void)bson_append_int64(&inner, "version", -1, 1);
    (void)bson_append_utf8(&inner, "created_at", -1, when, -1);
    s_reply_object(request, &inner);
    bson_destroy(&inner);
}

static void
s_append_dump(bson_t *list, uint32_t index, const Mg__DumpInfo *dump)
{
    char key[16];
    char when[MG_RFC3339_SIZE];
    const char *name = NULL;
    bson_t item;
    size_t len = bson_uint32_to_string(index, &name, key, sizeof key);
    mg_clock_rfc3339(dump->created_ns, when);
    (void)bson_append_document_begin(list, name, (int)len, &item);
    (void)BSON_APPEND_INT64(&item, "generation", (int64_t)dump->generation);
    (void)BSON_APPEND_UTF8(&item, "created_at", when);
    (void)BSON_APPEND_UTF8(&item, "trigger", mg_trigger_name((uint8_t)dump->trigger));
    (void)BSON_APPEND_UTF8(&item, "requester", dump->requester);
    (void)BSON_APPEND_INT64(&item, "documents", (int64_t)dump->documents);
    (void)BSON_APPEND_INT64(&item, "bytes", (int64_t)dump->bytes);
    (void)BSON_APPEND_BOOL(&item, "verified", dump->verified);
    (void)BSON_APPEND_UTF8(&item, "key_id", dump->key_id);
    (void)BSON_APPEND_UTF8(&item, "outcome", dump->outcome);
    (void)BSON_APPEND_UTF8(&item, "chain", dump->chain);
    (void)BSON_APPEND_UTF8(&item, "path", dump->path);
    (void)bson_append_document_end(list, &item);
}

static void
s_on_listed(mg_request_t *request, const ProtobufCMessage *message)
{
    const Mg__DumpReply *reply = (const Mg__DumpReply *)message;
    if (reply->status != MG_OK) {
        s_refuse(request, reply);
        return;
    }
    bson_t payload = BSON_INITIALIZER;
    bson_t list;
    (void)BSON_APPEND_ARRAY_BEGIN(&payload, "dumps", &list);
    for (size_t i = 0; i < reply->n_list; i++) {
        s_append_dump(&list, (uint32_t)i, reply->list[i]);
    }
    (void)bson_append_array_end(&payload, &list);
    s_reply_document(request, &payload);
    bson_destroy(&payload);
}

void
mg_handle_memory_dumps(mg_request_t *request)
{
    mg_ask_dumps(request, s_on_listed);
}

void
mg_handle_memory_dump(mg_request_t *request)
{
    mg_buf_t path = {0};
    if (s_read_path(request, &path)) {
        mg_ask_dump(request, mg_buf_slice(&path), s_on_dumped);
    }
    mg_buf_free(&path);
}

void
mg_handle_memory_restore(mg_request_t *request)
{
    mg_buf_t path = {0};
    if (s_read_path(request, &path)) {
        mg_ask_restore(request, mg_buf_slice(&path), s_on_restored);
    }
    mg_buf_free(&path);
}
