/* readjob - reads one dump with the sealers' help: for restore, for verify, and for the proof after writing.
 *
 * Owns     : nothing; reader and pipeline are borrowed.
 * Thread   : the dump actor's; returns when the file is read.
 * Fails    : with the outcomes of core/dumpreader.h, in file order whatever order chunks come back in; IO when the sealers do
 *            not answer or `turn` stopped it.
 * Not here : which file (actors/dump.c, actors/restorejob.h).
 * Source   : dump-format.md section 5.
 */
#ifndef MG_ACTORS_READJOB_H
#define MG_ACTORS_READJOB_H

#include "actors/pipeline.h"
#include "core/dumpreader.h"

/* Called between chunks, so that the dump actor still hears its messages; false stops the job at this chunk. */
typedef bool mg_job_turn_fn(void *arg, uint64_t documents, uint64_t bytes);

/* Reads all of it. `turn` may be NULL. */
MG_MUST_USE mg_outcome_t mg_readjob_run(mg_dumpreader_t *reader,
                                        mg_pipeline_t *pipeline,
                                        mg_job_turn_fn *turn,
                                        void *turn_arg,
                                        mg_verdict_t *why);

#endif
