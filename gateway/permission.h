/* permission - the flags of a role, as bits.
 *
 * Owns     : the one list of flags.
 * Fails    : never; a flag that a role lacks is off.
 * Not here : who has which role (gateway/session.h), what a route needs (gateway/tables).
 * Source   : platform-api.md sections 3.1 and 4.
 */
#ifndef MG_GATEWAY_PERMISSION_H
#define MG_GATEWAY_PERMISSION_H

#include "core/buf.h"

typedef enum mg_permission {
    MG_MAY_MANAGE_USERS,
    MG_MAY_MANAGE_APIS,
    MG_MAY_MANAGE_ENDPOINTS,
    MG_MAY_MANAGE_GROUPS,
    MG_MAY_MANAGE_ROLES,
    MG_MAY_MANAGE_ROUTINGS,
    MG_MAY_MANAGE_GATEWAY,
    MG_MAY_MANAGE_SUBSCRIPTIONS,
    MG_MAY_MANAGE_SECURITY,
    MG_MAY_EXPORT_LOGS,
    MG_MAY_VIEW_LOGS,
    MG_MAY_MANAGE_TIERS, /* from here on: not told in a token's `accesses` */
    MG_MAY_MANAGE_RATE_LIMITS,
    MG_MAY_MANAGE_CREDITS,
    MG_MAY_MANAGE_AUTH,
    MG_MAY_VIEW_ANALYTICS,
    MG_PERMISSIONS
} mg_permission_t;

/* One bit per mg_permission_t. */
typedef uint32_t mg_permissions_t;

static inline bool
mg_permissions_have(mg_permissions_t self, mg_permission_t permission)
{
    return (self >> permission & 1u) != 0;
}

/* The flag's name in a role document, e.g. "manage_users"; static text. */
const char *mg_permission_name(mg_permission_t permission);
/* The flags that are true in a role document (BSON). */
mg_permissions_t mg_permissions_of_role(mg_slice_t role_document);
/* True for the names `admin` and `platform admin` in any case. */
bool mg_role_name_is_admin(mg_slice_t role_name);
/* Appends the `accesses` object of a token as JSON. */
void mg_permissions_write_accesses(mg_permissions_t self, mg_buf_t *out);

#endif
