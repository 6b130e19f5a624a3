#include "gateway/session.h"

#include "core/clock.h"
#include "core/document.h"

#include <sodium.h>
#include <xxhash.h>

#include <stdlib.h>
#include <string.h>

/* A document as it was when last decoded. The address is a number here: the document may be gone. */
typedef struct seen {
    uintptr_t address;
    uint64_t rev;
} seen_t;

typedef struct session {
    mg_buf_t token;     /* empty: the place is free */
    mg_caller_t caller; /* by its claims, and by these versions of two documents: */
    seen_t user;
    seen_t role;
    bool active;
    bool same_user; /* the document is that of the user whom the token was given to */
} session_t;

struct mg_sessions {
    uint8_t secret[XXH3_SECRET_SIZE_MIN]; /* random: nobody can choose tokens that share a place */
    session_t sessions[MG_SESSIONS_MAX];
};

mg_sessions_t *
mg_sessions_new(void)
{
    mg_sessions_t *self = calloc(1, sizeof *self);
    if (self) {
        randombytes_buf(self->secret, sizeof self->secret);
    }
    return self;
}

static void
s_forget(session_t *session)
{
    mg_buf_wipe(&session->token);
    *session = (session_t){0};
}

void
mg_sessions_clear(mg_sessions_t *self)
{
    for (int i = 0; i < MG_SESSIONS_MAX; i++) {
        s_forget(&self->sessions[i]);
    }
}

void
mg_sessions_destroy(mg_sessions_t **self_p)
{
    if (*self_p) {
        mg_sessions_clear(*self_p);
        free(*self_p);
        *self_p = NULL;
    }
}

/* --- looking at documents --- */

const mg_entry_t *
mg_session_find(const mg_session_world_t *world, mg_collection_id_t collection, mg_slice_t key)
{
    const mg_entry_t *entry = mg_view_find(world->view, (int)collection, key);
    return entry && mg_entry_alive(entry, world->now_ns) ? entry : NULL;
}

static bool
s_is_same(const seen_t *seen, const mg_entry_t *entry)
{
    return entry && seen->address == (uintptr_t)entry && seen->rev == entry->rev;
}

static seen_t
s_seen(const mg_entry_t *entry)
{
    return entry ? (seen_t){(uintptr_t)entry, entry->rev} : (seen_t){0};
}

static void
s_decode_role(const mg_entry_t *role,
              mg_slice_t role_name,
              mg_permissions_t *out_permissions,
              bool *out_admin)
{
    *out_permissions = role ? mg_permissions_of_role(mg_entry_body(role)) : 0;
    *out_admin = mg_role_name_is_admin(role_name) ||
                 (role && mg_document_bool(mg_entry_body(role), "platform_admin", false));
}

void
mg_session_role(const mg_session_world_t *world,
                mg_slice_t role_name,
                mg_permissions_t *out_permissions,
                bool *out_admin)
{
    const mg_entry_t *role =
        role_name.len ? mg_session_find(world, MG_COLLECTION_ROLES, role_name) : NULL;
    s_decode_role(role, role_name, out_permissions, out_admin);
}

static void
s_decode_user(const mg_entry_t *user, session_t *session)
{
    mg_slice_t role = mg_document_text(mg_entry_body(user), "role");
    size_t len = role.len <= MG_ROLE_NAME_MAX ? role.len : 0;
    char *out_role = session->caller.role;
    memcpy(out_role, len ? role.data : (const uint8_t *)"", len);
    out_role[len] = 0;
    session->active = mg_document_bool(mg_entry_body(user), "active", true);
    const char *uid = session->caller.claims.uid;
    session->same_user = !uid[0] || mg_document_text_is(mg_entry_body(user), "_id", uid);
    session->user = s_seen(user);
}

static bool
s_revocation_stands(const mg_session_world_t *world, const mg_slice_t *parts, size_t count)
{
    mg_buf_t key = {0};
    mg_collection_join_key(parts, count, &key);
    bool stands = !mg_buf_ok(&key) ||
                  mg_session_find(world, MG_COLLECTION_REVOCATIONS, mg_buf_slice(&key)) != NULL;
    mg_buf_free(&key);
    return stands;
}

static bool
s_is_revoked(const mg_session_world_t *world, const mg_claims_t *claims)
{
    if (mg_view_count(world->view, MG_COLLECTION_REVOCATIONS) == 0) {
        return false;
    }
    mg_slice_t user = mg_slice_text(claims->sub);
    mg_slice_t all[] = {mg_slice_text("revoke_all"), user};
    mg_slice_t one[] = {mg_slice_text("jti"), user, mg_slice_text(claims->jti)};
    return s_revocation_stands(world, all, 2) || s_revocation_stands(world, one, 3);
}

/* --- from token to caller --- */

/* A signature ends each token that is kept, and no two users have the same: its last bytes tell tokens apart. */
static session_t *
s_place(mg_sessions_t *self, mg_slice_t token)
{
    enum { TOLD_BY = 64 };
    mg_slice_t end = mg_slice_last(token, TOLD_BY);
    uint64_t hash = XXH3_64bits_withSecret(end.data, end.len, self->secret, sizeof self->secret);
    return &self->sessions[hash % MG_SESSIONS_MAX];
}

/* The token's place in the cache, its signature checked. */
static session_t *
s_session_of(mg_sessions_t *self, const mg_session_world_t *world, mg_slice_t token)
{
    session_t *session = s_place(self, token);
    if (mg_slice_equal(mg_buf_slice(&session->token), token)) {
        return session;
    }
    mg_claims_t claims;
    int64_t now_s = world->now_ns / MG_NS_PER_SECOND;
    if (mg_token_verify(token, world->keys, now_s, &claims) != MG_OK) {
        return NULL;
    }
    s_forget(session);
    mg_buf_append_slice(&session->token, token);
    if (!mg_buf_ok(&session->token)) {
        s_forget(session);
        return NULL;
    }
    session->caller = (mg_caller_t){.claims = claims, .known = true};
    return session;
}

mg_status_t
mg_sessions_identify(mg_sessions_t *self,
                     const mg_session_world_t *world,
                     mg_slice_t token,
                     mg_caller_t *out)
{
    session_t *session =
        token.len && token.len <= MG_TOKEN_MAX ? s_session_of(self, world, token) : NULL;
    if (!session || session->caller.claims.expires_s <= world->now_ns / MG_NS_PER_SECOND) {
        return MG_ERR_DENIED;
    }
    mg_caller_t *caller = &session->caller;
    const mg_entry_t *user =
        mg_session_find(world, MG_COLLECTION_USERS, mg_slice_text(caller->claims.sub));
    if (user && !s_is_same(&session->user, user)) {
        s_decode_user(user, session);
        session->role = (seen_t){0};
    }
    if (!user || !session->active || !session->same_user || s_is_revoked(world, &caller->claims)) {
        return MG_ERR_DENIED;
    }
    mg_slice_t role_name = mg_slice_text(caller->role);
    const mg_entry_t *role =
        role_name.len ? mg_session_find(world, MG_COLLECTION_ROLES, role_name) : NULL;
    if (!s_is_same(&session->role, role)) {
        s_decode_role(role, role_name, &caller->permissions, &caller->admin);
        session->role = s_seen(role);
    }
    *out = *caller;
    return MG_OK;
}

void
mg_csrf_token(mg_slice_t secret, const char *jti, char out[MG_CSRF_TEXT])
{
    static const uint8_t purpose[] = "memgate csrf ";
    uint8_t mac[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256_state state;
    (void)crypto_auth_hmacsha256_init(&state, secret.data, secret.len);
    (void)crypto_auth_hmacsha256_update(&state, purpose, sizeof purpose - 1);
    (void)crypto_auth_hmacsha256_update(&state, (const uint8_t *)jti, strlen(jti));
    (void)crypto_auth_hmacsha256_final(&state, mac);
    (void)sodium_bin2hex(out, MG_CSRF_TEXT, mac, sizeof mac);
}
