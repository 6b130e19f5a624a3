/* The dump actor by its messages, against the real state actor and real sealers. */
#include "actors/dump.h"
#include "actors/sealer.h"
#include "actors/stateask.h"
#include "core/document.h"
#include "messages/dump.pb-c.h"
#include "messages/event.pb-c.h"
#include "support/ask.h"
#include "support/dumpkit.h"
#include "support/faultio.h"
#include "support/tempdir.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { SEALERS = 2, WAIT_MS = 60000, BATCH = 200, BODY = 2000 };

/* A whole back end, and a folder of its own. */
struct world {
    char dir[KIT_PATH];
    char hint[KIT_PATH];
    _Atomic uint64_t version;
    mg_config_t config;
    zactor_t *state;
    zactor_t *sealer[SEALERS];
    zactor_t *dump;
    mg_link_t *link; /* to the dump actor */
    mg_link_t *tree; /* to the state actor */
    zsock_t *events;
};

static mg_status_t
s_start_dump(struct world *world, zactor_t **out)
{
    mg_dump_args_t args = {.config = &world->config, .io = &fault_io, .host = "host-1"};
    return mg_actor_start(&mg_dump_actor, &args, out);
}

static void
s_start(struct world *world)
{
    mg_state_args_t state_args = {.version = &world->version};
    mg_sealer_args_t sealer_args = {.idle = false};
    CHECK_OK(mg_actor_start(&mg_state_actor, &state_args, &world->state));
    CHECK_OK(s_start_dump(world, &world->dump));
    for (int i = 0; i < SEALERS; i++) {
        CHECK_OK(mg_actor_start(&mg_sealer_actor, &sealer_args, &world->sealer[i]));
    }
    mg_link_options_t options = {
        .endpoint = MG_BUS_DUMP, .schema = &mg__dump_reply__descriptor, .window = 64};
    world->link = mg_link_new(&options);
    world->tree = mg_state_link_new(16);
    world->events = mg_bus_connect(ZMQ_SUB, MG_BUS_EVENTS);
    zsock_set_subscribe(world->events, "");
}

static void
s_stop(struct world *world)
{
    mg_bus_close(&world->events);
    mg_link_destroy(&world->link);
    mg_link_destroy(&world->tree);
    mg_actor_stop(&world->dump);
    for (int i = 0; i < SEALERS; i++) {
        mg_actor_stop(&world->sealer[i]);
    }
    mg_actor_stop(&world->state);
}

static int
s_setup(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    fault_reset();
    kit_tempdir_make(world->dir);
    kit_path(world->dir, "memory_dump.bin", world->hint);
    world->config = (mg_config_t){
        .dump = {.path_hint = world->hint,
                 .secret = KIT_RAW_KEY,
                 .kdf_ops = 2,
                 .kdf_mem_mib = 8,
                 .kdf_max_mib = 64,
                 .compression = MG_COMPRESSION_ZSTD,
                 .http_mkdir = true,
                 .sealers = SEALERS},
        .admin_email = "admin@example.test",
        .admin_password = "a long enough password",
    };
    s_start(world);
    *state = world;
    return 0;
}

static int
s_teardown(void **state)
{
    struct world *world = *state;
    s_stop(world);
    kit_tempdir_remove(world->dir);
    free(world);
    return 0;
}

/* ---- asking ---- */

static Mg__DumpReply *
s_ask(struct world *world, Mg__DumpMessage__BodyCase body_case, void *body)
{
    Mg__DumpMessage message = MG__DUMP_MESSAGE__INIT;
    message.body_case = body_case;
    message.dump = body; /* all members of the oneof are pointers at one place */
    Mg__DumpReply *reply = (Mg__DumpReply *)test_ask(world->link, &message.base, WAIT_MS);
    assert_non_null(reply);
    return reply;
}

static Mg__DumpReply *
s_dump(struct world *world, const char *path)
{
    Mg__DumpRequest request = MG__DUMP_REQUEST__INIT;
    request.trigger = MG__TRIGGER__TRIGGER_HTTP;
    request.requester = (char *)(uintptr_t) "http user=admin\n";
    request.path = (char *)(uintptr_t)path;
    return s_ask(world, MG__DUMP_MESSAGE__BODY_DUMP, &request);
}

static Mg__DumpReply *
s_restore(struct world *world, const char *path, bool at_start)
{
    Mg__RestoreRequest request = MG__RESTORE_REQUEST__INIT;
    request.trigger = MG__TRIGGER__TRIGGER_HTTP;
    request.requester = (char *)(uintptr_t) "http user=admin";
    request.path = (char *)(uintptr_t)path;
    request.at_start = at_start;
    return s_ask(world, MG__DUMP_MESSAGE__BODY_RESTORE, &request);
}

static Mg__DumpReply *
s_status(struct world *world)
{
    Mg__DumpStatusQuery query = MG__DUMP_STATUS_QUERY__INIT;
    return s_ask(world, MG__DUMP_MESSAGE__BODY_STATUS, &query);
}

static void
s_free(Mg__DumpReply *reply)
{
    mg__dump_reply__free_unpacked(reply, NULL);
}

static void
s_expect(mg_status_t expected, Mg__DumpReply *reply)
{
    if (reply->status != expected) {
        fail_msg("expected %s, got %s: %s", mg_status_name(expected),
                 mg_status_name((mg_status_t)reply->status), reply->text);
    }
    s_free(reply);
}

/* ---- the state ---- */

static mg_status_t
s_write(struct world *world, const char *id, int number)
{
    char text[BODY];
    memset(text, 'a' + number % 26, sizeof text - 1);
    text[sizeof text - 1] = 0;
    bson_t body;
    bson_init(&body);
    BSON_APPEND_UTF8(&body, "_id", id);
    BSON_APPEND_INT64(&body, "number", number);
    BSON_APPEND_UTF8(&body, "text", text);
    Mg__Op op = MG__OP__INIT;
    Mg__Op *list[] = {&op};
    op.collection = mg_bus_bytes(mg_slice_text("zebras"));
    op.body = mg_bus_bytes(mg_document_slice(&body));
    Mg__Write write = MG__WRITE__INIT;
    write.n_ops = 1;
    write.ops = list;
    Mg__StateRequest request = MG__STATE_REQUEST__INIT;
    request.body_case = MG__STATE_REQUEST__BODY_WRITE;
    request.write = &write;
    mg_stateanswer_t answer;
    mg_status_t status = mg_stateask(world->tree, &request, WAIT_MS, &answer);
    bson_destroy(&body);
    return status;
}

static void
s_write_many(struct world *world, int first, int count)
{
    for (int i = first; i < first + count; i++) {
        char id[16];
        (void)snprintf(id, sizeof id, "z%06d", i);
        CHECK_OK(s_write(world, id, i));
    }
}

/* The number of a zebra; -1 when there is none. */
static int64_t
s_number(struct world *world, const char *id)
{
    mg_stateanswer_t answer;
    CHECK_OK(mg_stateask_open_view(world->tree, &answer));
    const mg_view_t *view = mg_viewref_view(answer.view);
    int slot = mg_view_slot(view, mg_slice_text("zebras"));
    const mg_entry_t *entry =
        slot != MG_SLOT_NONE ? mg_view_find(view, slot, mg_slice_text(id)) : NULL;
    int64_t number = entry ? mg_document_int(mg_entry_body(entry), "number", -2) : -1;
    mg_state_give_back(world->tree, &answer.view);
    return number;
}

static uint64_t
s_count(struct world *world, const char *collection)
{
    mg_stateanswer_t answer;
    CHECK_OK(mg_stateask_open_view(world->tree, &answer));
    const mg_view_t *view = mg_viewref_view(answer.view);
    int slot = mg_view_slot(view, mg_slice_text(collection));
    uint64_t count = slot != MG_SLOT_NONE ? mg_view_count(view, slot) : 0;
    mg_state_give_back(world->tree, &answer.view);
    return count;
}

static int
s_files(struct world *world)
{
    assert_int_equal(kit_count(world->dir, ".memory_dump-", NULL), 0); /* never a leftover */
    return kit_count(world->dir, "memory_dump-", NULL);
}

/* Starts everything anew, as the next process would; nothing is restored yet. */
static void
s_restart(struct world *world)
{
    s_stop(world);
    s_start(world);
}

/* Flips a bit in the file of this generation. */
static void
s_damage(struct world *world, uint64_t generation)
{
    char name[KIT_PATH];
    char path[KIT_PATH];
    char tail[32];
    (void)snprintf(tail, sizeof tail, "-%010llu.bin", (unsigned long long)generation);
    Mg__ListRequest list = MG__LIST_REQUEST__INIT;
    Mg__DumpReply *reply = s_ask(world, MG__DUMP_MESSAGE__BODY_LIST, &list);
    for (size_t i = 0; i < reply->n_list; i++) {
        if (strstr(reply->list[i]->path, tail)) {
            (void)snprintf(name, sizeof name, "%s", strrchr(reply->list[i]->path, '/') + 1);
        }
    }
    s_free(reply);
    kit_path(world->dir, name, path);
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, 700, SEEK_SET), 0);
    int byte = fgetc(file);
    assert_int_equal(fseek(file, 700, SEEK_SET), 0);
    assert_int_not_equal(fputc(byte ^ 1, file), EOF);
    assert_int_equal(fclose(file), 0);
}

/* ---- tests ---- */

static void
test_an_empty_folder_is_an_empty_start_with_an_admin(void **state)
{
    struct world *world = *state;
    Mg__DumpReply *reply = s_restore(world, "", true);
    assert_int_equal(reply->status, MG_OK);
    assert_true(reply->restore->empty_start);
    s_free(reply);
    assert_int_equal(s_count(world, "users"), 1);
    assert_int_equal(s_files(world), 0);
}

static void
test_a_dump_says_what_it_is_and_is_verified(void **state)
{
    struct world *world = *state;
    s_expect(MG_OK, s_restore(world, "", true));
    s_write_many(world, 0, BATCH);
    Mg__DumpReply *reply = s_dump(world, "");
    assert_int_equal(reply->status, MG_OK);
    assert_int_equal(reply->dump->generation, 1);
    assert_true(reply->dump->verified);
    assert_true(reply->dump->documents > BATCH);
    assert_true(reply->dump->version >= BATCH);
    assert_int_equal(reply->dump->trigger, MG__TRIGGER__TRIGGER_HTTP);
    assert_string_equal(reply->dump->requester, "http user=admin?"); /* cleaned */
    assert_true(reply->dump->bytes > 0);
    assert_true(reply->dump->seconds >= 0);
    assert_non_null(strstr(reply->dump->path, world->dir));
    assert_int_equal(access(reply->dump->path, R_OK), 0);
    s_free(reply);
    assert_int_equal(s_files(world), 1);
    reply = s_status(world);
    assert_int_equal(reply->dump_status->published, 1);
    assert_int_equal(reply->dump_status->last->generation, 1);
    assert_string_equal(reply->dump_status->last_error, "");
    assert_false(reply->dump_status->running);
    s_free(reply);
}

static void
test_a_restart_has_everything_again(void **state)
{
    struct world *world = *state;
    s_expect(MG_OK, s_restore(world, "", true));
    s_write_many(world, 0, BATCH);
    s_expect(MG_OK, s_dump(world, ""));
    s_restart(world);
    assert_int_equal(s_count(world, "zebras"), 0);
    Mg__DumpReply *reply = s_restore(world, "", true);
    assert_int_equal(reply->status, MG_OK);
    assert_false(reply->restore->empty_start);
    assert_int_equal(reply->restore->dump->generation, 1);
    assert_int_equal(reply->restore->skipped, 0);
    s_free(reply);
    assert_int_equal(s_count(world, "zebras"), BATCH);
    assert_int_equal(s_number(world, "z000042"), 42);
    reply = s_dump(world, "");
    assert_int_equal(reply->dump->generation, 2); /* it goes on counting */
    s_free(reply);
}

static void
test_damage_is_stepped_over_to_the_newest_good_dump(void **state)
{
    struct world *world = *state;
    s_expect(MG_OK, s_restore(world, "", true));
    CHECK_OK(s_write(world, "a", 1));
    s_expect(MG_OK, s_dump(world, ""));
    CHECK_OK(s_write(world, "a", 2));
    s_expect(MG_OK, s_dump(world, ""));
    CHECK_OK(s_write(world, "a", 3));
    s_expect(MG_OK, s_dump(world, ""));
    s_damage(world, 3);
    s_restart(world);
    Mg__DumpReply *reply = s_restore(world, "", true);
    assert_int_equal(reply->status, MG_OK);
    assert_int_equal(reply->restore->dump->generation, 2);
    assert_int_equal(reply->restore->skipped, 1);
    s_free(reply);
    assert_int_equal(s_number(world, "a"), 2);
    reply = s_dump(world, "");
    assert_int_equal(reply->dump->generation,
                     4); /* above the damaged one, whose header is authentic */
    s_free(reply);
}

static void
test_a_start_is_never_empty_while_dumps_exist(void **state)
{
    struct world *world = *state;
    s_expect(MG_OK, s_restore(world, "", true));
    CHECK_OK(s_write(world, "a", 1));
    s_expect(MG_OK, s_dump(world, ""));
    s_stop(world);
    world->config.dump.secret =
        "hex:0000000000000000000000000000000000000000000000000000000000000000";
    s_start(world);
    Mg__DumpReply *reply = s_restore(world, "", true);
    assert_int_equal(reply->status, MG_ERR_DUMP);
    assert_int_equal(reply->exit_code, 77);
    assert_non_null(strstr(reply->text, "WRONG_KEY"));
    s_free(reply);
    assert_int_equal(s_count(world, "users"), 0); /* nothing was shown */
    s_stop(world);
    world->config.dump.secret = KIT_RAW_KEY;
    s_start(world);
    s_damage(world, 1);
    reply = s_restore(world, "", true);
    assert_int_equal(reply->status, MG_ERR_DUMP);
    assert_int_equal(reply->exit_code, 65);
    s_free(reply);
}

static void
test_a_newer_dump_under_another_key_stops_the_start(void **state)
{
    struct world *world = *state;
    s_expect(MG_OK, s_restore(world, "", true));
    s_expect(MG_OK, s_dump(world, ""));
    mg_dumpheader_t header = kit_header();
    Mg__DumpReply *reply = s_status(world);
    s_free(reply);
    kit_dump_t foreign = kit_opaque(mg_slice("x", 1));
    foreign.header = header;
    foreign.master.key[0] ^= 1;
    mg_master_identify(&foreign.master, header.kdf.salt);
    mg_buf_t file = kit_seal(&foreign);
    char path[KIT_PATH];
    kit_path(world->dir, "memory_dump-foreign.bin", path);
    kit_write_file(path, file.data, file.len);
    mg_buf_free(&file);
    s_restart(world); /* of another store: somebody's file, it does not stand in the way */
    s_expect(MG_OK, s_restore(world, "", true));
    assert_int_equal(s_count(world, "users"), 1);
}

struct disk_case {
    fault_op_t op;
    int error;
    int times;
    mg_status_t expected;
};

static void
test_a_failing_disk_is_told_and_the_next_dump_is_good(void **state)
{
    struct world *world = *state;
    static const struct disk_case cases[] = {
        {FAULT_WRITE, ENOSPC, 1, MG_ERR_DUMP}, /* a full disk: once is enough */
        {FAULT_WRITE, EIO, 1, MG_OK},          /* an error: one more try */
        {FAULT_WRITE, EIO, 2, MG_ERR_DUMP},
        {FAULT_FSYNC, EIO, 1, MG_OK},
        {FAULT_FSYNC, EIO, 9, MG_ERR_DUMP},
        {FAULT_FALLOCATE, ENOSPC, 1, MG_ERR_DUMP},
        {FAULT_RENAME_NEW, EIO, 9, MG_ERR_DUMP},
    };
    s_expect(MG_OK, s_restore(world, "", true));
    s_expect(MG_OK, s_dump(world, ""));
    int files = 1;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fault_reset();
        fault_plan(cases[i].op, 1, cases[i].times, cases[i].error);
        s_expect(cases[i].expected, s_dump(world, ""));
        files += cases[i].expected == MG_OK;
        fault_reset();
        assert_int_equal(s_files(world), files);
        Mg__DumpReply *reply = s_status(world);
        assert_int_equal(strlen(reply->dump_status->last_error) > 0, cases[i].expected != MG_OK);
        s_free(reply);
    }
    s_expect(MG_OK, s_dump(world, ""));
    assert_int_equal(s_files(world), files + 1);
}

static void
test_what_reads_back_otherwise_is_never_published(void **state)
{
    struct world *world = *state;
    s_expect(MG_OK, s_restore(world, "", true));
    fault_flip_bits(1);
    s_expect(MG_OK, s_dump(world, "")); /* written once more, well */
    assert_int_equal(s_files(world), 1);
    fault_flip_bits(1000);
    Mg__DumpReply *reply = s_dump(world, "");
    assert_int_equal(reply->status, MG_ERR_DUMP);
    assert_non_null(strstr(reply->text, "VERIFY_FAILED"));
    s_free(reply);
    fault_reset();
    assert_int_equal(s_files(world), 1);
}

static void
test_a_short_check_sees_header_and_footer(void **state)
{
    struct world *world = *state;
    world->config.dump.verify = MG_VERIFY_FOOTER;
    world->config.dump.compression = MG_COMPRESSION_NONE;
    world->config.dump.aead = 1;
    s_restart(world);
    s_expect(MG_OK, s_restore(world, "", true));
    Mg__DumpReply *reply = s_dump(world, "");
    assert_int_equal(reply->status, MG_OK);
    assert_false(reply->dump->verified);
    s_free(reply);
    fault_flip_bits(1);
    s_expect(MG_OK, s_dump(world, ""));
    fault_flip_bits(1000);
    s_expect(MG_ERR_DUMP, s_dump(world, ""));
    fault_reset();
}

static void
test_whoever_asks_while_one_runs_shares_the_next(void **state)
{
    struct world *world = *state;
    enum { ASKERS = 10 };
    test_answer_t answers[ASKERS] = {0};
    s_expect(MG_OK, s_restore(world, "", true));
    s_write_many(world, 0, BATCH);
    for (int i = 0; i < ASKERS; i++) {
        Mg__DumpRequest request = MG__DUMP_REQUEST__INIT;
        Mg__DumpMessage message = MG__DUMP_MESSAGE__INIT;
        request.final = i == ASKERS - 1;
        message.body_case = MG__DUMP_MESSAGE__BODY_DUMP;
        message.dump = &request;
        CHECK_OK(mg_link_ask(world->link, &message.base, mg_clock_mono_ms() + WAIT_MS,
                             test_on_answer, &answers[i]));
    }
    while (mg_link_waiting(world->link)) {
        zmq_pollitem_t item = {.socket = zsock_resolve(mg_link_socket(world->link)),
                               .events = ZMQ_POLLIN};
        (void)zmq_poll(&item, 1, 50);
        mg_link_receive(world->link);
    }
    uint64_t newest = 0;
    for (int i = 0; i < ASKERS; i++) {
        Mg__DumpReply *reply = (Mg__DumpReply *)answers[i].reply;
        assert_int_equal(answers[i].status, MG_OK);
        assert_int_equal(reply->status, MG_OK);
        assert_true(reply->dump->generation >= newest);
        newest = reply->dump->generation;
        s_free(reply);
    }
    assert_true(newest >= 1 && newest <= 3); /* one that ran, one that was pending, the final one */
    assert_int_equal(s_files(world), newest);
}

static void
test_a_dump_contains_what_was_written_before_it_was_asked_for(void **state)
{
    struct world *world = *state;
    s_expect(MG_OK, s_restore(world, "", true));
    for (int i = 1; i <= 5; i++) {
        CHECK_OK(s_write(world, "a", i));
        Mg__DumpReply *reply = s_dump(world, "");
        assert_int_equal(reply->status, MG_OK);
        assert_true(reply->dump->version >= atomic_load(&world->version));
        s_free(reply);
    }
}

static void
test_an_online_restore_goes_back_and_leaves_a_way_forward(void **state)
{
    struct world *world = *state;
    s_expect(MG_OK, s_restore(world, "", true));
    CHECK_OK(s_write(world, "a", 1));
    s_expect(MG_OK, s_dump(world, ""));
    CHECK_OK(s_write(world, "a", 2));
    Mg__DumpReply *reply = s_restore(world, "", false);
    assert_int_equal(reply->status, MG_OK);
    assert_int_equal(reply->restore->dump->generation, 1);
    assert_int_equal(reply->restore->before->trigger, MG__TRIGGER__TRIGGER_PRE_RESTORE);
    assert_int_equal(reply->restore->before->generation, 2);
    assert_int_equal(reply->restore->after->generation, 3);
    assert_int_equal(reply->restore->after->timeline, reply->restore->before->timeline + 1);
    char before[KIT_PATH];
    (void)snprintf(before, sizeof before, "%s", strrchr(reply->restore->before->path, '/') + 1);
    s_free(reply);
    assert_int_equal(s_number(world, "a"), 1);
    CHECK_OK(s_write(world, "b", 7)); /* writes are allowed again */
    s_expect(MG_OK, s_restore(world, before, false));
    assert_int_equal(s_number(world, "a"), 2);
    assert_int_equal(s_number(world, "b"), -1);
    assert_int_equal(s_files(world), 5);
    s_restart(world); /* the newest timeline wins, not the highest version */
    s_expect(MG_OK, s_restore(world, "", true));
    assert_int_equal(s_number(world, "a"), 2);
}

static void
test_a_failed_restore_changes_nothing(void **state)
{
    struct world *world = *state;
    s_expect(MG_OK, s_restore(world, "", true));
    s_expect(MG_ERR_NOT_FOUND, s_restore(world, "", false));
    s_expect(MG_ERR_NOT_FOUND, s_restore(world, "memory_dump-none.bin", false));
    s_expect(MG_ERR_INVALID, s_restore(world, "/etc/passwd", false));
    s_expect(MG_ERR_INVALID, s_restore(world, "../x.bin", false));
    CHECK_OK(s_write(world, "a", 1));
    s_expect(MG_OK, s_dump(world, ""));
    CHECK_OK(s_write(world, "a", 2));
    s_damage(world, 1);
    Mg__DumpReply *reply = s_restore(world, "", false);
    assert_int_equal(reply->status, MG_ERR_DUMP);
    s_free(reply);
    assert_int_equal(s_number(world, "a"), 2);
    CHECK_OK(s_write(world, "a", 3));         /* not frozen */
    fault_plan(FAULT_WRITE, 1, 1000, ENOSPC); /* no way back can be written: no change either */
    char opaque[KIT_PATH];
    kit_path(world->dir, "opaque.bin", opaque);
    kit_dump_t dump = kit_opaque(mg_slice("x", 1));
    mg_buf_t file = kit_seal(&dump);
    kit_write_file(opaque, file.data, file.len);
    mg_buf_free(&file);
    reply = s_restore(world, "opaque.bin", false);
    assert_int_equal(reply->status, MG_ERR_DUMP);
    assert_non_null(strstr(reply->text, "UNSUPPORTED"));
    s_free(reply);
    fault_reset();
    assert_int_equal(s_number(world, "a"), 3);
}

static void
test_without_room_for_the_way_back_nothing_is_restored(void **state)
{
    struct world *world = *state;
    s_expect(MG_OK, s_restore(world, "", true));
    CHECK_OK(s_write(world, "a", 1));
    s_expect(MG_OK, s_dump(world, ""));
    CHECK_OK(s_write(world, "a", 2));
    fault_plan(FAULT_WRITE, 1, 1000, ENOSPC);
    s_expect(MG_ERR_DUMP, s_restore(world, "", false));
    fault_reset();
    assert_int_equal(s_number(world, "a"), 2);
    CHECK_OK(s_write(world, "a", 3));
}

static void
test_a_client_path_stays_below_the_folder(void **state)
{
    struct world *world = *state;
    char sub[KIT_PATH];
    s_expect(MG_OK, s_restore(world, "", true));
    Mg__DumpReply *reply = s_dump(world, "sub/");
    assert_int_equal(reply->status, MG_OK);
    assert_memory_equal(reply->dump->path, "sub/memory_dump-", 16); /* relative to the folder */
    s_free(reply);
    kit_path(world->dir, "sub", sub);
    assert_int_equal(kit_count(sub, "memory_dump-", NULL), 1);
    assert_int_equal(s_files(world), 0);
    s_expect(MG_OK,
             s_dump(world, world->dir)); /* the folder itself: its own lock is no hindrance */
    assert_int_equal(s_files(world), 1);
    s_expect(MG_ERR_INVALID, s_dump(world, "/elsewhere/x.bin"));
    s_expect(MG_ERR_INVALID, s_dump(world, "a/../../x"));
    s_stop(world);
    world->config.dump.http_paths = MG_PATHS_OFF;
    s_start(world);
    s_expect(MG_OK, s_restore(world, "", true));
    s_expect(MG_ERR_DENIED, s_dump(world, "sub/"));
}

static void
test_listing_and_verifying(void **state)
{
    struct world *world = *state;
    s_expect(MG_OK, s_restore(world, "", true));
    s_expect(MG_OK, s_dump(world, ""));
    s_expect(MG_OK, s_dump(world, ""));
    s_damage(world, 1);
    Mg__ListRequest list = MG__LIST_REQUEST__INIT;
    Mg__DumpReply *reply = s_ask(world, MG__DUMP_MESSAGE__BODY_LIST, &list);
    assert_int_equal(reply->n_list, 2);
    assert_int_equal(reply->list[0]->generation, 2);
    assert_int_equal(reply->list[1]->generation, 1);
    assert_string_equal(reply->list[0]->outcome, "OK");
    assert_true(reply->list[0]->documents > 0);
    char names[2][KIT_PATH];
    for (int i = 0; i < 2; i++) {
        (void)snprintf(names[i], sizeof names[i], "%s", strrchr(reply->list[i]->path, '/') + 1);
    }
    s_free(reply);
    for (int i = 0; i < 2; i++) {
        Mg__VerifyRequest verify = MG__VERIFY_REQUEST__INIT;
        verify.path = names[i];
        reply = s_ask(world, MG__DUMP_MESSAGE__BODY_VERIFY, &verify);
        assert_int_equal(reply->status, i == 0 ? MG_OK : MG_ERR_DUMP);
        assert_string_equal(reply->dump->outcome, i == 0 ? "OK" : "CHUNK_CORRUPT");
        assert_int_equal(reply->dump->generation, 2 - i);
        s_free(reply);
    }
}

/* Receives events until one of this kind; fails the test when none comes. */
static Mg__Event *
s_await(zsock_t *events, Mg__Event__BodyCase wanted)
{
    int64_t until_ms = mg_clock_mono_ms() + WAIT_MS;
    while (mg_clock_mono_ms() < until_ms) {
        zmq_pollitem_t item = {.socket = zsock_resolve(events), .events = ZMQ_POLLIN};
        (void)zmq_poll(&item, 1, 100);
        mg_bus_peer_t peer;
        ProtobufCMessage *message = NULL;
        if (mg_bus_receive(events, &mg__event__descriptor, &peer, &message) != MG_OK) {
            continue;
        }
        Mg__Event *event = (Mg__Event *)message;
        if (event->body_case == wanted) {
            return event;
        }
        mg__event__free_unpacked(event, NULL);
    }
    fail_msg("event %d did not come", (int)wanted);
    return NULL;
}

static void
test_everybody_hears_of_dumps_failures_and_restores(void **state)
{
    struct world *world = *state;
    zsock_t *second = mg_bus_connect(ZMQ_SUB, MG_BUS_EVENTS);
    zsock_set_subscribe(second, "");
    s_expect(MG_OK, s_restore(world, "", true));
    s_expect(MG_OK, s_dump(world, "")); /* by now the subscription has arrived */
    s_expect(MG_OK, s_dump(world, ""));
    Mg__Event *event = s_await(world->events, MG__EVENT__BODY_DUMP_DONE);
    assert_true(event->time_ns > 0);
    assert_true(event->dump_done->generation >= 1);
    mg__event__free_unpacked(event, NULL);
    event = s_await(second, MG__EVENT__BODY_DUMP_DONE); /* the first one has not spoilt it */
    assert_true(event->dump_done->generation >= 1);
    mg__event__free_unpacked(event, NULL);
    mg_bus_close(&second);
    fault_plan(FAULT_WRITE, 1, 1, ENOSPC);
    s_expect(MG_ERR_DUMP, s_dump(world, ""));
    event = s_await(world->events, MG__EVENT__BODY_DUMP_FAILED);
    assert_non_null(strstr(event->dump_failed->text, "No space left"));
    mg__event__free_unpacked(event, NULL);
    s_expect(MG_OK, s_restore(world, "", false));
    event = s_await(world->events, MG__EVENT__BODY_RESTORE_DONE);
    assert_int_equal(event->restore_done->dump->generation, 2);
    mg__event__free_unpacked(event, NULL);
}

static void
test_the_actor_starts_only_with_a_key_a_folder_and_the_lock(void **state)
{
    struct world *world = *state;
    zactor_t *second = NULL;
    mg_config_t good = world->config;
    CHECK_STATUS(MG_ERR_BUSY, s_start_dump(world, &second));
    world->config.dump.secret = "short";
    CHECK_STATUS(MG_ERR_INVALID, s_start_dump(world, &second));
    world->config.dump.secret = NULL;
    CHECK_STATUS(MG_ERR_INVALID, s_start_dump(world, &second));
    world->config = good;
    char hint[KIT_PATH];
    kit_path(world->dir, "missing/mount/x.bin", hint);
    world->config.dump.path_hint = hint;
    CHECK_STATUS(MG_ERR_IO, s_start_dump(world, &second));
    assert_null(second);
    world->config = good;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_an_empty_folder_is_an_empty_start_with_an_admin,
                                        s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_a_dump_says_what_it_is_and_is_verified, s_setup,
                                        s_teardown),
        cmocka_unit_test_setup_teardown(test_a_restart_has_everything_again, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_damage_is_stepped_over_to_the_newest_good_dump,
                                        s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_a_start_is_never_empty_while_dumps_exist, s_setup,
                                        s_teardown),
        cmocka_unit_test_setup_teardown(test_a_newer_dump_under_another_key_stops_the_start,
                                        s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_a_failing_disk_is_told_and_the_next_dump_is_good,
                                        s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_what_reads_back_otherwise_is_never_published, s_setup,
                                        s_teardown),
        cmocka_unit_test_setup_teardown(test_a_short_check_sees_header_and_footer, s_setup,
                                        s_teardown),
        cmocka_unit_test_setup_teardown(test_whoever_asks_while_one_runs_shares_the_next, s_setup,
                                        s_teardown),
        cmocka_unit_test_setup_teardown(
            test_a_dump_contains_what_was_written_before_it_was_asked_for, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_an_online_restore_goes_back_and_leaves_a_way_forward,
                                        s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_a_failed_restore_changes_nothing, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_without_room_for_the_way_back_nothing_is_restored,
                                        s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_a_client_path_stays_below_the_folder, s_setup,
                                        s_teardown),
        cmocka_unit_test_setup_teardown(test_listing_and_verifying, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_everybody_hears_of_dumps_failures_and_restores,
                                        s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_the_actor_starts_only_with_a_key_a_folder_and_the_lock,
                                        s_setup, s_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
