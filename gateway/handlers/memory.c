/* Dump and restore by request: the dump actor does the work and judges the path. */
#include "core/clock.h"
#include "core/document.h"
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
    case MG_ERR_BUSY:
        error = MG_ERROR_BUSY;
        break;
    default:
        break;
    }
    mg_reply_error(&request->answer, error, reply->text && *reply->text ? reply->text : NULL);
}

static void
s_reply_object(mg_request_t *request, bson_t *inner)
{
    mg_buf_t json = {0};
    mg_buf_append_text(&json, "{\"response\":");
    mg_status_t status = mg_json_write(mg_document_slice(inner), MG_JSON_PLAIN, NULL, &json);
    mg_buf_append_byte(&json, '}');
    if (status == MG_OK && mg_buf_ok(&json)) {
        mg_reply_payload(&request->answer, 200, mg_buf_slice(&json));
    } else {
        mg_request_refuse(request, MG_ERROR_INTERNAL);
    }
    mg_buf_free(&json);
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
