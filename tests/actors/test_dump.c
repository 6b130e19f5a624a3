/* Writing dumps: who waits for what, disks that fail, what is told. */
#include "support/backend.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { BATCH = 200 };

static void
test_a_dump_says_what_it_is_and_is_verified(void **state)
{
    backend_t *world = *state;
    backend_expect(MG_OK, backend_restore(world, "", true));
    backend_write_many(world, 0, BATCH);
    Mg__DumpReply *reply = backend_dump(world, "");
    assert_int_equal(reply->status, MG_OK);
    assert_int_equal(reply->dump->generation, 1);
    assert_true(reply->dump->verified);
    assert_true(reply->dump->documents > BATCH);
    assert_true(reply->dump->version >= BATCH);
    assert_int_equal(reply->dump->trigger, MG__TRIGGER__TRIGGER_HTTP);
    assert_string_equal(reply->dump->requester, "http user=admin?"); /* cleaned */
    assert_true(reply->dump->bytes > 0);
    assert_true(reply->dump->seconds >= 0);
    assert_non_null(strstr(reply->dump->path, world->dir));
    assert_int_equal(access(reply->dump->path, R_OK), 0);
    backend_free(reply);
    assert_int_equal(backend_files(world), 1);
    reply = backend_status(world);
    assert_int_equal(reply->dump_status->published, 1);
    assert_int_equal(reply->dump_status->last->generation, 1);
    assert_string_equal(reply->dump_status->last_error, "");
    assert_false(reply->dump_status->running);
    backend_free(reply);
}

struct disk_case {
    fault_op_t op;
    int error;
    int times;
    mg_status_t expected;
};

static void
test_a_failing_disk_is_told_and_the_next_dump_is_good(void **state)
{
    backend_t *world = *state;
    static const struct disk_case cases[] = {
        {FAULT_WRITE, ENOSPC, 1, MG_ERR_DUMP}, /* a full disk: once is enough */
        {FAULT_WRITE, EIO, 1, MG_OK},          /* an error: one more try */
        {FAULT_WRITE, EIO, 2, MG_ERR_DUMP},
        {FAULT_FSYNC, EIO, 1, MG_OK},
        {FAULT_FSYNC, EIO, 9, MG_ERR_DUMP},
        {FAULT_FALLOCATE, ENOSPC, 1, MG_ERR_DUMP},
        {FAULT_RENAME_NEW, EIO, 9, MG_ERR_DUMP},
        {FAULT_OPEN, EMFILE, 9, MG_ERR_DUMP},
        {FAULT_OPEN, EROFS, 9, MG_ERR_DUMP},
    };
    backend_expect(MG_OK, backend_restore(world, "", true));
    backend_expect(MG_OK, backend_dump(world, ""));
    int files = 1;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fault_reset();
        fault_plan(cases[i].op, 1, cases[i].times, cases[i].error);
        backend_expect(cases[i].expected, backend_dump(world, ""));
        files += cases[i].expected == MG_OK;
        fault_reset();
        assert_int_equal(backend_files(world), files);
        Mg__DumpReply *reply = backend_status(world);
        assert_int_equal(strlen(reply->dump_status->last_error) > 0, cases[i].expected != MG_OK);
        backend_free(reply);
    }
    backend_expect(MG_OK, backend_dump(world, ""));
    assert_int_equal(backend_files(world), files + 1);
}

/* The calls of one dump: its temporary file is synced first, its folder second. */
static void
test_a_name_that_may_get_lost_is_no_success(void **state)
{
    backend_t *world = *state;
    enum { OF_THE_FOLDER = 2 };
    backend_expect(MG_OK, backend_restore(world, "", true));
    fault_plan(FAULT_FSYNC, OF_THE_FOLDER, 1, EIO);
    backend_expect(MG_OK, backend_dump(world, "")); /* made once more */
    assert_int_equal(backend_files(world), 2);
    fault_reset();
    fault_plan(FAULT_FSYNC, OF_THE_FOLDER, 9, EIO);
    Mg__DumpReply *reply = backend_dump(world, "");
    assert_int_equal(reply->status, MG_ERR_DUMP);
    assert_non_null(strstr(reply->text, "failed"));
    backend_free(reply);
    fault_reset();
    reply = backend_dump(world, "");
    assert_int_equal(reply->status, MG_OK);
    assert_int_equal(reply->dump->generation, backend_files(world)); /* none was used twice */
    backend_free(reply);
    Mg__ListRequest list = MG__LIST_REQUEST__INIT;
    reply = backend_ask(world, MG__DUMP_MESSAGE__BODY_LIST, &list);
    for (size_t i = 0; i + 1 < reply->n_list; i++) {
        assert_string_equal(reply->list[i]->chain, "ok");
    }
    backend_free(reply);
}

static void
test_a_full_disk_may_cost_old_dumps_when_that_is_allowed(void **state)
{
    backend_t *world = *state;
    backend_expect(MG_OK, backend_restore(world, "", true));
    for (int i = 0; i < 5; i++) {
        backend_expect(MG_OK, backend_dump(world, ""));
    }
    fault_plan(FAULT_WRITE, 1, 1, ENOSPC);
    backend_expect(MG_ERR_DUMP, backend_dump(world, ""));
    assert_int_equal(backend_files(world), 5);
    backend_stop(world);
    world->config.dump.emergency_keep = 2;
    backend_start(world);
    backend_expect(MG_OK, backend_restore(world, "", true));
    backend_expect(MG_OK, backend_dump(world, ""));
    backend_expect(MG_OK, backend_dump(world, ""));
    fault_reset();
    fault_plan(FAULT_WRITE, 1, 1, ENOSPC);
    backend_expect(MG_OK, backend_dump(world, ""));
    assert_int_equal(backend_files(world), 3);
}

/* A dump that has begun but finds no sealer, then a request for the final one, then sealers. */
static void
s_hurry(backend_t *world, bool change, test_answer_t answers[2])
{
    Mg__DumpRequest dump = MG__DUMP_REQUEST__INIT;
    Mg__DumpRequest final = MG__DUMP_REQUEST__INIT;
    final.final = true;
    backend_stop_sealers(world);
    backend_send(world, MG__DUMP_MESSAGE__BODY_DUMP, &dump, &answers[0]);
    while (kit_count(world->dir, ".memory_dump-", NULL) == 0) { /* until it is at work */
        (void)poll(NULL, 0, 1);
    }
    if (change) {
        CHECK_OK(backend_write(world, "late", 1));
    }
    backend_send(world, MG__DUMP_MESSAGE__BODY_DUMP, &final, &answers[1]);
    backend_start_sealers(world);
    backend_settle(world);
}

static void
test_the_last_dump_awaits_a_running_one_that_holds_the_same(void **state)
{
    backend_t *world = *state;
    test_answer_t answers[2];
    backend_expect(MG_OK, backend_restore(world, "", true));
    backend_write_many(world, 0, BATCH);
    for (int change = 0; change < 2; change++) {
        s_hurry(world, change, answers);
        Mg__DumpReply *first = (Mg__DumpReply *)answers[0].reply;
        Mg__DumpReply *final = (Mg__DumpReply *)answers[1].reply;
        assert_int_equal(first->status, MG_OK);
        assert_int_equal(final->status, MG_OK);
        assert_int_equal(first->dump->generation, final->dump->generation); /* one file for both */
        assert_int_equal(final->dump->version, atomic_load(&world->version));
        backend_free(first);
        backend_free(final);
        assert_int_equal(backend_files(world), change + 1);
    }
}

static void
test_what_reads_back_otherwise_is_never_published(void **state)
{
    backend_t *world = *state;
    backend_expect(MG_OK, backend_restore(world, "", true));
    fault_flip_bits(1);
    backend_expect(MG_OK, backend_dump(world, "")); /* written once more, well */
    assert_int_equal(backend_files(world), 1);
    fault_flip_bits(1000);
    Mg__DumpReply *reply = backend_dump(world, "");
    assert_int_equal(reply->status, MG_ERR_DUMP);
    assert_non_null(strstr(reply->text, "VERIFY_FAILED"));
    backend_free(reply);
    fault_reset();
    assert_int_equal(backend_files(world), 1);
}

static void
test_a_short_check_sees_header_and_footer(void **state)
{
    backend_t *world = *state;
    world->config.dump.verify = MG_VERIFY_FOOTER;
    world->config.dump.compression = MG_COMPRESSION_NONE;
    world->config.dump.aead = MG_AEAD_SODIUM;
    backend_restart(world);
    backend_expect(MG_OK, backend_restore(world, "", true));
    Mg__DumpReply *reply = backend_dump(world, "");
    assert_int_equal(reply->status, MG_OK);
    assert_false(reply->dump->verified);
    backend_free(reply);
    fault_flip_bits(1);
    backend_expect(MG_OK, backend_dump(world, ""));
    fault_flip_bits(1000);
    backend_expect(MG_ERR_DUMP, backend_dump(world, ""));
    fault_reset();
}

static void
test_whoever_asks_while_one_runs_shares_the_next(void **state)
{
    backend_t *world = *state;
    enum { ASKERS = 10 };
    test_answer_t answers[ASKERS] = {0};
    backend_expect(MG_OK, backend_restore(world, "", true));
    backend_write_many(world, 0, BATCH);
    for (int i = 0; i < ASKERS; i++) {
        Mg__DumpRequest request = MG__DUMP_REQUEST__INIT;
        request.final = i == ASKERS - 1;
        backend_send(world, MG__DUMP_MESSAGE__BODY_DUMP, &request, &answers[i]);
    }
    backend_settle(world);
    uint64_t newest = 0;
    for (int i = 0; i < ASKERS; i++) {
        Mg__DumpReply *reply = (Mg__DumpReply *)answers[i].reply;
        assert_int_equal(answers[i].status, MG_OK);
        assert_int_equal(reply->status, MG_OK);
        assert_true(reply->dump->generation >= newest);
        newest = reply->dump->generation;
        backend_free(reply);
    }
    assert_true(newest >= 1 && newest <= 3); /* one that ran, one that was pending, the final one */
    assert_int_equal(backend_files(world), newest);
}

static void
test_a_dump_contains_what_was_written_before_it_was_asked_for(void **state)
{
    backend_t *world = *state;
    backend_expect(MG_OK, backend_restore(world, "", true));
    for (int i = 1; i <= 5; i++) {
        CHECK_OK(backend_write(world, "a", i));
        Mg__DumpReply *reply = backend_dump(world, "");
        assert_int_equal(reply->status, MG_OK);
        assert_true(reply->dump->version >= atomic_load(&world->version));
        backend_free(reply);
    }
}

static void
test_listing_and_verifying(void **state)
{
    backend_t *world = *state;
    backend_expect(MG_OK, backend_restore(world, "", true));
    backend_expect(MG_OK, backend_dump(world, ""));
    backend_expect(MG_OK, backend_dump(world, ""));
    backend_damage(world, 1);
    Mg__ListRequest list = MG__LIST_REQUEST__INIT;
    Mg__DumpReply *reply = backend_ask(world, MG__DUMP_MESSAGE__BODY_LIST, &list);
    assert_int_equal(reply->n_list, 2);
    assert_int_equal(reply->list[0]->generation, 2);
    assert_int_equal(reply->list[1]->generation, 1);
    assert_string_equal(reply->list[0]->outcome, "OK");
    assert_true(reply->list[0]->documents > 0);
    char names[2][KIT_PATH];
    for (int i = 0; i < 2; i++) {
        (void)snprintf(names[i], sizeof names[i], "%s", strrchr(reply->list[i]->path, '/') + 1);
    }
    backend_free(reply);
    for (int i = 0; i < 2; i++) {
        Mg__VerifyRequest verify = MG__VERIFY_REQUEST__INIT;
        verify.path = names[i];
        reply = backend_ask(world, MG__DUMP_MESSAGE__BODY_VERIFY, &verify);
        assert_int_equal(reply->status, i == 0 ? MG_OK : MG_ERR_DUMP);
        assert_string_equal(reply->dump->outcome, i == 0 ? "OK" : "CHUNK_CORRUPT");
        assert_int_equal(reply->dump->generation, 2 - i);
        backend_free(reply);
    }
}

static void
test_everybody_hears_of_dumps_failures_and_restores(void **state)
{
    backend_t *world = *state;
    zsock_t *second = mg_bus_connect(ZMQ_SUB, MG_BUS_EVENTS);
    zsock_set_subscribe(second, "");
    backend_expect(MG_OK, backend_restore(world, "", true));
    backend_expect(MG_OK, backend_dump(world, "")); /* by now the subscription has arrived */
    backend_expect(MG_OK, backend_dump(world, ""));
    Mg__Event *event = backend_await(world->events, MG__EVENT__BODY_DUMP_DONE);
    assert_true(event->time_ns > 0);
    assert_true(event->dump_done->generation >= 1);
    mg__event__free_unpacked(event, NULL);
    event = backend_await(second, MG__EVENT__BODY_DUMP_DONE); /* the first one has not spoilt it */
    assert_true(event->dump_done->generation >= 1);
    mg__event__free_unpacked(event, NULL);
    mg_bus_close(&second);
    fault_plan(FAULT_WRITE, 1, 1, ENOSPC);
    backend_expect(MG_ERR_DUMP, backend_dump(world, ""));
    event = backend_await(world->events, MG__EVENT__BODY_DUMP_FAILED);
    assert_non_null(strstr(event->dump_failed->text, "No space left"));
    mg__event__free_unpacked(event, NULL);
    backend_expect(MG_OK, backend_restore(world, "", false));
    event = backend_await(world->events, MG__EVENT__BODY_RESTORE_DONE);
    assert_int_equal(event->restore_done->dump->generation, 2);
    mg__event__free_unpacked(event, NULL);
}

/* Stops the dump actor while it waits for a sealer that takes chunks and never answers; it must not wait for that. */
static void
s_stop_while(backend_t *world, Mg__DumpMessage__BodyCase body_case, void *body)
{
    test_answer_t answer;
    int64_t begin_ns = mg_clock_wall_ns();
    backend_stop_sealers(world);
    zsock_t *deaf = mg_bus_connect(ZMQ_PULL, MG_BUS_CHUNKS);
    zsock_t *urgent = mg_bus_connect(ZMQ_PULL, MG_BUS_URGENT_CHUNKS);
    backend_send(world, body_case, body, &answer);
    for (int64_t seen_ns = 0; seen_ns < begin_ns;) { /* until it is at work */
        Mg__Event *event = backend_await(world->events, MG__EVENT__BODY_DUMP_PROGRESS);
        seen_ns = event->time_ns;
        mg__event__free_unpacked(event, NULL);
    }
    mg_actor_stop(&world->dump);
    mg_bus_close(&deaf);
    mg_bus_close(&urgent);
    backend_settle(world);
    Mg__DumpReply *reply = (Mg__DumpReply *)answer.reply;
    assert_non_null(reply);
    assert_int_not_equal(reply->status, MG_OK);
    assert_null(strstr(reply->text, "sealer"));
    backend_free(reply);
    backend_restart(world);
}

/* On a busy machine an idle sealer may not run at all. */
static void
test_neither_the_start_nor_the_last_dump_waits_for_idle_sealers(void **state)
{
    backend_t *world = *state;
    Mg__DumpRequest final = MG__DUMP_REQUEST__INIT;
    final.final = true;
    for (int start = 0; start < 2; start++) {
        for (int i = 0; i < BACKEND_SEALERS; i++) {
            mg_actor_stop(&world->sealer[i]);
        }
        zsock_t *deaf = mg_bus_connect(ZMQ_PULL, MG_BUS_CHUNKS);
        backend_expect(MG_OK, backend_restore(world, "", true));
        backend_write_many(world, start * BATCH, BATCH);
        backend_expect(MG_OK, backend_ask(world, MG__DUMP_MESSAGE__BODY_DUMP, &final));
        mg_bus_close(&deaf);
        backend_restart(world);
    }
}

static void
test_a_long_job_ends_when_the_program_does(void **state)
{
    backend_t *world = *state;
    Mg__DumpRequest dump = MG__DUMP_REQUEST__INIT;
    Mg__RestoreRequest restore = MG__RESTORE_REQUEST__INIT;
    restore.at_start = true;
    backend_expect(MG_OK, backend_restore(world, "", true));
    backend_write_many(world, 0, BATCH);
    backend_expect(MG_OK, backend_dump(world, ""));
    s_stop_while(world, MG__DUMP_MESSAGE__BODY_DUMP, &dump);
    assert_int_equal(backend_files(world), 1);
    s_stop_while(world, MG__DUMP_MESSAGE__BODY_RESTORE, &restore);
    backend_expect(MG_OK, backend_restore(world, "", true));
    assert_int_equal(backend_count(world, "zebras"), BATCH);
}

static void
test_the_actor_starts_only_with_a_key_a_folder_and_the_lock(void **state)
{
    backend_t *world = *state;
    zactor_t *second = NULL;
    mg_config_t good = world->config;
    CHECK_STATUS(MG_ERR_BUSY, backend_start_dump(world, &second));
    world->config.dump.secret = "short";
    CHECK_STATUS(MG_ERR_INVALID, backend_start_dump(world, &second));
    world->config.dump.secret = NULL;
    CHECK_STATUS(MG_ERR_INVALID, backend_start_dump(world, &second));
    world->config = good;
    char hint[KIT_PATH];
    kit_path(world->dir, "missing/mount/x.bin", hint);
    world->config.dump.path_hint = hint;
    CHECK_STATUS(MG_ERR_IO, backend_start_dump(world, &second));
    assert_null(second);
    world->config = good;
}

/* How often one more dump opens something. */
static int
s_opens_of_a_dump(backend_t *world)
{
    fault_reset();
    backend_expect(MG_OK, backend_dump(world, ""));
    return fault_calls(FAULT_OPEN) + fault_calls(FAULT_OPEN_BENEATH);
}

static void
test_a_dump_looks_once_at_each_file_of_its_folder(void **state)
{
    enum { FEW = 10, MANY = 20 };
    backend_t *world = *state;
    int files = 0;
    int opens = 0;
    backend_expect(MG_OK, backend_restore(world, "", true));
    for (; files < FEW; files++) {
        backend_expect(MG_OK, backend_dump(world, ""));
    }
    opens = s_opens_of_a_dump(world);
    for (files++; files < MANY; files++) {
        backend_expect(MG_OK, backend_dump(world, ""));
    }
    int more = s_opens_of_a_dump(world) - opens;
    print_message("opens of a dump beside %d files: %d\n", MANY, opens + more);
    assert_int_equal(more, MANY - FEW);
    assert_int_equal(backend_files(world), MANY + 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_dump_says_what_it_is_and_is_verified, backend_setup,
                                        backend_teardown),
        cmocka_unit_test_setup_teardown(test_a_failing_disk_is_told_and_the_next_dump_is_good,
                                        backend_setup, backend_teardown),
        cmocka_unit_test_setup_teardown(test_what_reads_back_otherwise_is_never_published,
                                        backend_setup, backend_teardown),
        cmocka_unit_test_setup_teardown(test_a_short_check_sees_header_and_footer, backend_setup,
                                        backend_teardown),
        cmocka_unit_test_setup_teardown(test_whoever_asks_while_one_runs_shares_the_next,
                                        backend_setup, backend_teardown),
        cmocka_unit_test_setup_teardown(
            test_a_dump_contains_what_was_written_before_it_was_asked_for, backend_setup,
            backend_teardown),
        cmocka_unit_test_setup_teardown(test_listing_and_verifying, backend_setup,
                                        backend_teardown),
        cmocka_unit_test_setup_teardown(test_everybody_hears_of_dumps_failures_and_restores,
                                        backend_setup, backend_teardown),
        cmocka_unit_test_setup_teardown(test_a_name_that_may_get_lost_is_no_success, backend_setup,
                                        backend_teardown),
        cmocka_unit_test_setup_teardown(test_a_full_disk_may_cost_old_dumps_when_that_is_allowed,
                                        backend_setup, backend_teardown),
        cmocka_unit_test_setup_teardown(test_the_last_dump_awaits_a_running_one_that_holds_the_same,
                                        backend_setup, backend_teardown),
        cmocka_unit_test_setup_teardown(
            test_neither_the_start_nor_the_last_dump_waits_for_idle_sealers, backend_setup,
            backend_teardown),
        cmocka_unit_test_setup_teardown(test_a_long_job_ends_when_the_program_does, backend_setup,
                                        backend_teardown),
        cmocka_unit_test_setup_teardown(test_the_actor_starts_only_with_a_key_a_folder_and_the_lock,
                                        backend_setup, backend_teardown),
        cmocka_unit_test_setup_teardown(test_a_dump_looks_once_at_each_file_of_its_folder,
                                        backend_setup, backend_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
