#include "gateway/coding.h"
#include "support/check.h"

#include <stdlib.h>
#include <zlib.h>

static void
test_who_takes_gzip(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        bool takes;
    } rows[] = {
        {"gzip", true},       {"deflate, gzip, br", true},
        {"GZIP;q=0.5", true}, {"x-gzip", true},
        {"*", true},          {"br;q=1.0, *;q=0.1", true},
        {"gzip;q=0", false},  {"gzip; q=0.000, *", false},
        {"*;q=0", false},     {"*, gzip;q=0", false},
        {"identity", false},  {"gzipped", false},
        {"", false},          {",,;;", false},
        {"gzip;q=", true},    {"gzip;level=0", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (mg_coding_takes_gzip(mg_slice_text(rows[i].header)) != rows[i].takes) {
            fail_msg("Accept-Encoding: %s", rows[i].header);
        }
    }
    assert_false(mg_coding_takes_gzip((mg_slice_t){0}));
}

/* Unpacks and compares, with zlib's own reader. */
static void
s_expect_packed(mg_gzip_t *gzip, mg_slice_t bytes)
{
    mg_buf_t packed = {0};
    uint8_t *plain = malloc(bytes.len + 1);
    assert_non_null(plain);
    CHECK_OK(mg_gzip_pack(gzip, bytes, &packed));
    z_stream reader = {.next_in = packed.data,
                       .avail_in = (uInt)packed.len,
                       .next_out = plain,
                       .avail_out = (uInt)bytes.len + 1};
    assert_int_equal(inflateInit2(&reader, 15 + 16), Z_OK);
    assert_int_equal(inflate(&reader, Z_FINISH), Z_STREAM_END);
    assert_int_equal(reader.total_out, bytes.len);
    assert_true(mg_slice_equal(mg_slice(plain, bytes.len), bytes));
    (void)inflateEnd(&reader);
    free(plain);
    mg_buf_free(&packed);
}

static void
test_one_answer_after_the_other_is_packed(void **state)
{
    (void)state;
    for (int level = 1; level <= 9; level += 8) {
        mg_gzip_t *gzip = mg_gzip_new(level);
        mg_buf_t text = {0};
        s_expect_packed(gzip, mg_slice("", 0));
        for (int i = 0; i < 2000; i++) {
            mg_buf_append_format(&text, "{\"n\":%d}", i * 7919);
        }
        s_expect_packed(gzip, mg_buf_slice(&text));
        s_expect_packed(gzip, mg_slice_text("short"));
        mg_buf_free(&text);
        mg_gzip_destroy(&gzip);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_takes_gzip),
        cmocka_unit_test(test_one_answer_after_the_other_is_packed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
