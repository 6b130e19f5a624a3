#include "actors/hasher.h"

#include "core/clock.h"
#include "core/password.h"
#include "messages/hasher.pb-c.h"

#include <sodium.h>

#include <stdlib.h>

/* --- a worker: does one job at a time --- */

typedef struct worker {
    zsock_t *inbox;
} worker_t;

enum { ENDPOINT_SIZE = 64 };

static void
s_worker_endpoint(unsigned number, char out[ENDPOINT_SIZE])
{
    (void)snprintf(out, ENDPOINT_SIZE, "%s.worker.%u", MG_BUS_HASHER, number);
}

static void
s_worker_destroy(void *arg)
{
    worker_t *self = arg;
    mg_bus_close(&self->inbox);
    free(self);
}

static mg_status_t
s_work(const Mg__HasherRequest *request, char hash[MG_PASSWORD_HASH_SIZE], Mg__HasherReply *reply)
{
    bool matches = false;
    bool stale = false;
    mg_status_t status = MG_ERR_BAD_MESSAGE;
    switch (request->body_case) {
    case MG__HASHER_REQUEST__BODY_HASH:
        status = mg_password_hash(mg_bus_slice(request->hash->password), hash);
        reply->hash = hash;
        break;
    case MG__HASHER_REQUEST__BODY_CHECK:
        status = mg_password_check(mg_bus_slice(request->check->password),
                                   mg_bus_slice(request->check->hash), &matches, &stale);
        reply->matches = matches;
        reply->stale = stale;
        break;
    default:
        break;
    }
    return status;
}

static void
s_wipe(ProtobufCBinaryData *password)
{
    sodium_memzero(password->data, password->len);
}

/* Frees a request; its password is wiped first. */
static void
s_free_request(Mg__HasherRequest *request)
{
    if (request->body_case == MG__HASHER_REQUEST__BODY_HASH) {
        s_wipe(&request->hash->password);
    } else if (request->body_case == MG__HASHER_REQUEST__BODY_CHECK) {
        s_wipe(&request->check->password);
    }
    mg__hasher_request__free_unpacked(request, NULL);
}

static void
s_worker_on_inbox(void *arg)
{
    worker_t *self = arg;
    mg_bus_peer_t peer;
    ProtobufCMessage *message = NULL;
    if (mg_bus_receive(self->inbox, &mg__hasher_request__descriptor, &peer, &message) != MG_OK) {
        return;
    }
    Mg__HasherReply reply = MG__HASHER_REPLY__INIT;
    char hash[MG_PASSWORD_HASH_SIZE] = "";
    reply.status = s_work((Mg__HasherRequest *)message, hash, &reply);
    (void)mg_bus_reply(self->inbox, &peer,
                       &reply.base); /* the hasher's own deadline covers a lost reply */
    s_free_request((Mg__HasherRequest *)message);
}

static mg_status_t
s_worker_create(const void *arg, mg_loop_t *loop, void **out_self)
{
    char endpoint[ENDPOINT_SIZE];
    worker_t *self = calloc(1, sizeof *self);
    if (!self) {
        return MG_ERR_NO_MEMORY;
    }
    s_worker_endpoint(*(const unsigned *)arg, endpoint);
    self->inbox = mg_bus_serve(endpoint);
    if (!self->inbox || mg_loop_watch_socket(loop, self->inbox, s_worker_on_inbox) != MG_OK) {
        s_worker_destroy(self);
        return MG_ERR_NO_MEMORY;
    }
    *out_self = self;
    return MG_OK;
}

static const mg_actor_ops_t s_worker_actor = {
    .name = "mg-hash-worker",
    .create = s_worker_create,
    .destroy = s_worker_destroy,
};

/* --- the hasher: a queue before the workers --- */

/* One request, from its arrival to its reply. */
typedef struct job {
    mg_bus_peer_t peer;
    Mg__HasherRequest *request;
    int64_t deadline_ms;
} job_t;

typedef struct hasher hasher_t;

typedef struct place {
    hasher_t *hasher;
    zactor_t *worker;
    mg_link_t *link; /* window 1: one job at a time */
    mg_bus_peer_t peer;
} place_t;

struct hasher {
    zsock_t *inbox;
    place_t place[MG_HASHER_WORKERS];
    job_t queue[MG_HASHER_QUEUE_MAX]; /* ring */
    unsigned first;
    unsigned count;
    bool ending;
};

static void
s_destroy(void *arg)
{
    hasher_t *self = arg;
    self->ending = true;
    for (unsigned i = 0; i < MG_HASHER_WORKERS; i++) {
        mg_actor_stop(&self->place[i].worker);
        mg_link_destroy(&self->place[i].link);
    }
    for (; self->count; self->count--) {
        s_free_request(self->queue[self->first].request);
        self->first = (self->first + 1) % MG_HASHER_QUEUE_MAX;
    }
    mg_bus_close(&self->inbox);
    free(self);
}

static void
s_reply_status(hasher_t *self, const mg_bus_peer_t *peer, mg_status_t status)
{
    Mg__HasherReply reply = MG__HASHER_REPLY__INIT;
    reply.status = status;
    (void)mg_bus_reply(self->inbox, peer, &reply.base); /* an asker that is gone needs no reply */
}

static void
s_on_worked(void *arg, mg_status_t status, const ProtobufCMessage *reply)
{
    place_t *place = arg;
    if (place->hasher->ending) {
        return;
    }
    if (status == MG_OK) {
        (void)mg_bus_reply(place->hasher->inbox, &place->peer, reply);
    } else {
        s_reply_status(place->hasher, &place->peer, status);
    }
}

static place_t *
s_free_place(hasher_t *self)
{
    for (unsigned i = 0; i < MG_HASHER_WORKERS; i++) {
        if (mg_link_waiting(self->place[i].link) == 0) {
            return &self->place[i];
        }
    }
    return NULL;
}

/* Hands queued jobs to free workers; what nobody waits for any more is dropped. */
static void
s_dispatch(hasher_t *self)
{
    place_t *place = NULL;
    while (self->count && (place = s_free_place(self)) != NULL) {
        job_t job = self->queue[self->first];
        self->first = (self->first + 1) % MG_HASHER_QUEUE_MAX;
        self->count--;
        place->peer = job.peer;
        mg_status_t status = MG_ERR_TIMEOUT;
        if (mg_clock_mono_ms() < job.deadline_ms) {
            status = mg_link_ask(place->link, &job.request->base, INT64_MAX, s_on_worked, place);
        }
        if (status != MG_OK) {
            s_reply_status(self, &job.peer, status);
        }
        s_free_request(job.request);
    }
}

static void
s_on_inbox(void *arg)
{
    hasher_t *self = arg;
    for (;;) {
        job_t job = {.deadline_ms = mg_clock_mono_ms() + MG_HASHER_REPLY_MS};
        ProtobufCMessage *message = NULL;
        mg_status_t status =
            mg_bus_receive(self->inbox, &mg__hasher_request__descriptor, &job.peer, &message);
        if (status == MG_ERR_BAD_MESSAGE) {
            s_reply_status(self, &job.peer, status);
            continue;
        }
        if (status != MG_OK) {
            return;
        }
        job.request = (Mg__HasherRequest *)message;
        if (self->count == MG_HASHER_QUEUE_MAX) {
            s_reply_status(self, &job.peer, MG_ERR_BUSY);
            s_free_request(job.request);
            continue;
        }
        self->queue[(self->first + self->count) % MG_HASHER_QUEUE_MAX] = job;
        self->count++;
    }
}

static int64_t
s_on_turn(void *arg, int64_t now_ms)
{
    (void)now_ms;
    s_dispatch(arg);
    return -1;
}

static mg_status_t
s_start_worker(hasher_t *self, unsigned number, mg_loop_t *loop)
{
    place_t *place = &self->place[number];
    char endpoint[ENDPOINT_SIZE];
    s_worker_endpoint(number, endpoint);
    place->hasher = self;
    mg_status_t status = mg_actor_start(&s_worker_actor, &number, &place->worker);
    if (status != MG_OK) {
        return status;
    }
    mg_link_options_t options = {
        .endpoint = endpoint, .schema = &mg__hasher_reply__descriptor, .window = 1};
    place->link = mg_link_new(&options);
    return place->link ? mg_loop_watch_link(loop, place->link) : MG_ERR_NO_MEMORY;
}

static mg_status_t
s_create(const void *arg, mg_loop_t *loop, void **out_self)
{
    (void)arg;
    hasher_t *self = calloc(1, sizeof *self);
    if (!self) {
        return MG_ERR_NO_MEMORY;
    }
    self->inbox = mg_bus_serve(MG_BUS_HASHER);
    mg_status_t status =
        self->inbox ? mg_loop_watch_socket(loop, self->inbox, s_on_inbox) : MG_ERR_NO_MEMORY;
    for (unsigned i = 0; status == MG_OK && i < MG_HASHER_WORKERS; i++) {
        status = s_start_worker(self, i, loop);
    }
    if (status != MG_OK) {
        s_destroy(self);
        return status;
    }
    *out_self = self;
    return MG_OK;
}

const mg_actor_ops_t mg_hasher_actor = {
    .name = "mg-hasher",
    .create = s_create,
    .on_turn = s_on_turn,
    .destroy = s_destroy,
};
