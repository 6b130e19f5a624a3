/* ratelimit - fixed windows per client address, in a table that cannot grow.
 *
 * Owns     : MG_RATELIMIT_CLIENTS counters.
 * Thread   : one per instance, no locks.
 * Takes    : the time with each call; it reads no clock.
 * Fails    : never; when all places are taken by live windows the oldest one is forgotten.
 * Not here : outliving the process (gateway/ratestore.h), whose address it is (gateway/address.h), status 429 (gateway/reply.h).
 * Source   : platform-api.md section 3.2.
 */
#ifndef MG_GATEWAY_RATELIMIT_H
#define MG_GATEWAY_RATELIMIT_H

#include "core/buf.h"

enum {
    MG_RATELIMIT_CLIENTS = 4096, /* addresses remembered at once */
    MG_RATELIMIT_SHARDS = 64,    /* parts of the table that are written down one by one */
    MG_RATELIMIT_KEY_MAX = 46    /* bytes of an address in text, as inet_ntop writes it */
};

typedef struct mg_ratelimit mg_ratelimit_t;

typedef struct mg_ratelimit_verdict {
    bool allowed;
    uint32_t limit;
    uint32_t remaining;
    int64_t reset_s; /* seconds until the window ends, at least 1 */
} mg_ratelimit_verdict_t;

/* limit calls per window_s for each address; limit 0: everything is allowed. NULL: out of memory. */
mg_ratelimit_t *mg_ratelimit_new(uint32_t limit, uint32_t window_s);
void mg_ratelimit_destroy(mg_ratelimit_t **self_p);
/* Counts one call of `client` (cut at MG_RATELIMIT_KEY_MAX bytes) at `now_ms`. */
mg_ratelimit_verdict_t mg_ratelimit_take(mg_ratelimit_t *self, mg_slice_t client, int64_t now_ms);

/* --- to be written down, and read again --- */

typedef struct mg_ratelimit_count {
    mg_slice_t client;
    uint32_t calls;
    int64_t ends_ms; /* of the window */
} mg_ratelimit_count_t;

/* The shard that a client is in; the same in every process. */
int mg_ratelimit_shard(mg_slice_t client);
/* The shards with a window that has not ended, a bit for each. */
uint64_t mg_ratelimit_shards(const mg_ratelimit_t *self, int64_t now_ms);
/* The next counter of a shard, ended or not; `at` begins with 0. False: that was all. */
bool
mg_ratelimit_next(const mg_ratelimit_t *self, int shard, size_t *at, mg_ratelimit_count_t *out);
/* Counts what was counted before: of two windows of a client the stricter stays. One longer than a window is now is cut. */
void mg_ratelimit_restore(mg_ratelimit_t *self, const mg_ratelimit_count_t *count, int64_t now_ms);

#endif
