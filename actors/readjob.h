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
#include "core/turn.h"

/* Reads all of it. `turn` is asked between chunks, so that the dump actor still hears its messages; `size` of the file is for
 * the progress alone. */
MG_MUST_USE mg_outcome_t mg_readjob_run(mg_dumpreader_t *reader,
                                        mg_pipeline_t *pipeline,
                                        const mg_turn_t *turn,
                                        uint64_t size,
                                        mg_verdict_t *why);

#endif
