/* idle - work that gives way: it runs when nobody else on the machine wants a processor.
 *
 * Owns     : nothing.
 * Thread   : any.
 * Fails    : never; what can not be idle competes with everybody.
 * Not here : what is urgent (actors/dump.c).
 * Source   : sched(7): a thread without privileges can lower itself but never raise itself again.
 */
#ifndef MG_ACTORS_IDLE_H
#define MG_ACTORS_IDLE_H

#include <stdbool.h>

typedef void mg_idle_fn(void *arg);

/* The calling thread is idle from here on, for good; false: the system refuses. */
bool mg_idle_become(void);
/* Runs fn(arg) to its end in an idle thread while the caller waits, so all that is the caller's is fn's meanwhile, sockets too. */
void mg_idle_run(mg_idle_fn *fn, void *arg);

#endif
