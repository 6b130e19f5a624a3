/* chain - all dumps of one folder: each read to its end, and how they follow each other.
 *
 * Owns     : nothing between calls.
 * Thread   : main. Reads only; no lock is taken, so a server may be running.
 * Fails    : 65 when anything is found; 77 when no dump opens with the configured keys; 73 when the folder can not be read; 78 without a key.
 * Not here : one file by itself (cli/filecheck.h), chain links (core/chain.h).
 * Source   : dump-format.md sections 9 and 10.
 *
 * Found is what should not be: a file that is not good, a gap (the parent is not there although older dumps are), a mismatch (the
 * parent is another file), a fork (two dumps of one timeline after the same parent), a rollback (a timeline that goes back, or no
 * good dump as new as is demanded). Told, but no finding: that a restore went back on purpose, dumps of other stores, Doorman's.
 */
#ifndef MG_CLI_CHAIN_H
#define MG_CLI_CHAIN_H

#include "cli/exit.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct mg_chaincheck {
    const char *folder;
    const char *stem; /* NULL: that of MEM_DUMP_PATH */
    bool json;
    uint64_t min_generation; /* the newest good dump must be as new; 0: any */
} mg_chaincheck_t;

mg_exit_t mg_chaincheck_run(const mg_chaincheck_t *check);

#endif
