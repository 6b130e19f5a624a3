/* Tiers, assignments and rate limit rules: what the server adds to them, and the list of tiers, which is paged by skip and limit. */
#include "core/clock.h"
#include "core/document.h"
#include "gateway/ask.h"
#include "gateway/paging.h"
#include "gateway/service.h"
#include "gateway/tables/tables.h"
#include "gateway/text.h"

#include <inttypes.h>

static bool
s_append_now(const mg_request_t *request, const char *field, bson_t *out)
{
    char when[MG_RFC3339_SIZE];
    mg_clock_rfc3339(request->now_ns, when);
    return bson_append_utf8(out, field, -1, when, -1);
}

/* A body that says nothing stays empty, so that it is refused. */
bool
mg_tier_stamp(const mg_request_t *request, bson_t *fields)
{
    return bson_empty(fields) || s_append_now(request, "updated_at", fields);
}

bool
mg_tier_complete(const mg_request_t *request, bson_t *draft)
{
    return s_append_now(request, "created_at", draft);
}

/* --- the list --- */

bool
mg_tier_matches(const mg_request_t *request, mg_slice_t document)
{
    mg_slice_t search = mg_query_get(&request->query, "search");
    mg_slice_t enabled_only = mg_query_get(&request->query, "enabled_only");
    bool wanted = !(mg_text_same(enabled_only, "true") || mg_text_same(enabled_only, "1")) ||
                  mg_document_bool(document, "enabled", true);
    return wanted && (mg_text_contains(mg_document_text(document, "tier_id"), search) ||
                      mg_text_contains(mg_document_text(document, "name"), search) ||
                      mg_text_contains(mg_document_text(document, "display_name"), search));
}

void
mg_handle_tiers(mg_request_t *request)
{
    enum { LIMIT = 100, LIMIT_MAX = 1000 };
    int64_t skip = 0;
    int64_t limit = LIMIT;
    if (!mg_paging_number(request, "skip", &skip) || !mg_paging_number(request, "limit", &limit)) {
        return;
    }
    if (skip < 0 || limit < 1 || limit > LIMIT_MAX) {
        mg_reply_error(&request->answer, MG_ERROR_INVALID_BODY,
                       "skip must be at least 0, limit between 1 and 1000");
        return;
    }
    mg_listing_t listing = {.skip = (uint64_t)skip, .take = (uint64_t)limit};
    mg_buf_t json = {0};
    mg_buf_append_byte(&json, '{');
    mg_status_t status = mg_resource_write_list(request, &listing, &json);
    mg_buf_append_format(&json, ",\"skip\":%" PRId64 ",\"limit\":%" PRId64, skip, limit);
    bool has_next = listing.skip < listing.total && listing.total - listing.skip > listing.take;
    mg_buf_append_format(&json,
                         ",\"page\":%" PRId64 ",\"page_size\":%" PRId64
                         ",\"has_next\":%s,\"total\":%" PRIu64 "}",
                         skip / limit + (skip / limit < INT64_MAX), limit,
                         has_next ? "true" : "false", listing.total);
    if (status == MG_OK && mg_buf_ok(&json)) {
        mg_reply_payload(&request->answer, 200, mg_buf_slice(&json));
    } else {
        mg_ask_refuse(request, status == MG_OK ? MG_ERR_NO_MEMORY : status);
    }
    mg_buf_free(&json);
}

/* The reference's paths end in a slash; who leaves it out is sent there. */
void
mg_handle_add_slash(mg_request_t *request)
{
    mg_buf_t location = {0};
    mg_slice_t target = mg_buf_slice(&request->target);
    mg_buf_append_slice(&location, request->path);
    mg_buf_append_byte(&location, '/');
    mg_buf_append_slice(&location,
                        mg_slice(target.data + request->path.len, target.len - request->path.len));
    mg_reply_empty(&request->answer, 307);
    mg_answer_header(&request->answer, "Location", mg_buf_slice(&location));
    mg_buf_free(&location);
}

/* --- assignments: one per user, the newest --- */

static void
s_assign(mg_request_t *request, const bson_t *draft)
{
    mg_slice_t body = mg_document_slice(draft);
    if (!mg_request_find(request, MG_COLLECTION_TIERS, mg_document_text(body, "tier_id"))) {
        mg_request_refuse(request, MG_ERROR_TIER_UNKNOWN);
        return;
    }
    const mg_entry_t *before = mg_request_find(request, MG_COLLECTION_USER_TIER_ASSIGNMENTS,
                                               mg_document_text(body, "user_id"));
    mg_resource_reply(request, 201, body, NULL);
    mg_resource_store(request, MG_COLLECTION_USER_TIER_ASSIGNMENTS, before, body);
}

void
mg_handle_assign(mg_request_t *request)
{
    bson_t draft = BSON_INITIALIZER;
    bool whole = mg_resource_begin(&draft);
    if (mg_resource_fields(request, mg_assignment_fields, MG_FIELDS_CREATE, &draft)) {
        if (whole && s_append_now(request, "assigned_at", &draft)) {
            s_assign(request, &draft);
        } else {
            mg_ask_refuse(request, MG_ERR_NO_MEMORY);
        }
    }
    bson_destroy(&draft);
}
