/* service - what all requests stand on: configuration, the view, the links to the other actors, the caches.
 *
 * Owns     : its links, the newest view it was given, the slots of waiting requests, sessions, counters.
 * Thread   : the gateway's.
 * Takes    : replies; the atomic version of the state.
 * Sends    : OpenView for the version after the one it has, ahead of need, while requests use views; ReleaseView.
 * Fails    : requests that wait for a view that cannot be had are answered 503.
 * Not here : messages for handlers (gateway/ask.h), connections (gateway/server.h).
 * Source   : design.md section 3: reads are linearizable, and cost no message while nothing is written. docs/adr/0013: a view travels
 *            ahead of its version, so that a request that sees a new version finds the view in its queue and need not wait.
 */
#ifndef MG_GATEWAY_SERVICE_H
#define MG_GATEWAY_SERVICE_H

#include "actors/state.h"
#include "core/config.h"
#include "gateway/metrics.h"
#include "gateway/observe.h"
#include "gateway/ratestore.h"
#include "gateway/representation.h"
#include "gateway/request.h"
#include "gateway/server.h"
#include "gateway/storedkeys.h"

enum {
    MG_SERVICE_WAITING_MAX = 2048, /* requests that wait at once; one more is answered 503 */
    MG_SERVICE_VIEWS_MAX =
        4, /* requests for views under way: one, and what is left of unwanted ones */
    MG_SERVICE_WINDOW = 3072,      /* requests to the state actor under way, < MG_BUS_HWM */
    MG_SERVICE_DUMPS_MAX = 64,     /* dump and restore requests under way */
    MG_SERVICE_DUMP_MS = 1800000,  /* deadline of a dump or restore */
    MG_SERVICE_FIGURES_MS = 1000,  /* deadline of what /metrics asks */
    MG_SERVICE_VIEW_IDLE_MS = 1000 /* a view that nobody reads is given back after this */
};

/* Backends of the reference whose outage can be played: gateway/handlers/tools.c. */
enum { MG_OUTAGES = 2 };

typedef enum mg_phase { MG_PHASE_STARTING, MG_PHASE_READY, MG_PHASE_STOPPING } mg_phase_t;

struct mg_service {
    const mg_config_http_t *http;
    const mg_config_dump_t *dump;
    _Atomic uint64_t *version;
    mg_phase_t phase;
    bool degraded; /* the newest dump failed */
    int64_t started_ns;
    mg_router_t router;
    const mg_histogram_t *turns; /* of the gateway's loop */
    mg_server_t *server;         /* borrowed, for the metrics */
    mg_slots_t *slots;
    mg_sessions_t *sessions;
    mg_representations_t *representations;
    const mg_entry_t *settings; /* whose words on addresses are in `ipfilter`; NULL: nobody's */
    uint64_t settings_rev;
    mg_ipfilter_t ipfilter;
    mg_ratestore_t *rates;
    mg_metrics_t *metrics;
    mg_observer_t *observer;
    int64_t outage_until_ms
        [MG_OUTAGES]; /* monotonic; that somebody plays, of backends which memgate has not */
    mg_buf_t
        secret; /* JWT_SECRET_KEY, else the one of the state: binds CSRF tokens and stored answers, signs tokens if alone */
    mg_signkeys_t signkeys;
    mg_storedkeys_t storedkeys;
    mg_buf_t dump_path;    /* MEM_DUMP_PATH, absolute */
    mg_buf_t openapi;      /* the API document as JSON; empty: not asked for yet */
    mg_buf_t openapi_page; /* and as HTML */
    uint64_t late;         /* replies after their deadline */
    uint64_t list_nodes;   /* of the trees, that lists have looked at */
    /* links */
    mg_link_t *state_link;
    mg_link_t *dump_link;
    mg_link_t *hasher_link;
    mg_link_t *autosave_link;
    /* the view */
    mg_link_t *view_link;
    mg_viewref_t *view;
    uint64_t swaps;        /* of the state, as of the newest view */
    bool view_asked;       /* one that is newer than this */
    bool view_coming;      /* replies are being taken off view_link */
    bool view_used;        /* since the last rest */
    int64_t view_idle_ms;  /* monotonic: since when it has not been used */
    mg_buf_t view_tickets; /* mg_ticket_t of requests that wait for a newer one */
};

/* Fails MG_ERR_NO_MEMORY; `self` may then be cleared. */
MG_MUST_USE mg_status_t mg_service_open(mg_service_t *self);
/* Ends the links, gives the view back, frees all. Nobody may wait any more. */
void mg_service_close(mg_service_t *self);
/* Lets the loop watch the links. */
MG_MUST_USE mg_status_t mg_service_watch(mg_service_t *self, mg_loop_t *loop);

/* The newest version that the state has acknowledged. */
uint64_t mg_service_version(const mg_service_t *self);
/* Gives the view back when nobody has used it for MG_SERVICE_VIEW_IDLE_MS, so that it keeps nothing in memory; called once per
 * turn while no request waits. Returns in how many milliseconds it wants to be called again at the latest, -1: never. */
int64_t mg_service_rest(mg_service_t *self, int64_t now_ms);
/* True when there is a view, at least as new as `version`. */
bool mg_service_is_fresh(mg_service_t *self, uint64_t version);
/* What the security settings (NULL: there are none) say of addresses, read once per version. Valid as long as the view. */
const mg_ipfilter_t *mg_service_ipfilter(mg_service_t *self, const mg_entry_t *settings);
/* Parks the request until a newer view has come; mg_dispatch_resume then runs it. Answers 503 when it cannot wait. */
void mg_service_wait_view(mg_service_t *self, mg_request_t *request);

#endif
