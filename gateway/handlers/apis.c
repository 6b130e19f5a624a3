/* APIs: what the server sets, and the one rule between fields. */
#include "core/document.h"
#include "gateway/handlers/handlers.h"

bool
mg_api_complete(const mg_request_t *request, bson_t *draft)
{
    (void)request;
    char id[MG_UUID_TEXT];
    mg_uuid_new(id);
    mg_slice_t name = mg_document_text(mg_document_slice(draft), "api_name");
    mg_slice_t version = mg_document_text(mg_document_slice(draft), "api_version");
    mg_buf_t path = {0};
    mg_buf_append_byte(&path, '/');
    mg_buf_append_slice(&path, name);
    mg_buf_append_byte(&path, '/');
    mg_buf_append_slice(&path, version);
    bool done = mg_buf_ok(&path) && bson_append_utf8(draft, "api_id", -1, id, -1) &&
                bson_append_utf8(draft, "api_path", -1, mg_buf_text(&path), (int)path.len);
    mg_buf_free(&path);
    return done;
}

/* The server's fields may be repeated in an update, not changed. */
static bool
s_path_differs(mg_request_t *request, mg_slice_t document)
{
    mg_buf_t given = {0};
    bool differs = mg_fields_text(request->json, "api_path", &given) &&
                   !mg_slice_equal(mg_buf_slice(&given), mg_document_text(document, "api_path"));
    mg_buf_free(&given);
    return differs;
}

bool
mg_api_check(mg_request_t *request, const mg_change_t *change)
{
    if (change->after.len == 0) {
        return true;
    }
    if (change->before.len > 0 && s_path_differs(request, change->before)) {
        mg_request_refuse(request, MG_ERROR_API_RENAME);
        return false;
    }
    if (mg_document_bool(change->after, "api_public", false) &&
        mg_document_bool(change->after, "api_credits_enabled", false)) {
        mg_request_refuse(request, MG_ERROR_API_PUBLIC_CREDITS);
        return false;
    }
    return true;
}
