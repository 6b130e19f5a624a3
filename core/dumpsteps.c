#include "core/dumpsteps.h"

#include <sodium.h>

#include <errno.h>
#include <stdlib.h>

struct mg_dumpsteps {
    mg_dumpreader_t *reader;
    uint8_t *sealed;        /* one chunk as it stands in the file */
    mg_chunkcodec_t *codec; /* NULL without a key, as is */
    uint8_t *plain;         /* the chunk opened, */
    size_t room;            /* this large at most */
    uint64_t offset;        /* in the file, of the next chunk */
};

mg_outcome_t
mg_dumpsteps_new(mg_dumpreader_t *reader, mg_dumpsteps_t **out, mg_verdict_t *why)
{
    mg_chunk_rules_t rules = mg_dumpreader_rules(reader);
    const mg_filekeys_t *keys = mg_dumpreader_keys(reader);
    mg_dumpsteps_t *self = calloc(1, sizeof *self);
    bool good = self != NULL;
    if (good) {
        self->reader = reader;
        self->room = rules.chunk_size;
        self->offset = mg_dumpreader_header(reader)->header_len;
        self->sealed = malloc(self->room + MG_CHUNK_EXTRA);
        good = self->sealed != NULL;
    }
    if (good && keys) {
        self->plain = malloc(self->room);
        good = self->plain && mg_chunkcodec_new(&rules, keys->enc, &self->codec) == MG_OK;
    }
    if (!good) {
        mg_dumpsteps_destroy(&self);
        return mg_verdict_io(why, "reading a dump", ENOMEM);
    }
    *out = self;
    return MG_OUTCOME_OK;
}

void
mg_dumpsteps_destroy(mg_dumpsteps_t **self_p)
{
    mg_dumpsteps_t *self = *self_p;
    if (!self) {
        return;
    }
    mg_chunkcodec_destroy(&self->codec);
    if (self->plain) {
        sodium_memzero(self->plain, self->room);
        free(self->plain);
    }
    free(self->sealed);
    free(self);
    *self_p = NULL;
}

mg_outcome_t
mg_dumpsteps_next(mg_dumpsteps_t *self, mg_slice_t *out_plain, bool *out_last, mg_verdict_t *why)
{
    mg_frame_t frame = {0};
    uint8_t leaf[MG_LEAF_SIZE];
    mg_slice_t opened = mg_slice(NULL, 0);
    mg_outcome_t outcome = mg_dumpreader_frame(self->reader, &frame, why);
    if (outcome == MG_OUTCOME_OK) {
        outcome = mg_dumpreader_chunk(self->reader, &frame, self->sealed, why);
    }
    if (outcome != MG_OUTCOME_OK) {
        return outcome;
    }
    mg_slice_t chunk = mg_slice(self->sealed, mg_frame_total(&frame));
    if (self->codec) {
        outcome = mg_chunkcodec_open(self->codec, &frame, chunk, self->plain, why);
        if (outcome != MG_OUTCOME_OK) {
            why->offset = self->offset;
            return outcome;
        }
        opened = mg_slice(self->plain, frame.plain_len);
    }
    mg_chunk_leaf(chunk, leaf);
    self->offset += chunk.len;
    *out_plain = opened;
    *out_last = frame.last;
    return mg_dumpreader_accept(self->reader, leaf, opened, NULL, why);
}
