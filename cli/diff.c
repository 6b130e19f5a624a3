/* memgate diff - what changed between two dumps, or between a dump and the running server. */
#include "cli/commands.h"
#include "cli/differences.h"
#include "cli/options.h"
#include "cli/settings.h"

#include <string.h>

static const char s_live[] = "live";

typedef struct diff {
    const char *side[2];
    mg_source_filter_t filter;
    const char *key_file;
    bool json;
    mg_config_t own; /* when no server is asked */
    mg_client_t *client;
    mg_docsource_t *source[2];
} diff_t;

static bool
s_is_live(const diff_t *self, int side)
{
    return strcmp(self->side[side], s_live) == 0;
}

/* The environment can be read once: by the client if there is one. */
static mg_exit_t
s_prepare(diff_t *self, const mg_config_t **config)
{
    if (s_is_live(self, 0) || s_is_live(self, 1)) {
        mg_exit_t code = mg_client_open(&self->client);
        *config = code == MG_EXIT_OK ? mg_client_config(self->client) : NULL;
        return code;
    }
    *config = &self->own;
    return mg_settings_read(&self->own);
}

static mg_exit_t
s_open(diff_t *self, const mg_config_t *config, int side)
{
    return s_is_live(self, side)
               ? mg_docsource_open_live(self->client, &self->filter, &self->source[side])
               : mg_docsource_open_file(self->side[side], config, self->key_file, &self->filter,
                                        &self->source[side]);
}

static mg_exit_t
s_diff(diff_t *self)
{
    const mg_config_t *config = NULL;
    mg_exit_t code = s_prepare(self, &config);
    for (int side = 0; side < 2 && code == MG_EXIT_OK; side++) {
        code = s_open(self, config, side);
    }
    if (code == MG_EXIT_OK) {
        code = mg_differences_print(self->source[0], self->source[1], self->json);
    }
    mg_docsource_close(&self->source[0]);
    mg_docsource_close(&self->source[1]);
    mg_client_close(&self->client);
    mg_config_destroy(&self->own);
    return code;
}

mg_exit_t
mg_command_diff(int argc, char **argv)
{
    diff_t self = {0};
    const mg_option_t options[] = {{"json", NULL, &self.json, "one JSON object"},
                                   {"collection", &self.filter.collection, NULL, "only this one"},
                                   {"key-file", &self.key_file, NULL,
                                    "keys for both files, one a line, instead of the configured"},
                                   {0}};
    mg_options_t table = {
        .usage =
            "memgate diff [--json] [--collection NAME] [--key-file F] BEFORE AFTER  (each a dump, "
            "or the word live; ends with 0: the same, 1: different)",
        .options = options,
        .files_min = 2,
        .files_max = 2,
        .files = self.side};
    mg_exit_t code = MG_EXIT_OK;
    return mg_options_read(&table, argc, argv, &code) ? s_diff(&self) : code;
}
