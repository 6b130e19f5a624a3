/* client - the command line's end of the control socket.
 *
 * Owns     : one DEALER socket, the configuration it was found with.
 * Thread   : main.
 * Fails    : each failure prints one sentence on stderr and gives the exit code to end with.
 * Not here : the protocol (messages/control.proto), the server's end (actors/control.h).
 */
#ifndef MG_CLI_CLIENT_H
#define MG_CLI_CLIENT_H

#include "cli/exit.h"
#include "core/config.h"
#include "messages/control.pb-c.h"

#include <czmq.h>

typedef struct mg_client mg_client_t;

/* Connects to the server of this environment (PORT, MEMGATE_CONTROL). MG_EXIT_UNAVAILABLE: nobody serves there. */
mg_exit_t mg_client_open(mg_client_t **out);
void mg_client_close(mg_client_t **self_p);

/* Sends a request; `id` comes back in its reply. */
mg_exit_t mg_client_send(mg_client_t *self, Mg__ControlRequest *request, uint64_t id);
/* Waits for the next reply, whatever it says; the caller frees it. */
mg_exit_t mg_client_receive(mg_client_t *self, Mg__ControlReply **out);
/* One request, of which `body` is the message that `body_case` names, and its reply; a reply that is not OK prints its
 * sentence, is freed, and gives its exit code. */
mg_exit_t mg_client_ask(mg_client_t *self,
                        Mg__ControlRequest__BodyCase body_case,
                        void *body,
                        Mg__ControlReply **out);
/* The same in one go: opens, asks, closes. */
mg_exit_t
mg_client_ask_once(Mg__ControlRequest__BodyCase body_case, void *body, Mg__ControlReply **out);

/* A SUB socket to the server's events: two frames each, name and packed Event. The caller destroys it. */
mg_exit_t mg_client_subscribe(mg_client_t *self, zsock_t **out);
/* True when nobody serves the control socket any more; always false on tcp. */
bool mg_client_is_gone(const mg_client_t *self);

/* What the environment says; it can not be read a second time. */
const mg_config_t *mg_client_config(const mg_client_t *self);
/* The path of a dump as the server is to find it: a relative one that is there as the caller sees it becomes absolute; any
 * other stays as it is, and the server takes a relative one to be below its dump folder. `out` is appended to. */
void mg_client_file(const char *file, mg_buf_t *out);

#endif
