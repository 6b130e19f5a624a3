#include "gateway/resources.h"

#include "gateway/handlers/handlers.h"

/* Fields that no answer shows: the internal id, and what proves who one is. */
static const char *const s_omit[] = {"_id", "password", NULL};

/* A field of the natural key. */
enum { KEY = MG_FIELD_REQUIRED | MG_FIELD_FIXED | MG_FIELD_NAME };

/* --- users --- */

static const mg_field_t s_user_fields[] = {
    {"username", MG_FIELD_TEXT, 3, 50, MG_FIELD_REQUIRED | MG_FIELD_NAME, NULL,
     MG_ERROR_INVALID_BODY},
    {"email", MG_FIELD_TEXT, 3, 127, MG_FIELD_REQUIRED | MG_FIELD_NAME, NULL,
     MG_ERROR_INVALID_BODY},
    {"role", MG_FIELD_TEXT, 2, 50, MG_FIELD_REQUIRED, NULL, MG_ERROR_INVALID_BODY},
    {"groups", MG_FIELD_TEXTS, 0, 0, 0, "[]", MG_ERROR_INVALID_BODY},
    {"rate_limit_duration", MG_FIELD_INT, 0, 0, 0, NULL, MG_ERROR_INVALID_BODY},
    {"rate_limit_duration_type", MG_FIELD_TEXT, 1, 7, 0, NULL, MG_ERROR_INVALID_BODY},
    {"rate_limit_enabled", MG_FIELD_BOOL, 0, 0, 0, NULL, MG_ERROR_INVALID_BODY},
    {"throttle_duration", MG_FIELD_INT, 0, 0, 0, NULL, MG_ERROR_INVALID_BODY},
    {"throttle_duration_type", MG_FIELD_TEXT, 1, 7, 0, NULL, MG_ERROR_INVALID_BODY},
    {"throttle_wait_duration", MG_FIELD_INT, 0, 0, 0, NULL, MG_ERROR_INVALID_BODY},
    {"throttle_wait_duration_type", MG_FIELD_TEXT, 1, 7, 0, NULL, MG_ERROR_INVALID_BODY},
    {"throttle_queue_limit", MG_FIELD_INT, 0, 0, 0, NULL, MG_ERROR_INVALID_BODY},
    {"throttle_enabled", MG_FIELD_BOOL, 0, 0, 0, NULL, MG_ERROR_INVALID_BODY},
    {"custom_attributes", MG_FIELD_OBJECT, 0, 10, 0, NULL, MG_ERROR_USER_ATTRIBUTES},
    {"bandwidth_limit_bytes", MG_FIELD_INT, 0, 0, 0, NULL, MG_ERROR_INVALID_BODY},
    {"bandwidth_limit_window", MG_FIELD_TEXT, 1, 10, 0, "\"day\"", MG_ERROR_INVALID_BODY},
    {"bandwidth_limit_enabled", MG_FIELD_BOOL, 0, 0, 0, NULL, MG_ERROR_INVALID_BODY},
    {"active", MG_FIELD_BOOL, 0, 0, 0, "true", MG_ERROR_INVALID_BODY},
    {"ui_access", MG_FIELD_BOOL, 0, 0, 0, "false", MG_ERROR_INVALID_BODY},
    {NULL, MG_FIELD_ANY, 0, 0, 0, NULL, MG_ERROR_INVALID_BODY},
};

const mg_field_t mg_password_on_create[] = {
    {"password", MG_FIELD_TEXT, 16, 50, MG_FIELD_REQUIRED | MG_FIELD_UNSTORED, NULL,
     MG_ERROR_INVALID_BODY},
    {NULL, MG_FIELD_ANY, 0, 0, 0, NULL, MG_ERROR_INVALID_BODY},
};
const mg_field_t mg_password_on_update[] = {
    {"password", MG_FIELD_TEXT, 6, 50, MG_FIELD_UNSTORED, NULL, MG_ERROR_INVALID_BODY},
    {NULL, MG_FIELD_ANY, 0, 0, 0, NULL, MG_ERROR_INVALID_BODY},
};
const mg_field_t mg_password_new[] = {
    {"new_password", MG_FIELD_TEXT, 6, 36, MG_FIELD_REQUIRED | MG_FIELD_UNSTORED, NULL,
     MG_ERROR_INVALID_BODY},
    {NULL, MG_FIELD_ANY, 0, 0, 0, NULL, MG_ERROR_INVALID_BODY},
};

const mg_resource_t mg_resource_users = {
    .collection = MG_COLLECTION_USERS,
    .noun = "User",
    .list_key = "users",
    .fields = s_user_fields,
    .omit = s_omit,
    .list_shape = MG_LIST_PLAIN,
    .exists = MG_ERROR_USER_EXISTS,
    .not_found = MG_ERROR_USER_UNKNOWN,
    .unknown_update = MG_ERROR_USER_UNKNOWN,
    .unknown_delete = MG_ERROR_USER_UNKNOWN,
    .check = mg_user_check,
    .is_hidden = mg_user_is_hidden,
};

/* --- roles and groups --- */

static const mg_field_t s_role_fields[] = {
    {"role_name", MG_FIELD_TEXT, 1, 50, KEY, NULL, MG_ERROR_INVALID_BODY},
    {"role_description", MG_FIELD_TEXT, 0, 255, 0, NULL, MG_ERROR_INVALID_BODY},
    {"manage_users", MG_FIELD_BOOL, 0, 0, 0, "false", MG_ERROR_INVALID_BODY},
    {"manage_apis", MG_FIELD_BOOL, 0, 0, 0, "false", MG_ERROR_INVALID_BODY},
    {"manage_endpoints", MG_FIELD_BOOL, 0, 0, 0, "false", MG_ERROR_INVALID_BODY},
    {"manage_groups", MG_FIELD_BOOL, 0, 0, 0, "false", MG_ERROR_INVALID_BODY},
    {"manage_roles", MG_FIELD_BOOL, 0, 0, 0, "false", MG_ERROR_INVALID_BODY},
    {"manage_routings", MG_FIELD_BOOL, 0, 0, 0, "false", MG_ERROR_INVALID_BODY},
    {"manage_gateway", MG_FIELD_BOOL, 0, 0, 0, "false", MG_ERROR_INVALID_BODY},
    {"manage_subscriptions", MG_FIELD_BOOL, 0, 0, 0, "false", MG_ERROR_INVALID_BODY},
    {"manage_security", MG_FIELD_BOOL, 0, 0, 0, "false", MG_ERROR_INVALID_BODY},
    {"manage_tiers", MG_FIELD_BOOL, 0, 0, 0, "false", MG_ERROR_INVALID_BODY},
    {"manage_rate_limits", MG_FIELD_BOOL, 0, 0, 0, "false", MG_ERROR_INVALID_BODY},
    {"manage_credits", MG_FIELD_BOOL, 0, 0, 0, "false", MG_ERROR_INVALID_BODY},
    {"manage_auth", MG_FIELD_BOOL, 0, 0, 0, "false", MG_ERROR_INVALID_BODY},
    {"view_analytics", MG_FIELD_BOOL, 0, 0, 0, "false", MG_ERROR_INVALID_BODY},
    {"view_logs", MG_FIELD_BOOL, 0, 0, 0, "false", MG_ERROR_INVALID_BODY},
    {"export_logs", MG_FIELD_BOOL, 0, 0, 0, "false", MG_ERROR_INVALID_BODY},
    {NULL, MG_FIELD_ANY, 0, 0, 0, NULL, MG_ERROR_INVALID_BODY},
};

const mg_resource_t mg_resource_roles = {
    .collection = MG_COLLECTION_ROLES,
    .noun = "Role",
    .list_key = "roles",
    .fields = s_role_fields,
    .omit = s_omit,
    .list_shape = MG_LIST_PAGED_FOR_ADMIN,
    .update_shows = true,
    .exists = MG_ERROR_ROLE_EXISTS,
    .not_found = MG_ERROR_ROLE_NOT_FOUND,
    .unknown_update = MG_ERROR_ROLE_UNKNOWN,
    .unknown_delete = MG_ERROR_ROLE_UNKNOWN,
    .rename = MG_ERROR_ROLE_RENAME,
    .nothing = MG_ERROR_ROLE_NOTHING,
    .check = mg_role_check,
    .is_hidden = mg_role_is_hidden,
};

static const mg_field_t s_group_fields[] = {
    {"group_name", MG_FIELD_TEXT, 1, 50, KEY, NULL, MG_ERROR_INVALID_BODY},
    {"group_description", MG_FIELD_TEXT, 0, 255, 0, NULL, MG_ERROR_INVALID_BODY},
    {"api_access", MG_FIELD_TEXTS, 0, 0, 0, "[]", MG_ERROR_INVALID_BODY},
    {NULL, MG_FIELD_ANY, 0, 0, 0, NULL, MG_ERROR_INVALID_BODY},
};

const mg_resource_t mg_resource_groups = {
    .collection = MG_COLLECTION_GROUPS,
    .noun = "Group",
    .list_key = "groups",
    .fields = s_group_fields,
    .omit = s_omit,
    .exists = MG_ERROR_GROUP_EXISTS,
    .not_found = MG_ERROR_GROUP_NOT_FOUND,
    .unknown_update = MG_ERROR_GROUP_UNKNOWN,
    .unknown_delete = MG_ERROR_GROUP_UNKNOWN,
    .rename = MG_ERROR_GROUP_RENAME,
    .nothing = MG_ERROR_GROUP_NOTHING,
};

/* --- APIs and endpoints --- */

static const mg_field_t s_api_fields[] = {
    {"api_name", MG_FIELD_TEXT, 1, 64, KEY, NULL, MG_ERROR_INVALID_BODY},
    {"api_version", MG_FIELD_TEXT, 1, 8, KEY, NULL, MG_ERROR_INVALID_BODY},
    {"api_description", MG_FIELD_TEXT, 0, 127, 0, NULL, MG_ERROR_INVALID_BODY},
    {"api_allowed_roles", MG_FIELD_TEXTS, 0, 0, 0, "[]", MG_ERROR_INVALID_BODY},
    {"api_allowed_groups", MG_FIELD_TEXTS, 0, 0, 0, "[]", MG_ERROR_INVALID_BODY},
    {"api_servers", MG_FIELD_TEXTS, 0, 0, 0, "[]", MG_ERROR_INVALID_BODY},
    {"api_type", MG_FIELD_TEXT, 0, 0, 0, NULL, MG_ERROR_INVALID_BODY},
    {"api_allowed_retry_count", MG_FIELD_INT, 0, 0, 0, "0", MG_ERROR_INVALID_BODY},
    {"api_authorization_field_swap", MG_FIELD_TEXT, 0, 0, 0, NULL, MG_ERROR_INVALID_BODY},
    {"api_allowed_headers", MG_FIELD_TEXTS, 0, 0, 0, NULL, MG_ERROR_INVALID_BODY},
    {"api_credits_enabled", MG_FIELD_BOOL, 0, 0, 0, "false", MG_ERROR_INVALID_BODY},
    {"api_credit_group", MG_FIELD_TEXT, 0, 0, 0, NULL, MG_ERROR_INVALID_BODY},
    {"active", MG_FIELD_BOOL, 0, 0, 0, "true", MG_ERROR_INVALID_BODY},
    {"api_public", MG_FIELD_BOOL, 0, 0, 0, "false", MG_ERROR_INVALID_BODY},
    {"api_auth_required", MG_FIELD_BOOL, 0, 0, 0, "true", MG_ERROR_INVALID_BODY},
    {"api_cors_allow_origins", MG_FIELD_TEXTS, 0, 0, 0, NULL, MG_ERROR_INVALID_BODY},
    {"api_cors_allow_methods", MG_FIELD_TEXTS, 0, 0, 0, NULL, MG_ERROR_INVALID_BODY},
    {"api_cors_allow_headers", MG_FIELD_TEXTS, 0, 0, 0, NULL, MG_ERROR_INVALID_BODY},
    {"api_cors_expose_headers", MG_FIELD_TEXTS, 0, 0, 0, NULL, MG_ERROR_INVALID_BODY},
    {"api_cors_allow_credentials", MG_FIELD_BOOL, 0, 0, 0, "false", MG_ERROR_INVALID_BODY},
    {"api_ip_mode", MG_FIELD_TEXT, 0, 0, 0, "\"allow_all\"", MG_ERROR_INVALID_BODY},
    {"api_ip_whitelist", MG_FIELD_TEXTS, 0, 0, 0, NULL, MG_ERROR_INVALID_BODY},
    {"api_ip_blacklist", MG_FIELD_TEXTS, 0, 0, 0, NULL, MG_ERROR_INVALID_BODY},
    {"api_trust_x_forwarded_for", MG_FIELD_BOOL, 0, 0, 0, NULL, MG_ERROR_INVALID_BODY},
    {"api_request_transform", MG_FIELD_OBJECT, 0, 0, 0, NULL, MG_ERROR_INVALID_BODY},
    {"api_response_transform", MG_FIELD_OBJECT, 0, 0, 0, NULL, MG_ERROR_INVALID_BODY},
    /* outside of what we serve, kept as given */
    {"api_grpc_package", MG_FIELD_ANY, 0, 0, 0, NULL, MG_ERROR_INVALID_BODY},
    {"api_grpc_allowed_packages", MG_FIELD_ANY, 0, 0, 0, NULL, MG_ERROR_INVALID_BODY},
    {"api_grpc_allowed_services", MG_FIELD_ANY, 0, 0, 0, NULL, MG_ERROR_INVALID_BODY},
    {"api_grpc_allowed_methods", MG_FIELD_ANY, 0, 0, 0, NULL, MG_ERROR_INVALID_BODY},
    {"api_grpc_web_enabled", MG_FIELD_ANY, 0, 0, 0, NULL, MG_ERROR_INVALID_BODY},
    {"api_grpc_reflection_url", MG_FIELD_ANY, 0, 0, 0, NULL, MG_ERROR_INVALID_BODY},
    {"api_openapi_url", MG_FIELD_ANY, 0, 0, 0, NULL, MG_ERROR_INVALID_BODY},
    {"api_openapi_auto_discover", MG_FIELD_ANY, 0, 0, 0, NULL, MG_ERROR_INVALID_BODY},
    {"api_wsdl_url", MG_FIELD_ANY, 0, 0, 0, NULL, MG_ERROR_INVALID_BODY},
    {"api_soap_version", MG_FIELD_ANY, 0, 0, 0, NULL, MG_ERROR_INVALID_BODY},
    {"api_ws_security", MG_FIELD_ANY, 0, 0, 0, NULL, MG_ERROR_INVALID_BODY},
    {"api_graphql_max_depth", MG_FIELD_ANY, 0, 0, 0, NULL, MG_ERROR_INVALID_BODY},
    {"api_graphql_schema_url", MG_FIELD_ANY, 0, 0, 0, NULL, MG_ERROR_INVALID_BODY},
    {"api_graphql_subscriptions", MG_FIELD_ANY, 0, 0, 0, NULL, MG_ERROR_INVALID_BODY},
    {"api_is_crud", MG_FIELD_ANY, 0, 0, 0, NULL, MG_ERROR_INVALID_BODY},
    {"api_crud_collection", MG_FIELD_ANY, 0, 0, 0, NULL, MG_ERROR_INVALID_BODY},
    {"api_crud_schema", MG_FIELD_ANY, 0, 0, 0, NULL, MG_ERROR_INVALID_BODY},
    {NULL, MG_FIELD_ANY, 0, 0, 0, NULL, MG_ERROR_INVALID_BODY},
};

static const char *const s_api_checked[] = {"api_public", "api_credits_enabled", NULL};

const mg_resource_t mg_resource_apis = {
    .collection = MG_COLLECTION_APIS,
    .noun = "API",
    .list_key = "apis",
    .document_key = "api",
    .fields = s_api_fields,
    .omit = s_omit,
    .key_params = {0, 1},
    .exists_text = "API already exists",
    .not_found = MG_ERROR_API_UNKNOWN,
    .unknown_update = MG_ERROR_API_UNKNOWN,
    .unknown_delete = MG_ERROR_API_UNKNOWN,
    .rename = MG_ERROR_API_RENAME,
    .nothing = MG_ERROR_API_NOTHING,
    .complete = mg_api_complete,
    .check = mg_api_check,
    .checked = s_api_checked,
};

static const mg_field_t s_endpoint_fields[] = {
    {"api_name", MG_FIELD_TEXT, 1, 50, KEY, NULL, MG_ERROR_INVALID_BODY},
    {"api_version", MG_FIELD_TEXT, 1, 10, KEY, NULL, MG_ERROR_INVALID_BODY},
    {"endpoint_method", MG_FIELD_TEXT, 1, 10, KEY, NULL, MG_ERROR_INVALID_BODY},
    {"endpoint_uri", MG_FIELD_TEXT, 1, 255, KEY, NULL, MG_ERROR_INVALID_BODY},
    {"endpoint_description", MG_FIELD_TEXT, 1, 255, MG_FIELD_REQUIRED, NULL, MG_ERROR_INVALID_BODY},
    {"endpoint_servers", MG_FIELD_TEXTS, 0, 0, 0, NULL, MG_ERROR_INVALID_BODY},
    {"client_uri", MG_FIELD_TEXT, 1, 255, MG_FIELD_NAME, NULL, MG_ERROR_INVALID_BODY},
    {NULL, MG_FIELD_ANY, 0, 0, 0, NULL, MG_ERROR_INVALID_BODY},
};

static const char *const s_endpoint_checked[] = {"client_uri", NULL};

/* The path is /{method}/{name}/{version}/{uri...}, the key is name, version, method, URI. */
const mg_resource_t mg_resource_endpoints = {
    .collection = MG_COLLECTION_ENDPOINTS,
    .noun = "Endpoint",
    .list_key = "endpoints",
    .fields = s_endpoint_fields,
    .omit = s_omit,
    .key_params = {1, 2, 0, 3},
    .key_prefixes = {NULL, NULL, NULL, "/"},
    .exists = MG_ERROR_ENDPOINT_EXISTS,
    .not_found = MG_ERROR_ENDPOINT_NOT_FOUND,
    .unknown_update = MG_ERROR_ENDPOINT_UNKNOWN,
    .unknown_delete = MG_ERROR_ENDPOINT_NOT_FOUND,
    .rename = MG_ERROR_ENDPOINT_RENAME,
    .nothing = MG_ERROR_ENDPOINT_NOTHING,
    .complete = mg_endpoint_complete,
    .check = mg_endpoint_check,
    .checked = s_endpoint_checked,
};

/* --- settings --- */

const mg_field_t mg_settings_fields[] = {
    {"enable_auto_save", MG_FIELD_BOOL, 0, 0, 0, NULL, MG_ERROR_INVALID_BODY},
    {"auto_save_frequency_seconds", MG_FIELD_INT, 60, 0, 0, NULL, MG_ERROR_INVALID_BODY},
    {"dump_path", MG_FIELD_TEXT, 1, 1024, 0, NULL, MG_ERROR_INVALID_BODY},
    {"ip_whitelist", MG_FIELD_TEXTS, 0, 0, 0, NULL, MG_ERROR_INVALID_BODY},
    {"ip_blacklist", MG_FIELD_TEXTS, 0, 0, 0, NULL, MG_ERROR_INVALID_BODY},
    {"trust_x_forwarded_for", MG_FIELD_BOOL, 0, 0, 0, NULL, MG_ERROR_INVALID_BODY},
    {"xff_trusted_proxies", MG_FIELD_TEXTS, 0, 0, 0, NULL, MG_ERROR_INVALID_BODY},
    {"allow_localhost_bypass", MG_FIELD_BOOL, 0, 0, 0, NULL, MG_ERROR_INVALID_BODY},
    {NULL, MG_FIELD_ANY, 0, 0, 0, NULL, MG_ERROR_INVALID_BODY},
};
