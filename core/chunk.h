/* chunk - seals and opens one chunk of a dump: zstd, then AES-256-GCM, and the XXH3 leaf of the result.
 *
 * Owns     : one expanded file key, reusable zstd contexts and one scratch buffer, all wiped at the end.
 * Thread   : one at a time per codec; each sealer has its own.
 * Fails    : MG_ERR_NO_MEMORY in sealing; CHUNK_CORRUPT with the chunk's index in opening.
 * Not here : the order of chunks (core/dumpwriter.h, core/dumpreader.h).
 * Source   : dump-format.md sections 4 and 7; vectors in tests/vectors/.
 *
 *     chunk = frame (16) || ciphertext (stored_len) || tag (16)      nonce = place in the file and LAST, AAD = frame
 */
#ifndef MG_CORE_CHUNK_H
#define MG_CORE_CHUNK_H

#include "core/aead.h"
#include "core/dumpheader.h"

enum {
    MG_FRAME_SIZE = 16,
    MG_CHUNK_EXTRA = MG_FRAME_SIZE + MG_AEAD_TAG, /* bytes of a chunk that are not ciphertext */
    MG_LEAF_SIZE = 16,
    MG_CHUNK_COUNT_MAX = 1 << 26,
};

/* What the frame bytes say. */
typedef struct mg_frame {
    uint32_t index;
    uint32_t stored_len;
    uint32_t plain_len;
    bool last;
    bool zstd;
} mg_frame_t;

/* What a codec needs to know of its file. */
typedef struct mg_chunk_rules {
    mg_aead_provider_t provider;
    uint32_t chunk_size;
    bool compressed; /* the header's compression is zstd */
} mg_chunk_rules_t;

typedef struct mg_chunkcodec mg_chunkcodec_t;

/* Bytes that the chunk of a frame takes in the file. */
size_t mg_frame_total(const mg_frame_t *frame);

/* Decodes a frame and checks every rule of it against the file's and the expected index: CHUNK_CORRUPT. */
MG_MUST_USE mg_outcome_t mg_frame_decode(const uint8_t bytes[MG_FRAME_SIZE],
                                         uint32_t expected_index,
                                         const mg_chunk_rules_t *rules,
                                         mg_frame_t *out,
                                         mg_verdict_t *why);

/* The leaf of a whole chunk, frame and tag included: XXH3-128, canonical bytes. */
void mg_chunk_leaf(mg_slice_t chunk, uint8_t out[MG_LEAF_SIZE]);

/* A codec for the file with this K_enc. MG_ERR_NO_MEMORY, MG_ERR_DENIED (the forced provider cannot run here). */
MG_MUST_USE mg_status_t mg_chunkcodec_new(const mg_chunk_rules_t *rules,
                                          const uint8_t key[MG_KEY_SIZE],
                                          mg_chunkcodec_t **out);
/* Wipes and frees, sets *self_p = NULL, NULL-safe. */
void mg_chunkcodec_destroy(mg_chunkcodec_t **self_p);

/* Seals `plain` (1 .. chunk_size bytes) at frame->index; frame->last says whether it is the final chunk. The rest of
 * the frame is filled in. `out` has room for plain.len + MG_CHUNK_EXTRA bytes and gets mg_frame_total of them. */
MG_MUST_USE mg_status_t mg_chunkcodec_seal(mg_chunkcodec_t *self,
                                           mg_frame_t *frame,
                                           mg_slice_t plain,
                                           uint8_t *out);

/* Opens a whole chunk whose frame was decoded before; out_plain has room for frame->plain_len bytes, which are to be
 * used on OK only. */
MG_MUST_USE mg_outcome_t mg_chunkcodec_open(mg_chunkcodec_t *self,
                                            const mg_frame_t *frame,
                                            mg_slice_t chunk,
                                            uint8_t *out_plain,
                                            mg_verdict_t *why);

#endif
