#include "messages/figures.h"

#include <string.h>

Mg__Histogram
mg_histogram_message(const mg_histogram_t *histogram)
{
    Mg__Histogram message = MG__HISTOGRAM__INIT;
    message.n_counts = MG_HISTOGRAM_BUCKETS;
    message.counts = (uint64_t *)histogram->counts; /* only read */
    message.sum_ns = histogram->sum_ns;
    return message;
}

mg_histogram_t
mg_histogram_of(const Mg__Histogram *message)
{
    mg_histogram_t histogram = {0};
    if (message && message->n_counts == MG_HISTOGRAM_BUCKETS) {
        memcpy(histogram.counts, message->counts, sizeof histogram.counts);
        histogram.sum_ns = message->sum_ns;
    }
    return histogram;
}
