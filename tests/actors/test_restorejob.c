/* Choosing what to restore, by itself: how it is interrupted. */
#include "actors/restorejob.h"
#include "support/diskworld.h"

#include <errno.h>
#include <stdlib.h>

#define OTHER_KEY "hex:0101010101010101010101010101010101010101010101010101010101010101"

enum { CHUNKS = 5 };

/* Lets `left` turns pass, then says that memgate is to end. */
struct patience {
    int left;
    int asked;
    uint64_t bytes; /* at the last one */
};

static bool
s_turn(void *arg, const mg_progress_t *progress)
{
    struct patience *patience = arg;
    assert_true(progress->bytes > patience->bytes); /* each step gets on */
    patience->bytes = progress->bytes;
    patience->asked++;
    return patience->left-- > 0;
}

/* A whole dump of several chunks. */
static void
s_put_dump(const diskworld_t *world)
{
    char path[KIT_PATH];
    mg_dumpheader_t header = kit_header();
    size_t len = (size_t)CHUNKS * header.chunk_size;
    uint8_t *payload = calloc(1, len);
    kit_dump_t dump = kit_opaque(mg_slice(payload, len));
    mg_buf_t bytes = kit_seal(&dump);
    kit_path(world->dir, "memory_dump-20261123T055238.123Z-0000000042.bin", path);
    kit_write_file(path, bytes.data, bytes.len);
    mg_buf_free(&bytes);
    free(payload);
}

static mg_status_t
s_choose(diskworld_t *world, struct patience *patience, mg_restored_t *out)
{
    mg_candidates_t found = {0};
    mg_keyring_t *ring = kit_keyring(OTHER_KEY);
    mg_restorejob_t job = {.folder = world->folder,
                           .keyring = ring,
                           .kdf_max_kib = MG_KDF_MAX_KIB,
                           .turn = {s_turn, patience}};
    mg_candidates_keys_t keys = {.keyring = ring, .kdf_max_kib = MG_KDF_MAX_KIB};
    CHECK_OK(mg_candidates_scan(world->folder, &keys, &found, &world->why));
    mg_status_t status = mg_restorejob_newest(&job, &found, out, &world->why);
    mg_candidates_free(&found);
    mg_keyring_destroy(&ring);
    return status;
}

static void
test_a_dump_of_another_key_is_looked_through_between_turns(void **state)
{
    diskworld_t *world = *state;
    mg_restored_t restored;
    struct patience patience = {.left = 2 * CHUNKS};
    s_put_dump(world);
    assert_int_equal(s_choose(world, &patience, &restored), MG_ERR_DUMP);
    assert_int_equal(restored.exit_code, 77);
    assert_true(restored.unusable);
    assert_int_equal(patience.asked, CHUNKS);
}

static void
test_that_look_ends_when_memgate_does(void **state)
{
    diskworld_t *world = *state;
    mg_restored_t restored;
    struct patience patience = {.left = 1};
    s_put_dump(world);
    assert_int_equal(s_choose(world, &patience, &restored), MG_ERR_DUMP);
    assert_int_equal(world->why.error, ECANCELED);
    assert_int_equal(patience.asked, 2);
    assert_false(restored.unusable); /* the dump is not to blame */
    assert_int_equal(restored.skipped, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_dump_of_another_key_is_looked_through_between_turns,
                                        diskworld_setup, diskworld_teardown),
        cmocka_unit_test_setup_teardown(test_that_look_ends_when_memgate_does, diskworld_setup,
                                        diskworld_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
