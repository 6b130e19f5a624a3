/* manager - memgate as somebody's service: tells the manager that started it how it is, and that it is alive.
 *
 * Owns     : the manager's socket, a subscription to the events, the beat of the watchdog.
 * Thread   : main.
 * Takes    : events from MG_BUS_EVENTS; the environment: NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID.
 * Sends    : StatsQuery to the state and Ping to the gateway, each half interval of the watchdog.
 * Fails    : never: what can not be told is one WARN. Without NOTIFY_SOCKET it does nothing.
 * Not here : the words (cli/herald.h), the socket (cli/notify.h).
 * Source   : sd_notify(3), sd_watchdog_enabled(3).
 *
 * While it serves, a beat means: state and gateway have answered since the last one. The dump actor is not asked: a disk that
 * stands still is no reason to end the process that holds the state.
 */
#ifndef MG_CLI_MANAGER_H
#define MG_CLI_MANAGER_H

#include "cli/herald.h"
#include "cli/notify.h"
#include "core/config.h"
#include "messages/link.h"

typedef struct mg_manager {
    mg_notify_t notify;
    mg_herald_t herald;
    zsock_t *events;  /* NULL: nobody is told anything */
    mg_link_t *state; /* borrowed */
    mg_link_t *gateway;
    int64_t beat_every_ms; /* 0: no watchdog */
    int64_t beat_ms;       /* the next one */
    int asked;             /* questions that are not answered yet */
    int64_t retry_ms;      /* the manager's queue was full: the same again; 0: it was not */
} mg_manager_t;

/* The links outlive it. */
void mg_manager_open(mg_manager_t *self,
                     const mg_config_service_t *config,
                     mg_link_t *state,
                     mg_link_t *gateway);
void mg_manager_close(mg_manager_t *self);
/* It is ready to serve. */
void mg_manager_ready(mg_manager_t *self);
/* It ends, here and now or after a last dump; `why` it has to, or NULL. */
void mg_manager_stopping(mg_manager_t *self, const char *why);
/* Takes the events there are, looks after the watchdog, and tells what is due. Returns in how many milliseconds it wants to be
 * called again, -1: not before an event. */
int64_t mg_manager_turn(mg_manager_t *self, int64_t now_ms);

#endif
