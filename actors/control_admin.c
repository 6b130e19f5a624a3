#include "actors/autosave.h"
#include "actors/control_parts.h"
#include "core/aead.h"
#include "core/clock.h"
#include "core/document.h"
#include "core/seed.h"
#include "messages/autosave.pb-c.h"
#include "messages/handle.h"
#include "messages/supervisor.pb-c.h"

#include <unistd.h>

/* --- status: state, then dumps, then autosave, then one reply --- */

static void
s_fill_unsaved(const mg_control_t *self,
               const Mg__StateStats *stats,
               const Mg__DumpStatus *dumps,
               Mg__StatusInfo *info)
{
    const Mg__DumpInfo *last = dumps->last ? dumps->last : dumps->restored;
    info->unsaved_changes = stats->changes - (dumps->last ? dumps->last->changes : 0);
    info->unsaved_since_ns = last && dumps->last ? last->created_ns : self->started_ns;
}

static void
s_on_autosave_status(void *arg, mg_status_t status, const ProtobufCMessage *message)
{
    mg_control_request_t *request = arg;
    const mg_control_t *self = request->actor;
    const Mg__AutosaveReply *autosave = (const Mg__AutosaveReply *)message;
    if (!mg_control_went_well(request, status, autosave ? autosave->status : 0, NULL) ||
        !autosave) {
        return;
    }
    const Mg__StateStats *stats = request->state_stats->stats;
    Mg__StatusInfo info = MG__STATUS_INFO__INIT;
    info.pid = (uint32_t)getpid();
    info.ready = !stats->frozen;
    info.mode = mg_bus_text("MEM");
    info.version = mg_bus_text(MG_VERSION);
    info.uptime_seconds = (double)(mg_clock_wall_ns() - self->started_ns) / MG_NS_PER_SECOND;
    info.state_version = request->state_stats->version;
    info.documents = stats->documents;
    info.state_bytes = stats->bytes;
    info.memory_used = stats->memory_used;
    info.memory_limit = stats->memory_limit;
    info.memory_full = stats->memory_full;
    info.n_collections = stats->n_collections;
    info.collections = stats->collections;
    info.dumps = request->dump_status->dump_status;
    info.autosave_enabled = autosave->enabled;
    info.autosave_seconds = autosave->every_seconds;
    info.autosave_changes = autosave->after_changes;
    s_fill_unsaved(self, stats, info.dumps, &info);
    Mg__ControlReply reply = MG__CONTROL_REPLY__INIT;
    reply.body_case = MG__CONTROL_REPLY__BODY_INFO;
    reply.info = &info;
    mg_control_request_reply(request, &reply);
}

static void
s_on_dump_status(void *arg, mg_status_t status, const ProtobufCMessage *message)
{
    mg_control_request_t *request = arg;
    mg_control_t *self = request->actor;
    const Mg__DumpReply *dumps = (const Mg__DumpReply *)message;
    bool usable = !dumps || dumps->status != MG_OK || dumps->dump_status;
    if (!mg_control_went_well(request, status, usable && dumps ? dumps->status : MG_ERR_BAD_MESSAGE,
                              dumps ? dumps->text : NULL)) {
        return;
    }
    request->dump_status = (Mg__DumpReply *)mg_control_keep(message);
    if (!request->dump_status) {
        mg_control_request_end(request, MG_ERR_NO_MEMORY, NULL);
        return;
    }
    Mg__AutosaveQuery query = MG__AUTOSAVE_QUERY__INIT;
    Mg__AutosaveRequest ask = MG__AUTOSAVE_REQUEST__INIT;
    ask.body_case = MG__AUTOSAVE_REQUEST__BODY_QUERY;
    ask.query = &query;
    mg_control_forward(request, self->autosave, &ask.base, s_on_autosave_status);
}

static void
s_on_state_stats(void *arg, mg_status_t status, const ProtobufCMessage *message)
{
    mg_control_request_t *request = arg;
    const Mg__StateReply *stats = (const Mg__StateReply *)message;
    if (!mg_control_went_well(request, status, stats ? stats->status : 0, NULL)) {
        return;
    }
    request->state_stats = (Mg__StateReply *)mg_control_keep(message);
    if (!request->state_stats) {
        mg_control_request_end(request, MG_ERR_NO_MEMORY, NULL);
        return;
    }
    Mg__DumpStatusQuery query = MG__DUMP_STATUS_QUERY__INIT;
    mg_control_ask_dump(request, MG__DUMP_MESSAGE__BODY_STATUS, &query, s_on_dump_status);
}

void
mg_control_handle_status(mg_control_request_t *request)
{
    Mg__StatsQuery query = MG__STATS_QUERY__INIT;
    mg_control_ask_state(request, MG__STATE_REQUEST__BODY_STATS, &query, s_on_state_stats);
}

/* --- dumps and restores --- */

static void
s_on_dump_reply(void *arg, mg_status_t status, const ProtobufCMessage *message)
{
    mg_control_request_t *request = arg;
    const Mg__DumpReply *dump = (const Mg__DumpReply *)message;
    Mg__DumpList list = MG__DUMP_LIST__INIT;
    Mg__ControlReply reply = MG__CONTROL_REPLY__INIT;
    if (dump && dump->status != MG_OK && dump->exit_code) {
        mg_control_fill(&reply, (mg_status_t)dump->status);
        reply.text = dump->text;
        reply.exit_code = dump->exit_code;
        mg_control_request_reply(request, &reply);
        return;
    }
    if (!mg_control_went_well(request, status, dump ? dump->status : 0, dump ? dump->text : NULL) ||
        !dump) {
        return;
    }
    if (dump->restore) {
        reply.body_case = MG__CONTROL_REPLY__BODY_RESTORE;
        reply.restore = dump->restore;
    } else if (dump->dump) {
        reply.body_case = MG__CONTROL_REPLY__BODY_DUMP;
        reply.dump = dump->dump;
    } else {
        list.n_dumps = dump->n_list;
        list.dumps = dump->list;
        reply.body_case = MG__CONTROL_REPLY__BODY_LIST;
        reply.list = &list;
    }
    mg_control_request_reply(request, &reply);
}

void
mg_control_handle_dump(mg_control_request_t *request)
{
    char requester[MG_CONTROL_REQUESTER_SIZE];
    mg_control_requester(request, requester);
    Mg__DumpRequest dump = MG__DUMP_REQUEST__INIT;
    dump.trigger = MG__TRIGGER__TRIGGER_CONTROL;
    dump.requester = requester;
    dump.path = request->message->dump->path;
    mg_control_ask_dump(request, MG__DUMP_MESSAGE__BODY_DUMP, &dump, s_on_dump_reply);
}

void
mg_control_handle_restore(mg_control_request_t *request)
{
    char requester[MG_CONTROL_REQUESTER_SIZE];
    size_t key_len = request->message->restore->import_key.len;
    if (key_len != 0 && key_len != MG_AEAD_KEY) {
        mg_control_request_end(request, MG_ERR_INVALID, "The key of a Doorman dump has 32 bytes.");
        return;
    }
    mg_control_requester(request, requester);
    Mg__RestoreRequest restore = MG__RESTORE_REQUEST__INIT;
    restore.trigger = MG__TRIGGER__TRIGGER_CONTROL;
    restore.requester = requester;
    restore.path = request->message->restore->path;
    restore.import = request->message->restore->import;
    restore.import_key = request->message->restore->import_key;
    mg_control_ask_dump(request, MG__DUMP_MESSAGE__BODY_RESTORE, &restore, s_on_dump_reply);
}

void
mg_control_handle_list(mg_control_request_t *request)
{
    Mg__ListRequest list = MG__LIST_REQUEST__INIT;
    mg_control_ask_dump(request, MG__DUMP_MESSAGE__BODY_LIST, &list, s_on_dump_reply);
}

void
mg_control_handle_verify(mg_control_request_t *request)
{
    Mg__VerifyRequest verify = MG__VERIFY_REQUEST__INIT;
    verify.path = request->message->verify->path;
    mg_control_ask_dump(request, MG__DUMP_MESSAGE__BODY_VERIFY, &verify, s_on_dump_reply);
}

/* --- autosave --- */

static void
s_on_autosave(void *arg, mg_status_t status, const ProtobufCMessage *message)
{
    mg_control_request_t *request = arg;
    const Mg__AutosaveReply *autosave = (const Mg__AutosaveReply *)message;
    if (!mg_control_went_well(request, status, autosave ? autosave->status : 0, NULL) ||
        !autosave) {
        return;
    }
    const Mg__ControlAutosave *wanted = request->message->autosave;
    Mg__AutosaveInfo info = MG__AUTOSAVE_INFO__INIT;
    info.enabled = wanted->set ? wanted->enabled : autosave->enabled;
    info.every_seconds =
        wanted->set && wanted->every_seconds ? wanted->every_seconds : autosave->every_seconds;
    info.after_changes = autosave->after_changes;
    Mg__ControlReply reply = MG__CONTROL_REPLY__INIT;
    reply.body_case = MG__CONTROL_REPLY__BODY_AUTOSAVE;
    reply.autosave = &info;
    mg_control_request_reply(request, &reply);
}

static void
s_ask_autosave(mg_control_request_t *request)
{
    mg_control_t *self = request->actor;
    Mg__AutosaveQuery query = MG__AUTOSAVE_QUERY__INIT;
    Mg__AutosaveReload reload = MG__AUTOSAVE_RELOAD__INIT;
    Mg__AutosaveRequest ask = MG__AUTOSAVE_REQUEST__INIT;
    if (request->message->autosave->set) {
        ask.body_case = MG__AUTOSAVE_REQUEST__BODY_RELOAD;
        ask.reload = &reload;
    } else {
        ask.body_case = MG__AUTOSAVE_REQUEST__BODY_QUERY;
        ask.query = &query;
    }
    mg_control_forward(request, self->autosave, &ask.base, s_on_autosave);
}

static void
s_on_settings_written(void *arg, mg_status_t status, const ProtobufCMessage *message)
{
    mg_control_request_t *request = arg;
    const Mg__StateReply *state = (const Mg__StateReply *)message;
    if (mg_control_went_well(request, status, state ? state->status : 0, NULL)) {
        s_ask_autosave(request);
    }
}

void
mg_control_handle_autosave(mg_control_request_t *request)
{
    const Mg__ControlAutosave *wanted = request->message->autosave;
    if (!wanted->set) {
        s_ask_autosave(request);
        return;
    }
    if (wanted->every_seconds > MG_AUTOSAVE_SECONDS_MAX) {
        mg_control_request_end(request, MG_ERR_INVALID,
                               "The seconds between two automatic dumps are 31536000 at most.");
        return;
    }
    bson_t patch = BSON_INITIALIZER;
    BSON_APPEND_BOOL(&patch, "enable_auto_save", wanted->enabled);
    if (wanted->every_seconds) {
        BSON_APPEND_INT64(&patch, "auto_save_frequency_seconds", wanted->every_seconds);
    }
    Mg__Op op = MG__OP__INIT;
    Mg__Op *list[] = {&op};
    op.kind = MG__OP__KIND__PATCH;
    op.collection = mg_bus_bytes(mg_slice_text(mg_collection(MG_COLLECTION_SETTINGS)->name));
    op.key = mg_bus_bytes(mg_slice_text(MG_SEED_SETTINGS));
    op.body = mg_bus_bytes(mg_document_slice(&patch));
    Mg__Write write = MG__WRITE__INIT;
    write.n_ops = 1;
    write.ops = list;
    mg_control_ask_state(request, MG__STATE_REQUEST__BODY_WRITE, &write, s_on_settings_written);
    bson_destroy(&patch);
}

/* --- shutdown --- */

static void
s_on_stopping(void *arg, mg_status_t status, const ProtobufCMessage *message)
{
    mg_control_request_t *request = arg;
    const Mg__SupervisorReply *supervisor = (const Mg__SupervisorReply *)message;
    if (mg_control_went_well(request, status, supervisor ? supervisor->status : 0, NULL)) {
        mg_control_request_end(request, MG_OK, NULL);
    }
}

void
mg_control_handle_shutdown(mg_control_request_t *request)
{
    mg_control_t *self = request->actor;
    char requester[MG_CONTROL_REQUESTER_SIZE];
    mg_control_requester(request, requester);
    Mg__StopRequest stop = MG__STOP_REQUEST__INIT;
    stop.trigger = MG__TRIGGER__TRIGGER_CONTROL;
    stop.requester = requester;
    Mg__SupervisorRequest ask = MG__SUPERVISOR_REQUEST__INIT;
    ask.body_case = MG__SUPERVISOR_REQUEST__BODY_STOP;
    ask.stop = &stop;
    mg_control_forward(request, self->supervisor, &ask.base, s_on_stopping);
}
