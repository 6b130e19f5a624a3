#include "core/fernet.h"
#include "support/check.h"

#include <sodium.h>

#include <string.h>

/* The first is the specification's own (generate.json), the others were made by Python's cryptography.fernet. */
static const struct {
    const char *key;
    int64_t time_s;
    uint8_t first_iv; /* the IV counts up from here by `step` */
    uint8_t step;
    const char *plain;
    const char *token;
} s_vectors[] = {
    {"cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=", 499162800, 0, 1, "hello",
     "gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_"
     "5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA=="},
    {"cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=", 0, 0xff, 0, "",
     "gAAAAAAAAAAA_____________________x45cjK-NwNomqZn7JWwTytjXvjqbU_"
     "j0MjfQSfMVWDKzkFhBs5HUWpylRs7dwUy_A=="},
    {"a passphrase of some length", 1700000000, 16, 1, "sk-live-0123456789abcdef",
     "gAAAAABlU_EAEBESExQVFhcYGRobHB0eH-HsCXw32zUJL_k1tHP-"
     "gONBFs9MfevjdwQjKM5LJBqTSL0czFwv2qrwLTwlthFR6oSmpdkNd7UP7u7WHmWluVI="},
};

static void
test_vectors_seal_and_open(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof s_vectors / sizeof *s_vectors; i++) {
        uint8_t key[MG_FERNET_KEY];
        uint8_t iv[MG_FERNET_IV];
        for (uint8_t j = 0; j < MG_FERNET_IV; j++) {
            iv[j] = (uint8_t)(s_vectors[i].first_iv + j * s_vectors[i].step);
        }
        mg_fernet_key(mg_slice_text(s_vectors[i].key), key);
        mg_buf_t sealed = {0};
        mg_buf_t opened = {0};
        CHECK_OK(mg_fernet_seal(key, s_vectors[i].time_s, iv, mg_slice_text(s_vectors[i].plain),
                                &sealed));
        assert_string_equal(mg_buf_text(&sealed), s_vectors[i].token);
        CHECK_OK(mg_fernet_open(key, mg_buf_slice(&sealed), &opened));
        assert_string_equal(mg_buf_text(&opened), s_vectors[i].plain);
        mg_buf_free(&sealed);
        mg_buf_free(&opened);
    }
}

/* The specification's invalid.json in kind: each byte counts, and nothing is read past the end. */
static void
test_nothing_but_the_token_itself_opens(void **state)
{
    (void)state;
    uint8_t key[MG_FERNET_KEY];
    mg_fernet_key(mg_slice_text(s_vectors[0].key), key);
    mg_buf_t token = {0};
    mg_buf_t opened = {0};
    for (size_t i = 0; i < strlen(s_vectors[0].token); i++) {
        mg_buf_clear(&token);
        mg_buf_append_text(&token, s_vectors[0].token);
        CHECK_STATUS(MG_ERR_INVALID, mg_fernet_open(key, mg_slice(token.data, i), &opened));
        token.data[i] = token.data[i] == 'B' ? 'C' : 'B';
        CHECK_STATUS(MG_ERR_INVALID, mg_fernet_open(key, mg_buf_slice(&token), &opened));
    }
    mg_fernet_key(mg_slice_text("another"), key);
    CHECK_STATUS(MG_ERR_INVALID, mg_fernet_open(key, mg_slice_text(s_vectors[0].token), &opened));
    assert_int_equal(opened.len, 0);
    mg_buf_free(&token);
    mg_buf_free(&opened);
}

static int
s_start(void **state)
{
    (void)state;
    return sodium_init() < 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors_seal_and_open),
        cmocka_unit_test(test_nothing_but_the_token_itself_opens),
    };
    return cmocka_run_group_tests(tests, s_start, NULL);
}
