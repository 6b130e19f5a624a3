/* Commands for dumps: one after the other, what gives way, what is killed. Time is an argument; ends are awaited by SIGCHLD. */
#include "cli/execqueue.h"
#include "support/check.h"
#include "support/dumpkit.h"
#include "support/tempdir.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LIMIT_MS = 1000, PATIENCE_S = 20, COMMAND = 1024 };

/* A folder, and standard error in a file of it. */
typedef struct world {
    char dir[KIT_PATH];
    char out[KIT_PATH];  /* what commands write */
    char talk[KIT_PATH]; /* what is told on standard error */
    int error;           /* the real standard error */
    mg_execqueue_t *queue;
} world_t;

static int
s_setup(void **state)
{
    world_t *world = calloc(1, sizeof *world);
    kit_tempdir_make(world->dir);
    kit_path(world->dir, "out", world->out);
    kit_path(world->dir, "talk", world->talk);
    kit_write_file(world->out, "", 0);
    int talk = open(world->talk, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    (void)fflush(stderr);
    world->error = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
    assert_int_equal(dup2(talk, STDERR_FILENO), STDERR_FILENO);
    (void)close(talk);
    *state = world;
    return 0;
}

static int
s_teardown(void **state)
{
    world_t *world = *state;
    mg_execqueue_destroy(&world->queue);
    (void)fflush(stderr);
    (void)dup2(world->error, STDERR_FILENO);
    (void)close(world->error);
    kit_tempdir_remove(world->dir);
    free(world);
    return 0;
}

/* `script` is run with $1 the file for its output and $2 the dump's path. */
static void
s_begin(world_t *world, const char *script)
{
    char command[COMMAND];
    int len = snprintf(command, sizeof command, "sh -c '%s' test %s", script, world->out);
    assert_in_range(len, 1, sizeof command - 1);
    world->queue = mg_execqueue_new(command, LIMIT_MS);
    assert_non_null(world->queue);
}

static void
s_add(world_t *world, uint64_t generation)
{
    char path[KIT_PATH];
    char key_id[] = "00ff";
    Mg__DumpInfo dump = MG__DUMP_INFO__INIT;
    (void)snprintf(path, sizeof path, "/dumps/a dump %llu.bin", (unsigned long long)generation);
    dump.path = path;
    dump.generation = generation;
    dump.documents = 2;
    dump.bytes = 345;
    dump.created_ns = 1795413158123456789;
    dump.trigger = MG__TRIGGER__TRIGGER_SIGUSR1;
    dump.key_id = key_id;
    mg_execqueue_add(world->queue, &dump);
}

/* Until the running command has ended. */
static void
s_await_child(void)
{
    sigset_t set;
    const struct timespec patience = {.tv_sec = PATIENCE_S};
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGCHLD);
    assert_int_equal(sigtimedwait(&set, NULL, &patience), SIGCHLD);
}

static void
s_run_all(world_t *world)
{
    while (mg_execqueue_turn(world->queue, 0), mg_execqueue_is_busy(world->queue)) {
        s_await_child();
    }
}

static void
s_expect_file(const char *path, const char *expected)
{
    mg_buf_t text = kit_read_file(path);
    assert_string_equal(mg_buf_text(&text), expected);
    mg_buf_free(&text);
}

static void
test_one_after_the_other_in_order(void **state)
{
    world_t *world = *state;
    s_begin(world, "echo begin $MEMGATE_DUMP_GENERATION >> $1; echo end >> $1");
    assert_false(mg_execqueue_is_busy(world->queue));
    for (uint64_t i = 1; i <= 3; i++) {
        s_add(world, i);
    }
    assert_true(mg_execqueue_is_busy(world->queue));
    s_run_all(world);
    s_expect_file(world->out, "begin 1\nend\nbegin 2\nend\nbegin 3\nend\n");
    s_expect_file(world->talk, "memgate: exec /dumps/a dump 1.bin: exit code 0 after 0.0 s\n"
                               "memgate: exec /dumps/a dump 2.bin: exit code 0 after 0.0 s\n"
                               "memgate: exec /dumps/a dump 3.bin: exit code 0 after 0.0 s\n");
}

static void
test_a_command_knows_its_dump_and_nothing_stale(void **state)
{
    world_t *world = *state;
    assert_int_equal(setenv("MEMGATE_DUMP_PATH", "stale", 1), 0);
    assert_int_equal(setenv("MEMGATE_DUMP_OLD", "stale", 1), 0);
    s_begin(world, "{ env | grep ^MEMGATE_DUMP_ | sort; echo \"$2\"; cat; } >> $1; echo talk");
    s_add(world, 7);
    s_run_all(world);
    assert_int_equal(unsetenv("MEMGATE_DUMP_PATH"), 0);
    assert_int_equal(unsetenv("MEMGATE_DUMP_OLD"), 0);
    s_expect_file(world->out, "MEMGATE_DUMP_BYTES=345\n"
                              "MEMGATE_DUMP_CREATED_AT=2026-11-23T05:52:38.123Z\n"
                              "MEMGATE_DUMP_DOCUMENTS=2\n"
                              "MEMGATE_DUMP_GENERATION=7\n"
                              "MEMGATE_DUMP_KEY_ID=00ff\n"
                              "MEMGATE_DUMP_PATH=/dumps/a dump 7.bin\n"
                              "MEMGATE_DUMP_TRIGGER=SIGUSR1\n"
                              "/dumps/a dump 7.bin\n");
    s_expect_file(world->talk, "talk\n"
                               "memgate: exec /dumps/a dump 7.bin: exit code 0 after 0.0 s\n");
}

static void
test_a_command_that_fails_is_told_and_the_next_runs(void **state)
{
    world_t *world = *state;
    s_begin(world, "echo $MEMGATE_DUMP_GENERATION >> $1; exit 3");
    s_add(world, 1);
    s_add(world, 2);
    s_run_all(world);
    s_expect_file(world->out, "1\n2\n");
    s_expect_file(world->talk, "memgate: exec /dumps/a dump 1.bin: exit code 3 after 0.0 s\n"
                               "memgate: exec /dumps/a dump 2.bin: exit code 3 after 0.0 s\n");
}

static void
test_the_oldest_give_way_when_too_many_wait(void **state)
{
    world_t *world = *state;
    char expected[COMMAND] = "";
    s_begin(world, "echo $MEMGATE_DUMP_GENERATION >> $1");
    for (uint64_t i = 1; i <= MG_EXEC_WAITING_MAX + 2; i++) {
        s_add(world, i);
    }
    s_expect_file(world->talk,
                  "memgate: exec /dumps/a dump 1.bin: skipped, as 16 newer dumps wait for the "
                  "command already\n"
                  "memgate: exec /dumps/a dump 2.bin: skipped, as 16 newer dumps wait for the "
                  "command already\n");
    s_run_all(world);
    for (int i = 3; i <= MG_EXEC_WAITING_MAX + 2; i++) {
        size_t used = strlen(expected);
        (void)snprintf(expected + used, sizeof expected - used, "%d\n", i);
    }
    s_expect_file(world->out, expected);
}

/* A command that outlives its shell would hold the other end of this pipe. */
static int
s_open_pipe(int *out_writer)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(fcntl(ends[0], F_SETFD, FD_CLOEXEC), 0);
    *out_writer = ends[1];
    return ends[0];
}

/* Until whoever held its other end is gone. */
static void
s_expect_end(int reader)
{
    char byte;
    struct pollfd wait = {.fd = reader, .events = POLLIN};
    assert_int_equal(poll(&wait, 1, PATIENCE_S * 1000), 1);
    assert_int_equal(read(reader, &byte, 1), 0);
    (void)close(reader);
}

static void
test_what_takes_too_long_is_killed_with_all_it_started(void **state)
{
    world_t *world = *state;
    int writer = -1;
    int reader = s_open_pipe(&writer);
    s_begin(world, "sleep 600 & sleep 600; echo end >> $1");
    s_add(world, 1);
    assert_int_equal(mg_execqueue_turn(world->queue, 0), LIMIT_MS);
    (void)close(writer);
    assert_int_equal(mg_execqueue_turn(world->queue, LIMIT_MS - 1), 1);
    assert_int_equal(mg_execqueue_turn(world->queue, LIMIT_MS), -1);
    s_await_child();
    s_expect_end(reader);
    assert_int_equal(mg_execqueue_turn(world->queue, LIMIT_MS), -1);
    assert_false(mg_execqueue_is_busy(world->queue));
    s_expect_file(world->out, "");
    s_expect_file(world->talk, "memgate: exec /dumps/a dump 1.bin: killed by signal 9 after 1.0 s, "
                               "which was too long\n");
}

static void
test_stopping_forgets_what_waits_and_kills_only_when_told(void **state)
{
    world_t *world = *state;
    int writer = -1;
    int reader = s_open_pipe(&writer);
    s_begin(world, "sleep 600");
    s_add(world, 1);
    (void)mg_execqueue_turn(world->queue, 0);
    (void)close(writer);
    s_add(world, 2);
    mg_execqueue_stop(world->queue, false);
    s_expect_file(world->talk,
                  "memgate: exec /dumps/a dump 2.bin: skipped, as memgate events ends\n");
    assert_int_equal(mg_execqueue_turn(world->queue, 1), LIMIT_MS - 1);
    assert_true(mg_execqueue_is_busy(world->queue)); /* with the first one */
    mg_execqueue_stop(world->queue, true);
    s_await_child();
    s_expect_end(reader);
    (void)mg_execqueue_turn(world->queue, 1);
    assert_false(mg_execqueue_is_busy(world->queue));
}

int
main(void)
{
    sigset_t set;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_one_after_the_other_in_order, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_a_command_knows_its_dump_and_nothing_stale, s_setup,
                                        s_teardown),
        cmocka_unit_test_setup_teardown(test_a_command_that_fails_is_told_and_the_next_runs,
                                        s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_the_oldest_give_way_when_too_many_wait, s_setup,
                                        s_teardown),
        cmocka_unit_test_setup_teardown(test_what_takes_too_long_is_killed_with_all_it_started,
                                        s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_stopping_forgets_what_waits_and_kills_only_when_told,
                                        s_setup, s_teardown),
    };
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGCHLD);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
