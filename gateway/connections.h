/* connections - who is connected, where each one's request stands, and who takes too long.
 *
 * Owns     : one record per open connection; the sockets belong to the HTTP library.
 * Thread   : one per list, no locks.
 * Takes    : the time with each call.
 * Fails    : without memory a connection is not watched; the library's own idle limit still ends it.
 * Not here : bytes (gateway/exchange.h).
 *
 * The library's timeout counts silence only, so a client that trickles bytes could stay for ever. Each stage of a request has a
 * total time here: a head so many seconds; a body or an answer as many as its bytes take at the lowest rate, after a start in which
 * it may be slower. Bytes of an answer count when the client's machine has taken them (TCP_INFO), so one that does not read is found
 * also when all of its answer fits into the kernel's buffer. A socket that exceeds its time is shut down and reset, and the library
 * closes it. So is one whose client left before its request was whole: an end of file that comes together with the last bytes is
 * not seen by the library (0.9.75, edge-triggered epoll).
 */
#ifndef MG_GATEWAY_CONNECTIONS_H
#define MG_GATEWAY_CONNECTIONS_H

#include <stdint.h>

typedef struct mg_connection_limits {
    int64_t head_ms; /* for a head; also until the first request line of a connection is there */
    int64_t idle_ms; /* between two requests */
    int64_t transfer_ms; /* for a body or an answer, besides what its bytes take */
    uint32_t rate;       /* bytes per second, at least 1 */
} mg_connection_limits_t;

typedef enum mg_stage {
    MG_STAGE_IDLE,
    MG_STAGE_HEAD,
    MG_STAGE_BODY,
    MG_STAGE_WAITING, /* for another actor: the request's slot has the deadline */
    MG_STAGE_ANSWER,
    MG_STAGES
} mg_stage_t;

typedef struct mg_connection mg_connection_t;

/* Start from zero but for the limits. */
typedef struct mg_connections {
    mg_connection_limits_t limits;
    mg_connection_t *first;
    uint32_t count;
    void *owner; /* the list's user, found again by mg_connection_owner */
} mg_connections_t;

/* A new connection on socket `fd`, whose first head is awaited from `now_ms` on. NULL: out of memory. */
mg_connection_t *mg_connections_add(mg_connections_t *self, int fd, int64_t now_ms);
/* Forgets it; sets *connection_p to NULL. NULL-safe. */
void mg_connections_remove(mg_connections_t *self, mg_connection_t **connection_p);
/* Its request has reached a stage. */
void mg_connection_enter(mg_connection_t *connection, mg_stage_t stage, int64_t now_ms);
/* So many bytes of the body have come. */
void mg_connection_advance(mg_connection_t *connection, uint64_t bytes);
/* The request that is under way on it, NULL: none. Lent: the library may end a connection without a word about its request
 * (0.9.75, when a query has more names than its memory), then it is found here. */
void mg_connection_hold(mg_connection_t *connection, void *request);
void *mg_connection_held(const mg_connection_t *connection);
/* The owner of the list that it is in. */
void *mg_connection_owner(const mg_connection_t *connection);
/* Shuts down those whose stage has lasted too long or whose client left in the middle of a request; returns how many. */
unsigned mg_connections_reap(const mg_connections_t *self, int64_t now_ms);

#endif
