#include "core/ascii.h"
#include "support/check.h"

#include <string.h>

static bool
s_is_printable(int byte)
{
    return byte >= 0x20 && byte <= 0x7e;
}

/* Each byte at each place of a run that is longer than four words and two. */
static void
test_each_byte_ends_a_run_or_not(void **state)
{
    (void)state;
    enum { LEN = 53 };
    for (int byte = 0; byte < 256; byte++) {
        for (size_t place = 0; place < LEN; place++) {
            uint8_t text[LEN];
            memset(text, 'a', sizeof text);
            text[place] = (uint8_t)byte;
            bool plain = s_is_printable(byte);
            bool unquoted = plain && byte != '"' && byte != '\\';
            assert_int_equal(mg_ascii_printable(mg_slice(text, LEN), 0), plain ? LEN : place);
            assert_int_equal(mg_ascii_unquoted(mg_slice(text, LEN), 0), unquoted ? LEN : place);
            assert_int_equal(mg_ascii_printable(mg_slice(text, LEN), place),
                             plain ? LEN : place); /* from there on */
        }
    }
}

static void
test_nothing_has_no_run(void **state)
{
    (void)state;
    assert_int_equal(mg_ascii_printable((mg_slice_t){0}, 0), 0);
    assert_int_equal(mg_ascii_unquoted(mg_slice_text("abc"), 3), 3);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_byte_ends_a_run_or_not),
        cmocka_unit_test(test_nothing_has_no_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
