#include "gateway/connections.h"

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
    void *request;    /* lent */
};

static const int64_t s_limit_ms[MG_STAGES] = {
    [MG_STAGE_IDLE] = MG_IDLE_S * (int64_t)1000,
    [MG_STAGE_HEAD] = MG_HEAD_MS,
    [MG_STAGE_BODY] = MG_BODY_MS,
    [MG_STAGE_WAITING] = INT64_MAX,
    [MG_STAGE_ANSWER] = MG_ANSWER_MS,
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
    connection->since_ms = now_ms;
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

unsigned
mg_connections_reap(const mg_connections_t *self, int64_t now_ms)
{
    unsigned reaped = 0;
    for (const mg_connection_t *at = self->first; at; at = at->next) {
        if (now_ms - at->since_ms >= s_limit_ms[at->stage] || s_has_left(at)) {
            reaped += shutdown(at->fd, SHUT_RDWR) == 0;
        }
    }
    return reaped;
}
