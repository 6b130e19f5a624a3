/* Any bytes as a ControlRequest: what passes the check of a write can be applied to a state, and its documents read. */
#include "actors/control_parts.h"
#include "core/bsoncheck.h"
#include "core/store.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static mg_op_t
s_op_of(const Mg__Op *op)
{
    return (mg_op_t){.kind = (mg_op_kind_t)op->kind,
                     .condition = (mg_condition_t)op->condition,
                     .rev = op->rev,
                     .collection = mg_bus_slice(op->collection),
                     .key = mg_bus_slice(op->key),
                     .body = mg_bus_slice(op->body),
                     .expires_ns = op->expires_ns};
}

/* Every document of every collection must pass the check that guards dumps. */
static void
s_check_store(const mg_store_t *store)
{
    const mg_view_t *view = mg_store_current(store);
    for (int slot = 1; slot < mg_view_slots(view); slot++) {
        mg_cursor_t cursor;
        mg_cursor_seek(&cursor, view, slot, mg_slice(NULL, 0));
        for (const mg_entry_t *entry = mg_cursor_next(&cursor); entry;
             entry = mg_cursor_next(&cursor)) {
            if (mg_bson_check(mg_entry_body(entry), MG_BSON_KEYS_NAMES, NULL) != MG_OK) {
                abort();
            }
        }
    }
}

static void
s_apply(const Mg__ControlWrite *write)
{
    mg_store_t *store = mg_store_new();
    for (size_t i = 0; i < write->n_ops; i++) {
        const char *why = NULL;
        if (mg_control_check_op(write->ops[i], &why) == MG_OK) {
            mg_op_t op = s_op_of(write->ops[i]);
            size_t failed_at = 0;
            mg_status_t status = mg_store_apply(store, &op, 1, 1, &failed_at);
            if (status != MG_OK && failed_at != 0) {
                abort();
            }
        } else if (!why) {
            abort(); /* a refusal without a reason */
        }
    }
    s_check_store(store);
    mg_store_destroy(&store);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Mg__ControlRequest *request = mg__control_request__unpack(NULL, size, data);
    if (!request) {
        return 0;
    }
    if (request->body_case == MG__CONTROL_REQUEST__BODY_WRITE) {
        s_apply(request->write);
    }
    mg__control_request__free_unpacked(request, NULL);
    return 0;
}
