/* main - finds the subcommand and runs it. */
#include "cli/commands.h"
#include "cli/options.h"

#include <sodium.h>

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    mg_command_t *run;
    const char *help;
} s_commands[] = {
    {"serve", mg_command_serve, "run the gateway in the foreground"},
    {"status", mg_command_status, "what a running server holds, and what a crash now would lose"},
    {"dump", mg_command_dump, "have the server write a dump"},
    {"dumps", mg_command_dumps, "list the dumps in the server's folder"},
    {"restore", mg_command_restore, "have the server go back to a dump"},
    {"autosave", mg_command_autosave, "show or switch automatic dumps"},
    {"shutdown", mg_command_shutdown, "have the server dump and end"},
    {"import", mg_command_import, "load documents (one JSON object a line) into the server"},
    {"export", mg_command_export,
     "write the documents of the server or of a dump, or their digest"},
    {"import-dump", mg_command_import_dump, "replace the server's state by a dump of Doorman"},
    {"events", mg_command_events, "what happens in the server; run a command after each dump"},
    {"inspect", mg_command_inspect, "show what a dump file says of itself; needs no key"},
    {"verify", mg_command_verify, "check a dump file from first to last byte"},
    {"diff", mg_command_diff, "what differs between two dumps, or a dump and the server"},
    {"rekey", mg_command_rekey, "seal dump files anew under the current key"},
    {"keygen", mg_command_keygen, "make a key for MEM_ENCRYPTION_KEY"},
    {"config", mg_command_config,
     "show the settings in force; check them, or a definition for ECS"},
    {"openapi", mg_command_openapi, "write the document of the platform API (OpenAPI 3.1)"},
    {"prepare", mg_command_prepare,
     "in a container, as root: give the dump folder to the server's user"},
    {"health", mg_command_health, "ends with 0 when the server is alive"},
    {"version", mg_command_version, "print the version"},
};

enum { COMMANDS = sizeof s_commands / sizeof *s_commands };

static void
s_print_usage(FILE *to)
{
    (void)fprintf(to, "usage: memgate COMMAND [OPTION ...]\n\n");
    for (size_t i = 0; i < COMMANDS; i++) {
        (void)fprintf(to, "  %-11s %s\n", s_commands[i].name, s_commands[i].help);
    }
    (void)fprintf(to, "\n`memgate COMMAND --help` tells more.\n");
}

mg_exit_t
mg_command_version(int argc, char **argv)
{
    const mg_option_t options[] = {{0}};
    mg_options_t table = {.usage = "memgate version", .options = options};
    mg_exit_t code = MG_EXIT_OK;
    if (mg_options_read(&table, argc, argv, &code)) {
        (void)printf("memgate %s\n", MG_VERSION);
        code = MG_EXIT_OK;
    }
    return code;
}

int
main(int argc, char **argv)
{
    if (sodium_init() < 0) {
        (void)fprintf(stderr,
                      "memgate: the cryptography library can not be used on this machine.\n");
        return MG_EXIT_ACTOR_DIED;
    }
    const char *name = argc > 1 ? argv[1] : "";
    if (strcmp(name, "--help") == 0 || strcmp(name, "help") == 0) {
        s_print_usage(stdout);
        return MG_EXIT_OK;
    }
    if (strcmp(name, "--version") == 0) {
        name = "version";
    }
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(s_commands[i].name, name) == 0) {
            return (int)s_commands[i].run(argc - 1, argv + 1);
        }
    }
    if (*name) {
        (void)fprintf(stderr, "memgate: there is no command \"%s\"; `memgate --help` lists them.\n",
                      name);
        return MG_EXIT_USAGE;
    }
    s_print_usage(stderr);
    return MG_EXIT_USAGE;
}
