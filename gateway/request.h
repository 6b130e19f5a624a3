/* request - one request from its first line to its answer, and everything it has learnt on the way.
 *
 * Owns     : its copies of what the client sent, its answer. Made and freed by gateway/exchange.c.
 * Thread   : the gateway's.
 * Fails    : accessors give empty slices or NULL for what was not sent.
 * Not here : who runs it (gateway/dispatch.h), waiting for other actors (gateway/ask.h).
 *
 * A handler is a function of the request and the newest view. When it needs another actor it asks (gateway/ask.h) and returns;
 * with the reply, what was learnt stays in `learnt` and the handler is called again from the top, on a view that is fresh
 * then. So no handler keeps a pointer into a view across a wait, and no rule is checked on an old state.
 */
#ifndef MG_GATEWAY_REQUEST_H
#define MG_GATEWAY_REQUEST_H

#include "gateway/gate.h"
#include "gateway/headers.h"
#include "gateway/ipfilter.h"
#include "gateway/percent.h"
#include "gateway/ratelimit.h"
#include "gateway/reply.h"
#include "gateway/requestid.h"
#include "gateway/routes.h"
#include "gateway/session.h"
#include "gateway/slots.h"

#include <jansson.h>

struct MHD_Connection;
typedef struct mg_service mg_service_t;     /* gateway/service.h */
typedef struct mg_exchanges mg_exchanges_t; /* gateway/exchange.h */

/* What other actors and the login limit said while it was under way. */
typedef struct mg_learnt {
    mg_ratelimit_verdict_t rate; /* of a login, taken on its first run */
    mg_buf_t figures;            /* of /metrics: a packed DumpReply */
    mg_buf_t hash;               /* the Argon2id text of its new password; empty: not hashed yet */
    mg_buf_t checked;            /* the stored text that its password was checked against */
    bool has_verdict;
    bool matches;
    bool stale;
} mg_learnt_t;

struct mg_request {
    mg_service_t *service;
    /* what the client sent */
    mg_framing_t framing;
    mg_headers_t headers;
    mg_buf_t target; /* path and query, escapes and all */
    mg_slice_t path;
    mg_query_t query;
    mg_buf_t body;
    mg_origin_t origin;
    char id[MG_REQUEST_ID_MAX + 1];
    /* what it means */
    mg_route_match_t match;
    bool garbled;                         /* its query is not well formed */
    uint64_t body_max;                    /* bytes; by its route */
    mg_buf_t params[MG_ROUTE_PARAMS_MAX]; /* decoded */
    json_t *json;                         /* the parsed body; NULL: not parsed yet */
    mg_caller_t caller;
    mg_learnt_t learnt;
    unsigned runs;          /* how often its handler was called */
    uint64_t needs_version; /* the view of this run is at least as new */
    int64_t now_ns;         /* Unix time of this run: one reading for all expiry checks */
    /* how it ends */
    mg_answer_t answer;
    mg_ticket_t ticket; /* while it waits */
    /* its connection: gateway/exchange.c only */
    mg_exchanges_t *exchanges;
    struct MHD_Connection *connection;
    int64_t begun_ns; /* monotonic */
    bool gated;       /* its head was looked at */
    bool
        admitted; /* its head came while requests were served: it is, even if its body comes later */
    bool too_big;     /* its body is kept no further: 413 at its end */
    bool crowded;     /* all bodies together are too many: 503 at its end */
    uint64_t dropped; /* bytes of the body that were read and not kept */
    bool dispatched;
    bool suspended;
    size_t sent_bytes;        /* of the body, as it went out */
    struct mg_prepared *held; /* its answer, while that is being sent: gateway/prepared.h */
};

/* A header's value as the library found it; data NULL: not sent. Valid until the request ends. */
mg_slice_t mg_request_header(const mg_request_t *self, mg_header_id_t id);
/* Decoded path parameter number `index`. */
mg_slice_t mg_request_param(const mg_request_t *self, size_t index);
/* The view, keys and time that this run judges by. */
mg_session_world_t mg_request_world(const mg_request_t *self);
/* The document with this natural key that has not expired; NULL: there is none. Valid during this run only. */
const mg_entry_t *
mg_request_find(const mg_request_t *self, mg_collection_id_t collection, mg_slice_t key);
/* The body as a JSON object; an empty body is an empty object. NULL: it has answered `error`. */
json_t *mg_request_json(mg_request_t *self, mg_error_id_t error);
/* What the security settings say of addresses. Valid during this run only. */
const mg_ipfilter_t *mg_request_ipfilter(const mg_request_t *self);
/* Its target lies under /platform/: also before the path is known. */
bool mg_request_is_platform(const mg_request_t *self);
/* The connection is https: our own TLS, or as far as X-Forwarded-Proto says. */
bool mg_request_over_https(const mg_request_t *self);
/* Answers an error with the table's sentence. */
void mg_request_refuse(mg_request_t *self, mg_error_id_t error);
/* Answers 401 in the form of the request's route. */
void mg_request_refuse_login(mg_request_t *self);
/* Frees everything it owns, secrets wiped; the struct itself stays. */
void mg_request_clear(mg_request_t *self);

#endif
