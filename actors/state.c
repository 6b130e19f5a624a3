#include "actors/state.h"

#include "actors/memorywatch.h"
#include "actors/viewbook.h"
#include "core/clock.h"
#include "core/document.h"
#include "core/log.h"
#include "messages/figures.h"
#include "messages/state.pb-c.h"

#include <stdlib.h>
#include <string.h>

enum {
    MESSAGES_PER_TURN = 512, /* then the loop looks at everything else again */
    RECLAIM_PER_TURN = 500,  /* dead nodes and entries freed: well under 100 us */
    SWEEP_PER_TURN = 200,    /* expired documents removed */
    WAIT_MAX_MS = 60000,     /* clocks jump: look at the expiry index that often at the least */
    ACKS_MAX = 64,           /* writes that become known together */
    AWAITED_MAX = 4          /* askers that wait for a version to come */
};

/* A write that was applied and is not acknowledged yet. */
typedef struct ack {
    mg_bus_peer_t peer;
    mg_status_t status;
    uint64_t version;
    uint64_t changes;
    uint32_t failed_at;
} ack_t;

typedef struct state_actor {
    zsock_t *inbox;
    mg_store_t *store;
    _Atomic uint64_t *version; /* shared: the newest version number */
    mg_viewbook_t views;
    ack_t acks[ACKS_MAX];
    size_t ack_count;
    mg_bus_peer_t awaited[AWAITED_MAX]; /* who gets a view of the next version */
    size_t awaited_count;
    mg_op_t *ops; /* scratch: the batch being applied */
    size_t ops_cap;
    int64_t last_change_ns;
    uint64_t batches;
    uint64_t swaps;
    mg_loop_t *loop; /* for its figures */
    mg_histogram_t batch;
    mg_memorywatch_t memory;
    bool frozen;
    bool
        frozen_for_good; /* the last dump of this process is to come: what it does not hold must not be acknowledged */
} state_actor_t;

static void
s_destroy(void *arg)
{
    state_actor_t *self = arg;
    if (!self) {
        return;
    }
    mg_bus_close(&self->inbox);
    mg_viewbook_take_back(&self->views, self->store,
                          true); /* main stops everybody who reads before this actor */
    mg_store_destroy(&self->store);
    free(self->ops);
    free(self);
}

/* --- views --- */

static uint64_t
s_newest(const state_actor_t *self)
{
    return mg_view_version(mg_store_current(self->store));
}

static mg_status_t
s_open_view(state_actor_t *self, const mg_bus_peer_t *borrower, Mg__StateReply *reply)
{
    mg_loan_terms_t terms;
    mg_status_t status = mg_viewbook_lend(&self->views, self->store, borrower, &terms);
    if (status != MG_OK) {
        return status;
    }
    reply->view = terms.view;
    reply->view_ns = (uint64_t)terms.opened_ns;
    reply->swaps = self->swaps;
    reply->changes = mg_store_changes(self->store);
    return MG_OK;
}

static void
s_reply(state_actor_t *self, const mg_bus_peer_t *peer, Mg__StateReply *reply)
{
    mg_status_t sent = mg_bus_reply(self->inbox, peer, &reply->base);
    if (sent != MG_OK && reply->view) {
        mg_viewbook_recall(&self->views, self->store, reply->view);
    }
    if (sent != MG_OK) {
        mg_log(MG_LOG_WARN, "reply_lost", "actor=state status=%s", mg_status_name(sent));
    }
}

/* --- versions become known --- */

/* Answers a request for a view. */
static void
s_answer_view(state_actor_t *self, const mg_bus_peer_t *peer)
{
    Mg__StateReply reply = MG__STATE_REPLY__INIT;
    reply.version = s_newest(self);
    reply.status = s_open_view(self, peer, &reply);
    s_reply(self, peer, &reply);
}

/* Every change becomes known here, before it is acknowledged. The views that were asked for ahead go out first: who sees the new
 * number has one in his queue already. */
static void
s_announce_version(state_actor_t *self)
{
    uint64_t version = s_newest(self);
    if (version == atomic_load_explicit(self->version, memory_order_relaxed)) {
        return;
    }
    for (size_t i = 0; i < self->awaited_count; i++) {
        s_answer_view(self, &self->awaited[i]);
    }
    self->awaited_count = 0;
    atomic_store_explicit(self->version, version, memory_order_release);
}

/* The writes since the last time become known and are acknowledged. */
static void
s_commit(state_actor_t *self)
{
    s_announce_version(self);
    for (size_t i = 0; i < self->ack_count; i++) {
        const ack_t *ack = &self->acks[i];
        Mg__StateReply reply = MG__STATE_REPLY__INIT;
        reply.status = ack->status;
        reply.version = ack->version;
        reply.changes = ack->changes;
        reply.failed_at = ack->failed_at;
        s_reply(self, &ack->peer, &reply);
    }
    self->ack_count = 0;
}

/* Ends the wait of an asker for a version to come, without a view. */
static void
s_end_wait(state_actor_t *self, const mg_bus_peer_t *asker)
{
    size_t left = 0;
    for (size_t i = 0; i < self->awaited_count; i++) {
        if (!mg_bus_same_peer(&self->awaited[i], asker)) {
            self->awaited[left++] = self->awaited[i];
            continue;
        }
        Mg__StateReply reply = MG__STATE_REPLY__INIT;
        reply.status = MG_ERR_CLOSED;
        (void)mg_bus_reply(self->inbox, &self->awaited[i], &reply.base); /* it may be gone */
    }
    self->awaited_count = left;
}

static void
s_handle_open_view(state_actor_t *self, const mg_bus_peer_t *peer, const Mg__OpenView *request)
{
    s_end_wait(self, peer);
    if (s_newest(self) > request->newer_than || self->awaited_count == AWAITED_MAX) {
        s_answer_view(self, peer);
    } else {
        self->awaited[self->awaited_count++] = *peer;
    }
}

/* --- writes --- */

static mg_status_t
s_reserve_ops(state_actor_t *self, size_t count)
{
    if (count <= self->ops_cap) {
        return MG_OK;
    }
    mg_op_t *ops = realloc(self->ops, count * sizeof *ops);
    if (!ops) {
        return MG_ERR_NO_MEMORY;
    }
    self->ops = ops;
    self->ops_cap = count;
    return MG_OK;
}

/* Looks how much memory there is left, now and then. */
static void
s_watch_memory(state_actor_t *self)
{
    mg_store_stats_t now;
    mg_store_stats(self->store, &now);
    if (mg_memorywatch_look(&self->memory, mg_clock_mono_ms(), now.bytes)) {
        mg_store_set_ceiling(self->store, self->memory.ceiling);
    }
}

/* The enums of schema and store have the same numbers (a test says so). */
static mg_op_t
s_op_of(const Mg__Op *op)
{
    return (mg_op_t){.kind = (mg_op_kind_t)op->kind,
                     .condition = (mg_condition_t)op->condition,
                     .rev = op->rev,
                     .collection = mg_bus_slice(op->collection),
                     .key = mg_bus_slice(op->key),
                     .body = mg_bus_slice(op->body),
                     .expires_ns = op->expires_ns};
}

static mg_status_t
s_apply(state_actor_t *self, const Mg__Write *write, ack_t *ack)
{
    s_watch_memory(self);
    mg_status_t status = self->frozen ? MG_ERR_FROZEN : s_reserve_ops(self, write->n_ops);
    if (status != MG_OK) {
        return status;
    }
    for (size_t i = 0; i < write->n_ops; i++) {
        self->ops[i] = s_op_of(write->ops[i]);
    }
    size_t failed_at = 0;
    uint64_t before = mg_store_changes(self->store);
    int64_t now_ns = mg_clock_wall_ns();
    int64_t begun_ns = mg_clock_mono_ns();
    status = mg_store_apply(self->store, self->ops, write->n_ops, now_ns, &failed_at);
    mg_histogram_add(&self->batch, mg_clock_mono_ns() - begun_ns);
    ack->failed_at = (uint32_t)failed_at;
    ack->changes = mg_store_changes(self->store);
    self->batches++;
    if (ack->changes != before) {
        self->last_change_ns = now_ns;
    }
    return status;
}

/* Applied now, acknowledged with the others of this turn. */
static void
s_handle_write(state_actor_t *self, const mg_bus_peer_t *peer, const Mg__Write *write)
{
    ack_t *ack = &self->acks[self->ack_count++];
    *ack = (ack_t){.peer = *peer};
    ack->status = s_apply(self, write, ack);
    ack->version = s_newest(self);
    if (self->ack_count == ACKS_MAX) {
        s_commit(self);
    }
}

/* Revocations that still bind are carried over into the state that replaces this one. */
static mg_status_t
s_keep_revocations(const state_actor_t *self, mg_store_t *loaded)
{
    int64_t now_ns = mg_clock_wall_ns();
    mg_cursor_t cursor;
    mg_cursor_seek(&cursor, mg_store_current(self->store), MG_COLLECTION_REVOCATIONS,
                   mg_slice(NULL, 0));
    mg_status_t status = MG_OK;
    const mg_entry_t *entry = NULL;
    while (status == MG_OK && (entry = mg_cursor_next(&cursor)) != NULL) {
        size_t failed_at = 0;
        mg_op_t put = {.collection = mg_slice_text(mg_collection(MG_COLLECTION_REVOCATIONS)->name),
                       .key = mg_entry_key(entry),
                       .body = mg_entry_body(entry),
                       .expires_ns = entry->expires_ns};
        if (mg_entry_alive(entry, now_ns)) {
            status = mg_store_apply(loaded, &put, 1, now_ns, &failed_at);
        }
    }
    return status;
}

static mg_status_t
s_handle_swap(state_actor_t *self, const Mg__Swap *swap)
{
    mg_store_t *loaded = mg_storeref_take(swap->store);
    if (!loaded) {
        return MG_ERR_BAD_MESSAGE;
    }
    mg_status_t status = swap->keep_revocations ? s_keep_revocations(self, loaded) : MG_OK;
    if (status == MG_OK) {
        mg_store_swap(self->store, &loaded, swap->counted);
        self->swaps++;
        self->last_change_ns = mg_clock_wall_ns();
        s_announce_version(self);
    }
    mg_store_destroy(&loaded);
    return status;
}

/* --- stats --- */

/* Fills the counts of collections that hold something; `rooms` and `list` have a place for each slot. */
static size_t
s_count_collections(const mg_view_t *view, Mg__CollectionCount *rooms, Mg__CollectionCount **list)
{
    int slots[MG_COLLECTIONS_MAX];
    int count = mg_view_slots_by_name(view, slots);
    size_t filled = 0;
    for (int i = 0; i < count; i++) {
        uint64_t documents = mg_view_count(view, slots[i]);
        if (documents) {
            mg__collection_count__init(&rooms[filled]);
            rooms[filled].name = mg_bus_text((const char *)mg_view_slot_name(view, slots[i]).data);
            rooms[filled].documents = documents;
            list[filled] = &rooms[filled];
            filled++;
        }
    }
    return filled;
}

static mg_status_t
s_reply_stats(state_actor_t *self, const mg_bus_peer_t *peer, Mg__StateReply *reply)
{
    Mg__CollectionCount rooms[MG_COLLECTIONS_MAX];
    Mg__CollectionCount *list[MG_COLLECTIONS_MAX];
    mg_store_stats_t now;
    mg_viewbook_take_back(&self->views, self->store, false); /* so that the count is true */
    s_watch_memory(self);
    mg_store_stats(self->store, &now);
    Mg__Histogram view_open = mg_histogram_message(&self->views.opened);
    Mg__Histogram batch = mg_histogram_message(&self->batch);
    Mg__Histogram turns = mg_histogram_message(mg_loop_turns(self->loop));
    Mg__StateStats stats = MG__STATE_STATS__INIT;
    stats.view_open = &view_open;
    stats.batch = &batch;
    stats.turns = &turns;
    stats.changes = now.changes;
    stats.documents = now.documents;
    stats.bytes = now.bytes;
    stats.dead = now.dead;
    stats.views = now.views;
    stats.nodes_copied = now.nodes_copied;
    stats.batches = self->batches;
    stats.frozen = self->frozen;
    stats.memory_used = self->memory.used;
    stats.memory_limit = self->memory.limit;
    stats.memory_full = self->memory.full;
    stats.last_change_ns = self->last_change_ns;
    stats.n_collections = s_count_collections(mg_store_current(self->store), rooms, list);
    stats.collections = list;
    reply->stats = &stats; // cppcheck-suppress autoVariables; taken back below
    mg_status_t status = mg_bus_reply(self->inbox, peer, &reply->base);
    reply->stats = NULL;
    return status;
}

/* --- messages --- */

/* Everything but writes finds all that was written before it known to everybody. */
static void
s_handle(state_actor_t *self, const mg_bus_peer_t *peer, const Mg__StateRequest *request)
{
    Mg__StateReply reply = MG__STATE_REPLY__INIT;
    mg_status_t status = MG_OK;
    s_commit(self);
    switch (request->body_case) {
    case MG__STATE_REQUEST__BODY_OPEN_VIEW:
        s_handle_open_view(self, peer, request->open_view);
        return;
    case MG__STATE_REQUEST__BODY_RELEASE_VIEW:
        mg_viewbook_take_back(&self->views, self->store, false);
        s_end_wait(self, peer);
        return;
    case MG__STATE_REQUEST__BODY_FREEZE:
        self->frozen = true;
        self->frozen_for_good = self->frozen_for_good || request->freeze->for_good;
        break;
    case MG__STATE_REQUEST__BODY_THAW:
        self->frozen = self->frozen_for_good;
        break;
    case MG__STATE_REQUEST__BODY_SWAP:
        status = s_handle_swap(self, request->swap);
        break;
    case MG__STATE_REQUEST__BODY_STATS:
        reply.version = s_newest(self);
        (void)s_reply_stats(self, peer, &reply);
        return;
    default:
        status = MG_ERR_BAD_MESSAGE;
        break;
    }
    reply.status = status;
    reply.version = s_newest(self);
    s_reply(self, peer, &reply);
}

static void
s_on_inbox(void *arg)
{
    state_actor_t *self = arg;
    for (int i = 0; i < MESSAGES_PER_TURN; i++) {
        mg_bus_peer_t peer;
        ProtobufCMessage *message = NULL;
        mg_status_t status =
            mg_bus_receive(self->inbox, &mg__state_request__descriptor, &peer, &message);
        if (status == MG_ERR_BAD_MESSAGE) {
            Mg__StateReply reply = MG__STATE_REPLY__INIT;
            reply.status = status;
            reply.version = s_newest(self);
            s_reply(self, &peer, &reply);
            continue;
        }
        if (status != MG_OK) {
            break;
        }
        const Mg__StateRequest *request = (const Mg__StateRequest *)message;
        if (request->body_case == MG__STATE_REQUEST__BODY_WRITE) {
            s_handle_write(self, &peer, request->write);
        } else {
            s_handle(self, &peer, request);
        }
        protobuf_c_message_free_unpacked(message, NULL);
    }
    s_commit(self);
}

/* Work that can wait for an idle moment, a little each turn. */
static int64_t
s_on_turn(void *arg, int64_t now_ms)
{
    state_actor_t *self = arg;
    mg_viewbook_take_back(&self->views, self->store, false);
    mg_viewbook_report_old(&self->views, s_newest(self), now_ms);
    int64_t next_ns = mg_store_next_expiry(self->store);
    int64_t now_ns = next_ns ? mg_clock_wall_ns() : 0;
    if (next_ns && next_ns <= now_ns && !self->frozen) {
        (void)mg_store_sweep(self->store, now_ns, SWEEP_PER_TURN);
        s_announce_version(self);
        next_ns = mg_store_next_expiry(self->store);
    }
    if (mg_store_reclaim(self->store, RECLAIM_PER_TURN)) {
        return 0;
    }
    if (next_ns == 0 || self->frozen) {
        return mg_viewbook_is_empty(&self->views) ? -1 : WAIT_MAX_MS;
    }
    int64_t wait_ms = next_ns > now_ns ? (next_ns - now_ns) / MG_NS_PER_MS + 1 : 0;
    return wait_ms < WAIT_MAX_MS ? wait_ms : WAIT_MAX_MS;
}

static mg_status_t
s_create(const void *arg, mg_loop_t *loop, void **out_self)
{
    const mg_state_args_t *args = arg;
    state_actor_t *self = calloc(1, sizeof *self);
    if (!self) {
        return MG_ERR_NO_MEMORY;
    }
    self->loop = loop;
    self->version = args->version;
    mg_memorywatch_init(&self->memory, args->memory_limit);
    self->store = mg_store_new();
    self->inbox = mg_bus_serve(MG_BUS_STATE);
    if (!self->store || !self->inbox ||
        mg_loop_watch_socket(loop, self->inbox, s_on_inbox) != MG_OK) {
        s_destroy(self);
        return MG_ERR_NO_MEMORY;
    }
    atomic_store_explicit(self->version, s_newest(self), memory_order_release);
    *out_self = self;
    return MG_OK;
}

const mg_actor_ops_t mg_state_actor = {
    .name = "mg-state",
    .prompt = true,
    .create = s_create,
    .on_turn = s_on_turn,
    .destroy = s_destroy,
};
