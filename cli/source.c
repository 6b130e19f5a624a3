#include "cli/source.h"

#include "cli/dumpkeys.h"
#include "core/clock.h"
#include "core/dmp1file.h"
#include "core/dumpsteps.h"
#include "core/filesource.h"
#include "messages/bus.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum { KIB_PER_MIB = 1024, PAGE_BYTES = 1 << 20 };

/* A document of the chunk at hand: where it lies in `bytes`. */
typedef struct span {
    size_t key;
    size_t key_len;
    size_t body_len; /* behind the key */
    int64_t expires_ns;
    uint64_t rev;
    size_t collection; /* in `names` */
    size_t collection_len;
} span_t;

struct mg_docsource {
    mg_exit_t (*fetch)(mg_docsource_t *self, const mg_source_document_t **out);
    mg_source_filter_t filter;
    mg_source_document_t document;
    bool ended;
    bool has_collection; /* the one that is asked for was seen, or every state has it */

    /* a file */
    const char *file;
    mg_filesource_t source;
    mg_keyring_t *keyring;
    mg_dumpreader_t *reader;
    mg_dumpsteps_t *steps;
    mg_buf_t bytes; /* keys and bodies of the chunk at hand */
    mg_buf_t names; /* collections of the chunk at hand */
    size_t name;    /* the present collection in it */
    span_t *spans;
    size_t span_count;
    size_t span_room;
    size_t at; /* next span, or next document of the page */

    /* a Doorman dump */
    mg_store_t *store;
    int slots[MG_COLLECTIONS_MAX];
    int slot_count;
    int slot;
    mg_cursor_t cursor;

    /* a server */
    mg_client_t *client;
    uint64_t session;
    Mg__ControlReply *page;
};

static mg_exit_t
s_refuse(const mg_docsource_t *self, const mg_verdict_t *why)
{
    (void)fprintf(stderr, "memgate: %s: %s: %s.\n", self->file, mg_outcome_name(why->outcome),
                  why->text);
    return (mg_exit_t)mg_outcome_exit(why->outcome);
}

void
mg_docsource_close(mg_docsource_t **self_p)
{
    mg_docsource_t *self = *self_p;
    if (!self) {
        return;
    }
    mg_dumpsteps_destroy(&self->steps);
    mg_dumpreader_destroy(&self->reader);
    mg_keyring_destroy(&self->keyring);
    mg_store_destroy(&self->store);
    mg_buf_free(&self->bytes);
    mg_buf_free(&self->names);
    free(self->spans);
    if (self->source.fd >= 0) {
        (void)close(self->source.fd);
    }
    if (self->page) {
        mg__control_reply__free_unpacked(self->page, NULL);
    }
    free(self);
    *self_p = NULL;
}

static mg_docsource_t *
s_new(const mg_source_filter_t *filter)
{
    mg_docsource_t *self = calloc(1, sizeof *self);
    if (self) {
        self->filter = *filter;
        self->has_collection =
            !filter->collection || mg_collection_by_name(mg_slice_text(filter->collection)) != NULL;
        self->source = (mg_filesource_t){.io = &mg_file_system, .fd = -1};
    }
    return self;
}

static void
s_see_collection(mg_docsource_t *self, mg_slice_t name)
{
    self->has_collection =
        self->has_collection || mg_slice_equal(name, mg_slice_text(self->filter.collection));
}

/* ---- a file: records come in when a chunk is opened, and are kept until they are asked for ---- */

static mg_outcome_t
s_keep_document(mg_docsource_t *self, const mg_record_t *record, mg_verdict_t *why)
{
    if (self->span_count == self->span_room) {
        size_t room = self->span_room ? 2 * self->span_room : 256;
        span_t *spans = reallocarray(self->spans, room, sizeof *spans);
        if (!spans) {
            return mg_verdict_io(why, "reading a document", ENOMEM);
        }
        self->spans = spans;
        self->span_room = room;
    }
    self->spans[self->span_count++] = (span_t){.key = self->bytes.len,
                                               .key_len = record->u.document.id.len,
                                               .body_len = record->u.document.body.len,
                                               .expires_ns = record->u.document.expires_ns,
                                               .rev = record->u.document.rev,
                                               .collection = self->name,
                                               .collection_len = self->names.len - self->name};
    mg_buf_append_slice(&self->bytes, record->u.document.id);
    mg_buf_append_slice(&self->bytes, record->u.document.body);
    return mg_buf_ok(&self->bytes) ? MG_OUTCOME_OK
                                   : mg_verdict_io(why, "reading a document", ENOMEM);
}

static mg_outcome_t
s_on_record(void *arg, const mg_record_t *record, mg_verdict_t *why)
{
    mg_docsource_t *self = arg;
    if (record->kind == MG_RECORD_COLLECTION) {
        s_see_collection(self, record->u.collection.name);
        self->name = self->names.len;
        mg_buf_append_slice(&self->names, record->u.collection.name);
        return mg_buf_ok(&self->names) ? MG_OUTCOME_OK
                                       : mg_verdict_io(why, "reading a collection", ENOMEM);
    }
    return record->kind == MG_RECORD_DOCUMENT ? s_keep_document(self, record, why) : MG_OUTCOME_OK;
}

/* Forgets the documents that were given out; the name of the present collection stays. */
static void
s_forget(mg_docsource_t *self)
{
    size_t len = self->names.len - self->name;
    if (len) {
        memmove(self->names.data, self->names.data + self->name, len);
    }
    self->names.len = len;
    self->name = 0;
    self->span_count = 0;
    self->at = 0;
    mg_buf_clear(&self->bytes);
}

/* Opens chunks until there is a document, or the file has proved good to its end. */
static mg_exit_t
s_fill(mg_docsource_t *self)
{
    mg_verdict_t why;
    mg_slice_t ignored;
    mg_outcome_t outcome = MG_OUTCOME_OK;
    s_forget(self);
    while (outcome == MG_OUTCOME_OK && self->span_count == 0 && !self->ended) {
        bool last = false;
        outcome = mg_dumpsteps_next(self->steps, &ignored, &last, &why);
        if (outcome == MG_OUTCOME_OK && last) {
            self->ended = true;
            outcome = mg_dumpreader_end(self->reader, &why);
        }
    }
    return outcome == MG_OUTCOME_OK ? MG_EXIT_OK : s_refuse(self, &why);
}

static mg_exit_t
s_fetch_mgd1(mg_docsource_t *self, const mg_source_document_t **out)
{
    mg_exit_t code = MG_EXIT_OK;
    if (self->at == self->span_count && !self->ended) {
        code = s_fill(self);
    }
    *out = NULL;
    if (code == MG_EXIT_OK && self->at < self->span_count) {
        const span_t *span = &self->spans[self->at++];
        const uint8_t *key = self->bytes.data + span->key;
        self->document = (mg_source_document_t){
            .collection = mg_slice(self->names.data + span->collection, span->collection_len),
            .key = mg_slice(key, span->key_len),
            .body = mg_slice(key + span->key_len, span->body_len),
            .expires_ns = span->expires_ns,
            .rev = span->rev};
        *out = &self->document;
    }
    return code;
}

static mg_exit_t
s_open_mgd1(mg_docsource_t *self, const mg_config_t *config)
{
    mg_verdict_t why;
    mg_dumpreader_options_t options = {.source = mg_filesource(&self->source),
                                       .keyring = self->keyring,
                                       .provider = (mg_aead_provider_t)config->dump.aead,
                                       .kdf_max_kib = config->dump.kdf_max_mib * KIB_PER_MIB,
                                       .on_record = s_on_record,
                                       .arg = self};
    self->fetch = s_fetch_mgd1;
    self->reader = mg_dumpreader_new(&options);
    mg_outcome_t outcome = self->reader ? mg_dumpreader_begin(self->reader, &why)
                                        : mg_verdict_io(&why, "reading the dump", ENOMEM);
    if (outcome == MG_OUTCOME_OK &&
        mg_dumpreader_header(self->reader)->payload_schema == MG_SCHEMA_OPAQUE) {
        outcome = mg_verdict_fail(&why, MG_OUTCOME_UNSUPPORTED,
                                  "the dump's payload is no state: it is a test of the container");
    }
    if (outcome == MG_OUTCOME_OK) {
        outcome = mg_dumpsteps_new(self->reader, &self->steps, &why);
    }
    return outcome == MG_OUTCOME_OK ? MG_EXIT_OK : s_refuse(self, &why);
}

/* ---- a Doorman dump ---- */

static void
s_enter_slot(mg_docsource_t *self)
{
    mg_cursor_seek(&self->cursor, mg_store_current(self->store), self->slots[self->slot],
                   mg_slice(NULL, 0));
}

static mg_exit_t
s_fetch_dmp1(mg_docsource_t *self, const mg_source_document_t **out)
{
    const mg_entry_t *entry = NULL;
    *out = NULL;
    while (self->slot < self->slot_count && (entry = mg_cursor_next(&self->cursor)) == NULL) {
        if (++self->slot < self->slot_count) {
            s_enter_slot(self);
        }
    }
    if (entry) {
        const mg_view_t *view = mg_store_current(self->store);
        self->document =
            (mg_source_document_t){.collection = mg_view_slot_name(view, self->slots[self->slot]),
                                   .key = mg_entry_key(entry),
                                   .body = mg_entry_body(entry),
                                   .expires_ns = entry->expires_ns,
                                   .rev = entry->rev};
        *out = &self->document;
    }
    return MG_EXIT_OK;
}

static mg_exit_t
s_open_dmp1(mg_docsource_t *self, const mg_config_t *config)
{
    mg_verdict_t why;
    mg_dmp1_info_t info;
    mg_dmp1file_t file = {.io = &mg_file_system,
                          .fd = self->source.fd,
                          .keyring = self->keyring,
                          .provider = (mg_aead_provider_t)config->dump.aead,
                          .max_mib = config->dump.import_max_mib};
    self->fetch = s_fetch_dmp1;
    if (mg_dmp1file_load(&file, &self->store, &info, &why) != MG_OUTCOME_OK) {
        return s_refuse(self, &why);
    }
    const mg_view_t *view = mg_store_current(self->store);
    self->slot_count = mg_view_slots_by_name(view, self->slots);
    for (int i = 0; i < self->slot_count; i++) {
        s_see_collection(self, mg_view_slot_name(view, self->slots[i]));
    }
    s_enter_slot(self);
    return MG_EXIT_OK;
}

static mg_exit_t
s_open(mg_docsource_t *self, const mg_config_t *config, const char *key_file)
{
    mg_verdict_t why;
    mg_exit_t code = mg_dumpkeys_open(config, key_file, &self->keyring);
    if (code != MG_EXIT_OK) {
        return code;
    }
    if (mg_dumpkeys_open_file(self->file, &self->source.fd, &why) != MG_OUTCOME_OK) {
        return s_refuse(self, &why);
    }
    return mg_dmp1file_is(&mg_file_system, self->source.fd) ? s_open_dmp1(self, config)
                                                            : s_open_mgd1(self, config);
}

mg_exit_t
mg_docsource_open_file(const char *file,
                       const mg_config_t *config,
                       const char *key_file,
                       const mg_source_filter_t *filter,
                       mg_docsource_t **out)
{
    mg_docsource_t *self = s_new(filter);
    if (!self) {
        return MG_EXIT_NO_MEMORY;
    }
    self->file = file;
    mg_exit_t code = s_open(self, config, key_file);
    if (code == MG_EXIT_OK) {
        *out = self;
    } else {
        mg_docsource_close(&self);
    }
    return code;
}

/* ---- a server ---- */

static mg_exit_t
s_take_reply(mg_docsource_t *self, Mg__ControlReply *reply)
{
    mg_exit_t code = (mg_exit_t)reply->exit_code;
    bool absent = !self->filter.strict && self->session == 0 &&
                  reply->status == MG__CONTROL_REPLY__STATUS__NOT_FOUND;
    if (reply->status == MG__CONTROL_REPLY__STATUS__OK) {
        self->page = reply;
        self->session = reply->page->session;
        self->ended = reply->page->end;
        return MG_EXIT_OK;
    }
    self->ended = true;
    if (!absent) {
        (void)fprintf(stderr, "memgate: %s\n", reply->text);
    }
    mg__control_reply__free_unpacked(reply, NULL);
    return absent ? MG_EXIT_OK : code;
}

static mg_exit_t
s_turn_page(mg_docsource_t *self)
{
    Mg__ControlReply *reply = NULL;
    Mg__ControlExport export = MG__CONTROL_EXPORT__INIT;
    Mg__ControlRequest request = MG__CONTROL_REQUEST__INIT;
    request.body_case = MG__CONTROL_REQUEST__BODY_EXPORT;
    request.export = &export;
    export.all = self->filter.collection == NULL;
    export.collection = mg_bus_bytes(mg_slice_text(self->filter.collection));
    export.max_bytes = PAGE_BYTES;
    export.session = self->session;
    if (self->page) {
        mg__control_reply__free_unpacked(self->page, NULL);
        self->page = NULL;
    }
    self->at = 0;
    mg_exit_t code = mg_client_send(self->client, &request, 1);
    if (code == MG_EXIT_OK) {
        code = mg_client_receive(self->client, &reply);
    }
    return code == MG_EXIT_OK ? s_take_reply(self, reply) : code;
}

static mg_exit_t
s_fetch_live(mg_docsource_t *self, const mg_source_document_t **out)
{
    mg_exit_t code = MG_EXIT_OK;
    *out = NULL;
    while (code == MG_EXIT_OK && !self->ended &&
           (!self->page || self->at == self->page->page->n_documents)) {
        code = s_turn_page(self);
    }
    if (code == MG_EXIT_OK && self->page && self->at < self->page->page->n_documents) {
        const Mg__Document *document = self->page->page->documents[self->at++];
        self->document = (mg_source_document_t){.collection = mg_bus_slice(document->collection),
                                                .key = mg_bus_slice(document->key),
                                                .body = mg_bus_slice(document->body),
                                                .expires_ns = document->expires_ns,
                                                .rev = document->rev};
        *out = &self->document;
    }
    return code;
}

mg_exit_t
mg_docsource_open_live(mg_client_t *client, const mg_source_filter_t *filter, mg_docsource_t **out)
{
    mg_docsource_t *self = s_new(filter);
    if (!self) {
        return MG_EXIT_NO_MEMORY;
    }
    self->client = client;
    self->fetch = s_fetch_live;
    *out = self;
    return MG_EXIT_OK;
}

/* ---- all of them ---- */

static bool
s_is_wanted(const mg_source_filter_t *filter, const mg_source_document_t *document)
{
    return (!filter->collection ||
            mg_slice_equal(document->collection, mg_slice_text(filter->collection))) &&
           (!filter->key || mg_slice_equal(document->key, mg_slice_text(filter->key)));
}

/* Asked at the end of a file; a server has refused long before. */
static mg_exit_t
s_check_collection(const mg_docsource_t *self)
{
    if (!self->file || !self->filter.strict || self->has_collection) {
        return MG_EXIT_OK;
    }
    (void)fprintf(stderr,
                  "memgate: %s: there is no collection \"%s\" in it; `memgate export %s` without "
                  "--collection shows what it holds.\n",
                  self->file, self->filter.collection, self->file);
    return MG_EXIT_MISSING;
}

mg_exit_t
mg_docsource_next(mg_docsource_t *self, const mg_source_document_t **out)
{
    mg_exit_t code = MG_EXIT_OK;
    do {
        code = self->fetch(self, out);
    } while (code == MG_EXIT_OK && *out && !s_is_wanted(&self->filter, *out));
    return code == MG_EXIT_OK && !*out ? s_check_collection(self) : code;
}
