/* One dump by itself: its long part elsewhere, and back wherever that is wanted. */
#include "actors/dumpjob.h"
#include "core/document.h"
#include "core/store.h"
#include "support/diskworld.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SEALERS = 2, DOCUMENTS = 600 };

/* A job of its own: the store, sealers, and when what is left of it is to be done here. */
typedef struct world {
    diskworld_t *disk;
    mg_store_t *store;
    mg_view_t *view;
    mg_keyring_t *ring;
    mg_pipeline_t *pipeline;
    zactor_t *sealer[SEALERS];
    const char *phase; /* in which it comes back, */
    int back_at;       /* at this turn; 0: never */
    int stop_at;       /* the turn at which it is ended; 0: never */
    int turns;         /* so far */
    int phase_turns;   /* in that phase */
    int walked;
    bool came_back;
    bool here;
} world_t;

static void
s_fill(mg_store_t *store)
{
    for (int i = 0; i < DOCUMENTS; i++) {
        char id[16];
        size_t failed_at = 0;
        bson_t body = BSON_INITIALIZER;
        (void)snprintf(id, sizeof id, "id-%06d", i);
        BSON_APPEND_UTF8(&body, "_id", id);
        BSON_APPEND_UTF8(&body, "text",
                         "a document of some length, so that there are several chunks of them to "
                         "be sent, sealed, taken, written, read back and opened");
        mg_op_t op = {.kind = MG_OP_PUT,
                      .collection = mg_slice_text("zebras"),
                      .key = mg_slice_text(id),
                      .body = mg_slice(bson_get_data(&body), body.len)};
        CHECK_OK(mg_store_apply(store, &op, 1, 1, &failed_at));
        bson_destroy(&body);
    }
}

static int
setup(void **state)
{
    world_t *self = calloc(1, sizeof *self);
    void *disk = NULL;
    assert_non_null(self);
    assert_int_equal(diskworld_setup(&disk), 0);
    self->disk = disk;
    self->store = mg_store_new();
    self->ring = kit_keyring(KIT_RAW_KEY);
    self->pipeline = mg_pipeline_new(SEALERS);
    assert_true(self->store && self->ring && self->pipeline);
    s_fill(self->store);
    self->view = mg_store_open_view(self->store);
    assert_non_null(self->view);
    for (int i = 0; i < SEALERS; i++) {
        mg_sealer_args_t args = {.chunks = MG_BUS_CHUNKS};
        CHECK_OK(mg_actor_start(&mg_sealer_actor, &args, &self->sealer[i]));
    }
    *state = self;
    return 0;
}

static int
teardown(void **state)
{
    world_t *self = *state;
    void *disk = self->disk;
    for (int i = 0; i < SEALERS; i++) {
        mg_actor_stop(&self->sealer[i]);
    }
    mg_pipeline_destroy(&self->pipeline);
    mg_store_release_view(self->store, &self->view);
    mg_store_destroy(&self->store);
    mg_keyring_destroy(&self->ring);
    (void)diskworld_teardown(&disk);
    free(self);
    return 0;
}

static bool
s_turn(void *arg, const mg_progress_t *progress)
{
    world_t *self = arg;
    self->turns++;
    self->phase_turns += self->phase && strcmp(progress->phase, self->phase) == 0;
    bool back = !self->here && self->back_at && self->phase_turns >= self->back_at;
    return self->turns != self->stop_at && !back;
}

static bool
s_comes_back(void *arg)
{
    world_t *self = arg;
    self->came_back = !self->here && self->turns != self->stop_at;
    return self->came_back;
}

static void
s_elsewhere(void *arg, void (*work)(void *), void *work_arg)
{
    world_t *self = arg;
    work(work_arg);
    self->here = true;
}

static void
s_walked(void *arg)
{
    ((world_t *)arg)->walked++;
}

static mg_status_t
s_name(void *arg, const mg_dumpjob_t *job, mg_dumpname_t *out, mg_fault_t *why)
{
    (void)arg;
    (void)why;
    mg_folder_name(job->folder, job->header.created_at, job->header.generation, out);
    return MG_OK;
}

/* Runs a dump of this generation as the world says. */
static mg_status_t
s_run(world_t *self, uint64_t generation, mg_dumpresult_t *out)
{
    mg_fault_t why = {0};
    self->turns = self->phase_turns = self->walked = 0;
    self->here = self->came_back = false;
    mg_dumpjob_t job = {.folder = self->disk->folder,
                        .keyring = self->ring,
                        .pipeline = self->pipeline,
                        .view = self->view,
                        .header = kit_header(),
                        .verify = MG_VERIFY_FULL,
                        .turn = {s_turn, self},
                        .walked = s_walked,
                        .name = s_name,
                        .elsewhere = s_elsewhere,
                        .comes_back = s_comes_back,
                        .arg = self};
    job.header.payload_schema = MG_SCHEMA_STATE;
    job.header.snapshot_version = mg_view_version(self->view);
    job.header.generation = generation;
    mg_status_t status = mg_dumpjob_run(&job, out, &why);
    assert_int_equal(self->walked, 1); /* once, wherever */
    assert_int_equal(status == MG_OK, why.text[0] == 0);
    return status;
}

static void
test_a_dump_comes_back_at_any_turn_and_is_the_same(void **state)
{
    world_t *self = *state;
    static const char *const phases[] = {"write", "read"};
    mg_dumpresult_t whole = {0};
    CHECK_OK(s_run(self, 1, &whole));
    assert_false(self->came_back);
    uint64_t generation = 1;
    for (size_t i = 0; i < 2; i++) {
        for (int at = 1; at <= 8; at++) {
            mg_dumpresult_t result = {0};
            self->phase = phases[i];
            self->back_at = at;
            CHECK_OK(s_run(self, ++generation, &result));
            assert_true(self->came_back);
            assert_true(result.verified);
            assert_int_equal(result.footer.document_count, whole.footer.document_count);
            assert_int_equal(result.footer.plain_bytes, whole.footer.plain_bytes);
        }
    }
    assert_int_equal(kit_count(self->disk->dir, ".memory_dump-", NULL), 0);
    assert_int_equal(kit_count(self->disk->dir, "memory_dump-", NULL), generation);
}

static void
test_a_dump_that_is_ended_leaves_nothing(void **state)
{
    world_t *self = *state;
    mg_dumpresult_t result = {0};
    for (int at = 1; at <= 4; at++) {
        self->back_at = 0;
        self->stop_at = at;
        CHECK_STATUS(MG_ERR_CLOSED, s_run(self, 1, &result)); /* elsewhere */
        self->phase = "write";
        self->back_at = 1;
        self->stop_at = at + 1;
        CHECK_STATUS(MG_ERR_CLOSED, s_run(self, 1, &result)); /* after it came back */
        assert_true(self->here);
    }
    assert_int_equal(kit_count(self->disk->dir, "memory_dump-", NULL), 0);
    assert_int_equal(kit_count(self->disk->dir, ".memory_dump-", NULL), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_dump_comes_back_at_any_turn_and_is_the_same, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_a_dump_that_is_ended_leaves_nothing, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
