/* From the folder into the state: at start, and while serving. */
#include "support/backend.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { BATCH = 200 };

static void
test_an_empty_folder_is_an_empty_start_with_an_admin(void **state)
{
    backend_t *world = *state;
    Mg__DumpReply *reply = backend_restore(world, "", true);
    assert_int_equal(reply->status, MG_OK);
    assert_true(reply->restore->empty_start);
    backend_free(reply);
    assert_int_equal(backend_count(world, "users"), 1);
    assert_int_equal(backend_files(world), 0);
}

static void
test_a_restart_has_everything_again(void **state)
{
    backend_t *world = *state;
    backend_expect(MG_OK, backend_restore(world, "", true));
    backend_write_many(world, 0, BATCH);
    backend_expect(MG_OK, backend_dump(world, ""));
    backend_restart(world);
    assert_int_equal(backend_count(world, "zebras"), 0);
    Mg__DumpReply *reply = backend_restore(world, "", true);
    assert_int_equal(reply->status, MG_OK);
    assert_false(reply->restore->empty_start);
    assert_int_equal(reply->restore->dump->generation, 1);
    assert_int_equal(reply->restore->skipped, 0);
    backend_free(reply);
    assert_int_equal(backend_count(world, "zebras"), BATCH);
    assert_int_equal(backend_number(world, "z000042"), 42);
    reply = backend_dump(world, "");
    assert_int_equal(reply->dump->generation, 2); /* it goes on counting */
    backend_free(reply);
}

static void
test_damage_is_stepped_over_to_the_newest_good_dump(void **state)
{
    backend_t *world = *state;
    backend_expect(MG_OK, backend_restore(world, "", true));
    CHECK_OK(backend_write(world, "a", 1));
    backend_expect(MG_OK, backend_dump(world, ""));
    CHECK_OK(backend_write(world, "a", 2));
    backend_expect(MG_OK, backend_dump(world, ""));
    CHECK_OK(backend_write(world, "a", 3));
    backend_expect(MG_OK, backend_dump(world, ""));
    backend_damage(world, 3);
    backend_restart(world);
    Mg__DumpReply *reply = backend_restore(world, "", true);
    assert_int_equal(reply->status, MG_OK);
    assert_int_equal(reply->restore->dump->generation, 2);
    assert_int_equal(reply->restore->skipped, 1);
    backend_free(reply);
    assert_int_equal(backend_number(world, "a"), 2);
    reply = backend_dump(world, "");
    assert_int_equal(reply->dump->generation,
                     4); /* above the damaged one, whose header is authentic */
    backend_free(reply);
}

/* What the sealers made of the chunks behind the damage is of no use, and must go. */
static void
test_damage_in_the_first_of_many_chunks_is_stepped_over(void **state)
{
    enum { RECORD_MIN = 40, MANY = 4 * MG_CHUNK_SIZE_WRITE / RECORD_MIN };
    backend_t *world = *state;
    backend_expect(MG_OK, backend_restore(world, "", true));
    backend_write_many(world, 0, MANY);
    backend_expect(MG_OK, backend_dump(world, ""));
    CHECK_OK(backend_write(world, "z000000", MANY));
    backend_expect(MG_OK, backend_dump(world, ""));
    backend_damage(world, 2);
    backend_restart(world);
    Mg__DumpReply *reply = backend_restore(world, "", true);
    assert_int_equal(reply->status, MG_OK);
    assert_int_equal(reply->restore->skipped, 1);
    backend_free(reply);
    assert_int_equal(backend_count(world, "zebras"), MANY);
    for (int i = 0; i < MANY; i += 97) {
        char id[16];
        (void)snprintf(id, sizeof id, "z%06d", i);
        assert_int_equal(backend_number(world, id), i);
    }
}

static void
test_a_start_is_never_empty_while_dumps_exist(void **state)
{
    backend_t *world = *state;
    backend_expect(MG_OK, backend_restore(world, "", true));
    CHECK_OK(backend_write(world, "a", 1));
    backend_expect(MG_OK, backend_dump(world, ""));
    backend_stop(world);
    world->config.dump.secret =
        "hex:0000000000000000000000000000000000000000000000000000000000000000";
    backend_start(world);
    Mg__DumpReply *reply = backend_restore(world, "", true);
    assert_int_equal(reply->status, MG_ERR_DUMP);
    assert_int_equal(reply->exit_code, 77);
    assert_non_null(strstr(reply->text, "WRONG_KEY"));
    backend_free(reply);
    assert_int_equal(backend_count(world, "users"), 0); /* nothing was shown */
    backend_stop(world);
    world->config.dump.secret = KIT_RAW_KEY;
    backend_start(world);
    backend_damage(world, 1);
    reply = backend_restore(world, "", true);
    assert_int_equal(reply->status, MG_ERR_DUMP);
    assert_int_equal(reply->exit_code, 65);
    backend_free(reply);
}

static void
test_a_newer_dump_under_another_key_stops_the_start(void **state)
{
    backend_t *world = *state;
    backend_expect(MG_OK, backend_restore(world, "", true));
    backend_expect(MG_OK, backend_dump(world, ""));
    mg_dumpheader_t header = kit_header();
    Mg__DumpReply *reply = backend_status(world);
    backend_free(reply);
    kit_dump_t foreign = kit_opaque(mg_slice("x", 1));
    foreign.header = header;
    foreign.master.key[0] ^= 1;
    mg_master_identify(&foreign.master, header.kdf.salt);
    mg_buf_t file = kit_seal(&foreign);
    char path[KIT_PATH];
    kit_path(world->dir, "memory_dump-foreign.bin", path);
    kit_write_file(path, file.data, file.len);
    mg_buf_free(&file);
    backend_restart(world); /* of another store: somebody's file, it does not stand in the way */
    backend_expect(MG_OK, backend_restore(world, "", true));
    assert_int_equal(backend_count(world, "users"), 1);
}

static void
test_an_online_restore_goes_back_and_leaves_a_way_forward(void **state)
{
    backend_t *world = *state;
    backend_expect(MG_OK, backend_restore(world, "", true));
    CHECK_OK(backend_write(world, "a", 1));
    backend_expect(MG_OK, backend_dump(world, ""));
    CHECK_OK(backend_write(world, "a", 2));
    Mg__DumpReply *reply = backend_restore(world, "", false);
    assert_int_equal(reply->status, MG_OK);
    assert_int_equal(reply->restore->dump->generation, 1);
    assert_int_equal(reply->restore->before->trigger, MG__TRIGGER__TRIGGER_PRE_RESTORE);
    assert_int_equal(reply->restore->before->generation, 2);
    assert_int_equal(reply->restore->after->generation, 3);
    assert_int_equal(reply->restore->after->timeline, reply->restore->before->timeline + 1);
    char before[KIT_PATH];
    (void)snprintf(before, sizeof before, "%s", strrchr(reply->restore->before->path, '/') + 1);
    backend_free(reply);
    assert_int_equal(backend_number(world, "a"), 1);
    CHECK_OK(backend_write(world, "b", 7)); /* writes are allowed again */
    backend_expect(MG_OK, backend_restore(world, before, false));
    assert_int_equal(backend_number(world, "a"), 2);
    assert_int_equal(backend_number(world, "b"), -1);
    assert_int_equal(backend_files(world), 5);
    backend_restart(world); /* the newest timeline wins, not the highest version */
    backend_expect(MG_OK, backend_restore(world, "", true));
    assert_int_equal(backend_number(world, "a"), 2);
}

static void
test_a_failed_restore_changes_nothing(void **state)
{
    backend_t *world = *state;
    backend_expect(MG_OK, backend_restore(world, "", true));
    backend_expect(MG_ERR_NOT_FOUND, backend_restore(world, "", false));
    backend_expect(MG_ERR_NOT_FOUND, backend_restore(world, "memory_dump-none.bin", false));
    backend_expect(MG_ERR_INVALID, backend_restore(world, "/etc/passwd", false));
    backend_expect(MG_ERR_INVALID, backend_restore(world, "../x.bin", false));
    CHECK_OK(backend_write(world, "a", 1));
    backend_expect(MG_OK, backend_dump(world, ""));
    CHECK_OK(backend_write(world, "a", 2));
    backend_damage(world, 1);
    Mg__DumpReply *reply = backend_restore(world, "", false);
    assert_int_equal(reply->status, MG_ERR_DUMP);
    backend_free(reply);
    assert_int_equal(backend_number(world, "a"), 2);
    CHECK_OK(backend_write(world, "a", 3));   /* not frozen */
    fault_plan(FAULT_WRITE, 1, 1000, ENOSPC); /* no way back can be written: no change either */
    char opaque[KIT_PATH];
    kit_path(world->dir, "opaque.bin", opaque);
    kit_dump_t dump = kit_opaque(mg_slice("x", 1));
    mg_buf_t file = kit_seal(&dump);
    kit_write_file(opaque, file.data, file.len);
    mg_buf_free(&file);
    reply = backend_restore(world, "opaque.bin", false);
    assert_int_equal(reply->status, MG_ERR_DUMP);
    assert_non_null(strstr(reply->text, "UNSUPPORTED"));
    backend_free(reply);
    fault_reset();
    assert_int_equal(backend_number(world, "a"), 3);
}

static void
test_without_room_for_the_way_back_nothing_is_restored(void **state)
{
    backend_t *world = *state;
    backend_expect(MG_OK, backend_restore(world, "", true));
    CHECK_OK(backend_write(world, "a", 1));
    backend_expect(MG_OK, backend_dump(world, ""));
    CHECK_OK(backend_write(world, "a", 2));
    fault_plan(FAULT_WRITE, 1, 1000, ENOSPC);
    backend_expect(MG_ERR_DUMP, backend_restore(world, "", false));
    fault_reset();
    assert_int_equal(backend_number(world, "a"), 2);
    CHECK_OK(backend_write(world, "a", 3));
}

static void
test_a_restore_whose_last_dump_fails_says_that_it_has_happened(void **state)
{
    backend_t *world = *state;
    enum { AFTER_THE_WAY_BACK = 2 };
    backend_expect(MG_OK, backend_restore(world, "", true));
    CHECK_OK(backend_write(world, "a", 1));
    backend_expect(MG_OK, backend_dump(world, ""));
    CHECK_OK(backend_write(world, "a", 2));
    fault_reset();
    fault_plan(FAULT_RENAME_NEW, AFTER_THE_WAY_BACK, 9, EIO);
    Mg__DumpReply *reply = backend_restore(world, "", false);
    fault_reset();
    assert_int_equal(reply->status, MG_ERR_DUMP);
    assert_non_null(strstr(reply->text, "the state was replaced"));
    assert_non_null(strstr(reply->text, "-0000000002.bin")); /* the way back */
    backend_free(reply);
    assert_int_equal(backend_number(world, "a"), 1);
    CHECK_OK(backend_write(world, "a", 3)); /* not frozen */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_an_empty_folder_is_an_empty_start_with_an_admin,
                                        backend_setup, backend_teardown),
        cmocka_unit_test_setup_teardown(test_a_restart_has_everything_again, backend_setup,
                                        backend_teardown),
        cmocka_unit_test_setup_teardown(test_damage_is_stepped_over_to_the_newest_good_dump,
                                        backend_setup, backend_teardown),
        cmocka_unit_test_setup_teardown(test_damage_in_the_first_of_many_chunks_is_stepped_over,
                                        backend_setup, backend_teardown),
        cmocka_unit_test_setup_teardown(test_a_start_is_never_empty_while_dumps_exist,
                                        backend_setup, backend_teardown),
        cmocka_unit_test_setup_teardown(test_a_newer_dump_under_another_key_stops_the_start,
                                        backend_setup, backend_teardown),
        cmocka_unit_test_setup_teardown(test_an_online_restore_goes_back_and_leaves_a_way_forward,
                                        backend_setup, backend_teardown),
        cmocka_unit_test_setup_teardown(test_a_failed_restore_changes_nothing, backend_setup,
                                        backend_teardown),
        cmocka_unit_test_setup_teardown(test_without_room_for_the_way_back_nothing_is_restored,
                                        backend_setup, backend_teardown),
        cmocka_unit_test_setup_teardown(
            test_a_restore_whose_last_dump_fails_says_that_it_has_happened, backend_setup,
            backend_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
