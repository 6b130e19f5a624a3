#include "gateway/paging.h"

#include "gateway/service.h"
#include "gateway/text.h"

#include <inttypes.h>

/* A whole number that int64_t does not hold: what it holds at that end, so that the range decides. */
static bool
s_saturate(mg_slice_t text, int64_t *out)
{
    size_t sign = text.len > 0 && text.data[0] == '-';
    for (size_t i = sign; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return false;
        }
    }
    *out = sign ? INT64_MIN : INT64_MAX;
    return text.len > sign;
}

bool
mg_paging_number(mg_request_t *request, const char *name, int64_t *value)
{
    mg_slice_t text = mg_query_get(&request->query, name);
    if (text.data && !mg_text_to_int(text, value) && !s_saturate(text, value)) {
        mg_buf_t why = {0};
        mg_buf_append_format(&why, "%s must be a whole number", name);
        mg_reply_error(&request->answer, MG_ERROR_INVALID_BODY, mg_buf_text(&why));
        mg_buf_free(&why);
        return false;
    }
    return true;
}

bool
mg_paging_read(mg_request_t *request, int64_t page_size, mg_paging_t *out)
{
    int64_t max = request->service->http->page_size_max;
    mg_paging_t paging = {.page = 1, .page_size = page_size < max ? page_size : max};
    if (!mg_paging_number(request, "page", &paging.page) ||
        !mg_paging_number(request, "page_size", &paging.page_size)) {
        return false;
    }
    if (paging.page < 1 || paging.page_size < 1 || paging.page_size > max) {
        mg_request_refuse(request, MG_ERROR_PAGE);
        return false;
    }
    *out = paging;
    return true;
}

uint64_t
mg_paging_skip(const mg_paging_t *self)
{
    uint64_t skip = 0;
    bool overflow =
        __builtin_mul_overflow((uint64_t)self->page - 1, (uint64_t)self->page_size, &skip);
    return overflow ? UINT64_MAX : skip;
}

void
mg_paging_write(const mg_paging_t *self, uint64_t total, mg_buf_t *out)
{
    uint64_t skip = mg_paging_skip(self);
    bool has_next = skip < total && total - skip > (uint64_t)self->page_size;
    mg_buf_append_format(
        out, ",\"page\":%" PRId64 ",\"page_size\":%" PRId64 ",\"has_next\":%s,\"total\":%" PRIu64,
        self->page, self->page_size, has_next ? "true" : "false", total);
}
