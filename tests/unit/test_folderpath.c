/* Paths from clients stay below the folder. */
#include "support/diskworld.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct path_case {
    const char *path;
    mg_status_t expected;
    const char *relative;
};

static const struct path_case s_paths[] = {
    {"a", MG_OK, "a"},
    {"a/b c/d-1_.bin", MG_OK, "a/b c/d-1_.bin"},
    {"a/", MG_OK, "a/"},
    {"1/2/3/4/5/6/7/8", MG_OK, "1/2/3/4/5/6/7/8"},
    {"1/2/3/4/5/6/7/8/9", MG_ERR_INVALID, NULL},
    {"", MG_ERR_INVALID, NULL},
    {".", MG_ERR_INVALID, NULL},
    {"..", MG_ERR_INVALID, NULL},
    {"a/../b", MG_ERR_INVALID, NULL},
    {"a/./b", MG_ERR_INVALID, NULL},
    {".hidden", MG_ERR_INVALID, NULL},
    {"a//b", MG_ERR_INVALID, NULL},
    {"a\nb", MG_ERR_INVALID, NULL},
    {"a\\b", MG_ERR_INVALID, NULL},
    {"%2e%2e/a", MG_ERR_INVALID, NULL},
    {"/etc/passwd", MG_ERR_INVALID, NULL},
};

static void
test_client_paths_stay_below_the_folder(void **state)
{
    diskworld_t *world = *state;
    char out[MG_CLIENT_PATH_MAX + 1];
    for (size_t i = 0; i < sizeof s_paths / sizeof s_paths[0]; i++) {
        CHECK_STATUS(s_paths[i].expected,
                     mg_folderpath_check(world->folder, s_paths[i].path, out, &world->why));
        if (s_paths[i].relative) {
            assert_string_equal(out, s_paths[i].relative);
        }
    }
    char path[KIT_PATH];
    kit_path(world->dir, "sub/x.bin", path);
    CHECK_OK(mg_folderpath_check(world->folder, path, out, &world->why));
    assert_string_equal(out, "sub/x.bin");
    CHECK_OK(mg_folderpath_check(world->folder, world->dir, out, &world->why));
    assert_string_equal(out, "");
    char sibling[KIT_PATH + 16];
    (void)snprintf(sibling, sizeof sibling, "%s-sibling/x", world->dir);
    CHECK_STATUS(MG_ERR_INVALID, mg_folderpath_check(world->folder, sibling, out, &world->why));
    char longest[MG_CLIENT_PATH_MAX + 2];
    memset(longest, 'a', sizeof longest);
    longest[sizeof longest - 1] = 0;
    CHECK_STATUS(MG_ERR_INVALID, mg_folderpath_check(world->folder, longest, out, &world->why));
    longest[256] = 0;
    CHECK_STATUS(MG_ERR_INVALID, mg_folderpath_check(world->folder, longest, out, &world->why));
}

/* The same with openat2, and with a kernel or seccomp profile that has none. */
static void
s_check_confinement(diskworld_t *world)
{
    char path[KIT_PATH];
    int fd = -1;
    kit_path(world->dir, "inside", path);
    (void)mkdir(path, 0700);
    kit_path(world->dir, "inside/x.bin", path);
    kit_write_file(path, "x", 1);
    CHECK_OK(mg_folderpath_open_file(world->folder, "inside/x.bin", &fd, &world->why));
    assert_int_equal(close(fd), 0);
    fd = -1;
    kit_path(world->dir, "out", path);
    (void)symlink("/", path);
    kit_path(world->dir, "inside/link.bin", path);
    (void)symlink("x.bin", path);
    kit_path(world->dir, "inside/pipe.bin", path);
    (void)mkfifo(path, 0600);
    static const char *const refused[] = {"out/etc/passwd", "inside/link.bin", "inside/pipe.bin",
                                          "inside",         "inside/none",     "inside/x.bin/y"};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        CHECK_STATUS(MG_ERR_NOT_FOUND,
                     mg_folderpath_open_file(world->folder, refused[i], &fd, &world->why));
        assert_string_equal(world->why.text, "there is no dump at this path below the dump folder");
        assert_int_equal(fd, -1);
    }
    mg_folder_t *sub = NULL;
    CHECK_STATUS(MG_ERR_NOT_FOUND,
                 mg_folderpath_open_folder(world->folder, "out/tmp/x", false, &sub, &world->why));
    assert_null(sub);
}

static void
test_links_and_devices_lead_nowhere(void **state)
{
    diskworld_t *world = *state;
    s_check_confinement(world);
    static const int without_openat2[] = {ENOSYS, EPERM, EINVAL};
    for (size_t i = 0; i < sizeof without_openat2 / sizeof without_openat2[0]; i++) {
        fault_plan(FAULT_OPEN_BENEATH, 1, 1000, without_openat2[i]);
        s_check_confinement(world);
    }
}

static void
test_a_client_path_names_a_folder_or_a_file(void **state)
{
    diskworld_t *world = *state;
    static const struct {
        const char *path;
        bool make_dir;
        mg_status_t expected;
        const char *below; /* the dump folder */
        const char *stem;
    } rows[] = {
        {"sub", false, MG_OK, "", "sub"}, /* nothing of that name: a file in the folder itself */
        {"sub/", false, MG_ERR_NOT_FOUND, NULL, NULL},
        {"sub/", true, MG_OK, "/sub", MG_STEM_DEFAULT},
        {"sub", false, MG_OK, "/sub", MG_STEM_DEFAULT}, /* now it is one */
        {"sub/state.bin", false, MG_OK, "/sub", "state"},
        {"sub/deeper/state.bin", true, MG_ERR_NOT_FOUND, NULL, NULL}, /* one level only */
        {"backup.bin", false, MG_OK, "", "backup"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        mg_folder_t *sub = NULL;
        CHECK_STATUS(rows[i].expected,
                     mg_folderpath_open_folder(world->folder, rows[i].path, rows[i].make_dir, &sub,
                                               &world->why));
        if (rows[i].below) {
            char shown[KIT_PATH];
            (void)snprintf(shown, sizeof shown, "%s%s", world->dir, rows[i].below);
            assert_string_equal(mg_folder_path(sub), shown);
            assert_string_equal(mg_folder_stem(sub), rows[i].stem);
        }
        mg_folder_destroy(&sub);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_client_paths_stay_below_the_folder, diskworld_setup,
                                        diskworld_teardown),
        cmocka_unit_test_setup_teardown(test_links_and_devices_lead_nowhere, diskworld_setup,
                                        diskworld_teardown),
        cmocka_unit_test_setup_teardown(test_a_client_path_names_a_folder_or_a_file,
                                        diskworld_setup, diskworld_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
