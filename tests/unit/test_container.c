/* The negative kit for header, chunks and footer: one mutated file per rule of dump-format.md sections 4 and 5. */
#include "core/aead.h"
#include "core/bytes.h"
#include "support/check.h"
#include "support/dumpkit.h"

#include <sodium.h>
#include <zstd.h>

#include <errno.h>
#include <string.h>

/* Where things lie in the file of s_base: two chunks of 4096 and 904 bytes behind a header without TLVs. */
enum {
    PAYLOAD = 5000,
    CHUNK_0 = 288,
    CHUNK_1 = CHUNK_0 + 4096 + 32,
    FOOTER = CHUNK_1 + 904 + 32,
    SIZE = FOOTER + 136,
    CHECK = 288 - 64, /* header_check */
};

static mg_buf_t
s_base(void)
{
    mg_buf_t payload = {0};
    for (size_t i = 0; i < PAYLOAD; i++) {
        mg_buf_append_byte(&payload, (uint8_t)(7 * i + 3));
    }
    kit_dump_t dump = kit_opaque(mg_buf_slice(&payload));
    mg_buf_t file = kit_seal(&dump);
    assert_int_equal(file.len, SIZE);
    mg_buf_free(&payload);
    return file;
}

static void
s_fix_header_check(mg_buf_t *file)
{
    size_t header_len = mg_get_u32(file->data + 12);
    (void)crypto_generichash(file->data + header_len - 64, 32, file->data, header_len - 64, NULL,
                             0);
}

struct patch {
    const char *rule;
    size_t at;
    const char *hex;
    mg_outcome_t expected;
    bool recheck; /* the header's unkeyed check is made to fit again */
};

static const struct patch s_patches[] = {
    {"magic", 0, "88", MG_OUTCOME_NOT_A_DUMP, false},
    {"text-mode damage of the magic", 5, "0a0a", MG_OUTCOME_NOT_A_DUMP, false},
    {"major version", 8, "0002", MG_OUTCOME_UNSUPPORTED, false},
    {"header length below 288", 12, "00000118", MG_OUTCOME_HEADER_CORRUPT, false},
    {"header length above 65536", 12, "00010008", MG_OUTCOME_HEADER_CORRUPT, false},
    {"header length no multiple of 8", 12, "00000121", MG_OUTCOME_HEADER_CORRUPT, false},
    {"header_check", CHECK, "00", MG_OUTCOME_HEADER_CORRUPT, false},
    {"tlv_len", 180, "00000008", MG_OUTCOME_HEADER_CORRUPT, true},
    {"critical flag", 16, "00000001", MG_OUTCOME_UNSUPPORTED, true},
    {"cipher", 24, "02", MG_OUTCOME_UNSUPPORTED, true},
    {"kdf", 25, "03", MG_OUTCOME_UNSUPPORTED, true},
    {"compression", 26, "02", MG_OUTCOME_UNSUPPORTED, true},
    {"payload schema", 176, "00000002", MG_OUTCOME_UNSUPPORTED, true},
    {"zero field", 184, "0000000000000001", MG_OUTCOME_UNSUPPORTED, true},
    {"chunk size no power of two", 28, "00001001", MG_OUTCOME_HEADER_CORRUPT, true},
    {"chunk size too small", 28, "00000800", MG_OUTCOME_HEADER_CORRUPT, true},
    {"chunk size too large", 28, "02000000", MG_OUTCOME_HEADER_CORRUPT, true},
    {"generation 0", 144, "0000000000000000", MG_OUTCOME_HEADER_CORRUPT, true},
    {"generation 2^63", 144, "8000000000000000", MG_OUTCOME_HEADER_CORRUPT, true},
    {"raw key with a salt", 48, "01", MG_OUTCOME_HEADER_CORRUPT, true},
    {"raw key with passes", 32, "00000001", MG_OUTCOME_HEADER_CORRUPT, true},
    {"raw key with memory", 36, "00000001", MG_OUTCOME_HEADER_CORRUPT, true},
    {"lanes", 40, "00000002", MG_OUTCOME_KDF_LIMIT, true},
    {"no passes", 25, "01", MG_OUTCOME_KDF_LIMIT, true},
    {"key_id", 96, "00", MG_OUTCOME_WRONG_KEY, true},
    {"commit", 192, "00", MG_OUTCOME_WRONG_KEY, true},
    {"file_salt, so commit", 64, "00", MG_OUTCOME_WRONG_KEY, true},
    {"generation, forged", 144, "000000000000002b", MG_OUTCOME_HEADER_FORGED, true},
    {"trigger, forged", 27, "c8", MG_OUTCOME_HEADER_FORGED, true},
    {"minor version, forged", 10, "0009", MG_OUTCOME_HEADER_FORGED, true},
    {"header_mac", 287, "ff", MG_OUTCOME_HEADER_FORGED, false},
    {"frame index", CHUNK_0, "00000001", MG_OUTCOME_CHUNK_CORRUPT, false},
    {"stored_len of a raw chunk", CHUNK_0 + 4, "00000fff", MG_OUTCOME_CHUNK_CORRUPT, false},
    {"plain_len of a chunk that is not the last", CHUNK_0 + 4, "00000fff00000fff",
     MG_OUTCOME_CHUNK_CORRUPT, false},
    {"plain_len 0 of the last chunk", CHUNK_1 + 4, "0000000000000000", MG_OUTCOME_CHUNK_CORRUPT,
     false},
    {"plain_len above chunk_size", CHUNK_0 + 4, "0000100100001001", MG_OUTCOME_CHUNK_CORRUPT,
     false},
    {"ZSTD without header compression", CHUNK_0 + 12, "02", MG_OUTCOME_CHUNK_CORRUPT, false},
    {"unknown chunk flag", CHUNK_0 + 12, "04", MG_OUTCOME_CHUNK_CORRUPT, false},
    {"frame zero bytes", CHUNK_0 + 13, "000001", MG_OUTCOME_CHUNK_CORRUPT, false},
    {"early LAST", CHUNK_0 + 12, "01", MG_OUTCOME_CHUNK_CORRUPT, false},
    {"ciphertext", CHUNK_0 + 16, "00", MG_OUTCOME_CHUNK_CORRUPT, false},
    {"tag", CHUNK_1 - 1, "00", MG_OUTCOME_CHUNK_CORRUPT, false},
    {"footer magic", FOOTER, "6d", MG_OUTCOME_FOOTER_CORRUPT, false},
    {"footer_len", FOOTER + 8, "00000089", MG_OUTCOME_FOOTER_CORRUPT, false},
    {"footer zero", FOOTER + 52, "00000001", MG_OUTCOME_FOOTER_CORRUPT, false},
    {"chunk_count", FOOTER + 12, "00000003", MG_OUTCOME_FOOTER_CORRUPT, false},
    {"file_check", FOOTER + 64, "00", MG_OUTCOME_FOOTER_CORRUPT, false},
    {"footer_mac", FOOTER + 96, "00", MG_OUTCOME_FOOTER_FORGED, false},
    {"footer_len at the end", FOOTER + 128, "00000000", MG_OUTCOME_FOOTER_CORRUPT, false},
    {"end magic", FOOTER + 132, "4d474446", MG_OUTCOME_FOOTER_CORRUPT, false},
};

static void
test_each_broken_rule_has_its_outcome(void **state)
{
    (void)state;
    mg_buf_t base = s_base();
    for (size_t i = 0; i < sizeof s_patches / sizeof s_patches[0]; i++) {
        mg_buf_t file = {0};
        mg_buf_t bytes = kit_hex(s_patches[i].hex);
        mg_buf_append_slice(&file, mg_buf_slice(&base));
        memcpy(file.data + s_patches[i].at, bytes.data, bytes.len);
        if (s_patches[i].recheck) {
            s_fix_header_check(&file);
        }
        kit_expect(s_patches[i].expected, &file, s_patches[i].rule);
        mg_buf_free(&bytes);
        mg_buf_free(&file);
    }
    kit_expect(MG_OUTCOME_OK, &base, "the unchanged file");
    mg_buf_free(&base);
}

/* Which outcomes a flipped bit may have, by where it is. */
static bool
s_is_fitting(size_t at, mg_outcome_t outcome)
{
    if (at < 8) {
        return outcome == MG_OUTCOME_NOT_A_DUMP;
    }
    if (at < 10) {
        return outcome == MG_OUTCOME_UNSUPPORTED;
    }
    if (at < 256) {
        return outcome == MG_OUTCOME_HEADER_CORRUPT;
    }
    if (at < CHUNK_0) {
        return outcome == MG_OUTCOME_HEADER_FORGED;
    }
    if (at < FOOTER) {
        return outcome == MG_OUTCOME_CHUNK_CORRUPT;
    }
    return at >= FOOTER + 96 && at < FOOTER + 128 ? outcome == MG_OUTCOME_FOOTER_FORGED
                                                  : outcome == MG_OUTCOME_FOOTER_CORRUPT;
}

static void
test_every_flipped_bit_is_refused(void **state)
{
    (void)state;
    mg_buf_t file = s_base();
    mg_keyring_t *ring = kit_keyring(KIT_RAW_KEY);
    mg_verdict_t why;
    for (size_t bit = 0; bit < file.len * 8; bit++) {
        uint8_t mask = (uint8_t)(1u << bit % 8);
        file.data[bit / 8] ^= mask;
        mg_outcome_t outcome = kit_verify(mg_buf_slice(&file), ring, &why);
        bool length_field =
            bit / 8 >= 12 && bit / 8 < 16 && outcome == MG_OUTCOME_TRUNCATED; /* a longer header */
        if (!length_field && !s_is_fitting(bit / 8, outcome)) {
            fail_msg("bit %zu of byte %zu: %s", bit % 8, bit / 8, mg_outcome_name(outcome));
        }
        file.data[bit / 8] ^= mask;
    }
    mg_keyring_destroy(&ring);
    mg_buf_free(&file);
}

static void
test_every_truncation_is_refused(void **state)
{
    (void)state;
    mg_buf_t file = s_base();
    mg_keyring_t *ring = kit_keyring(KIT_RAW_KEY);
    mg_verdict_t why;
    for (size_t len = 0; len < file.len; len++) {
        mg_outcome_t expected = len < 8 ? MG_OUTCOME_NOT_A_DUMP : MG_OUTCOME_TRUNCATED;
        mg_slice_t cut = mg_slice(file.data, len);
        assert_int_equal(kit_verify(cut, ring, &why), expected);
        assert_int_equal(kit_verify(cut, NULL, &why), expected); /* inspect sees it too */
    }
    mg_keyring_destroy(&ring);
    mg_buf_free(&file);
}

static void
test_bytes_behind_the_footer_are_refused(void **state)
{
    (void)state;
    mg_buf_t file = s_base();
    mg_buf_append_byte(&file, 0);
    kit_expect(MG_OUTCOME_TRAILING_DATA, &file, "one byte more");
    static const uint8_t more[4096];
    mg_buf_append(&file, more, sizeof more);
    kit_expect(MG_OUTCOME_TRAILING_DATA, &file, "many bytes more");
    mg_buf_free(&file);
}

static void
test_chunks_cannot_be_swapped_dropped_or_repeated(void **state)
{
    (void)state;
    mg_buf_t payload = {0};
    memset(mg_buf_extend(&payload, (size_t)3 * 4096), 0x55, (size_t)3 * 4096);
    kit_dump_t dump = kit_opaque(mg_buf_slice(&payload));
    mg_buf_t file = kit_seal(&dump);
    enum { STEP = 4096 + 32 };
    mg_buf_t changed = {0};
    mg_buf_append(&changed, file.data, CHUNK_0);
    mg_buf_append(&changed, file.data + CHUNK_0 + STEP, STEP);
    mg_buf_append(&changed, file.data + CHUNK_0, STEP);
    mg_buf_append(&changed, file.data + CHUNK_0 + 2 * STEP, file.len - CHUNK_0 - 2 * STEP);
    kit_expect(MG_OUTCOME_CHUNK_CORRUPT, &changed, "swapped");
    mg_put_u32(changed.data + CHUNK_0, 0); /* and renumbered: the nonce knows the place */
    mg_put_u32(changed.data + CHUNK_0 + STEP, 1);
    kit_expect(MG_OUTCOME_CHUNK_CORRUPT, &changed, "swapped and renumbered");
    mg_buf_clear(&changed);
    mg_buf_append(&changed, file.data, CHUNK_0 + STEP);
    mg_buf_append(&changed, file.data + CHUNK_0 + 2 * STEP, file.len - CHUNK_0 - 2 * STEP);
    kit_expect(MG_OUTCOME_CHUNK_CORRUPT, &changed, "dropped");
    mg_buf_clear(&changed);
    mg_buf_append(&changed, file.data, CHUNK_0 + 2 * STEP);
    mg_buf_append(&changed, file.data + CHUNK_0 + STEP, file.len - CHUNK_0 - STEP);
    kit_expect(MG_OUTCOME_CHUNK_CORRUPT, &changed, "repeated");
    mg_buf_free(&changed);
    mg_buf_free(&file);
    mg_buf_free(&payload);
}

static void
test_a_corrupt_chunk_is_named_with_index_and_offset(void **state)
{
    (void)state;
    mg_buf_t file = s_base();
    mg_verdict_t why;
    file.data[CHUNK_1 + 20] ^= 1;
    assert_int_equal(kit_judge(&file, &why), MG_OUTCOME_CHUNK_CORRUPT);
    assert_int_equal(why.chunk, 1);
    assert_int_equal(why.offset, CHUNK_1);
    assert_string_equal(why.text, "chunk 1 is damaged: its tag does not fit");
    assert_int_equal(mg_outcome_exit(why.outcome), 65);
    mg_buf_free(&file);
}

struct tlv_case {
    const char *what;
    const char *hex; /* the list with its padding */
    mg_outcome_t expected;
};

static const struct tlv_case s_tlvs[] = {
    {"producer", "00010003612f3100", MG_OUTCOME_HEADER_FORGED},
    {"unknown type that may be ignored", "7fff000461626364", MG_OUTCOME_HEADER_FORGED},
    {"unknown critical type", "8001000461626364", MG_OUTCOME_UNSUPPORTED},
    {"reserved critical type", "8010000461626364", MG_OUTCOME_UNSUPPORTED},
    {"unknown critical type behind a bad value", "0001000080010000", MG_OUTCOME_UNSUPPORTED},
    {"descending types", "0003000161000000000100016200000000", MG_OUTCOME_HEADER_CORRUPT},
    {"repeated type", "000100016100010001620000", MG_OUTCOME_HEADER_CORRUPT},
    {"length past the list", "0001000661616161", MG_OUTCOME_HEADER_CORRUPT},
    {"padding not zero", "0001000361616101", MG_OUTCOME_HEADER_CORRUPT},
    {"padding too long", "0000000000000000", MG_OUTCOME_HEADER_CORRUPT},
    {"empty producer", "0001000000000000", MG_OUTCOME_HEADER_CORRUPT},
    {"producer not printable", "0001000361c3ab00", MG_OUTCOME_HEADER_CORRUPT},
    {"requester with a control character", "0003000361076200", MG_OUTCOME_HEADER_CORRUPT},
    {"requester with a C1 control", "0003000361c28500", MG_OUTCOME_HEADER_CORRUPT},
    {"requester not UTF-8", "0003000361ff6200", MG_OUTCOME_HEADER_CORRUPT},
    {"requester in UTF-8", "00030003c3ab6200", MG_OUTCOME_HEADER_FORGED},
    {"parent check too short", "0002000461616161", MG_OUTCOME_HEADER_CORRUPT},
    {"resealed_from too short", "0005000461616161", MG_OUTCOME_HEADER_CORRUPT},
};

static void
test_each_rule_of_the_extra_fields_is_kept(void **state)
{
    (void)state;
    mg_buf_t base = s_base();
    for (size_t i = 0; i < sizeof s_tlvs / sizeof s_tlvs[0]; i++) {
        mg_buf_t list = kit_hex(s_tlvs[i].hex);
        while (list.len % 8 != 0) {
            mg_buf_append_byte(&list, 0);
        }
        mg_buf_t file = {0};
        mg_buf_append(&file, base.data, 192);
        mg_buf_append_slice(&file, mg_buf_slice(&list));
        mg_buf_append(&file, base.data + 192, base.len - 192);
        mg_put_u32(file.data + 12, (uint32_t)(MG_HEADER_FIXED + list.len));
        mg_put_u32(file.data + 180, (uint32_t)list.len);
        s_fix_header_check(&file);
        kit_expect(s_tlvs[i].expected, &file, s_tlvs[i].what);
        mg_buf_free(&file);
        mg_buf_free(&list);
    }
    mg_buf_free(&base);
}

static void
test_a_passphrase_header_may_not_ask_for_too_much(void **state)
{
    (void)state;
    static const uint32_t bad[][2] = {{0, 8192}, {17, 8192}, {2, 7}, {2, 65}, {UINT32_MAX, 8192}};
    mg_buf_t base = s_base();
    base.data[25] = MG_KDF_PASSPHRASE;
    mg_dumpheader_t header;
    mg_verdict_t why;
    mg_slice_t head = mg_slice(base.data, MG_HEADER_FIXED);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        mg_put_u32(base.data + 32, bad[i][0]);
        mg_put_u32(base.data + 36, bad[i][1]);
        s_fix_header_check(&base);
        assert_int_equal(mg_dumpheader_parse(head, 64, &header, &why), MG_OUTCOME_KDF_LIMIT);
    }
    mg_put_u32(base.data + 32, 16);
    mg_put_u32(base.data + 36, 64);
    s_fix_header_check(&base);
    assert_int_equal(mg_dumpheader_parse(head, 64, &header, &why), MG_OUTCOME_OK);
    mg_buf_free(&base);
}

static void
test_an_older_generation_than_required_is_rolled_back(void **state)
{
    (void)state;
    mg_buf_t file = s_base();
    mg_keyring_t *ring = kit_keyring(KIT_RAW_KEY);
    mg_dumpreader_options_t options = {
        .keyring = ring, .kdf_max_kib = MG_KDF_MAX_KIB, .min_generation = 42};
    mg_verdict_t why;
    assert_int_equal(kit_verify_with(mg_buf_slice(&file), options, &why), MG_OUTCOME_OK);
    options.min_generation = 43;
    assert_int_equal(kit_verify_with(mg_buf_slice(&file), options, &why), MG_OUTCOME_ROLLED_BACK);
    assert_int_equal(why.generation, 42);
    assert_int_equal(why.minimum, 43);
    mg_keyring_destroy(&ring);
    mg_buf_free(&file);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_broken_rule_has_its_outcome),
        cmocka_unit_test(test_every_flipped_bit_is_refused),
        cmocka_unit_test(test_every_truncation_is_refused),
        cmocka_unit_test(test_bytes_behind_the_footer_are_refused),
        cmocka_unit_test(test_chunks_cannot_be_swapped_dropped_or_repeated),
        cmocka_unit_test(test_a_corrupt_chunk_is_named_with_index_and_offset),
        cmocka_unit_test(test_each_rule_of_the_extra_fields_is_kept),
        cmocka_unit_test(test_a_passphrase_header_may_not_ask_for_too_much),
        cmocka_unit_test(test_an_older_generation_than_required_is_rolled_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
