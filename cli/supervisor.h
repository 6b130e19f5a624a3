/* supervisor - starts the actors in order, takes them through restore, service and shutdown, ends them in reverse.
 *
 * Owns     : every actor of the server; the shared version number; the decision when and how to stop.
 * Thread   : main.
 * Takes    : StopRequest (messages/supervisor.proto) on MG_BUS_SUPERVISOR, from signals and the control socket.
 * Sends    : Freeze, Thaw to the state; RestoreRequest and the final DumpRequest to the dump actor; SetPhase to the gateway.
 * Fails    : with the exit code of what failed; an actor that ends by itself is exit 70, after a final dump if state and
 *            dump still live.
 * Not here : what the environment says (core/config.h), what the actors do, what the service manager is told (cli/manager.h).
 * Source   : design.md section 2.
 *
 *     RESTORING -> SERVING -> DRAINING -> DUMPING -> ended
 *         |  stop: exit 0, no dump           |  three tries within the grace, then exit 74
 */
#ifndef MG_CLI_SUPERVISOR_H
#define MG_CLI_SUPERVISOR_H

#include "cli/exit.h"
#include "core/config.h"

/* Runs the server until it has ended. Signals are blocked already (actors/signals.h). */
mg_exit_t mg_supervise(const mg_config_t *config);

#endif
