/* commands - the subcommands: one function each, in a file of its name.
 *
 * Thread : main.
 * Takes  : the arguments behind the command's name (argv[0] is the name itself).
 * Fails  : the exit code says how it ended (cli/exit.h); what went wrong is one sentence on stderr.
 *
 * Data goes to stdout, talk to stderr. `--json` wherever there is something to read.
 */
#ifndef MG_CLI_COMMANDS_H
#define MG_CLI_COMMANDS_H

#include "cli/exit.h"

typedef mg_exit_t mg_command_t(int argc, char **argv);

mg_command_t mg_command_serve;
mg_command_t mg_command_status;
mg_command_t mg_command_dump;
mg_command_t mg_command_dumps;
mg_command_t mg_command_restore;
mg_command_t mg_command_inspect;
mg_command_t mg_command_verify;
mg_command_t mg_command_diff;
mg_command_t mg_command_rekey;
mg_command_t mg_command_import;
mg_command_t mg_command_import_dump;
mg_command_t mg_command_export;
mg_command_t mg_command_autosave;
mg_command_t mg_command_shutdown;
mg_command_t mg_command_events;
mg_command_t mg_command_keygen;
mg_command_t mg_command_config;
mg_command_t mg_command_openapi;
mg_command_t mg_command_prepare;
mg_command_t mg_command_health;
mg_command_t mg_command_version;

#endif
