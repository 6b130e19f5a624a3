/* Damage to a small dump: every bit flipped, every truncation, every chunk replaced by one of another dump. Each must be refused
 * with the outcome of its place. */
#include "core/bytes.h"
#include "support/check.h"
#include "support/dumpkit.h"

#include <sodium.h>
#include <xxhash.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PAYLOAD = 5000,
    HEADER = MG_HEADER_FIXED,
    CHUNK = 4096,
    FRAME = 16,
    TAG = 16,
    FOOTER = 136,
    AT_CHECK = HEADER - 64, /* what lies before is under the unkeyed check */
    AT_MAC = HEADER - 32,
    AT_FOOTER_MAC = 96,
    LEAF = 16,
    FLIPS_MIN = 44000 / 3
};

static size_t
s_step(void)
{
    const char *full = getenv("MEMGATE_FULL");
    return full && *full ? 1 : 3;
}

/* A dump of two chunks; `seed` makes another one under the same key. */
static mg_buf_t
s_dump(uint8_t seed)
{
    static uint8_t payload[PAYLOAD + 100]; /* a little over 44,000 bits */
    for (size_t i = 0; i < sizeof payload; i++) {
        payload[i] = (uint8_t)(7 * i + 3 + seed);
    }
    kit_dump_t dump = kit_opaque(mg_slice(payload, sizeof payload));
    dump.header.file_salt[0] ^= seed;
    return kit_seal(&dump);
}

static bool
s_is_fitting(size_t at, size_t len, mg_outcome_t outcome)
{
    if (at < 8) {
        return outcome == MG_OUTCOME_NOT_A_DUMP;
    }
    if (at < 10) {
        return outcome == MG_OUTCOME_UNSUPPORTED;
    }
    if (at < AT_MAC) { /* a longer header may reach behind the end */
        return outcome == MG_OUTCOME_HEADER_CORRUPT ||
               (at >= 12 && at < 16 && outcome == MG_OUTCOME_TRUNCATED);
    }
    if (at < HEADER) {
        return outcome == MG_OUTCOME_HEADER_FORGED;
    }
    if (at < len - FOOTER) {
        return outcome == MG_OUTCOME_CHUNK_CORRUPT;
    }
    size_t in_footer = at - (len - FOOTER);
    bool is_mac = in_footer >= AT_FOOTER_MAC && in_footer < AT_FOOTER_MAC + 32;
    return outcome == (is_mac ? MG_OUTCOME_FOOTER_FORGED : MG_OUTCOME_FOOTER_CORRUPT);
}

static void
test_every_flipped_bit_is_refused(void **state)
{
    (void)state;
    mg_buf_t file = s_dump(0);
    mg_keyring_t *ring = kit_keyring(KIT_RAW_KEY);
    mg_verdict_t why;
    size_t flips = 0;
    for (size_t bit = 0; bit < file.len * 8; bit += s_step()) {
        uint8_t mask = (uint8_t)(1u << bit % 8);
        file.data[bit / 8] ^= mask;
        mg_outcome_t outcome = kit_verify(mg_buf_slice(&file), ring, &why);
        if (!s_is_fitting(bit / 8, file.len, outcome)) {
            fail_msg("bit %zu of byte %zu: %s", bit % 8, bit / 8, mg_outcome_name(outcome));
        }
        file.data[bit / 8] ^= mask;
        flips++;
    }
    assert_int_equal(kit_verify(mg_buf_slice(&file), ring, &why), MG_OUTCOME_OK);
    assert_true(flips >= FLIPS_MIN);
    (void)printf("flipped bits: %zu\n", flips);
    mg_keyring_destroy(&ring);
    mg_buf_free(&file);
}

static void
test_every_truncation_is_refused(void **state)
{
    (void)state;
    mg_buf_t file = s_dump(0);
    mg_keyring_t *ring = kit_keyring(KIT_RAW_KEY);
    mg_verdict_t why;
    size_t cuts = 0;
    for (size_t len = 0; len < file.len; len += s_step(), cuts++) {
        mg_outcome_t expected = len < 8 ? MG_OUTCOME_NOT_A_DUMP : MG_OUTCOME_TRUNCATED;
        assert_int_equal(kit_verify(mg_slice(file.data, len), ring, &why), expected);
    }
    (void)printf("truncations: %zu\n", cuts);
    mg_keyring_destroy(&ring);
    mg_buf_free(&file);
}

static void
test_parts_of_another_dump_under_the_same_key_are_refused(void **state)
{
    (void)state;
    mg_buf_t ours = s_dump(0);
    mg_buf_t other = s_dump(1);
    mg_keyring_t *ring = kit_keyring(KIT_RAW_KEY);
    mg_verdict_t why;
    const size_t starts[] = {0, HEADER, HEADER + FRAME + CHUNK + TAG, ours.len - FOOTER, ours.len};
    const mg_outcome_t expected[] = {MG_OUTCOME_CHUNK_CORRUPT, MG_OUTCOME_CHUNK_CORRUPT,
                                     MG_OUTCOME_CHUNK_CORRUPT, MG_OUTCOME_FOOTER_CORRUPT};
    assert_int_equal(ours.len, other.len);
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        mg_buf_t spliced = {0};
        mg_buf_append(&spliced, ours.data, ours.len);
        memcpy(spliced.data + starts[i], other.data + starts[i], starts[i + 1] - starts[i]);
        assert_int_equal(kit_verify(mg_buf_slice(&spliced), ring, &why), expected[i]);
        mg_buf_free(&spliced);
    }
    mg_keyring_destroy(&ring);
    mg_buf_free(&ours);
    mg_buf_free(&other);
}

/* Makes the unkeyed checks fit again, as whoever has no key could. */
static void
s_mend_unkeyed_checks(mg_buf_t *file)
{
    uint8_t leaf[LEAF];
    crypto_generichash_state hash;
    size_t footer = file->len - FOOTER;
    (void)crypto_generichash_init(&hash, NULL, 0, MG_CHECK_SIZE);
    (void)crypto_generichash_update(&hash, file->data, HEADER);
    for (size_t at = HEADER; at < footer;) {
        size_t next = at + FRAME + mg_get_u32(file->data + at + 4) + TAG;
        XXH128_canonicalFromHash((XXH128_canonical_t *)(void *)leaf,
                                 XXH3_128bits(file->data + at, next - at));
        (void)crypto_generichash_update(&hash, leaf, sizeof leaf);
        at = next;
    }
    (void)crypto_generichash_update(&hash, file->data + footer, 64);
    (void)crypto_generichash_final(&hash, file->data + footer + 64, MG_CHECK_SIZE);
}

/* The control run: with the keyed checks left out, a forger's flip goes through. */
static void
test_without_the_key_a_careful_forger_is_not_seen(void **state)
{
    (void)state;
    mg_buf_t file = s_dump(0);
    mg_keyring_t *ring = kit_keyring(KIT_RAW_KEY);
    mg_verdict_t why;
    file.data[HEADER + FRAME + 100] ^= 1;
    assert_int_equal(kit_verify(mg_buf_slice(&file), NULL, &why), MG_OUTCOME_FOOTER_CORRUPT);
    s_mend_unkeyed_checks(&file);
    assert_int_equal(kit_verify(mg_buf_slice(&file), NULL, &why), MG_OUTCOME_OK);
    assert_int_equal(kit_verify(mg_buf_slice(&file), ring, &why), MG_OUTCOME_CHUNK_CORRUPT);
    mg_keyring_destroy(&ring);
    mg_buf_free(&file);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_flipped_bit_is_refused),
        cmocka_unit_test(test_every_truncation_is_refused),
        cmocka_unit_test(test_parts_of_another_dump_under_the_same_key_are_refused),
        cmocka_unit_test(test_without_the_key_a_careful_forger_is_not_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
