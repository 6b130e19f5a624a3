/* The dump folder on a disk that works and on one that does not. */
#include "core/candidates.h"
#include "core/dumpfile.h"
#include "core/folderpath.h"
#include "support/check.h"
#include "support/dumpkit.h"
#include "support/faultio.h"
#include "support/tempdir.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const mg_folder_owner_t s_owner = {.instance_id = {0xb0, 0xb1, 0xb2, 0xb3},
                                          .host = "gateway-1.example.test",
                                          .started_ns = 1795413158123456789};

/* One folder per test. */
struct world {
    char dir[KIT_PATH];
    char hint[KIT_PATH];
    mg_folder_t *folder;
    mg_fault_t why;
};

static int
s_setup(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    fault_reset();
    kit_tempdir_make(world->dir);
    kit_path(world->dir, "memory_dump.bin", world->hint);
    CHECK_OK(mg_folder_open(&fault_io, world->hint, &s_owner, &world->folder, &world->why));
    *state = world;
    return 0;
}

static int
s_teardown(void **state)
{
    struct world *world = *state;
    mg_folder_destroy(&world->folder);
    kit_tempdir_remove(world->dir);
    free(world);
    return 0;
}

/* Opens `hint` anew and says with which sentence it failed. */
static mg_status_t
s_try_open(struct world *world, const char *hint)
{
    mg_folder_t *folder = NULL;
    mg_status_t status = mg_folder_open(&fault_io, hint, &s_owner, &folder, &world->why);
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
    struct world *world = *state;
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
    struct world *world = *state;
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
    struct world *world = *state;
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
    struct world *world = *state;
    mg_folder_t *second = NULL;
    CHECK_OK(mg_folder_lock(world->folder, &world->why));
    mg_folder_note_generation(world->folder, 42);
    CHECK_OK(mg_folder_open(&fault_io, world->hint, &s_owner, &second, &world->why));
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
test_leftovers_go_once_the_lock_is_held(void **state)
{
    struct world *world = *state;
    char path[KIT_PATH];
    static const char *const names[] = {".memory_dump-0000000007-deadbeef.tmp",
                                        ".other-0000000007-deadbeef.tmp", "memory_dump-x.tmp"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        kit_path(world->dir, names[i], path);
        kit_write_file(path, "x", 1);
    }
    fault_plan(FAULT_LOCK, 1, 1, EWOULDBLOCK);
    CHECK_STATUS(MG_ERR_BUSY, mg_folder_lock(world->folder, &world->why));
    assert_int_equal(kit_count(world->dir, ".memory_dump-", NULL), 1);
    CHECK_OK(mg_folder_lock(world->folder, &world->why));
    assert_int_equal(kit_count(world->dir, ".memory_dump-", NULL), 0);
    assert_int_equal(kit_count(world->dir, ".other-", NULL), 1);
    assert_int_equal(kit_count(world->dir, "memory_dump-x", NULL), 1);
}

/* Writes the sealed bytes of `dump` as the folder's next file; the fault is in world->why. */
static mg_status_t
s_publish(struct world *world, mg_dumpheader_t header, mg_dumpname_t *out_name)
{
    kit_dump_t dump = kit_opaque(mg_slice("payload", 7));
    uint8_t salt = (uint8_t)header.generation;
    header.file_salt[0] = salt;
    dump.header = header;
    mg_buf_t bytes = kit_seal(&dump);
    mg_dumpfile_t *file = NULL;
    mg_status_t status =
        mg_dumpfile_create(world->folder, header.generation, bytes.len, &file, &world->why);
    if (status == MG_OK) {
        mg_sink_t sink = mg_dumpfile_sink(file);
        status = sink.write(sink.arg, mg_buf_slice(&bytes));
        world->why = status == MG_OK ? world->why : *mg_dumpfile_fault(file);
    }
    if (status == MG_OK) {
        status = mg_dumpfile_sync(file, &world->why);
    }
    if (status == MG_OK) {
        mg_folder_name(world->folder, header.created_at, header.generation, out_name);
        status = mg_dumpfile_publish(file, out_name, &world->why);
    }
    mg_dumpfile_destroy(&file);
    mg_buf_free(&bytes);
    return status;
}

static void
test_a_dump_is_synced_before_it_has_its_name(void **state)
{
    struct world *world = *state;
    mg_dumpname_t name;
    char only[KIT_PATH];
    fault_short_writes(100);
    CHECK_OK(s_publish(world, kit_header(), &name));
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
    struct world *world = *state;
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
        CHECK_STATUS(MG_ERR_IO, s_publish(world, kit_header(), &name));
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
    struct world *world = *state;
    mg_dumpname_t name;
    fault_plan(FAULT_WRITE, 1, 1, EINTR);
    fault_plan(FAULT_FALLOCATE, 1, 1, EOPNOTSUPP);
    CHECK_OK(s_publish(world, kit_header(), &name));
}

static void
test_a_folder_that_cannot_be_synced_is_told_only_when_it_failed(void **state)
{
    struct world *world = *state;
    mg_dumpname_t name;
    mg_dumpheader_t header = kit_header();
    fault_plan(FAULT_FSYNC, 2, 1, EINVAL); /* the file system has no such thing */
    CHECK_OK(s_publish(world, header, &name));
    header.generation++;
    fault_reset();
    fault_plan(FAULT_FSYNC, 2, 1, EIO);
    CHECK_STATUS(MG_ERR_UNSURE, s_publish(world, header, &name));
    assert_int_equal(kit_count(world->dir, "memory_dump-", NULL),
                     2); /* it has its name, it may lose it */
}

static void
test_names_are_given_without_overwriting_on_every_file_system(void **state)
{
    struct world *world = *state;
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
            CHECK_STATUS(again ? MG_ERR_EXISTS : MG_OK, s_publish(world, header, &name));
        }
        assert_int_equal(kit_count(world->dir, ".memory_dump-", NULL), 0);
    }
    assert_int_equal(kit_count(world->dir, "memory_dump-", NULL), 5);
}

static void
test_a_lost_reply_is_recognised_by_the_inode(void **state)
{
    struct world *world = *state;
    mg_dumpname_t name;
    mg_dumpheader_t header = kit_header();
    fault_plan(FAULT_RENAME_NEW, 1, 1, ENOENT);
    fault_lose_reply();
    CHECK_OK(s_publish(world, header, &name));
    header.generation++;
    fault_reset();
    fault_plan(FAULT_RENAME_NEW, 1, 1, EINVAL);
    fault_plan(FAULT_LINK, 1, 1, EEXIST);
    CHECK_STATUS(MG_ERR_IO,
                 s_publish(world, header, &name)); /* EEXIST and yet nothing there: not settled */
    header.generation++;
    fault_reset();
    fault_plan(FAULT_RENAME_NEW, 1, 1, ENOSYS);
    fault_plan(FAULT_LINK, 1, 1, EEXIST);
    fault_lose_reply(); /* renameat2 fails and yet happens: the link then meets our own file */
    CHECK_OK(s_publish(world, header, &name));
    assert_int_equal(kit_count(world->dir, "memory_dump-", NULL), 2);
}

static void
test_what_was_written_is_read_back_by_name(void **state)
{
    struct world *world = *state;
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

static void
s_put_file(const struct world *world, const char *name, const void *bytes, size_t len)
{
    char path[KIT_PATH];
    kit_path(world->dir, name, path);
    kit_write_file(path, bytes, len);
}

static void
test_candidates_are_ordered_by_what_headers_prove(void **state)
{
    struct world *world = *state;
    static const struct {
        uint64_t generation;
        uint32_t timeline;
    } dumps[] = {{7, 1}, {9, 1}, {8, 1}, {3, 2}};
    mg_dumpname_t name;
    for (size_t i = 0; i < sizeof dumps / sizeof dumps[0]; i++) {
        mg_dumpheader_t header = kit_header();
        header.generation = dumps[i].generation;
        header.timeline = dumps[i].timeline;
        header.created_at -= (int64_t)i * 86400000000000; /* the clock ran backwards: names lie */
        CHECK_OK(s_publish(world, header, &name));
    }
    mg_buf_t foreign = kit_vector("mgd1-v1.bin");
    s_put_file(world, "memory_dump-zz-foreign.bin", foreign.data, foreign.len);
    mg_buf_free(&foreign);
    mg_buf_t doorman = kit_vector("dmp1-small.bin");
    s_put_file(world, "memory_dump-zz-doorman.bin", doorman.data, doorman.len);
    mg_buf_free(&doorman);
    s_put_file(world, "memory_dump-zz-noise.bin", "noise", 5);
    s_put_file(world, "other-20261123T055238.123Z-0000000001.bin", "noise", 5);
    char link[KIT_PATH];
    kit_path(world->dir, "memory_dump-zz-link.bin", link);
    assert_int_equal(symlink(name.text, link), 0);
    kit_path(world->dir, "memory_dump-zz-folder.bin", link);
    assert_int_equal(mkdir(link, 0700), 0);
    kit_path(world->dir, "memory_dump-zz-pipe.bin", link);
    assert_int_equal(mkfifo(link, 0600), 0);

    mg_keyring_t *ring = kit_keyring(KIT_RAW_KEY);
    mg_candidates_t found;
    mg_candidates_keys_t keys = {
        .keyring = ring, .kdf_max_kib = MG_KDF_MAX_KIB, .derivations = MG_KEYRING_DERIVATIONS};
    CHECK_OK(mg_candidates_scan(world->folder, &keys, &found, &world->why));
    static const uint64_t order[] = {3, 9, 8, 7};
    assert_int_equal(found.count, 7);
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        assert_true(found.items[i].authenticated);
        assert_int_equal(found.items[i].header.generation, order[i]);
        assert_true(found.items[i].has_footer);
        assert_int_equal(found.items[i].footer.document_count, 2);
    }
    assert_int_equal(found.items[4].verdict.outcome, MG_OUTCOME_NOT_A_DUMP);
    assert_int_equal(found.items[5].verdict.outcome, MG_OUTCOME_WRONG_KEY);
    assert_true(found.items[5].has_header);
    assert_true(found.items[6].is_dmp1);
    assert_int_equal(mg_candidates_newest_generation(&found), 9);
    mg_candidates_free(&found);
    mg_keyring_destroy(&ring);
}

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
    struct world *world = *state;
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
s_check_confinement(struct world *world)
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
    struct world *world = *state;
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
    struct world *world = *state;
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
        cmocka_unit_test(test_a_hint_is_a_folder_or_a_file),
        cmocka_unit_test_setup_teardown(test_only_the_last_folder_of_an_absolute_path_is_made,
                                        s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_all_folders_of_a_relative_path_are_made, s_setup,
                                        s_teardown),
        cmocka_unit_test_setup_teardown(test_an_unusable_folder_says_what_mends_it, s_setup,
                                        s_teardown),
        cmocka_unit_test_setup_teardown(test_the_lock_keeps_a_second_writer_out_and_names_the_first,
                                        s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_leftovers_go_once_the_lock_is_held, s_setup,
                                        s_teardown),
        cmocka_unit_test_setup_teardown(test_a_dump_is_synced_before_it_has_its_name, s_setup,
                                        s_teardown),
        cmocka_unit_test_setup_teardown(test_every_failing_call_fails_the_dump_and_leaves_nothing,
                                        s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(
            test_an_interrupted_write_goes_on_and_a_missing_fallocate_is_no_failure, s_setup,
            s_teardown),
        cmocka_unit_test_setup_teardown(
            test_a_folder_that_cannot_be_synced_is_told_only_when_it_failed, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(
            test_names_are_given_without_overwriting_on_every_file_system, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_a_lost_reply_is_recognised_by_the_inode, s_setup,
                                        s_teardown),
        cmocka_unit_test_setup_teardown(test_what_was_written_is_read_back_by_name, s_setup,
                                        s_teardown),
        cmocka_unit_test_setup_teardown(test_candidates_are_ordered_by_what_headers_prove, s_setup,
                                        s_teardown),
        cmocka_unit_test_setup_teardown(test_client_paths_stay_below_the_folder, s_setup,
                                        s_teardown),
        cmocka_unit_test_setup_teardown(test_links_and_devices_lead_nowhere, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_a_client_path_names_a_folder_or_a_file, s_setup,
                                        s_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
