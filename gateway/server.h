/* server - HTTP connections: libmicrohttpd driven by the actor's own loop.
 *
 * Owns     : the daemon, its listening socket, the list of connections.
 * Thread   : the gateway's; the daemon has no thread of its own.
 * Takes    : the time with each turn.
 * Fails    : MG_ERR_EXISTS the port is taken; MG_ERR_INVALID the host is no address; MG_ERR_TOO_BIG the limit of open files does
 *            not allow so many connections; MG_ERR_IO.
 * Not here : requests (gateway/exchange.h), time limits (gateway/connections.h).
 * Source   : design.md section 5; epoll without internal thread, suspend and resume.
 */
#ifndef MG_GATEWAY_SERVER_H
#define MG_GATEWAY_SERVER_H

#include "core/config.h"
#include "core/status.h"
#include "gateway/request.h"

typedef struct mg_server mg_server_t;

enum {
    MG_SERVER_SPARE_FILES = 64 /* descriptors left for dumps, sockets and logs */
};

/* Binds and listens; the port is then known. */
MG_MUST_USE mg_status_t mg_server_new(mg_service_t *service, mg_server_t **out);
/* Ends all connections. Every request must have been answered or be dropped: it answers those that wait itself. */
void mg_server_destroy(mg_server_t **self_p);
/* The port that is bound, also when the configuration said 0. */
uint16_t mg_server_port(const mg_server_t *self);
/* Readable when there is something to do. */
int mg_server_fd(const mg_server_t *self);
/* Does what there is to do; returns in how many milliseconds it wants to be called again at the latest. */
int64_t mg_server_turn(mg_server_t *self, int64_t now_ms);
/* Reads certificate and key again, and logs how it went; nothing without TLS. */
void mg_server_reload_tls(mg_server_t *self);
/* Takes no new connection from now on, and ends each with its next answer. */
void mg_server_stop_accepting(mg_server_t *self);
/* Requests whose head was complete and that are not answered in full: silence, and half a head, are owed no answer. */
uint32_t mg_server_owed(const mg_server_t *self);
uint32_t mg_server_connections(const mg_server_t *self);
/* Connections that the reaper has ended so far. */
uint64_t mg_server_reaped(const mg_server_t *self);
#endif
