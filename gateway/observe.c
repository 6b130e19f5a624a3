#include "gateway/observe.h"

#include "core/clock.h"
#include "gateway/service.h"
#include "gateway/text.h"

#include <stdlib.h>
#include <string.h>

/* Names with their counts. A name that finds no place takes that of the least seen one and goes on from its count: whoever is seen
 * often enough stays (Metwally's space-saving). */
typedef struct names {
    mg_seen_t seen[MG_TRAFFIC_NAMES];
    size_t count;
} names_t;

struct mg_observer {
    mg_observed_t entries[MG_JOURNAL_ENTRIES];
    uint64_t written;
    names_t users;
    names_t paths;
    mg_traffic_t
        minutes[MG_TRAFFIC_MINUTES]; /* last: pages that nothing was written to cost no memory */
};

mg_observer_t *
mg_observer_new(void)
{
    return calloc(1, sizeof(mg_observer_t));
}

void
mg_observer_destroy(mg_observer_t **self_p)
{
    free(*self_p);
    *self_p = NULL;
}

/* --- names --- */

static mg_seen_t *
s_place_of(names_t *names, const char *name)
{
    mg_seen_t *least = &names->seen[0];
    for (size_t i = 0; i < names->count; i++) {
        if (strcmp(names->seen[i].name, name) == 0) {
            return &names->seen[i];
        }
        if (names->seen[i].count < least->count) {
            least = &names->seen[i];
        }
    }
    return names->count < MG_TRAFFIC_NAMES ? &names->seen[names->count++] : least;
}

static void
s_copy(char *out, size_t size, mg_slice_t text)
{
    size_t len = text.len < size ? text.len : size - 1;
    while (len < text.len && len > 0 && (text.data[len] & 0xc0) == 0x80) {
        len--; /* not in the middle of a character */
    }
    memcpy(out, text.data ? text.data : (const uint8_t *)"", len);
    out[len] = 0;
}

static void
s_see(names_t *names, const char *name)
{
    mg_seen_t *place = s_place_of(names, name);
    s_copy(place->name, sizeof place->name, mg_slice_text(name));
    place->count++;
}

static int
s_more_first(const void *a, const void *b)
{
    const mg_seen_t *one = *(const mg_seen_t *const *)a;
    const mg_seen_t *other = *(const mg_seen_t *const *)b;
    return (one->count < other->count) - (one->count > other->count);
}

static size_t
s_sorted(const names_t *names, const mg_seen_t **out)
{
    for (size_t i = 0; i < names->count; i++) {
        out[i] = &names->seen[i];
    }
    qsort((void *)out, names->count, sizeof *out, s_more_first);
    return names->count;
}

size_t
mg_observer_users(const mg_observer_t *self, const mg_seen_t **out)
{
    return s_sorted(&self->users, out);
}

size_t
mg_observer_paths(const mg_observer_t *self, const mg_seen_t **out)
{
    return s_sorted(&self->paths, out);
}

/* --- minutes --- */

static unsigned
s_time_class(int64_t took_us)
{
    unsigned class = 0;
    for (int64_t us = took_us / 32; us > 0 && class < MG_TRAFFIC_TIMES - 1; us /= 2) {
        class ++;
    }
    return class;
}

static mg_traffic_t *
s_minute(mg_observer_t *self, int64_t minute)
{
    mg_traffic_t *place = &self->minutes[minute % MG_TRAFFIC_MINUTES];
    if (place->minute != minute) {
        *place = (mg_traffic_t){.minute = minute};
    }
    return place;
}

static void
s_count(mg_traffic_t *minute, const mg_observed_t *observed)
{
    minute->count++;
    minute->tests += observed->is_test;
    minute->errors += observed->status >= 500;
    minute->total_us += (uint64_t)observed->took_us;
    minute->bytes_in += observed->bytes_in;
    minute->bytes_out += observed->bytes_out;
    minute->by_class[observed->status / 100 % 6]++;
    minute->times[s_time_class(observed->took_us)]++;
}

const mg_traffic_t *
mg_observer_minute(const mg_observer_t *self, int64_t minute)
{
    const mg_traffic_t *place = &self->minutes[minute % MG_TRAFFIC_MINUTES];
    return place->minute == minute && place->count > 0 ? place : NULL;
}

void
mg_traffic_add(mg_traffic_t *sum, const mg_traffic_t *minute)
{
    sum->count += minute->count;
    sum->tests += minute->tests;
    sum->errors += minute->errors;
    sum->total_us += minute->total_us;
    sum->bytes_in += minute->bytes_in;
    sum->bytes_out += minute->bytes_out;
    for (size_t i = 0; i < sizeof sum->by_class / sizeof *sum->by_class; i++) {
        sum->by_class[i] += minute->by_class[i];
    }
    for (size_t i = 0; i < MG_TRAFFIC_TIMES; i++) {
        sum->times[i] += minute->times[i];
    }
}

int64_t
mg_traffic_p95_us(const mg_traffic_t *self)
{
    uint64_t left = self->count * 95 / 100 + (self->count * 95 % 100 != 0);
    for (size_t i = 0; i < MG_TRAFFIC_TIMES && left > 0; i++) {
        if (self->times[i] >= left) {
            return (int64_t)32 << i;
        }
        left -= self->times[i];
    }
    return 0;
}

/* --- one request --- */

const char *
mg_observed_where(const mg_observed_t *self)
{
    return self->pattern ? self->pattern : self->path;
}

/* Field by field: most of an entry is room for texts, which need not be cleared. */
static void
s_fill(const mg_request_t *request, int64_t took_us, mg_observed_t *out)
{
    const mg_route_t *route = request->match.route;
    out->time_ns = mg_clock_wall_ns();
    out->took_us = took_us;
    out->status = request->answer.status;
    out->method = request->framing.method;
    out->bytes_in = request->body.len;
    out->bytes_out = request->sent_bytes;
    out->peer = request->origin.peer;
    out->is_test = false;
    out->pattern = route ? route->pattern : NULL;
    mg_slice_t unknown = {0};
    if (!route) {
        unknown = request->path;
    }
    s_copy(out->path, sizeof out->path, unknown);
    s_copy(out->user, sizeof out->user, mg_slice_text(request->caller.claims.sub));
    s_copy(out->id, sizeof out->id, mg_slice_text(request->id));
}

static bool
s_is_api(const mg_observed_t *observed)
{
    return strncmp(mg_observed_where(observed), "/api/", 5) == 0;
}

void
mg_observe(mg_observer_t *self, const mg_request_t *request, int64_t took_us)
{
    mg_observed_t *entry = &self->entries[self->written++ % MG_JOURNAL_ENTRIES];
    s_fill(request, took_us, entry);
    if (!s_is_api(entry)) {
        return;
    }
    entry->is_test = mg_text_same(mg_request_header(request, MG_HEADER_X_IS_TEST), "true");
    s_count(s_minute(self, entry->time_ns / MG_NS_PER_SECOND / 60), entry);
    s_see(&self->paths, mg_observed_where(entry));
    if (entry->user[0]) {
        s_see(&self->users, entry->user);
    }
}

const mg_observed_t *
mg_observer_entry(const mg_observer_t *self, size_t index)
{
    bool kept = index < self->written && index < MG_JOURNAL_ENTRIES;
    return kept ? &self->entries[(self->written - 1 - index) % MG_JOURNAL_ENTRIES] : NULL;
}
