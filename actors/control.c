#include "actors/control_parts.h"
#include "actors/state.h"
#include "core/clock.h"
#include "messages/autosave.pb-c.h"
#include "messages/event.pb-c.h"
#include "messages/supervisor.pb-c.h"

#include <stdlib.h>

static void
s_destroy(void *arg)
{
    mg_control_t *self = arg;
    for (mg_viewref_t *view = NULL;
         self->exports && (view = mg_exports_end_idle(self->exports, INT64_MAX)) != NULL;) {
        mg_state_give_back(self->state, &view);
    }
    mg_exports_destroy(&self->exports);
    mg_link_destroy(&self->state); /* each waiting request is told that memgate stops */
    mg_link_destroy(&self->dump);
    mg_link_destroy(&self->autosave);
    mg_link_destroy(&self->supervisor);
    mg_bus_close(&self->events);
    mg_control_close_sockets(self);
    free(self);
}

/* --- asking others --- */

void
mg_control_forward(mg_control_request_t *request,
                   mg_link_t *link,
                   const ProtobufCMessage *message,
                   mg_link_reply_t *callback)
{
    int64_t deadline_ms = mg_clock_mono_ms() + MG_CONTROL_REPLY_MS;
    mg_status_t status = mg_link_ask(link, message, deadline_ms, callback, request);
    if (status != MG_OK) {
        mg_control_request_end(request, status, NULL);
    }
}

bool
mg_control_went_well(mg_control_request_t *request,
                     mg_status_t link_status,
                     uint32_t reply_status,
                     const char *text)
{
    mg_status_t status = link_status == MG_OK ? (mg_status_t)reply_status : link_status;
    if (status != MG_OK) {
        mg_control_request_end(request, status, text && *text ? text : NULL);
    }
    return status == MG_OK;
}

void
mg_control_ask_dump(mg_control_request_t *request,
                    Mg__DumpMessage__BodyCase body_case,
                    void *body,
                    mg_link_reply_t *callback)
{
    mg_control_t *self = request->actor;
    Mg__DumpMessage ask = MG__DUMP_MESSAGE__INIT;
    ask.body_case = body_case;
    ask.dump = body; /* the members of the oneof are pointers at one place */
    mg_control_forward(request, self->dump, &ask.base, callback);
}

void
mg_control_ask_state(mg_control_request_t *request,
                     Mg__StateRequest__BodyCase body_case,
                     void *body,
                     mg_link_reply_t *callback)
{
    mg_control_t *self = request->actor;
    Mg__StateRequest ask = MG__STATE_REQUEST__INIT;
    ask.body_case = body_case;
    ask.write = body; /* the members of the oneof are pointers at one place */
    mg_control_forward(request, self->state, &ask.base, callback);
}

void
mg_control_requester(const mg_control_request_t *request, char out[MG_CONTROL_REQUESTER_SIZE])
{
    const char *name = request->message->requester;
    (void)snprintf(out, MG_CONTROL_REQUESTER_SIZE, "control %.100s", *name ? name : "peer");
}

/* --- requests and events --- */

static void
s_handle(mg_control_request_t *request)
{
    switch (request->message->body_case) {
    case MG__CONTROL_REQUEST__BODY_STATUS:
        mg_control_handle_status(request);
        break;
    case MG__CONTROL_REQUEST__BODY_DUMP:
        mg_control_handle_dump(request);
        break;
    case MG__CONTROL_REQUEST__BODY_RESTORE:
        mg_control_handle_restore(request);
        break;
    case MG__CONTROL_REQUEST__BODY_LIST:
        mg_control_handle_list(request);
        break;
    case MG__CONTROL_REQUEST__BODY_VERIFY:
        mg_control_handle_verify(request);
        break;
    case MG__CONTROL_REQUEST__BODY_AUTOSAVE:
        mg_control_handle_autosave(request);
        break;
    case MG__CONTROL_REQUEST__BODY_SHUTDOWN:
        mg_control_handle_shutdown(request);
        break;
    case MG__CONTROL_REQUEST__BODY_WRITE:
        mg_control_handle_write(request);
        break;
    case MG__CONTROL_REQUEST__BODY_READ:
        mg_control_handle_read(request);
        break;
    case MG__CONTROL_REQUEST__BODY_EXPORT:
        mg_control_handle_export(request);
        break;
    default:
        mg_control_request_end(request, MG_ERR_BAD_MESSAGE, NULL);
        break;
    }
}

static void
s_on_inbox(void *arg)
{
    mg_control_t *self = arg;
    mg_control_request_t *request = NULL;
    mg_status_t status = MG_OK;
    while ((status = mg_control_request_receive(self->inbox, &self->waiting, &request)) !=
           MG_ERR_TIMEOUT) {
        if (status == MG_ERR_NO_MEMORY) {
            return;
        }
        request->actor = self;
        if (status == MG_OK && self->waiting > MG_CONTROL_WAITING_MAX) {
            status = MG_ERR_BUSY;
        }
        if (status == MG_OK) {
            s_handle(request);
        } else {
            mg_control_request_end(request, status, NULL);
        }
    }
}

static void
s_stream_event(mg_control_t *self, const Mg__Event *event)
{
    const ProtobufCFieldDescriptor *member =
        protobuf_c_message_descriptor_get_field(event->base.descriptor, event->body_case);
    size_t len = mg__event__get_packed_size(event);
    zframe_t *body = member ? zframe_new(NULL, len) : NULL;
    if (body) {
        (void)mg__event__pack(event, zframe_data(body));
        (void)zstr_sendm(self->stream, member->name);
        (void)zframe_send(&body, self->stream, ZFRAME_DONTWAIT);
    }
    zframe_destroy(&body);
}

static void
s_on_event(void *arg)
{
    mg_control_t *self = arg;
    mg_bus_peer_t from;
    ProtobufCMessage *message = NULL;
    while (mg_bus_receive(self->events, &mg__event__descriptor, &from, &message) == MG_OK) {
        s_stream_event(self, (const Mg__Event *)message);
        protobuf_c_message_free_unpacked(message, NULL);
    }
}

/* Ends exports that nobody continues. */
static int64_t
s_on_turn(void *arg, int64_t now_ms)
{
    mg_control_t *self = arg;
    mg_viewref_t *view = mg_exports_end_idle(self->exports, now_ms);
    mg_state_give_back(self->state, &view);
    return MG_EXPORT_IDLE_MS / 2;
}

/* --- life --- */

static mg_status_t
s_open_inside(mg_control_t *self, mg_loop_t *loop)
{
    self->state = mg_state_link_new(MG_CONTROL_WAITING_MAX);
    self->dump = mg_link_new(&(mg_link_options_t){.endpoint = MG_BUS_DUMP,
                                                  .schema = &mg__dump_reply__descriptor,
                                                  .window = MG_CONTROL_WAITING_MAX});
    self->autosave = mg_link_new(&(mg_link_options_t){.endpoint = MG_BUS_AUTOSAVE,
                                                      .schema = &mg__autosave_reply__descriptor,
                                                      .window = MG_CONTROL_WAITING_MAX});
    self->supervisor = mg_link_new(&(mg_link_options_t){.endpoint = MG_BUS_SUPERVISOR,
                                                        .schema = &mg__supervisor_reply__descriptor,
                                                        .window = MG_CONTROL_WAITING_MAX});
    self->events = mg_bus_connect(ZMQ_SUB, MG_BUS_EVENTS);
    self->exports = mg_exports_new();
    if (!self->state || !self->dump || !self->autosave || !self->supervisor || !self->events ||
        !self->exports) {
        return MG_ERR_NO_MEMORY;
    }
    zsock_set_subscribe(self->events, "");
    mg_link_t *links[] = {self->state, self->dump, self->autosave, self->supervisor};
    mg_status_t status = mg_loop_watch_socket(loop, self->inbox, s_on_inbox);
    if (status == MG_OK) {
        status = mg_loop_watch_socket(loop, self->events, s_on_event);
    }
    for (size_t i = 0; status == MG_OK && i < sizeof links / sizeof *links; i++) {
        status = mg_loop_watch_link(loop, links[i]);
    }
    return status;
}

static mg_status_t
s_create(const void *arg, mg_loop_t *loop, void **out_self)
{
    const mg_control_args_t *args = arg;
    mg_control_t *self = calloc(1, sizeof *self);
    if (!self) {
        return MG_ERR_NO_MEMORY;
    }
    self->started_ns = args->started_ns;
    mg_status_t status = mg_control_open_sockets(self, args);
    if (status == MG_OK) {
        status = s_open_inside(self, loop);
    }
    if (status != MG_OK) {
        s_destroy(self);
        return status;
    }
    *out_self = self;
    return MG_OK;
}

const mg_actor_ops_t mg_control_actor = {
    .name = "mg-control",
    .prompt = true,
    .create = s_create,
    .on_turn = s_on_turn,
    .destroy = s_destroy,
};
