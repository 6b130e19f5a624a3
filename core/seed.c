#include "core/seed.h"

#include "core/document.h"
#include "core/log.h"
#include "core/password.h"

#include <sodium.h>

#include <string.h>

typedef struct seeding {
    mg_store_t *store;
    const mg_config_t *config;
    int64_t now_ns;
    bool changed;
} seeding_t;

/* Every flag a role can have; the seeded admin has them all. */
static const char *const s_flags[] = {
    "manage_users",    "manage_apis",     "manage_endpoints",   "manage_groups",
    "manage_roles",    "manage_routings", "manage_gateway",     "manage_subscriptions",
    "manage_security", "manage_tiers",    "manage_rate_limits", "manage_credits",
    "manage_auth",     "view_analytics",  "view_logs",          "export_logs",
    "ui_access",
};

static const mg_entry_t *
s_find(const seeding_t *self, mg_collection_id_t collection, const char *key)
{
    return mg_view_find(mg_store_current(self->store), (int)collection, mg_slice_text(key));
}

static mg_status_t
s_write(seeding_t *self,
        mg_op_kind_t kind,
        mg_collection_id_t collection,
        const char *key,
        const bson_t *body)
{
    mg_op_t op = {.kind = kind,
                  .collection = mg_slice_text(mg_collection(collection)->name),
                  .key = mg_slice_text(key),
                  .body = mg_document_slice(body)};
    size_t failed_at = 0;
    self->changed = true;
    return mg_store_apply(self->store, &op, 1, self->now_ns, &failed_at);
}

/* Random v4 UUID as text, the `_id` of a document. */
static void
s_append_id(bson_t *body)
{
    uint8_t random[16];
    char text[40];
    randombytes_buf(random, sizeof random);
    random[6] = (uint8_t)((random[6] & 0x0f) | 0x40);
    random[8] = (uint8_t)((random[8] & 0x3f) | 0x80);
    (void)snprintf(text, sizeof text,
                   "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
                   random[0], random[1], random[2], random[3], random[4], random[5], random[6],
                   random[7], random[8], random[9], random[10], random[11], random[12], random[13],
                   random[14], random[15]);
    BSON_APPEND_UTF8(body, "_id", text);
}

/* --- role and groups --- */

static mg_status_t
s_align_role(seeding_t *self)
{
    if (s_find(self, MG_COLLECTION_ROLES, MG_SEED_ADMIN)) {
        return MG_OK;
    }
    bson_t role = BSON_INITIALIZER;
    s_append_id(&role);
    BSON_APPEND_UTF8(&role, "role_name", MG_SEED_ADMIN);
    BSON_APPEND_UTF8(&role, "role_description", "Administrator role");
    for (size_t i = 0; i < sizeof s_flags / sizeof *s_flags; i++) {
        BSON_APPEND_BOOL(&role, s_flags[i], true);
    }
    mg_status_t status = s_write(self, MG_OP_PUT, MG_COLLECTION_ROLES, MG_SEED_ADMIN, &role);
    bson_destroy(&role);
    return status;
}

static mg_status_t
s_align_group(seeding_t *self, const char *name, const char *description)
{
    if (s_find(self, MG_COLLECTION_GROUPS, name)) {
        return MG_OK;
    }
    bson_t group = BSON_INITIALIZER;
    bson_t none;
    s_append_id(&group);
    BSON_APPEND_UTF8(&group, "group_name", name);
    BSON_APPEND_UTF8(&group, "group_description", description);
    BSON_APPEND_ARRAY_BEGIN(&group, "api_access", &none);
    bson_append_array_end(&group, &none);
    mg_status_t status = s_write(self, MG_OP_PUT, MG_COLLECTION_GROUPS, name, &group);
    bson_destroy(&group);
    return status;
}

/* --- the admin --- */

static void
s_append_admin_limits(bson_t *user)
{
    BSON_APPEND_INT64(user, "rate_limit_duration", 1);
    BSON_APPEND_UTF8(user, "rate_limit_duration_type", "second");
    BSON_APPEND_INT64(user, "throttle_duration", 1);
    BSON_APPEND_UTF8(user, "throttle_duration_type", "second");
    BSON_APPEND_INT64(user, "throttle_wait_duration", 0);
    BSON_APPEND_UTF8(user, "throttle_wait_duration_type", "second");
    BSON_APPEND_INT64(user, "throttle_queue_limit", 1);
    BSON_APPEND_NULL(user, "throttle_enabled");
}

static mg_status_t
s_create_admin(seeding_t *self)
{
    const char *password = self->config->admin_password;
    char hash[MG_PASSWORD_HASH_SIZE];
    if (!password) {
        return MG_ERR_NOT_FOUND;
    }
    mg_status_t status = mg_password_hash(mg_slice_text(password), hash);
    if (status != MG_OK) {
        return status;
    }
    bson_t user = BSON_INITIALIZER;
    bson_t child;
    s_append_id(&user);
    BSON_APPEND_UTF8(&user, "username", MG_SEED_ADMIN);
    BSON_APPEND_UTF8(&user, "email", self->config->admin_email);
    BSON_APPEND_UTF8(&user, "password", hash);
    BSON_APPEND_UTF8(&user, "role", MG_SEED_ADMIN);
    BSON_APPEND_ARRAY_BEGIN(&user, "groups", &child);
    BSON_APPEND_UTF8(&child, "0", "ALL");
    BSON_APPEND_UTF8(&child, "1", MG_SEED_ADMIN);
    bson_append_array_end(&user, &child);
    BSON_APPEND_BOOL(&user, "ui_access", true);
    s_append_admin_limits(&user);
    BSON_APPEND_DOCUMENT_BEGIN(&user, "custom_attributes", &child);
    BSON_APPEND_UTF8(&child, "custom_key", "custom_value");
    bson_append_document_end(&user, &child);
    BSON_APPEND_BOOL(&user, "active", true);
    status = s_write(self, MG_OP_PUT, MG_COLLECTION_USERS, MG_SEED_ADMIN, &user);
    bson_destroy(&user);
    return status;
}

/* Adds the field `password` to `patch` when the configured password is not the stored one. */
static mg_status_t
s_patch_password(const seeding_t *self, mg_slice_t user, bson_t *patch)
{
    const char *password = self->config->admin_password;
    bool matches = true;
    bool stale = false;
    mg_status_t status = MG_OK;
    if (password) {
        mg_slice_t stored = mg_document_bytes(user, "password");
        status = mg_password_check(mg_slice_text(password), stored, &matches, &stale);
    }
    char hash[MG_PASSWORD_HASH_SIZE];
    if (status == MG_OK && (!matches || stale)) {
        status = mg_password_hash(mg_slice_text(password), hash);
        if (status == MG_OK) {
            BSON_APPEND_UTF8(patch, "password", hash);
        }
    }
    return status;
}

static mg_status_t
s_align_admin(seeding_t *self)
{
    const mg_entry_t *stored = s_find(self, MG_COLLECTION_USERS, MG_SEED_ADMIN);
    if (!stored) {
        return s_create_admin(self);
    }
    mg_slice_t user = mg_entry_body(stored);
    bson_t patch = BSON_INITIALIZER;
    const mg_config_t *config = self->config;
    if (config->admin_email_set && !mg_document_text_is(user, "email", config->admin_email)) {
        BSON_APPEND_UTF8(&patch, "email", config->admin_email);
    }
    if (!mg_document_bool(user, "ui_access", false)) {
        BSON_APPEND_BOOL(&patch, "ui_access", true);
    }
    mg_status_t status = s_patch_password(self, user, &patch);
    if (status == MG_OK && bson_count_keys(&patch) > 0) {
        status = s_write(self, MG_OP_PATCH, MG_COLLECTION_USERS, MG_SEED_ADMIN, &patch);
    }
    bson_destroy(&patch);
    return status;
}

/* --- settings --- */

static void
s_append_empty_array(bson_t *to, const char *key)
{
    bson_t none;
    BSON_APPEND_ARRAY_BEGIN(to, key, &none);
    bson_append_array_end(to, &none);
}

static mg_status_t
s_create_settings(seeding_t *self)
{
    const mg_config_t *config = self->config;
    bson_t settings = BSON_INITIALIZER;
    s_append_id(&settings);
    BSON_APPEND_UTF8(&settings, "type", MG_SEED_SETTINGS);
    BSON_APPEND_BOOL(&settings, "enable_auto_save", config->autosave.enabled);
    BSON_APPEND_INT64(&settings, "auto_save_frequency_seconds", config->autosave.every_seconds);
    s_append_empty_array(&settings, "ip_whitelist");
    s_append_empty_array(&settings, "ip_blacklist");
    BSON_APPEND_BOOL(&settings, "trust_x_forwarded_for", false);
    s_append_empty_array(&settings, "xff_trusted_proxies");
    BSON_APPEND_BOOL(&settings, "allow_localhost_bypass", config->http.local_host_bypass);
    mg_status_t status =
        s_write(self, MG_OP_PUT, MG_COLLECTION_SETTINGS, MG_SEED_SETTINGS, &settings);
    bson_destroy(&settings);
    return status;
}

/* A setting that a variable of the environment can decide. */
typedef struct variable {
    const char *name;
    const char *field;
    bool given; /* set explicitly: it wins over what was restored, and the log says so */
    bool is_switch;
    int64_t value;
} variable_t;

static void
s_override(const variable_t *variable, mg_slice_t settings, bson_t *patch)
{
    enum { TEXT_SIZE = 24 };
    char text[2][TEXT_SIZE];
    bson_iter_t at;
    bool there = mg_document_find(settings, variable->field, &at);
    int64_t value[] = {variable->value, mg_document_int(settings, variable->field, -1)};
    if (!variable->given || (there && value[0] == value[1])) {
        return;
    }
    for (int i = 0; i < 2; i++) {
        (void)snprintf(text[i], TEXT_SIZE, "%lld", (long long)value[i]);
    }
    bool words = variable->is_switch;
    const char *now = words ? (value[0] ? "true" : "false") : text[0];
    const char *before = !there ? "none" : words ? (value[1] ? "true" : "false") : text[1];
    mg_log(MG_LOG_INFO, "setting_overridden", "variable=%s value=%s restored=%s msg=%s",
           variable->name, now, before,
           "the variable is set explicitly and wins over the restored settings");
    if (words) {
        (void)bson_append_bool(patch, variable->field, -1, value[0]);
    } else {
        (void)bson_append_int64(patch, variable->field, -1, value[0]);
    }
}

static mg_status_t
s_align_settings(seeding_t *self)
{
    const mg_entry_t *stored = s_find(self, MG_COLLECTION_SETTINGS, MG_SEED_SETTINGS);
    if (!stored) {
        return s_create_settings(self);
    }
    const mg_config_autosave_t *autosave = &self->config->autosave;
    const mg_config_http_t *http = &self->config->http;
    const variable_t variables[] = {
        {"MEM_AUTO_SAVE_ENABLED", "enable_auto_save", autosave->enabled_set, true,
         autosave->enabled},
        {"MEM_AUTO_SAVE_FREQ", "auto_save_frequency_seconds", autosave->every_set, false,
         autosave->every_seconds},
        {"LOCAL_HOST_IP_BYPASS", "allow_localhost_bypass", http->local_host_bypass_set, true,
         http->local_host_bypass},
    };
    bson_t patch = BSON_INITIALIZER;
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        s_override(&variables[i], mg_entry_body(stored), &patch);
    }
    mg_status_t status = MG_OK;
    if (bson_count_keys(&patch) > 0) {
        status = s_write(self, MG_OP_PATCH, MG_COLLECTION_SETTINGS, MG_SEED_SETTINGS, &patch);
    }
    bson_destroy(&patch);
    return status;
}

/* --- signing key --- */

static mg_status_t
s_align_jwt_key(seeding_t *self)
{
    if (s_find(self, MG_COLLECTION_META, MG_SEED_JWT_KEY)) {
        return MG_OK;
    }
    uint8_t key[MG_JWT_KEY_SIZE];
    randombytes_buf(key, sizeof key);
    bson_t meta = BSON_INITIALIZER;
    BSON_APPEND_UTF8(&meta, "_id", MG_SEED_JWT_KEY);
    BSON_APPEND_BINARY(&meta, "secret", BSON_SUBTYPE_BINARY, key, sizeof key);
    mg_status_t status = s_write(self, MG_OP_PUT, MG_COLLECTION_META, MG_SEED_JWT_KEY, &meta);
    bson_destroy(&meta);
    sodium_memzero(key, sizeof key);
    return status;
}

static mg_status_t
s_align_groups(seeding_t *self)
{
    mg_status_t status = s_align_group(self, MG_SEED_ADMIN, "Administrator group with full access");
    return status == MG_OK ? s_align_group(self, "ALL", "Default group with access to all APIs")
                           : status;
}

static mg_status_t (*const s_steps[])(seeding_t *self) = {
    s_align_role, s_align_groups, s_align_admin, s_align_settings, s_align_jwt_key,
};

mg_status_t
mg_seed_align(mg_store_t *store, const mg_config_t *config, int64_t now_ns, bool *out_changed)
{
    seeding_t self = {.store = store, .config = config, .now_ns = now_ns};
    mg_status_t status = MG_OK;
    for (size_t i = 0; status == MG_OK && i < sizeof s_steps / sizeof *s_steps; i++) {
        status = s_steps[i](&self);
    }
    *out_changed = self.changed;
    return status;
}
