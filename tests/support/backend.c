#include "support/backend.h"

#include "actors/sealer.h"
#include "actors/stateask.h"
#include "core/document.h"

#include <stdio.h>
#include <string.h>

enum { WAIT_MS = 60000, BODY = 2000 };

mg_status_t
backend_start_dump(backend_t *self, zactor_t **out)
{
    mg_dump_args_t args = {.config = &self->config, .io = &fault_io, .host = "host-1"};
    return mg_actor_start(&mg_dump_actor, &args, out);
}

void
backend_start_sealers(backend_t *self)
{
    for (int i = 0; i < BACKEND_SEALERS; i++) {
        mg_sealer_args_t args = {.chunks = MG_BUS_CHUNKS};
        mg_sealer_args_t urgent = {.chunks = MG_BUS_URGENT_CHUNKS};
        CHECK_OK(mg_actor_start(&mg_sealer_actor, &args, &self->sealer[i]));
        CHECK_OK(mg_actor_start(&mg_sealer_actor, &urgent, &self->urgent_sealer[i]));
    }
}

bool
backend_try_start(backend_t *self)
{
    mg_state_args_t state_args = {.version = &self->version, .memory_limit = self->memory_limit};
    self->supervisor = mg_bus_serve(MG_BUS_SUPERVISOR);
    assert_non_null(self->supervisor);
    CHECK_OK(mg_actor_start(&mg_state_actor, &state_args, &self->state));
    if (backend_start_dump(self, &self->dump) != MG_OK) {
        mg_actor_stop(&self->state);
        mg_bus_close(&self->supervisor);
        return false;
    }
    backend_start_sealers(self);
    mg_link_options_t options = {
        .endpoint = MG_BUS_DUMP, .schema = &mg__dump_reply__descriptor, .window = 64};
    self->link = mg_link_new(&options);
    self->tree = mg_state_link_new(16);
    self->events = mg_bus_connect(ZMQ_SUB, MG_BUS_EVENTS);
    zsock_set_subscribe(self->events, "");
    return true;
}

void
backend_start(backend_t *self)
{
    assert_true(backend_try_start(self));
}

void
backend_stop_sealers(backend_t *self)
{
    for (int i = 0; i < BACKEND_SEALERS; i++) {
        mg_actor_stop(&self->sealer[i]);
        mg_actor_stop(&self->urgent_sealer[i]);
    }
}

void
backend_stop(backend_t *self)
{
    mg_bus_close(&self->events);
    mg_link_destroy(&self->link);
    mg_link_destroy(&self->tree);
    mg_actor_stop(&self->dump);
    backend_stop_sealers(self);
    mg_actor_stop(&self->state);
    mg_bus_close(&self->supervisor);
}

backend_t *
backend_new(void)
{
    backend_t *self = calloc(1, sizeof *self);
    fault_reset();
    kit_tempdir_make(self->dir);
    kit_path(self->dir, "memory_dump.bin", self->hint);
    self->config = (mg_config_t){
        .dump = {.path_hint = self->hint,
                 .secret = KIT_RAW_KEY,
                 .kdf_ops = 2,
                 .kdf_mem_mib = 8,
                 .kdf_max_mib = 64,
                 .compression = MG_COMPRESSION_ZSTD,
                 .http_mkdir = true,
                 .keep = 1000,
                 .sealers = BACKEND_SEALERS},
        .admin_email = "admin@example.test",
        .admin_password = "a long enough password",
    };
    return self;
}

int
backend_setup(void **state)
{
    *state = backend_new();
    backend_start(*state);
    return 0;
}

int
backend_teardown(void **state)
{
    backend_t *self = *state;
    backend_stop(self);
    kit_tempdir_remove(self->dir);
    free(self);
    return 0;
}

/* ---- asking ---- */

void
backend_send(backend_t *self,
             Mg__DumpMessage__BodyCase body_case,
             void *body,
             test_answer_t *answer)
{
    Mg__DumpMessage message = MG__DUMP_MESSAGE__INIT;
    message.body_case = body_case;
    message.dump = body; /* all members of the oneof are pointers at one place */
    *answer = (test_answer_t){0};
    CHECK_OK(mg_link_ask(self->link, &message.base, mg_clock_mono_ms() + WAIT_MS, test_on_answer,
                         answer));
}

void
backend_settle(backend_t *self)
{
    while (mg_link_waiting(self->link)) {
        zmq_pollitem_t item = {.socket = zsock_resolve(mg_link_socket(self->link)),
                               .events = ZMQ_POLLIN};
        (void)zmq_poll(&item, 1, 50);
        mg_link_receive(self->link);
        mg_link_expire(self->link, mg_clock_mono_ms());
    }
}

Mg__DumpReply *
backend_ask(backend_t *self, Mg__DumpMessage__BodyCase body_case, void *body)
{
    test_answer_t answer;
    backend_send(self, body_case, body, &answer);
    backend_settle(self);
    assert_non_null(answer.reply);
    return (Mg__DumpReply *)answer.reply;
}

Mg__DumpReply *
backend_dump(backend_t *self, const char *path)
{
    Mg__DumpRequest request = MG__DUMP_REQUEST__INIT;
    request.trigger = MG__TRIGGER__TRIGGER_HTTP;
    request.requester = (char *)(uintptr_t) "http user=admin\n";
    request.path = (char *)(uintptr_t)path;
    return backend_ask(self, MG__DUMP_MESSAGE__BODY_DUMP, &request);
}

Mg__DumpReply *
backend_restore(backend_t *self, const char *path, bool at_start)
{
    Mg__RestoreRequest request = MG__RESTORE_REQUEST__INIT;
    request.trigger = MG__TRIGGER__TRIGGER_HTTP;
    request.requester = (char *)(uintptr_t) "http user=admin";
    request.path = (char *)(uintptr_t)path;
    request.at_start = at_start;
    return backend_ask(self, MG__DUMP_MESSAGE__BODY_RESTORE, &request);
}

Mg__DumpReply *
backend_status(backend_t *self)
{
    Mg__DumpStatusQuery query = MG__DUMP_STATUS_QUERY__INIT;
    return backend_ask(self, MG__DUMP_MESSAGE__BODY_STATUS, &query);
}

void
backend_free(Mg__DumpReply *reply)
{
    mg__dump_reply__free_unpacked(reply, NULL);
}

void
backend_expect(mg_status_t expected, Mg__DumpReply *reply)
{
    if (reply->status != expected) {
        fail_msg("expected %s, got %s: %s", mg_status_name(expected),
                 mg_status_name((mg_status_t)reply->status), reply->text);
    }
    backend_free(reply);
}

/* ---- the state ---- */

/* Applies one operation on the zebras. */
static mg_status_t
s_apply(backend_t *self, Mg__Op *op)
{
    mg_stateanswer_t answer;
    Mg__Write write = MG__WRITE__INIT;
    Mg__StateRequest request = MG__STATE_REQUEST__INIT;
    op->collection = mg_bus_bytes(mg_slice_text("zebras"));
    write.n_ops = 1;
    write.ops = &op;
    request.body_case = MG__STATE_REQUEST__BODY_WRITE;
    request.write = &write;
    return mg_stateask(self->tree, &request, WAIT_MS, &answer);
}

mg_status_t
backend_write(backend_t *self, const char *id, int number)
{
    char text[BODY];
    memset(text, 'a' + number % 26, sizeof text - 1);
    text[sizeof text - 1] = 0;
    bson_t body;
    bson_init(&body);
    BSON_APPEND_UTF8(&body, "_id", id);
    BSON_APPEND_INT64(&body, "number", number);
    BSON_APPEND_UTF8(&body, "text", text);
    Mg__Op op = MG__OP__INIT;
    op.body = mg_bus_bytes(mg_document_slice(&body));
    mg_status_t status = s_apply(self, &op);
    bson_destroy(&body);
    return status;
}

mg_status_t
backend_delete(backend_t *self, const char *id)
{
    Mg__Op op = MG__OP__INIT;
    op.kind = MG__OP__KIND__DELETE;
    op.key = mg_bus_bytes(mg_slice_text(id));
    return s_apply(self, &op);
}

void
backend_write_many(backend_t *self, int first, int count)
{
    for (int i = first; i < first + count; i++) {
        char id[16];
        (void)snprintf(id, sizeof id, "z%06d", i);
        CHECK_OK(backend_write(self, id, i));
    }
}

int64_t
backend_number(backend_t *self, const char *id)
{
    mg_stateanswer_t answer;
    CHECK_OK(mg_stateask_open_view(self->tree, &answer));
    const mg_view_t *view = mg_viewref_view(answer.view);
    int slot = mg_view_slot(view, mg_slice_text("zebras"));
    const mg_entry_t *entry =
        slot != MG_SLOT_NONE ? mg_view_find(view, slot, mg_slice_text(id)) : NULL;
    int64_t number = entry ? mg_document_int(mg_entry_body(entry), "number", -2) : -1;
    mg_state_give_back(self->tree, &answer.view);
    return number;
}

uint64_t
backend_count(backend_t *self, const char *collection)
{
    mg_stateanswer_t answer;
    CHECK_OK(mg_stateask_open_view(self->tree, &answer));
    const mg_view_t *view = mg_viewref_view(answer.view);
    int slot = mg_view_slot(view, mg_slice_text(collection));
    uint64_t count = slot != MG_SLOT_NONE ? mg_view_count(view, slot) : 0;
    mg_state_give_back(self->tree, &answer.view);
    return count;
}

int
backend_files(backend_t *self)
{
    assert_int_equal(kit_count(self->dir, ".memory_dump-", NULL), 0); /* never a leftover */
    return kit_count(self->dir, "memory_dump-", NULL);
}

void
backend_restart(backend_t *self)
{
    backend_stop(self);
    backend_start(self);
}

void
backend_damage(backend_t *self, uint64_t generation)
{
    char name[KIT_PATH];
    char path[KIT_PATH];
    char tail[32];
    (void)snprintf(tail, sizeof tail, "-%010llu.bin", (unsigned long long)generation);
    Mg__ListRequest list = MG__LIST_REQUEST__INIT;
    Mg__DumpReply *reply = backend_ask(self, MG__DUMP_MESSAGE__BODY_LIST, &list);
    for (size_t i = 0; i < reply->n_list; i++) {
        if (strstr(reply->list[i]->path, tail)) {
            (void)snprintf(name, sizeof name, "%s", strrchr(reply->list[i]->path, '/') + 1);
        }
    }
    backend_free(reply);
    kit_path(self->dir, name, path);
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, 700, SEEK_SET), 0);
    int byte = fgetc(file);
    assert_int_equal(fseek(file, 700, SEEK_SET), 0);
    assert_int_not_equal(fputc(byte ^ 1, file), EOF);
    assert_int_equal(fclose(file), 0);
}

Mg__Event *
backend_await(zsock_t *events, Mg__Event__BodyCase wanted)
{
    int64_t until_ms = mg_clock_mono_ms() + WAIT_MS;
    while (mg_clock_mono_ms() < until_ms) {
        zmq_pollitem_t item = {.socket = zsock_resolve(events), .events = ZMQ_POLLIN};
        (void)zmq_poll(&item, 1, 100);
        mg_bus_peer_t peer;
        ProtobufCMessage *message = NULL;
        if (mg_bus_receive(events, &mg__event__descriptor, &peer, &message) != MG_OK) {
            continue;
        }
        Mg__Event *event = (Mg__Event *)message;
        if (event->body_case == wanted) {
            return event;
        }
        mg__event__free_unpacked(event, NULL);
    }
    fail_msg("event %d did not come", (int)wanted);
    return NULL;
}
