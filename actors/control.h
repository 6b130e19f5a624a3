/* control - the actor that serves ops tools from outside: status, dumps, restore, settings, batches, export, events.
 *
 * Owns     : a ROUTER socket (ipc, or tcp with CURVE and a list of client keys), a PUB socket beside it, export sessions.
 * Takes    : ControlRequest (messages/control.proto) from REQ and DEALER peers; events from MG_BUS_EVENTS.
 * Sends    : one ControlReply to each; the same messages to state, dump, autosave and supervisor as everyone else; each
 *            event to PUB as two frames: its name, the packed Event.
 * Fails    : to start with MG_ERR_EXISTS (endpoint taken), MG_ERR_INVALID (endpoint or keys); a request that does not parse,
 *            is too large or comes when too many are under way gets a reply that says so.
 * Not here : the client (cli/client.h).
 * Source   : design.md section 6.
 */
#ifndef MG_ACTORS_CONTROL_H
#define MG_ACTORS_CONTROL_H

#include "actors/actor.h"

enum {
    MG_CONTROL_REQUEST_MAX = 32 << 20, /* bytes of one request */
    MG_CONTROL_WAITING_MAX = 256,      /* requests under way */
    MG_CONTROL_REPLY_MS = 24 * 3600000 /* a dump takes as long as it takes */
};

typedef struct mg_control_args {
    const char *endpoint;   /* "ipc://..." or "tcp://..." */
    const char *secret_key; /* tcp: the server's CURVE key, z85; NULL on ipc */
    const char
        *client_keys;   /* tcp: public keys that may connect, z85, divided by spaces or commas */
    int64_t started_ns; /* wall time of the start, for the uptime */
} mg_control_args_t;

extern const mg_actor_ops_t mg_control_actor;

/* Where events are streamed: the control endpoint followed by ".events" (ipc), or the next port (tcp). Appended. */
void mg_control_events_endpoint(const char *endpoint, mg_buf_t *out);

#endif
