#include "gateway/metrics.h"

#include "core/clock.h"

#include <inttypes.h>
#include <stdlib.h>

/* --- requests --- */

typedef struct row_counts {
    uint64_t count[MG_METRICS_STATUSES];
    unsigned status[MG_METRICS_STATUSES]; /* 0 ends the list */
    uint64_t other;
} row_counts_t;

/* Upper ends in microseconds; the last bucket has none. */
static const int64_t s_bucket_us[] = {100,   250,   500,    1000,    2500,    5000,
                                      10000, 50000, 250000, 1000000, 10000000};
enum { BUCKETS = sizeof s_bucket_us / sizeof *s_bucket_us, US_PER_SECOND = 1000000 };

struct mg_metrics {
    uint64_t buckets[BUCKETS + 1]; /* requests that took at most so long, not cumulative */
    uint64_t total_us;
    size_t route_count;
    row_counts_t unmatched[MG_METHODS];
    row_counts_t routes[]; /* in the order of the table */
};

mg_metrics_t *
mg_metrics_new(void)
{
    size_t count = 0;
    (void)mg_routes(&count);
    mg_metrics_t *self = calloc(1, sizeof *self + count * sizeof *self->routes);
    if (self) {
        self->route_count = count;
    }
    return self;
}

void
mg_metrics_destroy(mg_metrics_t **self_p)
{
    free(*self_p);
    *self_p = NULL;
}

static void
s_count_status(row_counts_t *row, unsigned status)
{
    for (int i = 0; i < MG_METRICS_STATUSES; i++) {
        if (row->status[i] == status || row->status[i] == 0) {
            row->status[i] = status;
            row->count[i]++;
            return;
        }
    }
    row->other++;
}

void
mg_metrics_count(mg_metrics_t *self,
                 const mg_route_t *route,
                 mg_method_t method,
                 unsigned status,
                 int64_t took_us)
{
    size_t count = 0;
    const mg_route_t *routes = mg_routes(&count);
    s_count_status(route ? &self->routes[route - routes] : &self->unmatched[method], status);
    int bucket = 0;
    while (bucket < BUCKETS && took_us > s_bucket_us[bucket]) {
        bucket++;
    }
    self->buckets[bucket]++;
    self->total_us += (uint64_t)took_us;
}

static void
s_write_row(const row_counts_t *row, mg_method_t method, const char *pattern, mg_buf_t *out)
{
    static const char line[] =
        "memgate_http_requests_total{method=\"%s\",route=\"%s\",status=\"%u\"} %" PRIu64 "\n";
    for (int i = 0; i < MG_METRICS_STATUSES && row->status[i]; i++) {
        mg_buf_append_format(out, line, mg_method_name(method), pattern, row->status[i],
                             row->count[i]);
    }
    if (row->other) {
        mg_buf_append_format(out, line, mg_method_name(method), pattern, 0, row->other);
    }
}

static void
s_write_requests(const mg_metrics_t *self, mg_buf_t *out)
{
    mg_buf_append_text(out, "# HELP memgate_http_requests_total Answered requests\n"
                            "# TYPE memgate_http_requests_total counter\n");
    const mg_route_t *routes = mg_routes(&(size_t){0});
    for (size_t i = 0; i < self->route_count; i++) {
        s_write_row(&self->routes[i], routes[i].method, routes[i].pattern, out);
    }
    for (int i = 0; i < MG_METHODS; i++) {
        s_write_row(&self->unmatched[i], (mg_method_t)i, "", out);
    }
}

static void
s_write_durations(const mg_metrics_t *self, mg_buf_t *out)
{
    static const char name[] = "memgate_http_request_seconds";
    mg_buf_append_format(
        out, "# HELP %s From the request line to the answer\n# TYPE %s histogram\n", name, name);
    uint64_t sum = 0;
    for (int i = 0; i < BUCKETS; i++) {
        sum += self->buckets[i];
        mg_buf_append_format(out, "%s_bucket{le=\"%g\"} %" PRIu64 "\n", name,
                             (double)s_bucket_us[i] / US_PER_SECOND, sum);
    }
    sum += self->buckets[BUCKETS];
    mg_buf_append_format(out, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", name, sum);
    mg_buf_append_format(out, "%s_sum %g\n", name, (double)self->total_us / US_PER_SECOND);
    mg_buf_append_format(out, "%s_count %" PRIu64 "\n", name, sum);
}

/* --- figures: one row per family, one small reader each --- */

typedef struct family {
    const char *name;
    const char *type;
    const char *help;
    double (*read)(const mg_metrics_figures_t *figures);
    enum { FROM_SERVER, FROM_STATE, FROM_DUMP } source;
} family_t;

static double
s_seconds(int64_t ns)
{
    return (double)ns / MG_NS_PER_SECOND;
}

static double
s_ready(const mg_metrics_figures_t *f)
{
    return f->ready;
}
static double
s_started(const mg_metrics_figures_t *f)
{
    return s_seconds(f->started_ns);
}
static double
s_connections(const mg_metrics_figures_t *f)
{
    return f->connections;
}
static double
s_requests_waiting(const mg_metrics_figures_t *f)
{
    return f->requests_waiting;
}
static double
s_messages_late(const mg_metrics_figures_t *f)
{
    return (double)f->messages_late;
}
static double
s_state_version(const mg_metrics_figures_t *f)
{
    return (double)f->state_version;
}
static double
s_state_changes(const mg_metrics_figures_t *f)
{
    return (double)f->state->changes;
}
static double
s_state_documents(const mg_metrics_figures_t *f)
{
    return (double)f->state->documents;
}
static double
s_state_bytes(const mg_metrics_figures_t *f)
{
    return (double)f->state->bytes;
}
static double
s_state_dead(const mg_metrics_figures_t *f)
{
    return (double)f->state->dead;
}
static double
s_state_views(const mg_metrics_figures_t *f)
{
    return f->state->views;
}
static double
s_state_frozen(const mg_metrics_figures_t *f)
{
    return f->state->frozen;
}
static double
s_memory_used(const mg_metrics_figures_t *f)
{
    return (double)f->state->memory_used;
}
static double
s_memory_limit(const mg_metrics_figures_t *f)
{
    return (double)f->state->memory_limit;
}
static double
s_memory_full(const mg_metrics_figures_t *f)
{
    return f->state->memory_full;
}
static double
s_restored_generation(const mg_metrics_figures_t *f)
{
    return f->dump->restored ? (double)f->dump->restored->generation : 0;
}
static double
s_restore_skipped(const mg_metrics_figures_t *f)
{
    return f->dump->restore_skipped;
}
static double
s_dumps_published(const mg_metrics_figures_t *f)
{
    return (double)f->dump->published;
}
static double
s_dumps_failed(const mg_metrics_figures_t *f)
{
    return (double)f->dump->failed;
}
static double
s_dump_running(const mg_metrics_figures_t *f)
{
    return f->dump->running;
}
static double
s_dump_generation(const mg_metrics_figures_t *f)
{
    return f->dump->last ? (double)f->dump->last->generation : 0;
}
static double
s_dump_time(const mg_metrics_figures_t *f)
{
    return f->dump->last ? s_seconds(f->dump->last->created_ns) : 0;
}
static double
s_dump_took(const mg_metrics_figures_t *f)
{
    return f->dump->last ? f->dump->last->seconds : 0;
}
static double
s_dump_bytes(const mg_metrics_figures_t *f)
{
    return f->dump->last ? (double)f->dump->last->bytes : 0;
}
static double
s_dump_documents(const mg_metrics_figures_t *f)
{
    return f->dump->last ? (double)f->dump->last->documents : 0;
}
static double
s_unsaved_changes(const mg_metrics_figures_t *f)
{
    uint64_t saved = f->dump->last ? f->dump->last->changes : 0;
    bool more = f->state && f->state->changes > saved;
    return more ? (double)(f->state->changes - saved) : 0;
}

static const family_t s_families[] = {
    {"memgate_ready", "gauge", "1 when requests are served", s_ready, FROM_SERVER},
    {"memgate_start_time_seconds", "gauge", "Unix time of the start", s_started, FROM_SERVER},
    {"memgate_http_connections", "gauge", "Open client connections", s_connections, FROM_SERVER},
    {"memgate_http_requests_waiting", "gauge", "Requests that wait for another actor",
     s_requests_waiting, FROM_SERVER},
    {"memgate_messages_late_total", "counter", "Replies after their deadline", s_messages_late,
     FROM_SERVER},
    {"memgate_state_version", "gauge", "Newest version of the state", s_state_version, FROM_STATE},
    {"memgate_state_changes_total", "counter", "Operations that changed something", s_state_changes,
     FROM_STATE},
    {"memgate_state_documents", "gauge", "Documents", s_state_documents, FROM_STATE},
    {"memgate_state_bytes", "gauge", "Keys and bodies of all documents", s_state_bytes, FROM_STATE},
    {"memgate_state_dead", "gauge", "Old entries and nodes that wait to be freed", s_state_dead,
     FROM_STATE},
    {"memgate_state_views", "gauge", "Open views", s_state_views, FROM_STATE},
    {"memgate_state_frozen", "gauge", "1 while writes are refused", s_state_frozen, FROM_STATE},
    {"memgate_memory_bytes", "gauge", "Resident memory of the process", s_memory_used, FROM_STATE},
    {"memgate_memory_limit_bytes", "gauge", "MEM_MAX_MEMORY; 0 = none", s_memory_limit, FROM_STATE},
    {"memgate_memory_full", "gauge", "1 while the state may not grow", s_memory_full, FROM_STATE},
    {"memgate_restored_generation", "gauge", "Generation of the dump that was restored",
     s_restored_generation, FROM_DUMP},
    {"memgate_restore_skipped", "gauge",
     "Newer dumps that could not be restored: above 0, an older state is served", s_restore_skipped,
     FROM_DUMP},
    {"memgate_dumps_published_total", "counter", "Dumps published", s_dumps_published, FROM_DUMP},
    {"memgate_dumps_failed_total", "counter", "Dumps that failed", s_dumps_failed, FROM_DUMP},
    {"memgate_dump_running", "gauge", "1 while a dump is being written", s_dump_running, FROM_DUMP},
    {"memgate_dump_generation", "gauge", "Generation of the newest dump", s_dump_generation,
     FROM_DUMP},
    {"memgate_dump_time_seconds", "gauge", "Unix time of the newest dump", s_dump_time, FROM_DUMP},
    {"memgate_dump_seconds", "gauge", "How long the newest dump took", s_dump_took, FROM_DUMP},
    {"memgate_dump_bytes", "gauge", "Size of the newest dump", s_dump_bytes, FROM_DUMP},
    {"memgate_dump_documents", "gauge", "Documents in the newest dump", s_dump_documents,
     FROM_DUMP},
    {"memgate_unsaved_changes", "gauge", "Changes that no dump holds", s_unsaved_changes,
     FROM_DUMP},
};

static bool
s_is_known(const family_t *family, const mg_metrics_figures_t *figures)
{
    switch (family->source) {
    case FROM_SERVER:
        return true;
    case FROM_STATE:
        return figures->state != NULL;
    case FROM_DUMP:
        return figures->dump != NULL;
    }
    return false;
}

void
mg_metrics_write(const mg_metrics_t *self, const mg_metrics_figures_t *figures, mg_buf_t *out)
{
    s_write_requests(self, out);
    s_write_durations(self, out);
    for (size_t i = 0; i < sizeof s_families / sizeof *s_families; i++) {
        const family_t *family = &s_families[i];
        if (s_is_known(family, figures)) {
            mg_buf_append_format(out, "# HELP %s %s\n# TYPE %s %s\n%s %.15g\n", family->name,
                                 family->help, family->name, family->type, family->name,
                                 family->read(figures));
        }
    }
}
