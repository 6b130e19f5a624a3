#include "actors/actor.h"

#include "core/clock.h"
#include "core/log.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { GONE_MS = 1000 /* a thread that is past its end signal closes its pipe in microseconds */ };

/* One thing the loop watches. */
typedef struct source {
    mg_loop_ready_t *ready;
    mg_link_t *link; /* instead of `ready` */
    zsock_t *sock;
    bool paused;
} source_t;

struct mg_loop {
    zsock_t *pipe;
    void *self;
    const mg_actor_ops_t *ops;
    source_t source[MG_LOOP_SOURCES_MAX];
    zmq_pollitem_t item[1 + MG_LOOP_SOURCES_MAX]; /* the pipe, then the sources */
    int count;
    bool ended;
    mg_histogram_t turns;
    int64_t told_ns;     /* when a slow turn was last logged, */
    unsigned slow_turns; /* and how many there were since */
};

/* What the new thread needs to begin. */
typedef struct start {
    const mg_actor_ops_t *ops;
    const void *args;
    atomic_bool made; /* `create` has ended: `args` is not read any more (released, acquired) */
} start_t;

/* --- what is watched --- */

static mg_status_t
s_watch(mg_loop_t *loop, source_t source, zmq_pollitem_t item)
{
    if (loop->count == MG_LOOP_SOURCES_MAX) {
        return MG_ERR_TOO_BIG;
    }
    item.events = ZMQ_POLLIN;
    loop->source[loop->count] = source;
    loop->item[1 + loop->count] = item;
    loop->count++;
    return MG_OK;
}

mg_status_t
mg_loop_watch_socket(mg_loop_t *loop, zsock_t *sock, mg_loop_ready_t *ready)
{
    return s_watch(loop, (source_t){.ready = ready, .sock = sock},
                   (zmq_pollitem_t){.socket = zsock_resolve(sock)});
}

mg_status_t
mg_loop_watch_link(mg_loop_t *loop, mg_link_t *link)
{
    zsock_t *sock = mg_link_socket(link);
    return s_watch(loop, (source_t){.link = link, .sock = sock},
                   (zmq_pollitem_t){.socket = zsock_resolve(sock)});
}

mg_status_t
mg_loop_watch_fd(mg_loop_t *loop, int fd, mg_loop_ready_t *ready)
{
    return s_watch(loop, (source_t){.ready = ready}, (zmq_pollitem_t){.fd = fd});
}

void
mg_loop_pause_socket(mg_loop_t *loop, zsock_t *sock, bool paused)
{
    for (int i = 0; i < loop->count; i++) {
        if (loop->source[i].sock == sock) {
            loop->item[1 + i].events = paused ? 0 : ZMQ_POLLIN;
        }
    }
}

void
mg_loop_fail(mg_loop_t *loop)
{
    loop->ended = true;
}

const mg_histogram_t *
mg_loop_turns(const mg_loop_t *loop)
{
    return &loop->turns;
}

/* --- the loop --- */

static int64_t
s_sooner(int64_t a, int64_t b)
{
    if (a < 0 || b < 0) {
        return a < 0 ? b : a;
    }
    return a < b ? a : b;
}

static int64_t
s_wait_ms(const mg_loop_t *loop, int64_t wanted_ms, int64_t now_ms)
{
    int64_t wait_ms = wanted_ms;
    for (int i = 0; i < loop->count; i++) {
        int64_t deadline_ms = loop->source[i].link ? mg_link_deadline_ms(loop->source[i].link) : -1;
        if (deadline_ms >= 0) {
            wait_ms = s_sooner(wait_ms, deadline_ms > now_ms ? deadline_ms - now_ms : 0);
        }
    }
    return wait_ms;
}

/* Reads the pipe; only $TERM is ever sent there. */
static void
s_on_pipe(mg_loop_t *loop)
{
    char *command = zstr_recv(loop->pipe);
    loop->ended = loop->ended || !command || strcmp(command, "$TERM") == 0;
    freen(command);
}

bool
mg_loop_is_ending(mg_loop_t *loop)
{
    if (!loop->ended && zsock_events(loop->pipe) & ZMQ_POLLIN) {
        s_on_pipe(loop);
    }
    return loop->ended;
}

static void
s_dispatch(mg_loop_t *loop, int64_t now_ms)
{
    for (int i = 0; i < loop->count && !loop->ended; i++) {
        bool ready = loop->item[1 + i].revents != 0;
        if (loop->source[i].link) {
            if (ready) {
                mg_link_receive(loop->source[i].link);
            }
            mg_link_expire(loop->source[i].link, now_ms);
        } else if (ready) {
            loop->source[i].ready(loop->self);
        }
    }
}

/* One line a second at most: a machine that is too small would fill the log with them. */
static void
s_tell_slow(mg_loop_t *loop, int64_t took_ns, int64_t now_ns)
{
    loop->slow_turns++;
    if (loop->told_ns && now_ns - loop->told_ns < MG_NS_PER_SECOND) {
        return;
    }
    mg_log(MG_LOG_WARN, "slow_turn", "actor=%s took_ms=%lld count=%u", loop->ops->name,
           (long long)(took_ns / MG_NS_PER_MS), loop->slow_turns);
    loop->told_ns = now_ns;
    loop->slow_turns = 0;
}

static void
s_end_turn(mg_loop_t *loop, int64_t begun_ns, int64_t now_ns)
{
    int64_t took_ns = now_ns - begun_ns;
    mg_histogram_add(&loop->turns, took_ns);
    if (loop->ops->prompt && took_ns > (int64_t)MG_LOOP_SLOW_MS * MG_NS_PER_MS) {
        s_tell_slow(loop, took_ns, now_ns);
    }
}

/* Everything that was ready, then on_turn; returns when that wants the next turn. */
static int64_t
s_turn(mg_loop_t *loop, int64_t now_ms)
{
    if (loop->item[0].revents) {
        s_on_pipe(loop);
    }
    s_dispatch(loop, now_ms);
    if (loop->ended || !loop->ops->on_turn) {
        return -1;
    }
    return loop->ops->on_turn(loop->self, mg_clock_mono_ms());
}

static void
s_run(mg_loop_t *loop)
{
    int64_t wanted_ms = 0;
    int64_t now_ns = mg_clock_mono_ns();
    while (!loop->ended) {
        int64_t wait_ms = s_wait_ms(loop, wanted_ms, now_ns / MG_NS_PER_MS);
        if (zmq_poll(loop->item, 1 + loop->count, (long)wait_ms) == -1 && zmq_errno() != EINTR) {
            return;
        }
        int64_t begun_ns = mg_clock_mono_ns();
        wanted_ms = s_turn(loop, begun_ns / MG_NS_PER_MS);
        now_ns = mg_clock_mono_ns();
        s_end_turn(loop, begun_ns, now_ns);
    }
}

/* --- life --- */

static void
s_thread(zsock_t *pipe, void *arg)
{
    start_t *start = arg; /* the starter's, until the second signal */
    mg_loop_t loop = {.pipe = pipe, .ops = start->ops};
    (void)pthread_setname_np(pthread_self(), loop.ops->name);
    (void)zsock_signal(pipe, 0); /* lets zactor_new return */
    loop.item[0] = (zmq_pollitem_t){.socket = zsock_resolve(pipe), .events = ZMQ_POLLIN};
    mg_status_t status = loop.ops->create(start->args, &loop, &loop.self);
    atomic_store_explicit(&start->made, true, memory_order_release);
    (void)zsock_signal(pipe, (byte)status); /* lets mg_actor_start return */
    if (status == MG_OK) {
        s_run(&loop);
        loop.ops->destroy(loop.self);
    }
}

mg_status_t
mg_actor_start(const mg_actor_ops_t *ops, const void *args, zactor_t **out)
{
    start_t start = {.ops = ops, .args = args};
    zactor_t *actor = zactor_new(s_thread, &start);
    if (!actor) {
        return MG_ERR_NO_MEMORY;
    }
    int status = zsock_wait(actor);
    bool made = atomic_load_explicit(&start.made, memory_order_acquire);
    if (status != MG_OK || !made) {
        zactor_destroy(&actor);
        return status > 0 && status < MG_STATUS_COUNT ? (mg_status_t)status : MG_ERR_CLOSED;
    }
    *out = actor;
    return MG_OK;
}

/* The end signal comes a moment before the thread closes its end of the pipe. A context that is terminated in this moment
 * takes the socket for a leak, and czmq then sleeps for 200 ms (zsys_shutdown): so wait until the other end is gone. */
static void
s_wait_gone(zactor_t *actor)
{
    struct pollfd mailbox = {.fd = (int)zsock_fd(actor), .events = POLLIN};
    while (zsock_events(actor) &
           ZMQ_POLLOUT) { /* takes all commands in; the next one makes `fd` readable */
        if (poll(&mailbox, 1, GONE_MS) == 0) {
            return;
        }
    }
}

bool
mg_actor_try_stop(zactor_t **actor_p, int wait_ms)
{
    if (!*actor_p) {
        return true;
    }
    zsock_set_sndtimeo(*actor_p, 0);
    zsock_set_rcvtimeo(*actor_p, wait_ms);
    bool told = zstr_send(*actor_p, "$TERM") == 0; /* else it has ended by itself already */
    if (told && zsock_wait(*actor_p) == -1 && wait_ms >= 0) {
        return false;
    }
    s_wait_gone(*actor_p);
    zactor_destroy(actor_p);
    return true;
}

void
mg_actor_stop(zactor_t **actor_p)
{
    (void)mg_actor_try_stop(actor_p, -1);
}

bool
mg_actor_is_dead(zactor_t *actor)
{
    return (zsock_events(actor) & ZMQ_POLLIN) !=
           0; /* only the end signal of the thread is ever sent up */
}
