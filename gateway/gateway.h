/* gateway - the actor that serves HTTP.
 *
 * Owns     : the HTTP daemon and its connections, its view of the state, its caches.
 * Takes    : GatewayRequest (messages/gateway.proto) on MG_BUS_GATEWAY; Events of the dump actor.
 * Sends    : OpenView, ReleaseView, Write, StatsQuery to the state; DumpRequest, RestoreRequest, DumpStatusQuery to the dump actor;
 *            HashPassword, CheckPassword to the hasher; AutosaveReload to autosave.
 * Fails    : at start with MG_ERR_EXISTS when the port is taken, MG_ERR_INVALID when the host is no address of this machine,
 *            MG_ERR_TOO_BIG when the limit of open files is too low.
 * Not here : HTTP (gateway/server.h), what requests stand on (gateway/service.h), what is answered (gateway/dispatch.h).
 * Source   : design.md sections 2 and 5.
 *
 * It starts in the phase STARTING. Tokens are signed with the configured secret, or with the key in the META record `jwt_key`.
 */
#ifndef MG_GATEWAY_GATEWAY_H
#define MG_GATEWAY_GATEWAY_H

#include "actors/actor.h"
#include "core/config.h"

#include <stdatomic.h>

/* All of it outlives the actor. */
typedef struct mg_gateway_args {
    const mg_config_http_t *http;
    const mg_config_dump_t *dump;
    _Atomic uint64_t *version; /* the state actor's newest version */
} mg_gateway_args_t;

extern const mg_actor_ops_t mg_gateway_actor;

#endif
