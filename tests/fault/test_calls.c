/* Every file operation of a start, dumps and a restore is made to fail: the n-th call, once and for ever, with each errno that
 * fits, for n = 1, 2, ... until a run meets no fault. Whatever happens, an acknowledged dump is there at the next start. */
#include "support/backend.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ERRORS = 4, FOR_EVER = 1 << 30, LIMIT = 1000, THIRD = 3 };

/* What a run was told, and what it must therefore find again. */
struct promise {
    int64_t written;  /* newest value of the zebra "a" that the state took */
    int64_t promised; /* newest value in a dump that was acknowledged */
};

static void
s_dump(backend_t *world, struct promise *promise)
{
    int64_t value = promise->written + 1;
    if (backend_write(world, "a", (int)value) == MG_OK) {
        promise->written = value;
    }
    Mg__DumpReply *reply = backend_dump(world, "");
    if (reply->status == MG_OK) {
        promise->promised = promise->written;
    }
    backend_free(reply);
}

/* A start, two dumps, a restore of the newest, one more dump: with faults. What fails, fails with a sentence. */
static void
s_live(backend_t *world, struct promise *promise)
{
    if (!backend_try_start(world)) {
        return;
    }
    Mg__DumpReply *reply = backend_restore(world, "", true);
    bool up = reply->status == MG_OK;
    assert_true(up || strlen(reply->text) > 0);
    backend_free(reply);
    if (up) {
        s_dump(world, promise);
        s_dump(world, promise);
        reply = backend_restore(world, "", false);
        if (reply->status == MG_OK) { /* what it went back to is in a dump of its own */
            promise->written = backend_number(world, "a");
            promise->promised = promise->written;
        }
        backend_free(reply);
        s_dump(world, promise);
    }
    backend_stop(world);
}

/* The next process, on a disk that works. */
static bool
s_is_kept(backend_t *world, const struct promise *promise)
{
    fault_reset();
    backend_start(world);
    Mg__DumpReply *reply = backend_restore(world, "", true);
    bool kept = reply->status == MG_OK;
    backend_free(reply);
    int64_t value = kept ? backend_number(world, "a") : -1;
    kept = kept && value >= promise->promised && value <= promise->written;
    assert_int_equal(kit_count(world->dir, ".memory_dump-", NULL), 0);
    if (kept) {
        backend_expect(MG_OK, backend_dump(world, ""));
    }
    backend_stop(world);
    return kept;
}

/* A dump of a = 1, made once: a run begins with a copy of it. */
struct template
{
    char name[KIT_PATH];
    mg_buf_t bytes;
};

static int
s_make_template(void **state)
{
    struct template *made = calloc(1, sizeof *made);
    void *own = NULL;
    char path[KIT_PATH];
    struct promise promise = {0};
    assert_int_equal(backend_setup(&own), 0);
    backend_t *world = own;
    backend_expect(MG_OK, backend_restore(world, "", true));
    s_dump(world, &promise);
    assert_int_equal(kit_count(world->dir, "memory_dump-", made->name), 1);
    kit_path(world->dir, made->name, path);
    made->bytes = kit_read_file(path);
    *state = made;
    return backend_teardown(&own);
}

static int
s_free_template(void **state)
{
    struct template *made = *state;
    mg_buf_free(&made->bytes);
    free(made);
    return 0;
}

/* A folder with that dump; nothing is started. The admin is stored, so no password is hashed at a start. */
static backend_t *
s_prepare(const struct template *made, struct promise *promise)
{
    char path[KIT_PATH];
    backend_t *world = backend_new();
    world->config.admin_password = NULL;
    world->config.dump.keep = 2;
    kit_path(world->dir, made->name, path);
    kit_write_file(path, made->bytes.data, made->bytes.len);
    *promise = (struct promise){.written = 1, .promised = 1};
    return world;
}

static void
s_clean(backend_t *world)
{
    kit_tempdir_remove(world->dir);
    free(world);
}

/* One run with the n-th call failing; false: there was no n-th call. */
static bool
s_run(const struct template *made, int nth, int times, size_t which)
{
    struct promise promise;
    backend_t *world = s_prepare(made, &promise);
    fault_plan_any(nth, times, which);
    s_live(world, &promise);
    bool reached = fault_was_reached();
    if (!s_is_kept(world, &promise)) {
        fail_msg("call %d, %s, errno %zu: an acknowledged dump is lost", nth,
                 times == 1 ? "once" : "for ever", which);
    }
    s_clean(world);
    return reached;
}

static void
test_every_call_may_fail(void **state)
{
    unsigned runs = 0;
    int step = getenv("MEMGATE_FULL") && *getenv("MEMGATE_FULL") ? 1 : THIRD;
    int calls = 0;
    for (size_t which = 0; which < ERRORS; which++) {
        for (int first = 0; first < 2; first++) {
            int times = first ? FOR_EVER : 1;
            for (int nth = 1 + (int)(which + (size_t)first) % step;
                 nth < LIMIT && s_run(*state, nth, times, which); nth += step) {
                runs++;
                calls = nth > calls ? nth : calls;
            }
        }
    }
    assert_true(calls > 50 &&
                calls < LIMIT - 2 * THIRD); /* the loop ended because nothing was left */
    (void)printf("runs with failing calls: %u, of up to %d calls each\n", runs, calls);
}

/* The control run: a disk that swallows what is written, and no proof of restore. */
static void
test_without_reading_back_a_dump_is_lost(void **state)
{
    struct promise promise;
    backend_t *world = s_prepare(*state, &promise);
    world->config.dump.verify = MG_VERIFY_OFF;
    fault_swallow_writes();
    s_live(world, &promise);
    assert_true(promise.promised > 1);
    assert_false(s_is_kept(world, &promise));
    s_clean(world);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_call_may_fail),
        cmocka_unit_test(test_without_reading_back_a_dump_is_lost),
    };
    return cmocka_run_group_tests(tests, s_make_template, s_free_template);
}
