/* Tokens, the cookies they travel in, and the CSRF token beside them. */
#include "gateway/cookies.h"
#include "gateway/session.h"
#include "gateway/token.h"
#include "support/check.h"

#include <jwt.h>
#include <sodium.h>

#include <stdlib.h>
#include <string.h>

static const char s_secret[] = "a secret of at least 32 bytes, or so";

static mg_signkeys_t s_set; /* the secret alone */

static int
s_set_up(void **state)
{
    (void)state;
    CHECK_OK(mg_signkeys_set_legacy(&s_set, mg_slice_text(s_secret)));
    return 0;
}

static int
s_tear_down(void **state)
{
    (void)state;
    mg_signkeys_wipe(&s_set);
    return 0;
}

static void
test_issued_token_is_valid_until_it_expires(void **state)
{
    (void)state;
    const mg_grant_t grant = {"ann", "users", "{\"ui_access\":true}", "id-1", "doc-1", 1000};
    mg_buf_t token = {0};
    CHECK_OK(mg_token_issue(&grant, &s_set, &token));
    mg_claims_t claims = {0};
    CHECK_OK(mg_token_verify(mg_buf_slice(&token), &s_set, 999, &claims));
    assert_string_equal(claims.sub, "ann");
    assert_string_equal(claims.jti, "id-1");
    assert_string_equal(claims.uid, "doc-1");
    assert_int_equal(claims.expires_s, 1000);
    CHECK_STATUS(MG_ERR_DENIED, mg_token_verify(mg_buf_slice(&token), &s_set, 1000, &claims));
    mg_signkeys_t other = {0};
    CHECK_STATUS(MG_ERR_DENIED, mg_token_verify(mg_buf_slice(&token), &other, 0, &claims));
    CHECK_STATUS(MG_ERR_NO_MEMORY, mg_token_issue(&grant, &other, &token));
    CHECK_OK(mg_signkeys_set_legacy(&other, mg_slice_text("other")));
    CHECK_STATUS(MG_ERR_DENIED, mg_token_verify(mg_buf_slice(&token), &other, 0, &claims));
    mg_signkeys_wipe(&other);
    mg_buf_free(&token);
}

static void
test_any_changed_byte_is_refused(void **state)
{
    (void)state;
    const mg_grant_t grant = {"ann", "users", "{}", "id-1", "", 1000};
    mg_buf_t token = {0};
    CHECK_OK(mg_token_issue(&grant, &s_set, &token));
    mg_claims_t claims = {.expires_s = 99};
    for (size_t i = 0; i + 1 < token.len; i++) { /* the last character has bits that no byte uses */
        uint8_t was = token.data[i];
        token.data[i] = was == 'A' ? 'B' : 'A';
        CHECK_STATUS(MG_ERR_DENIED, mg_token_verify(mg_buf_slice(&token), &s_set, 0, &claims));
        token.data[i] = was;
    }
    assert_int_equal(claims.expires_s, 99);
    mg_buf_free(&token);
}

/* A token made by the library, as some other holder of the secret could. NULL leaves a part out. */
static char *
s_forge(jwt_alg_t alg, const char *header, const char *claims)
{
    jwt_t *jwt = NULL;
    assert_int_equal(jwt_new(&jwt), 0);
    if (alg != JWT_ALG_NONE) {
        assert_int_equal(
            jwt_set_alg(jwt, alg, (const unsigned char *)s_secret, sizeof s_secret - 1), 0);
    }
    if (header) {
        assert_int_equal(jwt_add_headers_json(jwt, header), 0);
    }
    assert_int_equal(jwt_add_grants_json(jwt, claims), 0);
    char *token = jwt_encode_str(jwt);
    jwt_free(jwt);
    assert_non_null(token);
    return token;
}

static mg_status_t
s_verify_forged(jwt_alg_t alg, const char *header, const char *claims)
{
    char *token = s_forge(alg, header, claims);
    mg_claims_t out;
    mg_status_t status = mg_token_verify(mg_slice_text(token), &s_set, 0, &out);
    free(token);
    return status;
}

static void
test_only_our_kind_of_token_is_taken(void **state)
{
    (void)state;
    static const char good[] = "{\"sub\":\"a\",\"jti\":\"b\",\"exp\":1000}";
    CHECK_OK(s_verify_forged(JWT_ALG_HS256, NULL, good));
    CHECK_OK(s_verify_forged(JWT_ALG_HS256, "{\"kid\":\"legacy-key\"}", good));
    static const char *const headers[] = {"{\"kid\":\"other\"}", "{\"kid\":7}",
                                          "{\"crit\":[\"exp\"]}", "{\"crit\":null}"};
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        CHECK_STATUS(MG_ERR_DENIED, s_verify_forged(JWT_ALG_HS256, headers[i], good));
    }
    CHECK_STATUS(MG_ERR_DENIED, s_verify_forged(JWT_ALG_NONE, NULL, good));
    CHECK_STATUS(MG_ERR_DENIED, s_verify_forged(JWT_ALG_HS384, NULL, good));
    CHECK_STATUS(MG_ERR_DENIED, s_verify_forged(JWT_ALG_HS512, NULL, good));
    static const char *const claims[] = {"{\"sub\":\"a\",\"jti\":\"b\"}",
                                         "{\"sub\":\"a\",\"exp\":1000}",
                                         "{\"jti\":\"b\",\"exp\":1000}",
                                         "{\"sub\":\"\",\"jti\":\"b\",\"exp\":1000}",
                                         "{\"sub\":7,\"jti\":\"b\",\"exp\":1000}",
                                         "{\"sub\":\"a\",\"jti\":\"b\",\"exp\":\"1000\"}",
                                         "{\"sub\":\"a\",\"jti\":\"b\",\"exp\":-1}"};
    for (size_t i = 0; i < sizeof claims / sizeof *claims; i++) {
        CHECK_STATUS(MG_ERR_DENIED, s_verify_forged(JWT_ALG_HS256, NULL, claims[i]));
    }
}

static void
s_append_base64(mg_buf_t *out, const void *bytes, size_t len)
{
    char text[512];
    assert_non_null(
        sodium_bin2base64(text, sizeof text, bytes, len, sodium_base64_VARIANT_URLSAFE_NO_PADDING));
    mg_buf_append_text(out, text);
}

/* Header and claims as they are, with a true HMAC-SHA256 of ours: only their content can make it be refused. */
static mg_status_t
s_verify_signed(const char *header, const char *claims)
{
    mg_buf_t token = {0};
    s_append_base64(&token, header, strlen(header));
    mg_buf_append_byte(&token, '.');
    s_append_base64(&token, claims, strlen(claims));
    uint8_t mac[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256_state hmac;
    crypto_auth_hmacsha256_init(&hmac, (const uint8_t *)s_secret, sizeof s_secret - 1);
    crypto_auth_hmacsha256_update(&hmac, token.data, token.len);
    crypto_auth_hmacsha256_final(&hmac, mac);
    mg_buf_append_byte(&token, '.');
    s_append_base64(&token, mac, sizeof mac);
    mg_claims_t out;
    mg_status_t status = mg_token_verify(mg_buf_slice(&token), &s_set, 0, &out);
    mg_buf_free(&token);
    return status;
}

static void
test_right_signature_does_not_make_up_for_a_wrong_header_or_claim(void **state)
{
    (void)state;
    static const char header[] = "{\"alg\":\"HS256\"}";
    static const char claims[] = "{\"sub\":\"a\",\"jti\":\"b\",\"exp\":1000}";
    CHECK_OK(s_verify_signed(header, claims));
    static const char *const headers[] = {"{}",
                                          "[]",
                                          "\"HS256\"",
                                          "{\"alg\":null}",
                                          "{\"alg\":\"none\"}",
                                          "{\"alg\":\"NONE\"}",
                                          "{\"alg\":\"\"}",
                                          "{\"alg\":\"RS256\"}",
                                          "{\"alg\":\"ES256\"}",
                                          "{\"alg\":\"PS256\"}",
                                          "{\"alg\":\"HS384\"}",
                                          "{\"alg\":\"HS512\"}",
                                          "{\"alg\":[\"HS256\"]}",
                                          "{\"alg\":\"HS256\",\"kid\":\"\"}",
                                          "{\"alg\":\"HS256\",\"kid\":null}",
                                          "{\"alg\":\"HS256\",\"kid\":\"../key\"}",
                                          "{\"alg\":\"HS256\",\"crit\":[]}"};
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        if (s_verify_signed(headers[i], claims) != MG_ERR_DENIED) {
            fail_msg("taken: %s", headers[i]);
        }
    }
    static const char *const bad[] = {"{}",
                                      "[]",
                                      "{\"sub\":\"a\",\"jti\":\"b\",\"exp\":0}",
                                      "{\"sub\":\"a\",\"jti\":\"b\",\"exp\":1000.5}",
                                      "{\"sub\":\"a\",\"jti\":\"b\",\"exp\":true}",
                                      "{\"sub\":\"a\",\"jti\":\"b\",\"exp\":9223372036854775808}",
                                      "{\"sub\":\"a\",\"jti\":\"\",\"exp\":1000}",
                                      "{\"sub\":\"a\",\"jti\":7,\"exp\":1000}",
                                      "{\"sub\":null,\"jti\":\"b\",\"exp\":1000}",
                                      "{\"sub\":\"a\\u0000c\",\"jti\":\"b\",\"exp\":1000}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (s_verify_signed(header, bad[i]) != MG_ERR_DENIED) {
            fail_msg("taken: %s", bad[i]);
        }
    }
}

static void
test_names_fit_up_to_their_limit(void **state)
{
    (void)state;
    char name[MG_TOKEN_NAME_MAX + 2] = "";
    memset(name, 'n', MG_TOKEN_NAME_MAX);
    for (int over = 0; over <= 1; over++) {
        name[MG_TOKEN_NAME_MAX] = over ? 'n' : 0;
        const mg_grant_t grant = {name, "users", "{}", "id-1", "", 1000};
        mg_buf_t token = {0};
        mg_claims_t claims = {0};
        CHECK_OK(mg_token_issue(&grant, &s_set, &token));
        CHECK_STATUS(over ? MG_ERR_DENIED : MG_OK,
                     mg_token_verify(mg_buf_slice(&token), &s_set, 0, &claims));
        assert_int_equal(strlen(claims.sub), over ? 0 : MG_TOKEN_NAME_MAX);
        mg_buf_free(&token);
    }
}

static void
test_what_has_not_the_form_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",     ".",       "..",     "a.b",     "a.b.",       ".b.c",
                                      "a..c", "a.b.c.d", "a.b.c=", "a b.c.d", "e30.e30.e30"};
    mg_claims_t claims;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK_STATUS(MG_ERR_DENIED, mg_token_verify(mg_slice_text(bad[i]), &s_set, 0, &claims));
    }
    static char big[MG_TOKEN_MAX + 8];
    memset(big, 'a', sizeof big);
    big[10] = big[20] = '.';
    CHECK_STATUS(MG_ERR_DENIED, mg_token_verify(mg_slice(big, sizeof big), &s_set, 0, &claims));
}

static void
test_cookies_are_found_by_whole_name(void **state)
{
    (void)state;
    mg_slice_t header = mg_slice_text("xtoken=1; token2=2;token = \"3\" ; token=4; empty=");
    assert_true(mg_slice_equal(mg_cookie_get(header, "token"), mg_slice_text("3")));
    assert_true(mg_slice_equal(mg_cookie_get(header, "token2"), mg_slice_text("2")));
    assert_non_null(mg_cookie_get(header, "empty").data);
    assert_null(mg_cookie_get(header, "toke").data);
    assert_null(mg_cookie_get((mg_slice_t){0}, "token").data);
}

static void
s_check_cookie(const mg_config_http_t *config, const char *host, const char *expected)
{
    const mg_cookie_t cookie = {
        .name = "n", .value = "v", .max_age_s = 60, .http_only = true, .host = mg_slice_text(host)};
    mg_buf_t line = {0};
    mg_cookie_write(&cookie, config, &line);
    assert_string_equal(mg_buf_text(&line), expected);
    mg_buf_free(&line);
}

static void
test_cookie_attributes_follow_the_configuration(void **state)
{
    (void)state;
    mg_config_http_t config = {.cookie_samesite = MG_SAMESITE_STRICT};
    s_check_cookie(&config, "a", "n=v; Path=/; Max-Age=60; HttpOnly; SameSite=Strict");
    config.cookie_samesite = MG_SAMESITE_NONE;
    s_check_cookie(&config, "a", "n=v; Path=/; Max-Age=60; HttpOnly; SameSite=Lax");
    config.https_only = true;
    s_check_cookie(&config, "a", "n=v; Path=/; Max-Age=60; HttpOnly; Secure; SameSite=None");
    config.cookie_secure_set = true;
    config.cookie_domain = "x.test";
    s_check_cookie(&config, "api.x.test:80",
                   "n=v; Path=/; Max-Age=60; Domain=x.test; HttpOnly; SameSite=Lax");
    s_check_cookie(&config, "evilx.test", "n=v; Path=/; Max-Age=60; HttpOnly; SameSite=Lax");
}

static void
test_csrf_token_belongs_to_one_token_and_secret(void **state)
{
    (void)state;
    char one[MG_CSRF_TEXT];
    char other[MG_CSRF_TEXT];
    mg_csrf_token(mg_slice_text(s_secret), "id-1", one);
    mg_csrf_token(mg_slice_text(s_secret), "id-1", other);
    assert_string_equal(one, other);
    mg_csrf_token(mg_slice_text(s_secret), "id-2", other);
    assert_string_not_equal(one, other);
    mg_csrf_token(mg_slice_text("x"), "id-1", other);
    assert_string_not_equal(one, other);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_issued_token_is_valid_until_it_expires),
        cmocka_unit_test(test_any_changed_byte_is_refused),
        cmocka_unit_test(test_only_our_kind_of_token_is_taken),
        cmocka_unit_test(test_right_signature_does_not_make_up_for_a_wrong_header_or_claim),
        cmocka_unit_test(test_names_fit_up_to_their_limit),
        cmocka_unit_test(test_what_has_not_the_form_is_refused),
        cmocka_unit_test(test_cookies_are_found_by_whole_name),
        cmocka_unit_test(test_cookie_attributes_follow_the_configuration),
        cmocka_unit_test(test_csrf_token_belongs_to_one_token_and_secret),
    };
    return cmocka_run_group_tests(tests, s_set_up, s_tear_down);
}
