/* The API document: gateway/openapi.h. It has no secret; the map of an admin's doors is still for who has a login only. */
#include "gateway/tables/tables.h"

static const mg_route_t s_routes[] = {
    {.method = MG_METHOD_GET,
     .pattern = "/platform/openapi.json",
     .handler = mg_handle_openapi,
     .access = MG_ACCESS_LOGIN},
    {.method = MG_METHOD_GET,
     .pattern = "/platform/docs",
     .handler = mg_handle_openapi_page,
     .access = MG_ACCESS_LOGIN},
};

const mg_route_table_t mg_routes_openapi = {s_routes, sizeof s_routes / sizeof *s_routes};
