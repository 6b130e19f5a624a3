/* memgate verify - checks a dump file from first to last byte with the configured key, in constant memory. */
#include "cli/chain.h"
#include "cli/commands.h"
#include "cli/filecheck.h"
#include "cli/options.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

/* A generation: 1 to 2^63 - 1. */
static bool
s_read_generation(const char *text, uint64_t *out)
{
    char *end = NULL;
    errno = 0;
    uintmax_t value = strtoumax(text, &end, 10);
    bool good = text[0] >= '0' && text[0] <= '9' && *end == 0 && errno == 0 && value >= 1 &&
                value <= INT64_MAX;
    if (good) {
        *out = (uint64_t)value;
    }
    return good;
}

mg_exit_t
mg_command_verify(int argc, char **argv)
{
    const char *minimum = NULL;
    const char *stem = NULL;
    bool chain = false;
    bool no_key = false;
    mg_filecheck_t check = {.with_key = true};
    const mg_option_t options[] = {
        {"json", NULL, &check.json, "one JSON object"},
        {"no-key", NULL, &no_key, "look for accidents only, as inspect does"},
        {"min-generation", &minimum, NULL, "refuse dumps of an older generation"},
        {"chain", NULL, &chain, "check all dumps of a folder, and how they follow each other"},
        {"stem", &stem, NULL,
         "with --chain: what their names begin with, if not as MEM_DUMP_PATH says"},
        {0}};
    mg_options_t table = {.usage =
                              "memgate verify [--json] [--no-key] [--min-generation N] FILE, or "
                              "memgate verify --chain [--json] [--stem S] [--min-generation N] DIR",
                          .options = options,
                          .files_min = 1,
                          .files_max = 1,
                          .files = &check.file};
    mg_exit_t code = MG_EXIT_OK;
    if (!mg_options_read(&table, argc, argv, &code)) {
        return code;
    }
    if (minimum && !s_read_generation(minimum, &check.min_generation)) {
        (void)fprintf(stderr, "memgate: --min-generation takes a number from 1 to 2^63-1.\n");
        return MG_EXIT_USAGE;
    }
    if ((chain && no_key) || (stem && !chain)) {
        (void)fprintf(stderr, "memgate: %s.\n",
                      stem && !chain ? "--stem goes with --chain" : "--chain needs the key");
        return MG_EXIT_USAGE;
    }
    if (chain) {
        return mg_chaincheck_run(&(mg_chaincheck_t){.folder = check.file,
                                                    .stem = stem,
                                                    .json = check.json,
                                                    .min_generation = check.min_generation});
    }
    check.with_key = !no_key;
    return mg_filecheck_run(&check);
}
