/* What routes of login, users, roles, groups and subscriptions say in the API document. */
#include "gateway/docs/shapes.h"
#include "gateway/routedoc.h"
#include "gateway/tables/tables.h"

#define AUTHORIZATION "/platform/authorization"
#define USER          "/platform/user"
#define SUBSCRIPTION  "/platform/subscription"

/* --- login --- */

static const mg_field_t s_credentials[] = {MG_SHAPE("email", MG_FIELD_TEXT),
                                           MG_SHAPE("password", MG_FIELD_TEXT), MG_SHAPE_END};
static const mg_field_t s_access_token[] = {MG_SHAPE("access_token", MG_FIELD_TEXT), MG_SHAPE_END};
static const mg_field_t s_refresh_token[] = {MG_SHAPE("refresh_token", MG_FIELD_TEXT),
                                             MG_SHAPE_END};
static const mg_field_t s_account[] = {MG_SHAPE("active", MG_FIELD_BOOL),
                                       MG_SHAPE("revoked", MG_FIELD_BOOL), MG_SHAPE_END};

/* --- subscriptions --- */

static const mg_field_t s_names[] = {MG_SHAPE("apis", MG_FIELD_TEXTS), MG_SHAPE_END};
static const mg_field_t s_subscriptions[] = {
    MG_SHAPE("apis", MG_FIELD_TEXTS),
    {.name = "subscriptions", .type = MG_FIELD_RECORD, .items = s_names},
    MG_SHAPE_END};
static const mg_field_t s_available[] = {
    MG_SHAPE("api_name", MG_FIELD_TEXT), MG_SHAPE("api_version", MG_FIELD_TEXT),
    MG_SHAPE_MAYBE("api_description", MG_FIELD_TEXT), MG_SHAPE_END};
static const mg_field_t s_available_apis[] = {MG_SHAPE_HOLDS("apis", MG_FIELD_RECORDS, s_available),
                                              MG_SHAPE_END};

static const char s_subscription[] =
    "{\"username\": \"ann\", \"api_name\": \"orders\", \"api_version\": \"v1\"}";

static const mg_route_doc_t s_rows[] = {
    {.line = "POST " AUTHORIZATION,
     .summary = "Log in",
     .note = "`email` may be a username. The answer sets the cookies access_token_cookie and "
             "csrf_token, and tells the limit of its address in X-RateLimit headers.",
     .body = s_credentials,
     .lenient = true,
     .example = "{\"email\": \"admin@example.test\", \"password\": \"a-long-admin-password-1\"}",
     .answer = s_access_token,
     .errors = {MG_ERROR_LOGIN_FIELDS, MG_ERROR_LOGIN_WRONG, MG_ERROR_LOGIN_JSON,
                MG_ERROR_LOGIN_INACTIVE, MG_ERROR_LOGIN_RATE}},
    {.line = "POST " AUTHORIZATION "/refresh",
     .summary = "A token that lives longer",
     .answer = s_refresh_token},
    {.line = "GET " AUTHORIZATION "/status", .summary = "Whether the token is valid"},
    {.line = "POST " AUTHORIZATION "/invalidate",
     .summary = "Log out",
     .note = "This token is refused from now on."},
    {.line = "POST " AUTHORIZATION "/register",
     .status = 201,
     .summary = "Register",
     .note = "The user's name is what stands before the @, its role `user`, its group `ALL`.",
     .body = s_credentials,
     .example = "{\"email\": \"bob@example.test\", \"password\": \"Long-Enough-Secret-2\"}",
     .errors = {MG_ERROR_LOGIN_FIELDS, MG_ERROR_LOGIN_JSON, MG_ERROR_USER_EXISTS,
                MG_ERROR_USER_WEAK_PASSWORD, MG_ERROR_LOGIN_RATE}},
    {.line = "GET " AUTHORIZATION "/admin/status/{username}",
     .summary = "State of an account",
     .answer = s_account,
     .errors = {MG_ERROR_USER_UNKNOWN, MG_ERROR_HIDDEN}},
    {.line = "POST " AUTHORIZATION "/admin/revoke/{username}",
     .summary = "Refuse all tokens of a user, also later ones, until unrevoke",
     .errors = {MG_ERROR_SUPER_CHANGE, MG_ERROR_USER_UNKNOWN, MG_ERROR_HIDDEN}},
    {.line = "POST " AUTHORIZATION "/admin/unrevoke/{username}",
     .summary = "Accept tokens of a user again",
     .errors = {MG_ERROR_USER_UNKNOWN, MG_ERROR_HIDDEN}},
    {.line = "POST " AUTHORIZATION "/admin/disable/{username}",
     .summary = "Disable a user, and refuse its tokens",
     .errors = {MG_ERROR_SUPER_CHANGE, MG_ERROR_USER_UNKNOWN, MG_ERROR_HIDDEN}},
    {.line = "POST " AUTHORIZATION "/admin/enable/{username}",
     .summary = "Enable a user, and accept its tokens",
     .errors = {MG_ERROR_USER_UNKNOWN, MG_ERROR_HIDDEN}},

    {.line = "POST " USER,
     .kind = MG_DOC_CREATE,
     .note = "A password has at least 16 characters with an upper case and a lower case letter, a "
             "digit and one of !@#$%^&*()-_=+[]{};:,.<>?/ in it.",
     .more = mg_password_on_create,
     .errors = {MG_ERROR_USER_CREATE_ADMIN, MG_ERROR_USER_WEAK_PASSWORD}},
    {.line = "GET " USER, .note = "Admins are hidden from others."},
    {.line = "GET " USER "/all", .note = "Admins are hidden from others."},
    {.line = "GET " USER "/me", .kind = MG_DOC_READ, .summary = "User: the caller"},
    {.line = "GET " USER "/email/{email}",
     .kind = MG_DOC_READ,
     .summary = "User: read by e-mail",
     .note = "Of others for roles with manage_users only.",
     .errors = {MG_ERROR_USER_READ}},
    {.line = "GET " USER "/{username}"},
    {.line = "PUT " USER "/{username}",
     .kind = MG_DOC_UPDATE,
     .note = "Null is ignored. Of the user `admin` only the limits can be set; nobody without "
             "manage_users changes their own role, groups, active or username.",
     .more = mg_password_on_update,
     .errors = {MG_ERROR_SUPER_CHANGE, MG_ERROR_USER_SELF_FIELDS, MG_ERROR_USER_CHANGE_ADMIN,
                MG_ERROR_USER_GIVE_ADMIN, MG_ERROR_USER_EXISTS, MG_ERROR_USER_WEAK_PASSWORD}},
    {.line = "DELETE " USER "/{username}",
     .kind = MG_DOC_DELETE,
     .note = "Its subscriptions, credits and tier go with it.",
     .errors = {MG_ERROR_SUPER_DELETE, MG_ERROR_USER_DELETE_ADMIN}},
    {.line = "PUT " USER "/{username}/update-password",
     .summary = "User: change the password",
     .body = mg_password_new,
     .example = "{\"new_password\": \"Another-Long-Secret-3\"}",
     .errors = {MG_ERROR_SUPER_PASSWORD, MG_ERROR_USER_CHANGE_ADMIN, MG_ERROR_USER_WEAK_PASSWORD,
                MG_ERROR_USER_UNKNOWN}},

    {.line = "POST /platform/role", .errors = {MG_ERROR_ROLE_CREATE_ADMIN}},
    {.line = "GET /platform/role", .note = "Without admin roles and page figures for others."},
    {.line = "GET /platform/role/all", .note = "Without admin roles and page figures for others."},
    {.line = "PUT /platform/role/{role_name}", .errors = {MG_ERROR_ROLE_UPDATE_ADMIN}},
    {.line = "DELETE /platform/role/{role_name}", .errors = {MG_ERROR_ROLE_DELETE_ADMIN}},

    {.line = "POST " SUBSCRIPTION "/subscribe",
     .summary = "Subscribe a user to an API",
     .note = "Others than the caller for roles with manage_subscriptions only.",
     .body = mg_subscription_fields,
     .example = s_subscription,
     .errors = {MG_ERROR_SUBSCRIBE_OTHERS, MG_ERROR_SUBSCRIBE_UNKNOWN, MG_ERROR_SUBSCRIBE_GROUP,
                MG_ERROR_SUBSCRIBE_ALREADY}},
    {.line = "POST " SUBSCRIPTION "/unsubscribe",
     .summary = "End a subscription",
     .note = "Others than the caller for roles with manage_subscriptions only.",
     .body = mg_subscription_fields,
     .example = s_subscription,
     .errors = {MG_ERROR_UNSUBSCRIBE_OTHERS, MG_ERROR_UNSUBSCRIBE_UNKNOWN,
                MG_ERROR_UNSUBSCRIBE_GROUP, MG_ERROR_UNSUBSCRIBE_NOT}},
    {.line = "GET " SUBSCRIPTION "/subscriptions",
     .summary = "Subscriptions of the caller",
     .answer = s_subscriptions},
    {.line = "GET " SUBSCRIPTION "/subscriptions/{user_id}",
     .summary = "Subscriptions of a user",
     .param = "ann",
     .answer = s_subscriptions},
    {.line = "GET " SUBSCRIPTION "/available-apis/{username}",
     .summary = "APIs that share a group with a user",
     .note = "All of them for roles with manage_subscriptions.",
     .param = "ann",
     .answer = s_available_apis},
};

const mg_route_docs_t mg_docs_accounts = {s_rows, sizeof s_rows / sizeof *s_rows};
