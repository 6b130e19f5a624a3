/* Any bytes as a path segment and as a query: what is decoded is UTF-8 without control characters. */
#include "gateway/percent.h"

#include <bson/bson.h>

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
s_check(mg_slice_t text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < 0x20 || text.data[i] == 0x7f) {
            abort();
        }
    }
    if (text.len > 0 && !bson_utf8_validate((const char *)text.data, text.len, false)) {
        abort();
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mg_buf_t out = {0};
    if (mg_percent_decode(mg_slice(data, size), false, &out) == MG_OK) {
        s_check(mg_buf_slice(&out));
        if (out.len > size) {
            abort();
        }
    }
    mg_buf_free(&out);
    mg_query_t query = {0};
    if (mg_query_read(mg_slice(data, size), &query) == MG_OK) {
        s_check(mg_buf_slice(&query.text));
        if (query.text.len > size || query.count > MG_QUERY_MAX) {
            abort();
        }
        s_check(mg_query_get(&query, "page"));
    }
    mg_query_free(&query);
    return 0;
}
