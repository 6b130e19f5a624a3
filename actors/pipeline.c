#include "actors/pipeline.h"

#include "core/clock.h"

#include <sodium.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* A place for one result, by index modulo the window. */
typedef struct place {
    zmq_msg_t message;
    bool filled;
} place_t;

struct mg_pipeline {
    zsock_t *jobs; /* to idle sealers */
    zsock_t *urgent_jobs;
    atomic_bool urgent;
    zsock_t *results;
    uint32_t window; /* chunks under way at most */
    place_t *places;
    mg_sealjob_t job; /* what all jobs of this file have in common */
    uint64_t file;
    zmq_msg_t draft; /* the job being filled */
    bool drafted;
    uint32_t sent;    /* jobs of this file so far */
    uint32_t taken;   /* results released so far */
    int64_t moved_ms; /* when something last came back or went out */
};

mg_pipeline_t *
mg_pipeline_new(uint32_t sealers)
{
    mg_pipeline_t *self = calloc(1, sizeof *self);
    if (!self) {
        return NULL;
    }
    self->window = 2 * (sealers ? sealers : 1);
    self->places = calloc(self->window, sizeof *self->places);
    self->jobs = mg_bus_bind(ZMQ_PUSH, MG_BUS_CHUNKS);
    self->urgent_jobs = mg_bus_bind(ZMQ_PUSH, MG_BUS_URGENT_CHUNKS);
    self->results = mg_bus_bind(ZMQ_PULL, MG_BUS_SEALED);
    if (!self->places || !self->jobs || !self->urgent_jobs || !self->results) {
        mg_pipeline_destroy(&self);
    }
    return self;
}

static void
s_wipe(zmq_msg_t *message)
{
    sodium_memzero(zmq_msg_data(message), zmq_msg_size(message));
    (void)zmq_msg_close(message);
}

static void
s_wipe_result(zmq_msg_t *message)
{
    mg_sealresult_t *result = zmq_msg_data(message);
    mg_early_destroy(&result->early);
    s_wipe(message);
}

static void
s_drop_draft(mg_pipeline_t *self)
{
    if (self->drafted) {
        s_wipe(&self->draft);
        self->drafted = false;
    }
}

static void
s_drop_places(mg_pipeline_t *self)
{
    for (uint32_t i = 0; self->places && i < self->window; i++) {
        if (self->places[i].filled) {
            s_wipe_result(&self->places[i].message);
            self->places[i].filled = false;
        }
    }
}

void
mg_pipeline_destroy(mg_pipeline_t **self_p)
{
    mg_pipeline_t *self = *self_p;
    if (!self) {
        return;
    }
    s_drop_draft(self);
    s_drop_places(self);
    mg_bus_close(&self->jobs);
    mg_bus_close(&self->urgent_jobs);
    mg_bus_close(&self->results);
    free(self->places);
    sodium_memzero(&self->job, sizeof self->job);
    free(self);
    *self_p = NULL;
}

void
mg_pipeline_begin(mg_pipeline_t *self,
                  mg_sealwork_t work,
                  const mg_chunk_rules_t *rules,
                  const uint8_t key[MG_KEY_SIZE])
{
    s_drop_draft(self);
    s_drop_places(self);
    self->file++;
    self->sent = 0;
    self->taken = 0;
    self->moved_ms = mg_clock_mono_ms();
    self->job.work = work;
    self->job.rules = *rules;
    memcpy(self->job.key, key, sizeof self->job.key);
}

void
mg_pipeline_set_urgent(mg_pipeline_t *self, bool urgent)
{
    atomic_store_explicit(&self->urgent, urgent, memory_order_relaxed);
}

bool
mg_pipeline_is_urgent(const mg_pipeline_t *self)
{
    return atomic_load_explicit(&self->urgent, memory_order_relaxed);
}

bool
mg_pipeline_has_room(const mg_pipeline_t *self)
{
    return self->sent - self->taken < self->window;
}

bool
mg_pipeline_is_busy(const mg_pipeline_t *self)
{
    return self->sent != self->taken;
}

uint8_t *
mg_pipeline_buffer(mg_pipeline_t *self, size_t size)
{
    s_drop_draft(self);
    if (zmq_msg_init_size(&self->draft, sizeof(mg_sealjob_t) + size) == -1) {
        return NULL;
    }
    self->drafted = true;
    return (uint8_t *)zmq_msg_data(&self->draft) + sizeof(mg_sealjob_t);
}

mg_status_t
mg_pipeline_send(mg_pipeline_t *self, const mg_frame_t *frame, size_t len)
{
    assert(self->drafted && mg_pipeline_has_room(self));
    mg_sealjob_t *job = zmq_msg_data(&self->draft);
    memcpy(job, &self->job, sizeof *job);
    job->frame = *frame;
    job->len = (uint32_t)len;
    atomic_store_explicit(&job->file, self->file, memory_order_release);
    void *jobs = zsock_resolve(mg_pipeline_is_urgent(self) ? self->urgent_jobs : self->jobs);
    zmq_pollitem_t item = {.socket = jobs, .events = ZMQ_POLLOUT};
    bool ready = zmq_poll(&item, 1, MG_PIPELINE_STALL_MS) == 1; /* no sealer runs: wait for one */
    if (!ready || zmq_msg_send(&self->draft, jobs, ZMQ_DONTWAIT) == -1) {
        return MG_ERR_TIMEOUT;
    }
    self->drafted = false;
    self->sent++;
    self->moved_ms = mg_clock_mono_ms();
    return MG_OK;
}

/* Takes one result off the socket into its place; false when there is none. Results of earlier files are dropped. */
static bool
s_receive(mg_pipeline_t *self)
{
    zmq_msg_t message;
    (void)zmq_msg_init(&message);
    if (zmq_msg_recv(&message, zsock_resolve(self->results), ZMQ_DONTWAIT) == -1) {
        (void)zmq_msg_close(&message);
        return false;
    }
    mg_sealresult_t *result = zmq_msg_data(&message);
    uint64_t file = atomic_load_explicit(&result->file, memory_order_acquire);
    uint32_t index = result->frame.index;
    place_t *place = &self->places[index % self->window];
    if (file != self->file || index - self->taken >= self->window || place->filled) {
        s_wipe_result(&message);
        return true;
    }
    (void)zmq_msg_init(&place->message);
    (void)zmq_msg_move(&place->message, &message);
    place->filled = true;
    self->moved_ms = mg_clock_mono_ms();
    return true;
}

const mg_sealresult_t *
mg_pipeline_next(mg_pipeline_t *self, int64_t wait_ms)
{
    const place_t *place = &self->places[self->taken % self->window];
    while (!place->filled && s_receive(self)) {
    }
    if (!place->filled && mg_pipeline_is_busy(self)) {
        zmq_pollitem_t item = {.socket = zsock_resolve(self->results), .events = ZMQ_POLLIN};
        (void)zmq_poll(&item, 1, (long)wait_ms);
        while (!place->filled && s_receive(self)) {
        }
    }
    zmq_msg_t *message = (zmq_msg_t *)&place->message;
    return place->filled ? zmq_msg_data(message) : NULL;
}

void
mg_pipeline_release(mg_pipeline_t *self)
{
    place_t *place = &self->places[self->taken % self->window];
    if (place->filled) {
        s_wipe_result(&place->message);
        place->filled = false;
        self->taken++;
    }
}

mg_status_t
mg_pipeline_check(const mg_pipeline_t *self)
{
    bool stalled =
        mg_pipeline_is_busy(self) && mg_clock_mono_ms() - self->moved_ms > MG_PIPELINE_STALL_MS;
    return stalled ? MG_ERR_TIMEOUT : MG_OK;
}
