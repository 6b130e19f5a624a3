/* exchange - one request and its answer, as the HTTP library reports them.
 *
 * Owns     : each mg_request_t from its request line to its end.
 * Thread   : the gateway's; the library calls back on it.
 * Sends    : nothing; a complete request goes to gateway/dispatch.h.
 * Fails    : a head that the gate refuses is answered 400, a body over the limit 413, both close the connection; without
 *            memory the connection ends.
 * Not here : the daemon itself (gateway/server.h).
 * Source   : design.md section 5; libmicrohttpd's manual for the order of callbacks.
 */
#ifndef MG_GATEWAY_EXCHANGE_H
#define MG_GATEWAY_EXCHANGE_H

#include "gateway/coding.h"
#include "gateway/connections.h"
#include "gateway/cors.h"
#include "gateway/prepared.h"
#include "gateway/request.h"

#include <microhttpd.h>

enum {
    MG_EXCHANGE_BODIES_MAX = 256 << 20, /* bytes of all bodies under way together */
    MG_EXCHANGE_DROPPED_MAX =
        16 << 20 /* bytes of a refused body that are read so that its client sees the answer */
};

/* What all exchanges of one server share. */
struct mg_exchanges {
    mg_service_t *service;
    mg_connections_t connections;
    bool stopping;     /* each answer ends its connection */
    uint32_t owed;     /* answers: heads were complete, and not all of the answer is sent */
    size_t body_bytes; /* of all bodies under way */
    int64_t now_ms;    /* of this turn */
    uint32_t unlogged; /* requests since the last line of the access log */
    mg_gzip_t *gzip;   /* NULL: answers are not packed */
    mg_preparations_t *preparations;
    mg_cors_t cors;
    mg_requestids_t ids;
    size_t fixed_count;
    mg_fixed_header_t fixed[MG_FIXED_HEADERS_MAX];
};

/* The request line is there. The result is the request, the library's context from now on; NULL: out of memory.
 * `arg` of all three is the mg_exchanges_t. */
void *mg_exchange_begin(void *arg, const char *uri, struct MHD_Connection *connection);
/* The head, each piece of the body, the end of the body, and again when it was resumed. */
enum MHD_Result mg_exchange_continue(
    void *arg,
    struct MHD_Connection *connection,
    const char *url,
    const char *method,
    const char *version,
    const char *upload,
    size_t *upload_len,
    void **context); /* NOLINT(readability-function-size): the library's signature */
/* Answered in full, or the client is gone. */
void mg_exchange_end(void *arg,
                     struct MHD_Connection *connection,
                     void **context,
                     enum MHD_RequestTerminationCode why);

/* The request has its answer: resumes it if it waits. May be called while it is being dispatched. */
void mg_exchange_finish(mg_request_t *request);

#endif
