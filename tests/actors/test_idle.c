/* Work that gives way. */
#include "actors/idle.h"
#include "messages/bus.h"
#include "support/check.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

typedef struct world {
    zsock_t *inbox;
    zsock_t *peer;
    pthread_t caller;
    pthread_t worker;
    int policy;
    int runs;
    int messages;
    atomic_int tended;
} world_t;

static int
setup(void **state)
{
    world_t *self = calloc(1, sizeof *self);
    assert_non_null(self);
    self->inbox = mg_bus_bind(ZMQ_PULL, "inproc://idle-test");
    self->peer = mg_bus_connect(ZMQ_PUSH, "inproc://idle-test");
    assert_true(self->inbox && self->peer);
    self->caller = pthread_self();
    *state = self;
    return 0;
}

static int
teardown(void **state)
{
    world_t *self = *state;
    mg_bus_close(&self->peer);
    mg_bus_close(&self->inbox);
    free(self);
    return 0;
}

static void
s_tend(void *arg)
{
    world_t *self = arg;
    assert_true(pthread_equal(self->caller, pthread_self()));
    while (zmq_recv(zsock_resolve(self->inbox), NULL, 0, ZMQ_DONTWAIT) != -1) {
        self->messages++;
    }
    self->tended++;
}

static void
s_run(world_t *self, mg_idle_fn *work)
{
    const mg_idle_tender_t tender = {.inbox = self->inbox, .tend = s_tend, .arg = self};
    mg_idle_run(work, self, &tender);
}

static void
s_look(void *arg)
{
    world_t *self = arg;
    self->worker = pthread_self();
    self->policy = sched_getscheduler(0);
    self->runs++;
}

static void
test_work_runs_at_idle_priority_and_its_caller_keeps_its_own(void **state)
{
    world_t *self = *state;
    for (int i = 1; i <= 3; i++) {
        s_run(self, s_look);
        assert_int_equal(self->runs, i); /* it has ended when the call returns */
        assert_int_equal(self->policy, SCHED_IDLE);
        assert_false(pthread_equal(self->worker, self->caller));
        assert_int_equal(sched_getscheduler(0), SCHED_OTHER);
        assert_true(self->tended >= 2 * i); /* at the begin and at the end */
    }
}

static void
s_wait(void *arg)
{
    world_t *self = arg;
    while (self->tended < 2) {
        (void)sched_yield();
    }
}

static void
test_the_caller_tends_to_its_own_work_meanwhile(void **state)
{
    world_t *self = *state;
    assert_int_equal(zmq_send(zsock_resolve(self->peer), "", 0, 0), 0);
    s_run(self, s_wait);
    assert_true(self->tended >= 3);
    assert_int_equal(self->messages, 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            test_work_runs_at_idle_priority_and_its_caller_keeps_its_own, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_caller_tends_to_its_own_work_meanwhile, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
