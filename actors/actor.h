/* actor - what every actor is made of: start with a handshake, one loop over sockets and descriptors, end by $TERM.
 *
 * Owns     : the czmq actor and its loop; the actor's own state is `self`, made and freed on its thread.
 * Thread   : one per actor.
 * Takes    : the pipe carries the start status and $TERM, never data.
 * Fails    : mg_actor_start gives the status with which `create` failed (czmq itself would lose it).
 * Not here : messages (messages/bus.h). The loop never touches the edge-triggered ZMQ_FD.
 * Source   : design.md section 2, style.md section 2.4.
 */
#ifndef MG_ACTORS_ACTOR_H
#define MG_ACTORS_ACTOR_H

#include "core/histogram.h"
#include "messages/bus.h"
#include "messages/link.h"

typedef struct mg_loop mg_loop_t;

/* Called when its socket or descriptor is readable. Must take everything there is, or what it leaves is reported again. */
typedef void mg_loop_ready_t(void *self);

/* Watches a socket, a link (replies and deadlines), or a file descriptor. Only in `create` or on the actor's thread.
 * Fails MG_ERR_TOO_BIG past MG_LOOP_SOURCES_MAX. */
enum { MG_LOOP_SOURCES_MAX = 16, MG_LOOP_SLOW_MS = 10 };
MG_MUST_USE mg_status_t mg_loop_watch_socket(mg_loop_t *loop,
                                             zsock_t *sock,
                                             mg_loop_ready_t *ready);
MG_MUST_USE mg_status_t mg_loop_watch_link(mg_loop_t *loop, mg_link_t *link);
MG_MUST_USE mg_status_t mg_loop_watch_fd(mg_loop_t *loop, int fd, mg_loop_ready_t *ready);
/* Starts and stops reporting a watched socket: back-pressure. */
void mg_loop_pause_socket(mg_loop_t *loop, zsock_t *sock, bool paused);
/* True once $TERM waits at the pipe: a long job asks between its steps and ends early. */
bool mg_loop_is_ending(mg_loop_t *loop);
/* How long the turns of this loop took, without the waiting. */
const mg_histogram_t *mg_loop_turns(const mg_loop_t *loop);
/* Ends the loop after this turn, as if the actor had died: main then stops the program with exit 70. */
void mg_loop_fail(mg_loop_t *loop);

typedef struct mg_actor_ops {
    const char *name; /* thread name (15 bytes) and log field */
    bool prompt;      /* others wait for it: a turn longer than MG_LOOP_SLOW_MS is logged */
    /* Makes the actor's state on its own thread and registers what the loop watches. `args` is valid only during the call.
     * On failure it frees what it made and sets *out_self to NULL. */
    mg_status_t (*create)(const void *args, mg_loop_t *loop, void **out_self);
    /* Once per turn, after everything that was ready. Returns in how many milliseconds it wants the next turn even if
     * nothing becomes ready: 0 at once, -1 only then. May be NULL. */
    int64_t (*on_turn)(void *self, int64_t now_ms);
    void (*destroy)(void *self);
} mg_actor_ops_t;

/* Starts the actor and waits until `create` has ended. `*out` is the caller's, to be ended by mg_actor_stop. */
MG_MUST_USE mg_status_t mg_actor_start(const mg_actor_ops_t *ops, const void *args, zactor_t **out);
/* Sends $TERM and waits until the thread has ended and closed all it had, its pipe too. NULL-safe. Fit for any zactor. */
void mg_actor_stop(zactor_t **actor_p);
/* The same within `wait_ms`; false: it does not end, and stays the caller's. */
bool mg_actor_try_stop(zactor_t **actor_p, int wait_ms);
/* True when the actor has ended without $TERM (poll its pipe with zactor_sock). */
bool mg_actor_is_dead(zactor_t *actor);

#endif
