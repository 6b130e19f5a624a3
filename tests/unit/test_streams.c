/* Sources and sinks that fail, calls in the wrong order, and the texts that tell of it. */
#include "support/check.h"
#include "support/dumpkit.h"

#include <errno.h>
#include <string.h>

static ssize_t
s_broken_read(void *arg, void *out, size_t len)
{
    (void)arg;
    (void)out;
    (void)len;
    return -EIO;
}

static void
test_a_broken_disk_is_an_io_failure(void **state)
{
    (void)state;
    mg_dumpreader_options_t options = {.source = {.read = s_broken_read}};
    mg_dumpreader_t *reader = mg_dumpreader_new(&options);
    mg_verdict_t why;
    assert_int_equal(mg_dumpreader_run(reader, &why), MG_OUTCOME_IO);
    assert_int_equal(why.error, EIO);
    assert_string_equal(why.text, "reading the dump failed: Input/output error");
    assert_int_equal(mg_outcome_exit(why.outcome), 74);
    assert_null(mg_dumpreader_header(reader));
    mg_dumpreader_destroy(&reader);
}

static mg_status_t
s_full_disk(void *arg, mg_slice_t bytes)
{
    (void)bytes;
    int *writes = arg;
    return (*writes)-- > 0 ? MG_OK : MG_ERR_IO;
}

static void
test_the_writer_reports_a_full_disk_and_wrong_order(void **state)
{
    (void)state;
    int writes = 1;
    kit_dump_t dump = kit_opaque(mg_slice("x", 1));
    mg_dumpwriter_t *writer = mg_dumpwriter_new((mg_sink_t){.write = s_full_disk, .arg = &writes});
    CHECK_OK(mg_dumpwriter_begin(writer, &dump.header, &dump.master));
    uint8_t chunk[MG_CHUNK_EXTRA + 1] = {0};
    uint8_t leaf[MG_LEAF_SIZE] = {0};
    mg_frame_t frame = {.index = 1, .stored_len = 1, .plain_len = 1, .last = true};
    CHECK_STATUS(MG_ERR_BAD_MESSAGE,
                 mg_dumpwriter_chunk(writer, &frame, mg_slice(chunk, sizeof chunk), leaf));
    frame.index = 0;
    CHECK_STATUS(MG_ERR_IO,
                 mg_dumpwriter_chunk(writer, &frame, mg_slice(chunk, sizeof chunk), leaf));
    mg_dumpwriter_destroy(&writer);
    dump.header.generation = 0;
    writer = mg_dumpwriter_new((mg_sink_t){.write = s_full_disk, .arg = &writes});
    CHECK_STATUS(MG_ERR_INVALID, mg_dumpwriter_begin(writer, &dump.header, &dump.master));
    mg_dumpwriter_destroy(&writer);
}

static void
test_texts_for_the_header_are_cleaned(void **state)
{
    (void)state;
    char out[MG_REQUESTER_MAX + 1];
    mg_dumpheader_clean_utf8("http user=zo\xc3\xab\n\x7f\xff", out, MG_REQUESTER_MAX);
    assert_string_equal(out, "http user=zo\xc3\xab???");
    mg_dumpheader_clean_utf8("ab\xc3\xab", out, 3);
    assert_string_equal(out, "ab"); /* cut at a character */
    mg_dumpheader_clean_ascii("h\xc3\xab", out, MG_REQUESTER_MAX);
    assert_string_equal(out, "h?");
}

static void
test_every_outcome_has_a_name_and_an_exit_code(void **state)
{
    (void)state;
    for (int i = 0; i < MG_OUTCOME_COUNT; i++) {
        assert_non_null(mg_outcome_name((mg_outcome_t)i));
        assert_int_equal(mg_outcome_exit((mg_outcome_t)i) == 0, i == MG_OUTCOME_OK);
    }
    assert_string_equal(mg_outcome_name(MG_OUTCOME_COUNT), "UNKNOWN");
    assert_int_equal(mg_outcome_exit(MG_OUTCOME_WRONG_KEY), 77);
    assert_int_equal(mg_outcome_exit(MG_OUTCOME_MISSING), 66);
    assert_true(mg_outcome_is_damage(MG_OUTCOME_CHUNK_CORRUPT));
    assert_false(mg_outcome_is_damage(MG_OUTCOME_WRONG_KEY));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_broken_disk_is_an_io_failure),
        cmocka_unit_test(test_the_writer_reports_a_full_disk_and_wrong_order),
        cmocka_unit_test(test_texts_for_the_header_are_cleaned),
        cmocka_unit_test(test_every_outcome_has_a_name_and_an_exit_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
