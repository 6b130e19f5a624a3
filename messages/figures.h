/* figures - histograms on their way from an actor to /metrics.
 *
 * Owns     : nothing: a message points into the histogram that was given.
 * Not here : counting (core/histogram.h), the text (gateway/metrics.h).
 */
#ifndef MG_MESSAGES_FIGURES_H
#define MG_MESSAGES_FIGURES_H

#include "core/histogram.h"
#include "messages/histogram.pb-c.h"

/* Valid as long as `histogram` stays as it is. */
Mg__Histogram mg_histogram_message(const mg_histogram_t *histogram);
/* The other way; a message of another size gives zeros. NULL-safe. */
mg_histogram_t mg_histogram_of(const Mg__Histogram *message);

#endif
