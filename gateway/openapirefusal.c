/* The refusals of an operation: those of its row, its kind, its fields and what is said of it, by number. */
#include "gateway/openapioperation.h"

#include <string.h>

enum { ERRORS_MAX = 40 };

typedef struct collector {
    const mg_operation_t *of;
    mg_error_id_t errors[ERRORS_MAX];
    size_t error_count;
} collector_t;

static void
s_may(collector_t *self, mg_error_id_t error)
{
    const mg_error_row_t *row = mg_error_row(error);
    for (size_t i = 0; i < self->error_count; i++) {
        const mg_error_row_t *other = mg_error_row(self->errors[i]);
        if (other->status == row->status && other->code && row->code &&
            strcmp(other->code, row->code) == 0 && strcmp(other->text, row->text) == 0) {
            return;
        }
    }
    if (self->error_count < ERRORS_MAX) {
        self->errors[self->error_count++] = error;
    } else {
        self->of->tree->failed = true;
    }
}

/* Where a table says 0 it says that there is none. */
static void
s_may_if_named(collector_t *self, mg_error_id_t error)
{
    if (error != MG_ERROR_INVALID_BODY) {
        s_may(self, error);
    }
}

static void
s_collect_of_kind(collector_t *self)
{
    const mg_resource_t *resource = self->of->route->resource;
    switch (self->of->kind) {
    case MG_DOC_CREATE:
        s_may_if_named(self, resource->exists);
        break;
    case MG_DOC_READ:
        s_may_if_named(self, resource->not_found);
        if (resource->is_hidden) {
            s_may(self, MG_ERROR_HIDDEN);
        }
        break;
    case MG_DOC_LIST:
        s_may(self, MG_ERROR_PAGE);
        break;
    case MG_DOC_UPDATE:
        s_may_if_named(self, resource->unknown_update);
        s_may_if_named(self, resource->rename);
        s_may_if_named(self, resource->nothing);
        break;
    case MG_DOC_DELETE:
        s_may_if_named(self, resource->unknown_delete);
        break;
    case MG_DOC_BY_HANDLER:
    case MG_DOC_OWN:
        break;
    }
}

static void
s_collect_of_body(collector_t *self)
{
    const mg_field_t *fields = mg_operation_body_fields(self->of);
    if (fields) {
        s_may(self, MG_ERROR_BODY_TOO_BIG);
    }
    bool judged = fields || self->of->doc->query || self->of->kind == MG_DOC_LIST;
    if (judged && !self->of->doc->lenient) {
        s_may(self, MG_ERROR_INVALID_BODY);
    }
    for (; fields && fields->name; fields++) {
        s_may_if_named(self, fields->error);
    }
}

static void
s_collect(collector_t *self)
{
    s_may_if_named(self, self->of->route->no_login);
    s_may_if_named(self, self->of->route->denied);
    for (size_t i = 0; i < MG_ROUTE_DOC_ERRORS && self->of->doc->errors[i]; i++) {
        s_may(self, self->of->doc->errors[i]);
    }
    s_collect_of_kind(self);
    s_collect_of_body(self);
    if (mg_operation_is_conditional(self->of)) {
        s_may(self, MG_ERROR_PRECONDITION);
    }
    if (mg_operation_is_repeatable(self->of)) {
        s_may(self, MG_ERROR_IDEMPOTENCY_KEY);
        s_may(self, MG_ERROR_IDEMPOTENCY_OTHER);
        s_may(self, MG_ERROR_IDEMPOTENCY_LOST);
    }
}

/* What stands under one number. */
typedef struct refusal {
    mg_buf_t text;
    json_t *codes;
    bool detail; /* some come as {"detail": text} */
    bool plain;  /* some have no code */
} refusal_t;

static void
s_add_reason(refusal_t *self, const mg_error_row_t *row)
{
    bool detail = row->code && strcmp(row->code, MG_ERROR_DETAIL) == 0;
    bool coded = row->code && !detail;
    mg_buf_append_text(&self->text, self->text.len ? "; " : "");
    mg_buf_append_format(&self->text, "%s%s%s", coded ? row->code : "", coded ? ": " : "",
                         row->text);
    if (coded) {
        (void)json_array_append_new(self->codes, json_string(row->code));
    }
    self->detail = self->detail || detail;
    self->plain = self->plain || !row->code;
}

static json_t *
s_refusal_schema(const refusal_t *self)
{
    json_t *detail = self->detail ? mg_tree_ref("schemas", "Detail") : NULL;
    bool coded = json_array_size(self->codes) > 0;
    if (!coded && !self->plain) {
        return detail;
    }
    json_t *error = mg_tree_ref("schemas", "Error");
    if (coded) {
        (void)json_object_set_new(error, "properties",
                                  json_pack("{s:{s:O}}", "error_code", "enum", self->codes));
    }
    if (coded && !self->plain) {
        (void)json_object_set_new(error, "required", json_pack("[s]", "error_code"));
    }
    return detail ? json_pack("{s:[o, o]}", "anyOf", error, detail) : error;
}

static void
s_add_refusal(collector_t *self, json_t *responses, unsigned status)
{
    refusal_t refusal = {.codes = json_array()};
    bool coded_login = self->of->route->no_login != MG_ERROR_INVALID_BODY;
    if (status == 401 && self->of->route->access != MG_ACCESS_OPEN && !coded_login) {
        s_add_reason(&refusal, &(mg_error_row_t){401, MG_ERROR_DETAIL, "Unauthorized"});
    }
    for (size_t i = 0; i < self->error_count; i++) {
        const mg_error_row_t *row = mg_error_row(self->errors[i]);
        if (row->status == status) {
            s_add_reason(&refusal, row);
        }
    }
    if (refusal.text.len > 0) {
        mg_operation_answer(self->of, responses, status, mg_buf_text(&refusal.text),
                            s_refusal_schema(&refusal));
    }
    mg_buf_free(&refusal.text);
    json_decref(refusal.codes);
}

void
mg_operation_add_refusals(const mg_operation_t *self, json_t *responses)
{
    collector_t collector = {.of = self};
    s_collect(&collector);
    for (unsigned status = 400; status < 600; status++) {
        s_add_refusal(&collector, responses, status);
    }
}
