#include "core/histogram.h"
#include "support/check.h"

static void
test_bounds_rise_and_hold_their_own_end(void **state)
{
    (void)state;
    for (size_t i = 0; i < MG_HISTOGRAM_BUCKETS - 1; i++) {
        mg_histogram_t histogram = {0};
        int64_t bound_ns = mg_histogram_bound_ns(i);
        assert_true(i == 0 || bound_ns > mg_histogram_bound_ns(i - 1));
        mg_histogram_add(&histogram, bound_ns);
        mg_histogram_add(&histogram, bound_ns + 1);
        assert_int_equal(histogram.counts[i], 1);
        assert_int_equal(histogram.counts[i + 1], 1);
        assert_int_equal(histogram.sum_ns, 2 * bound_ns + 1);
    }
    assert_int_equal(mg_histogram_bound_ns(MG_HISTOGRAM_BUCKETS - 1), 0);
}

static void
test_extremes_have_a_place(void **state)
{
    (void)state;
    mg_histogram_t histogram = {0};
    mg_histogram_add(&histogram, INT64_MAX);
    mg_histogram_add(&histogram, 0);
    mg_histogram_add(&histogram, -5); /* a clock that went back takes nothing away */
    assert_int_equal(histogram.counts[MG_HISTOGRAM_BUCKETS - 1], 1);
    assert_int_equal(histogram.counts[0], 2);
    assert_int_equal(histogram.sum_ns, INT64_MAX);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bounds_rise_and_hold_their_own_end),
        cmocka_unit_test(test_extremes_have_a_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
