#include "core/chunk.h"

#include "core/bytes.h"

#include <sodium.h>
#include <xxhash.h>
#include <zstd.h>

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    AT_STORED = 4,
    AT_PLAIN = 8,
    AT_FLAGS = 12,
    FLAG_LAST = 1,
    FLAG_ZSTD = 2,
    NONCE_DOMAIN = 0x01, /* journals use another byte under other keys */
    NONCE_AT_INDEX = 7,
    NONCE_AT_LAST = 11,
    ZSTD_LEVEL = 1,
};

struct mg_chunkcodec {
    mg_chunk_rules_t rules;
    mg_aead_t *aead;
    ZSTD_CCtx *compressor;   /* made at the first seal */
    ZSTD_DCtx *decompressor; /* made at the first open */
    uint8_t *scratch;        /* chunk_size bytes: compressed plaintext on its way in or out */
};

size_t
mg_frame_total(const mg_frame_t *frame)
{
    return (size_t)frame->stored_len + MG_CHUNK_EXTRA;
}

static void
s_frame_encode(const mg_frame_t *frame, uint8_t out[MG_FRAME_SIZE])
{
    memset(out, 0, MG_FRAME_SIZE);
    mg_put_u32(out, frame->index);
    mg_put_u32(out + AT_STORED, frame->stored_len);
    mg_put_u32(out + AT_PLAIN, frame->plain_len);
    out[AT_FLAGS] = (uint8_t)((frame->last ? FLAG_LAST : 0) | (frame->zstd ? FLAG_ZSTD : 0));
}

static bool
s_lengths_good(const mg_frame_t *frame, const mg_chunk_rules_t *rules)
{
    bool plain_good = frame->last ? frame->plain_len >= 1 && frame->plain_len <= rules->chunk_size
                                  : frame->plain_len == rules->chunk_size;
    bool stored_good = frame->zstd ? frame->stored_len >= 1 && frame->stored_len < frame->plain_len
                                   : frame->stored_len == frame->plain_len;
    return plain_good && stored_good;
}

/* All chunk failures share their outcome and carry the chunk's index. */
static mg_outcome_t
s_corrupt(mg_verdict_t *why, uint32_t index, const char *what)
{
    (void)mg_verdict_fail(why, MG_OUTCOME_CHUNK_CORRUPT, "chunk %u is damaged: %s", index, what);
    why->chunk = index;
    return MG_OUTCOME_CHUNK_CORRUPT;
}

mg_outcome_t
mg_frame_decode(const uint8_t bytes[MG_FRAME_SIZE],
                uint32_t expected_index,
                const mg_chunk_rules_t *rules,
                mg_frame_t *out,
                mg_verdict_t *why)
{
    uint32_t flags = mg_get_u32(bytes + AT_FLAGS); /* one flag byte, three zero bytes */
    mg_frame_t frame = {
        .index = mg_get_u32(bytes),
        .stored_len = mg_get_u32(bytes + AT_STORED),
        .plain_len = mg_get_u32(bytes + AT_PLAIN),
        .last = bytes[AT_FLAGS] & FLAG_LAST,
        .zstd = bytes[AT_FLAGS] & FLAG_ZSTD,
    };
    if (frame.index != expected_index || frame.index >= MG_CHUNK_COUNT_MAX) {
        return s_corrupt(why, expected_index, "its frame has another index");
    }
    if ((flags & 0x00ffffffu) != 0 || flags >> 24 > (FLAG_LAST | FLAG_ZSTD)) {
        return s_corrupt(why, expected_index, "its frame has unknown flags");
    }
    if (frame.zstd && !rules->compressed) {
        return s_corrupt(why, expected_index, "it is compressed in a dump without compression");
    }
    if (!s_lengths_good(&frame, rules)) {
        return s_corrupt(why, expected_index, "the lengths in its frame are impossible");
    }
    *out = frame;
    return MG_OUTCOME_OK;
}

void
mg_chunk_leaf(mg_slice_t chunk, uint8_t out[MG_LEAF_SIZE])
{
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits(chunk.data, chunk.len));
    memcpy(out, canonical.digest, MG_LEAF_SIZE);
}

mg_status_t
mg_chunkcodec_new(const mg_chunk_rules_t *rules,
                  const uint8_t key[MG_KEY_SIZE],
                  mg_chunkcodec_t **out)
{
    mg_chunkcodec_t *self = calloc(1, sizeof *self);
    if (!self) {
        return MG_ERR_NO_MEMORY;
    }
    self->rules = *rules;
    self->scratch = malloc(rules->chunk_size);
    mg_status_t status =
        self->scratch ? mg_aead_new(rules->provider, key, &self->aead) : MG_ERR_NO_MEMORY;
    if (status != MG_OK) {
        mg_chunkcodec_destroy(&self);
        return status;
    }
    *out = self;
    return MG_OK;
}

void
mg_chunkcodec_destroy(mg_chunkcodec_t **self_p)
{
    mg_chunkcodec_t *self = *self_p;
    if (!self) {
        return;
    }
    mg_aead_destroy(&self->aead);
    (void)ZSTD_freeCCtx(self->compressor);
    (void)ZSTD_freeDCtx(self->decompressor);
    if (self->scratch) {
        sodium_memzero(self->scratch, self->rules.chunk_size);
        free(self->scratch);
    }
    free(self);
    *self_p = NULL;
}

static void
s_nonce(const mg_frame_t *frame, uint8_t out[MG_AEAD_NONCE])
{
    memset(out, 0, MG_AEAD_NONCE);
    out[0] = NONCE_DOMAIN;
    mg_put_u32(out + NONCE_AT_INDEX, frame->index);
    out[NONCE_AT_LAST] = frame->last ? 1 : 0;
}

/* Compresses into the scratch buffer if that saves at least a byte; else the chunk is stored as it is. */
static mg_status_t
s_compress(mg_chunkcodec_t *self, mg_slice_t plain, mg_slice_t *out_stored)
{
    *out_stored = plain;
    if (!self->rules.compressed) {
        return MG_OK;
    }
    if (!self->compressor) {
        self->compressor = ZSTD_createCCtx();
    }
    if (!self->compressor) {
        return MG_ERR_NO_MEMORY;
    }
    size_t len = ZSTD_compressCCtx(self->compressor, self->scratch, plain.len - 1, plain.data,
                                   plain.len, ZSTD_LEVEL);
    if (!ZSTD_isError(len)) { /* the only error that can be is "does not fit" */
        *out_stored = mg_slice(self->scratch, len);
    }
    return MG_OK;
}

mg_status_t
mg_chunkcodec_seal(mg_chunkcodec_t *self, mg_frame_t *frame, mg_slice_t plain, uint8_t *out)
{
    assert(plain.len >= 1 && plain.len <= self->rules.chunk_size);
    mg_slice_t stored;
    mg_status_t status = s_compress(self, plain, &stored);
    if (status != MG_OK) {
        return status;
    }
    frame->plain_len = (uint32_t)plain.len;
    frame->stored_len = (uint32_t)stored.len;
    frame->zstd = stored.data != plain.data;
    s_frame_encode(frame, out);
    uint8_t nonce[MG_AEAD_NONCE];
    s_nonce(frame, nonce);
    return mg_aead_seal(self->aead, nonce, mg_slice(out, MG_FRAME_SIZE), stored,
                        out + MG_FRAME_SIZE);
}

/* The stored bytes must be one ordinary zstd frame of exactly the declared size, without a dictionary. */
static bool
s_is_plain_zstd(mg_slice_t stored, uint32_t plain_len)
{
    static const uint8_t magic[] = {0x28, 0xb5, 0x2f, 0xfd};
    return stored.len > sizeof magic && memcmp(stored.data, magic, sizeof magic) == 0 &&
           ZSTD_getFrameContentSize(stored.data, stored.len) == plain_len &&
           ZSTD_getDictID_fromFrame(stored.data, stored.len) == 0 &&
           ZSTD_findFrameCompressedSize(stored.data, stored.len) == stored.len;
}

static mg_outcome_t
s_decompress(mg_chunkcodec_t *self, const mg_frame_t *frame, uint8_t *out_plain, mg_verdict_t *why)
{
    if (!self->decompressor) {
        self->decompressor = ZSTD_createDCtx();
    }
    if (!self->decompressor) {
        return mg_verdict_io(why, "decompressing", ENOMEM);
    }
    mg_slice_t stored = mg_slice(self->scratch, frame->stored_len);
    if (!s_is_plain_zstd(stored, frame->plain_len) ||
        ZSTD_decompressDCtx(self->decompressor, out_plain, frame->plain_len, stored.data,
                            stored.len) != frame->plain_len) {
        return s_corrupt(why, frame->index, "it does not decompress to what its frame says");
    }
    return MG_OUTCOME_OK;
}

mg_outcome_t
mg_chunkcodec_open(mg_chunkcodec_t *self,
                   const mg_frame_t *frame,
                   mg_slice_t chunk,
                   uint8_t *out_plain,
                   mg_verdict_t *why)
{
    assert(chunk.len == mg_frame_total(frame));
    uint8_t nonce[MG_AEAD_NONCE];
    s_nonce(frame, nonce);
    mg_slice_t sealed = mg_slice(chunk.data + MG_FRAME_SIZE, chunk.len - MG_FRAME_SIZE);
    uint8_t *opened = frame->zstd ? self->scratch : out_plain;
    if (mg_aead_open(self->aead, nonce, mg_slice(chunk.data, MG_FRAME_SIZE), sealed, opened) !=
        MG_OK) {
        return s_corrupt(why, frame->index, "its tag does not fit");
    }
    return frame->zstd ? s_decompress(self, frame, out_plain, why) : MG_OUTCOME_OK;
}
