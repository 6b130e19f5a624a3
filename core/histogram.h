/* histogram - how long something took, counted in buckets, as Prometheus wants it.
 *
 * Owns     : nothing beyond the struct; start from zero.
 * Thread   : one at a time.
 * Fails    : never.
 * Not here : the text of /metrics (gateway/metrics.h).
 */
#ifndef MG_CORE_HISTOGRAM_H
#define MG_CORE_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

enum { MG_HISTOGRAM_BUCKETS = 18 /* the last one has no upper end */ };

typedef struct mg_histogram {
    uint64_t counts[MG_HISTOGRAM_BUCKETS]; /* not cumulative */
    uint64_t sum_ns;
} mg_histogram_t;

void mg_histogram_add(mg_histogram_t *self, int64_t ns);
/* The upper end of a bucket, itself included; 0 for the last one. */
int64_t mg_histogram_bound_ns(size_t bucket);

#endif
