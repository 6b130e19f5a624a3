/* memgate export - the server's documents as NDJSON, from one consistent view, or their digest. */
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "core/digest.h"
#include "core/json.h"
#include "messages/bus.h"

/* What is done with each document. */
typedef struct sink {
    bool with_names; /* each line names collection and key */
    bool digesting;
    mg_digest_t digest;
    mg_buf_t line;
} sink_t;

static mg_exit_t
s_print(sink_t *sink, const Mg__Document *document)
{
    mg_buf_clear(&sink->line);
    if (sink->with_names) {
        mg_buf_append_text(&sink->line, "{\"collection\":");
        mg_json_write_text(mg_bus_slice(document->collection), &sink->line);
        mg_buf_append_text(&sink->line, ",\"key\":");
        mg_json_write_text(mg_bus_slice(document->key), &sink->line);
        mg_buf_append_text(&sink->line, ",\"document\":");
    }
    mg_status_t status =
        mg_json_write(mg_bus_slice(document->body), MG_JSON_EXTENDED, NULL, &sink->line);
    mg_buf_append_text(&sink->line, sink->with_names ? "}\n" : "\n");
    if (status != MG_OK || !mg_buf_ok(&sink->line)) {
        (void)fprintf(stderr, "memgate: a document can not be written as JSON: %s\n",
                      mg_status_name(status));
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
s_walk(mg_client_t *client, const char *collection, sink_t *sink)
{
    Mg__ControlExport export = MG__CONTROL_EXPORT__INIT;
    Mg__ControlRequest request = MG__CONTROL_REQUEST__INIT;
    request.body_case = MG__CONTROL_REQUEST__BODY_EXPORT;
    request.export = &export;
    export.all = collection == NULL;
    export.collection = mg_bus_bytes(mg_slice_text(collection));
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
    const char *collection = NULL;
    sink_t sink = {0};
    const mg_option_t options[] = {
        {"collection", &collection, NULL, "only this one; lines are the bare documents"},
        {"digest", NULL, &sink.digesting, "print one digest of all documents instead"},
        {0}};
    mg_exit_t code = MG_EXIT_OK;
    mg_options_t table = {.usage = "memgate export [--collection NAME] [--digest]",
                          .options = options};
    if (!mg_options_read(&table, argc, argv, &code)) {
        return code;
    }
    sink.with_names = collection == NULL;
    mg_digest_begin(&sink.digest);
    mg_client_t *client = NULL;
    code = mg_client_open(&client);
    if (code == MG_EXIT_OK) {
        code = s_walk(client, collection, &sink);
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
