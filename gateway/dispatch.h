/* dispatch - from a whole request to its handler: one path, one order of checks.
 *
 * Owns     : nothing.
 * Thread   : the gateway's.
 * Fails    : each check that fails answers the request.
 * Not here : the table (gateway/routes.h), the checks before the body (gateway/gate.h).
 *
 * A request whose head came while the gateway was READY is served to its end, also when it is STOPPING by then.
 * The order: size of the body (413, before it is read) - route (404, 405, OPTIONS) - phase (503) - fresh view - address filter (403) - login (401) - CSRF (401) - the route's own
 * first rules - permission (403) - If-Match (412) - Idempotency-Key (as before) - handler.
 */
#ifndef MG_GATEWAY_DISPATCH_H
#define MG_GATEWAY_DISPATCH_H

#include "gateway/request.h"

enum {
    MG_DISPATCH_RUNS_MAX = 500 /* a write that meets so many others in a row is answered 503 */
};

/* Finds the row of a request whose head has passed the gate, and with it the limit of its body. */
void mg_dispatch_route(mg_request_t *request);
/* Runs a request whose body is complete. Afterwards it is answered, or parked. */
void mg_dispatch(mg_request_t *request);
/* Runs it once more from the checks on, on the newest state: another actor has replied. */
void mg_dispatch_again(mg_request_t *request);
/* The view that it waited for has come: runs it if that is new enough. */
void mg_dispatch_resume(mg_request_t *request);
/* After a continuation: sends the answer if there is one, or 500 if the request neither answered nor waits. */
void mg_dispatch_settle(mg_request_t *request);

#endif
