#include "actors/control_request.h"

#include "actors/control.h"

#include <sodium.h>

#include <stdlib.h>

/* What outside peers are told, by status of the inside. */
static const struct {
    mg_status_t status;
    Mg__ControlReply__Status outside;
    uint32_t exit_code; /* design.md section 7 */
    const char *sentence;
} s_statuses[] = {
    {MG_OK, MG__CONTROL_REPLY__STATUS__OK, 0, ""},
    {MG_ERR_INVALID, MG__CONTROL_REPLY__STATUS__INVALID, 65,
     "The document or its key breaks a rule of what can be stored."},
    {MG_ERR_TOO_BIG, MG__CONTROL_REPLY__STATUS__TOO_BIG, 65, "The request exceeds a limit."},
    {MG_ERR_NOT_FOUND, MG__CONTROL_REPLY__STATUS__NOT_FOUND, 66, "There is no such thing."},
    {MG_ERR_EXISTS, MG__CONTROL_REPLY__STATUS__EXISTS, 65,
     "A document with this key is there already."},
    {MG_ERR_CONFLICT, MG__CONTROL_REPLY__STATUS__CONFLICT, 65,
     "The document has changed since: its rev is another one."},
    {MG_ERR_UNIQUE, MG__CONTROL_REPLY__STATUS__UNIQUE, 65,
     "Another document holds this value of a unique field."},
    {MG_ERR_BUSY, MG__CONTROL_REPLY__STATUS__BUSY, 75,
     "Too many requests are under way; ask again in a moment."},
    {MG_ERR_FROZEN, MG__CONTROL_REPLY__STATUS__FROZEN, 75,
     "Writes are refused while memgate starts, restores or stops; ask again in a moment."},
    {MG_ERR_TIMEOUT, MG__CONTROL_REPLY__STATUS__TIMEOUT, 75,
     "No answer came in time; whether it was done is not known."},
    {MG_ERR_CLOSED, MG__CONTROL_REPLY__STATUS__TIMEOUT, 75, "memgate is stopping."},
    {MG_ERR_DENIED, MG__CONTROL_REPLY__STATUS__DENIED, 77, "This is not allowed."},
    {MG_ERR_BAD_MESSAGE, MG__CONTROL_REPLY__STATUS__INVALID, 65,
     "This is not a ControlRequest that memgate knows: see messages/control.proto of this "
     "version."},
    {MG_ERR_FULL, MG__CONTROL_REPLY__STATUS__FULL, 75,
     "memgate uses more memory than MEM_MAX_MEMORY allows, so the state may not grow: delete "
     "something, or raise the limit."},
    {MG_ERR_IO, MG__CONTROL_REPLY__STATUS__DUMP_FAILED, 74, "The operating system refused."},
    {MG_ERR_DUMP, MG__CONTROL_REPLY__STATUS__DUMP_FAILED, 74,
     "The dump could not be written or read."},
};

enum { STATUSES = sizeof s_statuses / sizeof *s_statuses };

void
mg_control_fill(Mg__ControlReply *reply, mg_status_t status)
{
    reply->status = MG__CONTROL_REPLY__STATUS__INTERNAL;
    reply->exit_code = 70;
    reply->text = mg_bus_text("memgate could not do this; its log says why.");
    for (size_t i = 0; i < STATUSES; i++) {
        if (s_statuses[i].status == status) {
            reply->status = s_statuses[i].outside;
            reply->exit_code = s_statuses[i].exit_code;
            reply->text = mg_bus_text(s_statuses[i].sentence);
        }
    }
}

ProtobufCMessage *
mg_control_keep(const ProtobufCMessage *message)
{
    size_t len = protobuf_c_message_get_packed_size(message);
    uint8_t *bytes = malloc(len + 1);
    if (!bytes) {
        return NULL;
    }
    (void)protobuf_c_message_pack(message, bytes);
    ProtobufCMessage *copy = protobuf_c_message_unpack(message->descriptor, NULL, len, bytes);
    free(bytes);
    return copy;
}

static void
s_free(mg_control_request_t *self)
{
    zframe_destroy(&self->peer);
    if (self->message) {
        mg__control_request__free_unpacked(self->message, NULL);
    }
    if (self->state_stats) {
        mg__state_reply__free_unpacked(self->state_stats, NULL);
    }
    if (self->dump_status) {
        mg__dump_reply__free_unpacked(self->dump_status, NULL);
    }
    (*self->waiting)--;
    free(self);
}

/* Takes peer, optional delimiter and body out of the message. False: these are not the frames of a request. */
static bool
s_take_frames(mg_control_request_t *self, zmsg_t *frames)
{
    self->peer = zmsg_pop(frames);
    zframe_t *first = zmsg_first(frames);
    self->delimited = first && zframe_size(first) == 0 && zmsg_size(frames) > 1;
    zframe_t *body = self->delimited ? zmsg_next(frames) : first;
    if (!body || zmsg_next(frames) || zframe_size(body) > MG_CONTROL_REQUEST_MAX) {
        return false;
    }
    self->message = mg__control_request__unpack(NULL, zframe_size(body), zframe_data(body));
    return self->message && self->message->body_case != MG__CONTROL_REQUEST__BODY__NOT_SET;
}

mg_status_t
mg_control_request_receive(zsock_t *sock, uint32_t *waiting, mg_control_request_t **out)
{
    if (!(zsock_events(sock) & ZMQ_POLLIN)) {
        return MG_ERR_TIMEOUT;
    }
    zmsg_t *frames = zmsg_recv(sock);
    mg_control_request_t *self = frames ? calloc(1, sizeof *self) : NULL;
    if (!self) {
        zmsg_destroy(&frames);
        return MG_ERR_NO_MEMORY;
    }
    self->sock = sock;
    self->waiting = waiting;
    (*waiting)++;
    bool good = s_take_frames(self, frames);
    zmsg_destroy(&frames);
    *out = self;
    return good ? MG_OK : MG_ERR_BAD_MESSAGE;
}

void
mg_control_request_reply(mg_control_request_t *self, Mg__ControlReply *reply)
{
    reply->id = self->message ? self->message->id : 0;
    size_t len = mg__control_reply__get_packed_size(reply);
    zframe_t *body = zframe_new(NULL, len);
    void *sock = zsock_resolve(self->sock);
    if (body) {
        (void)mg__control_reply__pack(reply, zframe_data(body));
        int more = ZMQ_DONTWAIT | ZMQ_SNDMORE;
        bool sent = zmq_send(sock, zframe_data(self->peer), zframe_size(self->peer), more) != -1;
        if (sent && self->delimited) {
            sent = zmq_send(sock, "", 0, more) != -1;
        }
        if (sent) {
            (void)zmq_send(sock, zframe_data(body), len,
                           ZMQ_DONTWAIT); /* a peer that left needs no reply */
        }
    }
    zframe_destroy(&body);
    s_free(self);
}

void
mg_control_request_end(mg_control_request_t *self, mg_status_t status, const char *text)
{
    Mg__ControlReply reply = MG__CONTROL_REPLY__INIT;
    mg_control_fill(&reply, status);
    if (text) {
        reply.text = mg_bus_text(text);
    }
    mg_control_request_reply(self, &reply);
}
