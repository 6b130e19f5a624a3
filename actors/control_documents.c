#include "actors/control_parts.h"
#include "actors/state.h"
#include "core/bsoncheck.h"
#include "core/clock.h"
#include "core/collections.h"
#include "core/utf8.h"

/* --- documents --- */

static void
s_on_written(void *arg, mg_status_t status, const ProtobufCMessage *message)
{
    mg_control_request_t *request = arg;
    const Mg__StateReply *state = (const Mg__StateReply *)message;
    mg_status_t outcome = state ? (mg_status_t)state->status : status;
    Mg__WriteResult result = MG__WRITE_RESULT__INIT;
    Mg__ControlReply reply = MG__CONTROL_REPLY__INIT;
    mg_control_fill(&reply, outcome);
    if (state) {
        result.version = state->version;
        result.failed_at = state->failed_at;
        reply.body_case = MG__CONTROL_REPLY__BODY_WRITTEN;
        reply.written = &result;
    }
    mg_control_request_reply(request, &reply);
}

mg_status_t
mg_control_check_op(const Mg__Op *op, const char **out_why)
{
    if (op->collection.len == 0) {
        *out_why = "The name of the collection is missing.";
        return MG_ERR_INVALID;
    }
    if (op->kind == MG__OP__KIND__DELETE) {
        return MG_OK;
    }
    return mg_bson_check(mg_bus_slice(op->body), MG_BSON_KEYS_NAMES, out_why);
}

void
mg_control_handle_write(mg_control_request_t *request)
{
    const Mg__ControlWrite *wanted = request->message->write;
    for (size_t i = 0; i < wanted->n_ops; i++) {
        const char *why = NULL;
        mg_status_t status = mg_control_check_op(wanted->ops[i], &why);
        if (status != MG_OK) {
            char text[256];
            (void)snprintf(text, sizeof text, "Operation %zu of the batch is refused: %s", i,
                           why ? why : "not BSON");
            mg_control_request_end(request, status, text);
            return;
        }
    }
    Mg__Write write = MG__WRITE__INIT;
    write.n_ops = wanted->n_ops;
    write.ops = wanted->ops;
    mg_control_ask_state(request, MG__STATE_REQUEST__BODY_WRITE, &write, s_on_written);
}

/* The view that a reply brought; NULL when the request has been ended because there is none. */
static mg_viewref_t *
s_take_view(mg_control_request_t *request, mg_status_t status, const ProtobufCMessage *message)
{
    const Mg__StateReply *state = (const Mg__StateReply *)message;
    return mg_control_went_well(request, status, state ? state->status : 0, NULL) && state
               ? mg_viewref_take(state->view)
               : NULL;
}

static void
s_on_view_to_read(void *arg, mg_status_t status, const ProtobufCMessage *message)
{
    mg_control_request_t *request = arg;
    mg_control_t *self = request->actor;
    mg_viewref_t *ref = s_take_view(request, status, message);
    if (!ref) {
        return;
    }
    const Mg__ControlRead *read = request->message->read;
    const mg_view_t *view = mg_viewref_view(ref);
    int slot = mg_view_slot(view, mg_bus_slice(read->collection));
    const mg_entry_t *entry = mg_view_find(view, slot, mg_bus_slice(read->key));
    Mg__Document document = MG__DOCUMENT__INIT;
    Mg__ControlReply reply = MG__CONTROL_REPLY__INIT;
    if (entry && mg_entry_alive(entry, mg_clock_wall_ns())) {
        document.collection = read->collection;
        document.key = read->key;
        document.body = mg_bus_bytes(mg_entry_body(entry));
        document.rev = entry->rev;
        document.expires_ns = entry->expires_ns;
        reply.body_case = MG__CONTROL_REPLY__BODY_DOCUMENT;
        reply.document = &document;
        mg_control_request_reply(request, &reply);
    } else {
        mg_control_request_end(request, MG_ERR_NOT_FOUND, NULL);
    }
    mg_state_give_back(self->state, &ref);
}

static void
s_open_view(mg_control_request_t *request, mg_link_reply_t *callback)
{
    Mg__OpenView open = MG__OPEN_VIEW__INIT;
    mg_control_ask_state(request, MG__STATE_REQUEST__BODY_OPEN_VIEW, &open, callback);
}

void
mg_control_handle_read(mg_control_request_t *request)
{
    s_open_view(request, s_on_view_to_read);
}

/* --- export --- */

static void
s_reply_page(mg_control_request_t *request, uint64_t session)
{
    mg_control_t *self = request->actor;
    Mg__ExportPage page = MG__EXPORT_PAGE__INIT;
    uint32_t max_bytes = request->message->export->max_bytes;
    mg_status_t status = mg_exports_page(self->exports, session, max_bytes, &page);
    if (status != MG_OK) {
        mg_control_request_end(request, status, "This export has ended; begin a new one.");
        return;
    }
    bool end = page.end;
    Mg__ControlReply reply = MG__CONTROL_REPLY__INIT;
    reply.body_case = MG__CONTROL_REPLY__BODY_PAGE;
    reply.page = &page;
    mg_control_request_reply(request, &reply);
    mg_viewref_t *view = end ? mg_exports_end(self->exports, session) : NULL;
    mg_state_give_back(self->state, &view);
}

static void
s_refuse_export(mg_control_request_t *request, mg_status_t status)
{
    mg_slice_t name = mg_bus_slice(request->message->export->collection);
    bool short_text = name.len <= MG_COLLECTION_NAME_MAX && mg_utf8_valid(name);
    char text[MG_COLLECTION_NAME_MAX + 128];
    (void)snprintf(text, sizeof text,
                   "There is no collection \"%.*s\"; `memgate status` lists those that there are.",
                   short_text ? (int)name.len : 0, name.len ? (const char *)name.data : "");
    mg_control_request_end(
        request, status,
        status == MG_ERR_BUSY ? "Eight exports are under way; begin this one in a moment." : text);
}

static void
s_on_view_to_export(void *arg, mg_status_t status, const ProtobufCMessage *message)
{
    mg_control_request_t *request = arg;
    mg_control_t *self = request->actor;
    mg_viewref_t *view = s_take_view(request, status, message);
    if (!view) {
        return;
    }
    uint64_t session = 0;
    mg_viewref_t *yielded =
        mg_exports_end_oldest(self->exports, mg_clock_mono_ms() - MG_EXPORT_YIELD_MS);
    mg_state_give_back(self->state, &yielded);
    status = mg_exports_begin(self->exports, view, request->message->export, &session);
    if (status == MG_OK) {
        s_reply_page(request, session);
    } else {
        s_refuse_export(request, status);
        mg_state_give_back(self->state, &view);
    }
}

void
mg_control_handle_export(mg_control_request_t *request)
{
    if (request->message->export->session) {
        s_reply_page(request, request->message->export->session);
    } else {
        s_open_view(request, s_on_view_to_export);
    }
}
