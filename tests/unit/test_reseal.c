/* Sealing a dump anew: what is kept, what is not, and that a failure at any call leaves a whole dump under one key or the other. */
#include "core/filesource.h"
#include "core/reseal.h"
#include "support/check.h"
#include "support/dumpkit.h"
#include "support/faultio.h"
#include "support/tempdir.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME      "memory_dump-20261123T052240.123Z-0000000042.bin"
#define OTHER_KEY "hex:0101010101010101010101010101010101010101010101010101010101010101"

enum { NOW = 1795413200 };

typedef struct world {
    char dir[KIT_PATH];
    char file[KIT_PATH];
    mg_folder_t *folder;
    mg_buf_t old;
} world_t;

static int
s_setup(void **state)
{
    static const mg_folder_owner_t owner = {.instance_id = {7}, .host = "here"};
    char hint[KIT_PATH];
    mg_fault_t why = {0};
    world_t *world = calloc(1, sizeof *world);
    kit_tempdir_make(world->dir);
    kit_path(world->dir, NAME, world->file);
    kit_path(world->dir, "memory_dump.bin", hint);
    world->old = kit_vector("mgd1-v1-state.bin");
    kit_write_file(world->file, world->old.data, world->old.len);
    fault_reset();
    CHECK_OK(mg_folder_open(&fault_io, hint, &owner, &world->folder, &why));
    CHECK_OK(mg_folder_lock(world->folder, &why));
    *state = world;
    return 0;
}

static int
s_teardown(void **state)
{
    world_t *world = *state;
    fault_reset();
    mg_folder_destroy(&world->folder);
    kit_tempdir_remove(world->dir);
    mg_buf_free(&world->old);
    free(world);
    return 0;
}

/* The new key, and the old one for reading. */
static mg_keyring_t *
s_ring(const char *current, const char *previous)
{
    const char *why = NULL;
    mg_secret_t *secret = NULL;
    mg_keyring_t *ring = kit_keyring(current);
    if (previous) {
        CHECK_OK(mg_secret_new(mg_slice_text(previous), &secret, &why));
        CHECK_OK(mg_keyring_add(ring, &secret));
    }
    return ring;
}

static mg_outcome_t
s_reseal(world_t *world,
         const char *current,
         const char *previous,
         mg_resealed_t *out,
         mg_verdict_t *why)
{
    mg_keyring_t *ring = s_ring(current, previous);
    mg_reseal_t job = {.folder = world->folder,
                       .name = NAME,
                       .keyring = ring,
                       .kdf_max_kib = MG_KDF_MAX_KIB,
                       .now_ns = NOW};
    mg_outcome_t outcome = mg_reseal_run(&job, out, why);
    mg_keyring_destroy(&ring);
    return outcome;
}

/* What is in the file's place now; the caller frees it. */
static mg_buf_t
s_content(const world_t *world)
{
    mg_buf_t content = {0};
    FILE *from = fopen(world->file, "rb");
    assert_non_null(from);
    uint8_t *at = mg_buf_extend(&content, 1 << 16);
    content.len = fread(at, 1, 1 << 16, from);
    (void)fclose(from);
    return content;
}

static mg_outcome_t
s_collect(void *arg, const mg_record_t *record, mg_verdict_t *why)
{
    (void)why;
    mg_record_encode(record, arg);
    return MG_OUTCOME_OK;
}

/* The payload of a file, as this key reads it; empty when it does not. */
static mg_buf_t
s_payload(mg_slice_t file, const char *key)
{
    mg_verdict_t why;
    mg_buf_t payload = {0};
    mg_keyring_t *ring = kit_keyring(key);
    mg_dumpreader_options_t options = {
        .keyring = ring, .kdf_max_kib = MG_KDF_MAX_KIB, .on_record = s_collect, .arg = &payload};
    if (kit_verify_with(file, options, &why) != MG_OUTCOME_OK) {
        payload.len = 0;
    }
    mg_keyring_destroy(&ring);
    return payload;
}

/* Whole, with the payload of before, under the old or the new key; returns which. */
static bool
s_expect_whole(const world_t *world, const char *key)
{
    mg_buf_t now = s_content(world);
    bool is_new = !mg_slice_equal(mg_buf_slice(&now), mg_buf_slice(&world->old));
    mg_buf_t expected = kit_vector("mgd1-v1-state.payload");
    mg_buf_t payload = s_payload(mg_buf_slice(&now), is_new ? key : KIT_PASSPHRASE);
    assert_true(mg_slice_equal(mg_buf_slice(&payload), mg_buf_slice(&expected)));
    mg_buf_free(&payload);
    mg_buf_free(&expected);
    mg_buf_free(&now);
    return is_new;
}

static void
test_header_is_kept_but_for_the_seal(void **state)
{
    world_t *world = *state;
    mg_verdict_t why;
    mg_resealed_t result = {0};
    assert_int_equal(s_reseal(world, OTHER_KEY, KIT_PASSPHRASE, &result, &why), MG_OUTCOME_OK);
    assert_false(result.was_current);
    assert_true(s_expect_whole(world, OTHER_KEY));
    const mg_dumpheader_t *a = &result.before;
    const mg_dumpheader_t *b = &result.after;
    assert_int_equal(b->trigger, MG_TRIGGER_REKEY);
    assert_int_equal(b->kdf.kdf, MG_KDF_RAW);
    assert_true(b->has_resealed_from);
    assert_memory_not_equal(a->file_salt, b->file_salt, sizeof a->file_salt);
    assert_memory_not_equal(a->key_id, b->key_id, sizeof a->key_id);
    assert_memory_equal(a->store_id, b->store_id, sizeof a->store_id);
    assert_memory_equal(a->instance_id, b->instance_id, sizeof a->instance_id);
    assert_memory_equal(a->parent_check, b->parent_check, sizeof a->parent_check);
    assert_int_equal(a->generation, b->generation);
    assert_int_equal(a->snapshot_version, b->snapshot_version);
    assert_int_equal(a->created_at, b->created_at);
    assert_int_equal(a->timeline, b->timeline);
    assert_int_equal(a->informative, b->informative);
    assert_int_equal(a->parent_generation, b->parent_generation);
    assert_string_equal(a->requester, b->requester);
    assert_string_equal(a->host, b->host);
    mg_buf_t once = s_content(world);
    assert_int_equal(s_reseal(world, OTHER_KEY, KIT_PASSPHRASE, &result, &why), MG_OUTCOME_OK);
    assert_true(result.was_current);
    mg_buf_t twice = s_content(world);
    assert_true(mg_slice_equal(mg_buf_slice(&once), mg_buf_slice(&twice)));
    mg_buf_free(&once);
    mg_buf_free(&twice);
    assert_int_equal(s_reseal(world, KIT_PASSPHRASE, OTHER_KEY, &result, &why), MG_OUTCOME_OK);
    assert_true(s_expect_whole(world, KIT_PASSPHRASE)); /* and back, under new salts */
}

static void
test_what_can_not_be_read_is_left_alone(void **state)
{
    world_t *world = *state;
    mg_verdict_t why;
    mg_resealed_t result = {0};
    assert_int_equal(s_reseal(world, OTHER_KEY, NULL, &result, &why), MG_OUTCOME_WRONG_KEY);
    assert_false(s_expect_whole(world, OTHER_KEY));
    for (size_t at = 0; at < world->old.len; at += 97) {
        world->old.data[at] ^= 4;
        kit_write_file(world->file, world->old.data, world->old.len);
        assert_int_not_equal(s_reseal(world, OTHER_KEY, KIT_PASSPHRASE, &result, &why),
                             MG_OUTCOME_OK);
        mg_buf_t now = s_content(world);
        assert_true(mg_slice_equal(mg_buf_slice(&now), mg_buf_slice(&world->old)));
        mg_buf_free(&now);
        world->old.data[at] ^= 4;
    }
    assert_int_equal(kit_count(world->dir, ".memory_dump-", NULL), 0);
}

static void
test_memory_that_changes_data_is_noticed_before_the_old_file_goes(void **state)
{
    world_t *world = *state;
    mg_verdict_t why;
    mg_resealed_t result = {0};
    fault_flip_bits(1);
    assert_int_equal(s_reseal(world, OTHER_KEY, KIT_PASSPHRASE, &result, &why),
                     MG_OUTCOME_VERIFY_FAILED);
    assert_false(s_expect_whole(world, OTHER_KEY));
    fault_swallow_writes();
    assert_int_not_equal(s_reseal(world, OTHER_KEY, KIT_PASSPHRASE, &result, &why), MG_OUTCOME_OK);
    assert_false(s_expect_whole(world, OTHER_KEY));
}

/* Seals with the `nth` call failing with its errno number `which`; false when there is no such call. */
static bool
s_fail_once(world_t *world, int nth, size_t which, int *failed)
{
    mg_verdict_t why;
    mg_resealed_t result = {0};
    char left[KIT_PATH] = "";
    char path[KIT_PATH];
    kit_write_file(world->file, world->old.data, world->old.len);
    fault_plan_any(nth, 1, which);
    mg_outcome_t outcome = s_reseal(world, OTHER_KEY, KIT_PASSPHRASE, &result, &why);
    bool reached = fault_was_reached();
    fault_reset();
    bool is_new = s_expect_whole(world, OTHER_KEY);
    assert_true(is_new || outcome != MG_OUTCOME_OK);
    assert_int_equal(kit_count(world->dir, "memory_dump-", NULL), 1);
    if (kit_count(world->dir, ".memory_dump-", left)) { /* the unlink was what failed */
        kit_path(world->dir, left, path);
        assert_int_equal(unlink(path), 0);
    }
    *failed += outcome != MG_OUTCOME_OK;
    return reached;
}

static void
test_any_call_may_fail(void **state)
{
    world_t *world = *state;
    int failed = 0;
    for (size_t which = 0; which < 3; which++) {
        for (int nth = 1; s_fail_once(world, nth, which, &failed); nth++) {
        }
    }
    assert_true(failed >= 20);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_header_is_kept_but_for_the_seal, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_what_can_not_be_read_is_left_alone, s_setup,
                                        s_teardown),
        cmocka_unit_test_setup_teardown(
            test_memory_that_changes_data_is_noticed_before_the_old_file_goes, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_any_call_may_fail, s_setup, s_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
