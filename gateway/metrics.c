#include "gateway/metrics.h"

#include "actors/dumpjob.h"
#include "core/clock.h"
#include "messages/figures.h"

#include <inttypes.h>
#include <stdlib.h>

enum { NS_PER_US = 1000 };

/* --- requests --- */

typedef struct row_counts {
    uint64_t count[MG_METRICS_STATUSES];
    unsigned status[MG_METRICS_STATUSES]; /* 0 ends the list */
    uint64_t other;
} row_counts_t;

struct mg_metrics {
    mg_histogram_t durations;
    row_counts_t unmatched[MG_METHODS];
    row_counts_t routes[]; /* in the order of the table */
};

mg_metrics_t *
mg_metrics_new(void)
{
    size_t count = 0;
    while (mg_route_row(count)) {
        count++;
    }
    return calloc(1, sizeof(mg_metrics_t) + count * sizeof(row_counts_t));
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
    s_count_status(route ? &self->routes[mg_route_index(route)] : &self->unmatched[method], status);
    mg_histogram_add(&self->durations, took_us * NS_PER_US);
}

static void
s_write_head(const char *name, const char *type, const char *help, mg_buf_t *out)
{
    mg_buf_append_format(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
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
    s_write_head("memgate_http_requests_total", "counter", "Answered requests", out);
    const mg_route_t *route = NULL;
    for (size_t i = 0; (route = mg_route_row(i)) != NULL; i++) {
        s_write_row(&self->routes[i], route->method, route->pattern, out);
    }
    for (int i = 0; i < MG_METHODS; i++) {
        s_write_row(&self->unmatched[i], (mg_method_t)i, "", out);
    }
}

/* --- histograms --- */

static double
s_seconds(int64_t ns)
{
    return (double)ns / MG_NS_PER_SECOND;
}

/* `label` is `actor="state"` or empty. */
static void
s_write_histogram(const char *name,
                  const char *label,
                  const mg_histogram_t *histogram,
                  mg_buf_t *out)
{
    const char *comma = label[0] ? "," : "";
    uint64_t sum = 0;
    for (size_t i = 0; i < MG_HISTOGRAM_BUCKETS; i++) {
        int64_t bound_ns = mg_histogram_bound_ns(i);
        sum += histogram->counts[i];
        mg_buf_append_format(out, "%s_bucket{%s%sle=\"", name, label, comma);
        mg_buf_append_format(out, bound_ns ? "%g" : "+Inf", s_seconds(bound_ns));
        mg_buf_append_format(out, "\"} %" PRIu64 "\n", sum);
    }
    const char *open = label[0] ? "{" : "";
    const char *close = label[0] ? "}" : "";
    mg_buf_append_format(out, "%s_sum%s%s%s %.9g\n", name, open, label, close,
                         s_seconds((int64_t)histogram->sum_ns));
    mg_buf_append_format(out, "%s_count%s%s%s %" PRIu64 "\n", name, open, label, close, sum);
}

static void
s_write_durations(const mg_metrics_t *self, mg_buf_t *out)
{
    static const char name[] = "memgate_http_request_seconds";
    s_write_head(name, "histogram", "From the request line to the answer", out);
    s_write_histogram(name, "", &self->durations, out);
}

static void
s_write_turns(const mg_metrics_figures_t *figures, mg_buf_t *out)
{
    static const char name[] = "memgate_loop_turn_seconds";
    s_write_head(name, "histogram", "One turn of an actor's loop, without the waiting", out);
    if (figures->turns) {
        s_write_histogram(name, "actor=\"gateway\"", figures->turns, out);
    }
    if (figures->state) {
        mg_histogram_t turns = mg_histogram_of(figures->state->turns);
        s_write_histogram(name, "actor=\"state\"", &turns, out);
    }
}

static void
s_write_state(const Mg__StateStats *state, mg_buf_t *out)
{
    static const char view_open[] = "memgate_view_open_seconds";
    static const char batch[] = "memgate_state_batch_seconds";
    mg_histogram_t histogram = mg_histogram_of(state->view_open);
    s_write_head(view_open, "histogram", "The writer's pause for each view of the state", out);
    s_write_histogram(view_open, "", &histogram, out);
    histogram = mg_histogram_of(state->batch);
    s_write_head(batch, "histogram", "Applying one batch of writes", out);
    s_write_histogram(batch, "", &histogram, out);
}

static void
s_write_phases(const Mg__DumpStatus *dump, mg_buf_t *out)
{
    static const char name[] = "memgate_dump_phase_seconds";
    static const char *const labels[MG_DUMPPHASES] = {
        [MG_DUMPPHASE_WALK] = "phase=\"walk\"",     [MG_DUMPPHASE_SEAL] = "phase=\"seal\"",
        [MG_DUMPPHASE_WRITE] = "phase=\"write\"",   [MG_DUMPPHASE_SYNC] = "phase=\"sync\"",
        [MG_DUMPPHASE_VERIFY] = "phase=\"verify\"", [MG_DUMPPHASE_PUBLISH] = "phase=\"publish\"",
    };
    s_write_head(name, "histogram", "Where the time of published dumps went", out);
    for (size_t i = 0; i < dump->n_phases && i < MG_DUMPPHASES; i++) {
        mg_histogram_t histogram = mg_histogram_of(dump->phases[i]);
        s_write_histogram(name, labels[i], &histogram, out);
    }
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
s_connections_reaped(const mg_metrics_figures_t *f)
{
    return (double)f->connections_reaped;
}

static double
s_list_nodes(const mg_metrics_figures_t *f)
{
    return (double)f->list_nodes;
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
s_state_copied(const mg_metrics_figures_t *f)
{
    return (double)f->state->nodes_copied;
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
    {"memgate_http_connections_reaped_total", "counter",
     "Connections that were too slow, or left in the middle of a request", s_connections_reaped,
     FROM_SERVER},
    {"memgate_http_requests_waiting", "gauge", "Requests that wait for another actor",
     s_requests_waiting, FROM_SERVER},
    {"memgate_messages_late_total", "counter", "Replies after their deadline", s_messages_late,
     FROM_SERVER},
    {"memgate_list_nodes_total", "counter", "Nodes of the trees that lists have looked at",
     s_list_nodes, FROM_SERVER},
    {"memgate_state_version", "gauge", "Newest version of the state", s_state_version, FROM_STATE},
    {"memgate_state_changes_total", "counter", "Operations that changed something", s_state_changes,
     FROM_STATE},
    {"memgate_state_documents", "gauge", "Documents", s_state_documents, FROM_STATE},
    {"memgate_state_bytes", "gauge", "Keys and bodies of all documents", s_state_bytes, FROM_STATE},
    {"memgate_state_dead", "gauge", "Old entries and nodes that wait to be freed", s_state_dead,
     FROM_STATE},
    {"memgate_state_nodes_copied_total", "counter",
     "Nodes of the trees that were copied because a view could see them", s_state_copied,
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
    s_write_turns(figures, out);
    if (figures->state) {
        s_write_state(figures->state, out);
    }
    if (figures->dump) {
        s_write_phases(figures->dump, out);
    }
    for (size_t i = 0; i < sizeof s_families / sizeof *s_families; i++) {
        const family_t *family = &s_families[i];
        if (s_is_known(family, figures)) {
            s_write_head(family->name, family->type, family->help, out);
            mg_buf_append_format(out, "%s %.15g\n", family->name, family->read(figures));
        }
    }
}
