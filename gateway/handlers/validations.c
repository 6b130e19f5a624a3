/* Endpoint validations: each belongs to an endpoint. */
#include "core/document.h"
#include "gateway/handlers/handlers.h"

bool
mg_validation_check(mg_request_t *request, const mg_change_t *change)
{
    if (change->before.len > 0 || change->after.len == 0) {
        return true;
    }
    const mg_entry_t *endpoint =
        mg_view_find_unique(mg_request_world(request).view, MG_COLLECTION_ENDPOINTS, 0,
                            mg_document_text(change->after, "endpoint_id"));
    if (!endpoint || !mg_entry_alive(endpoint, request->now_ns)) {
        mg_request_refuse(request, MG_ERROR_VALIDATION_NO_ENDPOINT);
        return false;
    }
    return true;
}
