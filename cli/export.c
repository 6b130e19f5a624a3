/* memgate export - the documents of the server, from one consistent view, or of a dump file, as NDJSON; or their digest. */
#include "cli/commands.h"
#include "cli/ndjson.h"
#include "cli/options.h"
#include "cli/settings.h"
#include "cli/source.h"
#include "core/digest.h"

typedef struct export
{
    mg_source_filter_t filter; /* a collection: each line is the bare document */
    const char *file;          /* NULL: the running server */
    const char *key_file;
    bool digesting;
    mg_digest_t digest;
    mg_buf_t line;
}
export_t;

static mg_exit_t
s_fail_output(void)
{
    (void)fprintf(stderr,
                  "memgate: standard output can not be written; the export is not complete\n");
    return MG_EXIT_DUMP_FAILED;
}

static mg_exit_t
s_print(export_t *self, const mg_source_document_t *document)
{
    const mg_ndjson_source_t source = {.collection = document->collection,
                                       .key = document->key,
                                       .body = document->body,
                                       .expires_ns = document->expires_ns};
    mg_buf_clear(&self->line);
    mg_status_t status = mg_ndjson_write(&source, self->filter.collection, &self->line);
    mg_buf_append_byte(&self->line, '\n');
    if (status != MG_OK || !mg_buf_ok(&self->line)) {
        (void)fprintf(
            stderr,
            "memgate: the document \"%.*s\" of %.*s can not be written as a line (%s); the "
            "export is not complete\n",
            (int)source.key.len, (const char *)source.key.data, (int)source.collection.len,
            (const char *)source.collection.data, mg_status_name(status));
        return MG_EXIT_DAMAGED;
    }
    bool written = fwrite(self->line.data, 1, self->line.len, stdout) == self->line.len;
    return written ? MG_EXIT_OK : s_fail_output();
}

static mg_exit_t
s_take(export_t *self, const mg_source_document_t *document)
{
    if (!self->digesting) {
        return s_print(self, document);
    }
    mg_digest_add(&self->digest, document->collection, document->key, document->body,
                  document->expires_ns);
    return MG_EXIT_OK;
}

static mg_exit_t
s_walk(export_t *self, mg_docsource_t *source)
{
    const mg_source_document_t *document = NULL;
    mg_exit_t code = MG_EXIT_OK;
    do {
        code = mg_docsource_next(source, &document);
        if (code == MG_EXIT_OK && document) {
            code = s_take(self, document);
        }
    } while (code == MG_EXIT_OK && document);
    return code;
}

static mg_exit_t
s_open_file(const export_t *self, mg_docsource_t **out)
{
    mg_config_t config = {0};
    mg_exit_t code = mg_settings_read(&config);
    if (code == MG_EXIT_OK) {
        code = mg_docsource_open_file(self->file, &config, self->key_file, &self->filter, out);
    }
    mg_config_destroy(&config);
    return code;
}

static mg_exit_t
s_export(export_t *self)
{
    mg_client_t *client = NULL;
    mg_docsource_t *source = NULL;
    mg_exit_t code = MG_EXIT_OK;
    mg_digest_begin(&self->digest);
    if (self->file) {
        code = s_open_file(self, &source);
    } else if ((code = mg_client_open(&client)) == MG_EXIT_OK) {
        code = mg_docsource_open_live(client, &self->filter, &source);
    }
    if (code == MG_EXIT_OK) {
        code = s_walk(self, source);
    }
    if (code == MG_EXIT_OK && self->digesting) {
        char digest[MG_DIGEST_TEXT_SIZE];
        mg_digest_end(&self->digest, digest);
        (void)printf("%s\n", digest);
    }
    mg_docsource_close(&source);
    mg_client_close(&client);
    return code;
}

mg_exit_t
mg_command_export(int argc, char **argv)
{
    export_t self = {.filter.strict = true};
    const mg_option_t options[] = {
        {"collection", &self.filter.collection, NULL,
         "only this one; lines are the bare documents"},
        {"digest", NULL, &self.digesting, "print one digest of all documents instead"},
        {"key-file", &self.key_file, NULL, "keys for FILE, one a line, instead of the configured"},
        {0}};
    mg_exit_t code = MG_EXIT_OK;
    mg_options_t table = {.usage = "memgate export [--collection NAME] [--digest] [--key-file F] "
                                   "[FILE]  (without FILE: the running server)",
                          .options = options,
                          .files_max = 1,
                          .files = &self.file};
    if (!mg_options_read(&table, argc, argv, &code)) {
        return code;
    }
    if (self.key_file && !self.file) {
        (void)fprintf(stderr,
                      "memgate: --key-file goes with a FILE; the server has its own keys.\n");
        return MG_EXIT_USAGE;
    }
    code = s_export(&self);
    if (fflush(stdout) != 0 && code == MG_EXIT_OK) {
        code = s_fail_output();
    }
    mg_buf_free(&self.line);
    return code;
}
