/* metrics - counters of requests, and the Prometheus text of everything that is worth a graph.
 *
 * Owns     : the counters.
 * Thread   : one per instance, no locks.
 * Fails    : a status number beyond MG_METRICS_STATUSES different ones of one row is counted as "other".
 * Not here : who may read them and where the figures come from (gateway/handlers/monitor.c).
 * Source   : platform-api.md section 12.3; Prometheus text format 0.0.4.
 */
#ifndef MG_GATEWAY_METRICS_H
#define MG_GATEWAY_METRICS_H

#include "core/histogram.h"
#include "gateway/routes.h"
#include "messages/dump.pb-c.h"
#include "messages/state.pb-c.h"

enum {
    MG_METRICS_STATUSES = 12 /* different status numbers per row; the contract has fewer */
};

typedef struct mg_metrics mg_metrics_t;

/* What other actors and the server said just now; a NULL part leaves its families out. */
typedef struct mg_metrics_figures {
    const Mg__StateStats *state;
    uint64_t state_version;
    const Mg__DumpStatus *dump;
    uint32_t connections;
    uint64_t connections_reaped; /* too slow, or left in the middle of a request */
    uint32_t requests_waiting;
    uint64_t messages_late;      /* replies that came after their deadline */
    uint64_t list_nodes;         /* of the trees, that lists have looked at */
    const mg_histogram_t *turns; /* of the gateway's loop; may be NULL */
    int64_t started_ns;          /* Unix time */
    bool ready;
} mg_metrics_figures_t;

/* NULL: out of memory. */
mg_metrics_t *mg_metrics_new(void);
void mg_metrics_destroy(mg_metrics_t **self_p);
/* Counts one answered request; `route` NULL: no row had it. */
void mg_metrics_count(mg_metrics_t *self,
                      const mg_route_t *route,
                      mg_method_t method,
                      unsigned status,
                      int64_t took_us);
/* Appends the whole text. */
void mg_metrics_write(const mg_metrics_t *self, const mg_metrics_figures_t *figures, mg_buf_t *out);

#endif
