#include "cli/options.h"

#include <ctype.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPTIONS_MAX = 16, HELP = 1000 };

/* An option is known to getopt by its row's number from 1, which is no letter. */

static void
s_print_help(const mg_options_t *options)
{
    (void)printf("usage: %s\n", options->usage);
    for (const mg_option_t *option = options->options; option->name; option++) {
        (void)printf("  --%-12s %s\n", option->name, option->help);
    }
}

static int
s_make_table(const mg_options_t *options, struct option table[OPTIONS_MAX])
{
    int count = 0;
    for (; count < OPTIONS_MAX - 2 && options->options[count].name; count++) {
        int takes = options->options[count].value ? required_argument : no_argument;
        table[count] = (struct option){options->options[count].name, takes, NULL, count + 1};
    }
    table[count] = (struct option){"help", no_argument, NULL, HELP};
    table[count + 1] = (struct option){0};
    return count;
}

/* The sentence about wrong arguments, with the way to use the command. */
static bool
s_refuse(const mg_options_t *options, const char *what, const char *argument)
{
    (void)fprintf(stderr, "memgate: %s%s; usage: %s\n", what, argument, options->usage);
    return false;
}

static bool
s_take_files(const mg_options_t *options, int argc, char **argv)
{
    int count = argc - optind;
    if (count < options->files_min) {
        return s_refuse(options, "an argument is missing", "");
    }
    if (count > options->files_max) {
        return s_refuse(options, "one argument too many: ", argv[optind + options->files_max]);
    }
    for (int i = 0; i < count; i++) {
        if (!*argv[optind + i]) {
            return s_refuse(options, "an argument is empty", "");
        }
        options->files[i] = argv[optind + i];
    }
    return true;
}

static bool
s_take_option(const mg_options_t *options, int which, char **argv)
{
    bool known = which > 0 && which < OPTIONS_MAX;
    const mg_option_t *option = known ? &options->options[which - 1] : NULL;
    if (which == ':') {
        return s_refuse(options, "a value is missing behind ", argv[optind - 1]);
    }
    if (!option) { /* also a value behind an option that takes none: optopt tells which */
        bool value = optopt > 0 && optopt < OPTIONS_MAX;
        return s_refuse(options, value ? "no value goes with " : "there is no option ",
                        argv[optind - 1]);
    }
    if (option->flag) {
        *option->flag = true;
    } else if (*optarg) {
        *option->value = optarg;
    } else {
        return s_refuse(options, "the value is empty of --", option->name);
    }
    return true;
}

bool
mg_options_read(const mg_options_t *options, int argc, char **argv, mg_exit_t *out_exit)
{
    struct option table[OPTIONS_MAX];
    (void)s_make_table(options, table);
    *out_exit = MG_EXIT_USAGE;
    optind = 1;
    int which = 0;
    // NOLINTNEXTLINE(concurrency-mt-unsafe): before any other thread
    while ((which = getopt_long(argc, argv, ":", table, NULL)) != -1) {
        if (which == HELP) {
            s_print_help(options);
            *out_exit = MG_EXIT_OK;
            return false;
        }
        if (!s_take_option(options, which, argv)) {
            return false;
        }
    }
    return s_take_files(options, argc, argv);
}

bool
mg_options_number(const char *text, uint32_t *out)
{
    char *end = NULL;
    unsigned long number = isdigit((unsigned char)text[0]) ? strtoul(text, &end, 10) : 0;
    if (!end || *end || number > UINT32_MAX) {
        return false;
    }
    *out = (uint32_t)number;
    return true;
}
