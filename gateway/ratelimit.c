#include "gateway/ratelimit.h"

#include <xxhash.h>

#include <stdlib.h>
#include <string.h>

/* A client lives in one of the WAYS places its hash points at: bounded work, and no one can push everybody out. */
enum { WAYS = 8, SETS = MG_RATELIMIT_CLIENTS / WAYS, MS_PER_S = 1000 };

typedef struct counter {
    int64_t ends_ms; /* end of the window; 0: the place is free */
    uint32_t calls;
    uint8_t key_len;
    uint8_t key[MG_RATELIMIT_KEY_MAX];
} counter_t;

struct mg_ratelimit {
    uint32_t limit;
    int64_t window_ms;
    counter_t counters[SETS][WAYS];
};

mg_ratelimit_t *
mg_ratelimit_new(uint32_t limit, uint32_t window_s)
{
    mg_ratelimit_t *self = calloc(1, sizeof *self);
    if (self) {
        self->limit = limit;
        self->window_ms = (int64_t)window_s * MS_PER_S;
    }
    return self;
}

void
mg_ratelimit_destroy(mg_ratelimit_t **self_p)
{
    free(*self_p);
    *self_p = NULL;
}

static bool
s_is_of(const counter_t *counter, mg_slice_t client)
{
    return counter->ends_ms != 0 &&
           mg_slice_equal(mg_slice(counter->key, counter->key_len), client);
}

/* The client's own place, else the one whose window ends first (a free one ends at 0). */
static counter_t *
s_place_of(mg_ratelimit_t *self, mg_slice_t client)
{
    counter_t *set = self->counters[XXH3_64bits(client.data, client.len) % SETS];
    counter_t *oldest = set;
    for (int i = 0; i < WAYS; i++) {
        if (s_is_of(&set[i], client)) {
            return &set[i];
        }
        if (set[i].ends_ms < oldest->ends_ms) {
            oldest = &set[i];
        }
    }
    return oldest;
}

mg_ratelimit_verdict_t
mg_ratelimit_take(mg_ratelimit_t *self, mg_slice_t client, int64_t now_ms)
{
    if (self->limit == 0) {
        return (mg_ratelimit_verdict_t){.allowed = true};
    }
    if (client.len > MG_RATELIMIT_KEY_MAX) {
        client.len = MG_RATELIMIT_KEY_MAX;
    }
    counter_t *counter = s_place_of(self, client);
    if (!s_is_of(counter, client) || now_ms >= counter->ends_ms) {
        *counter = (counter_t){.ends_ms = now_ms + self->window_ms, .key_len = (uint8_t)client.len};
        memcpy(counter->key, client.data, client.len);
    }
    bool allowed = counter->calls < self->limit;
    counter->calls += allowed;
    return (mg_ratelimit_verdict_t){
        .allowed = allowed,
        .limit = self->limit,
        .remaining = self->limit - counter->calls,
        .reset_s = (counter->ends_ms - now_ms + MS_PER_S - 1) / MS_PER_S,
    };
}
