/* tables - all that is said in rows about the platform API, one file per subject: fields, resource, routes.
 *
 * Owns     : static tables only.
 * Not here : how fields are read (gateway/fields.h), resources served (gateway/resource.h), routes found (gateway/routes.h); the
 *            rules that rows name (gateway/handlers).
 * Source   : platform-api.md sections 3 to 12.
 */
#ifndef MG_GATEWAY_TABLES_H
#define MG_GATEWAY_TABLES_H

#include "gateway/handlers/handlers.h"

/* A field of the natural key. */
enum { MG_FIELD_KEY = MG_FIELD_REQUIRED | MG_FIELD_FIXED | MG_FIELD_NAME };

extern const mg_route_table_t mg_routes_monitor;
extern const mg_route_table_t mg_routes_authorization;
extern const mg_route_table_t mg_routes_users;
extern const mg_route_table_t mg_routes_roles;
extern const mg_route_table_t mg_routes_groups;
extern const mg_route_table_t mg_routes_apis;
extern const mg_route_table_t mg_routes_endpoints;
extern const mg_route_table_t mg_routes_validations;
extern const mg_route_table_t mg_routes_subscriptions;
extern const mg_route_table_t mg_routes_routings;
extern const mg_route_table_t mg_routes_credits;
extern const mg_route_table_t mg_routes_tiers;
extern const mg_route_table_t mg_routes_config;
extern const mg_route_table_t mg_routes_tools;
extern const mg_route_table_t mg_routes_logging;
extern const mg_route_table_t mg_routes_security;
extern const mg_route_table_t mg_routes_memory;
extern const mg_route_table_t mg_routes_openapi;

extern const mg_resource_t mg_resource_users;
extern const mg_resource_t mg_resource_roles;
extern const mg_resource_t mg_resource_groups;
extern const mg_resource_t mg_resource_apis;
extern const mg_resource_t mg_resource_endpoints;
extern const mg_resource_t mg_resource_validations;
extern const mg_resource_t mg_resource_routings;
extern const mg_resource_t mg_resource_credit_defs;
extern const mg_resource_t mg_resource_user_credits;
extern const mg_resource_t mg_resource_tiers;
extern const mg_resource_t mg_resource_assignments;
extern const mg_resource_t mg_resource_rules;

/* One rule of an endpoint validation. */
extern const mg_field_t mg_rule_fields[];
/* The body of a tier's assignment. */
extern const mg_field_t mg_assignment_fields[];
/* The bodies of the tools, and of a key's rotation. */
extern const mg_field_t mg_cors_fields[];
extern const mg_field_t mg_chaos_fields[];
extern const mg_field_t mg_rotate_fields[];
/* The body of subscribe and unsubscribe. */
extern const mg_field_t mg_subscription_fields[];

/* The fields of the security settings; changed by a PUT that merges. */
extern const mg_field_t mg_settings_fields[];
/* One-row tables for `password` and `new_password`: limits differ by route. */
extern const mg_field_t mg_password_on_create[];
extern const mg_field_t mg_password_on_update[];
extern const mg_field_t mg_password_new[];

#endif
