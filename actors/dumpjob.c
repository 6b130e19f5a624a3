#include "actors/dumpjob.h"

#include "core/blocksource.h"
#include "core/clock.h"
#include "core/failpoint.h"
#include "core/payload.h"

#include <sodium.h>

#include <errno.h>
#include <string.h>

enum { WAIT_MS = 20 };

/* What a dump goes through; the pump goes on where it was stopped, the check from its beginning. */
typedef enum stage { STAGE_BEGIN, STAGE_PUMP, STAGE_FINISH, STAGE_VERIFY, STAGE_DONE } stage_t;

/* A dump under way. */
typedef struct progress {
    mg_dumpjob_t *job;
    mg_fault_t *why;
    mg_status_t status;
    stage_t stage;
    mg_dumpfile_t *file;
    mg_dumpwriter_t *writer;
    mg_payloadwalk_t *walk;
    mg_fingerprint_t plain; /* of everything walked: the proof of restore compares with it */
    mg_dumpfooter_t footer;
    uint64_t documents_total;
    uint32_t next; /* index of the next chunk to be sealed */
    bool walked;
    int64_t phase_ns[MG_DUMPPHASES];
    int64_t phase_since_ns; /* monotonic: what is before it belongs to a phase already */
} progress_t;

/* What passed since the last call was spent in this phase. */
static void
s_account(progress_t *self, mg_dumpphase_t phase)
{
    int64_t now_ns = mg_clock_mono_ns();
    self->phase_ns[phase] += now_ns - self->phase_since_ns;
    self->phase_since_ns = now_ns;
}

static mg_status_t
s_no_memory(progress_t *self)
{
    return mg_fault_set(self->why, MG_ERR_NO_MEMORY, ENOMEM, "no memory to write a dump");
}

/* The writer's failures: the sink's fault says more than the status. */
static mg_status_t
s_write_failed(progress_t *self, mg_status_t status)
{
    const mg_fault_t *fault = mg_dumpfile_fault(self->file);
    if (fault->text[0]) {
        *self->why = *fault;
        return MG_ERR_IO;
    }
    return mg_fault_set(self->why, status, 0, "writing the dump failed: %s",
                        mg_status_name(status));
}

static mg_status_t
s_open_walk(progress_t *self)
{
    self->documents_total = mg_view_total(self->job->view);
    self->walk = mg_payloadwalk_new(self->job->view, &self->job->header);
    return self->walk ? MG_OK : s_no_memory(self);
}

/* Keys, temporary file, header. */
static mg_status_t
s_begin(progress_t *self)
{
    mg_dumpjob_t *job = self->job;
    mg_master_t master;
    mg_verdict_t verdict;
    if (mg_keyring_for_writing(job->keyring, &job->header.kdf, &master, &verdict) !=
        MG_OUTCOME_OK) {
        return mg_fault_set(self->why, MG_ERR_NO_MEMORY, ENOMEM, "%s", verdict.text);
    }
    randombytes_buf(job->header.file_salt, sizeof job->header.file_salt);
    mg_status_t status = mg_dumpfile_create(job->folder, job->header.generation, job->estimate,
                                            &self->file, self->why);
    if (status == MG_OK) {
        self->writer = mg_dumpwriter_new(mg_dumpfile_sink(self->file));
        status = self->writer ? mg_dumpwriter_begin(self->writer, &job->header, &master)
                              : MG_ERR_NO_MEMORY;
        status = status == MG_OK ? s_open_walk(self) : s_write_failed(self, status);
    }
    mg_master_wipe(&master);
    if (status == MG_OK) {
        MG_FAILPOINT("dump.header");
        mg_chunk_rules_t rules = {.provider = job->provider,
                                  .chunk_size = job->header.chunk_size,
                                  .compressed = job->header.compression == MG_COMPRESSION_ZSTD};
        mg_pipeline_begin(job->pipeline, MG_SEALWORK_SEAL, &rules,
                          mg_dumpwriter_keys(self->writer)->enc);
    }
    return status;
}

static void
s_end_walk(progress_t *self)
{
    if (!self->walked) {
        self->walked = true;
        self->job->walked(self->job->arg);
        MG_FAILPOINT("dump.walked");
    }
}

/* Walks one chunk further and hands it to a sealer. */
static mg_status_t
s_send(progress_t *self)
{
    uint32_t size = self->job->header.chunk_size;
    uint8_t *buffer = mg_pipeline_buffer(self->job->pipeline, size);
    size_t len = 0;
    if (!buffer || mg_payloadwalk_fill(self->walk, buffer, size, &len) != MG_OK) {
        return s_no_memory(self);
    }
    mg_fingerprint_add(&self->plain, mg_slice(buffer, len));
    s_account(self, MG_DUMPPHASE_WALK);
    mg_frame_t frame = {.index = self->next++, .last = mg_payloadwalk_ended(self->walk)};
    if (mg_pipeline_send(self->job->pipeline, &frame, len) != MG_OK) {
        return mg_fault_set(self->why, MG_ERR_IO, ETIMEDOUT, "no sealer takes the dump's chunks");
    }
    if (frame.last) {
        mg_payloadwalk_counts(self->walk, &self->footer);
        s_end_walk(self);
    }
    return MG_OK;
}

/* Writes the next sealed chunk, if it is there. */
static mg_status_t
s_take(progress_t *self)
{
    const mg_sealresult_t *result = mg_pipeline_next(self->job->pipeline, WAIT_MS);
    s_account(self, MG_DUMPPHASE_SEAL);
    if (!result) {
        return mg_pipeline_check(self->job->pipeline) == MG_OK
                   ? MG_OK
                   : mg_fault_set(self->why, MG_ERR_IO, ETIMEDOUT, "the sealers do not answer");
    }
    mg_status_t status = MG_OK;
    if (result->verdict.outcome != MG_OUTCOME_OK) {
        status = mg_fault_set(self->why, MG_ERR_NO_MEMORY, result->verdict.error, "%s",
                              result->verdict.text);
    } else {
        status = mg_dumpwriter_chunk(self->writer, &result->frame,
                                     mg_slice(result + 1, result->len), result->leaf);
        status = status == MG_OK ? MG_OK : s_write_failed(self, status);
    }
    mg_pipeline_release(self->job->pipeline);
    s_account(self, MG_DUMPPHASE_WRITE);
    MG_FAILPOINT("dump.chunk");
    return status;
}

static mg_status_t
s_turn(progress_t *self)
{
    mg_dumpfooter_t counts = {0};
    mg_payloadwalk_counts(self->walk, &counts);
    mg_progress_t progress = {.phase = "write",
                              .documents = counts.document_count,
                              .documents_total = self->documents_total,
                              .bytes = mg_dumpwriter_size(self->writer)};
    if (mg_turn_goes_on(&self->job->turn, &progress)) {
        return MG_OK;
    }
    return mg_fault_set(self->why, MG_ERR_CLOSED, ECANCELED,
                        "the dump was stopped for a more urgent one");
}

/* All chunks through the pipeline. */
static mg_status_t
s_pump(progress_t *self)
{
    mg_status_t status = MG_OK;
    while (status == MG_OK && (!self->walked || mg_pipeline_is_busy(self->job->pipeline))) {
        while (status == MG_OK && !self->walked && mg_pipeline_has_room(self->job->pipeline)) {
            status = s_send(self);
        }
        if (status == MG_OK) {
            status = s_take(self);
        }
        if (status == MG_OK) {
            status = s_turn(self);
        }
    }
    return status;
}

static mg_status_t
s_finish(progress_t *self)
{
    self->footer.finished_at = mg_clock_wall_ns();
    mg_status_t status = mg_dumpwriter_finish(self->writer, &self->footer);
    if (status != MG_OK) {
        return s_write_failed(self, status);
    }
    MG_FAILPOINT("dump.footer");
    status = mg_dumpfile_sync(self->file, self->why);
    MG_FAILPOINT("dump.synced");
    return status;
}

/* True if what was read back is what was walked. */
static bool
s_is_same(const progress_t *self, const mg_dumpreader_t *reader)
{
    const mg_dumpfooter_t *footer = mg_dumpreader_footer(reader);
    return footer->record_count == self->footer.record_count &&
           footer->document_count == self->footer.document_count &&
           footer->collection_count == self->footer.collection_count &&
           memcmp(footer->file_check, self->footer.file_check, sizeof footer->file_check) == 0 &&
           mg_fingerprint_equal(mg_dumpreader_plain(reader), &self->plain);
}

static mg_status_t
s_verify_failed(progress_t *self, const char *what)
{
    return mg_fault_set(self->why, MG_ERR_DUMP, 0,
                        "VERIFY_FAILED: memory or disk changes data, the dump reads back otherwise "
                        "than it was written (%s)",
                        what);
}

static mg_status_t
s_read_back(progress_t *self, mg_blocksource_t *source)
{
    mg_verdict_t verdict;
    mg_status_t status = MG_OK;
    mg_dumpreader_options_t options = {.source = mg_blocksource_source(source),
                                       .keyring = self->job->keyring,
                                       .provider = self->job->provider,
                                       .kdf_max_kib = UINT32_MAX, /* the parameters are our own */
                                       .fingerprint = true};
    mg_dumpreader_t *reader = mg_dumpreader_new(&options);
    if (!reader) {
        return s_no_memory(self);
    }
    mg_outcome_t outcome = mg_readjob_run(reader, self->job->pipeline, &self->job->turn,
                                          mg_dumpwriter_size(self->writer), &verdict);
    if (outcome == MG_OUTCOME_IO && verdict.error == ECANCELED) {
        status = mg_fault_set(self->why, MG_ERR_CLOSED, ECANCELED,
                              "the dump was stopped for a more urgent one");
    } else if (outcome != MG_OUTCOME_OK) {
        status = s_verify_failed(self, verdict.text);
    } else if (!s_is_same(self, reader)) {
        status = s_verify_failed(self, "its content is not that of the walk");
    }
    mg_dumpreader_destroy(&reader);
    return status;
}

static mg_status_t
s_verify_full(progress_t *self)
{
    int fd = -1;
    const mg_file_ops_t *io = mg_folder_io(self->job->folder);
    mg_status_t status = mg_dumpfile_reopen(self->file, &fd, self->why);
    if (status != MG_OK) {
        return status;
    }
    mg_blocksource_t *source = mg_blocksource_new(io, fd);
    status = source ? s_read_back(self, source) : s_no_memory(self);
    mg_blocksource_destroy(&source);
    (void)io->close(fd);
    return status;
}

static mg_status_t
s_verify(progress_t *self)
{
    switch (self->job->verify) {
    case MG_VERIFY_FULL:
        return s_verify_full(self);
    case MG_VERIFY_FOOTER: {
        mg_fault_t why;
        mg_status_t status = mg_dumpfile_check_ends(self->file, self->writer, &why);
        return status == MG_OK ? MG_OK : s_verify_failed(self, why.text);
    }
    case MG_VERIFY_OFF:
        break;
    }
    return MG_OK;
}

/* Guard, name, rename. */
static mg_status_t
s_publish(progress_t *self, mg_dumpresult_t *out)
{
    mg_dumpjob_t *job = self->job;
    mg_dumpresult_t result = {0};
    mg_status_t status = job->name(job->arg, job, &result.name, self->why);
    if (status == MG_OK) {
        status = mg_dumpfile_publish(self->file, &result.name, self->why);
    }
    s_account(self, MG_DUMPPHASE_PUBLISH);
    if (status == MG_OK || status == MG_ERR_UNSURE) {
        result.folder_synced = mg_dumpfile_is_folder_synced(self->file);
        result.footer = self->footer;
        result.bytes = mg_dumpwriter_size(self->writer);
        result.verified = job->verify == MG_VERIFY_FULL;
        memcpy(result.phase_ns, self->phase_ns, sizeof result.phase_ns);
        *out = result;
    }
    return status;
}

static mg_status_t
s_run_stage(progress_t *self)
{
    mg_status_t status = MG_OK;
    switch (self->stage) {
    case STAGE_BEGIN:
        return s_begin(self);
    case STAGE_PUMP:
        return s_pump(self);
    case STAGE_FINISH:
        status = s_finish(self);
        s_account(self, MG_DUMPPHASE_SYNC);
        return status;
    default:
        status = s_verify(self);
        s_account(self, MG_DUMPPHASE_VERIFY);
        MG_FAILPOINT("dump.verified");
        return status;
    }
}

/* Everything but the name, from the stage that it has come to. Ends early when what is left is to be done by the job's own thread. */
static void
s_prove(void *arg)
{
    progress_t *self = arg;
    const mg_dumpjob_t *job = self->job;
    while (self->status == MG_OK && self->stage < STAGE_DONE) {
        self->status = s_run_stage(self);
        if (self->status == MG_ERR_CLOSED && job->comes_back && job->comes_back(job->arg)) {
            self->status = MG_OK;
            *self->why = (mg_fault_t){0};
            return;
        }
        self->stage += self->status == MG_OK;
    }
    s_end_walk(self);
}

mg_status_t
mg_dumpjob_run(mg_dumpjob_t *job, mg_dumpresult_t *out, mg_fault_t *why)
{
    progress_t self = {.job = job, .why = why, .phase_since_ns = mg_clock_mono_ns()};
    if (job->elsewhere) {
        job->elsewhere(job->arg, s_prove, &self);
    }
    s_prove(&self);
    mg_status_t status = self.status == MG_OK ? s_publish(&self, out) : self.status;
    mg_payloadwalk_destroy(&self.walk);
    mg_dumpwriter_destroy(&self.writer);
    mg_dumpfile_destroy(&self.file);
    return status;
}
