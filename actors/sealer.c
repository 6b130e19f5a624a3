#include "actors/sealer.h"

#include "actors/idle.h"
#include "core/log.h"

#include <sodium.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

typedef struct sealer {
    zsock_t *jobs;
    zsock_t *results;
    mg_chunkcodec_t *codec; /* of `file`; NULL: none yet */
    uint64_t file;
} sealer_t;

static void
s_destroy(void *arg)
{
    sealer_t *self = arg;
    if (!self) {
        return;
    }
    mg_bus_close(&self->jobs);
    mg_bus_close(&self->results);
    mg_chunkcodec_destroy(&self->codec);
    free(self);
}

/* The codec for the job's file; chunks of one file come in a row. */
static mg_status_t
s_prepare(sealer_t *self, uint64_t file, const mg_sealjob_t *job)
{
    if (self->codec && self->file == file) {
        return MG_OK;
    }
    mg_chunkcodec_destroy(&self->codec);
    self->file = file;
    return mg_chunkcodec_new(&job->rules, job->key, &self->codec);
}

static void
s_seal(sealer_t *self, mg_slice_t plain, mg_sealresult_t *result, uint8_t *out)
{
    if (mg_chunkcodec_seal(self->codec, &result->frame, plain, out) != MG_OK) {
        (void)mg_verdict_io(&result->verdict, "sealing a chunk", ENOMEM);
        return;
    }
    result->len = (uint32_t)mg_frame_total(&result->frame);
    mg_chunk_leaf(mg_slice(out, result->len), result->leaf);
}

static void
s_open(sealer_t *self, mg_slice_t chunk, bool load, mg_sealresult_t *result, uint8_t *out)
{
    mg_chunk_leaf(chunk, result->leaf);
    if (mg_chunkcodec_open(self->codec, &result->frame, chunk, out, &result->verdict) ==
        MG_OUTCOME_OK) {
        result->len = result->frame.plain_len;
    }
    if (result->len && load) {
        result->early = mg_early_new(mg_slice(out, result->len));
    }
}

/* Does the job; `out` is where the result's bytes go. */
static void
s_work(sealer_t *self, uint64_t file, mg_sealjob_t *job, mg_sealresult_t *result, uint8_t *out)
{
    mg_slice_t bytes = mg_slice(job + 1, job->len);
    memset(result, 0, sizeof *result);
    result->frame = job->frame;
    if (s_prepare(self, file, job) != MG_OK) {
        (void)mg_verdict_io(&result->verdict, "preparing a key", ENOMEM);
    } else if (job->work == MG_SEALWORK_SEAL) {
        s_seal(self, bytes, result, out);
    } else {
        s_open(self, bytes, job->work == MG_SEALWORK_LOAD, result, out);
    }
    atomic_store_explicit(&result->file, file, memory_order_release);
}

/* The message ends: with it goes what was not taken out. Any thread. */
static void
s_end_result(void *data, void *hint)
{
    mg_sealresult_t *result = data;
    (void)hint;
    mg_early_destroy(&result->early);
    free(result);
}

/* A message for a result with room for that many bytes behind it; NULL: out of memory. */
static mg_sealresult_t *
s_new_result(size_t room, zmq_msg_t *out)
{
    size_t size = sizeof(mg_sealresult_t) + room;
    mg_sealresult_t *result = malloc(size);
    if (result && zmq_msg_init_data(out, result, size, s_end_result, NULL) == -1) {
        free(result);
        return NULL;
    }
    return result;
}

static mg_status_t
s_answer(sealer_t *self, zmq_msg_t *message)
{
    mg_sealjob_t *job = zmq_msg_data(message);
    uint64_t file = atomic_load_explicit(&job->file, memory_order_acquire);
    bool seal = job->work == MG_SEALWORK_SEAL;
    size_t room = seal ? (size_t)job->len + MG_CHUNK_EXTRA : job->frame.plain_len;
    zmq_msg_t answer;
    mg_sealresult_t *result = s_new_result(room, &answer);
    if (!result) {
        return MG_ERR_NO_MEMORY;
    }
    s_work(self, file, job, result, (uint8_t *)(result + 1));
    sodium_memzero(job, seal ? zmq_msg_size(message) : sizeof *job); /* plaintext and key */
    if (zmq_msg_send(&answer, zsock_resolve(self->results), 0) == -1) {
        (void)zmq_msg_close(&answer);
        return MG_ERR_CLOSED;
    }
    return MG_OK;
}

/* One chunk per turn, so that $TERM never waits behind a queue. */
static void
s_on_job(void *arg)
{
    sealer_t *self = arg;
    zmq_msg_t message;
    (void)zmq_msg_init(&message);
    if (zmq_msg_recv(&message, zsock_resolve(self->jobs), ZMQ_DONTWAIT) != -1) {
        mg_status_t status = s_answer(self, &message);
        if (status != MG_OK) {
            mg_log(MG_LOG_ERROR, "chunk_lost", "status=%s", mg_status_name(status));
        }
    }
    (void)zmq_msg_close(&message);
}

static mg_status_t
s_create(const void *arg, mg_loop_t *loop, void **out_self)
{
    const mg_sealer_args_t *args = arg;
    sealer_t *self = calloc(1, sizeof *self);
    if (!self) {
        return MG_ERR_NO_MEMORY;
    }
    if (args->idle && !mg_idle_become()) {
        mg_log(MG_LOG_WARN, "not_idle", "msg=%s", "dumps compete with requests for the processor");
    }
    self->jobs = mg_bus_connect(ZMQ_PULL, args->chunks);
    self->results = mg_bus_connect(ZMQ_PUSH, MG_BUS_SEALED);
    if (!self->jobs || !self->results ||
        mg_loop_watch_socket(loop, self->jobs, s_on_job) != MG_OK) {
        s_destroy(self);
        return MG_ERR_NO_MEMORY;
    }
    *out_self = self;
    return MG_OK;
}

const mg_actor_ops_t mg_sealer_actor = {
    .name = "mg-sealer",
    .create = s_create,
    .destroy = s_destroy,
};
