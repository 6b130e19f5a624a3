/* Work that gives way. */
#include "actors/idle.h"
#include "support/check.h"

#include <pthread.h>
#include <sched.h>

typedef struct seen {
    pthread_t thread;
    int policy;
    int runs;
} seen_t;

static void
s_look(void *arg)
{
    seen_t *seen = arg;
    seen->thread = pthread_self();
    seen->policy = sched_getscheduler(0);
    seen->runs++;
}

static void
test_work_runs_at_idle_priority_and_its_caller_keeps_its_own(void **state)
{
    (void)state;
    seen_t seen = {0};
    for (int i = 1; i <= 3; i++) {
        mg_idle_run(s_look, &seen);
        assert_int_equal(seen.runs, i); /* it has ended when the call returns */
        assert_int_equal(seen.policy, SCHED_IDLE);
        assert_false(pthread_equal(seen.thread, pthread_self()));
        assert_int_equal(sched_getscheduler(0), SCHED_OTHER);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_work_runs_at_idle_priority_and_its_caller_keeps_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
