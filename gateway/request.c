#include "gateway/request.h"

#include "core/json.h"
#include "core/seed.h"
#include "gateway/service.h"
#include "gateway/text.h"

#include <inttypes.h>
#include <string.h>

mg_slice_t
mg_request_header(const mg_request_t *self, mg_header_id_t id)
{
    return self->headers.value[id];
}

mg_slice_t
mg_request_param(const mg_request_t *self, size_t index)
{
    return mg_buf_slice(&self->params[index]);
}

mg_session_world_t
mg_request_world(const mg_request_t *self)
{
    return (mg_session_world_t){.view = mg_viewref_view(self->service->view),
                                .keys = &self->service->signkeys,
                                .now_ns = self->now_ns};
}

const mg_entry_t *
mg_request_find(const mg_request_t *self, mg_collection_id_t collection, mg_slice_t key)
{
    mg_session_world_t world = mg_request_world(self);
    return key.len ? mg_session_find(&world, collection, key) : NULL;
}

json_t *
mg_request_json(mg_request_t *self, mg_error_id_t error)
{
    if (self->json) {
        return self->json;
    }
    if (self->body.len == 0) {
        self->json = json_object();
        return self->json;
    }
    mg_json_error_t problem = {0};
    mg_status_t status = mg_json_parse(mg_buf_slice(&self->body), &self->json, &problem);
    if (status != MG_OK) {
        mg_buf_t text = {0};
        mg_buf_append_format(&text,
                             "The body is not valid at line %" PRIu32 ", column %" PRIu32 ": %s",
                             problem.line, problem.column, problem.text);
        mg_reply_error(&self->answer, error, mg_buf_text(&text));
        mg_buf_free(&text);
        return NULL;
    }
    return self->json;
}

const mg_ipfilter_t *
mg_request_ipfilter(const mg_request_t *self)
{
    return mg_service_ipfilter(self->service, mg_request_find(self, MG_COLLECTION_SETTINGS,
                                                              mg_slice_text(MG_SEED_SETTINGS)));
}

bool
mg_request_is_platform(const mg_request_t *self)
{
    static const char prefix[] = "/platform/";
    size_t len = sizeof prefix - 1;
    return self->target.len >= len && memcmp(self->target.data, prefix, len) == 0;
}

bool
mg_request_over_https(const mg_request_t *self)
{
    return self->service->http->tls_cert != NULL ||
           mg_text_same(mg_request_header(self, MG_HEADER_X_FORWARDED_PROTO), "https");
}

void
mg_request_refuse(mg_request_t *self, mg_error_id_t error)
{
    mg_reply_error(&self->answer, error, NULL);
}

void
mg_request_refuse_login(mg_request_t *self)
{
    const mg_route_t *route = self->match.route;
    if (route->no_login != MG_ERROR_INVALID_BODY) {
        mg_request_refuse(self, route->no_login);
    } else {
        mg_reply_detail(&self->answer, 401, "Unauthorized");
    }
}

void
mg_request_clear(mg_request_t *self)
{
    for (int i = 0; i < MG_ROUTE_PARAMS_MAX; i++) {
        mg_buf_free(&self->params[i]);
    }
    mg_buf_free(&self->target);
    mg_query_free(&self->query);
    json_decref(self->json);
    self->json = NULL;
    mg_buf_wipe(&self->body); /* it may hold a password */
    mg_buf_free(&self->learnt.figures);
    mg_buf_wipe(&self->learnt.hash);
    mg_buf_wipe(&self->learnt.checked);
    mg_answer_free(&self->answer);
}
