/* memgate import - documents from NDJSON into the server, in batches, several of them under way at once. */
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/ndjson.h"
#include "cli/options.h"
#include "messages/bus.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    BATCH_DOCUMENTS = 1000,
    BATCH_BYTES = 1 << 20, /* with one more document behind it far below MG_CONTROL_REQUEST_MAX */
    WINDOW = 4             /* batches under way */
};

typedef struct import {
    mg_client_t *client;
    const char *collection;
    const char *file;
    bool progress;
    Mg__Op ops[BATCH_DOCUMENTS];
    Mg__Op *list[BATCH_DOCUMENTS];
    mg_ndjson_document_t documents[BATCH_DOCUMENTS]; /* their bytes, reused from batch to batch */
    size_t count;
    size_t bytes;
    uint64_t line;       /* number of the line being read */
    uint64_t first_line; /* of the batch being filled */
    unsigned under_way;
    uint64_t stored;
} import_t;

/* Takes one reply. Its id is the number of the batch's first line (blank lines never are in the middle of a batch). */
static mg_exit_t
s_take_reply(import_t *self)
{
    Mg__ControlReply *reply = NULL;
    mg_exit_t code = mg_client_receive(self->client, &reply);
    if (code != MG_EXIT_OK) {
        return code;
    }
    self->under_way--;
    if (reply->status != MG__CONTROL_REPLY__STATUS__OK) {
        uint32_t at = reply->written ? reply->written->failed_at : 0;
        (void)fprintf(
            stderr,
            "memgate: %s, line %llu: %s The batch that begins at line %llu was not stored; "
            "mend the line and import the file again.\n",
            self->file, (unsigned long long)reply->id + at, reply->text,
            (unsigned long long)reply->id);
        code = (mg_exit_t)reply->exit_code;
    }
    mg__control_reply__free_unpacked(reply, NULL);
    return code;
}

static mg_exit_t
s_send_batch(import_t *self)
{
    if (self->count == 0) {
        return MG_EXIT_OK;
    }
    mg_exit_t code = MG_EXIT_OK;
    while (code == MG_EXIT_OK && self->under_way >= WINDOW) {
        code = s_take_reply(self);
    }
    Mg__ControlWrite write = MG__CONTROL_WRITE__INIT;
    Mg__ControlRequest request = MG__CONTROL_REQUEST__INIT;
    request.body_case = MG__CONTROL_REQUEST__BODY_WRITE;
    request.write = &write;
    write.n_ops = self->count;
    write.ops = self->list;
    if (code == MG_EXIT_OK) {
        code = mg_client_send(self->client, &request, self->first_line);
    }
    self->under_way += code == MG_EXIT_OK;
    self->stored += self->count;
    self->count = 0;
    self->bytes = 0;
    if (self->progress) {
        (void)fprintf(stderr, "\r%llu documents", (unsigned long long)self->stored);
    }
    return code;
}

static mg_exit_t
s_add_line(import_t *self, mg_slice_t line)
{
    char why[MG_NDJSON_WHY_SIZE] = "";
    if (self->count == 0) {
        self->first_line = self->line;
    }
    mg_ndjson_document_t *document = &self->documents[self->count];
    if (mg_ndjson_parse(line, self->collection, document, why) != MG_OK) {
        (void)fprintf(
            stderr,
            "memgate: %s, line %llu, %s. Lines before it were stored; mend it and import the "
            "file again.\n",
            self->file, (unsigned long long)self->line, why);
        self->first_line = self->line;
        return MG_EXIT_DAMAGED;
    }
    Mg__Op *op = &self->ops[self->count];
    mg__op__init(op);
    op->collection = mg_bus_bytes(mg_buf_slice(&document->collection));
    op->key = mg_bus_bytes(mg_buf_slice(&document->key));
    op->body = mg_bus_bytes(mg_buf_slice(&document->body));
    op->expires_ns = document->expires_ns;
    self->list[self->count++] = op;
    self->bytes += document->body.len + document->key.len + document->collection.len;
    return self->count == BATCH_DOCUMENTS || self->bytes >= BATCH_BYTES ? s_send_batch(self)
                                                                        : MG_EXIT_OK;
}

static bool
s_is_blank(const char *line, size_t len)
{
    return strspn(line, " \t\r\n") >= len;
}

static mg_exit_t
s_unreadable(const char *file, int error, mg_exit_t code)
{
    char reason[128];
    (void)fprintf(stderr, "memgate: %s can not be read: %s.\n", file,
                  strerror_r(error, reason, sizeof reason));
    return code;
}

static mg_exit_t
s_read_lines(import_t *self, FILE *from)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t len = 0;
    mg_exit_t code = MG_EXIT_OK;
    errno = 0;
    while (code == MG_EXIT_OK && (len = getline(&line, &room, from)) > 0) {
        self->line++;
        if (s_is_blank(line, (size_t)len)) {
            code = s_send_batch(self); /* so that line numbers within a batch have no gaps */
        } else {
            code = s_add_line(self, mg_slice(line, (size_t)len));
        }
    }
    free(line);
    if (code == MG_EXIT_OK && ferror(from)) {
        code = s_unreadable(self->file, errno, MG_EXIT_DUMP_FAILED);
    }
    mg_exit_t rest = s_send_batch(self); /* what came before a bad line is stored all the same */
    while (self->under_way > 0 && rest == MG_EXIT_OK) {
        rest = s_take_reply(self);
    }
    return code == MG_EXIT_OK ? rest : code;
}

static void
s_free(import_t *self)
{
    mg_client_close(&self->client);
    for (size_t i = 0; i < BATCH_DOCUMENTS; i++) {
        mg_ndjson_free(&self->documents[i]);
    }
    free(self);
}

static mg_exit_t
s_import(import_t *self)
{
    bool standard_input = strcmp(self->file, "-") == 0;
    FILE *from = standard_input ? stdin : fopen(self->file, "re");
    struct stat found;
    if (from && fstat(fileno(from), &found) == 0 && S_ISDIR(found.st_mode)) {
        (void)fclose(from);
        from = NULL;
        errno = EISDIR;
    }
    if (!from) {
        return s_unreadable(self->file, errno, MG_EXIT_MISSING);
    }
    mg_exit_t code = mg_client_open(&self->client);
    if (code == MG_EXIT_OK) {
        code = s_read_lines(self, from);
    }
    if (!standard_input) {
        (void)fclose(from);
    }
    if (self->progress) {
        (void)fprintf(stderr, "\n");
    }
    return code;
}

mg_exit_t
mg_command_import(int argc, char **argv)
{
    import_t *self = calloc(1, sizeof *self);
    if (!self) {
        return MG_EXIT_NO_MEMORY;
    }
    const mg_option_t options[] = {{"collection", &self->collection, NULL,
                                    "where the documents go; without it each line says so"},
                                   {0}};
    mg_options_t table = {.usage = "memgate import [--collection NAME] FILE|-",
                          .options = options,
                          .files_min = 1,
                          .files_max = 1,
                          .files = &self->file};
    mg_exit_t code = MG_EXIT_OK;
    if (mg_options_read(&table, argc, argv, &code)) {
        self->progress = isatty(STDERR_FILENO);
        code = s_import(self);
        if (code == MG_EXIT_OK) {
            (void)fprintf(stderr, "memgate: %llu documents stored\n",
                          (unsigned long long)self->stored);
        }
    }
    s_free(self);
    return code;
}
