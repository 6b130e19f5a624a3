/* filecheck - reads one dump file without a server and says what came of it: the core of inspect and verify.
 *
 * Owns     : nothing between calls.
 * Thread   : main.
 * Fails    : the exit code is the outcome's (core/outcome.h), 78 without a usable key; one sentence goes to stderr.
 * Not here : dumps of a running server (cli/dump.c).
 * Source   : dump-format.md section 5.
 */
#ifndef MG_CLI_FILECHECK_H
#define MG_CLI_FILECHECK_H

#include "cli/exit.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct mg_filecheck {
    const char *file;
    bool with_key;           /* verify with the configured key; else look at what needs none */
    bool json;               /* one object on stdout instead of lines */
    uint64_t min_generation; /* 0: any */
} mg_filecheck_t;

/* Reads the file, prints what it says of itself, and gives the exit code. */
mg_exit_t mg_filecheck_run(const mg_filecheck_t *check);

#endif
