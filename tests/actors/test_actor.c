/* The life of an actor as its starter sees it. */
#include "actors/actor.h"
#include "core/clock.h"
#include "support/check.h"

#include <string.h>
#include <sys/wait.h>
#include <time.h>
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

/* --- turns --- */

/* One long turn, one short one, then nothing more to do. */
typedef struct sleeper {
    int turns;
    mg_loop_t *loop;
} sleeper_t;

static mg_status_t
s_create_sleeper(const void *arg, mg_loop_t *loop, void **out_self)
{
    sleeper_t *self = *(sleeper_t *const *)arg;
    self->loop = loop;
    *out_self = self;
    return MG_OK;
}

static int64_t
s_sleep_once(void *arg, int64_t now_ms)
{
    (void)now_ms;
    sleeper_t *self = arg;
    if (self->turns++ == 0) {
        const struct timespec long_turn = {.tv_nsec = 3L * MG_LOOP_SLOW_MS * MG_NS_PER_MS / 2};
        (void)nanosleep(&long_turn, NULL);
        return 0;
    }
    const mg_histogram_t *turns = mg_loop_turns(self->loop);
    uint64_t slow = 0;
    for (size_t i = 0; i < MG_HISTOGRAM_BUCKETS; i++) {
        int64_t bound_ns = mg_histogram_bound_ns(i);
        slow += bound_ns > MG_LOOP_SLOW_MS * MG_NS_PER_MS || bound_ns == 0 ? turns->counts[i] : 0;
    }
    (void)fprintf(stderr, "counted=%llu\n", (unsigned long long)slow);
    mg_loop_fail(self->loop); /* seen enough */
    return -1;
}

static const mg_actor_ops_t s_sleeper_ops = {.name = "mg-sleeper",
                                             .prompt = true,
                                             .create = s_create_sleeper,
                                             .on_turn = s_sleep_once,
                                             .destroy = s_destroy};

static void
test_a_slow_turn_is_counted_and_told(void **state)
{
    (void)state;
    sleeper_t sleeper = {0};
    sleeper_t *const self = &sleeper;
    zactor_t *actor = NULL;
    FILE *told = tmpfile();
    int kept = dup(STDERR_FILENO);
    assert_non_null(told);
    assert_true(dup2(fileno(told), STDERR_FILENO) >= 0);
    CHECK_OK(mg_actor_start(&s_sleeper_ops, &self, &actor));
    zpoller_t *poller = zpoller_new(actor, NULL);
    assert_ptr_equal(zpoller_wait(poller, -1), actor); /* it ends by itself */
    zpoller_destroy(&poller);
    mg_actor_stop(&actor);
    assert_true(dup2(kept, STDERR_FILENO) >= 0);
    (void)close(kept);
    char text[1024] = "";
    rewind(told);
    assert_true(fread(text, 1, sizeof text - 1, told) > 0);
    (void)fclose(told);
    assert_non_null(strstr(text, "event=slow_turn actor=mg-sleeper took_ms="));
    assert_non_null(strstr(text, "counted=1\n"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stopped_actor_has_no_socket_left), /* forks: before any thread */
        cmocka_unit_test(test_status_of_the_start_is_told),
        cmocka_unit_test(test_a_slow_turn_is_counted_and_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
