/* memgate config - the settings in force, the list of all there are, and checks before a deployment. */
#include "core/config.h"

#include "cli/commands.h"
#include "cli/ecscheck.h"
#include "cli/options.h"
#include "core/configshow.h"
#include "core/file.h"
#include "core/json.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { DEFINITION_MAX = 1 << 20 /* bytes of a definition of ECS */ };

/* Each line of `text` on stderr, behind a word. */
static void
s_tell(const char *word, const char *text)
{
    while (*text) {
        size_t len = strcspn(text, "\n");
        (void)fprintf(stderr, "memgate: %s%.*s\n", word, (int)len, text);
        text += len + (text[len] == '\n');
    }
}

/* Reads a file whole; false, with a sentence, when it can not be read or is too large. */
static bool
s_load(const char *path, mg_buf_t *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    uint8_t *room = fd >= 0 ? mg_buf_extend(out, DEFINITION_MAX) : NULL;
    size_t got = 0;
    ssize_t len = room ? 1 : -1;
    while (len > 0 && got < DEFINITION_MAX) {
        len = read(fd, room + got, DEFINITION_MAX - got);
        got += len > 0 ? (size_t)len : 0;
    }
    int error = errno;
    if (fd >= 0) {
        (void)close(fd);
    }
    if (len != 0) {
        (void)fprintf(stderr, "memgate: %s: %s\n", path,
                      len < 0 ? mg_fault_reason(error) : "larger than 1 MiB: no definition of ECS");
        return false;
    }
    out->len = got;
    return true;
}

static mg_exit_t
s_check_ecs(const char *path, mg_buf_t *problems, mg_buf_t *warnings)
{
    mg_buf_t text = {0};
    json_t *definition = NULL;
    mg_json_error_t error = {0};
    mg_exit_t code = MG_EXIT_MISSING;
    if (!s_load(path, &text)) {
        goto done;
    }
    code = MG_EXIT_DAMAGED;
    if (mg_json_parse(mg_buf_slice(&text), &definition, &error) != MG_OK) {
        (void)fprintf(stderr, "memgate: %s, line %u, column %u: %s\n", path, error.line,
                      error.column, error.text);
        goto done;
    }
    mg_ecs_check(definition, problems, warnings);
    code = problems->len ? MG_EXIT_CONFIG : MG_EXIT_OK;
done:
    json_decref(definition);
    mg_buf_free(&text);
    return code;
}

/* The environment as it is; with `show` what is in force goes to stdout. */
static mg_exit_t
s_read(bool serving, bool show, mg_buf_t *problems, mg_buf_t *warnings)
{
    mg_config_t config;
    mg_buf_t text = {0};
    mg_status_t status = mg_config_read(&config, serving, problems, warnings);
    if (show) {
        mg_config_show(&config, &text);
        (void)fputs(mg_buf_text(&text), stdout);
    }
    mg_config_destroy(&config);
    mg_buf_free(&text);
    return status == MG_OK ? MG_EXIT_OK : MG_EXIT_CONFIG;
}

static mg_exit_t
s_print_markdown(void)
{
    mg_buf_t text = {0};
    mg_config_markdown(&text);
    (void)fputs(mg_buf_text(&text), stdout);
    mg_buf_free(&text);
    return MG_EXIT_OK;
}

mg_exit_t
mg_command_config(int argc, char **argv)
{
    const char *ecs = NULL;
    const char *word = NULL;
    bool markdown = false;
    const mg_option_t options[] = {
        {"ecs", &ecs, NULL, "check: an ECS task or service definition instead of the environment"},
        {"markdown", NULL, &markdown, "the table of all settings, for the documentation"},
        {0}};
    mg_options_t table = {.usage = "memgate config [check [--ecs FILE]] [--markdown]",
                          .options = options,
                          .files_max = 1,
                          .files = &word};
    mg_exit_t code = MG_EXIT_OK;
    if (!mg_options_read(&table, argc, argv, &code)) {
        return code;
    }
    bool check = word && strcmp(word, "check") == 0;
    if ((word && !check) || (ecs && !check) || (markdown && check)) {
        (void)fprintf(stderr, "memgate: these arguments do not go together; usage: %s\n",
                      table.usage);
        return MG_EXIT_USAGE;
    }
    if (markdown) {
        return s_print_markdown();
    }
    mg_buf_t problems = {0};
    mg_buf_t warnings = {0};
    code =
        ecs ? s_check_ecs(ecs, &problems, &warnings) : s_read(check, !check, &problems, &warnings);
    s_tell("warning: ", mg_buf_text(&warnings));
    s_tell("", mg_buf_text(&problems));
    if (check && code == MG_EXIT_OK) {
        (void)printf("nothing is wrong with %s\n", ecs ? ecs : "the environment");
    }
    mg_buf_free(&problems);
    mg_buf_free(&warnings);
    return code;
}
