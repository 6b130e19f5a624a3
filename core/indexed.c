#include "core/indexed.h"

#include "core/bytes.h"
#include "core/document.h"

#include <assert.h>
#include <string.h>

enum { EXPIRY_PREFIX = 12 /* bytes before the document's key */ };

typedef struct expiry_key {
    uint8_t bytes[EXPIRY_PREFIX + MG_KEY_MAX];
    size_t len;
} expiry_key_t;

static mg_entry_t *
s_find(const mg_transaction_t *transaction, int slot, int tree, mg_slice_t key)
{
    return mg_btree_find(mg_transaction_root(transaction, slot, tree), key);
}

mg_entry_t *
mg_indexed_find(const mg_transaction_t *transaction, int slot, mg_slice_t key)
{
    return s_find(transaction, slot, MG_TREE_DOCUMENTS, key);
}

/* Puts an entry; it is freed when that fails. */
static mg_status_t
s_put(mg_transaction_t *transaction, int slot, int tree, mg_entry_t *entry)
{
    if (!entry) {
        return MG_ERR_NO_MEMORY;
    }
    mg_status_t status = mg_transaction_put(transaction, slot, tree, entry);
    if (status != MG_OK) {
        mg_entry_free(entry);
    }
    return status;
}

/* --- unique indexes --- */

static const mg_collection_t *
s_known(const mg_transaction_t *transaction, int slot)
{
    return (*transaction->directory)->slot[slot].info->known;
}

/* The value of unique field number `index`; empty: the document has none, and no index entry. */
static mg_slice_t
s_unique_value(const mg_collection_t *known, int index, const mg_entry_t *document)
{
    return document ? mg_document_text(mg_entry_body(document), known->unique[index])
                    : mg_slice(NULL, 0);
}

/* No other living document may hold one of the unique values; an expired one makes way. */
static mg_status_t
s_check_unique(mg_transaction_t *transaction, int slot, const mg_entry_t *document, int64_t now_ns)
{
    const mg_collection_t *known = s_known(transaction, slot);
    mg_status_t status = MG_OK;
    for (int i = 0; known && known->unique[i] && status == MG_OK; i++) {
        mg_slice_t value = s_unique_value(known, i, document);
        const mg_entry_t *index =
            value.len ? s_find(transaction, slot, MG_TREE_UNIQUE + i, value) : NULL;
        if (!index || mg_slice_equal(mg_entry_body(index), mg_entry_key(document))) {
            continue;
        }
        const mg_entry_t *holder = mg_indexed_find(transaction, slot, mg_entry_body(index));
        assert(holder); /* an index entry stands for a document */
        status = mg_entry_alive(holder, now_ns) ? MG_ERR_UNIQUE
                                                : mg_indexed_remove(transaction, slot, holder);
    }
    return status;
}

static mg_status_t
s_update_unique(mg_transaction_t *transaction,
                int slot,
                const mg_entry_t *before,
                const mg_entry_t *now)
{
    const mg_collection_t *known = s_known(transaction, slot);
    mg_status_t status = MG_OK;
    for (int i = 0; known && known->unique[i] && status == MG_OK; i++) {
        mg_slice_t old = s_unique_value(known, i, before);
        mg_slice_t new = s_unique_value(known, i, now);
        if (mg_slice_equal(old, new)) {
            continue;
        }
        if (old.len) {
            status = mg_transaction_remove(transaction, slot, MG_TREE_UNIQUE + i, old);
        }
        if (status == MG_OK && new.len) {
            mg_entry_t *entry =
                mg_entry_new(new, mg_entry_key(now), 0, transaction->writer.version);
            status = s_put(transaction, slot, MG_TREE_UNIQUE + i, entry);
        }
    }
    return status;
}

/* --- expiry --- */

static mg_slice_t
s_expiry_key(expiry_key_t *room, int slot, const mg_entry_t *document)
{
    mg_slice_t key = mg_entry_key(document);
    uint64_t in_order =
        (uint64_t)document->expires_ns ^ (uint64_t)INT64_MIN; /* unsigned order = time order */
    mg_put_u64(room->bytes, in_order);
    mg_put_u32(room->bytes + 8, (uint32_t)slot);
    memcpy(room->bytes + EXPIRY_PREFIX, key.data, key.len);
    room->len = EXPIRY_PREFIX + key.len;
    return mg_slice(room->bytes, room->len);
}

static int64_t
s_expiry_time(const mg_entry_t *expiry)
{
    return (int64_t)(mg_get_u64(mg_entry_key(expiry).data) ^ (uint64_t)INT64_MIN);
}

static mg_status_t
s_update_expiry(mg_transaction_t *transaction,
                int slot,
                const mg_entry_t *before,
                const mg_entry_t *now)
{
    expiry_key_t room;
    mg_status_t status = MG_OK;
    if (before && before->expires_ns) {
        status =
            mg_transaction_remove(transaction, MG_SLOT_NONE, 0, s_expiry_key(&room, slot, before));
    }
    if (status == MG_OK && now && now->expires_ns) {
        mg_slice_t key = s_expiry_key(&room, slot, now);
        mg_entry_t *entry = mg_entry_new(key, mg_slice(NULL, 0), 0, transaction->writer.version);
        status = s_put(transaction, MG_SLOT_NONE, 0, entry);
    }
    return status;
}

static const mg_entry_t *
s_first_expiry(const mg_transaction_t *transaction)
{
    return mg_btree_first(mg_transaction_root(transaction, MG_SLOT_NONE, 0));
}

int64_t
mg_indexed_next_expiry(const mg_transaction_t *transaction)
{
    const mg_entry_t *first = s_first_expiry(transaction);
    return first ? s_expiry_time(first) : 0;
}

mg_status_t
mg_indexed_remove_expired(mg_transaction_t *transaction, int64_t now_ns)
{
    const mg_entry_t *first = s_first_expiry(transaction);
    if (!first || s_expiry_time(first) > now_ns) {
        return MG_ERR_NOT_FOUND;
    }
    mg_slice_t key = mg_entry_key(first);
    mg_slice_t id = mg_slice(key.data + EXPIRY_PREFIX, key.len - EXPIRY_PREFIX);
    int slot = (int)mg_get_u32(key.data + 8);
    return mg_indexed_remove(transaction, slot, mg_indexed_find(transaction, slot, id));
}

/* --- documents --- */

/* Writes the index entries of a document that is in its place. */
static mg_status_t
s_update(mg_transaction_t *transaction, int slot, const mg_entry_t *before, const mg_entry_t *now)
{
    mg_status_t status = s_update_unique(transaction, slot, before, now);
    return status == MG_OK ? s_update_expiry(transaction, slot, before, now) : status;
}

/* Checks what a document must be before it may be put; it is freed when it is not. */
static mg_status_t
s_admit(mg_transaction_t *transaction, int slot, mg_entry_t *document, int64_t now_ns)
{
    mg_status_t status =
        document ? s_check_unique(transaction, slot, document, now_ns) : MG_ERR_NO_MEMORY;
    if (status != MG_OK) {
        mg_entry_free(document);
    }
    return status;
}

mg_status_t
mg_indexed_put(mg_transaction_t *transaction, int slot, mg_entry_t *document, int64_t now_ns)
{
    mg_status_t status = s_admit(transaction, slot, document, now_ns);
    if (status != MG_OK) {
        return status;
    }
    const mg_entry_t *before = mg_indexed_find(transaction, slot, mg_entry_key(document));
    status = s_put(transaction, slot, MG_TREE_DOCUMENTS, document);
    return status == MG_OK ? s_update(transaction, slot, before, document) : status;
}

mg_status_t
mg_indexed_append(mg_transaction_t *transaction, int slot, mg_entry_t *document, int64_t now_ns)
{
    mg_status_t status = s_admit(transaction, slot, document, now_ns);
    if (status != MG_OK) {
        return status;
    }
    status = mg_transaction_append(transaction, slot, MG_TREE_DOCUMENTS, document);
    if (status != MG_OK) {
        mg_entry_free(document);
        return status;
    }
    return s_update(transaction, slot, NULL, document);
}

mg_status_t
mg_indexed_remove(mg_transaction_t *transaction, int slot, const mg_entry_t *document)
{
    mg_status_t status = s_update_unique(transaction, slot, document, NULL);
    if (status == MG_OK) {
        status = s_update_expiry(transaction, slot, document, NULL);
    }
    if (status == MG_OK) {
        status =
            mg_transaction_remove(transaction, slot, MG_TREE_DOCUMENTS, mg_entry_key(document));
    }
    return status;
}
