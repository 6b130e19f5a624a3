#include "gateway/headers.h"

#include "gateway/text.h"

typedef struct row {
    const char *name;
    bool last; /* of several lines the last one counts */
} row_t;

static const row_t s_rows[MG_HEADERS] = {
    [MG_HEADER_ACCEPT_ENCODING] = {.name = "Accept-Encoding"},
    [MG_HEADER_AUTHORIZATION] = {.name = "Authorization"},
    [MG_HEADER_CF_CONNECTING_IP] = {.name = "CF-Connecting-IP"},
    [MG_HEADER_COOKIE] = {.name = "Cookie"},
    [MG_HEADER_HOST] = {.name = "Host"},
    [MG_HEADER_IDEMPOTENCY_KEY] = {.name = "Idempotency-Key"},
    [MG_HEADER_IF_MATCH] = {.name = "If-Match"},
    [MG_HEADER_IF_NONE_MATCH] = {.name = "If-None-Match"},
    [MG_HEADER_ORIGIN] = {.name = "Origin"},
    [MG_HEADER_REQUEST_ID] = {.name = "request-id"},
    [MG_HEADER_X_CSRF_TOKEN] = {.name = "X-CSRF-Token"},
    [MG_HEADER_X_FORWARDED_FOR] = {.name = "X-Forwarded-For"},
    [MG_HEADER_X_FORWARDED_FOR_LAST] = {.name = "X-Forwarded-For", .last = true},
    [MG_HEADER_X_FORWARDED_PROTO] = {.name = "X-Forwarded-Proto"},
    [MG_HEADER_X_IS_TEST] = {.name = "X-IS-TEST"},
    [MG_HEADER_X_REAL_IP] = {.name = "X-Real-IP"},
    [MG_HEADER_X_REQUEST_ID] = {.name = "X-Request-ID"},
};

/* Most names differ in their first letter. */
static bool
s_begin_alike(mg_slice_t name, const char *wanted)
{
    enum { CASE = 0x20 };
    return name.len > 0 && (name.data[0] | CASE) == ((uint8_t)wanted[0] | CASE);
}

void
mg_headers_note(mg_headers_t *self, mg_slice_t name, mg_slice_t value)
{
    for (size_t i = 0; i < MG_HEADERS; i++) {
        const row_t *row = &s_rows[i];
        bool counts = row->last || !self->value[i].data;
        if (counts && s_begin_alike(name, row->name) && mg_text_same(name, row->name)) {
            self->value[i] = value;
        }
    }
}
