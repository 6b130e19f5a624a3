/* idle - work that gives way: it runs when nobody else on the machine wants a processor.
 *
 * Owns     : nothing.
 * Thread   : any.
 * Fails    : never; what can not be idle competes with everybody.
 * Not here : what is urgent (actors/dump.c).
 * Source   : sched(7): a thread without privileges can lower itself but never raise itself again.
 *
 * On a busy machine an idle thread may stand still for seconds, wherever it is. So it must hold nothing that others wait for: no socket whose
 * other end is one of theirs (ZeroMQ locks a mailbox while it sends), no lock, no memory of a heap that they share (cli/serve.c).
 */
#ifndef MG_ACTORS_IDLE_H
#define MG_ACTORS_IDLE_H

#include <czmq.h>

#include <stdbool.h>

enum { MG_IDLE_TEND_MS = 20 };

typedef void mg_idle_fn(void *arg);

/* The calling thread is idle from here on, for good; false: the system refuses. */
bool mg_idle_become(void);

/* What the caller does meanwhile: tend(arg), which empties the inbox, at the beginning, when the inbox holds a message, MG_IDLE_TEND_MS
 * later at the latest, and once more at the end. */
typedef struct mg_idle_tender {
    zsock_t *inbox;
    mg_idle_fn *tend;
    void *arg;
} mg_idle_tender_t;

/* Runs work(arg) to its end in an idle thread. Without a thread it runs in the caller's, untended. */
void mg_idle_run(mg_idle_fn *work, void *arg, const mg_idle_tender_t *tender);

#endif
