#include "support/draft.h"

static const char s_bson[] = "\x08\0\0\0\x0a"
                             "a\0\0"; /* {a: null} */

mg_slice_t
draft_document(void)
{
    return mg_slice(s_bson, sizeof s_bson - 1);
}

void
draft_put(draft_t *draft, const mg_record_t *record)
{
    draft->dump.footer.record_count++;
    mg_record_encode(record, &draft->payload);
}

void
draft_begin(draft_t *draft, uint32_t collections)
{
    *draft = (draft_t){.dump = kit_opaque(mg_slice(NULL, 0))};
    draft->dump.header.payload_schema = MG_SCHEMA_STATE;
    draft->dump.header.snapshot_version = DRAFT_VERSION;
    draft->dump.footer = (mg_dumpfooter_t){.finished_at = 1};
    draft->state = (mg_record_t){.kind = MG_RECORD_STATE};
    draft->state.u.state.store_id = mg_slice(draft->dump.header.store_id, MG_STORE_ID_SIZE);
    draft->state.u.state.version = DRAFT_VERSION;
    draft->state.u.state.snapshot_ns = draft->dump.header.created_at;
    draft->state.u.state.collections = collections;
}

void
draft_put_state(draft_t *draft)
{
    draft_put(draft, &draft->state);
}

void
draft_put_meta(draft_t *draft, const char *key)
{
    mg_record_t record = {.kind = MG_RECORD_META, .u.meta = {mg_slice_text(key), draft_document()}};
    draft_put(draft, &record);
}

void
draft_put_collection(draft_t *draft, const char *name)
{
    mg_record_t record = {.kind = MG_RECORD_COLLECTION,
                          .u.collection = {.name = mg_slice_text(name)}};
    draft->in_collection = 0;
    draft->dump.footer.collection_count++;
    draft_put(draft, &record);
}

void
draft_put_index(draft_t *draft, const char *name, mg_slice_t component)
{
    mg_buf_t path = {0};
    mg_record_path_put(&path, component);
    mg_record_t record = {
        .kind = MG_RECORD_INDEX,
        .u.index = {.name = mg_slice_text(name), .path = mg_buf_slice(&path), .unique = true}};
    draft_put(draft, &record);
    mg_buf_free(&path);
}

void
draft_put_document(draft_t *draft, mg_slice_t id, mg_slice_t body, uint64_t rev)
{
    mg_record_t record = {.kind = MG_RECORD_DOCUMENT,
                          .u.document = {.id = id, .body = body, .rev = rev}};
    draft->in_collection++;
    draft->dump.footer.document_count++;
    draft_put(draft, &record);
}

void
draft_put_simple(draft_t *draft, const char *id)
{
    draft_put_document(draft, mg_slice_text(id), draft_document(), 1);
}

void
draft_put_collection_end(draft_t *draft)
{
    mg_record_t record = {.kind = MG_RECORD_COLLECTION_END,
                          .u.collection_end = {draft->in_collection}};
    draft_put(draft, &record);
}

void
draft_put_end(draft_t *draft)
{
    mg_record_t record = {
        .kind = MG_RECORD_END,
        .u.end = {draft->dump.footer.record_count + 1, draft->dump.footer.document_count}};
    draft_put(draft, &record);
}

void
draft_put_raw(draft_t *draft, const char *bytes, size_t len)
{
    draft->dump.footer.record_count++;
    mg_buf_append(&draft->payload, bytes, len);
}

/* The smallest payload that shows everything: one Meta, two collections, an index, two documents. */
void
draft_put_whole(draft_t *draft)
{
    draft_put_state(draft);
    draft_put_meta(draft, "counters");
    draft_put_collection(draft, "apis");
    draft_put_collection_end(draft);
    draft_put_collection(draft, "users");
    draft_put_index(draft, "email", mg_slice_text("email"));
    draft_put_simple(draft, "admin");
    draft_put_simple(draft, "bob");
    draft_put_collection_end(draft);
    draft_put_end(draft);
}
