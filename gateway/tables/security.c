/* Security settings: platform-api.md section 10. */
#include "gateway/tables/tables.h"

#define SETTINGS "/platform/security/settings"

const mg_field_t mg_settings_fields[] = {
    {.name = "enable_auto_save", .type = MG_FIELD_BOOL},
    {.name = "auto_save_frequency_seconds", .type = MG_FIELD_INT, .min = 60},
    {.name = "dump_path", .type = MG_FIELD_TEXT, .min = 1, .max = 1024},
    {.name = "ip_whitelist", .type = MG_FIELD_TEXTS},
    {.name = "ip_blacklist", .type = MG_FIELD_TEXTS},
    {.name = "trust_x_forwarded_for", .type = MG_FIELD_BOOL},
    {.name = "xff_trusted_proxies", .type = MG_FIELD_TEXTS},
    {.name = "allow_localhost_bypass", .type = MG_FIELD_BOOL},
    {.name = NULL},
};

static const mg_route_t s_routes[] = {
    {.method = MG_METHOD_GET,
     .pattern = SETTINGS,
     .handler = mg_handle_settings_read,
     .access = MG_ACCESS_ROLE,
     .permission = MG_MAY_MANAGE_SECURITY,
     .denied = MG_ERROR_SETTINGS_READ,
     .flags = MG_ROUTE_UNFILTERED},
    {.method = MG_METHOD_PUT,
     .pattern = SETTINGS,
     .handler = mg_handle_settings_update,
     .access = MG_ACCESS_ROLE,
     .permission = MG_MAY_MANAGE_SECURITY,
     .denied = MG_ERROR_SETTINGS_WRITE,
     .flags = MG_ROUTE_UNFILTERED},
    {.method = MG_METHOD_POST,
     .pattern = "/platform/security/restart",
     .handler = mg_handle_restart,
     .access = MG_ACCESS_ROLE,
     .permission = MG_MAY_MANAGE_SECURITY,
     .denied = MG_ERROR_RESTART,
     .flags = MG_ROUTE_SMALL_BODY},
};

const mg_route_table_t mg_routes_security = {s_routes, sizeof s_routes / sizeof *s_routes};
