/* Routings: found by a client key, which the server makes up when the client has none. */
#include "core/document.h"
#include "gateway/handlers/handlers.h"

bool
mg_routing_complete(const mg_request_t *request, bson_t *draft)
{
    (void)request;
    char key[MG_UUID_TEXT];
    mg_uuid_new(key);
    return bson_has_field(draft, "client_key") ||
           bson_append_utf8(draft, "client_key", -1, key, -1);
}

/* The reference's clients take what stands behind "key: ". */
void
mg_routing_created(mg_request_t *request, mg_slice_t draft)
{
    mg_buf_t text = {0};
    mg_buf_append_text(&text, "Routing created successfully with key: ");
    mg_buf_append_slice(&text, mg_document_text(draft, "client_key"));
    mg_reply_message(&request->answer, 201, mg_buf_text(&text));
    mg_buf_free(&text);
}
