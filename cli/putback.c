#include "cli/putback.h"

#include "cli/render.h"
#include "messages/bus.h"

#include <assert.h>
#include <stdlib.h>

/* Names and bodies lie in `bytes` until the batch is sent; operations point there by offset. */
typedef struct place {
    size_t collection;
    size_t key;
    size_t body;
} place_t;

typedef struct batch {
    const mg_putback_t *options;
    Mg__Op ops[MG_PUTBACK_DOCUMENTS];
    Mg__Op *list[MG_PUTBACK_DOCUMENTS];
    place_t places[MG_PUTBACK_DOCUMENTS];
    size_t count;
    mg_buf_t bytes;
    uint64_t written;
    uint64_t deleted;
    uint64_t kept; /* only the server has them */
    uint64_t version;
} batch_t;

static mg_exit_t
s_refused(const batch_t *self, const Mg__ControlReply *reply)
{
    uint32_t at = reply->written ? reply->written->failed_at : 0;
    uint64_t done = self->written + self->deleted;
    const Mg__Op *op = at < self->count ? &self->ops[at] : &self->ops[0];
    (void)fprintf(
        stderr,
        "memgate: document \"%.*s\" of \"%.*s\": %s Its batch was not stored; %llu documents were "
        "brought back before it. Mend the reason and give the command again.\n",
        (int)op->key.len, (const char *)op->key.data, (int)op->collection.len,
        (const char *)op->collection.data, reply->text, (unsigned long long)done);
    return (mg_exit_t)reply->exit_code;
}

/* Offsets become addresses now that the bytes do not move any more. */
static void
s_settle(batch_t *self)
{
    for (size_t i = 0; i < self->count; i++) {
        self->ops[i].collection.data = self->bytes.data + self->places[i].collection;
        self->ops[i].key.data = self->bytes.data + self->places[i].key;
        self->ops[i].body.data = self->bytes.data + self->places[i].body;
        self->list[i] = &self->ops[i];
    }
}

static mg_exit_t
s_send(batch_t *self)
{
    if (self->count == 0) {
        return MG_EXIT_OK;
    }
    Mg__ControlReply *reply = NULL;
    Mg__ControlWrite write = MG__CONTROL_WRITE__INIT;
    Mg__ControlRequest request = MG__CONTROL_REQUEST__INIT;
    s_settle(self);
    write.n_ops = self->count;
    write.ops = self->list;
    request.body_case = MG__CONTROL_REQUEST__BODY_WRITE;
    request.write = &write;
    mg_exit_t code = mg_client_send(self->options->client, &request, 1);
    if (code == MG_EXIT_OK) {
        code = mg_client_receive(self->options->client, &reply);
    }
    if (code != MG_EXIT_OK) {
        return code;
    }
    if (reply->status == MG__CONTROL_REPLY__STATUS__OK) {
        for (size_t i = 0; i < self->count; i++) {
            self->deleted += self->ops[i].kind == MG__OP__KIND__DELETE;
            self->written += self->ops[i].kind != MG__OP__KIND__DELETE;
        }
        self->version = reply->written->version;
    } else {
        code = s_refused(self, reply);
    }
    mg__control_reply__free_unpacked(reply, NULL);
    self->count = 0;
    mg_buf_clear(&self->bytes);
    return code;
}

static size_t
s_keep(batch_t *self, mg_slice_t bytes, ProtobufCBinaryData *out)
{
    size_t at = self->bytes.len;
    mg_buf_append_slice(&self->bytes, bytes);
    out->len = bytes.len;
    return at;
}

/* One operation: the document becomes `wanted`, or goes when that is NULL, if it is still like `live`. */
static mg_exit_t
s_add(batch_t *self, const mg_source_document_t *live, const mg_source_document_t *wanted)
{
    const mg_source_document_t *named = wanted ? wanted : live;
    assert(named);
    Mg__Op *op = &self->ops[self->count];
    place_t *place = &self->places[self->count++];
    mg__op__init(op);
    op->kind = wanted ? MG__OP__KIND__PUT : MG__OP__KIND__DELETE;
    op->condition = live ? MG__OP__CONDITION__REV : MG__OP__CONDITION__ABSENT;
    op->rev = live ? live->rev : 0;
    place->collection = s_keep(self, named->collection, &op->collection);
    place->key = s_keep(self, named->key, &op->key);
    if (wanted) {
        place->body = s_keep(self, wanted->body, &op->body);
        op->expires_ns = wanted->expires_ns;
    }
    if (!mg_buf_ok(&self->bytes)) {
        return MG_EXIT_NO_MEMORY;
    }
    bool full = self->count == MG_PUTBACK_DOCUMENTS || self->bytes.len >= MG_PUTBACK_BYTES;
    return full ? s_send(self) : MG_EXIT_OK;
}

static mg_exit_t
s_take(void *arg, const mg_source_document_t *live, const mg_source_document_t *dump)
{
    batch_t *self = arg;
    if (!dump && !self->options->delete_missing) {
        self->kept++;
        return MG_EXIT_OK;
    }
    return s_add(self, live, dump);
}

static void
s_print(const batch_t *self)
{
    if (self->options->json) {
        mg_render_print(json_pack("{s:I, s:I, s:I, s:I}", "written", (json_int_t)self->written,
                                  "deleted", (json_int_t)self->deleted, "kept",
                                  (json_int_t)self->kept, "version", (json_int_t)self->version));
        return;
    }
    (void)printf("%llu documents brought back, %llu removed\n", (unsigned long long)self->written,
                 (unsigned long long)self->deleted);
    if (self->kept) {
        (void)printf(
            "%llu documents that the dump does not have were left alone; --delete-missing removes "
            "such\n",
            (unsigned long long)self->kept);
    }
}

mg_exit_t
mg_putback_run(const mg_putback_t *options, mg_docsource_t *live, mg_docsource_t *dump)
{
    batch_t *self = calloc(1, sizeof *self);
    if (!self) {
        return MG_EXIT_NO_MEMORY;
    }
    self->options = options;
    mg_exit_t code = mg_compare_run(live, dump, s_take, self);
    if (code == MG_EXIT_OK) {
        code = s_send(self);
    }
    if (code == MG_EXIT_OK) {
        s_print(self);
    }
    mg_buf_free(&self->bytes);
    free(self);
    return code;
}
