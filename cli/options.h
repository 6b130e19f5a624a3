/* options - the arguments of a subcommand, by a small table.
 *
 * Owns     : nothing; texts point into argv.
 * Fails    : an unknown option, a missing value or too many files give a sentence on stderr and MG_EXIT_USAGE; --help
 *            prints the usage on stdout.
 * Source   : getopt_long(3) does the parsing.
 */
#ifndef MG_CLI_OPTIONS_H
#define MG_CLI_OPTIONS_H

#include "cli/exit.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct mg_option {
    const char *name;   /* without the dashes */
    const char **value; /* the option takes a value, which goes here; NULL: it is a flag */
    bool *flag;
    const char *help;
} mg_option_t;

typedef struct mg_options {
    const char *usage;          /* "memgate import [--collection NAME] FILE" */
    const mg_option_t *options; /* ends with a NULL name */
    int files_max;              /* how many arguments that are no options */
    int files_min;
    const char **files; /* where they go */
} mg_options_t;

/* Reads all of argv. True: go on; false: end with *out_exit. */
bool mg_options_read(const mg_options_t *options, int argc, char **argv, mg_exit_t *out_exit);
/* A whole number of at most 32 bits; false when `text` is none. */
bool mg_options_number(const char *text, uint32_t *out);

#endif
