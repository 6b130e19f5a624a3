/* Credits: definitions hold an upstream's key, users hold balances and perhaps keys of their own. Keys are stored sealed
 * (gateway/storedkeys.h); a definition's is never shown, a user's own is shown to that user and to who manages credits. */
#include "core/clock.h"
#include "core/document.h"
#include "core/json.h"
#include "gateway/ask.h"
#include "gateway/service.h"
#include "gateway/tables/tables.h"
#include "gateway/text.h"

#include <sodium.h>

#include <string.h>

enum { NEW_KEY = 32 /* random bytes */ };

static mg_status_t
s_seal(const mg_request_t *request, mg_slice_t plain, mg_buf_t *out)
{
    return mg_storedkeys_seal(&request->service->storedkeys, request->now_ns / MG_NS_PER_SECOND,
                              plain, out);
}

/* --- definitions --- */

bool
mg_credit_seal(const mg_request_t *request, bson_t *fields)
{
    static const char *const names[] = {"api_key", "api_key_new"};
    bool whole = true;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        mg_buf_t plain = {0};
        mg_buf_t sealed = {0};
        if (mg_fields_text(request->json, names[i], &plain)) {
            whole = whole && s_seal(request, mg_buf_slice(&plain), &sealed) == MG_OK &&
                    bson_append_utf8(fields, names[i], -1, mg_buf_text(&sealed), (int)sealed.len);
        }
        mg_buf_wipe(&plain);
        mg_buf_free(&sealed);
    }
    return whole;
}

mg_status_t
mg_credit_def_write(const mg_request_t *request, mg_slice_t document, mg_buf_t *out)
{
    (void)request;
    static const char *const shown[] = {"api_credit_group", "api_key_header", "credit_tiers"};
    bson_t view = BSON_INITIALIZER;
    bson_iter_t at;
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
        if (mg_document_find(document, shown[i], &at)) {
            (void)bson_append_iter(&view, shown[i], -1, &at);
        }
    }
    bool present = mg_document_bytes(document, "api_key").len > 0;
    (void)bson_append_bool(&view, "api_key_present", -1, present);
    mg_status_t status = mg_json_write(mg_document_slice(&view), MG_JSON_PLAIN, NULL, out);
    bson_destroy(&view);
    return status;
}

/* --- balances of users --- */

/* One balance with its key in clear. */
static bool
s_append_opened(const mg_request_t *request, bson_iter_t *field, bson_t *out)
{
    if (strcmp(bson_iter_key(field), "user_api_key") != 0 || !BSON_ITER_HOLDS_UTF8(field)) {
        return bson_append_iter(out, NULL, 0, field);
    }
    uint32_t len = 0;
    const char *stored = bson_iter_utf8(field, &len);
    mg_buf_t plain = {0};
    (void)mg_storedkeys_open(&request->service->storedkeys, mg_slice(stored, len), &plain);
    const char *text = mg_buf_text(&plain); /* never NULL, also of an empty key */
    bool appended = mg_buf_ok(&plain) && bson_utf8_validate(text, plain.len, true) &&
                    bson_append_utf8(out, "user_api_key", -1, text, (int)plain.len);
    mg_buf_wipe(&plain);
    return appended;
}

static bool
s_append_balance(const mg_request_t *request, const bson_iter_t *group, bson_t *out)
{
    bson_iter_t field;
    bson_t balance;
    if (!BSON_ITER_HOLDS_DOCUMENT(group) || !bson_iter_recurse(group, &field)) {
        return bson_append_iter(out, NULL, 0, group);
    }
    bool whole = bson_append_document_begin(out, bson_iter_key(group), -1, &balance);
    while (whole && bson_iter_next(&field)) {
        whole = s_append_opened(request, &field, &balance);
    }
    return bson_append_document_end(out, &balance) && whole;
}

static bool
s_append_balances(const mg_request_t *request, const bson_iter_t *map, bson_t *out)
{
    bson_iter_t group;
    bson_t groups;
    if (!BSON_ITER_HOLDS_DOCUMENT(map) || !bson_iter_recurse(map, &group)) {
        return bson_append_iter(out, NULL, 0, map);
    }
    bool whole = bson_append_document_begin(out, "users_credits", -1, &groups);
    while (whole && bson_iter_next(&group)) {
        whole = s_append_balance(request, &group, &groups);
    }
    return bson_append_document_end(out, &groups) && whole;
}

mg_status_t
mg_user_credit_write(const mg_request_t *request, mg_slice_t document, mg_buf_t *out)
{
    bson_t view = BSON_INITIALIZER;
    bson_iter_t at;
    bool whole = true;
    if (mg_document_find(document, "username", &at)) {
        whole = bson_append_iter(&view, NULL, 0, &at);
    }
    if (mg_document_find(document, "users_credits", &at)) {
        whole = whole && s_append_balances(request, &at, &view);
    }
    mg_status_t status = MG_ERR_INVALID;
    if (whole) {
        status = mg_json_write(mg_document_slice(&view), MG_JSON_PLAIN, NULL, out);
    }
    bson_destroy(&view);
    return status;
}

/* `search` is part of the user's name or of a group's. */
bool
mg_user_credit_matches(const mg_request_t *request, mg_slice_t document)
{
    mg_slice_t search = mg_query_get(&request->query, "search");
    bool matches = mg_text_contains(mg_document_text(document, "username"), search);
    bson_iter_t at;
    bson_iter_t group;
    if (mg_document_find(document, "users_credits", &at) && BSON_ITER_HOLDS_DOCUMENT(&at) &&
        bson_iter_recurse(&at, &group)) {
        while (!matches && bson_iter_next(&group)) {
            matches = mg_text_contains(mg_slice_text(bson_iter_key(&group)), search);
        }
    }
    return matches;
}

/* The body with the users' own keys sealed. NULL: no memory. */
static json_t *
s_sealed_body(const mg_request_t *request)
{
    json_t *body = json_deep_copy(request->json);
    const char *group = NULL;
    json_t *balance = NULL;
    bool whole = body != NULL;
    json_object_foreach(json_object_get(body, "users_credits"), group, balance)
    {
        mg_buf_t plain = {0};
        mg_buf_t sealed = {0};
        if (mg_fields_text(balance, "user_api_key", &plain)) {
            whole = whole && s_seal(request, mg_buf_slice(&plain), &sealed) == MG_OK &&
                    json_object_set_new(balance, "user_api_key",
                                        json_stringn(mg_buf_text(&sealed), sealed.len)) == 0;
        }
        mg_buf_wipe(&plain);
        mg_buf_free(&sealed);
    }
    if (!whole) {
        json_decref(body);
        return NULL;
    }
    return body;
}

static bool
s_read_credits(mg_request_t *request, bson_t *draft)
{
    json_t *body = s_sealed_body(request);
    mg_fields_problem_t problem = {0};
    mg_status_t status = body && mg_resource_begin(draft)
                             ? mg_fields_read(mg_resource_user_credits.fields, body,
                                              MG_FIELDS_CREATE, draft, &problem)
                             : MG_ERR_NO_MEMORY;
    json_decref(body);
    if (status == MG_ERR_INVALID) {
        mg_reply_error(&request->answer, problem.error, problem.text);
    } else if (status != MG_OK) {
        mg_ask_refuse(request, status);
    }
    return status == MG_OK;
}

/* Replaces the whole map of the user that the path names. */
void
mg_handle_user_credits(mg_request_t *request)
{
    if (!mg_request_json(request, MG_ERROR_INVALID_BODY)) {
        return;
    }
    bson_t draft = BSON_INITIALIZER;
    if (s_read_credits(request, &draft)) {
        mg_slice_t name = mg_document_text(mg_document_slice(&draft), "username");
        if (mg_slice_equal(name, mg_request_param(request, 0))) {
            mg_resource_done(request, 200, "saved");
            mg_resource_store(request, MG_COLLECTION_USER_CREDITS, mg_resource_entry(request),
                              mg_document_slice(&draft));
        } else {
            mg_request_refuse(request, MG_ERROR_CREDIT_NAME);
        }
    }
    bson_destroy(&draft);
}

/* --- a new key for oneself --- */

/* A balance with `sealed` as its key. */
static bool
s_append_with_key(const bson_iter_t *balance, mg_slice_t sealed, bson_t *out)
{
    bson_t copy = BSON_INITIALIZER;
    bson_iter_t field;
    bool whole = bson_iter_recurse(balance, &field);
    while (whole && bson_iter_next(&field)) {
        whole = strcmp(bson_iter_key(&field), "user_api_key") == 0 ||
                bson_append_iter(&copy, NULL, 0, &field);
    }
    whole =
        whole &&
        bson_append_utf8(&copy, "user_api_key", -1, (const char *)sealed.data, (int)sealed.len) &&
        bson_append_document(out, bson_iter_key(balance), -1, &copy);
    bson_destroy(&copy);
    return whole;
}

/* The caller's map of balances with `sealed` as the key in `group`; false: there is no such balance, or no memory. */
static bool
s_replace_key(mg_slice_t document, const char *group, mg_slice_t sealed, bson_t *out)
{
    bson_iter_t map;
    bson_iter_t each;
    bson_t groups;
    bool found = false;
    bool whole = true;
    if (!mg_document_find(document, "users_credits", &map) || !BSON_ITER_HOLDS_DOCUMENT(&map) ||
        !bson_iter_recurse(&map, &each) ||
        !bson_append_document_begin(out, "users_credits", -1, &groups)) {
        return false;
    }
    while (whole && bson_iter_next(&each)) {
        bool wanted = strcmp(bson_iter_key(&each), group) == 0 && BSON_ITER_HOLDS_DOCUMENT(&each);
        found = found || wanted;
        whole = wanted ? s_append_with_key(&each, sealed, &groups)
                       : bson_append_iter(&groups, NULL, 0, &each);
    }
    return bson_append_document_end(out, &groups) && whole && found;
}

static void
s_rotate(mg_request_t *request, const mg_entry_t *entry, const char *group)
{
    uint8_t random[NEW_KEY];
    char key[sodium_base64_ENCODED_LEN(NEW_KEY, sodium_base64_VARIANT_URLSAFE_NO_PADDING)];
    randombytes_buf(random, sizeof random);
    (void)sodium_bin2base64(key, sizeof key, random, sizeof random,
                            sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    mg_buf_t sealed = {0};
    mg_buf_t merged = {0};
    mg_buf_t json = {0};
    bson_t patch = BSON_INITIALIZER;
    mg_status_t status = s_seal(request, mg_slice_text(key), &sealed);
    if (status == MG_OK &&
        !s_replace_key(mg_entry_body(entry), group, mg_buf_slice(&sealed), &patch)) {
        status = MG_ERR_NOT_FOUND;
    }
    if (status == MG_OK) {
        status = mg_document_merge(mg_entry_body(entry), mg_document_slice(&patch), &merged);
    }
    if (status == MG_ERR_NOT_FOUND) {
        mg_request_refuse(request, MG_ERROR_CREDIT_ROTATE);
    } else if (status != MG_OK) {
        mg_ask_refuse(request, status);
    } else {
        mg_buf_append_format(&json, "{\"api_key\":\"%s\"}", key);
        mg_reply_payload(&request->answer, 200, mg_buf_slice(&json));
        mg_resource_store(request, MG_COLLECTION_USER_CREDITS, entry, mg_buf_slice(&merged));
    }
    sodium_memzero(random, sizeof random);
    sodium_memzero(key, sizeof key);
    mg_buf_wipe(&json);
    mg_buf_free(&sealed);
    mg_buf_free(&merged);
    bson_destroy(&patch);
}

void
mg_handle_credit_rotate(mg_request_t *request)
{
    bson_t wish = BSON_INITIALIZER;
    if (mg_resource_fields(request, mg_rotate_fields, MG_FIELDS_CREATE, &wish)) {
        const mg_entry_t *entry = mg_request_find(request, MG_COLLECTION_USER_CREDITS,
                                                  mg_slice_text(request->caller.claims.sub));
        mg_buf_t group = {0};
        mg_buf_append_slice(&group, mg_document_text(mg_document_slice(&wish), "api_credit_group"));
        if (entry) {
            s_rotate(request, entry, mg_buf_text(&group));
        } else {
            mg_request_refuse(request, MG_ERROR_CREDIT_ROTATE);
        }
        mg_buf_free(&group);
    }
    bson_destroy(&wish);
}
