/* The dump folder: which one, whether it can be used, whose it is. */
#include "support/diskworld.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Opens `hint` anew and says with which sentence it failed. */
static mg_status_t
s_try_open(diskworld_t *world, const char *hint)
{
    mg_folder_t *folder = NULL;
    mg_status_t status = mg_folder_open(&fault_io, hint, &diskworld_owner, &folder, &world->why);
    mg_folder_destroy(&folder);
    return status;
}

static void
test_a_hint_is_a_folder_or_a_file(void **state)
{
    (void)state;
    static const struct {
        const char *hint;
        bool is_dir;
        const char *dir; /* NULL: refused */
        const char *stem;
    } rows[] = {
        {"backend-services/generated/memory_dump.bin", false, "backend-services/generated",
         "memory_dump"},
        {"/var/lib/memgate/", false, "/var/lib/memgate", MG_STEM_DEFAULT},
        {"/var/lib/memgate", true, "/var/lib/memgate", MG_STEM_DEFAULT},
        {"/var/lib/memgate", false, "/var/lib", "memgate"},
        {"state.v1.bin", false, ".", "state.v1"},
        {"/state.bin", false, "/", "state"},
        {"/", true, "/", MG_STEM_DEFAULT},
        {"dumps/.hidden", false, NULL, NULL},
        {"", false, NULL, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char dir[KIT_PATH];
        char stem[MG_STEM_MAX + 1];
        mg_status_t status = mg_folderpath_split(rows[i].hint, rows[i].is_dir, dir, stem);
        CHECK_STATUS(rows[i].dir ? MG_OK : MG_ERR_INVALID, status);
        if (rows[i].dir) {
            assert_string_equal(dir, rows[i].dir);
            assert_string_equal(stem, rows[i].stem);
        }
    }
}

static void
test_only_the_last_folder_of_an_absolute_path_is_made(void **state)
{
    diskworld_t *world = *state;
    char hint[KIT_PATH];
    struct stat found;
    kit_path(world->dir, "new/dump.bin", hint);
    CHECK_OK(s_try_open(world, hint));
    kit_path(world->dir, "new", hint);
    assert_int_equal(stat(hint, &found), 0);
    assert_int_equal(found.st_mode & 0777, 0700);
    kit_path(world->dir, "missing/mount/dump.bin", hint);
    CHECK_STATUS(MG_ERR_IO, s_try_open(world, hint));
    assert_int_equal(world->why.error, ENOENT);
    assert_non_null(strstr(world->why.text, "missing/mount does not exist"));
    assert_non_null(strstr(world->why.text, "mkdir -p"));
}

static void
test_all_folders_of_a_relative_path_are_made(void **state)
{
    diskworld_t *world = *state;
    char home[KIT_PATH];
    assert_non_null(getcwd(home, sizeof home));
    assert_int_equal(chdir(world->dir), 0);
    mg_status_t status = s_try_open(world, "backend-services/generated/memory_dump.bin");
    struct stat found;
    int there = stat("backend-services/generated", &found);
    assert_int_equal(chdir(home), 0);
    CHECK_OK(status);
    assert_int_equal(there, 0);
}

static void
test_an_unusable_folder_says_what_mends_it(void **state)
{
    diskworld_t *world = *state;
    static const struct {
        int error;
        const char *advice;
    } rows[] = {
        {EACCES, "chown -R"}, {EROFS, "read-only file system"}, {EIO, "Input/output error"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fault_reset();
        fault_plan(FAULT_ACCESS, 1, 1, rows[i].error);
        CHECK_STATUS(MG_ERR_IO, s_try_open(world, world->hint));
        assert_non_null(strstr(world->why.text, world->dir));
        assert_non_null(strstr(world->why.text, rows[i].advice));
    }
    char file[KIT_PATH];
    char hint[KIT_PATH];
    kit_path(world->dir, "file", file);
    kit_write_file(file, "x", 1);
    kit_path(world->dir, "file/dump.bin", hint);
    CHECK_STATUS(MG_ERR_IO, s_try_open(world, hint));
    assert_non_null(strstr(world->why.text, "is a file"));
    CHECK_STATUS(MG_ERR_IO, s_try_open(world, "/dev/null"));
    assert_non_null(strstr(world->why.text, "/dev/null is a device"));
}

static void
test_the_lock_keeps_a_second_writer_out_and_names_the_first(void **state)
{
    diskworld_t *world = *state;
    mg_folder_t *second = NULL;
    CHECK_OK(mg_folder_lock(world->folder, &world->why));
    mg_folder_note_generation(world->folder, 42);
    CHECK_OK(mg_folder_open(&fault_io, world->hint, &diskworld_owner, &second, &world->why));
    CHECK_STATUS(MG_ERR_BUSY, mg_folder_lock(second, &world->why));
    assert_non_null(strstr(world->why.text, "instance=b0b1b2b3"));
    assert_non_null(strstr(world->why.text, "host=gateway-1.example.test"));
    assert_non_null(strstr(world->why.text, "generation=42"));
    mg_folder_destroy(&world->folder);
    CHECK_OK(mg_folder_lock(second, &world->why));
    mg_folder_destroy(&second);
    assert_int_equal(kit_count(world->dir, ".memory_dump.lock", NULL), 1); /* never removed */
}

static void
test_whoever_takes_the_lock_twice_does_not_stand_in_his_own_way(void **state)
{
    diskworld_t *world = *state;
    CHECK_OK(mg_folder_lock(world->folder, &world->why));
    CHECK_OK(mg_folder_lock(world->folder, &world->why));
    CHECK_OK(mg_folder_check_lock(world->folder, &world->why));
}

static void
test_leftovers_go_once_the_lock_is_held(void **state)
{
    diskworld_t *world = *state;
    char path[KIT_PATH];
    static const char *const names[] = {
        ".memory_dump-0000000007-deadbeef.tmp", ".other-0000000007-deadbeef.tmp",
        ".memory_dump-eu-0000000007-deadbeef.tmp", "memory_dump-x.tmp"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        kit_path(world->dir, names[i], path);
        kit_write_file(path, "x", 1);
    }
    fault_plan(FAULT_LOCK, 1, 1, EWOULDBLOCK);
    CHECK_STATUS(MG_ERR_BUSY, mg_folder_lock(world->folder, &world->why));
    assert_int_equal(kit_count(world->dir, ".memory_dump-", NULL), 2);
    CHECK_OK(mg_folder_lock(world->folder, &world->why));
    assert_int_equal(kit_count(world->dir, ".memory_dump-0", NULL), 0);
    assert_int_equal(kit_count(world->dir, ".memory_dump-eu-", NULL), 1); /* of another writer */
    assert_int_equal(kit_count(world->dir, ".other-", NULL), 1);
    assert_int_equal(kit_count(world->dir, "memory_dump-x", NULL), 1);
}

static void
test_a_full_name_belongs_to_one_stem(void **state)
{
    static const struct {
        const char *name;
        bool is_ours;
    } rows[] = {
        {"memory_dump-20261123T055238.123Z-0000000042.bin", true},
        {"memory_dump-20261123T055238.123Z-12345678901.bin", true},
        {"memory_dump-20250101T000000Z.bin", true}, /* Doorman's */
        {"memory_dump-renamed.bin", true},
        {"memory_dump-eu-20261123T055238.123Z-000000042.bin", true}, /* no full name: 9 digits */
        {"memory_dump-eu-20261123T055238Z-0000000042.bin", true},
        {"memory_dump-eu-20261123T055238.123Z-0000000042.bin", false},
        {"memory_dump-20261123T055238.123Z-0000000042-20261124T055238.123Z-0000000043.bin", false},
        {"memory_dump.orphan-deadbeef-20261123T055238.123Z-0000000042.bin", false},
        {"memory-20261123T055238.123Z-0000000042.bin", false},
        {"memory_dump-20261123T055238.123Z-0000000042.tmp", false},
    };
    diskworld_t *world = *state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char path[KIT_PATH];
        mg_dumpname_t *names = NULL;
        size_t count = 0;
        kit_path(world->dir, rows[i].name, path);
        kit_write_file(path, "x", 1);
        CHECK_OK(mg_folder_list(world->folder, &names, &count, &world->why));
        if (count != (size_t)rows[i].is_ours) {
            fail_msg("%s counts %zu times", rows[i].name, count);
        }
        free(names);
        assert_int_equal(unlink(path), 0);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_hint_is_a_folder_or_a_file),
        cmocka_unit_test_setup_teardown(test_only_the_last_folder_of_an_absolute_path_is_made,
                                        diskworld_setup, diskworld_teardown),
        cmocka_unit_test_setup_teardown(test_all_folders_of_a_relative_path_are_made,
                                        diskworld_setup, diskworld_teardown),
        cmocka_unit_test_setup_teardown(test_an_unusable_folder_says_what_mends_it, diskworld_setup,
                                        diskworld_teardown),
        cmocka_unit_test_setup_teardown(test_the_lock_keeps_a_second_writer_out_and_names_the_first,
                                        diskworld_setup, diskworld_teardown),
        cmocka_unit_test_setup_teardown(test_a_full_name_belongs_to_one_stem, diskworld_setup,
                                        diskworld_teardown),
        cmocka_unit_test_setup_teardown(
            test_whoever_takes_the_lock_twice_does_not_stand_in_his_own_way, diskworld_setup,
            diskworld_teardown),
        cmocka_unit_test_setup_teardown(test_leftovers_go_once_the_lock_is_held, diskworld_setup,
                                        diskworld_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
