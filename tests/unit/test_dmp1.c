/* Doorman's dumps: the published vector, every row of the table of dump-format.md section 11, and what is refused. */
#include "core/dmp1.h"
#include "core/json.h"
#include "support/check.h"
#include "support/dumpkit.h"

#include <bson/bson.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

static mg_buf_t
s_decrypt(mg_slice_t file, const char *secret, mg_aead_provider_t provider)
{
    mg_verdict_t why;
    mg_buf_t plain = {0};
    mg_keyring_t *ring = kit_keyring(secret);
    assert_int_equal(mg_dmp1_unlock(file, ring, provider, &plain, &why), MG_OUTCOME_OK);
    mg_keyring_destroy(&ring);
    return plain;
}

static uint64_t
s_count(const json_t *expected, const char *name)
{
    return (uint64_t)json_integer_value(json_object_get(json_object_get(expected, "counts"), name));
}

static void
s_expect_collection(const mg_view_t *view, const char *name, const json_t *documents)
{
    int slot = mg_view_slot(view, mg_slice_text(name));
    assert_int_not_equal(slot, MG_SLOT_NONE);
    assert_int_equal(mg_view_count(view, slot), json_array_size(documents));
    mg_cursor_t cursor;
    mg_cursor_seek(&cursor, view, slot, mg_slice(NULL, 0));
    for (size_t i = 0; i < json_array_size(documents); i++) {
        const mg_entry_t *entry = mg_cursor_next(&cursor);
        mg_buf_t body = kit_hex(kit_text(json_array_get(documents, i), "bson_hex"));
        assert_true(mg_slice_equal(mg_entry_body(entry), mg_buf_slice(&body)));
        assert_int_equal(entry->rev, 1);
        mg_buf_free(&body);
    }
}

static void
test_vector_gives_the_expected_documents_and_counts(void **state)
{
    (void)state;
    static const mg_aead_provider_t providers[] = {MG_AEAD_GNUTLS, MG_AEAD_SODIUM};
    mg_buf_t file = kit_vector("dmp1-small.bin");
    mg_buf_t expected_plain = kit_vector("dmp1-small.plain.json");
    json_t *expected = kit_vector_json("dmp1-small.expected.json");
    for (size_t i = 0; i < 2; i++) {
        mg_verdict_t why;
        mg_dmp1_info_t info;
        mg_store_t *store = NULL;
        mg_buf_t plain = s_decrypt(mg_buf_slice(&file), KIT_PASSPHRASE, providers[i]);
        assert_true(mg_slice_equal(mg_buf_slice(&plain), mg_buf_slice(&expected_plain)));
        assert_int_equal(mg_dmp1_load(mg_buf_slice(&plain), NULL, &store, &info, &why),
                         MG_OUTCOME_OK);
        const char *name;
        json_t *documents;
        json_object_foreach(json_object_get(expected, "collections"), name, documents)
        {
            s_expect_collection(mg_store_current(store), name, documents);
        }
        assert_int_equal(info.created_at, INT64_C(1767323045) * 1000000000);
        assert_int_equal(info.documents, 2);
        assert_int_equal(info.counts.surrogates, s_count(expected, "surrogates"));
        assert_int_equal(info.counts.keys_escaped, s_count(expected, "keys_escaped"));
        assert_int_equal(info.counts.keys_merged, s_count(expected, "keys_merged"));
        assert_int_equal(info.counts.bad_base64, s_count(expected, "bad_base64"));
        assert_int_equal(info.counts.decimal128, s_count(expected, "decimal128"));
        assert_int_equal(info.counts.int_text, s_count(expected, "int_text"));
        mg_store_destroy(&store);
        mg_buf_free(&plain);
    }
    json_decref(expected);
    mg_buf_free(&expected_plain);
    mg_buf_free(&file);
}

static void
test_key_is_that_of_the_vector(void **state)
{
    (void)state;
    uint8_t key[MG_AEAD_KEY];
    mg_buf_t file = kit_vector("dmp1-small.bin");
    mg_buf_t expected = kit_hex("32df1f230cdfc794b4eb517e8a54081d67aa789f9f007f9a31f055bd67f0c876");
    mg_dmp1_key(mg_slice_text(KIT_PASSPHRASE), mg_buf_slice(&file), key);
    assert_memory_equal(key, expected.data, sizeof key);
    mg_buf_free(&expected);
    mg_buf_free(&file);
}

static void
test_every_bit_flip_and_truncation_is_refused(void **state)
{
    (void)state;
    mg_verdict_t why;
    mg_buf_t out = {0};
    uint8_t key[MG_AEAD_KEY];
    mg_buf_t file = kit_vector("dmp1-small.bin");
    for (size_t bit = 0; bit < file.len * 8; bit++) {
        file.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        mg_dmp1_key(mg_slice_text(KIT_PASSPHRASE), mg_buf_slice(&file), key);
        mg_outcome_t outcome = mg_dmp1_open(mg_buf_slice(&file), key, MG_AEAD_AUTO, &out, &why);
        assert_int_equal(outcome, bit < MG_DMP1_MAGIC * 8 ? MG_OUTCOME_NOT_A_DUMP
                                                          : MG_OUTCOME_WRONG_KEY_OR_CORRUPT);
        assert_int_equal(out.len, 0);
        file.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t len = 0; len < file.len; len++) {
        mg_outcome_t outcome =
            mg_dmp1_open(mg_slice(file.data, len), key, MG_AEAD_AUTO, &out, &why);
        assert_int_equal(outcome, len < MG_DMP1_MAGIC ? MG_OUTCOME_NOT_A_DUMP
                                  : len < MG_DMP1_MIN ? MG_OUTCOME_TRUNCATED
                                                      : MG_OUTCOME_WRONG_KEY_OR_CORRUPT);
    }
    mg_buf_free(&out);
    mg_buf_free(&file);
}

/* ---- the table ---- */

struct value_case {
    const char *json; /* of field "v", or whole members of a document */
    const char *extended;
    mg_dmp1_counts_t counts;
};

static const struct value_case s_values[] = {
    {"{\"__type__\":\"bytes\",\"data\":\"QUI=\"}",
     "{\"$binary\":{\"base64\":\"QUI=\",\"subType\":\"00\"}}",
     {0}},
    {"{\"__type__\":\"bytes\",\"data\":\"Q*U\\nI=\",\"more\":1}",
     "{\"$binary\":{\"base64\":\"QUI=\",\"subType\":\"00\"}}",
     {0}},
    {"{\"__type__\":\"bytes\",\"data\":\"QUI=QUI=\"}",
     "{\"$binary\":{\"base64\":\"QUI=\",\"subType\":\"00\"}}",
     {0}},
    {"{\"__type__\":\"bytes\",\"data\":\"QUI\"}",
     "{\"$binary\":{\"base64\":\"\",\"subType\":\"00\"}}",
     {.bad_base64 = 1}},
    {"{\"__type__\":\"bytes\",\"data\":\"QUI=\\u00e4\"}",
     "{\"$binary\":{\"base64\":\"QUI=\",\"subType\":\"00\"}}",
     {0}},
    {"{\"__type__\":\"bytes\",\"data\":\"\\u00e4QUI=\"}",
     "{\"$binary\":{\"base64\":\"\",\"subType\":\"00\"}}",
     {.bad_base64 = 1}},
    {"{\"__type__\":\"bytes\",\"data\":7}", "{\"__type__\":\"bytes\",\"data\":7}", {0}},
    {"{\"__type__\":\"set\",\"data\":\"QUI=\"}", "{\"__type__\":\"set\",\"data\":\"QUI=\"}", {0}},
    {"9007199254740993", "9007199254740993", {0}},
    {"-0", "0", {0}},
    {"9223372036854775807", "9223372036854775807", {0}},
    {"9223372036854775808", "{\"$numberDecimal\":\"9223372036854775808\"}", {.decimal128 = 1}},
    {"-9223372036854775809", "{\"$numberDecimal\":\"-9223372036854775809\"}", {.decimal128 = 1}},
    {"-99999999999999999999999999999999990",
     "\"-99999999999999999999999999999999990\"",
     {.int_text = 1}},
    {"1e400", "{\"$numberDouble\":\"Infinity\"}", {0}},
    {"-1e400", "{\"$numberDouble\":\"-Infinity\"}", {0}},
    {"1e-400", "0.0", {0}},
    {"2E3", "2000.0", {0}},
    {"-Infinity", "{\"$numberDouble\":\"-Infinity\"}", {0}},
    {"\"\\ud83e\\udd84\\u0000\\/\"", "\"\xf0\x9f\xa6\x84\\u0000/\"", {0}},
    {"\"\\udd84\\ud83e\\ud83e\\udd84\"",
     "\"\xef\xbf\xbd\xef\xbf\xbd\xf0\x9f\xa6\x84\"",
     {.surrogates = 2}},
    {"\"\xc3\xa4\"", "\"\xc3\xa4\"", {0}},
    {"[[],{},null,true,false]", "[[],{},null,true,false]", {0}},
    {"{\"a\":1,\"b\":2,\"a\":3}", "{\"a\":3,\"b\":2}", {0}},
    {"{\"\\u0061\":1,\"a\":2}", "{\"a\":2}", {0}},
    {"{\"x\\ud800\":1,\"x\\ud801\":2}",
     "{\"x\xef\xbf\xbd\":2}",
     {.surrogates = 1, .keys_merged = 1}},
    {"{\"$a\":1,\"b.c\":2,\"\":3}", "{\"$a\":1,\"b.c\":2,\"\":3}", {0}},
    {"{\"a\\u0000\":1}", "{\"__esckey__:YQA=\":1}", {.keys_escaped = 1}},
    {"{\"__esckey__:YQA=\":1,\"a\\u0000\":2}",
     "{\"__esckey__:X19lc2NrZXlfXzpZUUE9\":1,\"__esckey__:YQA=\":2}",
     {.keys_escaped = 2}},
    {"{\"__byteskey__:AWs=\":1}", "{\"__byteskey__:AWs=\":1}", {0}},
};

static mg_outcome_t
s_load_text(const char *text, mg_store_t **store, mg_dmp1_info_t *info, mg_verdict_t *why)
{
    return mg_dmp1_load(mg_slice_text(text), NULL, store, info, why);
}

static void
test_every_value_of_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof s_values / sizeof *s_values; i++) {
        char text[512];
        char expected[512];
        mg_verdict_t why;
        mg_dmp1_info_t info;
        mg_store_t *store = NULL;
        mg_buf_t line = {0};
        (void)snprintf(text, sizeof text,
                       "{\"version\":1,\"data\":{\"odd\":[{\"_id\":\"x\",\"v\":%s}]}}",
                       s_values[i].json);
        (void)snprintf(expected, sizeof expected, "{\"_id\":\"x\",\"v\":%s}", s_values[i].extended);
        assert_int_equal(s_load_text(text, &store, &info, &why), MG_OUTCOME_OK);
        const mg_view_t *view = mg_store_current(store);
        const mg_entry_t *entry =
            mg_view_find(view, mg_view_slot(view, mg_slice_text("odd")), mg_slice_text("x"));
        CHECK_OK(mg_json_write(mg_entry_body(entry), MG_JSON_EXTENDED, NULL, &line));
        json_t *a = json_loads(mg_buf_text(&line), JSON_ALLOW_NUL, NULL);
        json_t *b = json_loads(expected, JSON_ALLOW_NUL, NULL);
        if (!a || !json_equal(a, b)) {
            fail_msg("case %zu: %s", i, mg_buf_text(&line));
        }
        assert_memory_equal(&info.counts, &s_values[i].counts, sizeof info.counts);
        json_decref(a);
        json_decref(b);
        mg_store_destroy(&store);
        mg_buf_free(&line);
    }
}

static void
test_first_of_one_key_wins_and_last_of_one_name(void **state)
{
    (void)state;
    static const char text[] =
        "{\"version\":2,\"data\":7,\"version\":1,\"data\":{\"tiers\":[{\"tier_id\":\"lost\"}],"
        "\"rare\":[{\"_id\":2,\"n\":1},{\"_id\":\"2\",\"n\":2},{\"_id\":1,\"n\":3},{\"_id\":2,"
        "\"n\":4}],"
        "\"users\":[{\"_id\":\"u\",\"no_name\":1},{\"username\":\"ann\",\"_id\":\"v\"}],"
        "\"tiers\":[],\"empty\":[]},\"created_at\":\"2026-02-05T22:05:31.250000Z\"} \n";
    mg_verdict_t why;
    mg_dmp1_info_t info;
    mg_store_t *store = NULL;
    assert_int_equal(s_load_text(text, &store, &info, &why), MG_OUTCOME_OK);
    const mg_view_t *view = mg_store_current(store);
    assert_int_equal(mg_view_version(view), 1);
    assert_int_equal(info.duplicates, 2);
    assert_int_equal(info.documents, 4);
    assert_int_equal(info.collections, 4);
    assert_int_equal(info.created_at, INT64_C(1770329131250000000));
    assert_int_equal(mg_view_count(view, MG_COLLECTION_TIERS), 0);
    assert_int_not_equal(mg_view_slot(view, mg_slice_text("empty")), MG_SLOT_NONE);
    assert_non_null(mg_view_find(view, MG_COLLECTION_USERS, mg_slice_text("u")));
    assert_non_null(mg_view_find(view, MG_COLLECTION_USERS, mg_slice_text("ann")));
    int rare = mg_view_slot(view, mg_slice_text("rare"));
    bson_iter_t at;
    mg_slice_t body = mg_entry_body(mg_view_find(view, rare, mg_slice_text("2")));
    assert_true(bson_iter_init_from_data(&at, body.data, body.len) && bson_iter_find(&at, "n"));
    assert_int_equal(bson_iter_int64(&at), 1);
    mg_store_destroy(&store);
}

/* ---- what is refused ---- */

static const struct refusal {
    const char *text;
    mg_outcome_t outcome;
    const char *words;
} s_refusals[] = {
    {"", MG_OUTCOME_PAYLOAD_INVALID, "ends too early"},
    {"\xef\xbb\xbf{}", MG_OUTCOME_PAYLOAD_INVALID, "not JSON"},
    {"[]", MG_OUTCOME_PAYLOAD_INVALID, "no object"},
    {"{}", MG_OUTCOME_PAYLOAD_INVALID, "no version"},
    {"{\"version\":\"1\"}", MG_OUTCOME_PAYLOAD_INVALID, "no version"},
    {"{\"version\":2,\"data\":{}}", MG_OUTCOME_UNSUPPORTED, "another version"},
    {"{\"version\":1}", MG_OUTCOME_PAYLOAD_INVALID, "\"data\""},
    {"{\"version\":1,\"data\":[]}", MG_OUTCOME_PAYLOAD_INVALID, "\"data\""},
    {"{\"version\":1,\"data\":{\"users\":{}}}", MG_OUTCOME_PAYLOAD_INVALID, "no array"},
    {"{\"version\":1,\"data\":{\"\":[]}}", MG_OUTCOME_PAYLOAD_INVALID, "1 to 128 bytes"},
    {"{\"version\":1,\"data\":{\"a\\u0000\":[]}}", MG_OUTCOME_PAYLOAD_INVALID, "1 to 128 bytes"},
    {"{\"version\":1,\"data\":{\"rare\":[{\"_id\":1},{\"n\":1}]}}", MG_OUTCOME_PAYLOAD_INVALID,
     "document 1 (from 0) of \"rare\""},
    {"{\"version\":1,\"data\":{\"rare\":[7]}}", MG_OUTCOME_PAYLOAD_INVALID, "it is no object"},
    {"{\"version\":1,\"data\":{\"rare\":[{\"__type__\":\"bytes\",\"data\":\"\"}]}}",
     MG_OUTCOME_PAYLOAD_INVALID, "it is no object"},
    {"{\"version\":1,\"data\":{\"users\":[{\"username\":\"a\",\"email\":\"x\"},"
     "{\"username\":\"b\",\"email\":\"x\"}]}}",
     MG_OUTCOME_PAYLOAD_INVALID,
     "document 1 (from 0) of \"users\" can not be imported: another one"},
    {"{\"version\":1,\"data\":{}} x", MG_OUTCOME_PAYLOAD_INVALID, "something follows"},
    {"{\"version\":1,\"data\":{}", MG_OUTCOME_PAYLOAD_INVALID, "ends too early"},
    {"{\"version\":01}", MG_OUTCOME_PAYLOAD_INVALID, "comma"},
    {"{\"version\":1,}", MG_OUTCOME_PAYLOAD_INVALID, "key of a member"},
    {"{\"version\" 1}", MG_OUTCOME_PAYLOAD_INVALID, "colon"},
    {"{\"a\":[1,]}", MG_OUTCOME_PAYLOAD_INVALID, "not JSON"},
    {"{\"a\":1.}", MG_OUTCOME_PAYLOAD_INVALID, "digit"},
    {"{\"a\":1e}", MG_OUTCOME_PAYLOAD_INVALID, "digit"},
    {"{\"a\":-}", MG_OUTCOME_PAYLOAD_INVALID, "digit"},
    {"{\"a\":+1}", MG_OUTCOME_PAYLOAD_INVALID, "not JSON"},
    {"{\"a\":nan}", MG_OUTCOME_PAYLOAD_INVALID, "not JSON"},
    {"{\"a\":\"\\x\"}", MG_OUTCOME_PAYLOAD_INVALID, "escape"},
    {"{\"a\":\"\\u12g4\"}", MG_OUTCOME_PAYLOAD_INVALID, "four digits"},
    {"{\"a\":\"\\", MG_OUTCOME_PAYLOAD_INVALID, "escape"},
    {"{\"a\":\"\n\"}", MG_OUTCOME_PAYLOAD_INVALID, "control character"},
    {"{\"a\":\"\xff\"}", MG_OUTCOME_PAYLOAD_INVALID, "UTF-8"},
    {"{\"a\":\"\xed\xa0\x80\"}", MG_OUTCOME_PAYLOAD_INVALID, "UTF-8"},
    {"{\"a\":\"b", MG_OUTCOME_PAYLOAD_INVALID, "within a text"},
};

static void
test_what_is_no_such_dump_is_refused_with_a_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof s_refusals / sizeof *s_refusals; i++) {
        mg_verdict_t why;
        mg_dmp1_info_t info;
        mg_store_t *store = NULL;
        mg_outcome_t outcome = s_load_text(s_refusals[i].text, &store, &info, &why);
        if (outcome != s_refusals[i].outcome || !strstr(why.text, s_refusals[i].words)) {
            fail_msg("case %zu: %s, %s", i, mg_outcome_name(outcome), why.text);
        }
        assert_null(store);
    }
}

/* Documents nested to `levels`, the document itself being the first. */
static mg_outcome_t
s_load_nested(int levels, mg_verdict_t *why)
{
    mg_buf_t text = {0};
    mg_dmp1_info_t info;
    mg_store_t *store = NULL;
    mg_buf_append_text(&text, "{\"version\":1,\"data\":{\"rare\":[{\"_id\":1,\"v\":");
    for (int i = 1; i < levels; i++) {
        mg_buf_append_byte(&text, '[');
    }
    for (int i = 1; i < levels; i++) {
        mg_buf_append_byte(&text, ']');
    }
    mg_buf_append_text(&text, "}]}}");
    mg_outcome_t outcome = s_load_text(mg_buf_text(&text), &store, &info, why);
    mg_store_destroy(&store);
    mg_buf_free(&text);
    return outcome;
}

static void
test_depth_and_size_have_the_limits_of_every_document(void **state)
{
    (void)state;
    mg_verdict_t why;
    mg_dmp1_info_t info;
    mg_store_t *store = NULL;
    assert_int_equal(s_load_nested(64, &why), MG_OUTCOME_OK);
    assert_int_equal(s_load_nested(65, &why), MG_OUTCOME_PAYLOAD_INVALID);
    assert_non_null(strstr(why.text, "64 levels"));
    assert_int_equal(s_load_nested(100000, &why), MG_OUTCOME_PAYLOAD_INVALID);
    mg_buf_t text = {0};
    mg_buf_append_text(&text, "{\"version\":1,\"data\":{\"rare\":[{\"_id\":1,\"v\":\"");
    for (int i = 0; i < MG_DOCUMENT_MAX; i++) {
        mg_buf_append_byte(&text, 'x');
    }
    mg_buf_append_text(&text, "\"}]}}");
    assert_int_equal(s_load_text(mg_buf_text(&text), &store, &info, &why),
                     MG_OUTCOME_PAYLOAD_INVALID);
    mg_buf_free(&text);
}

static bool
s_stop(void *arg, const mg_progress_t *progress)
{
    (void)arg, (void)progress;
    return false;
}

static void
test_import_can_be_given_up(void **state)
{
    (void)state;
    static const char text[] = "{\"version\":1,\"data\":{\"rare\":[{\"_id\":1}]}}";
    mg_verdict_t why;
    mg_dmp1_info_t info;
    mg_store_t *store = NULL;
    assert_int_equal(
        mg_dmp1_load(mg_slice_text(text), &(mg_turn_t){.go_on = s_stop}, &store, &info, &why),
        MG_OUTCOME_IO);
    assert_int_equal(why.error, ECANCELED);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vector_gives_the_expected_documents_and_counts),
        cmocka_unit_test(test_key_is_that_of_the_vector),
        cmocka_unit_test(test_every_bit_flip_and_truncation_is_refused),
        cmocka_unit_test(test_every_value_of_the_table),
        cmocka_unit_test(test_first_of_one_key_wins_and_last_of_one_name),
        cmocka_unit_test(test_what_is_no_such_dump_is_refused_with_a_reason),
        cmocka_unit_test(test_depth_and_size_have_the_limits_of_every_document),
        cmocka_unit_test(test_import_can_be_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
