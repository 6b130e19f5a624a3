/* children - the actors of the server: which there are, how each is started, in which order they end.
 *
 * Owns     : every actor; the version number that state and gateway share.
 * Thread   : main.
 * Fails    : an actor that does not start is logged with the way out; the exit code says what it was.
 * Not here : when they are started and why they are stopped (cli/supervisor.c).
 */
#ifndef MG_CLI_CHILDREN_H
#define MG_CLI_CHILDREN_H

#include "actors/actor.h"
#include "cli/exit.h"
#include "core/config.h"

#include <stdatomic.h>

enum { MG_SEALERS_MAX = 4 };

/* In the order of their start; they end in reverse. */
enum {
    MG_CHILD_SIGNALS,
    MG_CHILD_STATE,
    MG_CHILD_SEALERS, /* at idle priority, while serving */
    MG_CHILD_URGENT_SEALERS =
        MG_CHILD_SEALERS + MG_SEALERS_MAX, /* at normal priority, for what others wait for */
    MG_CHILD_DUMP = MG_CHILD_URGENT_SEALERS + MG_SEALERS_MAX,
    MG_CHILD_HASHER,
    MG_CHILD_GATEWAY,
    MG_CHILD_AUTOSAVE,
    MG_CHILD_CONTROL,
    MG_CHILDREN
};

typedef struct mg_children {
    char host[256]; /* of this machine, for headers and the lock */
    const mg_config_t *config;
    _Atomic uint64_t version;     /* the state's newest; written by the state actor alone */
    int64_t started_ns;           /* Unix time */
    zactor_t *actor[MG_CHILDREN]; /* NULL: not running */
    const char *name[MG_CHILDREN];
    mg_exit_t failed; /* exit code of the actor that did not start */
} mg_children_t;

void mg_children_init(mg_children_t *self, const mg_config_t *config);
/* Everything that must run before the state is restored. */
mg_exit_t mg_children_start_first(mg_children_t *self);
/* What serves a state that is there. */
mg_exit_t mg_children_start_rest(mg_children_t *self);
/* Ends all that run, the last one started first, within `wait_ms`. The name of the one that does not end, and then those
 * before it run on; NULL: all have ended. */
const char *mg_children_stop(mg_children_t *self, int wait_ms);

#endif
