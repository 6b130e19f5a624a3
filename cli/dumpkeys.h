/* dumpkeys - what a command needs to read and seal dump files by itself: the secrets, and the file.
 *
 * Owns     : nothing; the ring is the caller's.
 * Thread   : main.
 * Fails    : one sentence on stderr, and MG_EXIT_CONFIG or MG_EXIT_NO_MEMORY.
 * Source   : dump-format.md section 3.
 */
#ifndef MG_CLI_DUMPKEYS_H
#define MG_CLI_DUMPKEYS_H

#include "cli/exit.h"
#include "core/config.h"
#include "core/keyring.h"

/* A ring of MEM_ENCRYPTION_KEY and the previous ones; with `key_file` of the secrets in that file, one a line, the first being
 * the current one, and of nothing else. */
mg_exit_t mg_dumpkeys_open(const mg_config_t *config, const char *key_file, mg_keyring_t **out);
/* The secret in a file as it is written there, without its newline, in `out`, which the caller wipes. */
mg_exit_t mg_dumpkeys_read_file(const char *key_file, mg_buf_t *out);
/* Opens a file that should be a dump: no device, no waiting. MISSING, IO, NOT_A_DUMP. */
MG_MUST_USE mg_outcome_t mg_dumpkeys_open_file(const char *path, int *out_fd, mg_verdict_t *why);

#endif
