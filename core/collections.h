/* collections - the one registry of what memgate stores: names, key fields, unique indexes, permissions.
 *
 * Owns     : static tables only.
 * Fails    : MG_ERR_NOT_FOUND when a document lacks its key fields and `_id`.
 * Not here : fields and limits of HTTP resources (gateway/resources), the trees (core/store.h).
 * Source   : docs/platform-api.md shapes; a document's natural key is its key fields joined by '/'. In all but the last
 *            field '%' and '/' are written %25 and %2F, so two documents never share a key by accident.
 *
 * Dump, restore, import, export and the HTTP routes are driven by this table. A collection that is not in it can
 * still be imported and is dumped like all others; its documents are keyed by `_id`.
 */
#ifndef MG_CORE_COLLECTIONS_H
#define MG_CORE_COLLECTIONS_H

#include "core/buf.h"

enum {
    MG_KEY_FIELDS_MAX = 4,
    MG_INDEXES_MAX = 2,
    MG_COLLECTIONS_MAX = 1024,   /* known and imported ones together */
    MG_COLLECTION_NAME_MAX = 128 /* bytes */
};

/* The known collections; also their slot in every version of the state. Names ascend bytewise after META. */
typedef enum mg_collection_id {
    MG_COLLECTION_META, /* the Meta records of a dump: counters, signing key, watermark; never exported */
    MG_COLLECTION_APIS,
    MG_COLLECTION_CONFIG_SNAPSHOTS,
    MG_COLLECTION_CREDIT_DEFS,
    MG_COLLECTION_ENDPOINT_VALIDATIONS,
    MG_COLLECTION_ENDPOINTS,
    MG_COLLECTION_GROUPS,
    MG_COLLECTION_IDEMPOTENCY_KEYS,
    MG_COLLECTION_RATE_LIMIT_RULES,
    MG_COLLECTION_REVOCATIONS,
    MG_COLLECTION_ROLES,
    MG_COLLECTION_ROUTINGS,
    MG_COLLECTION_SETTINGS,
    MG_COLLECTION_SUBSCRIPTIONS,
    MG_COLLECTION_TIERS,
    MG_COLLECTION_USER_CREDITS,
    MG_COLLECTION_USER_TIER_ASSIGNMENTS,
    MG_COLLECTION_USERS,
    MG_COLLECTION_VAULT_ENTRIES,
    MG_COLLECTIONS_KNOWN
} mg_collection_id_t;

typedef struct mg_collection {
    const char *name; /* "" for META */
    const char
        *key_fields[MG_KEY_FIELDS_MAX + 1]; /* top-level fields, NULL-terminated; text or integer */
    const char *unique[MG_INDEXES_MAX + 1]; /* fields with a unique index, NULL-terminated */
    const char *permission; /* role flag that may write it over HTTP; NULL: nobody */
    bool key_tail_optional; /* the last key field may be missing */
} mg_collection_t;

/* The row of a known collection; `id` below MG_COLLECTIONS_KNOWN. */
const mg_collection_t *mg_collection(mg_collection_id_t id);
/* The row by name; NULL when the registry does not know it (then its key is `_id`). "" does not find META. */
const mg_collection_t *mg_collection_by_name(mg_slice_t name);

/* Writes the natural key of the BSON document `body` to `out` (appended). `collection` NULL: keyed by `_id`.
 * Falls back to `_id` (text, ObjectId in hex, or integer) when a key field is missing.
 * Fails MG_ERR_NOT_FOUND: neither; MG_ERR_TOO_BIG: over MG_KEY_MAX; MG_ERR_NO_MEMORY. */
MG_MUST_USE mg_status_t mg_collection_key(const mg_collection_t *collection,
                                          mg_slice_t body,
                                          mg_buf_t *out);
/* The natural key of the values `parts` (as many as the collection has key fields) appended to `out`. */
void mg_collection_join_key(const mg_slice_t *parts, size_t count, mg_buf_t *out);

#endif
