/* store - what the state itself costs, without messages: updates with and without a view, looking up, walking, opening a view.
 *
 *     store DOCUMENTS     documents of about 300 bytes; as many updates of each kind
 *
 * Prints `name value` lines, times in nanoseconds: medians of ROUNDS rounds, the kinds in turn.
 */
#include "core/store.h"

#include "core/clock.h"
#include "core/document.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ROUNDS = 5,
    BATCH =
        20, /* 20,000 updates a second in batches of which each is followed by a new view: 1,000 views a second */
    KEY = 16,
    TEXT = 250
};

typedef enum kind { NO_VIEW, ONE_VIEW, NEW_VIEWS, LOOK_UP, WALK, OPEN_VIEW, KINDS } kind_t;

static const char *const s_names[KINDS] = {"update_no_view",    "update_one_view",
                                           "update_new_views",  "look_up",
                                           "walk_per_document", "open_view"};

typedef struct bench {
    mg_store_t *store;
    uint64_t documents;
    uint64_t updates;
} bench_t;

static void
s_expect(bool good, const char *what)
{
    if (!good) {
        (void)fprintf(stderr, "store: %s failed\n", what);
        exit(1);
    }
}

static mg_slice_t
s_key(uint64_t number, char out[KEY])
{
    (void)snprintf(out, KEY, "a%09llu", (unsigned long long)number);
    return mg_slice(out, strlen(out));
}

/* Each update changes another document, far from the one before. */
static uint64_t
s_pick(const bench_t *self, uint64_t turn)
{
    return turn * 7919 % self->documents;
}

static void
s_update(bench_t *self, uint64_t turn)
{
    static char text[TEXT];
    char keys[BATCH][KEY];
    bson_t bodies[BATCH];
    mg_op_t ops[BATCH];
    size_t failed_at = 0;
    memset(text, 'x', sizeof text - 1);
    for (size_t i = 0; i < BATCH; i++) {
        bson_init(&bodies[i]);
        (void)BSON_APPEND_INT64(&bodies[i], "balance", (int64_t)turn);
        (void)BSON_APPEND_UTF8(&bodies[i], "text", text);
        ops[i] = (mg_op_t){.collection = mg_slice_text("accounts"),
                           .key = s_key(s_pick(self, turn + i), keys[i]),
                           .body = mg_document_slice(&bodies[i])};
    }
    s_expect(mg_store_apply(self->store, ops, BATCH, 0, &failed_at) == MG_OK, "update");
    for (size_t i = 0; i < BATCH; i++) {
        bson_destroy(&bodies[i]);
    }
    (void)mg_store_reclaim(self->store, 500);
}

static double
s_time_updates(bench_t *self, kind_t kind)
{
    mg_view_t *old = kind == NO_VIEW ? NULL : mg_store_open_view(self->store);
    mg_view_t *view = NULL;
    int64_t begin_ns = mg_clock_mono_ns();
    for (uint64_t turn = 0; turn < self->updates; turn += BATCH) {
        s_update(self, turn);
        if (kind == NEW_VIEWS) {
            if (view) {
                mg_store_release_view(self->store, &view);
            }
            view = mg_store_open_view(self->store);
        }
    }
    int64_t took_ns = mg_clock_mono_ns() - begin_ns;
    if (view) {
        mg_store_release_view(self->store, &view);
    }
    if (old) {
        mg_store_release_view(self->store, &old);
    }
    while (mg_store_reclaim(self->store, 100000)) {
    }
    return (double)took_ns / (double)self->updates;
}

static double
s_time_look_ups(bench_t *self)
{
    int slot = mg_store_slot(self->store, mg_slice_text("accounts"));
    int64_t begin_ns = mg_clock_mono_ns();
    for (uint64_t turn = 0; turn < self->updates; turn++) {
        char key[KEY];
        const mg_view_t *view = mg_store_current(self->store);
        s_expect(mg_view_find(view, slot, s_key(s_pick(self, turn), key)) != NULL, "looking up");
    }
    return (double)(mg_clock_mono_ns() - begin_ns) / (double)self->updates;
}

static double
s_time_walk(bench_t *self)
{
    mg_cursor_t cursor;
    uint64_t bytes = 0;
    int64_t begin_ns = mg_clock_mono_ns();
    mg_cursor_seek(&cursor, mg_store_current(self->store),
                   mg_store_slot(self->store, mg_slice_text("accounts")), (mg_slice_t){0});
    for (const mg_entry_t *entry; (entry = mg_cursor_next(&cursor)) != NULL;) {
        bytes += mg_entry_body(entry).len;
    }
    s_expect(bytes > 0, "walking");
    return (double)(mg_clock_mono_ns() - begin_ns) / (double)self->documents;
}

static double
s_time_open_view(bench_t *self)
{
    int64_t begin_ns = mg_clock_mono_ns();
    mg_view_t *view = mg_store_open_view(self->store);
    int64_t took_ns = mg_clock_mono_ns() - begin_ns;
    mg_store_release_view(self->store, &view);
    return (double)took_ns;
}

static double
s_time(bench_t *self, kind_t kind)
{
    switch (kind) {
    case LOOK_UP:
        return s_time_look_ups(self);
    case WALK:
        return s_time_walk(self);
    case OPEN_VIEW:
        return s_time_open_view(self);
    default:
        return s_time_updates(self, kind);
    }
}

static int
s_ascending(const void *a, const void *b)
{
    double one = *(const double *)a;
    double other = *(const double *)b;
    return (one > other) - (one < other);
}

int
main(int argc, char **argv)
{
    if (argc != 2) {
        return 64;
    }
    bench_t self = {.store = mg_store_new(), .documents = strtoull(argv[1], NULL, 10)};
    double figures[KINDS][ROUNDS];
    s_expect(self.store && self.documents >= BATCH && self.documents % 7919, "beginning");
    for (uint64_t turn = 0; turn < self.documents; turn += BATCH) {
        s_update(&self, turn);
    }
    self.updates = self.documents < 1000000 ? self.documents : 1000000;
    for (int round = 0; round < ROUNDS; round++) {
        for (kind_t kind = 0; kind < KINDS; kind++) {
            figures[kind][round] = s_time(&self, kind);
        }
    }
    for (kind_t kind = 0; kind < KINDS; kind++) {
        qsort(figures[kind], ROUNDS, sizeof(double), s_ascending);
        (void)printf("%s %.0f\n", s_names[kind], figures[kind][ROUNDS / 2]);
    }
    mg_store_destroy(&self.store);
    return 0;
}
