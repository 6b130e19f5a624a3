#include "core/reseal.h"

#include "core/dumpsteps.h"
#include "core/failpoint.h"
#include "core/filesource.h"

#include <sodium.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A file read through to its end: what it says, and the hash of its payload. */
typedef struct proof {
    mg_dumpheader_t header;
    mg_dumpfooter_t footer;
    mg_fingerprint_t plain; /* chunks keep their bounds */
} proof_t;

/* A pass over one open file. */
typedef struct pass {
    mg_filesource_t source;
    mg_dumpreader_t *reader;
} pass_t;

static mg_outcome_t
s_fault(mg_verdict_t *why, const mg_fault_t *fault)
{
    mg_outcome_t outcome = mg_verdict_fail(why, MG_OUTCOME_IO, "%.190s", fault->text);
    why->error = fault->error;
    return outcome;
}

static mg_outcome_t
s_no_memory(mg_verdict_t *why)
{
    return mg_verdict_io(why, "sealing a dump anew", ENOMEM);
}

static mg_outcome_t
s_begin_pass(pass_t *pass, const mg_reseal_t *job, int fd, mg_verdict_t *why)
{
    pass->source = (mg_filesource_t){.io = mg_folder_io(job->folder), .fd = fd};
    mg_dumpreader_options_t options = {.source = mg_filesource(&pass->source),
                                       .keyring = job->keyring,
                                       .provider = job->provider,
                                       .kdf_max_kib = job->kdf_max_kib,
                                       .fingerprint = true};
    pass->reader = mg_dumpreader_new(&options);
    return pass->reader ? mg_dumpreader_begin(pass->reader, why) : s_no_memory(why);
}

static void
s_end_pass(pass_t *pass)
{
    mg_dumpreader_destroy(&pass->reader);
    if (pass->source.fd >= 0) {
        (void)pass->source.io->close(pass->source.fd);
    }
}

static void
s_take_proof(const pass_t *pass, proof_t *out)
{
    out->header = *mg_dumpreader_header(pass->reader);
    out->footer = *mg_dumpreader_footer(pass->reader);
    out->plain = *mg_dumpreader_plain(pass->reader);
}

/* Reads the file behind `fd`, which is taken over, to its end. `*out_current`: it needs no new seal; then only its header was
 * read. */
static mg_outcome_t
s_prove(const mg_reseal_t *job, int fd, bool *out_current, proof_t *out, mg_verdict_t *why)
{
    pass_t pass = {.source = {.fd = -1}};
    mg_dumpsteps_t *steps = NULL;
    mg_slice_t ignored;
    mg_outcome_t outcome = s_begin_pass(&pass, job, fd, why);
    if (outcome == MG_OUTCOME_OK && out_current) {
        out->header = *mg_dumpreader_header(pass.reader);
        *out_current = mg_keyring_is_current(job->keyring, &out->header);
        if (*out_current) {
            goto done;
        }
    }
    if (outcome == MG_OUTCOME_OK) {
        outcome = mg_dumpsteps_new(pass.reader, &steps, why);
    }
    for (bool last = false; outcome == MG_OUTCOME_OK && !last;) {
        outcome = mg_dumpsteps_next(steps, &ignored, &last, why);
    }
    if (outcome == MG_OUTCOME_OK) {
        outcome = mg_dumpreader_end(pass.reader, why);
    }
    if (outcome == MG_OUTCOME_OK) {
        s_take_proof(&pass, out);
    }
done:
    mg_dumpsteps_destroy(&steps);
    s_end_pass(&pass);
    return outcome;
}

static mg_outcome_t
s_open(const mg_reseal_t *job, int *out_fd, mg_verdict_t *why)
{
    *out_fd = mg_folder_open_dump(job->folder, job->name);
    if (*out_fd >= 0) {
        return MG_OUTCOME_OK;
    }
    return errno == ENOENT
               ? mg_verdict_fail(why, MG_OUTCOME_MISSING, "there is no such regular file")
               : mg_verdict_io(why, "opening the dump", errno);
}

/* ---- writing ---- */

typedef struct sealing {
    const mg_reseal_t *job;
    const proof_t *old;
    mg_dumpfile_t *file;
    mg_dumpwriter_t *writer;
    mg_chunkcodec_t *codec;
    uint8_t *chunk;
    mg_dumpheader_t header;
} sealing_t;

static mg_outcome_t
s_write_failed(const sealing_t *self, mg_verdict_t *why)
{
    const mg_fault_t *fault = mg_dumpfile_fault(self->file);
    return fault->text[0] ? s_fault(why, fault) : s_no_memory(why);
}

/* The header of the old file but for what belongs to the seal. */
static mg_outcome_t
s_make_header(sealing_t *self, mg_master_t *master, mg_verdict_t *why)
{
    self->header = self->old->header;
    self->header.trigger = MG_TRIGGER_REKEY;
    self->header.has_resealed_from = true;
    memcpy(self->header.resealed_from, self->old->footer.file_check, MG_CHECK_SIZE);
    (void)snprintf(self->header.producer, sizeof self->header.producer, "memgate/" MG_VERSION);
    randombytes_buf(self->header.file_salt, sizeof self->header.file_salt);
    return mg_keyring_for_writing(self->job->keyring, &self->header.kdf, master, why);
}

static mg_outcome_t
s_begin(sealing_t *self, mg_verdict_t *why)
{
    mg_fault_t fault = {0};
    mg_master_t master;
    mg_outcome_t outcome = s_make_header(self, &master, why);
    if (outcome != MG_OUTCOME_OK) {
        return outcome;
    }
    const mg_dumpfooter_t *old = &self->old->footer;
    mg_status_t status = mg_dumpfile_create(self->job->folder, self->header.generation,
                                            old->body_bytes + MG_HEADER_FIXED, &self->file, &fault);
    if (status != MG_OK) {
        mg_master_wipe(&master);
        return s_fault(why, &fault);
    }
    self->writer = mg_dumpwriter_new(mg_dumpfile_sink(self->file));
    status =
        self->writer ? mg_dumpwriter_begin(self->writer, &self->header, &master) : MG_ERR_NO_MEMORY;
    mg_master_wipe(&master);
    mg_chunk_rules_t rules = {.provider = self->job->provider,
                              .chunk_size = self->header.chunk_size,
                              .compressed = self->header.compression == MG_COMPRESSION_ZSTD};
    self->chunk = malloc(self->header.chunk_size + (size_t)MG_CHUNK_EXTRA);
    if (status == MG_OK) {
        status = self->chunk ? mg_chunkcodec_new(&rules, mg_dumpwriter_keys(self->writer)->enc,
                                                 &self->codec)
                             : MG_ERR_NO_MEMORY;
    }
    return status == MG_OK ? MG_OUTCOME_OK : s_write_failed(self, why);
}

static mg_outcome_t
s_write_chunk(sealing_t *self, uint32_t index, bool last, mg_slice_t plain, mg_verdict_t *why)
{
    uint8_t leaf[MG_LEAF_SIZE];
    mg_frame_t frame = {.index = index, .last = last};
    mg_status_t status = mg_chunkcodec_seal(self->codec, &frame, plain, self->chunk);
    if (status == MG_OK) {
        mg_slice_t chunk = mg_slice(self->chunk, mg_frame_total(&frame));
        mg_chunk_leaf(chunk, leaf);
        status = mg_dumpwriter_chunk(self->writer, &frame, chunk, leaf);
    }
    MG_FAILPOINT("reseal.chunk");
    return status == MG_OK ? MG_OUTCOME_OK : s_write_failed(self, why);
}

/* Reads the old file a second time, and seals each chunk as it comes. */
static mg_outcome_t
s_copy(sealing_t *self, mg_verdict_t *why)
{
    int fd = -1;
    mg_slice_t plain;
    pass_t pass = {.source = {.fd = -1}};
    mg_dumpsteps_t *steps = NULL;
    mg_outcome_t outcome = s_open(self->job, &fd, why);
    if (outcome == MG_OUTCOME_OK) {
        outcome = s_begin_pass(&pass, self->job, fd, why);
    }
    if (outcome == MG_OUTCOME_OK) {
        outcome = mg_dumpsteps_new(pass.reader, &steps, why);
    }
    uint32_t index = 0;
    for (bool last = false; outcome == MG_OUTCOME_OK && !last;) {
        outcome = mg_dumpsteps_next(steps, &plain, &last, why);
        if (outcome == MG_OUTCOME_OK) {
            outcome = s_write_chunk(self, index++, last, plain, why);
        }
    }
    if (outcome == MG_OUTCOME_OK) {
        outcome = mg_dumpreader_end(pass.reader, why);
    }
    mg_dumpsteps_destroy(&steps);
    s_end_pass(&pass);
    return outcome;
}

static mg_outcome_t
s_finish(sealing_t *self, mg_verdict_t *why)
{
    mg_fault_t fault = {0};
    const mg_dumpfooter_t *old = &self->old->footer;
    mg_dumpfooter_t footer = {.record_count = old->record_count,
                              .document_count = old->document_count,
                              .collection_count = old->collection_count,
                              .finished_at = self->job->now_ns};
    if (mg_dumpwriter_finish(self->writer, &footer) != MG_OK) {
        return s_write_failed(self, why);
    }
    return mg_dumpfile_sync(self->file, &fault) == MG_OK ? MG_OUTCOME_OK : s_fault(why, &fault);
}

/* The new file reads back, under the current key, as the payload of the old one. */
static mg_outcome_t
s_verify(const sealing_t *self, mg_verdict_t *why)
{
    int fd = -1;
    proof_t new = {0};
    mg_fault_t fault = {0};
    if (mg_dumpfile_reopen(self->file, &fd, &fault) != MG_OK) {
        return s_fault(why, &fault);
    }
    mg_outcome_t outcome = s_prove(self->job, fd, NULL, &new, why);
    bool same =
        outcome == MG_OUTCOME_OK && mg_keyring_is_current(self->job->keyring, &new.header) &&
        mg_fingerprint_equal(&new.plain, &self->old->plain) &&
        new.footer.record_count == self->old->footer.record_count &&new.footer.document_count ==
            self->old->footer.document_count;
    return same ? MG_OUTCOME_OK
                : mg_verdict_fail(
                      why, MG_OUTCOME_VERIFY_FAILED,
                      "the new file does not read back as the old one (%s): memory or disk "
                      "changes data; the old file is untouched",
                      mg_outcome_name(outcome));
}

static mg_outcome_t
s_seal(sealing_t *self, mg_verdict_t *why)
{
    mg_fault_t fault = {0};
    mg_dumpname_t name = {0};
    mg_outcome_t outcome = s_begin(self, why);
    if (outcome == MG_OUTCOME_OK) {
        outcome = s_copy(self, why);
    }
    if (outcome == MG_OUTCOME_OK) {
        outcome = s_finish(self, why);
    }
    MG_FAILPOINT("reseal.synced");
    if (outcome == MG_OUTCOME_OK) {
        outcome = s_verify(self, why);
    }
    MG_FAILPOINT("reseal.verified");
    if (outcome != MG_OUTCOME_OK) {
        return outcome;
    }
    if (mg_folder_check_lock(self->job->folder, &fault) != MG_OK) {
        return s_fault(why, &fault);
    }
    (void)snprintf(name.text, sizeof name.text, "%s", self->job->name);
    return mg_dumpfile_replace(self->file, &name, &fault) == MG_OK ? MG_OUTCOME_OK
                                                                   : s_fault(why, &fault);
}

mg_outcome_t
mg_reseal_run(const mg_reseal_t *job, mg_resealed_t *out, mg_verdict_t *why)
{
    int fd = -1;
    bool current = false;
    proof_t old = {0};
    mg_outcome_t outcome = s_open(job, &fd, why);
    if (outcome == MG_OUTCOME_OK) {
        outcome = s_prove(job, fd, &current, &old, why);
    }
    sealing_t sealing = {.job = job, .old = &old, .header = old.header};
    if (outcome == MG_OUTCOME_OK && !current) {
        outcome = s_seal(&sealing, why);
    }
    if (outcome == MG_OUTCOME_OK) {
        *out =
            (mg_resealed_t){.was_current = current, .before = old.header, .after = sealing.header};
    }
    mg_chunkcodec_destroy(&sealing.codec);
    mg_dumpwriter_destroy(&sealing.writer);
    mg_dumpfile_destroy(&sealing.file);
    if (sealing.chunk) {
        sodium_memzero(sealing.chunk, sealing.header.chunk_size);
        free(sealing.chunk);
    }
    return outcome;
}
