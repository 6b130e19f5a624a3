/* memgate openapi - the API document as YAML or JSON; docs/openapi.yaml is made by it. */
#include "gateway/openapi.h"

#include "cli/commands.h"
#include "cli/options.h"
#include "core/yaml.h"

#include <stdio.h>
#include <stdlib.h>

static bool
s_print_json(const json_t *document)
{
    char *text = json_dumps(document, JSON_COMPACT);
    bool made = text && puts(text) >= 0;
    free(text);
    return made;
}

static bool
s_print_yaml(const json_t *document)
{
    mg_buf_t text = {0};
    mg_yaml_write(document, &text);
    bool made = mg_buf_ok(&text) && fputs(mg_buf_text(&text), stdout) >= 0;
    mg_buf_free(&text);
    return made;
}

mg_exit_t
mg_command_openapi(int argc, char **argv)
{
    bool json = false;
    const mg_option_t options[] = {{"json", NULL, &json, "in one line of JSON, as it is served"},
                                   {0}};
    mg_options_t table = {.usage = "memgate openapi [--json]", .options = options};
    mg_exit_t code = MG_EXIT_OK;
    if (!mg_options_read(&table, argc, argv, &code)) {
        return code;
    }
    json_t *document = mg_openapi_new();
    bool made = document && (json ? s_print_json(document) : s_print_yaml(document));
    json_decref(document);
    if (!made) {
        (void)fprintf(stderr, "memgate: the document could not be made for want of memory.\n");
    }
    return made ? MG_EXIT_OK : MG_EXIT_NO_MEMORY;
}
