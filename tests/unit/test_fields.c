#include "core/document.h"
#include "core/json.h"
#include "gateway/fields.h"
#include "gateway/strength.h"
#include "support/check.h"

#include <string.h>

static const mg_field_t s_table[] = {
    {.name = "name",
     .type = MG_FIELD_TEXT,
     .min = 2,
     .max = 4,
     .flags = MG_FIELD_REQUIRED | MG_FIELD_FIXED | MG_FIELD_NAME},
    {.name = "count", .type = MG_FIELD_INT, .max = 100},
    {.name = "on", .type = MG_FIELD_BOOL, .fallback = "true"},
    {.name = "list", .type = MG_FIELD_TEXTS, .fallback = "[]"},
    {.name = "map", .type = MG_FIELD_OBJECT, .max = 2, .error = MG_ERROR_USER_ATTRIBUTES},
    {.name = "secret", .type = MG_FIELD_TEXT, .min = 3, .max = 9, .flags = MG_FIELD_UNSTORED},
    {.name = NULL},
};

/* Reads `body` and compares the stored document as JSON; `expected` NULL: it must be refused, `blamed` names the field. */
static void
s_check(mg_fields_mode_t mode, const char *body, const char *expected, const char *blamed)
{
    json_t *json = NULL;
    mg_json_error_t error;
    CHECK_OK(mg_json_parse(mg_slice_text(body), &json, &error));
    bson_t out = BSON_INITIALIZER;
    mg_fields_problem_t problem = {0};
    mg_status_t status = mg_fields_read(s_table, json, mode, &out, &problem);
    if (expected) {
        CHECK_OK(status);
        mg_buf_t text = {0};
        CHECK_OK(mg_json_write(mg_document_slice(&out), MG_JSON_PLAIN, NULL, &text));
        assert_string_equal(mg_buf_text(&text), expected);
        mg_buf_free(&text);
    } else {
        CHECK_STATUS(MG_ERR_INVALID, status);
        assert_string_equal(problem.field->name, blamed);
        assert_int_equal(strncmp(problem.text, blamed, strlen(blamed)), 0);
    }
    bson_destroy(&out);
    json_decref(json);
}

static void
test_create_fills_defaults_and_ignores_the_unknown(void **state)
{
    (void)state;
    s_check(MG_FIELDS_CREATE, "{\"name\":\"ab\",\"other\":1,\"secret\":\"xyz\"}",
            "{\"name\":\"ab\",\"count\":null,\"on\":true,\"list\":[],\"map\":null}", NULL);
    s_check(MG_FIELDS_CREATE, "{}", NULL, "name");
    s_check(MG_FIELDS_CREATE, "{\"name\":null}", NULL, "name");
}

static void
test_update_stores_only_what_is_given(void **state)
{
    (void)state;
    s_check(MG_FIELDS_UPDATE, "{\"name\":\"zz\",\"count\":null}", "{}", NULL);
    s_check(MG_FIELDS_UPDATE, "{\"on\":false,\"list\":[\"a\"]}", "{\"on\":false,\"list\":[\"a\"]}",
            NULL);
}

static void
test_integers_are_coerced(void **state)
{
    (void)state;
    s_check(MG_FIELDS_UPDATE, "{\"count\":0.1}", "{\"count\":0}", NULL);
    s_check(MG_FIELDS_UPDATE, "{\"count\":7.9}", "{\"count\":7}", NULL);
    s_check(MG_FIELDS_UPDATE, "{\"count\":\" 12 \"}", "{\"count\":12}", NULL);
    s_check(MG_FIELDS_UPDATE, "{\"count\":\"1.5e1\"}", "{\"count\":15}", NULL);
    s_check(MG_FIELDS_UPDATE, "{\"count\":true}", "{\"count\":1}", NULL);
    static const char *const bad[] = {
        "{\"count\":-1}",      "{\"count\":101}",      "{\"count\":\"x\"}",
        "{\"count\":\"inf\"}", "{\"count\":\"0x10\"}", "{\"count\":\"\"}",
        "{\"count\":[]}",      "{\"count\":1e300}",    "{\"count\":\"99999999999999999999\"}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        s_check(MG_FIELDS_UPDATE, bad[i], NULL, "count");
    }
}

static void
test_texts_bools_lists_and_objects_are_coerced(void **state)
{
    (void)state;
    s_check(MG_FIELDS_CREATE, "{\"name\":12}",
            "{\"name\":\"12\",\"count\":null,\"on\":true,\"list\":[],\"map\":null}", NULL);
    s_check(MG_FIELDS_UPDATE, "{\"on\":\"Off\"}", "{\"on\":false}", NULL);
    s_check(MG_FIELDS_UPDATE, "{\"on\":1}", "{\"on\":true}", NULL);
    s_check(MG_FIELDS_UPDATE, "{\"on\":2}", NULL, "on");
    s_check(MG_FIELDS_UPDATE, "{\"on\":{}}", NULL, "on");
    s_check(MG_FIELDS_UPDATE, "{\"list\":[1,\"b\"]}", "{\"list\":[\"1\",\"b\"]}", NULL);
    s_check(MG_FIELDS_UPDATE, "{\"list\":[null]}", NULL, "list");
    s_check(MG_FIELDS_UPDATE, "{\"list\":\"a\"}", NULL, "list");
    s_check(MG_FIELDS_UPDATE, "{\"map\":{\"a\":{\"b\":[1]}}}", "{\"map\":{\"a\":{\"b\":[1]}}}",
            NULL);
    s_check(MG_FIELDS_UPDATE, "{\"map\":{\"a\":1,\"b\":1,\"c\":1}}", NULL, "map");
    s_check(MG_FIELDS_UPDATE, "{\"secret\":\"ab\"}", NULL, "secret");
}

/* Every kind of JSON value, and what each type of field stores for it; NULL: a refusal. */
static const char *const s_values[][5] = {
    /* given, as integer, as text, as bool, as anything */
    {"0", "0", "\"0\"", "false", "0"},
    {"1", "1", "\"1\"", "true", "1"},
    {"-7", "-7", "\"-7\"", NULL, "-7"},
    {"0.1", "0", "\"0.1\"", NULL, "0.1"},
    {"-0.9", "0", "\"-0.9\"", NULL, "-0.9"},
    {"-7.9", "-7", "\"-7.9\"", NULL, "-7.9"},
    {"1.0", "1", "\"1\"", "true", "1.0"},
    {"9223372036854775807", "9223372036854775807", "\"9223372036854775807\"", NULL,
     "9223372036854775807"},
    {"1e18", "1000000000000000000", "\"1e+18\"", NULL, "1e+18"},
    {"1e19", NULL, "\"1e+19\"", NULL, "1e+19"},
    {"true", "1", NULL, "true", "true"},
    {"false", "0", NULL, "false", "false"},
    {"\"5\"", "5", "\"5\"", NULL, "\"5\""},
    {"\"-5\"", "-5", "\"-5\"", NULL, "\"-5\""},
    {"\"2.9\"", "2", "\"2.9\"", NULL, "\"2.9\""},
    {"\"1\"", "1", "\"1\"", "true", "\"1\""},
    {"\"9223372036854775808\"", NULL, "\"9223372036854775808\"", NULL, "\"9223372036854775808\""},
    {"\"nan\"", NULL, "\"nan\"", NULL, "\"nan\""},
    {"\"-\"", NULL, "\"-\"", NULL, "\"-\""},
    {"\"5\\u0000\"", NULL, "\"5\\u0000\"", NULL, "\"5\\u0000\""},
    {"\"YES\"", NULL, "\"YES\"", "true", "\"YES\""},
    {"\"f\"", NULL, "\"f\"", "false", "\"f\""},
    {"\"\"", NULL, "\"\"", NULL, "\"\""},
    {"[]", NULL, NULL, NULL, "[]"},
    {"{}", NULL, NULL, NULL, "{}"},
    {"[1,\"a\",{\"b\":null}]", NULL, NULL, NULL, "[1,\"a\",{\"b\":null}]"},
};

/* Reads one value into a field of one type and compares what is stored. */
static void
s_check_value(mg_field_t field, const char *value, const char *stored)
{
    const mg_field_t table[] = {field, {.name = NULL}};
    mg_buf_t text = {0};
    mg_buf_append_format(&text, "{\"f\":%s}", value);
    json_t *body = NULL;
    mg_json_error_t error;
    CHECK_OK(mg_json_parse(mg_buf_slice(&text), &body, &error));
    bson_t out = BSON_INITIALIZER;
    mg_fields_problem_t problem = {0};
    mg_status_t status = mg_fields_read(table, body, MG_FIELDS_CREATE, &out, &problem);
    mg_buf_t given = {0};
    CHECK_OK(mg_json_write(mg_document_slice(&out), MG_JSON_PLAIN, NULL, &given));
    mg_buf_clear(&text);
    mg_buf_append_format(&text, stored ? "{\"f\":%s}" : "{}%s", stored ? stored : "");
    if ((status == MG_OK) != (stored != NULL) ||
        strcmp(mg_buf_text(&given), mg_buf_text(&text)) != 0) {
        fail_msg("%s as type %d: %s, not %s", value, (int)field.type, mg_buf_text(&given),
                 mg_buf_text(&text));
    }
    mg_buf_free(&given);
    bson_destroy(&out);
    json_decref(body);
    mg_buf_free(&text);
}

static void
test_each_value_meets_each_type(void **state)
{
    (void)state;
    static const mg_field_t fields[] = {
        {.name = "f", .type = MG_FIELD_INT, .min = INT64_MIN},
        {.name = "f", .type = MG_FIELD_TEXT},
        {.name = "f", .type = MG_FIELD_BOOL},
        {.name = "f", .type = MG_FIELD_ANY},
    };
    for (size_t row = 0; row < sizeof s_values / sizeof *s_values; row++) {
        for (size_t type = 0; type < sizeof fields / sizeof *fields; type++) {
            s_check_value(fields[type], s_values[row][0], s_values[row][type + 1]);
        }
    }
}

static void
test_limits_hold_at_both_ends_and_first_problem_is_told(void **state)
{
    (void)state;
    s_check(MG_FIELDS_UPDATE, "{\"count\":0}", "{\"count\":0}", NULL);
    s_check(MG_FIELDS_UPDATE, "{\"count\":100.9}", "{\"count\":100}", NULL);
    s_check(MG_FIELDS_UPDATE, "{\"map\":{\"a\":1,\"b\":2}}", "{\"map\":{\"a\":1,\"b\":2}}", NULL);
    s_check(MG_FIELDS_CREATE, "{\"name\":\"a\"}", NULL, "name");
    s_check(MG_FIELDS_CREATE, "{\"name\":\"abcde\"}", NULL, "name");
    s_check(MG_FIELDS_CREATE, "{\"map\":7,\"on\":7,\"count\":\"x\",\"name\":[]}", NULL, "name");
    s_check(MG_FIELDS_UPDATE, "{\"map\":7,\"on\":7,\"count\":\"x\",\"name\":[]}", NULL, "count");
    s_check(MG_FIELDS_UPDATE, "{\"secret\":\"0123456789\"}", NULL, "secret");
}

/* A path cannot say control characters, so nothing that a path is to find may hold them. Other texts may. */
static void
test_names_hold_no_control_characters(void **state)
{
    (void)state;
    static const char *const bad[] = {"a\\u0000", "\\u0000a", "a\\u0000b", "\\u0000\\u0000",
                                      "a\\n",     "\\u001fa", "a\\u007f",  "a\\tb"};
    static const char *const good[] = {
        "a/b", "..", "%00", "a b", "\xc3\xa9\xc2\x85", "\xf0\x9f\x98\x80+"};
    char body[64];
    char stored[128];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        (void)snprintf(body, sizeof body, "{\"name\":\"%s\"}", bad[i]);
        s_check(MG_FIELDS_CREATE, body, NULL, "name");
    }
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        (void)snprintf(body, sizeof body, "{\"name\":\"%s\"}", good[i]);
        (void)snprintf(stored, sizeof stored,
                       "{\"name\":\"%s\",\"count\":null,\"on\":true,\"list\":[],\"map\":null}",
                       good[i]);
        s_check(MG_FIELDS_CREATE, body, stored, NULL);
    }
    s_check(MG_FIELDS_UPDATE, "{\"list\":[\"a\\u0000\"]}", "{\"list\":[\"a\\u0000\"]}", NULL);
}

/* A field's own error is for a size that does not fit; a wrong type is what it is everywhere. */
static void
test_own_error_is_for_the_size_only(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        mg_error_id_t error;
    } cases[] = {{"{\"map\":{\"a\":1,\"b\":1,\"c\":1}}", MG_ERROR_USER_ATTRIBUTES},
                 {"{\"map\":7}", MG_ERROR_INVALID_BODY},
                 {"{\"map\":[]}", MG_ERROR_INVALID_BODY},
                 {"{\"count\":101}", MG_ERROR_INVALID_BODY}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *body = NULL;
        mg_json_error_t error;
        CHECK_OK(mg_json_parse(mg_slice_text(cases[i].body), &body, &error));
        bson_t out = BSON_INITIALIZER;
        mg_fields_problem_t problem = {.error = MG_ERRORS};
        CHECK_STATUS(MG_ERR_INVALID,
                     mg_fields_read(s_table, body, MG_FIELDS_UPDATE, &out, &problem));
        assert_int_equal(problem.error, cases[i].error);
        bson_destroy(&out);
        json_decref(body);
    }
}

static void
test_length_counts_characters_not_bytes(void **state)
{
    (void)state;
    s_check(MG_FIELDS_UPDATE, "{\"secret\":\"\\u00e9\\u00e9\"}", NULL, "secret");
    s_check(MG_FIELDS_UPDATE,
            "{\"secret\":\"\\u00e9\\u00e9\\u00e9\\u00e9\\u00e9\\u00e9\\u00e9\\u00e9\\u00e9\"}",
            "{}", NULL);
}

static void
test_strength_wants_all_kinds(void **state)
{
    (void)state;
    assert_true(mg_password_is_strong(mg_slice_text("Abcdefghijklmn1!")));
    static const char *const weak[] = {"Abcdefghijklm1!",  "abcdefghijklmn1!", "ABCDEFGHIJKLMN1!",
                                       "Abcdefghijklmno!", "Abcdefghijklmn12", ""};
    for (size_t i = 0; i < sizeof weak / sizeof *weak; i++) {
        assert_false(mg_password_is_strong(mg_slice_text(weak[i])));
    }
}

static void
test_records_are_read_whole_and_words_are_checked(void **state)
{
    (void)state;
    static const char *const words[] = {"red", "blue", NULL};
    static const mg_field_t inner[] = {
        {.name = "w", .type = MG_FIELD_TEXT, .flags = MG_FIELD_REQUIRED, .choices = words},
        {.name = "n", .type = MG_FIELD_REAL},
        {.name = NULL},
    };
    static const struct {
        mg_field_type_t type;
        const char *value;
        const char *stored; /* NULL: refused */
    } cases[] = {
        {MG_FIELD_RECORD, "{\"w\":\"red\",\"x\":1}", "{\"w\":\"red\",\"n\":null}"},
        {MG_FIELD_RECORD, "{\"w\":\"green\"}", NULL},
        {MG_FIELD_RECORD, "{}", NULL},
        {MG_FIELD_RECORD, "[]", NULL},
        {MG_FIELD_RECORDS, "[]", NULL}, /* at least one */
        {MG_FIELD_RECORDS, "[{\"w\":\"red\",\"n\":\"1.5\"},{\"w\":\"blue\",\"n\":2}]",
         "[{\"w\":\"red\",\"n\":1.0},{\"w\":\"blue\",\"n\":2.0}]"},
        {MG_FIELD_RECORDS, "[1]", NULL},
        {MG_FIELD_RECORDS, "[{\"w\":\"red\",\"n\":\"x\"}]", NULL},
        {MG_FIELD_RECORDS, "[{\"w\":\"red\"},{\"w\":\"red\"},{\"w\":\"red\"}]",
         NULL}, /* at most two */
        {MG_FIELD_RECORD_MAP, "{\"a\":{\"w\":\"blue\"},\"\":{\"w\":\"red\"}}",
         "{\"a\":{\"w\":\"blue\",\"n\":null},\"\":{\"w\":\"red\",\"n\":null}}"},
        {MG_FIELD_RECORD_MAP, "{}", "{}"},
        {MG_FIELD_RECORD_MAP, "{\"a\":null}", NULL},
        {MG_FIELD_RECORD_MAP, "[]", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mg_field_t field = {.name = "f", .type = cases[i].type, .min = 1, .max = 2, .items = inner};
        s_check_value(field, cases[i].value, cases[i].stored);
    }
}

static void
test_modes_differ_in_what_may_be_missing_or_fixed(void **state)
{
    (void)state;
    s_check(MG_FIELDS_UPDATE, "{\"name\":\"abc\"}", "{}", NULL);
    s_check(MG_FIELDS_IMPORT, "{\"name\":\"abc\",\"on\":null}", "{\"name\":\"abc\"}", NULL);
    s_check(MG_FIELDS_IMPORT, "{}", "{}", NULL);
    s_check(MG_FIELDS_IMPORT, "{\"name\":\"a\"}", NULL, "name");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_create_fills_defaults_and_ignores_the_unknown),
        cmocka_unit_test(test_update_stores_only_what_is_given),
        cmocka_unit_test(test_integers_are_coerced),
        cmocka_unit_test(test_texts_bools_lists_and_objects_are_coerced),
        cmocka_unit_test(test_each_value_meets_each_type),
        cmocka_unit_test(test_records_are_read_whole_and_words_are_checked),
        cmocka_unit_test(test_modes_differ_in_what_may_be_missing_or_fixed),
        cmocka_unit_test(test_limits_hold_at_both_ends_and_first_problem_is_told),
        cmocka_unit_test(test_names_hold_no_control_characters),
        cmocka_unit_test(test_own_error_is_for_the_size_only),
        cmocka_unit_test(test_length_counts_characters_not_bytes),
        cmocka_unit_test(test_strength_wants_all_kinds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
