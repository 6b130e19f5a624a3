#include "gateway/cors.h"
#include "support/check.h"

#include <string.h>

static bool
s_allows(const mg_config_http_t *http, const char *origin)
{
    mg_cors_t rules = mg_cors_of_front(http);
    return mg_cors_allows(&rules, mg_slice_text(origin));
}

static void
test_all_origins_are_those_of_the_web(void **state)
{
    (void)state;
    const mg_config_http_t http = {.cors_credentials = true};
    static const char *const good[] = {"http://a.test", "https://a.test:8443", "http://[::1]:80",
                                       "HTTPS://A.TEST"};
    static const char *const bad[] = {"",
                                      "null",
                                      "*",
                                      "a.test",
                                      "http://",
                                      "http://a.test/",
                                      "http://a.test?x",
                                      "http://u@a.test",
                                      "http://a b",
                                      "http://a,http://b",
                                      "file:///etc",
                                      "http://a\xc3\xa9"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(s_allows(&http, good[i]));
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(s_allows(&http, bad[i]));
    }
    char longest[MG_CORS_ORIGIN_MAX + 2] = "http://";
    memset(longest + 7, 'a', sizeof longest - 8);
    assert_false(s_allows(&http, longest));
    longest[MG_CORS_ORIGIN_MAX] = '\0';
    assert_true(s_allows(&http, longest));
}

static void
test_a_list_names_them_exactly(void **state)
{
    (void)state;
    const mg_config_http_t http = {.cors_origins = " https://a.test ,, http://b.test:8080,null,"};
    assert_true(s_allows(&http, "https://a.test"));
    assert_true(s_allows(&http, "http://b.test:8080"));
    assert_true(s_allows(&http, "null"));
    static const char *const bad[] = {
        "http://a.test", "https://a.test:443",  "https://a.test.evil", "https://xa.test",
        "http://b.test", "http://b.test:80801", "https://a.tes",       ""};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(s_allows(&http, bad[i]));
    }
    const mg_config_http_t none = {.cors_origins = ""};
    assert_false(s_allows(&none, "http://a.test"));
}

static void
test_strict_takes_all_for_this_machine(void **state)
{
    (void)state;
    const mg_config_http_t strict = {.cors_strict = true, .cors_credentials = true};
    static const char *const good[] = {"http://localhost", "https://localhost:3000",
                                       "http://127.0.0.1:1"};
    static const char *const bad[] = {"http://a.test",       "http://localhost.a.test",
                                      "http://localhosta:1", "http://127.0.0.10",
                                      "http://a.test:80",    "http://localhost:1/x"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(s_allows(&strict, good[i]));
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(s_allows(&strict, bad[i]));
    }
    const mg_config_http_t without = {.cors_strict = true};
    assert_true(s_allows(&without, "http://a.test")); /* no credentials: nothing to lose */
    const mg_config_http_t listed = {
        .cors_strict = true, .cors_credentials = true, .cors_origins = "http://localhost"};
    assert_false(s_allows(&listed, "http://localhost:3000"));
}

static void
test_a_preflight_tells_more_than_an_answer(void **state)
{
    (void)state;
    const mg_config_http_t http = {.cors_methods = "GET,PUT", .cors_headers = "*"};
    mg_cors_t rules = mg_cors_of_front(&http);
    mg_cors_header_t headers[MG_CORS_HEADERS_MAX];
    assert_int_equal(mg_cors_headers(&rules, (mg_slice_t){0}, false, headers), 0);
    assert_int_equal(mg_cors_headers(&rules, mg_slice_text("http://a"), true, headers), 3);
    assert_string_equal(headers[0].name, "Access-Control-Allow-Origin");
    assert_string_equal((const char *)headers[1].value.data, "GET,PUT");
    assert_string_equal((const char *)headers[2].value.data,
                        "Accept, Content-Type, X-CSRF-Token, Authorization");
    rules.credentials = true;
    assert_int_equal(mg_cors_headers(&rules, (mg_slice_t){0}, false, headers), 1);
    assert_string_equal(headers[0].name, "Access-Control-Allow-Credentials");
    assert_int_equal(mg_cors_headers(&rules, mg_slice_text("http://a"), true, headers),
                     MG_CORS_HEADERS_MAX);
}

static void
test_the_tool_assumes_local_origins(void **state)
{
    (void)state;
    const mg_config_http_t unset = {.cors_credentials = true};
    mg_cors_t rules = mg_cors_of_tool(&unset);
    assert_true(mg_cors_allows(&rules, mg_slice_text("http://localhost:3000")));
    assert_false(mg_cors_allows(&rules, mg_slice_text("http://a.test")));
    const mg_config_http_t all = {.cors_credentials = true, .cors_origins = "*"};
    rules = mg_cors_of_tool(&all);
    assert_true(mg_cors_allows(&rules, mg_slice_text("http://localhost")));
    assert_false(mg_cors_allows(&rules, mg_slice_text("http://localhost:1")));
    const mg_config_http_t open = {.cors_origins = "*"};
    rules = mg_cors_of_tool(&open);
    assert_true(mg_cors_allows(&rules, mg_slice_text("http://a.test")));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_origins_are_those_of_the_web),
        cmocka_unit_test(test_a_list_names_them_exactly),
        cmocka_unit_test(test_strict_takes_all_for_this_machine),
        cmocka_unit_test(test_a_preflight_tells_more_than_an_answer),
        cmocka_unit_test(test_the_tool_assumes_local_origins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
