/* The life of an actor as its starter sees it. */
#include "actors/actor.h"
#include "core/clock.h"
#include "support/check.h"

#include <sys/wait.h>
#include <unistd.h>

static mg_status_t
s_create(const void *arg, mg_loop_t *loop, void **out_self)
{
    (void)loop;
    *out_self = NULL;
    return *(const mg_status_t *)arg;
}

static void
s_destroy(void *self)
{
    (void)self;
}

static const mg_actor_ops_t s_ops = {.name = "mg-test", .create = s_create, .destroy = s_destroy};

static void
test_status_of_the_start_is_told(void **state)
{
    (void)state;
    zactor_t *actor = NULL;
    const mg_status_t denied = MG_ERR_DENIED;
    CHECK_STATUS(MG_ERR_DENIED, mg_actor_start(&s_ops, &denied, &actor));
    assert_null(actor);
    mg_actor_stop(&actor);
}

/* In a process of its own: starts and stops an actor, ends the context. How long the last took, in ms. */
static int
s_shutdown_ms(void)
{
    pid_t child = fork();
    if (child == 0) {
        const mg_status_t good = MG_OK;
        zactor_t *actor = NULL;
        zsys_handler_set(NULL);
        if (mg_actor_start(&s_ops, &good, &actor) != MG_OK) {
            _exit(255);
        }
        mg_actor_stop(&actor);
        int64_t begin_ms = mg_clock_mono_ms();
        zsys_shutdown();
        int64_t took_ms = mg_clock_mono_ms() - begin_ms;
        _exit(took_ms < 255 ? (int)took_ms : 255);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* czmq sleeps for 200 ms when a socket is open at the end of the context. A few rounds may be slow on a busy machine. */
static void
test_stopped_actor_has_no_socket_left(void **state)
{
    (void)state;
    enum { ROUNDS = 200, CZMQ_SLEEP_MS = 200 };
    int slow = 0;
    for (int i = 0; i < ROUNDS; i++) {
        slow += s_shutdown_ms() >= CZMQ_SLEEP_MS;
    }
    assert_in_range(slow, 0, 3);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stopped_actor_has_no_socket_left), /* forks: before any thread */
        cmocka_unit_test(test_status_of_the_start_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
