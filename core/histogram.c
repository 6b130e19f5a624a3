#include "core/histogram.h"

/* From opening a view (microseconds) to writing a large dump (a minute). */
static const int64_t s_bounds_ns[MG_HISTOGRAM_BUCKETS] = {
    1000,      10000,      100000,     250000,      500000,     1000000,
    2500000,   5000000,    10000000,   25000000,    50000000,   100000000,
    250000000, 1000000000, 2500000000, 10000000000, 60000000000};

void
mg_histogram_add(mg_histogram_t *self, int64_t ns)
{
    size_t bucket = 0;
    while (bucket < MG_HISTOGRAM_BUCKETS - 1 && ns > s_bounds_ns[bucket]) {
        bucket++;
    }
    self->counts[bucket]++;
    self->sum_ns += ns > 0 ? (uint64_t)ns : 0;
}

int64_t
mg_histogram_bound_ns(size_t bucket)
{
    return s_bounds_ns[bucket];
}
