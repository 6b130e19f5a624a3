/* Users: the rules of section 5 in their order, and passwords, which only the hasher ever turns into what is stored. */
#include "core/bsoncheck.h"
#include "core/document.h"
#include "core/seed.h"
#include "gateway/ask.h"
#include "gateway/tables/tables.h"

#include <string.h>

static const char s_super[] = MG_SEED_ADMIN; /* of this user only the limits may be changed */

/* --- who is who --- */

static bool
s_role_is_admin(const mg_request_t *request, mg_slice_t role_name)
{
    mg_session_world_t world = mg_request_world(request);
    mg_permissions_t permissions = 0;
    bool admin = false;
    mg_session_role(&world, role_name, &permissions, &admin);
    return admin;
}

static bool
s_user_is_admin(const mg_request_t *request, mg_slice_t user)
{
    return user.len > 0 && (mg_document_text_is(user, "username", s_super) ||
                            s_role_is_admin(request, mg_document_text(user, "role")));
}

static bool
s_is_self(const mg_request_t *request, mg_slice_t username)
{
    return mg_slice_equal(username, mg_slice_text(request->caller.claims.sub));
}

static bool
s_may_manage(const mg_request_t *request)
{
    return mg_permissions_have(request->caller.permissions, MG_MAY_MANAGE_USERS);
}

bool
mg_user_is_hidden(const mg_request_t *request, mg_slice_t document)
{
    return !request->caller.admin && !s_is_self(request, mg_document_text(document, "username")) &&
           s_user_is_admin(request, document);
}

static bool
s_targets_super(const mg_request_t *request)
{
    return mg_slice_equal(mg_request_param(request, 0), mg_slice_text(s_super));
}

/* --- rules that stand before the permission --- */

bool
mg_guard_user_read(mg_request_t *request)
{
    const mg_entry_t *entry = mg_resource_entry(request);
    if (entry && mg_user_is_hidden(request, mg_entry_body(entry))) {
        mg_request_refuse(request, MG_ERROR_HIDDEN);
        return false;
    }
    return true;
}

static bool
s_is_limit(const char *name)
{
    static const char *const prefixes[] = {"rate_limit_", "throttle_", "bandwidth_limit_"};
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0) {
            return true;
        }
    }
    return false;
}

bool
mg_guard_user_update(mg_request_t *request)
{
    if (!s_targets_super(request)) {
        return true;
    }
    const json_t *body = mg_request_json(request, MG_ERROR_INVALID_BODY);
    if (!body) {
        return false;
    }
    bool only_limits = !mg_fields_has(body, "password");
    for (const mg_field_t *field = mg_resource_users.fields; field->name && only_limits; field++) {
        only_limits = s_is_limit(field->name) || !mg_fields_has(body, field->name);
    }
    if (!only_limits) {
        mg_request_refuse(request, MG_ERROR_SUPER_CHANGE);
    }
    return only_limits;
}

static bool
s_guard_super(mg_request_t *request, mg_error_id_t error)
{
    if (s_targets_super(request)) {
        mg_request_refuse(request, error);
        return false;
    }
    return true;
}

bool
mg_guard_user_delete(mg_request_t *request)
{
    return s_guard_super(request, MG_ERROR_SUPER_DELETE);
}

bool
mg_guard_user_password(mg_request_t *request)
{
    return s_guard_super(request, MG_ERROR_SUPER_PASSWORD);
}

/* --- rules of a change --- */

/* Another user than `self` logs in by this: it is that user's name or email. One login takes both, so a name that is somebody else's
 * email, or the other way round, would keep that user out. */
static bool
s_login_is_taken(const mg_request_t *request, mg_slice_t login, mg_slice_t self)
{
    mg_session_world_t world = mg_request_world(request);
    const mg_entry_t *by_name = mg_request_find(request, MG_COLLECTION_USERS, login);
    const mg_entry_t *by_email =
        login.len ? mg_view_find_unique(world.view, MG_COLLECTION_USERS, 0, login) : NULL;
    return (by_name && !mg_slice_equal(mg_entry_key(by_name), self)) ||
           (by_email && mg_entry_alive(by_email, request->now_ns) &&
            !mg_slice_equal(mg_entry_key(by_email), self));
}

/* The rules about admins: create, change, give, delete. */
bool
mg_user_check(mg_request_t *request, const mg_change_t *change)
{
    if (request->caller.admin) {
        return true;
    }
    bool was_admin = s_user_is_admin(request, change->before);
    bool becomes_admin = s_user_is_admin(request, change->after);
    if (was_admin) {
        mg_request_refuse(request, change->after.len ? MG_ERROR_USER_CHANGE_ADMIN
                                                     : MG_ERROR_USER_DELETE_ADMIN);
    } else if (becomes_admin) {
        mg_request_refuse(request, change->before.len ? MG_ERROR_USER_GIVE_ADMIN
                                                      : MG_ERROR_USER_CREATE_ADMIN);
    }
    return !was_admin && !becomes_admin;
}

/* A user without manage_users may not change who it is; the answer names the fields. */
static bool
s_check_self_fields(mg_request_t *request)
{
    if (s_may_manage(request)) {
        return true;
    }
    static const char *const fixed[] = {"role", "groups", "active", "username"};
    mg_buf_t names = {0};
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) {
        if (mg_fields_has(request->json, fixed[i])) {
            mg_buf_append_format(&names, "%s%s", names.len ? ", " : "", fixed[i]);
        }
    }
    bool free_of_them = names.len == 0;
    if (!free_of_them) {
        mg_buf_t text = {0};
        mg_buf_append_format(&text, "You cannot change these fields: %s", mg_buf_text(&names));
        mg_reply_error(&request->answer, MG_ERROR_USER_SELF_FIELDS, mg_buf_text(&text));
        mg_buf_free(&text);
    }
    mg_buf_free(&names);
    return free_of_them;
}

/* --- create --- */

bool
mg_user_is_taken(const mg_request_t *request, mg_slice_t draft)
{
    const mg_slice_t nobody = {0};
    return s_login_is_taken(request, mg_document_text(draft, "username"), nobody) ||
           s_login_is_taken(request, mg_document_text(draft, "email"), nobody);
}

static void
s_create(mg_request_t *request, bson_t *draft)
{
    const mg_change_t change = {.after = mg_document_slice(draft)};
    if (!mg_user_check(request, &change)) {
        return;
    }
    if (mg_user_is_taken(request, change.after)) {
        mg_request_refuse(request, MG_ERROR_USER_EXISTS);
        return;
    }
    if (mg_new_password(request, mg_password_on_create, MG_FIELDS_CREATE) !=
        MG_NEW_PASSWORD_READY) {
        return;
    }
    if (!mg_new_password_append(request, draft)) {
        mg_ask_refuse(request, MG_ERR_NO_MEMORY);
        return;
    }
    mg_resource_done(request, 201, "created");
    mg_resource_store(request, MG_COLLECTION_USERS, NULL, mg_document_slice(draft));
}

void
mg_handle_user_create(mg_request_t *request)
{
    bson_t draft = BSON_INITIALIZER;
    if (!mg_resource_begin(&draft)) {
        mg_ask_refuse(request, MG_ERR_NO_MEMORY);
    } else if (mg_resource_fields(request, mg_resource_users.fields, MG_FIELDS_CREATE, &draft)) {
        s_create(request, &draft);
    }
    bson_destroy(&draft);
}

/* --- update --- */

static void
s_add_delete(const mg_entry_t *user, mg_batch_t *batch)
{
    const mg_op_t op = {.kind = MG_OP_DELETE,
                        .condition = MG_IF_REV,
                        .rev = user->rev,
                        .collection = mg_slice_text(mg_collection(MG_COLLECTION_USERS)->name),
                        .key = mg_entry_key(user)};
    mg_batch_add(batch, &op);
}

/* Sends the batch, and frees it. */
static void
s_write(mg_request_t *request, mg_batch_t *batch)
{
    mg_status_t status = mg_batch_status(batch);
    if (status == MG_OK) {
        mg_ask_write(request, batch->ops, batch->count, NULL);
    } else {
        mg_ask_refuse(request, status);
    }
    mg_batch_free(batch);
}

/* A new name is a new key: the old document goes and the new one comes in one batch. */
static void
s_rename(mg_request_t *request, const mg_entry_t *entry, mg_slice_t body)
{
    if (mg_bson_check(body, MG_BSON_KEYS_NAMES, NULL) != MG_OK) {
        mg_ask_refuse(request, MG_ERR_INVALID);
        return;
    }
    const mg_op_t put = {.kind = MG_OP_PUT,
                         .condition = MG_IF_ABSENT,
                         .collection = mg_slice_text(mg_collection(MG_COLLECTION_USERS)->name),
                         .body = body};
    mg_batch_t batch = {0};
    s_add_delete(entry, &batch);
    mg_batch_add(&batch, &put);
    mg_belongings_rename(request, mg_entry_key(entry), mg_document_text(body, "username"), &batch);
    s_write(request, &batch);
}

static void
s_store_update(mg_request_t *request, const mg_entry_t *entry, mg_slice_t merged)
{
    const mg_change_t change = {mg_entry_body(entry), merged};
    if (!mg_user_check(request, &change)) {
        return;
    }
    mg_slice_t self = mg_entry_key(entry);
    mg_slice_t name = mg_document_text(merged, "username");
    mg_slice_t email = mg_document_text(merged, "email");
    bool renamed = !mg_slice_equal(name, self);
    bool moved = !mg_slice_equal(email, mg_document_text(mg_entry_body(entry), "email"));
    if ((moved && s_login_is_taken(request, email, self)) ||
        (renamed && s_login_is_taken(request, name, self))) {
        mg_request_refuse(request, MG_ERROR_USER_EXISTS);
        return;
    }
    mg_resource_done(request, 200, "updated");
    if (renamed) {
        s_rename(request, entry, merged);
    } else {
        mg_resource_store(request, MG_COLLECTION_USERS, entry, merged);
    }
}

static void
s_update(mg_request_t *request, const mg_entry_t *entry, bson_t *patch)
{
    if (!s_check_self_fields(request)) {
        return;
    }
    switch (mg_new_password(request, mg_password_on_update, MG_FIELDS_UPDATE)) {
    case MG_NEW_PASSWORD_ELSEWHERE:
        return;
    case MG_NEW_PASSWORD_READY:
        if (!mg_new_password_append(request, patch)) {
            mg_ask_refuse(request, MG_ERR_NO_MEMORY);
            return;
        }
        break;
    case MG_NEW_PASSWORD_NONE:
        break;
    }
    mg_buf_t merged = {0};
    mg_status_t status = mg_document_merge(mg_entry_body(entry), mg_document_slice(patch), &merged);
    if (status == MG_OK) {
        s_store_update(request, entry, mg_buf_slice(&merged));
    } else {
        mg_ask_refuse(request, status);
    }
    mg_buf_free(&merged);
}

void
mg_handle_user_update(mg_request_t *request)
{
    bson_t patch = BSON_INITIALIZER;
    if (mg_resource_fields(request, mg_resource_users.fields, MG_FIELDS_UPDATE, &patch)) {
        const mg_entry_t *entry = mg_resource_entry(request);
        if (entry) {
            s_update(request, entry, &patch);
        } else {
            mg_request_refuse(request, MG_ERROR_USER_UNKNOWN);
        }
    }
    bson_destroy(&patch);
}

void
mg_handle_user_password(mg_request_t *request)
{
    const mg_entry_t *entry = mg_resource_entry(request);
    if (!entry) {
        mg_request_refuse(request, MG_ERROR_USER_UNKNOWN);
        return;
    }
    const mg_change_t change = {mg_entry_body(entry), mg_entry_body(entry)};
    if (!mg_user_check(request, &change) ||
        mg_new_password(request, mg_password_new, MG_FIELDS_CREATE) != MG_NEW_PASSWORD_READY) {
        return;
    }
    bson_t patch = BSON_INITIALIZER;
    mg_buf_t merged = {0};
    mg_status_t status = MG_ERR_NO_MEMORY;
    if (mg_new_password_append(request, &patch)) {
        status = mg_document_merge(change.before, mg_document_slice(&patch), &merged);
    }
    if (status == MG_OK) {
        mg_reply_message(&request->answer, 200, "Password updated successfully");
        mg_resource_store(request, MG_COLLECTION_USERS, entry, mg_buf_slice(&merged));
    } else {
        mg_ask_refuse(request, status);
    }
    mg_buf_free(&merged);
    bson_destroy(&patch);
}

/* --- delete --- */

void
mg_handle_user_delete(mg_request_t *request)
{
    const mg_entry_t *entry = mg_resource_entry(request);
    if (!entry) {
        mg_request_refuse(request, MG_ERROR_USER_UNKNOWN);
        return;
    }
    const mg_change_t change = {.before = mg_entry_body(entry)};
    if (!mg_user_check(request, &change)) {
        return;
    }
    mg_batch_t batch = {0};
    mg_resource_done(request, 200, "deleted");
    s_add_delete(entry, &batch);
    mg_belongings_remove(request, mg_entry_key(entry), &batch);
    s_write(request, &batch);
}

/* --- read --- */

void
mg_handle_user_me(mg_request_t *request)
{
    mg_slice_t name = mg_slice_text(request->caller.claims.sub);
    mg_resource_show(request, &mg_resource_users,
                     mg_request_find(request, MG_COLLECTION_USERS, name));
}

/* Whose email it is decides who may ask, so the check stands here and not in the table. */
void
mg_handle_user_by_email(mg_request_t *request)
{
    mg_session_world_t world = mg_request_world(request);
    const mg_entry_t *entry =
        mg_view_find_unique(world.view, MG_COLLECTION_USERS, 0, mg_request_param(request, 0));
    if (!entry || !mg_entry_alive(entry, request->now_ns)) {
        mg_request_refuse(request, MG_ERROR_USER_UNKNOWN);
        return;
    }
    mg_slice_t name = mg_document_text(mg_entry_body(entry), "username");
    if (!s_may_manage(request) && !s_is_self(request, name)) {
        mg_request_refuse(request, MG_ERROR_USER_READ);
    } else if (mg_user_is_hidden(request, mg_entry_body(entry))) {
        mg_request_refuse(request, MG_ERROR_HIDDEN);
    } else {
        mg_resource_show(request, &mg_resource_users, entry);
    }
}
