/* One writer per folder: standing by for the lock, and what becomes of a writer that has lost it. */
#include "core/folder.h"
#include "messages/supervisor.pb-c.h"
#include "support/backend.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { WAIT_MS = 60000, EXIT_LOCKED = 75, HEADER_STORE_AT = 112 };

static const mg_folder_owner_t s_other = {.instance_id = {0xee}, .host = "other-host"};

/* Another memgate that has the folder. */
static mg_folder_t *
s_hold(backend_t *world)
{
    mg_fault_t why;
    mg_folder_t *folder = NULL;
    CHECK_OK(mg_folder_open(&mg_file_system, world->hint, &s_other, &folder, &why));
    CHECK_OK(mg_folder_lock(folder, &why));
    return folder;
}

static void
s_ask_start(backend_t *world, test_answer_t *answer)
{
    Mg__RestoreRequest restore = MG__RESTORE_REQUEST__INIT;
    restore.at_start = true;
    backend_send(world, MG__DUMP_MESSAGE__BODY_RESTORE, &restore, answer);
}

static void
test_a_start_waits_for_the_lock_and_sees_what_its_holder_leaves(void **state)
{
    backend_t *world = *state;
    test_answer_t start;
    backend_expect(MG_OK, backend_restore(world, "", true));
    CHECK_OK(backend_write(world, "a", 1));
    backend_expect(MG_OK, backend_dump(world, ""));
    backend_stop(world);
    mg_folder_t *held = s_hold(world);
    world->config.dump.lock_wait_seconds = 600;
    backend_start(world);
    s_ask_start(world, &start);
    test_answer_t status;
    Mg__DumpStatusQuery query = MG__DUMP_STATUS_QUERY__INIT;
    backend_send(world, MG__DUMP_MESSAGE__BODY_STATUS, &query, &status);
    while (!status.done) { /* it was asked later and is answered first: the start waits */
        mg_link_receive(world->link);
    }
    assert_false(start.done);
    backend_free((Mg__DumpReply *)status.reply);
    mg_folder_destroy(&held);
    backend_settle(world);
    backend_expect(MG_OK, (Mg__DumpReply *)start.reply);
    assert_int_equal(backend_number(world, "a"), 1);
    backend_expect(MG_OK, backend_dump(world, ""));
}

static void
test_standing_by_ends_with_75_and_names_the_holder(void **state)
{
    backend_t *world = *state;
    backend_stop(world);
    mg_folder_t *held = s_hold(world);
    world->config.dump.lock_wait_seconds = 1;
    backend_start(world);
    Mg__DumpReply *reply = backend_restore(world, "", true);
    assert_int_equal(reply->status, MG_ERR_BUSY);
    assert_int_equal(reply->exit_code, EXIT_LOCKED);
    assert_non_null(strstr(reply->text, "host=other-host"));
    backend_free(reply);
    mg_folder_destroy(&held);
}

/* What main hears; the caller frees it. */
static Mg__SupervisorRequest *
s_await_stop(zsock_t *supervisor)
{
    mg_bus_peer_t peer;
    ProtobufCMessage *message = NULL;
    zmq_pollitem_t item = {.socket = zsock_resolve(supervisor), .events = ZMQ_POLLIN};
    assert_int_equal(zmq_poll(&item, 1, WAIT_MS), 1);
    CHECK_OK(mg_bus_receive(supervisor, &mg__supervisor_request__descriptor, &peer, &message));
    return (Mg__SupervisorRequest *)message;
}

static int
s_orphans(backend_t *world)
{
    return kit_count(world->dir, "memory_dump.orphan-", NULL);
}

static int
s_dumps(backend_t *world)
{
    return kit_count(world->dir, "memory_dump-", NULL);
}

/* A dump is refused as FENCED, nothing is lost, and the program is told to end with 75. */
static void
s_check_fenced(backend_t *world, int dumps)
{
    Mg__DumpReply *reply = backend_dump(world, "");
    assert_int_equal(reply->status, MG_ERR_DUMP);
    assert_non_null(strstr(reply->text, "FENCED"));
    backend_free(reply);
    assert_int_equal(s_dumps(world), dumps);
    assert_int_equal(s_orphans(world), 1);
    CHECK_STATUS(MG_ERR_FROZEN, backend_write(world, "late", 1));
    Mg__SupervisorRequest *request = s_await_stop(world->supervisor);
    assert_int_equal(request->stop->exit_code, EXIT_LOCKED);
    mg__supervisor_request__free_unpacked(request, NULL);
    Mg__DumpRequest final = MG__DUMP_REQUEST__INIT;
    final.final = true;
    reply = backend_ask(world, MG__DUMP_MESSAGE__BODY_DUMP, &final);
    assert_int_equal(reply->status, MG_OK);
    assert_non_null(strstr(reply->dump->path, ".orphan-"));
    backend_free(reply);
    assert_int_equal(s_dumps(world), dumps);
    assert_int_equal(s_orphans(world), 2);
}

/* A back end with one dump. */
static void
s_begin(backend_t *world)
{
    backend_expect(MG_OK, backend_restore(world, "", true));
    CHECK_OK(backend_write(world, "a", 1));
    backend_expect(MG_OK, backend_dump(world, ""));
}

static void
test_a_writer_whose_lock_file_was_replaced_is_fenced(void **state)
{
    backend_t *world = *state;
    char path[KIT_PATH];
    s_begin(world);
    kit_path(world->dir, ".memory_dump.lock", path);
    assert_int_equal(unlink(path), 0);
    mg_folder_t *other = s_hold(world);
    s_check_fenced(world, 1);
    mg_folder_destroy(&other);
}

static void
test_a_writer_whose_lock_names_somebody_else_is_fenced(void **state)
{
    backend_t *world = *state;
    static const char content[] = "instance=ee000000000000000000000000000000 pid=1";
    char path[KIT_PATH];
    s_begin(world);
    kit_path(world->dir, ".memory_dump.lock", path);
    int fd = open(path, O_WRONLY);
    assert_int_equal(pwrite(fd, content, strlen(content), 0), strlen(content));
    assert_int_equal(close(fd), 0);
    s_check_fenced(world, 1);
}

/* Puts a dump of the same store into the folder, as another instance would write it. */
static void
s_plant(backend_t *world, const char *name, int64_t created_ns, bool same_store)
{
    char newest[KIT_PATH];
    char path[KIT_PATH];
    uint8_t store_id[MG_STORE_ID_SIZE];
    assert_true(kit_count(world->dir, "memory_dump-2", newest) > 0);
    kit_path(world->dir, newest, path);
    int fd = open(path, O_RDONLY);
    assert_int_equal(pread(fd, store_id, sizeof store_id, HEADER_STORE_AT), sizeof store_id);
    assert_int_equal(close(fd), 0);
    kit_dump_t rival = kit_opaque(mg_slice("x", 1));
    rival.header.generation = 1000;
    rival.header.created_at = created_ns;
    if (same_store) {
        memcpy(rival.header.store_id, store_id, sizeof store_id);
    }
    mg_buf_t file = kit_seal(&rival);
    kit_path(world->dir, name, path);
    kit_write_file(path, file.data, file.len);
    mg_buf_free(&file);
}

static void
test_a_newer_dump_of_another_process_fences(void **state)
{
    backend_t *world = *state;
    s_begin(world);
    s_plant(world, "memory_dump-rival.bin", mg_clock_wall_ns(), true);
    s_check_fenced(world, 2);
}

static void
test_old_dumps_and_those_of_other_stores_fence_nobody(void **state)
{
    backend_t *world = *state;
    s_begin(world);
    s_plant(world, "memory_dump-copied.bin", 1, true); /* brought back from a backup */
    s_plant(world, "memory_dump-foreign.bin", mg_clock_wall_ns(), false);
    backend_expect(MG_OK, backend_dump(world, ""));
    assert_int_equal(s_dumps(world), 4);
    assert_int_equal(s_orphans(world), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            test_a_start_waits_for_the_lock_and_sees_what_its_holder_leaves, backend_setup,
            backend_teardown),
        cmocka_unit_test_setup_teardown(test_standing_by_ends_with_75_and_names_the_holder,
                                        backend_setup, backend_teardown),
        cmocka_unit_test_setup_teardown(test_a_writer_whose_lock_file_was_replaced_is_fenced,
                                        backend_setup, backend_teardown),
        cmocka_unit_test_setup_teardown(test_a_writer_whose_lock_names_somebody_else_is_fenced,
                                        backend_setup, backend_teardown),
        cmocka_unit_test_setup_teardown(test_a_newer_dump_of_another_process_fences, backend_setup,
                                        backend_teardown),
        cmocka_unit_test_setup_teardown(test_old_dumps_and_those_of_other_stores_fence_nobody,
                                        backend_setup, backend_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
