/* memgate restore - has the server go back to a dump; or shows what that would change; or brings back a part of one. */
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/differences.h"
#include "cli/options.h"
#include "cli/putback.h"
#include "cli/render.h"
#include "messages/bus.h"

#include <unistd.h>

typedef struct restore {
    const char *file; /* "": the newest good dump */
    const char *key_file;
    mg_source_filter_t filter;
    bool json;
    bool dry_run;
    bool delete_missing;
    mg_client_t *client;
} restore_t;

static void
s_print_restored(const restore_t *self, const Mg__RestoreInfo *restore)
{
    if (self->json) {
        mg_render_print(json_pack("{s:o, s:o, s:o}", "restored", mg_render_dump(restore->dump),
                                  "before", mg_render_dump(restore->before), "after",
                                  mg_render_dump(restore->after)));
        return;
    }
    (void)printf("restored from dump %s\n", restore->dump->path);
    if (restore->before) {
        (void)printf("the state before it is in %s: `memgate restore %s` undoes this\n",
                     restore->before->path, restore->before->path);
    }
}

/* ---- all of a dump: the server does it ---- */

static mg_exit_t
s_restore_all(const restore_t *self)
{
    mg_buf_t path = {0};
    if (*self->file) {
        mg_client_file(self->file, &path);
    }
    Mg__ControlRestore restore = MG__CONTROL_RESTORE__INIT;
    restore.path = mg_bus_text(mg_buf_text(&path));
    Mg__ControlReply *reply = NULL;
    mg_exit_t code =
        mg_client_ask(self->client, MG__CONTROL_REQUEST__BODY_RESTORE, &restore, &reply);
    mg_buf_free(&path);
    if (code == MG_EXIT_OK) {
        s_print_restored(self, reply->restore);
        mg__control_reply__free_unpacked(reply, NULL);
    }
    return code;
}

/* ---- the file is read here ---- */

/* The path of the newest dump that header and footer prove. */
static mg_exit_t
s_find_newest(const restore_t *self, mg_buf_t *out)
{
    Mg__ControlList list = MG__CONTROL_LIST__INIT;
    Mg__ControlReply *reply = NULL;
    mg_exit_t code = mg_client_ask(self->client, MG__CONTROL_REQUEST__BODY_LIST, &list, &reply);
    if (code != MG_EXIT_OK) {
        return code;
    }
    for (size_t i = 0; i < reply->list->n_dumps && out->len == 0; i++) {
        const Mg__DumpInfo *dump = reply->list->dumps[i];
        mg_buf_append_text(out, strcmp(dump->outcome, "OK") == 0 ? dump->path : "");
    }
    mg__control_reply__free_unpacked(reply, NULL);
    if (out->len == 0) {
        (void)fprintf(stderr, "memgate: there is no dump to restore\n");
        return MG_EXIT_MISSING;
    }
    return MG_EXIT_OK;
}

/* A file that is not here is looked for in the server's folder. */
static mg_exit_t
s_find_in_folder(const restore_t *self, mg_buf_t *out)
{
    Mg__ControlStatus status = MG__CONTROL_STATUS__INIT;
    Mg__ControlReply *reply = NULL;
    mg_exit_t code = mg_client_ask(self->client, MG__CONTROL_REQUEST__BODY_STATUS, &status, &reply);
    if (code == MG_EXIT_OK) {
        mg_buf_append_format(out, "%s/%s", reply->info->dumps->folder, self->file);
        mg__control_reply__free_unpacked(reply, NULL);
    }
    return code;
}

static mg_exit_t
s_find(const restore_t *self, mg_buf_t *out)
{
    if (!*self->file) {
        return s_find_newest(self, out);
    }
    if (self->file[0] != '/' && access(self->file, F_OK) != 0) {
        return s_find_in_folder(self, out);
    }
    mg_buf_append_text(out, self->file);
    return MG_EXIT_OK;
}

static mg_exit_t
s_open_file(const restore_t *self, const char *path, mg_docsource_t **out)
{
    return mg_docsource_open_file(path, mg_client_config(self->client), self->key_file,
                                  &self->filter, out);
}

/* Nothing is brought back from a file that was not read to its end, or that does not have what is wanted. */
static mg_exit_t
s_prove(const restore_t *self, const char *path)
{
    uint64_t found = 0;
    mg_docsource_t *dump = NULL;
    const mg_source_document_t *document = NULL;
    mg_exit_t code = s_open_file(self, path, &dump);
    do {
        code = code == MG_EXIT_OK ? mg_docsource_next(dump, &document) : code;
        found += code == MG_EXIT_OK && document;
    } while (code == MG_EXIT_OK && document);
    mg_docsource_close(&dump);
    if (code == MG_EXIT_OK && found == 0 && !self->delete_missing) {
        (void)fprintf(
            stderr, "memgate: %s holds no such document; `memgate export %s` shows what it holds\n",
            path, path);
        return MG_EXIT_MISSING;
    }
    return code;
}

static mg_exit_t
s_compare(const restore_t *self, mg_docsource_t *live, mg_docsource_t *dump)
{
    if (self->dry_run) {
        mg_exit_t code = mg_differences_print(live, dump, self->json);
        return code == MG_EXIT_DIFFERENT ? MG_EXIT_OK : code;
    }
    const mg_putback_t putback = {.client = self->client,
                                  .filter = &self->filter,
                                  .delete_missing = self->delete_missing,
                                  .json = self->json};
    return mg_putback_run(&putback, live, dump);
}

static mg_exit_t
s_read_here(const restore_t *self)
{
    mg_buf_t path = {0};
    mg_docsource_t *live = NULL;
    mg_docsource_t *dump = NULL;
    mg_exit_t code = s_find(self, &path);
    if (code == MG_EXIT_OK && !self->dry_run) {
        code = s_prove(self, mg_buf_text(&path));
    }
    if (code == MG_EXIT_OK) {
        code = s_open_file(self, mg_buf_text(&path), &dump);
    }
    if (code == MG_EXIT_OK) {
        code = mg_docsource_open_live(self->client, &self->filter, &live);
    }
    if (code == MG_EXIT_OK) {
        code = s_compare(self, live, dump);
    }
    mg_docsource_close(&live);
    mg_docsource_close(&dump);
    mg_buf_free(&path);
    return code;
}

static mg_exit_t
s_check(const restore_t *self)
{
    const char *wrong = NULL;
    if (self->filter.key && !self->filter.collection) {
        wrong = "--key goes with --collection";
    } else if (self->delete_missing && !self->filter.collection) {
        wrong =
            "--delete-missing goes with --collection; a whole restore replaces everything anyway";
    } else if (self->delete_missing && self->dry_run) {
        wrong = "--dry-run shows removed documents always; it takes no --delete-missing";
    } else if (self->key_file && !self->filter.collection && !self->dry_run) {
        wrong = "--key-file goes with --collection or --dry-run; else the server uses its own keys";
    } else if (self->filter.collection && !*self->file) {
        wrong = "--collection goes with a FILE";
    }
    if (wrong) {
        (void)fprintf(stderr, "memgate: %s.\n", wrong);
    }
    return wrong ? MG_EXIT_USAGE : MG_EXIT_OK;
}

mg_exit_t
mg_command_restore(int argc, char **argv)
{
    restore_t self = {.file = ""};
    const mg_option_t options[] = {
        {"json", NULL, &self.json, "one JSON object"},
        {"dry-run", NULL, &self.dry_run, "only show what would change, as memgate diff live FILE"},
        {"collection", &self.filter.collection, NULL, "bring back only this collection"},
        {"key", &self.filter.key, NULL, "and of it only this document"},
        {"delete-missing", NULL, &self.delete_missing, "and remove what the dump does not have"},
        {"key-file", &self.key_file, NULL, "keys for FILE, one a line, instead of the configured"},
        {0}};
    mg_options_t table = {
        .usage = "memgate restore [--json] [--dry-run] [--collection NAME [--key KEY] "
                 "[--delete-missing]] [--key-file F] [FILE]  (without FILE: the newest good dump)",
        .options = options,
        .files_max = 1,
        .files = &self.file};
    mg_exit_t code = MG_EXIT_OK;
    if (!mg_options_read(&table, argc, argv, &code)) {
        return code;
    }
    code = s_check(&self);
    if (code == MG_EXIT_OK) {
        code = mg_client_open(&self.client);
    }
    if (code == MG_EXIT_OK) {
        code = self.dry_run || self.filter.collection ? s_read_here(&self) : s_restore_all(&self);
    }
    mg_client_close(&self.client);
    return code;
}
