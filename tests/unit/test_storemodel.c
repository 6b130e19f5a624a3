/* The store against a plain model: a fixed table of documents that is copied whole for each view. */
#include "core/document.h"
#include "core/store.h"
#include "support/check.h"
#include "support/random.h"

#include <stdio.h>

enum { KEYS = 2500, VIEWS = 8, STEPS = 100000, BATCH_MAX = 6 };

/* --- the model --- */

typedef struct model_document {
    bool there;
    int64_t number;
    int email; /* 0: none */
    int64_t expires_ns;
    uint64_t rev;
} model_document_t;

typedef struct model {
    model_document_t at[KEYS];
} model_t;

typedef struct world {
    mg_store_t *store;
    model_t now;
    mg_view_t *view[VIEWS];
    model_t seen[VIEWS];
    test_random_t random;
    int64_t time_ns;
} world_t;

static bool
s_alive(const model_document_t *document, int64_t now_ns)
{
    return document->there && (document->expires_ns == 0 || now_ns < document->expires_ns);
}

static mg_slice_t
s_key(int number, char room[16])
{
    return mg_slice(room, (size_t)snprintf(room, 16, "user%05d", number));
}

static void
s_body(bson_t *out, int key, int64_t number, int email)
{
    char room[16];
    bson_init(out);
    mg_slice_t name = s_key(key, room);
    BSON_APPEND_UTF8(out, "username", (const char *)name.data);
    BSON_APPEND_INT64(out, "number", number);
    if (email) {
        char address[24];
        (void)snprintf(address, sizeof address, "e%d@x", email);
        BSON_APPEND_UTF8(out, "email", address);
    }
}

/* --- one random operation, in the store's form and its effect on the model --- */

typedef struct step {
    mg_op_t op;
    int key;
    int64_t number;
    int email;
    bson_t body;
    char room[16];
} step_t;

static void
s_make_step(world_t *world, step_t *step)
{
    test_random_t *random = &world->random;
    step->key = (int)test_random_below(random, KEYS);
    step->number = (int64_t)test_random_below(random, 1000000);
    step->email = (int)test_random_below(random, 3) ? (int)test_random_below(random, KEYS) + 1 : 0;
    s_body(&step->body, step->key, step->number, step->email);
    uint32_t dice = test_random_below(random, 10);
    step->op = (mg_op_t){.kind = dice < 5   ? MG_OP_PUT
                                 : dice < 7 ? MG_OP_PATCH
                                            : MG_OP_DELETE,
                         .collection = mg_slice_text("users"),
                         .key = s_key(step->key, step->room)};
    if (step->op.kind != MG_OP_DELETE) {
        step->op.body = mg_document_slice(&step->body);
    }
    uint32_t condition = test_random_below(random, 12);
    step->op.condition = condition < 4 ? (mg_condition_t)condition : MG_IF_ANY;
    const model_document_t *current = &world->now.at[step->key];
    step->op.rev = current->rev + (test_random_below(random, 4) == 0);
    if (step->op.kind == MG_OP_PUT && test_random_below(random, 8) == 0) {
        step->op.expires_ns = world->time_ns + (int64_t)test_random_below(random, 2000) + 1;
    }
}

static bool
s_email_taken(const world_t *world, const model_t *model, int key, int email)
{
    for (int i = 0; email && i < KEYS; i++) {
        if (i != key && model->at[i].email == email && s_alive(&model->at[i], world->time_ns)) {
            return true;
        }
    }
    return false;
}

static mg_status_t
s_model_condition(const step_t *step, bool alive, uint64_t rev)
{
    switch (step->op.condition) {
    case MG_IF_ABSENT:
        return alive ? MG_ERR_EXISTS : MG_OK;
    case MG_IF_PRESENT:
        return alive ? MG_OK : MG_ERR_NOT_FOUND;
    case MG_IF_REV:
        if (!alive) {
            return MG_ERR_NOT_FOUND;
        }
        return rev == step->op.rev ? MG_OK : MG_ERR_CONFLICT;
    case MG_IF_ANY:
        break;
    }
    return step->op.kind == MG_OP_PATCH && !alive ? MG_ERR_NOT_FOUND : MG_OK;
}

static mg_status_t
s_model_apply(const world_t *world, model_t *model, const step_t *step, uint64_t version)
{
    model_document_t *document = &model->at[step->key];
    bool alive = s_alive(document, world->time_ns);
    mg_status_t status = s_model_condition(step, alive, document->rev);
    if (status == MG_OK && step->op.kind == MG_OP_PATCH && !alive) {
        status = MG_ERR_NOT_FOUND;
    }
    if (status != MG_OK) {
        return status;
    }
    if (step->op.kind == MG_OP_DELETE) {
        if (alive) {
            *document = (model_document_t){0};
        }
        return MG_OK;
    }
    bool patch = step->op.kind == MG_OP_PATCH;
    int email = patch && !step->email ? document->email : step->email;
    if (s_email_taken(world, model, step->key, email)) {
        return MG_ERR_UNIQUE;
    }
    for (int i = 0; email && i < KEYS; i++) { /* an expired holder makes way */
        if (i != step->key && model->at[i].email == email) {
            model->at[i] = (model_document_t){0};
        }
    }
    int64_t expires_ns = patch ? document->expires_ns : step->op.expires_ns;
    *document = (model_document_t){true, step->number, email, expires_ns, version};
    return MG_OK;
}

/* --- comparing --- */

static void
s_check_document(const mg_view_t *view, const mg_entry_t *entry, const model_document_t *expected)
{
    assert_true(expected->there);
    assert_int_equal(entry->rev, expected->rev);
    assert_int_equal(entry->expires_ns, expected->expires_ns);
    assert_int_equal(mg_document_int(mg_entry_body(entry), "number", -1), expected->number);
    mg_slice_t email = mg_document_text(mg_entry_body(entry), "email");
    assert_int_equal(email.data != NULL, expected->email != 0);
    if (email.data) {
        assert_ptr_equal(mg_view_find_unique(view, MG_COLLECTION_USERS, 0, email), entry);
    }
}

static void
s_check_equal(const mg_view_t *view, const model_t *model)
{
    mg_cursor_t cursor;
    mg_cursor_seek(&cursor, view, MG_COLLECTION_USERS, mg_slice(NULL, 0));
    uint64_t count = 0;
    for (int i = 0; i < KEYS; i++) {
        if (!model->at[i].there) {
            continue;
        }
        const mg_entry_t *entry = mg_cursor_next(&cursor);
        char room[16];
        assert_non_null(entry);
        assert_true(mg_slice_equal(mg_entry_key(entry), s_key(i, room)));
        s_check_document(view, entry, &model->at[i]);
        mg_cursor_t nth;
        mg_cursor_nth(&nth, view, MG_COLLECTION_USERS, count);
        assert_ptr_equal(mg_cursor_next(&nth), entry);
        count++;
    }
    assert_null(mg_cursor_next(&cursor));
    assert_int_equal(mg_view_count(view, MG_COLLECTION_USERS), count);
}

/* --- steps --- */

static void
s_apply_batch(world_t *world)
{
    step_t steps[BATCH_MAX];
    mg_op_t ops[BATCH_MAX];
    static model_t after; /* large */
    after = world->now;
    mg_store_stats_t stats;
    mg_store_stats(world->store, &stats);
    size_t count =
        test_random_below(&world->random, 4) ? 1 : test_random_below(&world->random, BATCH_MAX) + 1;
    mg_status_t expected = MG_OK;
    size_t expected_at = 99;
    for (size_t i = 0; i < count; i++) {
        s_make_step(world, &steps[i]);
        ops[i] = steps[i].op;
        if (expected == MG_OK) {
            expected = s_model_apply(world, &after, &steps[i], stats.version + 1);
            expected_at = expected == MG_OK ? 99 : i;
        }
    }
    size_t failed_at = 99;
    CHECK_STATUS(expected, mg_store_apply(world->store, ops, count, world->time_ns, &failed_at));
    assert_int_equal(failed_at, expected_at);
    if (expected == MG_OK) {
        world->now = after;
    }
    for (size_t i = 0; i < count; i++) {
        bson_destroy(&steps[i].body);
    }
}

static void
s_turn_view(world_t *world, int which)
{
    if (world->view[which]) {
        s_check_equal(world->view[which], &world->seen[which]);
        mg_store_release_view(world->store, &world->view[which]);
    } else {
        world->view[which] = mg_store_open_view(world->store);
        world->seen[which] = world->now;
    }
}

static void
s_sweep(world_t *world)
{
    size_t expected = 0;
    for (int i = 0; i < KEYS; i++) {
        if (world->now.at[i].there && !s_alive(&world->now.at[i], world->time_ns)) {
            world->now.at[i] = (model_document_t){0};
            expected++;
        }
    }
    assert_int_equal(mg_store_sweep(world->store, world->time_ns, KEYS), expected);
}

static void
test_every_open_view_stays_what_it_was(void **state)
{
    (void)state;
    static world_t world; /* large */
    world = (world_t){.store = mg_store_new(), .random = test_random_new(), .time_ns = 1};
    for (int step = 0; step < STEPS; step++) {
        uint32_t dice = test_random_below(&world.random, 100);
        world.time_ns += test_random_below(&world.random, 3);
        if (dice < 90) {
            s_apply_batch(&world);
        } else if (dice < 95) {
            s_turn_view(&world, (int)test_random_below(&world.random, VIEWS));
        } else if (dice < 96) {
            s_sweep(&world);
        } else {
            (void)mg_store_reclaim(world.store, test_random_below(&world.random, 200));
        }
        if (step % 2000 == 0) {
            s_check_equal(mg_store_current(world.store), &world.now);
        }
    }
    for (int i = 0; i < VIEWS; i++) {
        if (world.view[i]) {
            s_turn_view(&world, i);
        }
    }
    s_check_equal(mg_store_current(world.store), &world.now);
    while (mg_store_reclaim(world.store, 1000)) {
    }
    mg_store_stats_t stats;
    mg_store_stats(world.store, &stats);
    assert_int_equal(stats.dead, 0);
    mg_store_destroy(&world.store);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_open_view_stays_what_it_was)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
