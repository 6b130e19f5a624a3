/* The way back from an import: the newest snapshot, for whoever could bring about the difference in roles by hand. */
#include "core/document.h"
#include "gateway/ask.h"
#include "gateway/handlers/configsnapshot.h"
#include "gateway/handlers/handlers.h"

static bool
s_is_role(const mg_op_t *op, mg_op_kind_t kind)
{
    mg_slice_t roles = mg_slice_text(mg_collection(MG_COLLECTION_ROLES)->name);
    return op->kind == kind && mg_slice_equal(op->collection, roles);
}

/* The roles that the batch brings back, each as it is now and as it was; their names into `names`. */
static bool
s_may_bring_back(mg_request_t *request, const mg_batch_t *batch, json_t *names)
{
    bool may = true;
    for (size_t i = 0; i < batch->count && may; i++) {
        if (!s_is_role(&batch->ops[i], MG_OP_PUT)) {
            continue;
        }
        mg_slice_t was = batch->ops[i].body;
        mg_slice_t name = mg_document_text(was, "role_name");
        const mg_entry_t *entry = mg_request_find(request, MG_COLLECTION_ROLES, name);
        mg_slice_t is = entry ? mg_entry_body(entry) : (mg_slice_t){0};
        mg_buf_t text = {0};
        mg_buf_append_slice(&text, name);
        (void)json_object_set_new(names, mg_buf_text(&text), json_true());
        mg_buf_free(&text);
        may = mg_slice_equal(is, was) || mg_role_may_change(request, is, was);
    }
    return may;
}

/* The roles that go and do not come back. */
static bool
s_may_take_away(mg_request_t *request, const mg_batch_t *batch, const json_t *names)
{
    bool may = true;
    for (size_t i = 0; i < batch->count && may; i++) {
        const mg_op_t *op = &batch->ops[i];
        const mg_entry_t *entry = s_is_role(op, MG_OP_DELETE)
                                      ? mg_request_find(request, MG_COLLECTION_ROLES, op->key)
                                      : NULL;
        mg_buf_t text = {0};
        mg_buf_append_slice(&text, op->key);
        bool goes = entry && !json_object_get(names, mg_buf_text(&text));
        mg_buf_free(&text);
        may = !goes || mg_role_may_change(request, mg_entry_body(entry), (mg_slice_t){0});
    }
    return may;
}

/* False: it has answered. */
static bool
s_may_roll_back(mg_request_t *request, const mg_batch_t *batch)
{
    json_t *names = json_object();
    bool may = s_may_bring_back(request, batch, names) && s_may_take_away(request, batch, names);
    json_decref(names);
    return may;
}

void
mg_handle_rollback(mg_request_t *request)
{
    mg_batch_t batch = {0};
    bool there = mg_snapshot_restore(request, &batch);
    mg_status_t status = mg_batch_status(&batch);
    if (!there) {
        mg_request_refuse(request, MG_ERROR_ROLLBACK_NOTHING);
    } else if (status != MG_OK) {
        mg_ask_refuse(request, status);
    } else if (s_may_roll_back(request, &batch)) {
        mg_reply_message(&request->answer, 200, "The configuration is that of the newest snapshot");
        mg_ask_write(request, batch.ops, batch.count, NULL);
    }
    mg_batch_free(&batch);
}
