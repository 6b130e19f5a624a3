/* Subscriptions: one document per user, {username, apis: ["name/version", ...]}. */
#include "core/document.h"
#include "core/json.h"
#include "gateway/ask.h"
#include "gateway/tables/tables.h"

/* --- lists of texts in documents --- */

/* Walks a list of texts; false at its end. Begin with `at` on the list's field. */
static bool
s_next_text(bson_iter_t *item, mg_slice_t *out)
{
    while (bson_iter_next(item)) {
        if (BSON_ITER_HOLDS_UTF8(item)) {
            uint32_t len = 0;
            const char *text = bson_iter_utf8(item, &len);
            *out = mg_slice(text, len);
            return true;
        }
    }
    return false;
}

static bool
s_begin_list(mg_slice_t document, const char *field, bson_iter_t *item)
{
    bson_iter_t at;
    return document.len > 0 && mg_document_find(document, field, &at) &&
           BSON_ITER_HOLDS_ARRAY(&at) && bson_iter_recurse(&at, item);
}

static bool
s_list_has(mg_slice_t document, const char *field, mg_slice_t text)
{
    bson_iter_t item;
    mg_slice_t one;
    bool has = false;
    if (s_begin_list(document, field, &item)) {
        while (!has && s_next_text(&item, &one)) {
            has = mg_slice_equal(one, text);
        }
    }
    return has;
}

static bool
s_share_group(mg_slice_t user, mg_slice_t api)
{
    bson_iter_t item;
    mg_slice_t group;
    bool share = false;
    if (s_begin_list(user, "groups", &item)) {
        while (!share && s_next_text(&item, &group)) {
            share = s_list_has(api, "api_allowed_groups", group);
        }
    }
    return share;
}

/* --- subscribe, unsubscribe --- */

/* How the two differ. */
typedef struct direction {
    bool adds;
    mg_error_id_t others;
    mg_error_id_t unknown;
    mg_error_id_t group;
    mg_error_id_t pointless;
    const char *done;
} direction_t;

/* The list without `name`, and with it at its end when `adds`. */
static bool
s_build(mg_slice_t document, mg_slice_t name, bool adds, bson_t *out)
{
    bson_t list;
    bson_iter_t item;
    mg_slice_t one;
    uint32_t count = 0;
    char room[16];
    const char *key = NULL;
    bool whole = bson_append_array_begin(out, "apis", -1, &list);
    if (s_begin_list(document, "apis", &item)) {
        while (whole && s_next_text(&item, &one)) {
            if (mg_slice_equal(one, name)) {
                continue;
            }
            (void)bson_uint32_to_string(count++, &key, room, sizeof room);
            whole = bson_append_utf8(&list, key, -1, (const char *)one.data, (int)one.len);
        }
    }
    (void)bson_uint32_to_string(count, &key, room, sizeof room);
    whole = whole &&
            (!adds || bson_append_utf8(&list, key, -1, (const char *)name.data, (int)name.len));
    return bson_append_array_end(out, &list) && whole;
}

static void
s_store(mg_request_t *request, mg_slice_t username, mg_slice_t name, const direction_t *direction)
{
    const mg_entry_t *entry = mg_request_find(request, MG_COLLECTION_SUBSCRIPTIONS, username);
    mg_slice_t before = entry ? mg_entry_body(entry) : (mg_slice_t){0};
    if (s_list_has(before, "apis", name) == direction->adds) {
        mg_request_refuse(request, direction->pointless);
        return;
    }
    bson_t body = BSON_INITIALIZER;
    mg_buf_t merged = {0};
    mg_status_t status = MG_OK;
    if (!entry && !(mg_resource_begin(&body) &&
                    bson_append_utf8(&body, "username", -1, (const char *)username.data,
                                     (int)username.len))) {
        status = MG_ERR_NO_MEMORY;
    }
    if (status == MG_OK && !s_build(before, name, direction->adds, &body)) {
        status = MG_ERR_TOO_BIG;
    }
    if (status == MG_OK && entry) {
        status = mg_document_merge(before, mg_document_slice(&body), &merged);
    }
    if (status == MG_OK) {
        mg_reply_message(&request->answer, 200, direction->done);
        mg_resource_store(request, MG_COLLECTION_SUBSCRIPTIONS, entry,
                          entry ? mg_buf_slice(&merged) : mg_document_slice(&body));
    } else {
        mg_ask_refuse(request, status);
    }
    mg_buf_free(&merged);
    bson_destroy(&body);
}

static void
s_change(mg_request_t *request, mg_slice_t wish, const direction_t *direction)
{
    mg_slice_t username = mg_document_text(wish, "username");
    bool self = mg_slice_equal(username, mg_slice_text(request->caller.claims.sub));
    if (!self && !mg_permissions_have(request->caller.permissions, MG_MAY_MANAGE_SUBSCRIPTIONS)) {
        mg_request_refuse(request, direction->others);
        return;
    }
    const mg_slice_t parts[] = {mg_document_text(wish, "api_name"),
                                mg_document_text(wish, "api_version")};
    mg_buf_t key = {0};
    mg_buf_t name = {0};
    mg_collection_join_key(parts, 2, &key);
    mg_buf_append_slice(&name, parts[0]);
    mg_buf_append_byte(&name, '/');
    mg_buf_append_slice(&name, parts[1]);
    const mg_entry_t *user = mg_request_find(request, MG_COLLECTION_USERS, username);
    const mg_entry_t *api = mg_request_find(request, MG_COLLECTION_APIS, mg_buf_slice(&key));
    if (!mg_buf_ok(&key) || !mg_buf_ok(&name)) {
        mg_ask_refuse(request, MG_ERR_NO_MEMORY);
    } else if (!user || !api) {
        mg_request_refuse(request, direction->unknown);
    } else if (!s_share_group(mg_entry_body(user), mg_entry_body(api))) {
        mg_request_refuse(request, direction->group);
    } else {
        s_store(request, username, mg_buf_slice(&name), direction);
    }
    mg_buf_free(&key);
    mg_buf_free(&name);
}

static void
s_handle(mg_request_t *request, const direction_t *direction)
{
    bson_t wish = BSON_INITIALIZER;
    if (mg_resource_fields(request, mg_subscription_fields, MG_FIELDS_CREATE, &wish)) {
        s_change(request, mg_document_slice(&wish), direction);
    }
    bson_destroy(&wish);
}

void
mg_handle_subscribe(mg_request_t *request)
{
    static const direction_t direction = {true,
                                          MG_ERROR_SUBSCRIBE_OTHERS,
                                          MG_ERROR_SUBSCRIBE_UNKNOWN,
                                          MG_ERROR_SUBSCRIBE_GROUP,
                                          MG_ERROR_SUBSCRIBE_ALREADY,
                                          "Successfully subscribed to the API"};
    s_handle(request, &direction);
}

void
mg_handle_unsubscribe(mg_request_t *request)
{
    static const direction_t direction = {false,
                                          MG_ERROR_UNSUBSCRIBE_OTHERS,
                                          MG_ERROR_UNSUBSCRIBE_UNKNOWN,
                                          MG_ERROR_UNSUBSCRIBE_GROUP,
                                          MG_ERROR_UNSUBSCRIBE_NOT,
                                          "Successfully unsubscribed from the API"};
    s_handle(request, &direction);
}

/* --- read --- */

static void
s_append_names(mg_slice_t document, mg_buf_t *out)
{
    bson_iter_t item;
    mg_slice_t one;
    const char *divider = "";
    mg_buf_append_byte(out, '[');
    if (s_begin_list(document, "apis", &item)) {
        while (s_next_text(&item, &one)) {
            mg_buf_append_text(out, divider);
            mg_json_write_text(one, out);
            divider = ",";
        }
    }
    mg_buf_append_byte(out, ']');
}

static void
s_reply_json(mg_request_t *request, mg_buf_t *json)
{
    if (mg_buf_ok(json)) {
        mg_reply_payload(&request->answer, 200, mg_buf_slice(json));
    } else {
        mg_ask_refuse(request, MG_ERR_NO_MEMORY);
    }
    mg_buf_free(json);
}

static void
s_show(mg_request_t *request, mg_slice_t username)
{
    const mg_entry_t *entry = mg_request_find(request, MG_COLLECTION_SUBSCRIPTIONS, username);
    mg_buf_t json = {0};
    mg_buf_append_text(&json, "{\"apis\":");
    s_append_names(entry ? mg_entry_body(entry) : (mg_slice_t){0}, &json);
    if (entry) {
        mg_buf_append_text(&json, ",\"subscriptions\":{\"apis\":");
        s_append_names(mg_entry_body(entry), &json);
        mg_buf_append_byte(&json, '}');
    }
    mg_buf_append_byte(&json, '}');
    s_reply_json(request, &json);
}

void
mg_handle_own_subscriptions(mg_request_t *request)
{
    s_show(request, mg_slice_text(request->caller.claims.sub));
}

void
mg_handle_subscriptions(mg_request_t *request)
{
    s_show(request, mg_request_param(request, 0));
}

static void
s_append_member(mg_slice_t document, const char *field, const char *before, mg_buf_t *out)
{
    mg_slice_t text = mg_document_text(document, field);
    mg_buf_append_format(out, "%s\"%s\":", before, field);
    if (text.data) {
        mg_json_write_text(text, out);
    } else {
        mg_buf_append_text(out, "null");
    }
}

/* Who may manage subscriptions sees all APIs, anybody else those of its groups. */
void
mg_handle_available_apis(mg_request_t *request)
{
    bool all = mg_permissions_have(request->caller.permissions, MG_MAY_MANAGE_SUBSCRIPTIONS);
    const mg_entry_t *user =
        mg_request_find(request, MG_COLLECTION_USERS, mg_request_param(request, 0));
    mg_buf_t json = {0};
    mg_buf_append_text(&json, "{\"apis\":[");
    mg_cursor_t cursor;
    mg_cursor_nth(&cursor, mg_request_world(request).view, MG_COLLECTION_APIS, 0);
    const char *divider = "";
    const mg_entry_t *entry = NULL;
    while ((entry = mg_cursor_next(&cursor)) != NULL) {
        mg_slice_t api = mg_entry_body(entry);
        if (mg_entry_alive(entry, request->now_ns) &&
            (all || (user && s_share_group(mg_entry_body(user), api)))) {
            mg_buf_append_text(&json, divider);
            s_append_member(api, "api_name", "{", &json);
            s_append_member(api, "api_version", ",", &json);
            s_append_member(api, "api_description", ",", &json);
            mg_buf_append_byte(&json, '}');
            divider = ",";
        }
    }
    mg_buf_append_text(&json, "]}");
    s_reply_json(request, &json);
}
