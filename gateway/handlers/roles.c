/* Roles: who may touch an admin's. */
#include "core/document.h"
#include "gateway/handlers/handlers.h"

static bool
s_is_admin_role(mg_slice_t document)
{
    return document.len > 0 && (mg_role_name_is_admin(mg_document_text(document, "role_name")) ||
                                mg_document_bool(document, "platform_admin", false));
}

bool
mg_role_is_hidden(const mg_request_t *request, mg_slice_t document)
{
    return !request->caller.admin && s_is_admin_role(document);
}

bool
mg_role_check(mg_request_t *request, const mg_change_t *change)
{
    bool admin_role = s_is_admin_role(change->before) || s_is_admin_role(change->after);
    if (!admin_role || request->caller.admin) {
        return true;
    }
    mg_error_id_t error = MG_ERROR_ROLE_UPDATE_ADMIN;
    if (change->before.len == 0) {
        error = MG_ERROR_ROLE_CREATE_ADMIN;
    } else if (change->after.len == 0) {
        error = MG_ERROR_ROLE_DELETE_ADMIN;
    }
    mg_request_refuse(request, error);
    return false;
}

bool
mg_role_may_change(mg_request_t *request, mg_slice_t before, mg_slice_t after)
{
    const mg_change_t change = {before, after};
    if (mg_permissions_have(request->caller.permissions, MG_MAY_MANAGE_ROLES)) {
        return mg_role_check(request, &change);
    }
    mg_error_id_t error = MG_ERROR_ROLE_UPDATE;
    if (before.len == 0) {
        error = MG_ERROR_ROLE_CREATE;
    } else if (after.len == 0) {
        error = MG_ERROR_ROLE_DELETE;
    }
    mg_request_refuse(request, error);
    return false;
}
