/* The reading half of gateway/resource.h: one document, and lists of them. */
#include "core/json.h"
#include "gateway/ask.h"
#include "gateway/conditional.h"
#include "gateway/paging.h"
#include "gateway/resource.h"
#include "gateway/service.h"

#include <string.h>

enum { PAGE_SIZE = 10 /* when neither client nor table say */ };

static const mg_resource_t *
s_resource(const mg_request_t *request)
{
    return request->match.route->resource;
}

/* --- one document --- */

mg_status_t
mg_resource_write(const mg_request_t *request,
                  const mg_resource_t *resource,
                  mg_slice_t document,
                  mg_buf_t *out)
{
    return resource->write ? resource->write(request, document, out)
                           : mg_json_write(document, MG_JSON_PLAIN, resource->omit, out);
}

/* A shape of its own is made anew each time: it may hold what no cache should. */
static void
s_send(mg_request_t *request, const mg_resource_t *resource, unsigned status, mg_slice_t json)
{
    request->answer.private = resource->write != NULL;
    if (resource->bare) {
        mg_reply_raw(&request->answer, status, "application/json", json);
    } else {
        mg_reply_payload(&request->answer, status, json);
    }
}

void
mg_resource_reply(mg_request_t *request, unsigned status, mg_slice_t document, const char *name)
{
    const mg_resource_t *resource = s_resource(request);
    mg_buf_t json = {0};
    if (name) {
        mg_buf_append_format(&json, "{\"%s\":", name);
    }
    mg_status_t written = mg_resource_write(request, resource, document, &json);
    mg_buf_append_text(&json, name ? "}" : "");
    if (written == MG_OK && mg_buf_ok(&json)) {
        s_send(request, resource, status, mg_buf_slice(&json));
    } else {
        mg_request_refuse(request, MG_ERROR_INTERNAL);
    }
    mg_buf_wipe(&json);
}

/* Adds the ETag, which may change on the way; true when the client has this version: then it is answered. */
static bool
s_is_known(mg_request_t *request, char etag[MG_ETAG_TEXT])
{
    bool known = mg_conditional_is_known(request, etag);
    mg_answer_header(&request->answer, "ETag", mg_slice_text(etag));
    if (known) {
        mg_reply_empty(&request->answer, 304);
    }
    return known;
}

static void
s_show_written(mg_request_t *request, const mg_resource_t *resource, const mg_entry_t *entry)
{
    char etag[MG_ETAG_TEXT];
    mg_etag_write(entry, etag);
    if (s_is_known(request, etag)) {
        return;
    }
    mg_buf_t json = {0};
    if (resource->write(request, mg_entry_body(entry), &json) == MG_OK && mg_buf_ok(&json)) {
        s_send(request, resource, 200, mg_buf_slice(&json));
    } else {
        mg_request_refuse(request, MG_ERROR_INTERNAL);
    }
    mg_buf_wipe(&json);
}

void
mg_resource_show(mg_request_t *request, const mg_resource_t *resource, const mg_entry_t *entry)
{
    if (resource->write) {
        s_show_written(request, resource, entry);
        return;
    }
    const mg_representation_t *shown =
        mg_representation_of(request->service->representations, entry, resource->omit);
    if (!shown) {
        mg_request_refuse(request, MG_ERROR_INTERNAL);
        return;
    }
    char etag[MG_ETAG_TEXT];
    memcpy(etag, shown->etag, sizeof etag);
    if (!s_is_known(request, etag)) {
        s_send(request, resource, 200, mg_buf_slice(&shown->json));
    }
}

static bool
s_is_hidden(const mg_request_t *request, mg_slice_t document)
{
    const mg_resource_t *resource = s_resource(request);
    return resource->is_hidden && resource->is_hidden(request, document);
}

void
mg_resource_read(mg_request_t *request)
{
    const mg_entry_t *entry = mg_resource_entry(request);
    if (!entry) {
        mg_request_refuse(request, s_resource(request)->not_found);
    } else if (s_is_hidden(request, mg_entry_body(entry))) {
        mg_request_refuse(request, MG_ERROR_HIDDEN);
    } else {
        mg_resource_show(request, s_resource(request), entry);
    }
}

/* --- lists --- */

/* True when the client asks for some of the documents only: then each must be looked at. */
static bool
s_filters(const mg_request_t *request, const mg_resource_t *resource)
{
    bool filters = false;
    for (const char *const *name = resource->filters; name && *name; name++) {
        filters = filters || mg_query_get(&request->query, *name).len > 0;
    }
    return filters;
}

static bool
s_is_shown(const mg_request_t *request, const mg_entry_t *entry)
{
    return mg_entry_alive(entry, request->now_ns) && !s_is_hidden(request, mg_entry_body(entry));
}

static mg_status_t
s_append_item(const mg_request_t *request, const mg_entry_t *entry, bool first, mg_buf_t *out)
{
    mg_buf_append_text(out, first ? "" : ",");
    return mg_resource_write(request, s_resource(request), mg_entry_body(entry), out);
}

/* Straight to the first document of the page; hidden ones leave gaps. */
static mg_status_t
s_write_page(const mg_request_t *request, mg_listing_t *listing, mg_buf_t *out)
{
    int slot = (int)s_resource(request)->collection;
    const mg_view_t *view = mg_request_world(request).view;
    listing->total = mg_view_count(view, slot);
    mg_cursor_t cursor;
    mg_cursor_nth(&cursor, view, slot, listing->skip);
    mg_status_t status = MG_OK;
    bool first = true;
    const mg_entry_t *entry = NULL;
    for (uint64_t i = 0; i < listing->take && (entry = mg_cursor_next(&cursor)) != NULL; i++) {
        if (status == MG_OK && s_is_shown(request, entry)) {
            status = s_append_item(request, entry, first, out);
            first = false;
        }
    }
    request->service->list_nodes += cursor.looked;
    return status;
}

static mg_status_t
s_write_filtered(const mg_request_t *request, mg_listing_t *listing, mg_buf_t *out)
{
    const mg_resource_t *resource = s_resource(request);
    mg_cursor_t cursor;
    mg_cursor_nth(&cursor, mg_request_world(request).view, (int)resource->collection, 0);
    mg_status_t status = MG_OK;
    const mg_entry_t *entry = NULL;
    while ((entry = mg_cursor_next(&cursor)) != NULL && status == MG_OK) {
        if (!s_is_shown(request, entry) || !resource->matches(request, mg_entry_body(entry))) {
            continue;
        }
        uint64_t number = listing->total++;
        if (number >= listing->skip && number - listing->skip < listing->take) {
            status = s_append_item(request, entry, number == listing->skip, out);
        }
    }
    request->service->list_nodes += cursor.looked;
    return status;
}

mg_status_t
mg_resource_write_list(const mg_request_t *request, mg_listing_t *listing, mg_buf_t *out)
{
    const mg_resource_t *resource = s_resource(request);
    mg_buf_append_format(out, "\"%s\":[", resource->list_key);
    mg_status_t status = s_filters(request, resource) ? s_write_filtered(request, listing, out)
                                                      : s_write_page(request, listing, out);
    mg_buf_append_byte(out, ']');
    return status != MG_OK || mg_buf_ok(out) ? status : MG_ERR_NO_MEMORY;
}

void
mg_resource_list(mg_request_t *request)
{
    const mg_resource_t *resource = s_resource(request);
    mg_paging_t paging;
    if (!mg_paging_read(request, resource->page_size ? resource->page_size : PAGE_SIZE, &paging)) {
        return;
    }
    mg_listing_t listing = {.skip = mg_paging_skip(&paging), .take = (uint64_t)paging.page_size};
    mg_buf_t json = {0};
    mg_buf_append_byte(&json, '{');
    mg_status_t status = mg_resource_write_list(request, &listing, &json);
    bool admin_only = resource->list_shape == MG_LIST_PAGED_FOR_ADMIN;
    if (resource->list_shape == MG_LIST_PAGED || (admin_only && request->caller.admin)) {
        mg_paging_write(&paging, listing.total, &json);
    }
    mg_buf_append_byte(&json, '}');
    request->answer.private = resource->write != NULL;
    if (status == MG_OK) {
        mg_reply_payload(&request->answer, 200, mg_buf_slice(&json));
    } else {
        mg_ask_refuse(request, status);
    }
    mg_buf_wipe(&json);
}
