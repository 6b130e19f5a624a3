/* Health and metrics: platform-api.md section 12.3. */
#include "gateway/tables/tables.h"

static const mg_route_t s_routes[] = {
    {.method = MG_METHOD_GET,
     .pattern = "/api/health",
     .handler = mg_handle_health,
     .flags = MG_ROUTE_ALWAYS},
    {.method = MG_METHOD_GET,
     .pattern = "/platform/monitor/liveness",
     .handler = mg_handle_liveness,
     .flags = MG_ROUTE_ALWAYS},
    {.method = MG_METHOD_GET,
     .pattern = "/platform/monitor/readiness",
     .handler = mg_handle_readiness,
     .flags = MG_ROUTE_ALWAYS | MG_ROUTE_KNOWS_CALLER},
    {.method = MG_METHOD_GET,
     .pattern = "/metrics",
     .handler = mg_handle_metrics,
     .flags = MG_ROUTE_ALWAYS},
};

const mg_route_table_t mg_routes_monitor = {s_routes, sizeof s_routes / sizeof *s_routes};
