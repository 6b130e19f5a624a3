/* settings - the configuration of a command that is no server.
 *
 * Owns     : nothing; the configuration is the caller's, to be destroyed in every case.
 * Thread   : main. To be read once in a process: secrets are overwritten in the environment.
 * Fails    : MG_EXIT_CONFIG, with all that is wrong on stderr.
 */
#ifndef MG_CLI_SETTINGS_H
#define MG_CLI_SETTINGS_H

#include "cli/exit.h"
#include "core/config.h"

mg_exit_t mg_settings_read(mg_config_t *out);

#endif
