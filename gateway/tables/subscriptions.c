/* Subscriptions: platform-api.md section 7. */
#include "gateway/tables/tables.h"

#define SUBSCRIPTION "/platform/subscription"

const mg_field_t mg_subscription_fields[] = {
    {.name = "username",
     .type = MG_FIELD_TEXT,
     .min = 3,
     .max = 50,
     .flags = MG_FIELD_REQUIRED | MG_FIELD_NAME},
    {.name = "api_name", .type = MG_FIELD_TEXT, .min = 3, .max = 50, .flags = MG_FIELD_REQUIRED},
    {.name = "api_version", .type = MG_FIELD_TEXT, .min = 1, .max = 5, .flags = MG_FIELD_REQUIRED},
    {.name = NULL},
};

static const mg_route_t s_routes[] = {
    {.method = MG_METHOD_POST,
     .pattern = SUBSCRIPTION "/subscribe",
     .handler = mg_handle_subscribe,
     .access = MG_ACCESS_LOGIN,
     .no_login = MG_ERROR_SUBSCRIBE_LOGIN,
     .flags = MG_ROUTE_SMALL_BODY},
    {.method = MG_METHOD_POST,
     .pattern = SUBSCRIPTION "/unsubscribe",
     .handler = mg_handle_unsubscribe,
     .access = MG_ACCESS_LOGIN,
     .no_login = MG_ERROR_UNSUBSCRIBE_LOGIN,
     .flags = MG_ROUTE_SMALL_BODY},
    {.method = MG_METHOD_GET,
     .pattern = SUBSCRIPTION "/subscriptions",
     .handler = mg_handle_own_subscriptions,
     .access = MG_ACCESS_LOGIN},
    {.method = MG_METHOD_GET,
     .pattern = SUBSCRIPTION "/subscriptions/{user_id}",
     .handler = mg_handle_subscriptions,
     .access = MG_ACCESS_SELF,
     .permission = MG_MAY_MANAGE_SUBSCRIPTIONS,
     .denied = MG_ERROR_SUBSCRIPTIONS_READ},
    {.method = MG_METHOD_GET,
     .pattern = SUBSCRIPTION "/available-apis/{username}",
     .handler = mg_handle_available_apis,
     .access = MG_ACCESS_SELF,
     .permission = MG_MAY_MANAGE_SUBSCRIPTIONS,
     .denied = MG_ERROR_SUBSCRIBE_OTHERS},
};

const mg_route_table_t mg_routes_subscriptions = {s_routes, sizeof s_routes / sizeof *s_routes};
