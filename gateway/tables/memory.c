/* Dump and restore by request: platform-api.md section 11. */
#include "gateway/tables/tables.h"

static const mg_route_t s_routes[] = {
    {.method = MG_METHOD_POST,
     .pattern = "/platform/memory/dump",
     .handler = mg_handle_memory_dump,
     .access = MG_ACCESS_ROLE,
     .permission = MG_MAY_MANAGE_SECURITY,
     .denied = MG_ERROR_DUMP,
     .flags = MG_ROUTE_SMALL_BODY},
    {.method = MG_METHOD_GET,
     .pattern = "/platform/memory/dumps",
     .handler = mg_handle_memory_dumps,
     .access = MG_ACCESS_ROLE,
     .permission = MG_MAY_MANAGE_SECURITY,
     .denied = MG_ERROR_DUMPS},
    {.method = MG_METHOD_POST,
     .pattern = "/platform/memory/restore",
     .handler = mg_handle_memory_restore,
     .access = MG_ACCESS_ROLE,
     .permission = MG_MAY_MANAGE_SECURITY,
     .denied = MG_ERROR_RESTORE,
     .flags = MG_ROUTE_SMALL_BODY},
};

const mg_route_table_t mg_routes_memory = {s_routes, sizeof s_routes / sizeof *s_routes};
