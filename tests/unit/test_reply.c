#include "gateway/reply.h"
#include "gateway/requestid.h"
#include "support/check.h"

#include <string.h>

static void
s_check_answer(mg_answer_t *answer, unsigned status, const char *body)
{
    assert_true(mg_answer_is_whole(answer));
    assert_int_equal(answer->status, status);
    assert_string_equal(mg_buf_text(&answer->body), body);
}

static void
test_plain_answers(void **state)
{
    (void)state;
    mg_answer_t answer = {0};
    mg_reply_payload(&answer, 201, mg_slice_text("{\"a\":1}"));
    s_check_answer(&answer, 201, "{\"a\":1}");
    mg_reply_message(&answer, 200, "don\"e");
    s_check_answer(&answer, 200, "{\"message\":\"don\\\"e\"}");
    mg_reply_token(&answer, "access_token", mg_slice_text("t"));
    s_check_answer(&answer, 200, "{\"access_token\":\"t\"}");
    mg_reply_error(&answer, MG_ERROR_ROLE_NOT_FOUND, "gone");
    s_check_answer(&answer, 404, "{\"error_code\":\"ROLE004\",\"error_message\":\"gone\"}");
    mg_reply_error(&answer, MG_ERROR_HIDDEN, NULL);
    s_check_answer(&answer, 404, "{\"error_message\":\"Not found\"}");
    mg_reply_detail(&answer, 401, "Unauthorized");
    s_check_answer(&answer, 401, "{\"detail\":\"Unauthorized\"}");
    mg_answer_free(&answer);
}

static void
test_strict_answers(void **state)
{
    (void)state;
    mg_answer_t answer = {.strict = true};
    mg_reply_payload(&answer, 201, mg_slice_text("{\"a\":1}"));
    s_check_answer(&answer, 200, "{\"status_code\":201,\"response\":{\"a\":1}}");
    mg_reply_message(&answer, 201, "done");
    s_check_answer(&answer, 200, "{\"status_code\":201,\"message\":\"done\"}");
    mg_reply_token(&answer, "access_token", mg_slice_text("t"));
    s_check_answer(
        &answer, 200,
        "{\"status_code\":200,\"response\":{\"access_token\":\"t\"},\"access_token\":\"t\"}");
    mg_reply_error(&answer, MG_ERROR_PAGE, "p");
    s_check_answer(&answer, 200,
                   "{\"status_code\":400,\"error_code\":\"PAG001\",\"error_message\":\"p\"}");
    mg_reply_detail(&answer, 404, "Not Found");
    s_check_answer(&answer, 404, "{\"detail\":\"Not Found\"}");
    mg_reply_filtered(&answer, MG_ERROR_IP_LISTED);
    assert_int_equal(answer.status, 403);
    mg_answer_reset(&answer);
    assert_true(answer.strict);
    assert_int_equal(answer.status, 0);
    mg_answer_free(&answer);
}

static void
test_too_many_headers_are_noticed(void **state)
{
    (void)state;
    mg_answer_t answer = {0};
    for (int i = 0; i < MG_ANSWER_HEADERS_MAX; i++) {
        mg_answer_header(&answer, "X", mg_slice_text("y"));
    }
    assert_true(mg_answer_is_whole(&answer));
    mg_answer_header(&answer, "X", mg_slice_text("y"));
    assert_false(mg_answer_is_whole(&answer));
    mg_answer_free(&answer);
}

static void
test_every_error_has_a_row(void **state)
{
    (void)state;
    for (int i = 0; i < MG_ERRORS; i++) {
        const mg_error_row_t *row = mg_error_row((mg_error_id_t)i);
        assert_true(row->status >= 400 && row->status < 600);
        assert_true(row->text && *row->text);
        assert_true(row->code || i == MG_ERROR_HIDDEN);
    }
}

static void
test_request_ids_are_kept_or_made(void **state)
{
    (void)state;
    mg_requestids_t ids = {0};
    char id[MG_REQUEST_ID_MAX + 1];
    char other[MG_REQUEST_ID_MAX + 1];
    mg_requestid_choose(&ids, mg_slice_text("abc-1.2_3:4"), id);
    assert_string_equal(id, "abc-1.2_3:4");
    mg_requestid_choose(&ids, mg_slice_text("a\r\nb"), id);
    mg_requestid_choose(&ids, (mg_slice_t){0}, other);
    assert_int_equal(strlen(id), 36);
    assert_int_equal(id[14], '4');
    for (int i = 0; i < 2 * MG_REQUESTIDS_DRAWN; i++) {
        assert_string_not_equal(id, other);
        memcpy(id, other, sizeof id);
        mg_requestid_choose(&ids, (mg_slice_t){0}, other);
    }
}

static void
test_https_only_adds_transport_security(void **state)
{
    (void)state;
    mg_fixed_header_t headers[MG_FIXED_HEADERS_MAX];
    size_t plain = mg_reply_fixed_headers(&(mg_config_http_t){.csp = "own"}, headers);
    assert_string_equal(headers[plain - 1].value, "own");
    size_t https = mg_reply_fixed_headers(&(mg_config_http_t){.https_only = true}, headers);
    assert_int_equal(https, plain + 1);
    assert_string_equal(headers[plain].name, "Strict-Transport-Security");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_answers),
        cmocka_unit_test(test_strict_answers),
        cmocka_unit_test(test_too_many_headers_are_noticed),
        cmocka_unit_test(test_every_error_has_a_row),
        cmocka_unit_test(test_request_ids_are_kept_or_made),
        cmocka_unit_test(test_https_only_adds_transport_security),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
