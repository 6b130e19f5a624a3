/* Questions about the newest requests: platform-api.md section 12.2. */
#include "gateway/tables/tables.h"

#define LOGGING "/platform/logging"

static const mg_route_t s_routes[] = {
    {.method = MG_METHOD_GET,
     .pattern = LOGGING "/logs",
     .handler = mg_handle_logs,
     .access = MG_ACCESS_ROLE,
     .permission = MG_MAY_VIEW_LOGS,
     .denied = MG_ERROR_LOGS},
    {.method = MG_METHOD_GET,
     .pattern = LOGGING "/logs/files",
     .handler = mg_handle_log_files,
     .access = MG_ACCESS_ROLE,
     .permission = MG_MAY_VIEW_LOGS,
     .denied = MG_ERROR_LOG_FILES},
    {.method = MG_METHOD_GET,
     .pattern = LOGGING "/logs/statistics",
     .handler = mg_handle_log_statistics,
     .access = MG_ACCESS_ROLE,
     .permission = MG_MAY_VIEW_LOGS,
     .denied = MG_ERROR_LOG_STATISTICS},
    {.method = MG_METHOD_GET,
     .pattern = LOGGING "/logs/export",
     .handler = mg_handle_log_export,
     .access = MG_ACCESS_ROLE,
     .permission = MG_MAY_EXPORT_LOGS,
     .denied = MG_ERROR_LOG_EXPORT},
    {.method = MG_METHOD_GET,
     .pattern = LOGGING "/logs/download",
     .handler = mg_handle_log_download,
     .access = MG_ACCESS_ROLE,
     .permission = MG_MAY_EXPORT_LOGS,
     .denied = MG_ERROR_LOG_DOWNLOAD},
};

const mg_route_table_t mg_routes_logging = {s_routes, sizeof s_routes / sizeof *s_routes};
