/* signals - the actor that turns signals into messages.
 *
 * Owns     : a signalfd. main has blocked these signals before the first thread.
 * Takes    : SIGUSR1, SIGTERM, SIGINT, SIGHUP (unless it was ignored when the program began, as nohup does), SIGQUIT.
 * Sends    : DumpRequest{SIGUSR1} to the dump actor; StopRequest to the supervisor. Each names the sender's pid and uid.
 *            With TLS SIGHUP is ReloadTls to the gateway; without, the terminal is gone, and it is a StopRequest.
 * Fails    : never by a signal; a request that finds nobody (still starting, already stopping) is logged.
 * Not here : what a stop means (cli/supervisor.c).
 */
#ifndef MG_ACTORS_SIGNALS_H
#define MG_ACTORS_SIGNALS_H

#include "actors/actor.h"

typedef struct mg_signals_args {
    bool tls; /* the gateway has a certificate */
} mg_signals_args_t;

extern const mg_actor_ops_t mg_signals_actor;

/* Blocks in the calling thread, and in all it starts, every signal but those of errors, job control and profiling. */
MG_MUST_USE mg_status_t mg_signals_block(void);

#endif
