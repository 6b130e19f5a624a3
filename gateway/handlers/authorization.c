/* Login and tokens. */
#include "core/clock.h"
#include "core/document.h"
#include "core/password.h"
#include "gateway/ask.h"
#include "gateway/cookies.h"
#include "gateway/handlers/handlers.h"
#include "gateway/service.h"

#include <string.h>

enum {
    ACCESS_COOKIE_S =
        1800, /* whatever the token's own life is: the reference's clients rely on it */
    REFRESH_COOKIE_S = 604800
};

/* --- tokens --- */

static void
s_set_cookie(mg_request_t *request, const mg_cookie_t *cookie)
{
    mg_buf_t line = {0};
    mg_cookie_write(cookie, request->service->http, &line);
    mg_answer_header(&request->answer, "Set-Cookie", mg_slice_text(mg_buf_text(&line)));
    mg_buf_wipe(&line);
}

static void
s_set_cookies(mg_request_t *request, const char *token, const char *csrf, int64_t max_age_s)
{
    mg_cookie_t cookie = {.name = MG_COOKIE_CSRF,
                          .value = csrf,
                          .max_age_s = max_age_s,
                          .over_https = mg_request_over_https(request),
                          .host = mg_request_header(request, MG_HEADER_HOST)};
    s_set_cookie(request, &cookie);
    cookie.name = MG_COOKIE_TOKEN;
    cookie.value = token;
    cookie.http_only = true;
    s_set_cookie(request, &cookie);
}

/* What a new token is for. */
typedef struct issue {
    const char *field; /* of the answer */
    int64_t life_s;
    int64_t cookie_s;
} issue_t;

/* The document's `_id`, by which a token is its user's and not that of a later one of the same name. One that is no short text is left
 * out: then the name decides. */
static void
s_copy_uid(mg_slice_t user, char out[MG_TOKEN_ID_MAX + 1])
{
    mg_slice_t id = mg_document_text(user, "_id");
    bool fits = id.len > 0 && id.len <= MG_TOKEN_ID_MAX && !memchr(id.data, 0, id.len);
    memcpy(out, fits ? id.data : (const uint8_t *)"", fits ? id.len : 0);
    out[fits ? id.len : 0] = 0;
}

static mg_status_t
s_sign(const mg_request_t *request, mg_slice_t user, const char *jti, int64_t life_s, mg_buf_t *out)
{
    mg_session_world_t world = mg_request_world(request);
    mg_buf_t name = {0};
    mg_buf_t role = {0};
    mg_buf_t accesses = {0};
    char uid[MG_TOKEN_ID_MAX + 1];
    s_copy_uid(user, uid);
    mg_buf_append_slice(&name, mg_document_text(user, "username"));
    mg_buf_append_slice(&role, mg_document_text(user, "role"));
    mg_permissions_t permissions = 0;
    bool admin = false;
    mg_session_role(&world, mg_buf_slice(&role), &permissions, &admin);
    mg_permissions_write_accesses(permissions, &accesses);
    const mg_grant_t grant = {.sub = mg_buf_text(&name),
                              .role = mg_buf_text(&role),
                              .accesses = mg_buf_text(&accesses),
                              .jti = jti,
                              .uid = uid,
                              .expires_s = request->now_ns / MG_NS_PER_SECOND + life_s};
    mg_status_t status = mg_token_issue(&grant, world.keys, out);
    mg_buf_free(&name);
    mg_buf_free(&role);
    mg_buf_free(&accesses);
    return status;
}

/* Answers with a new token for the user's document. */
static void
s_issue(mg_request_t *request, mg_slice_t user, const issue_t *issue)
{
    char jti[MG_UUID_TEXT];
    char csrf[MG_CSRF_TEXT];
    mg_uuid_new(jti);
    mg_csrf_token(mg_buf_slice(&request->service->secret), jti, csrf);
    mg_buf_t token = {0};
    mg_status_t status = s_sign(request, user, jti, issue->life_s, &token);
    if (status == MG_OK) {
        mg_reply_token(&request->answer, issue->field, mg_buf_slice(&token));
        s_set_cookies(request, mg_buf_text(&token), csrf, issue->cookie_s);
    } else {
        mg_ask_refuse(request, status);
    }
    mg_buf_wipe(&token);
}

/* --- login --- */

/* The user by email, else by name. */
static const mg_entry_t *
s_find_user(const mg_request_t *request, mg_slice_t login)
{
    mg_session_world_t world = mg_request_world(request);
    const mg_entry_t *entry =
        login.len ? mg_view_find_unique(world.view, MG_COLLECTION_USERS, 0, login) : NULL;
    if (entry && mg_entry_alive(entry, request->now_ns)) {
        return entry;
    }
    return mg_request_find(request, MG_COLLECTION_USERS, login);
}

/* The password is right but its hash is old: stores a new one, then answers. */
static void
s_rehash(mg_request_t *request, const mg_entry_t *user)
{
    bson_t patch = BSON_INITIALIZER;
    mg_slice_t hash = mg_buf_slice(&request->learnt.hash);
    bool built = bson_append_utf8(&patch, "password", -1, (const char *)hash.data, (int)hash.len);
    const mg_op_t op = {.kind = MG_OP_PATCH,
                        .condition = MG_IF_REV,
                        .rev = user->rev,
                        .collection = mg_slice_text(mg_collection(MG_COLLECTION_USERS)->name),
                        .key = mg_entry_key(user),
                        .body = mg_document_slice(&patch)};
    if (built) {
        mg_ask_write(request, &op, 1, NULL);
    }
    bson_destroy(&patch);
}

static void
s_login(mg_request_t *request, mg_slice_t login, mg_slice_t password)
{
    const mg_entry_t *user = s_find_user(request, login);
    mg_slice_t body = user ? mg_entry_body(user) : (mg_slice_t){0};
    mg_slice_t stored = user ? mg_document_bytes(body, "password") : (mg_slice_t){0};
    mg_learnt_t *learnt = &request->learnt;
    if (!learnt->has_verdict || !mg_slice_equal(mg_buf_slice(&learnt->checked), stored)) {
        mg_ask_check(request, password, stored); /* for nobody too: time must not tell who exists */
        return;
    }
    if (!user || !learnt->matches) {
        mg_request_refuse(request, MG_ERROR_LOGIN_WRONG);
        return;
    }
    if (!mg_document_bool(body, "active", true)) {
        mg_request_refuse(request, MG_ERROR_LOGIN_INACTIVE);
        return;
    }
    if (learnt->stale && learnt->hash.len == 0) {
        mg_ask_hash(request, password);
        return;
    }
    s_issue(request, body,
            &(issue_t){"access_token", request->service->http->access_seconds, ACCESS_COOKIE_S});
    if (learnt->stale && learnt->hash.len > 0) {
        s_rehash(request, user);
    }
}

void
mg_handle_login(mg_request_t *request)
{
    if (!mg_passes_rate(request, MG_RATE_LOGIN)) {
        return;
    }
    const json_t *body = mg_request_json(request, MG_ERROR_LOGIN_JSON);
    if (!body) {
        return;
    }
    mg_buf_t login = {0};
    mg_buf_t password = {0};
    bool given = mg_fields_text(body, "email", &login) && login.len > 0 &&
                 mg_fields_text(body, "password", &password) && password.len > 0;
    if (!given) {
        mg_request_refuse(request, MG_ERROR_LOGIN_FIELDS);
    } else if (password.len > MG_PASSWORD_MAX) {
        mg_request_refuse(request, MG_ERROR_LOGIN_WRONG);
    } else {
        s_login(request, mg_buf_slice(&login), mg_buf_slice(&password));
    }
    mg_buf_free(&login);
    mg_buf_wipe(&password);
}

/* --- what a logged-in user does with its token --- */

void
mg_handle_token_refresh(mg_request_t *request)
{
    mg_slice_t name = mg_slice_text(request->caller.claims.sub);
    const mg_entry_t *user = mg_request_find(request, MG_COLLECTION_USERS, name);
    s_issue(request, mg_entry_body(user),
            &(issue_t){"refresh_token", request->service->http->refresh_seconds, REFRESH_COOKIE_S});
}

void
mg_handle_token_status(mg_request_t *request)
{
    mg_reply_message(&request->answer, 200, "Token is valid");
}

/* This token is refused from now on; the record goes when the token would have ended anyway. */
static bool
s_build_revocation(const mg_claims_t *claims, bson_t *out)
{
    return mg_resource_begin(out) && bson_append_utf8(out, "type", -1, "jti", -1) &&
           bson_append_utf8(out, "username", -1, claims->sub, -1) &&
           bson_append_utf8(out, "jti", -1, claims->jti, -1) &&
           bson_append_int64(out, "expires_at", -1, claims->expires_s);
}

void
mg_handle_token_invalidate(mg_request_t *request)
{
    const mg_claims_t *claims = &request->caller.claims;
    bson_t revocation = BSON_INITIALIZER;
    if (s_build_revocation(claims, &revocation)) {
        mg_reply_message(&request->answer, 200, "Token has been invalidated");
        const mg_cookie_t gone = {.name = MG_COOKIE_TOKEN,
                                  .value = "",
                                  .http_only = true,
                                  .over_https = mg_request_over_https(request),
                                  .host = mg_request_header(request, MG_HEADER_HOST)};
        s_set_cookie(request, &gone);
        const mg_op_t op = {.kind = MG_OP_PUT,
                            .collection =
                                mg_slice_text(mg_collection(MG_COLLECTION_REVOCATIONS)->name),
                            .body = mg_document_slice(&revocation),
                            .expires_ns = claims->expires_s * MG_NS_PER_SECOND};
        mg_ask_write(request, &op, 1, NULL);
    } else {
        mg_ask_refuse(request, MG_ERR_NO_MEMORY);
    }
    bson_destroy(&revocation);
}
