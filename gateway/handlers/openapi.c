/* The API document as JSON and as a page: made at the first request, kept as long as the service. */
#include "gateway/openapi.h"

#include "gateway/ask.h"
#include "gateway/openapipage.h"
#include "gateway/service.h"
#include "gateway/tables/tables.h"

#include <stdlib.h>

/* Fills both texts of the service; what fails leaves none. */
static void
s_make(mg_service_t *service)
{
    json_t *document = mg_openapi_new();
    if (document) {
        char *json = json_dumps(document, JSON_COMPACT);
        mg_buf_append_text(&service->openapi, json ? json : "");
        free(json);
        mg_openapi_page(document, &service->openapi_page);
        json_decref(document);
    }
    if (!mg_buf_ok(&service->openapi) || !mg_buf_ok(&service->openapi_page)) {
        mg_buf_free(&service->openapi);
        mg_buf_free(&service->openapi_page);
    }
}

static void
s_reply(mg_request_t *request, const char *content_type, const mg_buf_t *text)
{
    if (text->len == 0) {
        s_make(request->service);
    }
    if (text->len > 0) {
        mg_reply_raw(&request->answer, 200, content_type, mg_buf_slice(text));
    } else {
        mg_ask_refuse(request, MG_ERR_NO_MEMORY);
    }
}

void
mg_handle_openapi(mg_request_t *request)
{
    s_reply(request, "application/json", &request->service->openapi);
}

void
mg_handle_openapi_page(mg_request_t *request)
{
    s_reply(request, "text/html; charset=utf-8", &request->service->openapi_page);
}
