#include "gateway/permission.h"

#include "core/document.h"
#include "gateway/text.h"

static const char *const s_names[MG_PERMISSIONS] = {
    [MG_MAY_MANAGE_USERS] = "manage_users",
    [MG_MAY_MANAGE_APIS] = "manage_apis",
    [MG_MAY_MANAGE_ENDPOINTS] = "manage_endpoints",
    [MG_MAY_MANAGE_GROUPS] = "manage_groups",
    [MG_MAY_MANAGE_ROLES] = "manage_roles",
    [MG_MAY_MANAGE_ROUTINGS] = "manage_routings",
    [MG_MAY_MANAGE_GATEWAY] = "manage_gateway",
    [MG_MAY_MANAGE_SUBSCRIPTIONS] = "manage_subscriptions",
    [MG_MAY_MANAGE_SECURITY] = "manage_security",
    [MG_MAY_EXPORT_LOGS] = "export_logs",
    [MG_MAY_VIEW_LOGS] = "view_logs",
    [MG_MAY_MANAGE_TIERS] = "manage_tiers",
    [MG_MAY_MANAGE_RATE_LIMITS] = "manage_rate_limits",
    [MG_MAY_MANAGE_CREDITS] = "manage_credits",
    [MG_MAY_MANAGE_AUTH] = "manage_auth",
    [MG_MAY_VIEW_ANALYTICS] = "view_analytics",
};

const char *
mg_permission_name(mg_permission_t permission)
{
    return s_names[permission];
}

mg_permissions_t
mg_permissions_of_role(mg_slice_t role_document)
{
    mg_permissions_t permissions = 0;
    for (int i = 0; i < MG_PERMISSIONS; i++) {
        permissions |= (mg_permissions_t)mg_document_bool(role_document, s_names[i], false) << i;
    }
    return permissions;
}

bool
mg_role_name_is_admin(mg_slice_t role_name)
{
    return mg_text_same(role_name, "admin") || mg_text_same(role_name, "platform admin");
}

void
mg_permissions_write_accesses(mg_permissions_t self, mg_buf_t *out)
{
    mg_buf_append_text(out, "{\"ui_access\":true");
    for (int i = 0; i < MG_MAY_MANAGE_TIERS; i++) {
        bool on = mg_permissions_have(self, (mg_permission_t)i);
        mg_buf_append_format(out, ",\"%s\":%s", s_names[i], on ? "true" : "false");
    }
    mg_buf_append_byte(out, '}');
}
