/* observe - what is kept of each answered request: figures per minute, and the newest ones word by word.
 *
 * Owns     : two rings of fixed size; nothing of them is ever in the state.
 * Thread   : the gateway's.
 * Takes    : requests at their end. Of a path only the pattern of its row is kept, of a body its length.
 * Fails    : never; what is older than the rings is forgotten.
 * Not here : Prometheus counters (gateway/metrics.h), who may ask (gateway/tables), the shapes of answers (gateway/handlers/logging.c,
 *            figures.c).
 * Source   : platform-api.md sections 12.2 and 12.3. Figures count what begins with /api/ alone.
 */
#ifndef MG_GATEWAY_OBSERVE_H
#define MG_GATEWAY_OBSERVE_H

#include "gateway/request.h"

enum {
    MG_JOURNAL_ENTRIES = 2048,
    MG_TRAFFIC_MINUTES = 30 * 24 * 60, /* thirty days */
    MG_TRAFFIC_TIMES = 24, /* answers by time: number i took less than 2^(i+1) times 16 us */
    MG_TRAFFIC_NAMES = 64, /* users that are counted by name */
    MG_OBSERVED_PATH = 128,
    MG_OBSERVED_USER = 64
};

/* One answered request. */
typedef struct mg_observed {
    int64_t time_ns; /* Unix time of its end */
    int64_t took_us;
    unsigned status;
    mg_method_t method;
    uint64_t bytes_in;
    uint64_t bytes_out;
    const char *pattern;         /* of its row; NULL: no row has the path */
    char path[MG_OBSERVED_PATH]; /* then the path itself; cut */
    char user[MG_OBSERVED_USER]; /* empty: nobody had logged in; cut */
    char id[MG_REQUEST_ID_MAX + 1];
    mg_address_t peer;
    bool is_test; /* the client marked it with X-IS-TEST */
} mg_observed_t;

/* The figures of one minute, or of several added up. */
typedef struct mg_traffic {
    int64_t minute; /* since 1970 */
    uint64_t count;
    uint64_t tests;
    uint64_t errors; /* 5xx */
    uint64_t total_us;
    uint64_t bytes_in;
    uint64_t bytes_out;
    uint64_t by_class[6]; /* statuses 1xx to 5xx at 1 to 5 */
    uint32_t times[MG_TRAFFIC_TIMES];
} mg_traffic_t;

/* How often a name was seen. */
typedef struct mg_seen {
    char name[MG_OBSERVED_PATH];
    uint64_t count;
} mg_seen_t;

typedef struct mg_observer mg_observer_t;

/* NULL: out of memory. */
mg_observer_t *mg_observer_new(void);
void mg_observer_destroy(mg_observer_t **self_p);
/* Keeps an answered request. */
void mg_observe(mg_observer_t *self, const mg_request_t *request, int64_t took_us);

/* The pattern, or the path. */
const char *mg_observed_where(const mg_observed_t *self);
/* Entry number `index`, the newest is 0; NULL: there are not so many. */
const mg_observed_t *mg_observer_entry(const mg_observer_t *self, size_t index);
/* The figures of a minute; NULL: nothing happened then. */
const mg_traffic_t *mg_observer_minute(const mg_observer_t *self, int64_t minute);
/* Users and paths of /api/, the most seen first; `out` holds MG_TRAFFIC_NAMES. Returns how many. */
size_t mg_observer_users(const mg_observer_t *self, const mg_seen_t **out);
size_t mg_observer_paths(const mg_observer_t *self, const mg_seen_t **out);

/* Adds the figures of `minute` to `sum`. */
void mg_traffic_add(mg_traffic_t *sum, const mg_traffic_t *minute);
/* The time that 95 of 100 answers stayed under, in microseconds; 0: there was none. */
int64_t mg_traffic_p95_us(const mg_traffic_t *self);

#endif
