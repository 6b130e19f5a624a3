/* Compressed chunks that a broken or hostile writer with the key could make: one zstd frame of the promised size, or refused. */
#include "core/aead.h"
#include "core/bytes.h"
#include "support/check.h"
#include "support/dumpkit.h"

#include <zstd.h>

#include <string.h>

/* Seals `stored` as the only chunk of a compressed dump. */
static mg_buf_t
s_seal_stored(mg_slice_t stored, uint32_t plain_len)
{
    kit_dump_t dump = kit_opaque(mg_slice("x", 1));
    dump.header.compression = MG_COMPRESSION_ZSTD;
    mg_buf_t file = kit_seal(&dump);
    mg_filekeys_t keys;
    mg_verdict_t why;
    mg_slice_t head = mg_slice(file.data, MG_HEADER_FIXED);
    assert_int_equal(mg_dumpheader_unlock(&dump.header, head, &dump.master, &keys, &why),
                     MG_OUTCOME_OK);
    mg_buf_t out = {0};
    mg_buf_append_slice(&out, head);
    uint8_t *frame = mg_buf_extend(&out, stored.len + MG_CHUNK_EXTRA);
    memset(frame, 0, MG_FRAME_SIZE);
    mg_put_u32(frame + 4, (uint32_t)stored.len);
    mg_put_u32(frame + 8, plain_len);
    frame[12] = 3; /* LAST, ZSTD */
    static const uint8_t nonce[MG_AEAD_NONCE] = {[0] = 1, [11] = 1};
    mg_aead_t *aead = NULL;
    CHECK_OK(mg_aead_new(MG_AEAD_AUTO, keys.enc, &aead));
    CHECK_OK(
        mg_aead_seal(aead, nonce, mg_slice(frame, MG_FRAME_SIZE), stored, frame + MG_FRAME_SIZE));
    mg_aead_destroy(&aead);
    uint8_t leaf[MG_LEAF_SIZE];
    mg_chunk_leaf(mg_slice(frame, stored.len + MG_CHUNK_EXTRA), leaf);
    mg_hash_t *check = mg_hash_new();
    mg_hash_update(check, head);
    mg_hash_update(check, mg_slice(leaf, sizeof leaf));
    mg_dumpfooter_t footer = {
        .chunk_count = 1, .plain_bytes = plain_len, .body_bytes = stored.len + MG_CHUNK_EXTRA};
    mg_dumpfooter_seal(&footer, check, keys.mac, mg_buf_extend(&out, MG_FOOTER_SIZE));
    mg_hash_destroy(&check);
    mg_buf_free(&file);
    return out;
}

static void
s_expect_stored(mg_outcome_t expected, mg_slice_t stored, uint32_t plain_len, const char *what)
{
    mg_buf_t file = s_seal_stored(stored, plain_len);
    kit_expect(expected, &file, what);
    mg_buf_free(&file);
}

static void
test_compressed_chunks_hold_one_exact_zstd_frame(void **state)
{
    (void)state;
    enum { PLAIN = 3000 };
    static const uint8_t plain[PLAIN];
    uint8_t zstd[512];
    size_t len = ZSTD_compress(zstd, sizeof zstd, plain, PLAIN, 1);
    s_expect_stored(MG_OUTCOME_OK, mg_slice(zstd, len), PLAIN, "good");
    s_expect_stored(MG_OUTCOME_CHUNK_CORRUPT, mg_slice(zstd, len), PLAIN + 1,
                    "shorter than promised");
    s_expect_stored(MG_OUTCOME_CHUNK_CORRUPT, mg_slice(zstd, len), PLAIN - 1,
                    "longer than promised");
    s_expect_stored(MG_OUTCOME_CHUNK_CORRUPT, mg_slice(zstd, len - 1), PLAIN, "cut");
    zstd[len] = 0;
    s_expect_stored(MG_OUTCOME_CHUNK_CORRUPT, mg_slice(zstd, len + 1), PLAIN,
                    "a byte behind the frame");
    size_t half = ZSTD_compress(zstd, sizeof zstd, plain, PLAIN / 2, 1);
    size_t other = ZSTD_compress(zstd + half, sizeof zstd - half, plain, PLAIN / 2, 1);
    s_expect_stored(MG_OUTCOME_CHUNK_CORRUPT, mg_slice(zstd, half + other), PLAIN, "two frames");
    static const uint8_t skippable[] = {0x50, 0x2a, 0x4d, 0x18, 1, 0, 0, 0, 0};
    s_expect_stored(MG_OUTCOME_CHUNK_CORRUPT, mg_slice(skippable, sizeof skippable), PLAIN,
                    "skippable frame");
    ZSTD_CCtx *unsized = ZSTD_createCCtx();
    assert_false(ZSTD_isError(ZSTD_CCtx_setParameter(unsized, ZSTD_c_contentSizeFlag, 0)));
    len = ZSTD_compress2(unsized, zstd, sizeof zstd, plain, PLAIN);
    s_expect_stored(MG_OUTCOME_CHUNK_CORRUPT, mg_slice(zstd, len), PLAIN, "no content size");
    (void)ZSTD_freeCCtx(unsized);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_compressed_chunks_hold_one_exact_zstd_frame),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
