#include "gateway/ratelimit.h"

#include <xxhash.h>

#include <stdlib.h>
#include <string.h>

/* A client lives in one of the WAYS places its hash points at: bounded work, and no one can push everybody out. */
enum {
    WAYS = 8,
    SETS = MG_RATELIMIT_CLIENTS / WAYS,
    SETS_PER_SHARD = SETS / MG_RATELIMIT_SHARDS,
    MS_PER_S = 1000
};

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

static size_t
s_set_of(mg_slice_t client)
{
    return XXH3_64bits(client.data, client.len) % SETS;
}

static mg_slice_t
s_cut(mg_slice_t client)
{
    return mg_slice(client.data,
                    client.len < MG_RATELIMIT_KEY_MAX ? client.len : MG_RATELIMIT_KEY_MAX);
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
    counter_t *set = self->counters[s_set_of(client)];
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

static void
s_begin(counter_t *counter, mg_slice_t client, int64_t ends_ms)
{
    *counter = (counter_t){.ends_ms = ends_ms, .key_len = (uint8_t)client.len};
    memcpy(counter->key, client.data, client.len);
}

mg_ratelimit_verdict_t
mg_ratelimit_take(mg_ratelimit_t *self, mg_slice_t client, int64_t now_ms)
{
    if (self->limit == 0) {
        return (mg_ratelimit_verdict_t){.allowed = true};
    }
    client = s_cut(client);
    counter_t *counter = s_place_of(self, client);
    if (!s_is_of(counter, client) || now_ms >= counter->ends_ms) {
        s_begin(counter, client, now_ms + self->window_ms);
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

/* --- to be written down --- */

int
mg_ratelimit_shard(mg_slice_t client)
{
    return (int)(s_set_of(s_cut(client)) / SETS_PER_SHARD);
}

uint64_t
mg_ratelimit_shards(const mg_ratelimit_t *self, int64_t now_ms)
{
    uint64_t shards = 0;
    for (size_t set = 0; set < SETS; set++) {
        for (int way = 0; way < WAYS; way++) {
            bool counts = self->counters[set][way].ends_ms > now_ms;
            shards |= (uint64_t)counts << set / SETS_PER_SHARD;
        }
    }
    return shards;
}

bool
mg_ratelimit_next(const mg_ratelimit_t *self, int shard, size_t *at, mg_ratelimit_count_t *out)
{
    while (*at < (size_t)SETS_PER_SHARD * WAYS) {
        size_t set = (size_t)shard * SETS_PER_SHARD + *at / WAYS;
        const counter_t *counter = &self->counters[set][(*at)++ % WAYS];
        if (counter->ends_ms != 0) {
            *out = (mg_ratelimit_count_t){mg_slice(counter->key, counter->key_len), counter->calls,
                                          counter->ends_ms};
            return true;
        }
    }
    return false;
}

void
mg_ratelimit_restore(mg_ratelimit_t *self, const mg_ratelimit_count_t *count, int64_t now_ms)
{
    int64_t latest_ms = now_ms + self->window_ms;
    int64_t ends_ms = count->ends_ms < latest_ms ? count->ends_ms : latest_ms;
    mg_slice_t client = s_cut(count->client);
    counter_t *counter = s_place_of(self, client);
    bool known = s_is_of(counter, client) && counter->ends_ms > now_ms;
    if (ends_ms <= now_ms || self->limit == 0 || (known && counter->calls >= count->calls)) {
        return;
    }
    s_begin(counter, client, ends_ms);
    counter->calls = count->calls < self->limit ? count->calls : self->limit;
}
