#include "core/collections.h"

#include "core/document.h"
#include "core/entry.h"

#include <stdlib.h>

static const mg_collection_t s_collections[MG_COLLECTIONS_KNOWN] = {
    [MG_COLLECTION_META] = {.name = "", .key_fields = {"_id"}},
    [MG_COLLECTION_APIS] = {.name = "apis",
                            .key_fields = {"api_name", "api_version"},
                            .unique = {"api_id"},
                            .permission = "manage_apis"},
    [MG_COLLECTION_CONFIG_SNAPSHOTS] = {.name = "config_snapshots",
                                        .key_fields = {"_id"},
                                        .permission = "manage_gateway"},
    [MG_COLLECTION_CREDIT_DEFS] = {.name = "credit_defs",
                                   .key_fields = {"api_credit_group"},
                                   .permission = "manage_credits"},
    [MG_COLLECTION_ENDPOINT_VALIDATIONS] = {.name = "endpoint_validations",
                                            .key_fields = {"endpoint_id"},
                                            .permission = "manage_endpoints"},
    [MG_COLLECTION_ENDPOINTS] = {.name = "endpoints",
                                 .key_fields = {"api_name", "api_version", "endpoint_method",
                                                "endpoint_uri"},
                                 .unique = {"endpoint_id"},
                                 .permission = "manage_endpoints"},
    [MG_COLLECTION_GROUPS] = {.name = "groups",
                              .key_fields = {"group_name"},
                              .permission = "manage_groups"},
    [MG_COLLECTION_IDEMPOTENCY_KEYS] = {.name = "idempotency_keys",
                                        .key_fields = {"username", "key"}},
    [MG_COLLECTION_RATE_LIMIT_RULES] = {.name = "rate_limit_rules",
                                        .key_fields = {"rule_id"},
                                        .permission = "manage_rate_limits"},
    [MG_COLLECTION_REVOCATIONS] = {.name = "revocations",
                                   .key_fields = {"type", "username", "jti"},
                                   .key_tail_optional = true,
                                   .permission = "manage_auth"},
    [MG_COLLECTION_ROLES] = {.name = "roles",
                             .key_fields = {"role_name"},
                             .permission = "manage_roles"},
    [MG_COLLECTION_ROUTINGS] = {.name = "routings",
                                .key_fields = {"client_key"},
                                .permission = "manage_routings"},
    [MG_COLLECTION_SETTINGS] = {.name = "settings",
                                .key_fields = {"type"},
                                .permission = "manage_security"},
    [MG_COLLECTION_SUBSCRIPTIONS] = {.name = "subscriptions",
                                     .key_fields = {"username"},
                                     .permission = "manage_subscriptions"},
    [MG_COLLECTION_TIERS] = {.name = "tiers",
                             .key_fields = {"tier_id"},
                             .permission = "manage_tiers"},
    [MG_COLLECTION_USER_CREDITS] = {.name = "user_credits",
                                    .key_fields = {"username"},
                                    .permission = "manage_credits"},
    [MG_COLLECTION_USER_TIER_ASSIGNMENTS] = {.name = "user_tier_assignments",
                                             .key_fields = {"user_id"},
                                             .permission = "manage_tiers"},
    [MG_COLLECTION_USERS] = {.name = "users",
                             .key_fields = {"username"},
                             .unique = {"email"},
                             .permission = "manage_users"},
    [MG_COLLECTION_VAULT_ENTRIES] = {.name = "vault_entries", .key_fields = {"_id"}},
};

const mg_collection_t *
mg_collection(mg_collection_id_t id)
{
    return &s_collections[id];
}

static int
s_compare_name(const void *name, const void *row)
{
    return mg_slice_compare(*(const mg_slice_t *)name,
                            mg_slice_text(((const mg_collection_t *)row)->name));
}

const mg_collection_t *
mg_collection_by_name(mg_slice_t name)
{
    return bsearch(&name, s_collections + MG_COLLECTION_META + 1, MG_COLLECTIONS_KNOWN - 1,
                   sizeof *s_collections, s_compare_name);
}

/* --- natural keys --- */

static void
s_append_part(mg_slice_t part, bool last, mg_buf_t *out)
{
    for (size_t i = 0; i < part.len; i++) {
        bool divider = part.data[i] == '/' || part.data[i] == '%';
        if (divider && !last) {
            mg_buf_append_format(out, "%%%02X", part.data[i]);
        } else {
            mg_buf_append_byte(out, part.data[i]);
        }
    }
}

void
mg_collection_join_key(const mg_slice_t *parts, size_t count, mg_buf_t *out)
{
    for (size_t i = 0; i < count; i++) {
        if (i) {
            mg_buf_append_byte(out, '/');
        }
        s_append_part(parts[i], i + 1 == count, out);
    }
}

enum { SCALAR_TEXT_SIZE = 32 };

/* The text of a scalar that may stand in a key; `room` holds it when it is not text already. False: not such a scalar. */
static bool
s_scalar_text(const bson_iter_t *at, char room[SCALAR_TEXT_SIZE], mg_slice_t *out)
{
    uint32_t len = 0;
    switch (bson_iter_type(at)) {
    case BSON_TYPE_UTF8:
        *out = mg_slice(bson_iter_utf8(at, &len), 0);
        out->len = len;
        return len > 0;
    case BSON_TYPE_OID:
        bson_oid_to_string(bson_iter_oid(at), room);
        break;
    case BSON_TYPE_INT32:
    case BSON_TYPE_INT64:
        (void)snprintf(room, SCALAR_TEXT_SIZE, "%lld", (long long)bson_iter_as_int64(at));
        break;
    default:
        return false;
    }
    *out = mg_slice_text(room);
    return true;
}

static bool
s_field_text(mg_slice_t body, const char *field, char room[SCALAR_TEXT_SIZE], mg_slice_t *out)
{
    bson_iter_t at;
    return mg_document_find(body, field, &at) && s_scalar_text(&at, room, out);
}

/* False when a field that must be there is missing. */
static bool
s_append_key_fields(const mg_collection_t *collection, mg_slice_t body, mg_buf_t *out)
{
    mg_slice_t part[MG_KEY_FIELDS_MAX];
    char room[MG_KEY_FIELDS_MAX][SCALAR_TEXT_SIZE];
    size_t count = 0;
    for (; collection->key_fields[count]; count++) {
        if (!s_field_text(body, collection->key_fields[count], room[count], &part[count])) {
            break;
        }
    }
    bool tail_missing = collection->key_fields[count] && !collection->key_fields[count + 1];
    if (collection->key_fields[count] && !(tail_missing && collection->key_tail_optional)) {
        return false;
    }
    mg_collection_join_key(part, count, out);
    return true;
}

mg_status_t
mg_collection_key(const mg_collection_t *collection, mg_slice_t body, mg_buf_t *out)
{
    size_t before = out->len;
    if (!collection || !s_append_key_fields(collection, body, out)) {
        char room[SCALAR_TEXT_SIZE];
        mg_slice_t id;
        if (!s_field_text(body, "_id", room, &id)) {
            return MG_ERR_NOT_FOUND;
        }
        mg_buf_append_slice(out, id);
    }
    if (!mg_buf_ok(out)) {
        return MG_ERR_NO_MEMORY;
    }
    return out->len - before > MG_KEY_MAX ? MG_ERR_TOO_BIG : MG_OK;
}
