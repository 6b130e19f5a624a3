/* A dump gets its name: on a disk that works, and on ones that fail. */
#include "support/diskworld.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void
test_a_dump_is_synced_before_it_has_its_name(void **state)
{
    diskworld_t *world = *state;
    mg_dumpname_t name;
    char only[KIT_PATH];
    fault_short_writes(100);
    CHECK_OK(diskworld_publish(world, kit_header(), &name));
    assert_string_equal(name.text, "memory_dump-20261123T055238.123Z-0000000042.bin");
    assert_string_equal(fault_order(),
                        "wscrs"); /* write, fsync, close, rename, fsync of the folder */
    assert_int_equal(kit_count(world->dir, "memory_dump-", only), 1);
    assert_string_equal(only, name.text);
    assert_int_equal(kit_count(world->dir, ".memory_dump-", NULL), 0);
    struct stat found;
    char path[KIT_PATH];
    kit_path(world->dir, name.text, path);
    assert_int_equal(stat(path, &found), 0);
    assert_int_equal(found.st_mode & 0777, 0600);
}

struct failure {
    fault_op_t op;
    int nth;
    int error;
};

static void
test_every_failing_call_fails_the_dump_and_leaves_nothing(void **state)
{
    diskworld_t *world = *state;
    static const struct failure failures[] = {
        {FAULT_OPEN, 1, EACCES},  {FAULT_FALLOCATE, 1, ENOSPC}, {FAULT_FALLOCATE, 1, EDQUOT},
        {FAULT_WRITE, 1, ENOSPC}, {FAULT_WRITE, 3, EIO},        {FAULT_FSYNC, 1, EIO},
        {FAULT_CLOSE, 1, ENOSPC}, {FAULT_RENAME_NEW, 1, EIO},
    };
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
        mg_dumpname_t name;
        fault_reset();
        fault_short_writes(100);
        fault_plan(failures[i].op, failures[i].nth, 1, failures[i].error);
        CHECK_STATUS(MG_ERR_IO, diskworld_publish(world, kit_header(), &name));
        assert_int_equal(world->why.error, failures[i].error);
        assert_true(strlen(world->why.text) > 0);
        assert_int_equal(fault_calls(FAULT_FSYNC) <= 1,
                         true); /* a failed fsync is never repeated */
        assert_int_equal(kit_count(world->dir, "memory_dump-", NULL), 0);
        assert_int_equal(kit_count(world->dir, ".memory_dump-", NULL), 0);
    }
}

static void
test_an_interrupted_write_goes_on_and_a_missing_fallocate_is_no_failure(void **state)
{
    diskworld_t *world = *state;
    mg_dumpname_t name;
    fault_plan(FAULT_WRITE, 1, 1, EINTR);
    fault_plan(FAULT_FALLOCATE, 1, 1, EOPNOTSUPP);
    CHECK_OK(diskworld_publish(world, kit_header(), &name));
}

static void
test_a_folder_that_cannot_be_synced_is_told_only_when_it_failed(void **state)
{
    diskworld_t *world = *state;
    mg_dumpname_t name;
    mg_dumpheader_t header = kit_header();
    fault_plan(FAULT_FSYNC, 2, 1, EINVAL); /* the file system has no such thing */
    CHECK_OK(diskworld_publish(world, header, &name));
    header.generation++;
    fault_reset();
    fault_plan(FAULT_FSYNC, 2, 1, EIO);
    CHECK_STATUS(MG_ERR_UNSURE, diskworld_publish(world, header, &name));
    assert_int_equal(kit_count(world->dir, "memory_dump-", NULL),
                     2); /* it has its name, it may lose it */
}

static void
test_names_are_given_without_overwriting_on_every_file_system(void **state)
{
    diskworld_t *world = *state;
    static const int errors[][2] = {
        {0, 0}, {EINVAL, 0}, {ENOSYS, 0}, {EINVAL, EPERM}, {EINVAL, EOPNOTSUPP}};
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        mg_dumpname_t name;
        mg_dumpheader_t header = kit_header();
        header.generation = 100 + i;
        for (int again = 0; again < 2; again++) {
            fault_reset();
            fault_plan(FAULT_RENAME_NEW, 1, errors[i][0] ? 1 : 0, errors[i][0]);
            fault_plan(FAULT_LINK, 1, errors[i][1] ? 1 : 0, errors[i][1]);
            CHECK_STATUS(again ? MG_ERR_EXISTS : MG_OK, diskworld_publish(world, header, &name));
        }
        assert_int_equal(kit_count(world->dir, ".memory_dump-", NULL), 0);
    }
    assert_int_equal(kit_count(world->dir, "memory_dump-", NULL), 5);
}

static void
test_a_lost_reply_is_recognised_by_the_inode(void **state)
{
    diskworld_t *world = *state;
    mg_dumpname_t name;
    mg_dumpheader_t header = kit_header();
    fault_plan(FAULT_RENAME_NEW, 1, 1, ENOENT);
    fault_lose_reply();
    CHECK_OK(diskworld_publish(world, header, &name));
    header.generation++;
    fault_reset();
    fault_plan(FAULT_RENAME_NEW, 1, 1, EINVAL);
    fault_plan(FAULT_LINK, 1, 1, EEXIST);
    CHECK_STATUS(
        MG_ERR_IO,
        diskworld_publish(world, header, &name)); /* EEXIST and yet nothing there: not settled */
    header.generation++;
    fault_reset();
    fault_plan(FAULT_RENAME_NEW, 1, 1, ENOSYS);
    fault_plan(FAULT_LINK, 1, 1, EEXIST);
    fault_lose_reply(); /* renameat2 fails and yet happens: the link then meets our own file */
    CHECK_OK(diskworld_publish(world, header, &name));
    assert_int_equal(kit_count(world->dir, "memory_dump-", NULL), 2);
}

static void
test_what_was_written_is_read_back_by_name(void **state)
{
    diskworld_t *world = *state;
    kit_dump_t dump = kit_opaque(mg_slice("payload", 7));
    mg_dumpfile_t *file = NULL;
    CHECK_OK(mg_dumpfile_create(world->folder, 1, 0, &file, &world->why));
    mg_dumpwriter_t *writer = mg_dumpwriter_new(mg_dumpfile_sink(file));
    CHECK_OK(mg_dumpwriter_begin(writer, &dump.header, &dump.master));
    mg_chunk_rules_t rules = {.chunk_size = dump.header.chunk_size};
    mg_chunkcodec_t *codec = NULL;
    uint8_t chunk[7 + MG_CHUNK_EXTRA];
    uint8_t leaf[MG_LEAF_SIZE];
    mg_frame_t frame = {.last = true};
    CHECK_OK(mg_chunkcodec_new(&rules, mg_dumpwriter_keys(writer)->enc, &codec));
    CHECK_OK(mg_chunkcodec_seal(codec, &frame, dump.payload, chunk));
    mg_chunk_leaf(mg_slice(chunk, sizeof chunk), leaf);
    CHECK_OK(mg_dumpwriter_chunk(writer, &frame, mg_slice(chunk, sizeof chunk), leaf));
    CHECK_OK(mg_dumpwriter_finish(writer, &dump.footer));
    CHECK_OK(mg_dumpfile_check_ends(file, writer, &world->why));

    mg_dumpname_t temp;
    char path[KIT_PATH];
    mg_folder_temp_name(world->folder, 1, &temp);
    kit_path(world->dir, temp.text, path);
    assert_int_equal(truncate(path, (off_t)mg_dumpwriter_size(writer) - 1), 0);
    CHECK_STATUS(MG_ERR_IO, mg_dumpfile_check_ends(file, writer, &world->why));
    assert_int_equal(unlink(path), 0);
    kit_write_file(path, "another", 7);
    int fd = -1;
    CHECK_STATUS(MG_ERR_IO, mg_dumpfile_reopen(file, &fd, &world->why));
    assert_int_equal(fd, -1);
    mg_chunkcodec_destroy(&codec);
    mg_dumpwriter_destroy(&writer);
    mg_dumpfile_destroy(&file);
}

/* 40 MiB into a dump's file; how that ends when `op` fails with `error` at its `nth` call. */
static mg_status_t
s_write_much(diskworld_t *world, fault_op_t op, int nth, int error)
{
    enum { PIECE = 1 << 20, PIECES = 40 };
    static uint8_t piece[PIECE];
    mg_dumpfile_t *file = NULL;
    mg_status_t status = MG_OK;
    CHECK_OK(mg_dumpfile_create(world->folder, 1, 0, &file, &world->why));
    mg_sink_t sink = mg_dumpfile_sink(file);
    fault_reset();
    fault_plan(op, nth, error ? 1 : 0, error);
    for (int i = 0; status == MG_OK && i < PIECES; i++) {
        status = sink.write(sink.arg, mg_slice(piece, PIECE));
    }
    assert_int_equal(mg_dumpfile_fault(file)->error, status == MG_OK ? 0 : error);
    mg_dumpfile_destroy(&file);
    return status;
}

static void
test_a_large_dump_goes_to_the_disk_in_steps(void **state)
{
    diskworld_t *world = *state;
    CHECK_OK(s_write_much(world, FAULT_WRITE_BACK, 1, 0));
    assert_int_equal(fault_calls(FAULT_WRITE_BACK), 5 + 4); /* begun; waited for */
    assert_int_equal(fault_calls(FAULT_DROP_CACHE), 4);
    CHECK_STATUS(MG_ERR_IO, s_write_much(world, FAULT_WRITE_BACK, 1, EIO));
    CHECK_STATUS(MG_ERR_IO, s_write_much(world, FAULT_WRITE_BACK, 3, ENOSPC)); /* while waiting */
    CHECK_OK(s_write_much(world, FAULT_WRITE_BACK, 1, ENOSYS)); /* fsync will do it, */
    assert_int_equal(fault_calls(FAULT_WRITE_BACK), 1);         /* so it is not tried again */
    CHECK_OK(s_write_much(world, FAULT_WRITE_BACK, 1, EPERM));  /* a sandbox */
    CHECK_STATUS(MG_ERR_IO, s_write_much(world, FAULT_WRITE_BACK, 3, ESTALE)); /* told once */
    CHECK_STATUS(MG_ERR_IO, s_write_much(world, FAULT_WRITE_BACK, 5, EPERM));
    CHECK_STATUS(MG_ERR_IO, s_write_much(world, FAULT_WRITE_BACK, 1, ETIMEDOUT));
    CHECK_OK(s_write_much(world, FAULT_DROP_CACHE, 1, EINVAL));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_dump_is_synced_before_it_has_its_name,
                                        diskworld_setup, diskworld_teardown),
        cmocka_unit_test_setup_teardown(test_every_failing_call_fails_the_dump_and_leaves_nothing,
                                        diskworld_setup, diskworld_teardown),
        cmocka_unit_test_setup_teardown(
            test_an_interrupted_write_goes_on_and_a_missing_fallocate_is_no_failure,
            diskworld_setup, diskworld_teardown),
        cmocka_unit_test_setup_teardown(
            test_a_folder_that_cannot_be_synced_is_told_only_when_it_failed, diskworld_setup,
            diskworld_teardown),
        cmocka_unit_test_setup_teardown(
            test_names_are_given_without_overwriting_on_every_file_system, diskworld_setup,
            diskworld_teardown),
        cmocka_unit_test_setup_teardown(test_a_large_dump_goes_to_the_disk_in_steps,
                                        diskworld_setup, diskworld_teardown),
        cmocka_unit_test_setup_teardown(test_a_lost_reply_is_recognised_by_the_inode,
                                        diskworld_setup, diskworld_teardown),
        cmocka_unit_test_setup_teardown(test_what_was_written_is_read_back_by_name, diskworld_setup,
                                        diskworld_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
