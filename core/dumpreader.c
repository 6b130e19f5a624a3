#include "core/dumpreader.h"

#include "core/dumpsteps.h"
#include "core/payloadcheck.h"

#include <sodium.h>

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct mg_dumpreader {
    mg_dumpreader_options_t options;
    mg_buf_t header_bytes;
    mg_dumpheader_t header;
    bool has_header;
    mg_filekeys_t keys;
    bool has_keys;
    mg_hash_t *file_check; /* header and leaves so far */
    mg_fingerprint_t plain;
    mg_payloadcheck_t *check; /* with a key and schema 1 */
    mg_recordstream_t *records;
    mg_verdict_t payload; /* the first fault of the payload, kept until the container proved good */
    uint8_t frame[MG_FRAME_SIZE]; /* of the chunk being read */
    uint64_t offset;              /* of the next byte in the file */
    mg_dumpfooter_t seen;         /* totals so far */
    mg_dumpfooter_t footer;
    bool has_footer;
    bool authenticated;
};

mg_dumpreader_t *
mg_dumpreader_new(const mg_dumpreader_options_t *options)
{
    mg_dumpreader_t *self = calloc(1, sizeof *self);
    if (self) {
        self->options = *options;
    }
    return self;
}

void
mg_dumpreader_destroy(mg_dumpreader_t **self_p)
{
    mg_dumpreader_t *self = *self_p;
    if (!self) {
        return;
    }
    mg_filekeys_wipe(&self->keys);
    mg_buf_free(&self->header_bytes);
    mg_hash_destroy(&self->file_check);
    mg_payloadcheck_destroy(&self->check);
    mg_recordstream_destroy(&self->records);
    free(self);
    *self_p = NULL;
}

static mg_outcome_t
s_no_memory(mg_verdict_t *why)
{
    return mg_verdict_io(why, "reading a dump", ENOMEM);
}

/* Reads until `len` bytes are there or the file ends; *out_len says how many. */
static mg_outcome_t
s_read(mg_dumpreader_t *self, uint8_t *out, size_t len, size_t *out_len, mg_verdict_t *why)
{
    size_t got = 0;
    while (got < len) {
        ssize_t step = self->options.source.read(self->options.source.arg, out + got, len - got);
        if (step == -EINTR) {
            continue;
        }
        if (step < 0) {
            return mg_verdict_io(why, "reading the dump", (int)-step);
        }
        if (step == 0) {
            break;
        }
        got += (size_t)step;
    }
    self->offset += got;
    *out_len = got;
    return MG_OUTCOME_OK;
}

/* Steps 1-5. */
static mg_outcome_t
s_read_header(mg_dumpreader_t *self, mg_verdict_t *why)
{
    uint8_t first[MG_HEADER_PROBE];
    size_t got = 0;
    uint32_t len = 0;
    mg_outcome_t outcome = s_read(self, first, sizeof first, &got, why);
    if (outcome == MG_OUTCOME_OK) {
        outcome = mg_dumpheader_probe(mg_slice(first, got), &len, why);
    }
    if (outcome != MG_OUTCOME_OK) {
        return outcome;
    }
    mg_buf_append(&self->header_bytes, first, sizeof first);
    uint8_t *rest = mg_buf_extend(&self->header_bytes, len - sizeof first);
    if (!rest) {
        return s_no_memory(why);
    }
    outcome = s_read(self, rest, len - sizeof first, &got, why);
    if (outcome != MG_OUTCOME_OK) {
        return outcome;
    }
    if (got < len - sizeof first) {
        return mg_verdict_fail(why, MG_OUTCOME_TRUNCATED, "the file ends within its header");
    }
    outcome = mg_dumpheader_parse(mg_buf_slice(&self->header_bytes), self->options.kdf_max_kib,
                                  &self->header, why);
    self->has_header = outcome == MG_OUTCOME_OK;
    return outcome;
}

/* Checks one record and passes it on. */
static mg_outcome_t
s_receive(void *arg, const mg_record_t *record, mg_verdict_t *why)
{
    mg_dumpreader_t *self = arg;
    mg_outcome_t outcome = mg_payloadcheck_record(self->check, record, why);
    if (outcome == MG_OUTCOME_OK && self->options.on_record) {
        outcome = self->options.on_record(self->options.arg, record, why);
    }
    return outcome;
}

/* The same for a document that is an entry already. */
static mg_outcome_t
s_receive_entry(void *arg, mg_entry_t *entry, mg_verdict_t *why)
{
    mg_dumpreader_t *self = arg;
    mg_outcome_t outcome =
        mg_payloadcheck_document(self->check, mg_entry_key(entry), entry->rev, why);
    if (outcome != MG_OUTCOME_OK) {
        mg_entry_free(entry);
        return outcome;
    }
    return self->options.on_entry(self->options.arg, entry, why);
}

static bool
s_prepare(mg_dumpreader_t *self)
{
    self->file_check = mg_hash_new();
    if (!self->file_check) {
        return false;
    }
    mg_hash_update(self->file_check, mg_buf_slice(&self->header_bytes));
    if (self->has_keys && self->header.payload_schema == MG_SCHEMA_STATE) {
        self->check = mg_payloadcheck_new(&self->header);
        self->records = mg_recordstream_new(s_receive, self);
        return self->check && self->records;
    }
    return true;
}

mg_outcome_t
mg_dumpreader_begin(mg_dumpreader_t *self, mg_verdict_t *why)
{
    mg_outcome_t outcome = s_read_header(self, why);
    if (outcome == MG_OUTCOME_OK && self->options.keyring) {
        outcome = mg_keyring_unlock(self->options.keyring, &self->header,
                                    mg_buf_slice(&self->header_bytes), &self->keys, why);
        self->has_keys = outcome == MG_OUTCOME_OK;
    }
    if (outcome == MG_OUTCOME_OK && !s_prepare(self)) {
        outcome = s_no_memory(why);
    }
    return outcome;
}

static mg_outcome_t
s_truncated(mg_verdict_t *why, uint32_t index, uint64_t offset)
{
    (void)mg_verdict_fail(why, MG_OUTCOME_TRUNCATED, "the file ends within chunk %u", index);
    why->chunk = index;
    why->offset = offset;
    return MG_OUTCOME_TRUNCATED;
}

mg_outcome_t
mg_dumpreader_frame(mg_dumpreader_t *self, mg_frame_t *out_frame, mg_verdict_t *why)
{
    mg_chunk_rules_t rules = mg_dumpreader_rules(self);
    uint32_t index = self->seen.chunk_count;
    uint64_t start = self->offset;
    size_t got = 0;
    mg_outcome_t outcome = s_read(self, self->frame, sizeof self->frame, &got, why);
    if (outcome != MG_OUTCOME_OK) {
        return outcome;
    }
    if (got < sizeof self->frame) {
        return s_truncated(why, index, start);
    }
    outcome = mg_frame_decode(self->frame, index, &rules, out_frame, why);
    if (outcome != MG_OUTCOME_OK) {
        why->offset = start;
    }
    return outcome;
}

mg_outcome_t
mg_dumpreader_chunk(mg_dumpreader_t *self,
                    const mg_frame_t *frame,
                    uint8_t *out_chunk,
                    mg_verdict_t *why)
{
    uint64_t start = self->offset - MG_FRAME_SIZE;
    size_t rest = mg_frame_total(frame) - MG_FRAME_SIZE;
    size_t got = 0;
    memcpy(out_chunk, self->frame, MG_FRAME_SIZE);
    mg_outcome_t outcome = s_read(self, out_chunk + MG_FRAME_SIZE, rest, &got, why);
    if (outcome != MG_OUTCOME_OK) {
        return outcome;
    }
    if (got < rest) {
        return s_truncated(why, frame->index, start);
    }
    self->seen.chunk_count++;
    self->seen.body_bytes += mg_frame_total(frame);
    self->seen.plain_bytes += frame->plain_len;
    return MG_OUTCOME_OK;
}

/* A fault of the payload is kept for step 10; anything else (memory, the receiver) ends the reading. */
static mg_outcome_t
s_keep_fault(mg_dumpreader_t *self, mg_outcome_t outcome, mg_verdict_t *why)
{
    if (outcome == MG_OUTCOME_PAYLOAD_INVALID || outcome == MG_OUTCOME_UNSUPPORTED) {
        self->payload = *why;
        return MG_OUTCOME_OK;
    }
    return outcome;
}

bool
mg_dumpreader_takes_entries(const mg_dumpreader_t *self)
{
    return self->records && self->options.on_entry;
}

mg_outcome_t
mg_dumpreader_accept(mg_dumpreader_t *self,
                     const uint8_t leaf[MG_LEAF_SIZE],
                     mg_slice_t plain,
                     mg_early_t *early,
                     mg_verdict_t *why)
{
    mg_hash_update(self->file_check, mg_slice(leaf, MG_LEAF_SIZE));
    if (self->options.fingerprint) {
        mg_fingerprint_add(&self->plain, plain);
    }
    if (!self->records || self->payload.outcome != MG_OUTCOME_OK) {
        return MG_OUTCOME_OK;
    }
    bool use_early = early && mg_dumpreader_takes_entries(self);
    mg_outcome_t outcome =
        use_early ? mg_recordstream_feed_early(self->records, plain, early, s_receive_entry, why)
                  : mg_recordstream_feed(self->records, plain, why);
    return s_keep_fault(self, outcome, why);
}

/* Step 9. */
static mg_outcome_t
s_read_footer(mg_dumpreader_t *self, mg_verdict_t *why)
{
    uint8_t bytes[MG_FOOTER_SIZE + 1];
    size_t got = 0;
    mg_outcome_t outcome = s_read(self, bytes, sizeof bytes, &got, why);
    if (outcome != MG_OUTCOME_OK) {
        return outcome;
    }
    if (got < MG_FOOTER_SIZE) {
        return mg_verdict_fail(why, MG_OUTCOME_TRUNCATED, "the file ends within its footer");
    }
    if (got > MG_FOOTER_SIZE) {
        return mg_verdict_fail(why, MG_OUTCOME_TRAILING_DATA, "there are bytes behind the footer");
    }
    outcome = mg_dumpfooter_check(bytes, self->file_check, &self->seen, &self->footer, why);
    self->has_footer = outcome == MG_OUTCOME_OK;
    if (outcome == MG_OUTCOME_OK && self->has_keys) {
        outcome = mg_dumpfooter_authenticate(bytes, self->keys.mac, why);
        self->authenticated = outcome == MG_OUTCOME_OK;
    }
    return outcome;
}

/* Step 10: what was kept, or what only shows at the end. */
static mg_outcome_t
s_end_payload(mg_dumpreader_t *self, mg_verdict_t *why)
{
    if (self->payload.outcome != MG_OUTCOME_OK) {
        *why = self->payload;
        return why->outcome;
    }
    if (!self->records) {
        return MG_OUTCOME_OK;
    }
    mg_outcome_t outcome = mg_recordstream_end(self->records, why);
    return outcome == MG_OUTCOME_OK ? mg_payloadcheck_end(self->check, &self->footer, why)
                                    : outcome;
}

mg_outcome_t
mg_dumpreader_end(mg_dumpreader_t *self, mg_verdict_t *why)
{
    mg_outcome_t outcome = s_read_footer(self, why);
    if (outcome == MG_OUTCOME_OK) {
        outcome = s_end_payload(self, why);
    }
    if (outcome != MG_OUTCOME_OK) {
        return outcome;
    }
    if (self->authenticated && self->header.generation < self->options.min_generation) {
        (void)mg_verdict_fail(why, MG_OUTCOME_ROLLED_BACK,
                              "the dump is authentic, but of generation %" PRIu64 ", and %" PRIu64
                              " was required",
                              self->header.generation, self->options.min_generation);
        why->generation = self->header.generation;
        why->minimum = self->options.min_generation;
        return MG_OUTCOME_ROLLED_BACK;
    }
    if (!self->authenticated) {
        return mg_verdict_fail(why, MG_OUTCOME_OK,
                               "no damage can be seen; without the key nothing is proven");
    }
    mg_verdict_ok(why);
    return MG_OUTCOME_OK;
}

static mg_outcome_t
s_run_chunks(mg_dumpreader_t *self, mg_verdict_t *why)
{
    mg_slice_t ignored;
    mg_dumpsteps_t *steps = NULL;
    mg_outcome_t outcome = mg_dumpsteps_new(self, &steps, why);
    for (bool last = false; !last && outcome == MG_OUTCOME_OK;) {
        outcome = mg_dumpsteps_next(steps, &ignored, &last, why);
    }
    mg_dumpsteps_destroy(&steps);
    return outcome;
}

mg_outcome_t
mg_dumpreader_run(mg_dumpreader_t *self, mg_verdict_t *why)
{
    mg_outcome_t outcome = mg_dumpreader_begin(self, why);
    if (outcome == MG_OUTCOME_OK) {
        outcome = s_run_chunks(self, why);
    }
    return outcome == MG_OUTCOME_OK ? mg_dumpreader_end(self, why) : outcome;
}

const mg_dumpheader_t *
mg_dumpreader_header(const mg_dumpreader_t *self)
{
    return self->has_header ? &self->header : NULL;
}

const mg_dumpfooter_t *
mg_dumpreader_footer(const mg_dumpreader_t *self)
{
    return self->has_footer ? &self->footer : NULL;
}

const mg_filekeys_t *
mg_dumpreader_keys(const mg_dumpreader_t *self)
{
    return self->has_keys ? &self->keys : NULL;
}

bool
mg_dumpreader_authenticated(const mg_dumpreader_t *self)
{
    return self->authenticated;
}

mg_chunk_rules_t
mg_dumpreader_rules(const mg_dumpreader_t *self)
{
    return (mg_chunk_rules_t){.provider = self->options.provider,
                              .chunk_size = self->header.chunk_size,
                              .compressed = self->header.compression == MG_COMPRESSION_ZSTD};
}

const mg_fingerprint_t *
mg_dumpreader_plain(const mg_dumpreader_t *self)
{
    return &self->plain;
}
