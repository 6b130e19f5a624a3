#include "gateway/idempotency.h"

#include "core/clock.h"
#include "core/document.h"
#include "gateway/service.h"

#include <sodium.h>

#include <string.h>

enum { FINGERPRINT_TEXT = crypto_auth_hmacsha256_BYTES * 2 + 1 };

/* The key; data NULL: none was sent, or it means nothing here. */
static mg_slice_t
s_key(const mg_request_t *request)
{
    bool counts = request->framing.method == MG_METHOD_POST && request->caller.known &&
                  request->match.route->access != MG_ACCESS_OPEN;
    return counts ? mg_request_header(request, MG_HEADER_IDEMPOTENCY_KEY) : (mg_slice_t){0};
}

static bool
s_is_key(mg_slice_t text)
{
    bool visible = text.len >= 1 && text.len <= MG_IDEMPOTENCY_KEY_MAX;
    for (size_t i = 0; i < text.len && visible; i++) {
        visible = text.data[i] > 0x20 && text.data[i] < 0x7f;
    }
    return visible;
}

static void
s_record_key(const mg_request_t *request, mg_slice_t key, mg_buf_t *out)
{
    const mg_slice_t parts[] = {mg_slice_text(request->caller.claims.sub), key};
    mg_collection_join_key(parts, 2, out);
}

static void
s_fingerprint(const mg_request_t *request, char out[FINGERPRINT_TEXT])
{
    static const uint8_t purpose[] = "memgate idempotency POST ";
    uint8_t mac[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256_state state;
    mg_slice_t secret = mg_buf_slice(&request->service->secret);
    (void)crypto_auth_hmacsha256_init(&state, secret.data, secret.len);
    (void)crypto_auth_hmacsha256_update(&state, purpose, sizeof purpose - 1);
    (void)crypto_auth_hmacsha256_update(&state, request->target.data, request->target.len);
    (void)crypto_auth_hmacsha256_update(&state, (const uint8_t *)"\n", 1);
    if (request->body.len > 0) {
        (void)crypto_auth_hmacsha256_update(&state, request->body.data, request->body.len);
    }
    (void)crypto_auth_hmacsha256_final(&state, mac);
    (void)sodium_bin2hex(out, FINGERPRINT_TEXT, mac, sizeof mac);
}

/* --- a request that comes again --- */

static void
s_replay(mg_request_t *request, mg_slice_t record)
{
    mg_slice_t sealed = mg_document_text(record, "body");
    unsigned status = (unsigned)mg_document_int(record, "status", 200);
    mg_buf_t body = {0};
    if (!sealed.data || !mg_storedkeys_open(&request->service->storedkeys, sealed, &body)) {
        mg_request_refuse(request, MG_ERROR_IDEMPOTENCY_LOST);
    } else {
        request->answer.private = true; /* what is kept of it is sealed */
        mg_reply_raw(&request->answer, status, "application/json", mg_buf_slice(&body));
        mg_answer_header(&request->answer, "Idempotency-Replayed", mg_slice_text("true"));
    }
    mg_buf_wipe(&body);
}

bool
mg_idempotency_passes(mg_request_t *request)
{
    mg_slice_t key = s_key(request);
    if (!key.data) {
        return true;
    }
    if (!s_is_key(key)) {
        mg_request_refuse(request, MG_ERROR_IDEMPOTENCY_KEY);
        return false;
    }
    mg_buf_t record_key = {0};
    s_record_key(request, key, &record_key);
    const mg_entry_t *record =
        mg_request_find(request, MG_COLLECTION_IDEMPOTENCY_KEYS, mg_buf_slice(&record_key));
    mg_buf_free(&record_key);
    if (!record) {
        return true;
    }
    char fingerprint[FINGERPRINT_TEXT];
    s_fingerprint(request, fingerprint);
    if (mg_document_text_is(mg_entry_body(record), "fingerprint", fingerprint)) {
        s_replay(request, mg_entry_body(record));
    } else {
        mg_request_refuse(request, MG_ERROR_IDEMPOTENCY_OTHER);
    }
    return false;
}

/* --- remembering --- */

/* The user's oldest record, when there are as many as may be; NULL: there is room. */
static const mg_entry_t *
s_oldest_if_full(const mg_request_t *request)
{
    mg_buf_t prefix = {0};
    s_record_key(request, (mg_slice_t){0}, &prefix);
    mg_cursor_t cursor;
    mg_cursor_seek(&cursor, mg_request_world(request).view, MG_COLLECTION_IDEMPOTENCY_KEYS,
                   mg_buf_slice(&prefix));
    const mg_entry_t *oldest = NULL;
    const mg_entry_t *entry = NULL;
    unsigned count = 0;
    while ((entry = mg_cursor_next(&cursor)) != NULL) {
        mg_slice_t key = mg_entry_key(entry);
        if (key.len < prefix.len || memcmp(key.data, prefix.data, prefix.len) != 0) {
            break;
        }
        count += mg_entry_alive(entry, request->now_ns);
        oldest = !oldest || entry->expires_ns < oldest->expires_ns ? entry : oldest;
    }
    mg_buf_free(&prefix);
    return count >= MG_IDEMPOTENCY_KEYS ? oldest : NULL;
}

/* The answer as it is kept; without a body when it is too long. */
static bool
s_append_answer(const mg_request_t *request, bson_t *out)
{
    const mg_answer_t *answer = &request->answer;
    mg_buf_t sealed = {0};
    bool whole = bson_append_int64(out, "status", -1, answer->status);
    if (answer->body.len <= MG_IDEMPOTENCY_BODY_MAX) {
        whole =
            whole &&
            mg_storedkeys_seal(&request->service->storedkeys, request->now_ns / MG_NS_PER_SECOND,
                               mg_buf_slice(&answer->body), &sealed) == MG_OK &&
            bson_append_utf8(out, "body", -1, mg_buf_text(&sealed), (int)sealed.len);
    }
    mg_buf_free(&sealed);
    return whole;
}

static bool
s_build(const mg_request_t *request, mg_slice_t key, bson_t *out)
{
    char id[MG_UUID_TEXT];
    char fingerprint[FINGERPRINT_TEXT];
    mg_uuid_new(id);
    s_fingerprint(request, fingerprint);
    return bson_append_utf8(out, "_id", -1, id, -1) &&
           bson_append_utf8(out, "username", -1, request->caller.claims.sub, -1) &&
           bson_append_utf8(out, "key", -1, (const char *)key.data, (int)key.len) &&
           bson_append_utf8(out, "fingerprint", -1, fingerprint, -1) &&
           s_append_answer(request, out);
}

void
mg_idempotency_remember(const mg_request_t *request, mg_batch_t *batch)
{
    mg_slice_t key = s_key(request);
    if (!key.data || request->answer.status == 0) {
        return;
    }
    mg_slice_t collection = mg_slice_text(mg_collection(MG_COLLECTION_IDEMPOTENCY_KEYS)->name);
    bson_t record = BSON_INITIALIZER;
    batch->failed = batch->failed || !s_build(request, key, &record);
    const mg_op_t put = {.kind = MG_OP_PUT,
                         .condition = MG_IF_ABSENT,
                         .collection = collection,
                         .body = mg_document_slice(&record),
                         .expires_ns = request->now_ns +
                                       (int64_t)MG_IDEMPOTENCY_HOURS * 3600 * MG_NS_PER_SECOND};
    mg_batch_add(batch, &put);
    bson_destroy(&record);
    const mg_entry_t *oldest = s_oldest_if_full(request);
    if (oldest) {
        const mg_op_t drop = {
            .kind = MG_OP_DELETE, .collection = collection, .key = mg_entry_key(oldest)};
        mg_batch_add(batch, &drop);
    }
}
