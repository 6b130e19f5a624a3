/* resources - the tables of what can be created, read, changed and deleted over HTTP.
 *
 * Owns     : static tables only.
 * Not here : how they are used (gateway/resource.h), the rules they name (gateway/handlers).
 * Source   : platform-api.md sections 4, 5, 6.
 */
#ifndef MG_GATEWAY_RESOURCES_H
#define MG_GATEWAY_RESOURCES_H

#include "gateway/resource.h"

extern const mg_resource_t mg_resource_users;
extern const mg_resource_t mg_resource_roles;
extern const mg_resource_t mg_resource_groups;
extern const mg_resource_t mg_resource_apis;
extern const mg_resource_t mg_resource_endpoints;

/* The fields of the security settings; changed by a PUT that merges. */
extern const mg_field_t mg_settings_fields[];
/* One-row tables for `password` and `new_password`: limits differ by route. */
extern const mg_field_t mg_password_on_create[];
extern const mg_field_t mg_password_on_update[];
extern const mg_field_t mg_password_new[];

#endif
