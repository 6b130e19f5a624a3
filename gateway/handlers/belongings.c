/* What else is kept under a user's name: it goes with the user, and gets the new name with it. Whoever is given a name that was another's
 * before inherits nothing of that. */
#include "core/document.h"
#include "gateway/ask.h"
#include "gateway/tables/tables.h"

/* The field that holds the name is the natural key. */
static const mg_collection_id_t s_belongings[] = {
    MG_COLLECTION_SUBSCRIPTIONS,
    MG_COLLECTION_USER_CREDITS,
    MG_COLLECTION_USER_TIER_ASSIGNMENTS,
};

enum { BELONGINGS = sizeof s_belongings / sizeof *s_belongings };

void
mg_belongings_remove(const mg_request_t *request, mg_slice_t username, mg_batch_t *batch)
{
    for (int i = 0; i < BELONGINGS; i++) {
        const mg_entry_t *entry = mg_request_find(request, s_belongings[i], username);
        const mg_op_t op = {.kind = MG_OP_DELETE,
                            .collection = mg_slice_text(mg_collection(s_belongings[i])->name),
                            .key = username};
        if (entry) {
            mg_batch_add(batch, &op);
        }
    }
}

static void
s_move(const mg_entry_t *entry, mg_collection_id_t id, mg_slice_t name, mg_batch_t *batch)
{
    const mg_collection_t *collection = mg_collection(id);
    bson_t patch = BSON_INITIALIZER;
    mg_buf_t moved = {0};
    bool whole =
        bson_append_utf8(&patch, collection->key_fields[0], -1, (const char *)name.data,
                         (int)name.len) &&
        mg_document_merge(mg_entry_body(entry), mg_document_slice(&patch), &moved) == MG_OK;
    const mg_op_t op = {.kind = MG_OP_PUT,
                        .collection = mg_slice_text(collection->name),
                        .body = mg_buf_slice(&moved),
                        .expires_ns = entry->expires_ns};
    batch->failed = batch->failed || !whole;
    mg_batch_add(batch, &op);
    mg_buf_free(&moved);
    bson_destroy(&patch);
}

void
mg_belongings_rename(const mg_request_t *request,
                     mg_slice_t username,
                     mg_slice_t name,
                     mg_batch_t *batch)
{
    mg_belongings_remove(request, name, batch); /* what was left there by somebody long gone */
    mg_belongings_remove(request, username, batch);
    for (int i = 0; i < BELONGINGS; i++) {
        const mg_entry_t *entry = mg_request_find(request, s_belongings[i], username);
        if (entry) {
            s_move(entry, s_belongings[i], name, batch);
        }
    }
}
