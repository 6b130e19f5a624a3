#include "core/buf.h"
#include "core/bytes.h"
#include "core/clock.h"
#include "support/check.h"

#include <string.h>

static void
test_appends_grow_the_buffer(void **state)
{
    (void)state;
    mg_buf_t buf = {0};
    for (int i = 0; i < 1000; i++) {
        mg_buf_append_format(&buf, "%d,", i % 10);
    }
    mg_buf_append_text(&buf, "end");
    assert_true(mg_buf_ok(&buf));
    assert_int_equal(buf.len, 2003);
    assert_string_equal(mg_buf_text(&buf) + 1998, "9,end");
    mg_buf_free(&buf);
    assert_null(buf.data);
}

static void
test_failure_is_sticky_until_cleared(void **state)
{
    (void)state;
    mg_buf_t buf = {0};
    assert_null(mg_buf_extend(&buf, SIZE_MAX / 2 + 1));
    mg_buf_append_text(&buf, "x");
    assert_false(mg_buf_ok(&buf));
    assert_int_equal(buf.len, 0);
    assert_string_equal(mg_buf_text(&buf), "");
    mg_buf_clear(&buf);
    mg_buf_append_text(&buf, "x");
    assert_true(mg_buf_ok(&buf));
    mg_buf_free(&buf);
}

static void
test_slices_compare_bytewise_shorter_first(void **state)
{
    (void)state;
    assert_true(mg_slice_compare(mg_slice_text("a"), mg_slice_text("ab")) < 0);
    assert_true(mg_slice_compare(mg_slice_text("b"), mg_slice_text("ab")) > 0);
    assert_int_equal(mg_slice_compare(mg_slice("\xff", 1), mg_slice("\xff", 1)), 0);
    assert_true(mg_slice_equal(mg_slice(NULL, 0), mg_slice_text("")));
}

static void
test_integers_are_big_endian(void **state)
{
    (void)state;
    uint8_t bytes[8];
    mg_put_u64(bytes, 0x0102030405060708u);
    assert_memory_equal(bytes, "\x01\x02\x03\x04\x05\x06\x07\x08", 8);
    assert_int_equal(mg_get_u64(bytes), 0x0102030405060708u);
    assert_int_equal(mg_get_u16(bytes + 6), 0x0708);
}

static void
test_time_prints_as_rfc3339(void **state)
{
    (void)state;
    char text[MG_RFC3339_SIZE];
    mg_clock_rfc3339(1795413158123456789, text);
    assert_string_equal(text, "2026-11-23T05:52:38.123Z");
    mg_clock_rfc3339(-1, text);
    assert_string_equal(text, "1969-12-31T23:59:59.999Z");
}

static void
test_the_end_of_a_slice_is_at_most_all_of_it(void **state)
{
    (void)state;
    mg_slice_t text = mg_slice_text("abc");
    assert_true(mg_slice_equal(mg_slice_last(text, 2), mg_slice_text("bc")));
    assert_true(mg_slice_equal(mg_slice_last(text, 3), text));
    assert_true(mg_slice_equal(mg_slice_last(text, 4), text));
    assert_int_equal(mg_slice_last(text, 0).len, 0);
    assert_int_equal(mg_slice_last((mg_slice_t){0}, 1).len, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_appends_grow_the_buffer),
        cmocka_unit_test(test_failure_is_sticky_until_cleared),
        cmocka_unit_test(test_slices_compare_bytewise_shorter_first),
        cmocka_unit_test(test_the_end_of_a_slice_is_at_most_all_of_it),
        cmocka_unit_test(test_integers_are_big_endian),
        cmocka_unit_test(test_time_prints_as_rfc3339),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
