/* execqueue - runs a command for one dump after another, never two at once, and never for longer than it may.
 *
 * Owns     : what waits (at most MG_EXEC_WAITING_MAX dumps; beyond that the oldest gives way), the running child and its group.
 * Thread   : main; SIGCHLD is blocked, and somebody calls mg_execqueue_turn when it came.
 * Fails    : a command that can not be started, fails or is killed is told on stderr; the next one is run all the same.
 * Not here : where dumps come from (cli/events.c).
 *
 * The command is given to /bin/sh with the dump's path as one more argument, and in its environment MEMGATE_DUMP_PATH, _GENERATION,
 * _DOCUMENTS, _BYTES, _CREATED_AT, _TRIGGER and _KEY_ID. Secrets have left the environment before (core/config.h). Standard output
 * goes to standard error, standard input is empty.
 */
#ifndef MG_CLI_EXECQUEUE_H
#define MG_CLI_EXECQUEUE_H

#include "messages/dump.pb-c.h"

#include <stdbool.h>
#include <stdint.h>

enum { MG_EXEC_WAITING_MAX = 16 };

typedef struct mg_execqueue mg_execqueue_t;

/* NULL: out of memory. */
mg_execqueue_t *mg_execqueue_new(const char *command, int64_t limit_ms);
/* Kills what runs; NULL-safe. */
void mg_execqueue_destroy(mg_execqueue_t **self_p);

/* One more dump, whose command is run when those before it are done. */
void mg_execqueue_add(mg_execqueue_t *self, const Mg__DumpInfo *dump);
/* Takes note of what has ended, kills what is late, starts what is next. Returns in how many milliseconds it wants to be
 * called again; -1: not before something happens. */
int64_t mg_execqueue_turn(mg_execqueue_t *self, int64_t now_ms);
/* True while something runs or waits. */
bool mg_execqueue_is_busy(const mg_execqueue_t *self);
/* Forgets what waits; with `kill` ends what runs, too. */
void mg_execqueue_stop(mg_execqueue_t *self, bool kill);

#endif
