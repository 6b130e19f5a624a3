/* Signing keys that rotate, and the tokens they make. */
#include "core/signkeys.h"
#include "gateway/token.h"
#include "support/check.h"

#include <gnutls/abstract.h>
#include <jwt.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const mg_grant_t s_grant = {"ann", "users", "{}", "id-1", "", 1000};
static mg_buf_t s_private; /* a pair in PEM, as it stands in JSON */
static mg_buf_t s_public;

/* PEM in a JSON text: its line ends are escaped. */
static void
s_append_escaped(mg_buf_t *out, const gnutls_datum_t *pem)
{
    for (unsigned i = 0; i < pem->size; i++) {
        if (pem->data[i] == '\n') {
            mg_buf_append_text(out, "\\n");
        } else {
            mg_buf_append_byte(out, pem->data[i]);
        }
    }
}

static void
s_make_pair(unsigned bits, mg_buf_t *out_private, mg_buf_t *out_public)
{
    gnutls_x509_privkey_t key = NULL;
    gnutls_privkey_t private = NULL;
    gnutls_pubkey_t public = NULL;
    gnutls_datum_t pem = {0};
    assert_int_equal(gnutls_x509_privkey_init(&key), 0);
    assert_int_equal(gnutls_x509_privkey_generate(key, GNUTLS_PK_RSA, bits, 0), 0);
    assert_int_equal(
        gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN, &pem),
        0);
    s_append_escaped(out_private, &pem);
    gnutls_free(pem.data);
    assert_int_equal(gnutls_privkey_init(&private), 0);
    assert_int_equal(gnutls_pubkey_init(&public), 0);
    assert_int_equal(gnutls_privkey_import_x509(private, key, 0), 0);
    assert_int_equal(gnutls_pubkey_import_privkey(public, private, 0, 0), 0);
    assert_int_equal(gnutls_pubkey_export2(public, GNUTLS_X509_FMT_PEM, &pem), 0);
    s_append_escaped(out_public, &pem);
    gnutls_free(pem.data);
    gnutls_pubkey_deinit(public);
    gnutls_privkey_deinit(private);
    gnutls_x509_privkey_deinit(key);
}

static int
s_set_up(void **state)
{
    (void)state;
    s_make_pair(MG_SIGNKEY_RSA_BITS_MIN, &s_private, &s_public);
    return 0;
}

static int
s_tear_down(void **state)
{
    (void)state;
    mg_buf_wipe(&s_private);
    mg_buf_free(&s_public);
    return 0;
}

static void
s_read(const char *text, mg_signkeys_t *out)
{
    mg_fault_t why = {0};
    *out = (mg_signkeys_t){0};
    mg_status_t status = mg_signkeys_read(out, mg_slice_text(text), &why);
    if (status != MG_OK) {
        fail_msg("refused: %s", why.text);
    }
}

/* A list with the pair as its last key, named r: the halves that are not NULL. */
static void
s_read_pair(const char *before, const char *private, const char *public, mg_signkeys_t *out)
{
    mg_buf_t text = {0};
    mg_buf_append_format(&text, "[%s{\"kid\":\"r\",\"algorithm\":\"RS256\"", before);
    if (private) {
        mg_buf_append_format(&text, ",\"private_key\":\"%s\"", private);
    }
    if (public) {
        mg_buf_append_format(&text, ",\"public_key\":\"%s\"", public);
    }
    mg_buf_append_text(&text, "}]");
    s_read(mg_buf_text(&text), out);
    mg_buf_wipe(&text);
}

static void
test_the_first_active_key_signs_and_all_check(void **state)
{
    (void)state;
    mg_signkeys_t old;
    mg_signkeys_t rotated;
    mg_signkeys_t later;
    mg_claims_t claims;
    mg_buf_t token = {0};
    s_read("[{\"kid\":\"a\",\"secret\":\"one\"}]", &old); /* an only key is active */
    s_read("[{\"kid\":\"a\",\"secret\":\"one\"},"
           "{\"kid\":\"b\",\"algorithm\":\"HS256\",\"key\":\"two\",\"active\":true}]",
           &rotated);
    s_read("[{\"kid\":\"b\",\"key\":\"two\",\"active\":true},{\"kid\":\"c\",\"key\":\"three\","
           "\"active\":true}]",
           &later);
    assert_string_equal(mg_signkeys_active(&rotated)->id, "b");
    assert_string_equal(mg_signkeys_active(&later)->id, "b");
    CHECK_OK(mg_token_issue(&s_grant, &old, &token));
    CHECK_OK(mg_token_verify(mg_buf_slice(&token), &rotated, 0, &claims));
    CHECK_STATUS(MG_ERR_DENIED, mg_token_verify(mg_buf_slice(&token), &later, 0, &claims));
    mg_buf_clear(&token);
    CHECK_OK(mg_token_issue(&s_grant, &rotated, &token));
    CHECK_OK(mg_token_verify(mg_buf_slice(&token), &later, 0, &claims));
    CHECK_STATUS(MG_ERR_DENIED, mg_token_verify(mg_buf_slice(&token), &old, 0, &claims));
    mg_buf_free(&token);
    mg_signkeys_wipe(&old);
    mg_signkeys_wipe(&rotated);
    mg_signkeys_wipe(&later);
}

static void
test_a_plain_secret_checks_beside_the_list(void **state)
{
    (void)state;
    mg_signkeys_t plain = {0};
    mg_signkeys_t both;
    mg_claims_t claims;
    mg_buf_t token = {0};
    CHECK_OK(mg_signkeys_set_legacy(&plain, mg_slice_text("the first secret")));
    CHECK_OK(mg_signkeys_set_legacy(&plain, mg_slice_text("the secret of before")));
    assert_int_equal(plain.count, 1);
    s_read("[{\"kid\":\"a\",\"secret\":\"one\"}]", &both);
    CHECK_OK(mg_signkeys_set_legacy(&both, mg_slice_text("the secret of before")));
    assert_string_equal(mg_signkeys_active(&both)->id, "a");
    assert_string_equal(mg_signkeys_find(&both, NULL)->id, MG_SIGNKEY_LEGACY);
    assert_null(mg_signkeys_find(&both, "b"));
    CHECK_OK(mg_token_issue(&s_grant, &plain, &token));
    CHECK_OK(mg_token_verify(mg_buf_slice(&token), &both, 0, &claims));
    mg_buf_free(&token);
    mg_signkeys_wipe(&plain);
    mg_signkeys_wipe(&both);
    assert_null(mg_signkeys_active(&both));
}

static void
test_a_private_key_signs_and_its_public_half_checks(void **state)
{
    (void)state;
    mg_signkeys_t signer;
    mg_signkeys_t checker;
    mg_claims_t claims = {0};
    mg_buf_t token = {0};
    s_read_pair("", mg_buf_text(&s_private), mg_buf_text(&s_public), &signer);
    s_read_pair("{\"kid\":\"h\",\"secret\":\"one\",\"active\":true},", NULL, mg_buf_text(&s_public),
                &checker);
    CHECK_OK(mg_token_issue(&s_grant, &signer, &token));
    CHECK_OK(mg_token_verify(mg_buf_slice(&token), &signer, 0, &claims));
    CHECK_OK(mg_token_verify(mg_buf_slice(&token), &checker, 0, &claims));
    assert_string_equal(claims.sub, "ann");
    token.data[token.len - 10] ^=
        1; /* another character of the alphabet, or none: both are refused */
    CHECK_STATUS(MG_ERR_DENIED, mg_token_verify(mg_buf_slice(&token), &checker, 0, &claims));
    mg_buf_free(&token);
    mg_signkeys_wipe(&signer);
    mg_signkeys_wipe(&checker);
}

/* HS256 with this secret under this name. */
static mg_status_t
s_verify_hs256(const mg_signkeys_t *keys, const char *id, const mg_buf_t *secret)
{
    jwt_t *jwt = NULL;
    mg_claims_t claims;
    assert_int_equal(jwt_new(&jwt), 0);
    assert_int_equal(jwt_set_alg(jwt, JWT_ALG_HS256, secret->data, (int)secret->len), 0);
    assert_int_equal(jwt_add_header(jwt, "kid", id), 0);
    assert_int_equal(jwt_add_grants_json(jwt, "{\"sub\":\"a\",\"jti\":\"b\",\"exp\":1000}"), 0);
    char *token = jwt_encode_str(jwt);
    mg_status_t status = mg_token_verify(mg_slice_text(token), keys, 0, &claims);
    free(token);
    jwt_free(jwt);
    return status;
}

static void
test_a_public_key_is_no_secret(void **state)
{
    (void)state;
    mg_signkeys_t keys;
    s_read_pair("{\"kid\":\"h\",\"secret\":\"one\",\"active\":true},", NULL, mg_buf_text(&s_public),
                &keys);
    CHECK_OK(s_verify_hs256(&keys, "h", &keys.keys[0].check));
    CHECK_STATUS(MG_ERR_DENIED, s_verify_hs256(&keys, "r", &keys.keys[1].check));
    CHECK_STATUS(MG_ERR_DENIED, s_verify_hs256(&keys, "h", &keys.keys[1].check));
    mg_signkeys_wipe(&keys);
}

static void
test_what_is_no_list_of_keys_is_refused_with_a_sentence(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *says;
    } bad[] = {
        {"", "list of 1 to 7 keys"},
        {"{}", "list of 1 to 7 keys"},
        {"[]", "list of 1 to 7 keys"},
        {"[1,2,3,4,5,6,7,8]", "list of 1 to 7 keys"},
        {"[{\"kid\":\"a\",\"kid\":\"b\",\"secret\":\"SESAME\"}]", "list of 1 to 7 keys"},
        {"[7]", "key 1: it is no object"},
        {"[{\"kid\":\"a\",\"secret\":\"SESAME\",\"use\":\"sig\"}]", "nothing else"},
        {"[{\"kid\":\"a\",\"secret\":7}]", "everything else is text"},
        {"[{\"kid\":\"a\",\"secret\":\"SESAME\",\"active\":\"yes\"}]", "active is true or false"},
        {"[{\"secret\":\"SESAME\"}]", "needs a kid"},
        {"[{\"kid\":\"\",\"secret\":\"SESAME\"}]", "needs a kid"},
        {"[{\"kid\":\"a\"}]", "HS256 wants a secret"},
        {"[{\"kid\":\"a\",\"secret\":\"SESAME\",\"public_key\":\"SESAME\"}]", "no key in PEM"},
        {"[{\"kid\":\"a\",\"secret\":\"SESAME\",\"algorithm\":\"none\"}]", "HS256 or RS256"},
        {"[{\"kid\":\"a\",\"secret\":\"SESAME\",\"algorithm\":\"RS256\"}]", "RS256 wants"},
        {"[{\"kid\":\"a\",\"private_key\":\"SESAME\",\"algorithm\":\"RS256\"}]", "RS256 wants"},
        {"[{\"kid\":\"a\",\"public_key\":\"SESAME\",\"algorithm\":\"RS256\"}]", "RS256 wants"},
        {"[{\"kid\":\"a\",\"secret\":\"SESAME\"},{\"kid\":\"b\",\"secret\":\"SESAME\"}]",
         "no active key"},
        {"[{\"kid\":\"a\",\"secret\":\"SESAME\"},{\"kid\":\"a\",\"secret\":\"SESAME\"}]",
         "key 2: another key has its kid"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        mg_signkeys_t keys = {0};
        mg_fault_t why = {0};
        CHECK_STATUS(MG_ERR_INVALID, mg_signkeys_read(&keys, mg_slice_text(bad[i].text), &why));
        assert_int_equal(keys.count, 0);
        if (!strstr(why.text, bad[i].says) || strstr(why.text, "SESAME")) {
            fail_msg("%s: %s", bad[i].text, why.text);
        }
    }
}

static void
test_an_active_key_signs_and_a_short_one_does_not(void **state)
{
    (void)state;
    mg_buf_t private = {0};
    mg_buf_t public = {0};
    mg_buf_t text = {0};
    mg_signkeys_t keys = {0};
    mg_fault_t why = {0};
    mg_buf_append_format(&text, "[{\"kid\":\"a\",\"algorithm\":\"RS256\",\"public_key\":\"%s\"}]",
                         mg_buf_text(&s_public));
    CHECK_STATUS(MG_ERR_INVALID, mg_signkeys_read(&keys, mg_buf_slice(&text), &why));
    assert_non_null(strstr(why.text, "it is active, so it needs a private_key"));
    s_make_pair(MG_SIGNKEY_RSA_BITS_MIN, &private, &public);
    mg_buf_clear(&text);
    mg_buf_append_format(&text,
                         "[{\"kid\":\"a\",\"algorithm\":\"RS256\",\"private_key\":\"%s\","
                         "\"public_key\":\"%s\"}]",
                         mg_buf_text(&private), mg_buf_text(&s_public));
    CHECK_STATUS(MG_ERR_INVALID, mg_signkeys_read(&keys, mg_buf_slice(&text), &why));
    assert_non_null(strstr(why.text, "is not that of its private_key"));
    mg_buf_clear(&private);
    mg_buf_clear(&public);
    s_make_pair(1024, &private, &public);
    mg_buf_clear(&text);
    mg_buf_append_format(&text, "[{\"kid\":\"a\",\"algorithm\":\"RS256\",\"private_key\":\"%s\"}]",
                         mg_buf_text(&private));
    CHECK_STATUS(MG_ERR_INVALID, mg_signkeys_read(&keys, mg_buf_slice(&text), &why));
    assert_non_null(strstr(why.text, "RSA of at least 2048 bits"));
    mg_buf_wipe(&private);
    mg_buf_free(&public);
    mg_buf_wipe(&text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_first_active_key_signs_and_all_check),
        cmocka_unit_test(test_a_plain_secret_checks_beside_the_list),
        cmocka_unit_test(test_a_private_key_signs_and_its_public_half_checks),
        cmocka_unit_test(test_a_public_key_is_no_secret),
        cmocka_unit_test(test_what_is_no_list_of_keys_is_refused_with_a_sentence),
        cmocka_unit_test(test_an_active_key_signs_and_a_short_one_does_not),
    };
    return cmocka_run_group_tests(tests, s_set_up, s_tear_down);
}
