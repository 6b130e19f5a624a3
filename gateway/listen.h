/* listen - the listening socket, and how many connections the limit of open files allows.
 *
 * Owns     : nothing; the descriptor is the caller's.
 * Fails    : MG_ERR_EXISTS: the address is taken; MG_ERR_INVALID: the host cannot be resolved or is not ours;
 *            MG_ERR_TOO_BIG: not even MG_LISTEN_CONNECTIONS_MIN connections fit; MG_ERR_IO.
 * Not here : accepting (gateway/server.c).
 */
#ifndef MG_GATEWAY_LISTEN_H
#define MG_GATEWAY_LISTEN_H

#include "core/status.h"

#include <stdint.h>

enum { MG_LISTEN_CONNECTIONS_MIN = 16, MG_LISTEN_BACKLOG = 1024 };

/* Binds host:port (0: any free one) and listens. */
MG_MUST_USE mg_status_t mg_listen(const char *host, uint16_t port, int *out_fd, uint16_t *out_port);
/* At most `wanted` connections beside `spare` other descriptors; raises this process' soft limit as far as it may. */
MG_MUST_USE mg_status_t mg_listen_limit(uint32_t wanted, uint32_t spare, uint32_t *out);

#endif
