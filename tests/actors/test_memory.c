/* When memory is scarce the state may shrink and be read, but not grow. */
#include "actors/memorywatch.h"
#include "support/backend.h"

static void
test_the_ceiling_is_what_was_there_when_it_became_full(void **state)
{
    mg_memorywatch_t watch;
    (void)state;
    mg_memorywatch_init(&watch, 1000);
    assert_false(mg_memorywatch_judge(&watch, 1000, 500));
    assert_true(watch.ceiling == UINT64_MAX);
    assert_true(mg_memorywatch_judge(&watch, 1001, 500));
    assert_true(watch.full);
    assert_int_equal(watch.ceiling, 500);
    assert_false(mg_memorywatch_judge(&watch, 990, 400)); /* a little less is not well again */
    assert_int_equal(watch.ceiling, 500);
    assert_true(mg_memorywatch_judge(&watch, 900, 400));
    assert_false(watch.full);
    assert_true(watch.ceiling == UINT64_MAX);
    mg_memorywatch_init(&watch, 0); /* no limit */
    assert_false(mg_memorywatch_judge(&watch, UINT64_MAX, 500));
}

static void
test_a_look_is_taken_now_and_then_and_after_much_growth(void **state)
{
    mg_memorywatch_t watch;
    (void)state;
    mg_memorywatch_init(&watch, UINT64_MAX / 2);
    (void)mg_memorywatch_look(&watch, 1000, 0);
    assert_true(watch.used > 0);
    watch.used = 0;
    (void)mg_memorywatch_look(&watch, 1050, 0);
    assert_int_equal(watch.used, 0);
    (void)mg_memorywatch_look(&watch, 1050, watch.limit / 50);
    assert_true(watch.used > 0);
    watch.used = 0;
    (void)mg_memorywatch_look(&watch, 1200, 0);
    assert_true(watch.used > 0);
}

static void
test_growing_is_refused_and_everything_else_goes_on(void **state)
{
    backend_t *world = *state;
    backend_expect(MG_OK, backend_restore(world, "", true));
    backend_stop(world);
    world->memory_limit = 1; /* any process uses more */
    backend_start(world);
    backend_expect(MG_OK, backend_restore(world, "", true));
    CHECK_STATUS(MG_ERR_FULL, backend_write(world, "a", 1));
    assert_int_equal(backend_number(world, "a"), -1);
    assert_int_equal(backend_count(world, "users"), 1);
    backend_expect(MG_OK, backend_dump(world, ""));
}

static void
test_what_was_deleted_may_be_written_again(void **state)
{
    backend_t *world = *state;
    backend_expect(MG_OK, backend_restore(world, "", true));
    CHECK_OK(backend_write(world, "a", 1));
    CHECK_OK(backend_write(world, "b", 1));
    backend_expect(MG_OK, backend_dump(world, ""));
    backend_stop(world);
    world->memory_limit = 1;
    backend_start(world);
    backend_expect(MG_OK, backend_restore(world, "", true));
    CHECK_STATUS(MG_ERR_FULL, backend_write(world, "c", 1));
    CHECK_OK(backend_write(world, "a", 2)); /* no larger than it was */
    CHECK_OK(backend_delete(world, "b"));
    CHECK_OK(backend_write(world, "c", 1));
    CHECK_STATUS(MG_ERR_FULL, backend_write(world, "d", 1));
    assert_int_equal(backend_number(world, "c"), 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_ceiling_is_what_was_there_when_it_became_full),
        cmocka_unit_test(test_a_look_is_taken_now_and_then_and_after_much_growth),
        cmocka_unit_test_setup_teardown(test_growing_is_refused_and_everything_else_goes_on,
                                        backend_setup, backend_teardown),
        cmocka_unit_test_setup_teardown(test_what_was_deleted_may_be_written_again, backend_setup,
                                        backend_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
