/* dumpsteps - a dump's chunks, opened one after the other where they are read, for whoever has no sealers.
 *
 * Owns     : the codec and one chunk, sealed and opened; wiped at the end; the reader is borrowed.
 * Thread   : the reader's.
 * Fails    : with the reader's outcomes.
 * Not here : opening chunks in parallel (actors/readjob.h).
 * Source   : dump-format.md section 5, step 8.
 */
#ifndef MG_CORE_DUMPSTEPS_H
#define MG_CORE_DUMPSTEPS_H

#include "core/dumpreader.h"

typedef struct mg_dumpsteps mg_dumpsteps_t;

/* For a reader that has begun. */
MG_MUST_USE mg_outcome_t mg_dumpsteps_new(mg_dumpreader_t *reader,
                                          mg_dumpsteps_t **out,
                                          mg_verdict_t *why);
/* Wipes and frees, sets *self_p = NULL, NULL-safe. */
void mg_dumpsteps_destroy(mg_dumpsteps_t **self_p);
/* Opens the next chunk and has the reader accept it. Its plaintext is valid until the next call, and empty without a key.
 * Not to be called behind the last one; then comes mg_dumpreader_end. */
MG_MUST_USE mg_outcome_t mg_dumpsteps_next(mg_dumpsteps_t *self,
                                           mg_slice_t *out_plain,
                                           bool *out_last,
                                           mg_verdict_t *why);

#endif
