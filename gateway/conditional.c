#include "gateway/conditional.h"

#include "gateway/coding.h"
#include "gateway/text.h"

#include <string.h>

/* The item before the next comma; an ETag of ours holds none. `rest` moves behind it. */
static mg_slice_t
s_take_item(mg_slice_t *rest)
{
    const uint8_t *comma = memchr(rest->data, ',', rest->len);
    mg_slice_t item = *rest;
    if (comma) {
        item.len = (size_t)(comma - rest->data);
        *rest = mg_slice(comma + 1, rest->len - item.len - 1);
    } else {
        *rest = (mg_slice_t){0};
    }
    return mg_text_trim(item);
}

static bool
s_is_weak(mg_slice_t item)
{
    return item.len > 2 && memcmp(item.data, "W/", 2) == 0;
}

bool
mg_conditional_lists(mg_slice_t header, const char *etag, bool weak)
{
    mg_slice_t wanted = mg_slice_text(etag);
    bool lists = false;
    while (header.len > 0 && !lists) {
        mg_slice_t item = s_take_item(&header);
        if (weak && s_is_weak(item)) {
            item = mg_slice(item.data + 2, item.len - 2);
        }
        lists = mg_slice_equal(item, wanted) || mg_slice_equal(item, mg_slice_text("*"));
    }
    return lists;
}

bool
mg_conditional_is_known(const mg_request_t *request, char etag[MG_ETAG_TEXT])
{
    mg_slice_t header = mg_request_header(request, MG_HEADER_IF_NONE_MATCH);
    if (!header.data || mg_conditional_lists(header, etag, true)) {
        return header.data != NULL;
    }
    char packed[MG_ETAG_TEXT];
    mg_etag_write_packed(etag, packed);
    bool known = mg_coding_takes_gzip(mg_request_header(request, MG_HEADER_ACCEPT_ENCODING)) &&
                 mg_conditional_lists(header, packed, true);
    if (known) {
        memcpy(etag, packed, sizeof packed);
    }
    return known;
}

bool
mg_conditional_holds(mg_request_t *request, const mg_entry_t *entry)
{
    mg_slice_t header = mg_request_header(request, MG_HEADER_IF_MATCH);
    if (!header.data || !entry) {
        return true;
    }
    char etag[MG_ETAG_TEXT];
    char packed[MG_ETAG_TEXT];
    mg_etag_write(entry, etag);
    mg_etag_write_packed(etag, packed);
    bool holds =
        mg_conditional_lists(header, etag, false) || mg_conditional_lists(header, packed, false);
    if (!holds) {
        mg_request_refuse(request, MG_ERROR_PRECONDITION);
    }
    return holds;
}
