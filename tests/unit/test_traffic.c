#include "gateway/observe.h"
#include "support/check.h"

static void
test_p95_is_the_bound_that_most_answers_stay_under(void **state)
{
    (void)state;
    mg_traffic_t traffic = {0};
    assert_int_equal(mg_traffic_p95_us(&traffic), 0);
    traffic.count = 100;
    traffic.times[3] = 95;
    traffic.times[10] = 5;
    assert_int_equal(mg_traffic_p95_us(&traffic), 32 << 3);
    traffic.times[3] = 94;
    traffic.times[10] = 6;
    assert_int_equal(mg_traffic_p95_us(&traffic), 32 << 10);
    traffic = (mg_traffic_t){.count = 1};
    traffic.times[MG_TRAFFIC_TIMES - 1] = 1;
    assert_int_equal(mg_traffic_p95_us(&traffic), INT64_C(32) << (MG_TRAFFIC_TIMES - 1));
}

static void
test_minutes_add_up(void **state)
{
    (void)state;
    mg_traffic_t sum = {.minute = 5};
    mg_traffic_t one = {.minute = 6,
                        .count = 2,
                        .tests = 1,
                        .errors = 1,
                        .total_us = 30,
                        .bytes_in = 4,
                        .bytes_out = 5,
                        .by_class = {[2] = 1, [5] = 1},
                        .times = {[1] = 2}};
    mg_traffic_add(&sum, &one);
    mg_traffic_add(&sum, &one);
    assert_int_equal(sum.minute, 5);
    assert_int_equal(sum.count, 4);
    assert_int_equal(sum.tests, 2);
    assert_int_equal(sum.errors, 2);
    assert_int_equal(sum.total_us, 60);
    assert_int_equal(sum.bytes_in, 8);
    assert_int_equal(sum.bytes_out, 10);
    assert_int_equal(sum.by_class[5], 2);
    assert_int_equal(sum.times[1], 4);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_p95_is_the_bound_that_most_answers_stay_under),
        cmocka_unit_test(test_minutes_add_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
