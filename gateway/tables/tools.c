/* Tools, caches and the state of the whole: platform-api.md sections 12.2 and 12.3. */
#include "gateway/tables/tables.h"

#define TOOLS "/platform/tools"

const mg_field_t mg_cors_fields[] = {
    {.name = "origin",
     .type = MG_FIELD_TEXT,
     .min = 1,
     .max = 255,
     .flags = MG_FIELD_REQUIRED | MG_FIELD_NAME},
    {.name = "method",
     .type = MG_FIELD_TEXT,
     .min = 1,
     .max = 20,
     .flags = MG_FIELD_REQUIRED | MG_FIELD_NAME},
    {.name = "request_headers", .type = MG_FIELD_TEXTS, .max = 100},
    {.name = "with_credentials", .type = MG_FIELD_BOOL, .fallback = "false"},
    {.name = NULL},
};

const mg_field_t mg_chaos_fields[] = {
    {.name = "backend", .type = MG_FIELD_TEXT, .flags = MG_FIELD_REQUIRED},
    {.name = "enabled", .type = MG_FIELD_BOOL, .flags = MG_FIELD_REQUIRED},
    {.name = "duration_ms", .type = MG_FIELD_INT},
    {.name = NULL},
};

static const mg_route_t s_routes[] = {
    {.method = MG_METHOD_POST,
     .pattern = TOOLS "/cors/check",
     .handler = mg_handle_cors_check,
     .access = MG_ACCESS_ROLE,
     .permission = MG_MAY_MANAGE_SECURITY,
     .denied = MG_ERROR_TOOLS,
     .flags = MG_ROUTE_SMALL_BODY},
    {.method = MG_METHOD_POST,
     .pattern = TOOLS "/chaos/toggle",
     .handler = mg_handle_chaos_toggle,
     .access = MG_ACCESS_ROLE,
     .permission = MG_MAY_MANAGE_GATEWAY,
     .denied = MG_ERROR_TOOLS,
     .flags = MG_ROUTE_SMALL_BODY},
    {.method = MG_METHOD_GET,
     .pattern = TOOLS "/chaos/stats",
     .handler = mg_handle_chaos_stats,
     .access = MG_ACCESS_ROLE,
     .permission = MG_MAY_MANAGE_GATEWAY,
     .denied = MG_ERROR_TOOLS},
    {.method = MG_METHOD_DELETE,
     .pattern = "/api/caches",
     .handler = mg_handle_caches_clear,
     .access = MG_ACCESS_ROLE,
     .permission = MG_MAY_MANAGE_GATEWAY,
     .denied = MG_ERROR_CACHES},
    {.method = MG_METHOD_GET,
     .pattern = "/api/status",
     .handler = mg_handle_status,
     .access = MG_ACCESS_ROLE,
     .permission = MG_MAY_MANAGE_GATEWAY,
     .denied = MG_ERROR_STATUS,
     .no_login = MG_ERROR_STATUS_LOGIN},
    {.method = MG_METHOD_GET,
     .pattern = "/platform/monitor/metrics",
     .handler = mg_handle_traffic,
     .access = MG_ACCESS_ROLE,
     .permission = MG_MAY_MANAGE_GATEWAY,
     .denied = MG_ERROR_MONITOR_METRICS},
    {.method = MG_METHOD_GET,
     .pattern = "/platform/monitor/report",
     .handler = mg_handle_traffic_report,
     .access = MG_ACCESS_ROLE,
     .permission = MG_MAY_MANAGE_GATEWAY,
     .denied = MG_ERROR_MONITOR_REPORT},
};

const mg_route_table_t mg_routes_tools = {s_routes, sizeof s_routes / sizeof *s_routes};
