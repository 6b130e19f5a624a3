/* memgate inspect - what a dump file says of itself, and whether it is whole; needs no key and proves nothing. */
#include "cli/commands.h"
#include "cli/filecheck.h"
#include "cli/options.h"

#include <stddef.h>

mg_exit_t
mg_command_inspect(int argc, char **argv)
{
    mg_filecheck_t check = {.with_key = false};
    const mg_option_t options[] = {{"json", NULL, &check.json, "one JSON object"}, {0}};
    mg_options_t table = {.usage = "memgate inspect [--json] FILE",
                          .options = options,
                          .files_min = 1,
                          .files_max = 1,
                          .files = &check.file};
    mg_exit_t code = MG_EXIT_OK;
    return mg_options_read(&table, argc, argv, &code) ? mg_filecheck_run(&check) : code;
}
