#include "actors/readjob.h"

#include "core/failpoint.h"

#include <errno.h>

enum { WAIT_MS = 20 };

typedef struct readjob {
    mg_dumpreader_t *reader;
    mg_pipeline_t *pipeline;
    bool all_read;   /* the LAST chunk is on its way to a sealer */
    uint64_t offset; /* in the file, of the chunk that is accepted next */
    mg_outcome_t
        read; /* what reading ahead ran into; it counts once the chunks before it are accepted */
    mg_verdict_t read_why;
} readjob_t;

/* Reads one chunk ahead and hands it to a sealer. */
static void
s_send(readjob_t *job)
{
    mg_frame_t frame;
    job->read = mg_dumpreader_frame(job->reader, &frame, &job->read_why);
    if (job->read != MG_OUTCOME_OK) {
        return;
    }
    uint8_t *buffer = mg_pipeline_buffer(job->pipeline, mg_frame_total(&frame));
    if (!buffer) {
        job->read = mg_verdict_io(&job->read_why, "opening a chunk", ENOMEM);
        return;
    }
    job->read = mg_dumpreader_chunk(job->reader, &frame, buffer, &job->read_why);
    if (job->read != MG_OUTCOME_OK) {
        return;
    }
    if (mg_pipeline_send(job->pipeline, &frame, mg_frame_total(&frame)) != MG_OK) {
        job->read = mg_verdict_io(&job->read_why, "handing a chunk to a sealer", ETIMEDOUT);
        return;
    }
    job->all_read = frame.last;
}

/* Takes the next opened chunk, if it is there. */
static mg_outcome_t
s_accept(readjob_t *job, mg_verdict_t *why)
{
    const mg_sealresult_t *result = mg_pipeline_next(job->pipeline, WAIT_MS);
    if (!result) {
        return mg_pipeline_check(job->pipeline) == MG_OK
                   ? MG_OUTCOME_OK
                   : mg_verdict_io(why, "waiting for the sealers", ETIMEDOUT);
    }
    mg_outcome_t outcome = result->verdict.outcome;
    if (outcome != MG_OUTCOME_OK) {
        *why = result->verdict;
        why->offset = job->offset;
    } else {
        outcome = mg_dumpreader_accept(job->reader, result->leaf, mg_slice(result + 1, result->len),
                                       result->early, why);
        job->offset += mg_frame_total(&result->frame);
    }
    mg_pipeline_release(job->pipeline);
    MG_FAILPOINT("read.chunk");
    return outcome;
}

mg_outcome_t
mg_readjob_run(mg_dumpreader_t *reader,
               mg_pipeline_t *pipeline,
               const mg_turn_t *turn,
               uint64_t size,
               mg_verdict_t *why)
{
    readjob_t job = {.reader = reader, .pipeline = pipeline};
    mg_outcome_t outcome = mg_dumpreader_begin(reader, why);
    if (outcome != MG_OUTCOME_OK) {
        return outcome;
    }
    mg_chunk_rules_t rules = mg_dumpreader_rules(reader);
    job.offset = mg_dumpreader_header(reader)->header_len;
    mg_sealwork_t work = mg_dumpreader_takes_entries(reader) ? MG_SEALWORK_LOAD : MG_SEALWORK_OPEN;
    mg_pipeline_begin(pipeline, work, &rules, mg_dumpreader_keys(reader)->enc);
    while (outcome == MG_OUTCOME_OK) {
        while (!job.all_read && job.read == MG_OUTCOME_OK && mg_pipeline_has_room(pipeline)) {
            s_send(&job);
        }
        if (!mg_pipeline_is_busy(pipeline)) {
            break;
        }
        outcome = s_accept(&job, why);
        mg_progress_t progress = {.phase = "read", .bytes = job.offset, .bytes_total = size};
        if (outcome == MG_OUTCOME_OK && !mg_turn_goes_on(turn, &progress)) {
            outcome = mg_verdict_io(why, "reading the dump", ECANCELED);
        }
    }
    if (outcome == MG_OUTCOME_OK && job.read != MG_OUTCOME_OK) {
        *why = job.read_why;
        outcome = job.read;
    }
    return outcome == MG_OUTCOME_OK ? mg_dumpreader_end(reader, why) : outcome;
}
