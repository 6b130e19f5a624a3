#include "gateway/reply.h"

#include "core/json.h"

#include <stdlib.h>
#include <string.h>

static const char s_json[] = "application/json";

/* --- the answer itself --- */

void
mg_answer_reset(mg_answer_t *self)
{
    for (size_t i = 0; i < self->header_count; i++) {
        free(self->headers[i].value);
    }
    mg_buf_free(&self->body);
    *self = (mg_answer_t){.strict = self->strict};
}

void
mg_answer_free(mg_answer_t *self)
{
    mg_answer_reset(self);
}

bool
mg_answer_is_whole(const mg_answer_t *self)
{
    return mg_buf_ok(&self->body) && !self->incomplete;
}

void
mg_answer_header(mg_answer_t *self, const char *name, mg_slice_t value)
{
    char *copy = NULL;
    if (self->header_count < MG_ANSWER_HEADERS_MAX) {
        copy = strndup(value.data ? (const char *)value.data : "", value.len);
    }
    if (!copy) {
        self->incomplete = true;
        return;
    }
    self->headers[self->header_count++] = (mg_answer_header_t){name, copy};
}

/* Begins an answer; a body that was written before is forgotten, headers stay. */
static mg_buf_t *
s_begin(mg_answer_t *self, unsigned status, const char *content_type)
{
    mg_buf_clear(&self->body);
    self->status = status;
    self->content_type = content_type;
    return &self->body;
}

/* --- envelopes --- */

/* With the strict envelope: HTTP 200 and `{"status_code":S,`; else the number itself and `{`. */
static mg_buf_t *
s_begin_object(mg_answer_t *self, unsigned status)
{
    mg_buf_t *body = s_begin(self, self->strict ? 200 : status, s_json);
    if (self->strict) {
        mg_buf_append_format(body, "{\"status_code\":%u,", status);
    } else {
        mg_buf_append_byte(body, '{');
    }
    return body;
}

static void
s_append_member(mg_buf_t *body, const char *name, mg_slice_t text)
{
    mg_buf_append_format(body, "\"%s\":", name);
    mg_json_write_text(text, body);
}

void
mg_reply_payload(mg_answer_t *self, unsigned status, mg_slice_t json)
{
    if (!self->strict) {
        mg_buf_append_slice(s_begin(self, status, s_json), json);
        return;
    }
    mg_buf_t *body = s_begin_object(self, status);
    mg_buf_append_text(body, "\"response\":");
    mg_buf_append_slice(body, json);
    mg_buf_append_byte(body, '}');
}

void
mg_reply_token(mg_answer_t *self, const char *field, mg_slice_t token)
{
    mg_buf_t *body = s_begin_object(self, 200);
    if (self->strict) {
        mg_buf_append_text(body, "\"response\":{");
        s_append_member(body, field, token);
        mg_buf_append_text(body, "},");
    }
    s_append_member(body, field, token);
    mg_buf_append_byte(body, '}');
}

void
mg_reply_message(mg_answer_t *self, unsigned status, const char *text)
{
    mg_buf_t *body = s_begin_object(self, status);
    s_append_member(body, "message", mg_slice_text(text));
    mg_buf_append_byte(body, '}');
}

static void
s_append_error(mg_buf_t *body, const mg_error_row_t *row, const char *text)
{
    if (row->code) {
        s_append_member(body, "error_code", mg_slice_text(row->code));
        mg_buf_append_byte(body, ',');
    }
    s_append_member(body, "error_message", mg_slice_text(text ? text : row->text));
    mg_buf_append_byte(body, '}');
}

void
mg_reply_error(mg_answer_t *self, mg_error_id_t error, const char *text)
{
    const mg_error_row_t *row = mg_error_row(error);
    if (row->code && strcmp(row->code, MG_ERROR_DETAIL) == 0) {
        mg_reply_detail(self, row->status, text ? text : row->text);
        return;
    }
    s_append_error(s_begin_object(self, row->status), row, text);
}

void
mg_reply_filtered(mg_answer_t *self, mg_error_id_t error)
{
    const mg_error_row_t *row = mg_error_row(error);
    mg_buf_t *body = s_begin(self, row->status, s_json);
    mg_buf_append_format(body, "{\"status_code\":%u,", row->status);
    s_append_error(body, row, NULL);
}

void
mg_reply_detail(mg_answer_t *self, unsigned status, const char *text)
{
    mg_buf_t *body = s_begin(self, status, s_json);
    mg_buf_append_byte(body, '{');
    s_append_member(body, "detail", mg_slice_text(text));
    mg_buf_append_byte(body, '}');
}

void
mg_reply_raw(mg_answer_t *self, unsigned status, const char *content_type, mg_slice_t body)
{
    mg_buf_append_slice(s_begin(self, status, content_type), body);
}

void
mg_reply_empty(mg_answer_t *self, unsigned status)
{
    (void)s_begin(self, status, NULL);
}

/* --- headers and ids --- */

size_t
mg_reply_fixed_headers(const mg_config_http_t *config, mg_fixed_header_t out[MG_FIXED_HEADERS_MAX])
{
    static const char deny_all[] = "default-src 'none'; frame-ancestors 'none'";
    size_t count = 0;
    out[count++] = (mg_fixed_header_t){"X-Content-Type-Options", "nosniff"};
    out[count++] = (mg_fixed_header_t){"X-Frame-Options", "DENY"};
    out[count++] = (mg_fixed_header_t){"Referrer-Policy", "no-referrer"};
    out[count++] =
        (mg_fixed_header_t){"Permissions-Policy", "geolocation=(), microphone=(), camera=()"};
    out[count++] =
        (mg_fixed_header_t){"Content-Security-Policy", config->csp ? config->csp : deny_all};
    if (config->https_only) {
        out[count++] = (mg_fixed_header_t){"Strict-Transport-Security",
                                           "max-age=15552000; includeSubDomains; preload"};
    }
    return count;
}
