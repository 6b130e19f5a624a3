/* memgate export - the server's documents as NDJSON, from one consistent view, or their digest. */
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/ndjson.h"
#include "cli/options.h"
#include "core/digest.h"
#include "messages/bus.h"

/* What is done with each document. */
typedef struct sink {
    const char *collection; /* NULL: each line names collection and key */
    bool digesting;
    mg_digest_t digest;
    mg_buf_t line;
} sink_t;

static mg_exit_t
s_print(sink_t *sink, const Mg__Document *document)
{
    const mg_ndjson_source_t source = {.collection = mg_bus_slice(document->collection),
                                       .key = mg_bus_slice(document->key),
                                       .body = mg_bus_slice(document->body),
                                       .expires_ns = document->expires_ns};
    mg_buf_clear(&sink->line);
    mg_status_t status = mg_ndjson_write(&source, sink->collection, &sink->line);
    mg_buf_append_byte(&sink->line, '\n');
    if (status != MG_OK || !mg_buf_ok(&sink->line)) {
        (void)fprintf(
            stderr,
            "memgate: the document \"%.*s\" of %.*s can not be written as a line (%s); the "
            "export is not complete\n",
            (int)source.key.len, (const char *)source.key.data, (int)source.collection.len,
            (const char *)source.collection.data, mg_status_name(status));
        return MG_EXIT_DAMAGED;
    }
    if (fwrite(sink->line.data, 1, sink->line.len, stdout) != sink->line.len) {
        (void)fprintf(stderr,
                      "memgate: standard output can not be written; the export is not complete\n");
        return MG_EXIT_DUMP_FAILED;
    }
    return MG_EXIT_OK;
}

static mg_exit_t
s_take_page(sink_t *sink, const Mg__ExportPage *page)
{
    mg_exit_t code = MG_EXIT_OK;
    for (size_t i = 0; code == MG_EXIT_OK && i < page->n_documents; i++) {
        const Mg__Document *document = page->documents[i];
        if (sink->digesting) {
            mg_digest_add(&sink->digest, mg_bus_slice(document->collection),
                          mg_bus_slice(document->key), mg_bus_slice(document->body),
                          document->expires_ns);
        } else {
            code = s_print(sink, document);
        }
    }
    return code;
}

static mg_exit_t
s_walk(mg_client_t *client, sink_t *sink)
{
    Mg__ControlExport export = MG__CONTROL_EXPORT__INIT;
    Mg__ControlRequest request = MG__CONTROL_REQUEST__INIT;
    request.body_case = MG__CONTROL_REQUEST__BODY_EXPORT;
    request.export = &export;
    export.all = sink->collection == NULL;
    export.collection = mg_bus_bytes(mg_slice_text(sink->collection));
    export.max_bytes = 1 << 20;
    mg_exit_t code = MG_EXIT_OK;
    for (bool end = false; code == MG_EXIT_OK && !end;) {
        Mg__ControlReply *reply = NULL;
        code = mg_client_ask(client, &request, &reply);
        if (code == MG_EXIT_OK) {
            code = s_take_page(sink, reply->page);
            end = reply->page->end;
            export.session = reply->page->session;
            mg__control_reply__free_unpacked(reply, NULL);
        }
    }
    return code;
}

mg_exit_t
mg_command_export(int argc, char **argv)
{
    sink_t sink = {0};
    const mg_option_t options[] = {
        {"collection", &sink.collection, NULL, "only this one; lines are the bare documents"},
        {"digest", NULL, &sink.digesting, "print one digest of all documents instead"},
        {0}};
    mg_exit_t code = MG_EXIT_OK;
    mg_options_t table = {.usage = "memgate export [--collection NAME] [--digest]",
                          .options = options};
    if (!mg_options_read(&table, argc, argv, &code)) {
        return code;
    }
    mg_digest_begin(&sink.digest);
    mg_client_t *client = NULL;
    code = mg_client_open(&client);
    if (code == MG_EXIT_OK) {
        code = s_walk(client, &sink);
    }
    if (code == MG_EXIT_OK && sink.digesting) {
        char digest[MG_DIGEST_TEXT_SIZE];
        mg_digest_end(&sink.digest, digest);
        (void)printf("%s\n", digest);
    }
    if (fflush(stdout) != 0 && code == MG_EXIT_OK) {
        (void)fprintf(stderr,
                      "memgate: standard output can not be written; the export is not complete\n");
        code = MG_EXIT_DUMP_FAILED;
    }
    mg_client_close(&client);
    mg_buf_free(&sink.line);
    return code;
}
