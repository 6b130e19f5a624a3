/* The start-up table: which folder lets a process start, with what, and which does not. */
#include "core/dmp1.h"
#include "support/backend.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define OTHER_KEY "hex:0101010101010101010101010101010101010101010101010101010101010101"

/* Three dumps of the zebra "a": 1, 2, 3. */
static void
s_fill(backend_t *world)
{
    backend_expect(MG_OK, backend_restore(world, "", true));
    for (int i = 1; i <= 3; i++) {
        CHECK_OK(backend_write(world, "a", i));
        backend_expect(MG_OK, backend_dump(world, ""));
    }
}

struct start_case {
    int damaged; /* so many of the newest dumps */
    mg_restore_policy_t policy;
    bool require;
    uint64_t min_generation;
    mg_status_t expected;
    uint32_t exit_code;
    int64_t number; /* of "a" afterwards; -1: an empty start */
};

static void
test_policies_decide_what_damage_means(void **state)
{
    backend_t *world = *state;
    static const struct start_case cases[] = {
        {0, MG_RESTORE_STRICT, false, 0, MG_OK, 0, 3},
        {0, MG_RESTORE_FALLBACK, true, 3, MG_OK, 0, 3},
        {0, MG_RESTORE_FALLBACK, false, 4, MG_ERR_CONFLICT, 65, 0},
        {0, MG_RESTORE_EMPTY_OK, false, 4, MG_ERR_CONFLICT, 65, 0},
        {1, MG_RESTORE_FALLBACK, false, 0, MG_OK, 0, 2},
        {1, MG_RESTORE_FALLBACK, false, 2, MG_OK, 0, 2},
        {1, MG_RESTORE_FALLBACK, false, 3, MG_ERR_CONFLICT, 65, 0},
        {1, MG_RESTORE_STRICT, false, 0, MG_ERR_DUMP, 65, 0},
        {3, MG_RESTORE_FALLBACK, false, 0, MG_ERR_DUMP, 65, 0},
        {3, MG_RESTORE_EMPTY_OK, true, 0, MG_ERR_DUMP, 65, 0},
        {3, MG_RESTORE_EMPTY_OK, false, 0, MG_OK, 0, -1},
    };
    int damaged = 0;
    s_fill(world);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (; damaged < cases[i].damaged; damaged++) {
            backend_damage(world, (uint64_t)(3 - damaged));
        }
        backend_stop(world);
        world->config.dump.policy = (int)cases[i].policy;
        world->config.dump.require = cases[i].require;
        world->config.dump.min_generation = cases[i].min_generation;
        backend_start(world);
        Mg__DumpReply *reply = backend_restore(world, "", true);
        assert_int_equal(reply->status, cases[i].expected);
        assert_int_equal(reply->exit_code, cases[i].exit_code);
        assert_int_equal(reply->status == MG_ERR_CONFLICT,
                         reply->text && strstr(reply->text, "ROLLED_BACK") != NULL);
        backend_free(reply);
        if (cases[i].expected == MG_OK) {
            assert_int_equal(backend_number(world, "a"), cases[i].number);
        }
        assert_int_equal(backend_files(world), 3);
    }
}

static void
test_an_empty_folder_is_refused_where_a_dump_must_be(void **state)
{
    backend_t *world = *state;
    backend_stop(world);
    world->config.dump.require = true;
    backend_start(world);
    Mg__DumpReply *reply = backend_restore(world, "", true);
    assert_int_equal(reply->status, MG_ERR_NOT_FOUND);
    assert_int_equal(reply->exit_code, 66);
    assert_non_null(strstr(reply->text, world->dir));
    backend_free(reply);
    backend_stop(world);
    world->config.dump.require = false;
    world->config.dump.min_generation = 1;
    backend_start(world);
    reply = backend_restore(world, "", true);
    assert_int_equal(reply->exit_code, 65);
    backend_free(reply);
}

static void
test_a_rolled_back_dump_is_not_restored_while_serving_either(void **state)
{
    backend_t *world = *state;
    char name[KIT_PATH];
    s_fill(world);
    assert_int_equal(kit_count(world->dir, "memory_dump-", name), 3);
    backend_stop(world);
    world->config.dump.min_generation = 3;
    backend_start(world);
    backend_expect(MG_OK, backend_restore(world, "", true));
    Mg__ListRequest list = MG__LIST_REQUEST__INIT;
    Mg__DumpReply *reply = backend_ask(world, MG__DUMP_MESSAGE__BODY_LIST, &list);
    assert_string_equal(reply->list[0]->chain, "ok");
    assert_string_equal(reply->list[2]->chain, "first");
    backend_expect(MG_ERR_CONFLICT, backend_restore(world, reply->list[1]->path, false));
    backend_free(reply);
    assert_int_equal(backend_number(world, "a"), 3);
    CHECK_OK(backend_write(world, "a", 4)); /* not frozen */
}

static void
test_a_previous_key_reads_and_the_next_dump_is_under_the_current(void **state)
{
    backend_t *world = *state;
    s_fill(world);
    backend_stop(world);
    world->config.dump.secret = OTHER_KEY;
    world->config.dump.previous = "some other passphrase\n" KIT_RAW_KEY "\r\n";
    backend_start(world);
    backend_expect(MG_OK, backend_restore(world, "", true));
    assert_int_equal(backend_number(world, "a"), 3);
    Mg__Event *event = backend_await(world->events, MG__EVENT__BODY_DUMP_DONE); /* by itself */
    assert_int_equal(event->dump_done->generation, 4);
    assert_int_equal(event->dump_done->trigger, MG__TRIGGER__TRIGGER_REKEY);
    mg__event__free_unpacked(event, NULL);
    backend_stop(world);
    world->config.dump.previous = NULL;
    backend_start(world);
    backend_expect(MG_OK, backend_restore(world, "", true));
    assert_int_equal(backend_number(world, "a"), 3);
    Mg__DumpReply *reply = backend_dump(world, "");
    assert_int_equal(reply->dump->generation, 5);
    backend_free(reply);
}

/* The Doorman dump of the vectors, under its own passphrase. */
static void
s_place_doorman(backend_t *world, const char *name, char path[KIT_PATH])
{
    mg_buf_t file = kit_vector("dmp1-small.bin");
    kit_path(world->dir, name, path);
    kit_write_file(path, file.data, file.len);
    mg_buf_free(&file);
}

static void
test_a_doorman_dump_begins_a_new_store_with_a_dump_of_its_own(void **state)
{
    backend_t *world = *state;
    char path[KIT_PATH];
    s_place_doorman(world, "memory_dump-20260102T030405Z.bin", path);
    backend_stop(world);
    world->config.dump.previous = KIT_PASSPHRASE;
    world->config.dump.import_max_mib = 1;
    backend_start(world);
    Mg__DumpReply *reply = backend_restore(world, "", true);
    assert_int_equal(reply->status, MG_OK);
    assert_int_equal(reply->restore->imported->keys_escaped, 6);
    assert_int_equal(reply->restore->imported->decimal128, 2);
    assert_string_equal(reply->restore->dump->path, path);
    backend_free(reply);
    Mg__Event *event = backend_await(world->events, MG__EVENT__BODY_DUMP_DONE); /* by itself */
    assert_int_equal(event->dump_done->trigger, MG__TRIGGER__TRIGGER_IMPORT);
    assert_int_equal(event->dump_done->generation, 1);
    assert_int_equal(event->dump_done->timeline, 1);
    mg__event__free_unpacked(event, NULL);
    assert_int_equal(backend_count(world, "settings"), 2); /* the vector's and our own */
    backend_stop(world);
    world->config.dump.previous = NULL;
    world->config.dump.import_max_mib = 0; /* not read any more */
    backend_start(world);
    reply = backend_restore(world, "", true);
    assert_int_equal(reply->status, MG_OK);
    assert_null(reply->restore->imported);
    backend_free(reply);
    assert_int_equal(backend_count(world, "settings"), 2);
    assert_int_equal(backend_files(world), 2);
}

static void
test_a_doorman_dump_while_serving_continues_the_chain(void **state)
{
    backend_t *world = *state;
    char path[KIT_PATH];
    uint8_t key[MG_AEAD_KEY];
    mg_buf_t file = kit_vector("dmp1-small.bin");
    mg_dmp1_key(mg_slice_text(KIT_PASSPHRASE), mg_buf_slice(&file), key);
    mg_buf_free(&file);
    backend_stop(world);
    world->config.dump.import_max_mib = 1;
    backend_start(world);
    s_fill(world);
    backend_stop(world);
    world->config.dump.min_generation = 3;
    backend_start(world);
    backend_expect(MG_OK, backend_restore(world, "", true));
    s_place_doorman(world, "old.bin", path);
    Mg__RestoreRequest request = MG__RESTORE_REQUEST__INIT;
    request.trigger = MG__TRIGGER__TRIGGER_CONTROL;
    request.path = path;
    backend_expect(MG_ERR_DUMP, backend_ask(world, MG__DUMP_MESSAGE__BODY_RESTORE, &request));
    assert_int_equal(backend_number(world, "a"), 3);
    request.import_key = (ProtobufCBinaryData){sizeof key, key};
    backend_expect(MG_ERR_CONFLICT, backend_ask(world, MG__DUMP_MESSAGE__BODY_RESTORE, &request));
    request.import = true; /* asked for by name: no generation is demanded of it */
    Mg__DumpReply *reply = backend_ask(world, MG__DUMP_MESSAGE__BODY_RESTORE, &request);
    assert_int_equal(reply->status, MG_OK);
    assert_int_equal(reply->restore->imported->int_text, 1);
    assert_int_equal(reply->restore->before->generation, 4);
    assert_int_equal(reply->restore->after->generation, 5);
    assert_int_equal(reply->restore->after->timeline, 2);
    assert_int_equal(reply->restore->after->trigger, MG__TRIGGER__TRIGGER_IMPORT);
    backend_free(reply);
    assert_int_equal(backend_number(world, "a"), -1);
    Mg__ListRequest list = MG__LIST_REQUEST__INIT;
    reply = backend_ask(world, MG__DUMP_MESSAGE__BODY_LIST, &list);
    assert_string_equal(reply->list[0]->chain, "ok");
    backend_free(reply);
}

static void
test_only_dumps_that_were_proven_let_older_ones_go(void **state)
{
    backend_t *world = *state;
    backend_stop(world);
    world->config.dump.keep = 3;
    backend_start(world);
    s_fill(world);
    backend_damage(world, 2);
    backend_restart(world);
    backend_expect(MG_OK, backend_restore(world, "", true));
    for (int i = 0; i < 4; i++) {
        backend_expect(MG_OK, backend_dump(world, ""));
    }
    assert_int_equal(backend_files(world), 3); /* header and footer of the damaged one are good: it
                                                  went with its turn */
    backend_stop(world);
    world->config.dump.verify = MG_VERIFY_FOOTER;
    backend_start(world);
    backend_expect(MG_OK, backend_restore(world, "", true));
    for (int i = 0; i < 4; i++) {
        backend_expect(MG_OK, backend_dump(world, ""));
    }
    assert_int_equal(backend_files(world), 7);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_policies_decide_what_damage_means, backend_setup,
                                        backend_teardown),
        cmocka_unit_test_setup_teardown(test_an_empty_folder_is_refused_where_a_dump_must_be,
                                        backend_setup, backend_teardown),
        cmocka_unit_test_setup_teardown(
            test_a_rolled_back_dump_is_not_restored_while_serving_either, backend_setup,
            backend_teardown),
        cmocka_unit_test_setup_teardown(
            test_a_previous_key_reads_and_the_next_dump_is_under_the_current, backend_setup,
            backend_teardown),
        cmocka_unit_test_setup_teardown(
            test_a_doorman_dump_begins_a_new_store_with_a_dump_of_its_own, backend_setup,
            backend_teardown),
        cmocka_unit_test_setup_teardown(test_a_doorman_dump_while_serving_continues_the_chain,
                                        backend_setup, backend_teardown),
        cmocka_unit_test_setup_teardown(test_only_dumps_that_were_proven_let_older_ones_go,
                                        backend_setup, backend_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
