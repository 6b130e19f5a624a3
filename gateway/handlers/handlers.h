/* handlers - what the route table and the resource tables point at.
 *
 * Owns     : nothing; one file per subject beside this one.
 * Thread   : the gateway's; a handler answers or asks (gateway/ask.h), it never waits.
 * Source   : platform-api.md sections 3 to 12.
 */
#ifndef MG_GATEWAY_HANDLERS_H
#define MG_GATEWAY_HANDLERS_H

#include "gateway/batch.h"
#include "gateway/ratestore.h"
#include "gateway/resource.h"

/* rates.c */
/* Counts this request once, and tells the client on every run what is left. False: it was one too many, and is answered. */
bool mg_passes_rate(mg_request_t *request, mg_rate_t kind);

/* authorization.c */
mg_handler_t mg_handle_login;
mg_handler_t mg_handle_token_refresh;
mg_handler_t mg_handle_token_status;
mg_handler_t mg_handle_token_invalidate;

/* register.c */
mg_handler_t mg_handle_register;

/* accounts.c */
mg_handler_t mg_handle_account_status;
mg_handler_t mg_handle_account_revoke;
mg_handler_t mg_handle_account_unrevoke;
mg_handler_t mg_handle_account_disable;
mg_handler_t mg_handle_account_enable;

/* passwords.c */
typedef enum mg_new_password {
    MG_NEW_PASSWORD_NONE,     /* the body has no password */
    MG_NEW_PASSWORD_READY,    /* learnt.hash is what is to be stored */
    MG_NEW_PASSWORD_ELSEWHERE /* answered, or the hasher was asked */
} mg_new_password_t;
/* The new password of the body, checked and hashed; `table` has its one field. */
mg_new_password_t
mg_new_password(mg_request_t *request, const mg_field_t *table, mg_fields_mode_t mode);
/* Appends the hash as `password`; false: no memory. */
bool mg_new_password_append(const mg_request_t *request, bson_t *out);

/* belongings.c; each adds operations */
void mg_belongings_remove(const mg_request_t *request, mg_slice_t username, mg_batch_t *batch);
void mg_belongings_rename(const mg_request_t *request,
                          mg_slice_t username,
                          mg_slice_t name,
                          mg_batch_t *batch);

/* users.c */
mg_handler_t mg_handle_user_delete;
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
/* Another user has the name or the email of this one. */
bool mg_user_is_taken(const mg_request_t *request, mg_slice_t draft);
bool mg_user_is_hidden(const mg_request_t *request, mg_slice_t document);

/* roles.c */
bool mg_role_check(mg_request_t *request, const mg_change_t *change);
bool mg_role_is_hidden(const mg_request_t *request, mg_slice_t document);
/* For roles that change another way than by their own routes: nobody makes itself more by an import or a rollback. What creates, changes
 * or deletes a role (an empty slice: there is none) needs manage_roles, and an admin for what makes an admin. False: it has answered. */
bool mg_role_may_change(mg_request_t *request, mg_slice_t before, mg_slice_t after);

/* apis.c */
bool mg_api_complete(const mg_request_t *request, bson_t *draft);
bool mg_api_check(mg_request_t *request, const mg_change_t *change);

/* endpoints.c */
typedef struct mg_endpoint_walk {
    const mg_request_t *request;
    mg_buf_t prefix; /* name/version/; the caller's to free */
    mg_cursor_t cursor;
} mg_endpoint_walk_t;
/* Stands before the first endpoint of an API; false: no memory. */
bool mg_endpoint_walk_begin(mg_endpoint_walk_t *walk,
                            const mg_request_t *request,
                            mg_slice_t name,
                            mg_slice_t version);
/* The next one, or NULL. */
const mg_entry_t *mg_endpoint_walk_next(mg_endpoint_walk_t *walk);
mg_handler_t mg_handle_endpoints_of_api;
mg_handler_t mg_handle_endpoint_delete;
bool mg_endpoint_complete(const mg_request_t *request, bson_t *draft);
bool mg_endpoint_check(mg_request_t *request, const mg_change_t *change);

/* validations.c */
bool mg_validation_check(mg_request_t *request, const mg_change_t *change);

/* subscriptions.c */
mg_handler_t mg_handle_subscribe;
mg_handler_t mg_handle_unsubscribe;
mg_handler_t mg_handle_own_subscriptions;
mg_handler_t mg_handle_subscriptions;
mg_handler_t mg_handle_available_apis;

/* routings.c */
bool mg_routing_complete(const mg_request_t *request, bson_t *draft);
void mg_routing_created(mg_request_t *request, mg_slice_t draft);

/* credits.c */
mg_handler_t mg_handle_user_credits;
mg_handler_t mg_handle_credit_rotate;
bool mg_credit_seal(const mg_request_t *request, bson_t *fields);
mg_status_t mg_credit_def_write(const mg_request_t *request, mg_slice_t document, mg_buf_t *out);
mg_status_t mg_user_credit_write(const mg_request_t *request, mg_slice_t document, mg_buf_t *out);
bool mg_user_credit_matches(const mg_request_t *request, mg_slice_t document);

/* tiers.c */
mg_handler_t mg_handle_tiers;
mg_handler_t mg_handle_assign;
mg_handler_t mg_handle_add_slash;
bool mg_tier_stamp(const mg_request_t *request, bson_t *fields);
bool mg_tier_complete(const mg_request_t *request, bson_t *draft);
bool mg_tier_matches(const mg_request_t *request, mg_slice_t document);

/* configexport.c */
mg_handler_t mg_handle_export_all;
mg_handler_t mg_handle_export_apis;
mg_handler_t mg_handle_export_roles;
mg_handler_t mg_handle_export_groups;
mg_handler_t mg_handle_export_routings;
mg_handler_t mg_handle_export_endpoints;

/* configimport.c */
mg_handler_t mg_handle_import;
mg_handler_t mg_handle_rollback;

/* tools.c */
mg_handler_t mg_handle_cors_check;
mg_handler_t mg_handle_chaos_toggle;
mg_handler_t mg_handle_chaos_stats;

/* figures.c */
mg_handler_t mg_handle_caches_clear;
mg_handler_t mg_handle_status;
mg_handler_t mg_handle_traffic;
mg_handler_t mg_handle_traffic_report;

/* logging.c */
mg_handler_t mg_handle_logs;
mg_handler_t mg_handle_log_files;
mg_handler_t mg_handle_log_statistics;
mg_handler_t mg_handle_log_export;
mg_handler_t mg_handle_log_download;

/* memory.c */
mg_handler_t mg_handle_memory_dump;
mg_handler_t mg_handle_memory_dumps;
mg_handler_t mg_handle_memory_restore;

/* settings.c */
mg_handler_t mg_handle_settings_read;
mg_handler_t mg_handle_settings_update;
mg_handler_t mg_handle_restart;

/* openapi.c */
mg_handler_t mg_handle_openapi;
mg_handler_t mg_handle_openapi_page;

/* monitor.c */
mg_handler_t mg_handle_health;
mg_handler_t mg_handle_liveness;
mg_handler_t mg_handle_readiness;
mg_handler_t mg_handle_metrics;

#endif
