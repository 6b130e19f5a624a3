/* Published vectors of the primitives, the forms of a secret, and what a keyring spends. */
#include "core/aead.h"
#include "core/utf8.h"
#include "support/check.h"
#include "support/dumpkit.h"

#include <sodium.h>

#include <string.h>

struct hkdf_case {
    const char *ikm;
    const char *salt;
    const char *info;
    const char *prk;
    const char *okm; /* the first 32 bytes */
};

/* RFC 5869, appendix A.1 to A.3. */
static const struct hkdf_case s_hkdf[] = {
    {"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "000102030405060708090a0b0c",
     "f0f1f2f3f4f5f6f7f8f9", "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
     "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"},
    {"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2"
     "e2f"
     "303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f",
     "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8"
     "e8f"
     "909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
     "b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcddd"
     "edf"
     "e0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
     "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
     "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"},
    {"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "", "",
     "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
     "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"},
};

static void
test_hkdf_matches_rfc_5869(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof s_hkdf / sizeof s_hkdf[0]; i++) {
        mg_buf_t ikm = kit_hex(s_hkdf[i].ikm);
        mg_buf_t salt = kit_hex(s_hkdf[i].salt);
        mg_buf_t info = kit_hex(s_hkdf[i].info);
        mg_buf_t prk = kit_hex(s_hkdf[i].prk);
        mg_buf_t okm = kit_hex(s_hkdf[i].okm);
        uint8_t out[MG_HKDF_SIZE];
        mg_hkdf_extract(mg_buf_slice(&salt), mg_buf_slice(&ikm), out);
        assert_memory_equal(out, prk.data, sizeof out);
        mg_hkdf_expand(prk.data, mg_buf_slice(&info), out);
        assert_memory_equal(out, okm.data, sizeof out);
        mg_buf_t *all[] = {&ikm, &salt, &info, &prk, &okm};
        for (size_t b = 0; b < sizeof all / sizeof all[0]; b++) {
            mg_buf_free(all[b]);
        }
    }
}

struct gcm_case {
    const char *key;
    const char *nonce;
    const char *aad;
    const char *plain;
    const char *sealed; /* ciphertext, then tag */
};

#define GCM_KEY "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"
#define GCM_PLAIN                                                                                  \
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"                             \
    "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
#define GCM_CIPHER                                                                                 \
    "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"                             \
    "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"

/* McGrew and Viega, "The Galois/Counter Mode of Operation", test cases 13 to 16. */
static const struct gcm_case s_gcm[] = {
    {"0000000000000000000000000000000000000000000000000000000000000000", "000000000000000000000000",
     "", "", "530f8afbc74536b9a963b4f1c4cb738b"},
    {"0000000000000000000000000000000000000000000000000000000000000000", "000000000000000000000000",
     "", "00000000000000000000000000000000",
     "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"},
    {GCM_KEY, "cafebabefacedbaddecaf888", "", GCM_PLAIN "1aafd255",
     GCM_CIPHER "898015ad"
                "b094dac5d93471bdec1a502270e3cc6c"},
    {GCM_KEY, "cafebabefacedbaddecaf888", "feedfacedeadbeeffeedfacedeadbeefabaddad2", GCM_PLAIN,
     GCM_CIPHER "76fc6ece0f4e1768cddf8853bb2d551b"},
};

static void
s_check_gcm(const struct gcm_case *row, mg_aead_provider_t provider)
{
    mg_buf_t key = kit_hex(row->key);
    mg_buf_t nonce = kit_hex(row->nonce);
    mg_buf_t aad = kit_hex(row->aad);
    mg_buf_t plain = kit_hex(row->plain);
    mg_buf_t sealed = kit_hex(row->sealed);
    uint8_t out[128] = {0};
    mg_aead_t *aead = NULL;
    CHECK_OK(mg_aead_new(provider, key.data, &aead));
    CHECK_OK(mg_aead_seal(aead, nonce.data, mg_buf_slice(&aad), mg_buf_slice(&plain), out));
    assert_memory_equal(out, sealed.data, sealed.len);
    CHECK_OK(mg_aead_open(aead, nonce.data, mg_buf_slice(&aad), mg_buf_slice(&sealed), out));
    if (plain.len) {
        assert_memory_equal(out, plain.data, plain.len);
    }
    sealed.data[sealed.len - 1] ^= 1;
    CHECK_STATUS(MG_ERR_INVALID,
                 mg_aead_open(aead, nonce.data, mg_buf_slice(&aad), mg_buf_slice(&sealed), out));
    assert_true(plain.len == 0 || sodium_is_zero(out, plain.len));
    CHECK_STATUS(MG_ERR_INVALID, mg_aead_open(aead, nonce.data, mg_buf_slice(&aad),
                                              mg_slice(sealed.data, 15), out));
    mg_aead_destroy(&aead);
    mg_buf_t *all[] = {&key, &nonce, &aad, &plain, &sealed};
    for (size_t b = 0; b < sizeof all / sizeof all[0]; b++) {
        mg_buf_free(all[b]);
    }
}

static void
test_aes_gcm_matches_the_published_vectors_with_both_providers(void **state)
{
    (void)state;
    assert_true(sodium_init() >= 0);
    for (size_t i = 0; i < sizeof s_gcm / sizeof s_gcm[0]; i++) {
        s_check_gcm(&s_gcm[i], MG_AEAD_GNUTLS);
        s_check_gcm(&s_gcm[i], MG_AEAD_SODIUM);
    }
    assert_string_equal(mg_aead_name(MG_AEAD_GNUTLS), "gnutls");
}

struct secret_case {
    const char *text;
    int kdf; /* 0: refused */
};

static const struct secret_case s_secrets[] = {
    {"12345678", MG_KDF_PASSPHRASE},
    {"1234567", 0},
    {"", 0},
    {"\xc3\xab\xc3\xab\xc3\xab\xc3\xab\xc3\xab\xc3\xab\xc3\xab\xc3\xab",
     MG_KDF_PASSPHRASE},                                             /* 8 points */
    {"\xc3\xab\xc3\xab\xc3\xab\xc3\xab\xc3\xab\xc3\xab\xc3\xab", 0}, /* 7 points, 14 bytes */
    {"1234567\xff", 0},
    {"HEX:0011223344", MG_KDF_PASSPHRASE},
    {KIT_RAW_KEY, MG_KDF_RAW},
    {"hex:808182838485868788898A8B8C8D8E8F909192939495969798999A9B9C9D9E9F", MG_KDF_RAW},
    {"hex:8081", 0},
    {KIT_RAW_KEY "00", 0},
    {"hex:80818283848586878889 8b8c8d8e8f909192939495969798999a9b9c9d9e9f", 0},
    {"base64:gIGCg4SFhoeIiYqLjI2Oj5CRkpOUlZaXmJmam5ydnp8=", MG_KDF_RAW},
    {"base64:gIGCg4SFhoeIiYqLjI2Oj5CRkpOUlZaXmJmam5ydnp8", 0},
    {"base64:", 0},
};

static void
test_secrets_have_three_forms_and_nothing_else(void **state)
{
    (void)state;
    assert_true(sodium_init() >= 0);
    for (size_t i = 0; i < sizeof s_secrets / sizeof s_secrets[0]; i++) {
        mg_secret_t *secret = NULL;
        const char *why = NULL;
        mg_status_t status = mg_secret_new(mg_slice_text(s_secrets[i].text), &secret, &why);
        if (s_secrets[i].kdf == 0) {
            CHECK_STATUS(MG_ERR_INVALID, status);
            assert_non_null(why);
            assert_null(secret);
            continue;
        }
        CHECK_OK(status);
        assert_int_equal(mg_secret_kdf(secret), s_secrets[i].kdf);
        assert_true(
            mg_slice_equal(mg_secret_reveal_written(secret), mg_slice_text(s_secrets[i].text)));
        mg_slice_t input = mg_secret_reveal(secret);
        if (s_secrets[i].kdf == MG_KDF_RAW) {
            assert_int_equal(input.len, MG_SECRET_RAW);
            assert_int_equal(input.data[31], 0x9f);
        }
        mg_secret_hide(secret);
        mg_secret_destroy(&secret);
    }
}

static void
test_a_passphrase_has_limits_in_bytes_and_no_nul(void **state)
{
    (void)state;
    assert_true(sodium_init() >= 0);
    char text[MG_SECRET_BYTES_MAX + 1];
    mg_secret_t *secret = NULL;
    const char *why = NULL;
    memset(text, 'x', sizeof text);
    CHECK_STATUS(MG_ERR_INVALID, mg_secret_new(mg_slice(text, sizeof text), &secret, &why));
    CHECK_OK(mg_secret_new(mg_slice(text, sizeof text - 1), &secret, &why));
    mg_secret_destroy(&secret);
    text[4] = 0;
    CHECK_STATUS(MG_ERR_INVALID, mg_secret_new(mg_slice(text, 20), &secret, &why));
}

static void
test_utf8_is_strict(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "\xc0\x80",         /* overlong NUL */
        "\xe0\x80\xaf",     /* overlong slash */
        "\xf0\x80\x80\xaf", /* the same, longer */
        "\xed\xa0\x80",     /* a surrogate */
        "\xf4\x90\x80\x80", /* above U+10FFFF */
        "\xf8\x88\x80\x80\x80",
        "\x80",
        "\xc3",
        "a\xe2\x82",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(mg_utf8_valid(mg_slice_text(bad[i])));
        assert_int_equal(mg_utf8_count(mg_slice_text(bad[i])), SIZE_MAX);
    }
    mg_slice_t good =
        mg_slice_text("a\xc3\xab\xe2\x82\xac\xf0\x9f\xa6\x84\xed\x9f\xbf\xf4\x8f\xbf\xbf");
    assert_true(mg_utf8_valid(good));
    assert_int_equal(mg_utf8_count(good), 6);
    assert_true(mg_utf8_valid(mg_slice("a\0b", 3)));
    uint32_t point = 99;
    assert_int_equal(mg_utf8_next(mg_slice_text("\xff"), &point), 0);
    assert_int_equal(point, 99);
}

/* A header as an attacker would write it: never authenticated, but derived for. */
static mg_dumpheader_t
s_foreign_header(uint8_t salt)
{
    mg_dumpheader_t header = kit_header();
    header.kdf = (mg_kdf_params_t){
        .kdf = MG_KDF_PASSPHRASE, .ops = 1, .mem_kib = 8, .lanes = 1, .salt = {salt}};
    return header;
}

static void
test_a_scan_spends_at_most_eight_derivations(void **state)
{
    (void)state;
    mg_keyring_t *ring = kit_keyring(KIT_PASSPHRASE);
    mg_filekeys_t keys;
    mg_verdict_t why;
    uint8_t bytes[MG_HEADER_FIXED] = {0};
    mg_slice_t header_bytes = mg_slice(bytes, sizeof bytes);
    for (uint8_t i = 0; i < MG_KEYRING_DERIVATIONS; i++) {
        mg_dumpheader_t header = s_foreign_header(i);
        assert_int_equal(mg_keyring_unlock(ring, &header, header_bytes, &keys, &why),
                         MG_OUTCOME_WRONG_KEY);
    }
    mg_dumpheader_t known = s_foreign_header(0);
    mg_dumpheader_t one_more = s_foreign_header(200);
    assert_int_equal(mg_keyring_unlock(ring, &known, header_bytes, &keys, &why),
                     MG_OUTCOME_WRONG_KEY);
    assert_int_equal(mg_keyring_unlock(ring, &one_more, header_bytes, &keys, &why),
                     MG_OUTCOME_KDF_LIMIT);
    mg_keyring_begin_scan(ring, MG_KEYRING_DERIVATIONS);
    assert_int_equal(mg_keyring_unlock(ring, &one_more, header_bytes, &keys, &why),
                     MG_OUTCOME_WRONG_KEY);
    mg_keyring_destroy(&ring);
}

static void
test_argon2_without_memory_is_not_a_wrong_key(void **state)
{
    (void)state;
    mg_keyring_t *ring = kit_keyring(KIT_PASSPHRASE);
    mg_dumpheader_t header = s_foreign_header(0);
    header.kdf.mem_kib =
        UINT32_MAX; /* 4 TiB: more than an address space's limit lets malloc promise */
    mg_filekeys_t keys;
    mg_verdict_t why;
    uint8_t bytes[MG_HEADER_FIXED] = {0};
    assert_int_equal(mg_keyring_unlock(ring, &header, mg_slice(bytes, sizeof bytes), &keys, &why),
                     MG_OUTCOME_KDF_NOMEM);
    assert_int_equal(mg_outcome_exit(why.outcome), 71);
    mg_keyring_destroy(&ring);
}

static void
test_new_dumps_keep_the_salt_of_an_adopted_header(void **state)
{
    (void)state;
    mg_keyring_t *ring = kit_keyring(KIT_PASSPHRASE);
    mg_kdf_params_t adopted = {
        .kdf = MG_KDF_PASSPHRASE, .ops = 2, .mem_kib = 8192, .lanes = 1, .salt = {7}};
    mg_kdf_params_t other = {
        .kdf = MG_KDF_PASSPHRASE, .ops = 3, .mem_kib = 8192, .lanes = 1, .salt = {8}};
    mg_kdf_params_t used;
    mg_master_t first;
    mg_master_t second;
    mg_verdict_t why;
    mg_keyring_adopt(ring, &adopted);
    mg_keyring_adopt(ring,
                     &other); /* other parameters: a new dump would not be what is configured */
    assert_int_equal(mg_keyring_for_writing(ring, &used, &first, &why), MG_OUTCOME_OK);
    assert_memory_equal(used.salt, adopted.salt, sizeof used.salt);
    assert_int_equal(mg_keyring_for_writing(ring, &used, &second, &why), MG_OUTCOME_OK);
    assert_memory_equal(&first, &second, sizeof first);
    mg_keyring_destroy(&ring);
}

static void
test_a_ring_holds_five_secrets(void **state)
{
    (void)state;
    mg_keyring_t *ring = kit_keyring(KIT_PASSPHRASE);
    const char *why = NULL;
    for (int i = 1; i <= MG_KEYRING_SECRETS; i++) {
        mg_secret_t *secret = NULL;
        CHECK_OK(mg_secret_new(mg_slice_text("a previous key"), &secret, &why));
        bool fits = i < MG_KEYRING_SECRETS;
        CHECK_STATUS(fits ? MG_OK : MG_ERR_TOO_BIG, mg_keyring_add(ring, &secret));
        assert_int_equal(secret == NULL, fits);
        mg_secret_destroy(&secret);
    }
    mg_keyring_destroy(&ring);
}

static void
test_a_previous_secret_opens_older_dumps(void **state)
{
    (void)state;
    mg_keyring_t *ring = kit_keyring("the current passphrase");
    mg_secret_t *previous = NULL;
    const char *fault = NULL;
    mg_verdict_t why;
    CHECK_OK(mg_secret_new(mg_slice_text(KIT_PASSPHRASE), &previous, &fault));
    CHECK_OK(mg_keyring_add(ring, &previous));
    mg_buf_t file = kit_vector("mgd1-v1.bin");
    assert_int_equal(kit_verify(mg_buf_slice(&file), ring, &why), MG_OUTCOME_OK);
    mg_buf_free(&file);
    mg_keyring_destroy(&ring);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hkdf_matches_rfc_5869),
        cmocka_unit_test(test_aes_gcm_matches_the_published_vectors_with_both_providers),
        cmocka_unit_test(test_secrets_have_three_forms_and_nothing_else),
        cmocka_unit_test(test_a_passphrase_has_limits_in_bytes_and_no_nul),
        cmocka_unit_test(test_utf8_is_strict),
        cmocka_unit_test(test_a_scan_spends_at_most_eight_derivations),
        cmocka_unit_test(test_argon2_without_memory_is_not_a_wrong_key),
        cmocka_unit_test(test_new_dumps_keep_the_salt_of_an_adopted_header),
        cmocka_unit_test(test_a_ring_holds_five_secrets),
        cmocka_unit_test(test_a_previous_secret_opens_older_dumps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
