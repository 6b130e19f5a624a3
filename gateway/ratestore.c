#include "gateway/ratestore.h"

#include "actors/state.h"
#include "core/clock.h"
#include "core/collections.h"
#include "core/document.h"
#include "gateway/ask.h"
#include "gateway/batch.h"
#include "messages/state.pb-c.h"

#include <stdio.h>
#include <stdlib.h>

enum { KEY_SIZE = 32, NS_PER_MS = 1000000 };

static const char *const s_names[MG_RATES] =
    {[MG_RATE_LOGIN] = "login", [MG_RATE_REGISTER] = "register"};

struct mg_ratestore {
    mg_ratelimit_t *limits[MG_RATES];
    uint64_t changed[MG_RATES]; /* bit per shard that the state does not know */
    uint64_t under_way[MG_RATES];
    bool waits; /* for the state's word on these */
    int64_t sent_ms;
};

mg_ratestore_t *
mg_ratestore_new(const mg_config_http_t *http)
{
    bool unlimited = http->login_unlimited;
    mg_ratestore_t *self = calloc(1, sizeof *self);
    if (!self) {
        return NULL;
    }
    self->limits[MG_RATE_LOGIN] =
        mg_ratelimit_new(unlimited ? 0 : http->login_limit, http->login_window_seconds);
    self->limits[MG_RATE_REGISTER] =
        mg_ratelimit_new(unlimited ? 0 : http->register_limit, http->register_window_seconds);
    if (!self->limits[MG_RATE_LOGIN] || !self->limits[MG_RATE_REGISTER]) {
        mg_ratestore_destroy(&self);
    }
    return self;
}

void
mg_ratestore_destroy(mg_ratestore_t **self_p)
{
    if (*self_p) {
        for (int i = 0; i < MG_RATES; i++) {
            mg_ratelimit_destroy(&(*self_p)->limits[i]);
        }
        free(*self_p);
        *self_p = NULL;
    }
}

mg_ratelimit_verdict_t
mg_ratestore_take(mg_ratestore_t *self, mg_rate_t rate, mg_slice_t client, int64_t now_ms)
{
    mg_ratelimit_verdict_t verdict = mg_ratelimit_take(self->limits[rate], client, now_ms);
    if (verdict.allowed && verdict.limit > 0) {
        self->changed[rate] |= UINT64_C(1) << mg_ratelimit_shard(client);
    }
    return verdict;
}

static void
s_key(mg_rate_t rate, int shard, char out[KEY_SIZE])
{
    (void)snprintf(out, KEY_SIZE, "rate/%s/%d", s_names[rate], shard);
}

/* --- from the state --- */

/* One element of `clients`; what is not of our making is stepped over. */
static void
s_load_client(mg_ratelimit_t *limit, mg_slice_t element, int64_t now_ms, int64_t now_ns)
{
    mg_slice_t client = mg_document_text(element, "client");
    int64_t calls = mg_document_int(element, "calls", 0);
    int64_t left_ms = mg_document_int(element, "ends", 0) - now_ns / NS_PER_MS;
    if (client.len > 0 && calls > 0 && calls <= UINT32_MAX && left_ms > 0) {
        mg_ratelimit_restore(
            limit, &(mg_ratelimit_count_t){client, (uint32_t)calls, now_ms + left_ms}, now_ms);
    }
}

static void
s_load_shard(mg_ratelimit_t *limit, mg_slice_t body, int64_t now_ms, int64_t now_ns)
{
    bson_iter_t at;
    bson_iter_t item;
    if (!mg_document_find(body, "clients", &at) || !BSON_ITER_HOLDS_ARRAY(&at) ||
        !bson_iter_recurse(&at, &item)) {
        return;
    }
    while (bson_iter_next(&item)) {
        const uint8_t *bytes = NULL;
        uint32_t len = 0;
        if (BSON_ITER_HOLDS_DOCUMENT(&item)) {
            bson_iter_document(&item, &len, &bytes);
            s_load_client(limit, mg_slice(bytes, len), now_ms, now_ns);
        }
    }
}

void
mg_ratestore_load(mg_ratestore_t *self, const mg_view_t *view, int64_t now_ms, int64_t now_ns)
{
    for (int rate = 0; rate < MG_RATES; rate++) {
        for (int shard = 0; shard < MG_RATELIMIT_SHARDS; shard++) {
            char key[KEY_SIZE];
            s_key((mg_rate_t)rate, shard, key);
            const mg_entry_t *entry = mg_view_find(view, MG_COLLECTION_META, mg_slice_text(key));
            if (entry) {
                s_load_shard(self->limits[rate], mg_entry_body(entry), now_ms, now_ns);
                self->changed[rate] |= UINT64_C(1) << shard;
            }
        }
        self->changed[rate] |= mg_ratelimit_shards(self->limits[rate], now_ms);
    }
}

/* --- to the state --- */

typedef struct shard_record {
    bson_t body;
    bson_t clients;
    uint32_t count;
    int64_t last_ms; /* when its last window ends */
} shard_record_t;

static bool
s_append_client(const mg_ratelimit_count_t *count, int64_t ahead_ms, shard_record_t *record)
{
    char index[16];
    bson_t element;
    (void)snprintf(index, sizeof index, "%u", record->count++);
    record->last_ms = count->ends_ms > record->last_ms ? count->ends_ms : record->last_ms;
    return bson_append_document_begin(&record->clients, index, -1, &element) &&
           bson_append_utf8(&element, "client", -1, (const char *)count->client.data,
                            (int)count->client.len) &&
           bson_append_int64(&element, "calls", -1, count->calls) &&
           bson_append_int64(&element, "ends", -1, count->ends_ms + ahead_ms) &&
           bson_append_document_end(&record->clients, &element);
}

/* Adds what makes the state know one shard: its record, or that there is none. */
static void
s_add_shard(const mg_ratestore_t *self,
            mg_rate_t rate,
            int shard,
            int64_t now_ms,
            mg_batch_t *batch)
{
    char key[KEY_SIZE];
    s_key(rate, shard, key);
    int64_t ahead_ms = mg_clock_wall_ns() / NS_PER_MS - now_ms; /* of Unix time before our clock */
    shard_record_t record = {.body = BSON_INITIALIZER};
    bool built = bson_append_utf8(&record.body, "_id", -1, key, -1) &&
                 bson_append_array_begin(&record.body, "clients", -1, &record.clients);
    mg_ratelimit_count_t count;
    for (size_t at = 0; mg_ratelimit_next(self->limits[rate], shard, &at, &count);) {
        if (count.ends_ms > now_ms) {
            built = built && s_append_client(&count, ahead_ms, &record);
        }
    }
    built = built && bson_append_array_end(&record.body, &record.clients);
    const mg_op_t op = {.kind = record.count > 0 ? MG_OP_PUT : MG_OP_DELETE,
                        .key = mg_slice_text(key),
                        .body = mg_document_slice(&record.body),
                        .expires_ns = (record.last_ms + ahead_ms) * NS_PER_MS};
    batch->failed = batch->failed || !built;
    mg_batch_add(batch, &op);
    bson_destroy(&record.body);
}

static void
s_on_saved(void *arg, mg_status_t status, const ProtobufCMessage *reply)
{
    mg_ratestore_t *self = arg;
    bool saved = status == MG_OK && ((const Mg__StateReply *)reply)->status == MG_OK;
    self->waits = false;
    for (int rate = 0; rate < MG_RATES; rate++) {
        self->changed[rate] |= saved ? 0 : self->under_way[rate];
        self->under_way[rate] = 0;
    }
}

static void
s_send(mg_ratestore_t *self, mg_link_t *state, int64_t now_ms)
{
    mg_batch_t batch = {0};
    for (int rate = 0; rate < MG_RATES; rate++) {
        for (int shard = 0; shard < MG_RATELIMIT_SHARDS; shard++) {
            if (self->changed[rate] >> shard & 1u) {
                s_add_shard(self, (mg_rate_t)rate, shard, now_ms, &batch);
            }
        }
    }
    mg_status_t status = mg_batch_status(&batch);
    if (status == MG_OK) {
        status = mg_ask_background_write(state, &batch, s_on_saved, self);
    }
    for (int rate = 0; status == MG_OK && rate < MG_RATES; rate++) {
        self->under_way[rate] = self->changed[rate];
        self->changed[rate] = 0;
    }
    self->waits = status == MG_OK;
    self->sent_ms = now_ms;
    mg_batch_free(&batch);
}

static bool
s_has_changed(const mg_ratestore_t *self)
{
    return (self->changed[MG_RATE_LOGIN] | self->changed[MG_RATE_REGISTER]) != 0;
}

int64_t
mg_ratestore_save(mg_ratestore_t *self, mg_link_t *state, int64_t now_ms, bool at_once)
{
    if (self->waits || !s_has_changed(self)) {
        return -1; /* the state's word wakes the loop */
    }
    int64_t left_ms = self->sent_ms + MG_RATESTORE_EVERY_MS - now_ms;
    if (left_ms > 0 && !at_once) {
        return left_ms;
    }
    s_send(self, state, now_ms);
    return s_has_changed(self) ? MG_RATESTORE_EVERY_MS : -1;
}

bool
mg_ratestore_is_saved(const mg_ratestore_t *self)
{
    return !self->waits && !s_has_changed(self);
}
