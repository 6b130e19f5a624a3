#include "core/recordstream.h"

#include <sodium.h>

#include <errno.h>
#include <stdlib.h>

struct mg_recordstream {
    mg_record_fn receive;
    void *arg;
    mg_buf_t part;   /* start of a record that is not complete yet, with its length in front */
    uint64_t number; /* of the next record, 0-based */
};

mg_recordstream_t *
mg_recordstream_new(mg_record_fn receive, void *arg)
{
    mg_recordstream_t *self = calloc(1, sizeof *self);
    if (self) {
        self->receive = receive;
        self->arg = arg;
    }
    return self;
}

void
mg_recordstream_destroy(mg_recordstream_t **self_p)
{
    mg_recordstream_t *self = *self_p;
    if (!self) {
        return;
    }
    if (self->part.data) {
        sodium_memzero(self->part.data, self->part.cap);
    }
    mg_buf_free(&self->part);
    free(self);
    *self_p = NULL;
}

static mg_outcome_t
s_deliver(mg_recordstream_t *self, mg_slice_t bytes, mg_verdict_t *why)
{
    mg_record_t record;
    mg_outcome_t outcome = mg_record_decode(bytes, &record, why);
    if (outcome == MG_OUTCOME_OK) {
        outcome = self->receive(self->arg, &record, why);
    }
    if (outcome != MG_OUTCOME_OK) {
        why->record = self->number;
    }
    self->number++;
    return outcome;
}

/* How many bytes the record at the start of `bytes` takes with its length in front; 0 while that is not known. */
static mg_outcome_t
s_measure(mg_recordstream_t *self,
          mg_slice_t bytes,
          size_t *out_prefix,
          size_t *out_total,
          mg_verdict_t *why)
{
    uint32_t len = 0;
    mg_outcome_t outcome = mg_record_length(bytes, out_prefix, &len, why);
    if (outcome != MG_OUTCOME_OK) {
        why->record = self->number;
        return outcome;
    }
    *out_total = *out_prefix ? *out_prefix + len : 0;
    return MG_OUTCOME_OK;
}

static void
s_advance(mg_slice_t *plain, size_t len)
{
    *plain = mg_slice(plain->data + len, plain->len - len);
}

static mg_outcome_t
s_keep(mg_recordstream_t *self, mg_slice_t *plain, size_t len, mg_verdict_t *why)
{
    mg_buf_append(&self->part, plain->data, len);
    if (!mg_buf_ok(&self->part)) {
        return mg_verdict_io(why, "joining a record", ENOMEM);
    }
    s_advance(plain, len);
    return MG_OUTCOME_OK;
}

/* Completes the kept part with the first bytes of `plain`, byte by byte until its length is known. */
static mg_outcome_t
s_complete(mg_recordstream_t *self, mg_slice_t *plain, mg_verdict_t *why)
{
    size_t prefix = 0;
    size_t total = 0;
    mg_outcome_t outcome = s_measure(self, mg_buf_slice(&self->part), &prefix, &total, why);
    while (outcome == MG_OUTCOME_OK && prefix == 0 && plain->len) {
        outcome = s_keep(self, plain, 1, why);
        if (outcome == MG_OUTCOME_OK) {
            outcome = s_measure(self, mg_buf_slice(&self->part), &prefix, &total, why);
        }
    }
    if (outcome != MG_OUTCOME_OK || prefix == 0) {
        return outcome;
    }
    size_t missing = total - self->part.len;
    outcome = s_keep(self, plain, missing < plain->len ? missing : plain->len, why);
    if (outcome == MG_OUTCOME_OK && self->part.len == total) {
        outcome = s_deliver(self, mg_slice(self->part.data + prefix, total - prefix), why);
        mg_buf_clear(&self->part);
    }
    return outcome;
}

/* Delivers the record that `plain` begins with or completes, or keeps what there is of it. */
static mg_outcome_t
s_feed_one(mg_recordstream_t *self, mg_slice_t *plain, mg_verdict_t *why)
{
    size_t prefix = 0;
    size_t total = 0;
    if (self->part.len) {
        return s_complete(self, plain, why);
    }
    mg_outcome_t outcome = s_measure(self, *plain, &prefix, &total, why);
    if (outcome != MG_OUTCOME_OK) {
        return outcome;
    }
    if (prefix == 0 || total > plain->len) {
        return s_keep(self, plain, plain->len, why);
    }
    outcome = s_deliver(self, mg_slice(plain->data + prefix, total - prefix), why);
    s_advance(plain, total);
    return outcome;
}

mg_outcome_t
mg_recordstream_feed(mg_recordstream_t *self, mg_slice_t plain, mg_verdict_t *why)
{
    mg_outcome_t outcome = MG_OUTCOME_OK;
    while (outcome == MG_OUTCOME_OK && plain.len) {
        outcome = s_feed_one(self, &plain, why);
    }
    return outcome;
}

/* The entries were written by another processor: those that come soon are fetched meanwhile, the head first and then the key. */
static void
s_fetch_ahead(const mg_early_t *early, uint32_t at)
{
    enum { HEADS = 8, KEYS = 4 };
    if (at + HEADS < early->count) {
        __builtin_prefetch(early->items[at + HEADS].entry);
        const mg_entry_t *entry = early->items[at + KEYS].entry;
        __builtin_prefetch(entry ? mg_entry_key(entry).data : NULL);
    }
}

static mg_outcome_t
s_deliver_entry(mg_recordstream_t *self, mg_entry_t *entry, mg_entry_fn receive, mg_verdict_t *why)
{
    mg_outcome_t outcome = receive(self->arg, entry, why);
    if (outcome != MG_OUTCOME_OK) {
        why->record = self->number;
    }
    self->number++;
    return outcome;
}

/* Hands over the documents of `early`, of which the first stands where `plain` begins. */
static mg_outcome_t
s_deliver_early(mg_recordstream_t *self,
                mg_early_t *early,
                mg_entry_fn receive,
                mg_slice_t *plain,
                mg_verdict_t *why)
{
    uint32_t at = early->begin;
    mg_outcome_t outcome = MG_OUTCOME_OK;
    for (uint32_t i = 0; i < early->count && outcome == MG_OUTCOME_OK; i++) {
        mg_early_item_t *item = &early->items[i];
        mg_entry_t *entry = item->entry;
        s_fetch_ahead(early, i);
        item->entry = NULL;
        if (!entry) {
            outcome = s_feed_one(self, plain, why);
        } else {
            outcome = s_deliver_entry(self, entry, receive, why);
            s_advance(plain, item->end - at);
        }
        at = item->end;
    }
    return outcome;
}

mg_outcome_t
mg_recordstream_feed_early(mg_recordstream_t *self,
                           mg_slice_t plain,
                           mg_early_t *early,
                           mg_entry_fn receive,
                           mg_verdict_t *why)
{
    mg_slice_t whole = plain;
    mg_outcome_t outcome = MG_OUTCOME_OK;
    while (outcome == MG_OUTCOME_OK && plain.len && whole.len - plain.len < early->begin) {
        outcome = s_feed_one(self, &plain, why);
    }
    bool fits = self->part.len == 0 && whole.len - plain.len == early->begin;
    if (outcome == MG_OUTCOME_OK && fits) {
        outcome = s_deliver_early(self, early, receive, &plain, why);
    }
    return outcome == MG_OUTCOME_OK ? mg_recordstream_feed(self, plain, why) : outcome;
}

mg_outcome_t
mg_recordstream_end(const mg_recordstream_t *self, mg_verdict_t *why)
{
    if (self->part.len) {
        (void)mg_verdict_fail(why, MG_OUTCOME_PAYLOAD_INVALID, "the payload ends within a record");
        why->record = self->number;
        return MG_OUTCOME_PAYLOAD_INVALID;
    }
    return MG_OUTCOME_OK;
}
