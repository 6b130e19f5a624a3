/* recordstream - cuts plaintext that comes chunk by chunk into records; records may straddle chunks.
 *
 * Owns     : the part of a record that has come so far (at most MG_RECORD_BYTES_MAX).
 * Thread   : one at a time.
 * Fails    : PAYLOAD_INVALID or UNSUPPORTED with the number of the record; IO for lack of memory; or what the receiver
 *            returned. After a failure nothing more may be fed.
 * Not here : what records mean (core/payloadcheck.h).
 * Source   : dump-format.md section 6.
 */
#ifndef MG_CORE_RECORDSTREAM_H
#define MG_CORE_RECORDSTREAM_H

#include "core/early.h"
#include "core/record.h"

typedef struct mg_recordstream mg_recordstream_t;

/* Takes one record; its slices are valid during the call only. Anything but OK stops the stream. */
typedef mg_outcome_t (*mg_record_fn)(void *arg, const mg_record_t *record, mg_verdict_t *why);

/* Takes one document that is already an entry, which is the taker's from then on, also on failure. */
typedef mg_outcome_t (*mg_entry_fn)(void *arg, mg_entry_t *entry, mg_verdict_t *why);

/* A stream that hands its records to `receive`; NULL: out of memory. */
mg_recordstream_t *mg_recordstream_new(mg_record_fn receive, void *arg);
/* Wipes and frees, sets *self_p = NULL, NULL-safe. */
void mg_recordstream_destroy(mg_recordstream_t **self_p);

/* The next plaintext. */
MG_MUST_USE mg_outcome_t mg_recordstream_feed(mg_recordstream_t *self,
                                              mg_slice_t plain,
                                              mg_verdict_t *why);
/* The same plaintext, of which `early` has the documents: if its place is that of a record, they go to `receive` (with the
 * argument of the stream) instead of being read again. */
MG_MUST_USE mg_outcome_t mg_recordstream_feed_early(mg_recordstream_t *self,
                                                    mg_slice_t plain,
                                                    mg_early_t *early,
                                                    mg_entry_fn receive,
                                                    mg_verdict_t *why);
/* No more plaintext comes: a record that is cut short is PAYLOAD_INVALID. */
MG_MUST_USE mg_outcome_t mg_recordstream_end(const mg_recordstream_t *self, mg_verdict_t *why);

#endif
