/* handlers - what the route table and the resource tables point at.
 *
 * Owns     : nothing; one file per subject beside this one.
 * Thread   : the gateway's; a handler answers or asks (gateway/ask.h), it never waits.
 * Source   : platform-api.md sections 3 to 6, 10, 11, 12.3.
 */
#ifndef MG_GATEWAY_HANDLERS_H
#define MG_GATEWAY_HANDLERS_H

#include "gateway/resource.h"

/* authorization.c */
mg_handler_t mg_handle_login;
mg_handler_t mg_handle_token_refresh;
mg_handler_t mg_handle_token_status;
mg_handler_t mg_handle_token_invalidate;

/* users.c */
mg_handler_t mg_handle_user_create;
mg_handler_t mg_handle_user_update;
mg_handler_t mg_handle_user_password;
mg_handler_t mg_handle_user_me;
mg_handler_t mg_handle_user_by_email;
mg_guard_t mg_guard_user_read;
mg_guard_t mg_guard_user_update;
mg_guard_t mg_guard_user_delete;
mg_guard_t mg_guard_user_password;
bool mg_user_check(mg_request_t *request, const mg_change_t *change);
bool mg_user_is_hidden(const mg_request_t *request, mg_slice_t document);

/* roles.c */
bool mg_role_check(mg_request_t *request, const mg_change_t *change);
bool mg_role_is_hidden(const mg_request_t *request, mg_slice_t document);

/* apis.c */
bool mg_api_complete(const mg_request_t *request, bson_t *draft);
bool mg_api_check(mg_request_t *request, const mg_change_t *change);

/* endpoints.c */
mg_handler_t mg_handle_endpoints_of_api;
bool mg_endpoint_complete(const mg_request_t *request, bson_t *draft);
bool mg_endpoint_check(mg_request_t *request, const mg_change_t *change);

/* memory.c */
mg_handler_t mg_handle_memory_dump;
mg_handler_t mg_handle_memory_dumps;
mg_handler_t mg_handle_memory_restore;

/* settings.c */
mg_handler_t mg_handle_settings_read;
mg_handler_t mg_handle_settings_update;

/* monitor.c */
mg_handler_t mg_handle_health;
mg_handler_t mg_handle_liveness;
mg_handler_t mg_handle_readiness;
mg_handler_t mg_handle_metrics;

#endif
