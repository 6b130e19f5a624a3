#include "gateway/connections.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>

struct mg_connection {
    mg_connection_t *previous;
    mg_connection_t *next;
    void *owner;
    int fd;
    mg_stage_t stage;
    int64_t since_ms; /* when the stage began */
    uint64_t
        moved; /* bytes of this stage; of an answer: when the reaper first looked, of the connection */
    bool measured; /* `moved` is that */
    bool settled;  /* silent, and all that was written is taken */
    void *request; /* lent */
};

mg_connection_t *
mg_connections_add(mg_connections_t *self, int fd, int64_t now_ms)
{
    mg_connection_t *connection = calloc(1, sizeof *connection);
    if (!connection) {
        return NULL;
    }
    connection->owner = self->owner;
    connection->fd = fd;
    mg_connection_enter(connection, MG_STAGE_HEAD, now_ms);
    connection->next = self->first;
    if (self->first) {
        self->first->previous = connection;
    }
    self->first = connection;
    self->count++;
    return connection;
}

void
mg_connections_remove(mg_connections_t *self, mg_connection_t **connection_p)
{
    mg_connection_t *connection = *connection_p;
    if (!connection) {
        return;
    }
    if (connection->previous) {
        connection->previous->next = connection->next;
    } else {
        self->first = connection->next;
    }
    if (connection->next) {
        connection->next->previous = connection->previous;
    }
    self->count--;
    free(connection);
    *connection_p = NULL;
}

void
mg_connection_enter(mg_connection_t *connection, mg_stage_t stage, int64_t now_ms)
{
    connection->stage = stage;
    connection->since_ms = now_ms;
    connection->moved = 0;
    connection->measured = false;
    connection->settled = false;
}

void
mg_connection_advance(mg_connection_t *connection, uint64_t bytes)
{
    connection->moved += bytes;
}

void
mg_connection_hold(mg_connection_t *connection, void *request)
{
    connection->request = request;
}

void *
mg_connection_held(const mg_connection_t *connection)
{
    return connection->request;
}

static bool
s_has_left(const mg_connection_t *connection)
{
    uint8_t byte = 0;
    bool sends = connection->stage == MG_STAGE_HEAD || connection->stage == MG_STAGE_BODY;
    return sends && recv(connection->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

void *
mg_connection_owner(const mg_connection_t *connection)
{
    return connection->owner;
}

/* --- the reaper --- */

/* What the client's machine has yet to take of what was written, and how much it ever took. False: nothing is owed, or not known. */
static bool
s_is_owed(const mg_connection_t *connection, uint64_t *taken)
{
    struct tcp_info info = {0};
    socklen_t len = sizeof info;
    if (getsockopt(connection->fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0) {
        return false;
    }
    *taken = info.tcpi_bytes_acked;
    return info.tcpi_unacked > 0 || info.tcpi_notsent_bytes > 0;
}

/* The time that `bytes` may take, with the start. */
static int64_t
s_transfer_ms(const mg_connection_limits_t *limits, uint64_t bytes)
{
    uint64_t seconds = bytes / limits->rate;
    int64_t most_s = INT32_MAX;
    return limits->transfer_ms + (seconds > (uint64_t)most_s ? most_s : (int64_t)seconds) * 1000;
}

/* The time of an answer, or of the silence behind it once all of it was taken. */
static int64_t
s_answer_ms(const mg_connection_limits_t *limits, mg_connection_t *connection)
{
    uint64_t taken = 0;
    if (connection->settled || !s_is_owed(connection, &taken)) {
        connection->settled = connection->stage == MG_STAGE_IDLE;
        return connection->settled ? limits->idle_ms : limits->transfer_ms;
    }
    if (!connection->measured) {
        connection->measured = true;
        connection->moved = taken;
    }
    return s_transfer_ms(limits, taken - connection->moved);
}

static int64_t
s_limit_ms(const mg_connection_limits_t *limits, mg_connection_t *connection)
{
    switch (connection->stage) {
    case MG_STAGE_HEAD:
        return limits->head_ms;
    case MG_STAGE_BODY:
        return s_transfer_ms(limits, connection->moved);
    case MG_STAGE_IDLE:
    case MG_STAGE_ANSWER:
        return s_answer_ms(limits, connection);
    default:
        return INT64_MAX;
    }
}

/* What the kernel still holds for the client is dropped with it. */
static bool
s_end(const mg_connection_t *connection)
{
    const struct linger none = {.l_onoff = 1, .l_linger = 0};
    (void)setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
    return shutdown(connection->fd, SHUT_RDWR) == 0;
}

unsigned
mg_connections_reap(const mg_connections_t *self, int64_t now_ms)
{
    unsigned reaped = 0;
    for (mg_connection_t *at = self->first; at; at = at->next) {
        if (now_ms - at->since_ms >= s_limit_ms(&self->limits, at)) {
            reaped += s_end(at);
        } else if (s_has_left(at)) {
            reaped += shutdown(at->fd, SHUT_RDWR) == 0;
        }
    }
    return reaped;
}
