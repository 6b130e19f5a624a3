/* What who may manage accounts does with those of others: revoke all tokens, take the account out of use, and back.
 *
 * A user is revoked while the document {type: revoke_all, username} stands; every token of that user is refused, later ones too.
 */
#include "core/document.h"
#include "core/seed.h"
#include "gateway/ask.h"
#include "gateway/tables/tables.h"

/* The user of the path; NULL: it has answered. */
static const mg_entry_t *
s_target(mg_request_t *request)
{
    const mg_entry_t *user = mg_resource_entry(request);
    if (!user) {
        mg_request_refuse(request, MG_ERROR_USER_UNKNOWN);
    } else if (mg_user_is_hidden(request, mg_entry_body(user))) {
        mg_request_refuse(request, MG_ERROR_HIDDEN);
        user = NULL;
    }
    return user;
}

/* The same for what locks out: the admin that memgate makes keeps the door open. */
static const mg_entry_t *
s_target_to_lock(mg_request_t *request)
{
    const mg_entry_t *user = s_target(request);
    if (user && mg_slice_equal(mg_entry_key(user), mg_slice_text(MG_SEED_ADMIN))) {
        mg_request_refuse(request, MG_ERROR_SUPER_CHANGE);
        user = NULL;
    }
    return user;
}

static void
s_revocation_key(mg_slice_t username, mg_buf_t *out)
{
    const mg_slice_t parts[] = {mg_slice_text("revoke_all"), username};
    mg_collection_join_key(parts, 2, out);
}

static mg_slice_t
s_collection(mg_collection_id_t id)
{
    return mg_slice_text(mg_collection(id)->name);
}

/* --- what a change is made of; each lends its bytes until the write is sent --- */

static bool
s_build_revocation(mg_slice_t username, bson_t *out)
{
    return mg_resource_begin(out) && bson_append_utf8(out, "type", -1, "revoke_all", -1) &&
           bson_append_utf8(out, "username", -1, (const char *)username.data, (int)username.len) &&
           bson_append_bool(out, "revoke_all", -1, true);
}

static mg_op_t
s_op_active(const mg_entry_t *user, const bson_t *patch)
{
    return (mg_op_t){.kind = MG_OP_PATCH,
                     .condition = MG_IF_REV,
                     .rev = user->rev,
                     .collection = s_collection(MG_COLLECTION_USERS),
                     .key = mg_entry_key(user),
                     .body = mg_document_slice(patch)};
}

/* Sets or lifts the revocation, and `active` with it unless that is NULL. */
static void
s_change(mg_request_t *request, const mg_entry_t *user, bool revoke, const bool *active)
{
    mg_slice_t name = mg_document_text(mg_entry_body(user), "username");
    bson_t revocation = BSON_INITIALIZER;
    bson_t patch = BSON_INITIALIZER;
    mg_buf_t key = {0};
    s_revocation_key(name, &key);
    bool built = mg_buf_ok(&key) && (!revoke || s_build_revocation(name, &revocation)) &&
                 (!active || bson_append_bool(&patch, "active", -1, *active));
    const mg_op_t ops[] = {
        {.kind = revoke ? MG_OP_PUT : MG_OP_DELETE,
         .collection = s_collection(MG_COLLECTION_REVOCATIONS),
         .key = mg_buf_slice(&key),
         .body = revoke ? mg_document_slice(&revocation) : (mg_slice_t){0}},
        s_op_active(user, &patch),
    };
    if (built) {
        mg_ask_write(request, ops, active ? 2 : 1, NULL);
    } else {
        mg_ask_refuse(request, MG_ERR_NO_MEMORY);
    }
    mg_buf_free(&key);
    bson_destroy(&patch);
    bson_destroy(&revocation);
}

/* --- handlers --- */

void
mg_handle_account_revoke(mg_request_t *request)
{
    const mg_entry_t *user = s_target_to_lock(request);
    if (user) {
        mg_reply_message(&request->answer, 200, "All tokens of the user are revoked");
        s_change(request, user, true, NULL);
    }
}

void
mg_handle_account_unrevoke(mg_request_t *request)
{
    const mg_entry_t *user = s_target(request);
    if (user) {
        mg_reply_message(&request->answer, 200, "The user's tokens are no longer revoked");
        s_change(request, user, false, NULL);
    }
}

void
mg_handle_account_disable(mg_request_t *request)
{
    const mg_entry_t *user = s_target_to_lock(request);
    if (user) {
        mg_reply_message(&request->answer, 200, "The user is disabled and its tokens are revoked");
        s_change(request, user, true, &(bool){false});
    }
}

void
mg_handle_account_enable(mg_request_t *request)
{
    const mg_entry_t *user = s_target(request);
    if (user) {
        mg_reply_message(&request->answer, 200, "The user is enabled");
        s_change(request, user, false, &(bool){true});
    }
}

void
mg_handle_account_status(mg_request_t *request)
{
    const mg_entry_t *user = s_target(request);
    if (!user) {
        return;
    }
    mg_buf_t key = {0};
    s_revocation_key(mg_document_text(mg_entry_body(user), "username"), &key);
    bool revoked = mg_request_find(request, MG_COLLECTION_REVOCATIONS, mg_buf_slice(&key)) != NULL;
    bool active = mg_document_bool(mg_entry_body(user), "active", true);
    mg_buf_t json = {0};
    mg_buf_append_format(&json, "{\"active\":%s,\"revoked\":%s}", active ? "true" : "false",
                         revoked ? "true" : "false");
    mg_reply_payload(&request->answer, 200, mg_buf_slice(&json));
    mg_buf_free(&json);
    mg_buf_free(&key);
}
