/* What a folder holds, by what headers prove. */
#include "core/candidates.h"
#include "support/diskworld.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void
s_put_file(const diskworld_t *world, const char *name, const void *bytes, size_t len)
{
    char path[KIT_PATH];
    kit_path(world->dir, name, path);
    kit_write_file(path, bytes, len);
}

static void
test_candidates_are_ordered_by_what_headers_prove(void **state)
{
    diskworld_t *world = *state;
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
        CHECK_OK(diskworld_publish(world, header, &name));
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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_candidates_are_ordered_by_what_headers_prove,
                                        diskworld_setup, diskworld_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
