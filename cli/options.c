#include "cli/options.h"

#include <ctype.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPTIONS_MAX = 16, HELP = 1000 };

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
        table[count] = (struct option){options->options[count].name, takes, NULL, count};
    }
    table[count] = (struct option){"help", no_argument, NULL, HELP};
    table[count + 1] = (struct option){0};
    return count;
}

static bool
s_take_files(const mg_options_t *options, int argc, char **argv)
{
    int count = argc - optind;
    if (count < options->files_min || count > options->files_max) {
        (void)fprintf(stderr, "usage: %s\n", options->usage);
        return false;
    }
    for (int i = 0; i < count; i++) {
        options->files[i] = argv[optind + i];
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
    while ((which = getopt_long(argc, argv, "", table, NULL)) != -1) {
        if (which == HELP) {
            s_print_help(options);
            *out_exit = MG_EXIT_OK;
            return false;
        }
        if (which < 0 || which >= OPTIONS_MAX) { /* getopt has said what is wrong */
            (void)fprintf(stderr, "usage: %s\n", options->usage);
            return false;
        }
        const mg_option_t *option = &options->options[which];
        if (option->value) {
            *option->value = optarg;
        } else {
            *option->flag = true;
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
