/* session - who asks: from a token to a user, a role and its flags.
 *
 * Owns     : a bounded cache of tokens that were verified, each with what its user and role said when last looked at.
 * Thread   : one per instance, no locks.
 * Takes    : a view, the signing keys and the time with each call.
 * Fails    : MG_ERR_DENIED for every reason to refuse; it does not say which.
 * Not here : where the token stood in the request (gateway/dispatch.c), issuing tokens (gateway/handlers/authorization.c).
 * Source   : platform-api.md section 3.1: permissions are never taken from the token; user, role and revocations are looked up
 *            on the view with each call. The cache only spares the signature check and the decoding of documents that have not
 *            changed: same address and same rev mean the same document, as long as no Swap came between (mg_sessions_clear).
 */
#ifndef MG_GATEWAY_SESSION_H
#define MG_GATEWAY_SESSION_H

#include "core/view.h"
#include "gateway/permission.h"
#include "gateway/token.h"

enum {
    MG_SESSIONS_MAX = 1024, /* tokens remembered */
    MG_ROLE_NAME_MAX =
        200, /* bytes: 50 characters of four each; a longer role name gives no permission */
    MG_CSRF_TEXT = 65 /* bytes of a CSRF token with its NUL */
};

/* Who asks. */
typedef struct mg_caller {
    mg_claims_t claims; /* sub is the username */
    char role[MG_ROLE_NAME_MAX + 1];
    mg_permissions_t permissions;
    bool admin; /* role named admin or platform admin, or one with platform_admin */
    bool known; /* false: nobody has logged in */
} mg_caller_t;

typedef struct mg_sessions mg_sessions_t;

/* What a token is judged by. */
typedef struct mg_session_world {
    const mg_view_t *view;
    const mg_signkeys_t *keys;
    int64_t now_ns; /* Unix time */
} mg_session_world_t;

/* NULL: out of memory. */
mg_sessions_t *mg_sessions_new(void);
void mg_sessions_destroy(mg_sessions_t **self_p);
/* Forgets everything: after a Swap, and when the keys change. */
void mg_sessions_clear(mg_sessions_t *self);

/* Valid: signature, exp, user known, active and the one whom the token was given to (not a later one of that name), neither the user
 * nor the token revoked. */
MG_MUST_USE mg_status_t mg_sessions_identify(mg_sessions_t *self,
                                             const mg_session_world_t *world,
                                             mg_slice_t token,
                                             mg_caller_t *out);

/* The role's flags and whether it is an admin's, for a user's role name on this view. */
void mg_session_role(const mg_session_world_t *world,
                     mg_slice_t role_name,
                     mg_permissions_t *out_permissions,
                     bool *out_admin);
/* The document with this natural key that has not expired; NULL: there is none. */
const mg_entry_t *
mg_session_find(const mg_session_world_t *world, mg_collection_id_t collection, mg_slice_t key);
/* The CSRF token that belongs to a token id: an HMAC under the store's or the operator's secret, so nothing need be remembered. */
void mg_csrf_token(mg_slice_t secret, const char *jti, char out[MG_CSRF_TEXT]);

#endif
