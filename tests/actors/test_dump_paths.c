/* Dumps to places that a client names. */
#include "support/backend.h"

#include <string.h>
#include <unistd.h>

static void
test_a_client_path_stays_below_the_folder(void **state)
{
    backend_t *world = *state;
    char sub[KIT_PATH];
    backend_expect(MG_OK, backend_restore(world, "", true));
    Mg__DumpReply *reply = backend_dump(world, "sub/");
    assert_int_equal(reply->status, MG_OK);
    assert_int_equal(access(reply->dump->path, R_OK), 0); /* what is told can be used as it is */
    backend_free(reply);
    kit_path(world->dir, "sub", sub);
    assert_int_equal(kit_count(sub, "memory_dump-", NULL), 1);
    assert_int_equal(backend_files(world), 0);
    backend_expect(
        MG_OK,
        backend_dump(world, world->dir)); /* the folder itself: its own lock is no hindrance */
    assert_int_equal(backend_files(world), 1);
    backend_expect(MG_ERR_INVALID, backend_dump(world, "/elsewhere/x.bin"));
    backend_expect(MG_ERR_INVALID, backend_dump(world, "a/../../x"));
    backend_stop(world);
    world->config.dump.http_paths = MG_PATHS_OFF;
    backend_start(world);
    backend_expect(MG_OK, backend_restore(world, "", true));
    backend_expect(MG_ERR_DENIED, backend_dump(world, "sub/"));
}

static void
test_a_path_as_told_can_be_given_back(void **state)
{
    backend_t *world = *state;
    static const char *const places[] = {"", "sub/", "copy.bin"};
    backend_expect(MG_OK, backend_restore(world, "", true));
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        CHECK_OK(backend_write(world, "a", (int)i));
        Mg__DumpReply *dump = backend_dump(world, places[i]);
        assert_int_equal(dump->status, MG_OK);
        assert_int_equal(dump->dump->path[0], '/');
        CHECK_OK(backend_write(world, "a", 99));
        Mg__DumpReply *restore = backend_restore(world, dump->dump->path, false);
        assert_int_equal(restore->status, MG_OK);
        assert_string_equal(restore->restore->dump->path, dump->dump->path);
        assert_int_equal(backend_number(world, "a"), i);
        backend_free(restore);
        backend_free(dump);
    }
}

/* Puts `text` where the lock's holder writes about itself. */
static void
s_write_lock(backend_t *world, const char *text)
{
    char path[KIT_PATH];
    kit_path(world->dir, ".memory_dump.lock", path);
    kit_write_file(path, text, strlen(text));
}

static uint64_t
s_next_generation(backend_t *world)
{
    backend_expect(MG_OK, backend_restore(world, "", true));
    Mg__DumpReply *reply = backend_dump(world, "");
    assert_int_equal(reply->status, MG_OK);
    uint64_t generation = reply->dump->generation;
    backend_free(reply);
    return generation;
}

static void
test_generations_of_dumps_elsewhere_are_never_used_again(void **state)
{
    backend_t *world = *state;
    assert_int_equal(s_next_generation(world), 1);
    backend_expect(MG_OK, backend_dump(world, "sub/"));
    backend_restart(world);
    assert_int_equal(s_next_generation(world), 3);
}

static void
test_a_note_that_can_not_be_true_does_not_count(void **state)
{
    backend_t *world = *state;
    assert_int_equal(s_next_generation(world), 1);
    backend_stop(world);
    s_write_lock(world, "instance=00 pid=1 generation=9223372036854775807 host=x\n");
    backend_start(world);
    assert_int_equal(s_next_generation(world), 2);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_client_path_stays_below_the_folder, backend_setup,
                                        backend_teardown),
        cmocka_unit_test_setup_teardown(test_a_path_as_told_can_be_given_back, backend_setup,
                                        backend_teardown),
        cmocka_unit_test_setup_teardown(test_generations_of_dumps_elsewhere_are_never_used_again,
                                        backend_setup, backend_teardown),
        cmocka_unit_test_setup_teardown(test_a_note_that_can_not_be_true_does_not_count,
                                        backend_setup, backend_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
