/* load - requests at a fixed rate, whatever the server does, and how long each took from the moment at which it was due.
 *
 *     load PORT RATE SECONDS CONNECTIONS REQUEST OUT     REQUEST: a file that holds the bytes of one request; OUT: a file
 *
 * Open loop: request number n is due n / RATE seconds after the start. One that finds all connections busy waits here, and its
 * waiting counts: a server that stands still for 100 ms makes all requests of these 100 ms late, not only one ("coordinated
 * omission"). Knows HTTP/1.1 answers with a Content-Length and RESP bulk strings of redis, told apart by their first byte. OUT
 * gets two uint32_t per answer, both in microseconds: when it was due, and how long it took.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    NS_PER_US = 1000,
    NS_PER_SECOND = 1000000000,
    BUFFER = 1 << 16,
    CONNECTIONS_MAX = 1024,
    EVENTS = 64
};

typedef struct connection {
    int fd;
    uint64_t request; /* number of the one that is answered next */
    size_t len;       /* bytes of its answer so far */
    char answer[BUFFER];
} connection_t;

typedef struct load {
    double rate;
    uint64_t total;
    uint64_t sent;
    uint64_t answered;
    int64_t begin_ns;
    const char *request;
    size_t request_len;
    FILE *out;
    connection_t *free[CONNECTIONS_MAX];
    size_t free_count;
} load_t;

static void
s_die(const char *what)
{
    perror(what);
    exit(1);
}

static int64_t
s_now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

static int64_t
s_due_ns(const load_t *self, uint64_t request)
{
    return self->begin_ns + (int64_t)((double)request / self->rate * NS_PER_SECOND);
}

/* How long the answer at the front is; 0: not all of its head is there yet. */
static size_t
s_answer_len(connection_t *connection)
{
    connection->answer[connection->len] = 0;
    if (connection->answer[0] == '$') {
        const char *end = strstr(connection->answer, "\r\n");
        return end ? (size_t)(end - connection->answer) + 2 +
                         strtoul(connection->answer + 1, NULL, 10) + 2
                   : 0;
    }
    const char *end = strstr(connection->answer, "\r\n\r\n");
    const char *field = end ? strcasestr(connection->answer, "\r\ncontent-length:") : NULL;
    if (end && (!field || strncmp(connection->answer, "HTTP/1.1 200", 12) != 0)) {
        (void)fprintf(stderr, "load: unexpected answer: %.80s\n", connection->answer);
        exit(1);
    }
    return end ? (size_t)(end - connection->answer) + 4 + strtoul(field + 17, NULL, 10) : 0;
}

/* Sends what is due while there are free connections. */
static void
s_send_due(load_t *self)
{
    int64_t now_ns = s_now_ns();
    while (self->sent < self->total && self->free_count > 0 &&
           s_due_ns(self, self->sent) <= now_ns) {
        connection_t *connection = self->free[--self->free_count];
        connection->request = self->sent++;
        connection->len = 0;
        if (send(connection->fd, self->request, self->request_len, MSG_NOSIGNAL) !=
            (ssize_t)self->request_len) {
            s_die("send");
        }
    }
}

static void
s_record(load_t *self, const connection_t *connection, int64_t now_ns)
{
    int64_t due_ns = s_due_ns(self, connection->request);
    uint32_t row[2] = {(uint32_t)((due_ns - self->begin_ns) / NS_PER_US),
                       (uint32_t)((now_ns - due_ns) / NS_PER_US)};
    (void)fwrite(row, sizeof row, 1, self->out);
    self->answered++;
}

static void
s_receive(load_t *self, connection_t *connection)
{
    ssize_t got =
        recv(connection->fd, connection->answer + connection->len, BUFFER - 1 - connection->len, 0);
    if (got <= 0) {
        s_die("the server closed a connection");
    }
    connection->len += (size_t)got;
    size_t whole = s_answer_len(connection);
    if (whole && connection->len >= whole) {
        s_record(self, connection, s_now_ns());
        self->free[self->free_count++] = connection;
    }
}

/* Until the next request is due, or anything can be received; for good while all connections are busy. */
static void
s_turn(load_t *self, int epoll)
{
    struct epoll_event events[EVENTS];
    struct timespec wait = {0};
    bool can_send = self->free_count > 0 && self->sent < self->total;
    int64_t left_ns = can_send ? s_due_ns(self, self->sent) - s_now_ns() : 0;
    if (left_ns > 0) {
        wait = (struct timespec){.tv_sec = left_ns / NS_PER_SECOND,
                                 .tv_nsec = left_ns % NS_PER_SECOND};
    }
    int count = epoll_pwait2(epoll, events, EVENTS, can_send ? &wait : NULL, NULL);
    for (int i = 0; i < count; i++) {
        s_receive(self, events[i].data.ptr);
    }
}

static void
s_connect(load_t *self, int epoll, unsigned port, size_t count)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    for (size_t i = 0; i < count; i++) {
        connection_t *connection = calloc(1, sizeof *connection);
        int on = 1;
        connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (connect(connection->fd, (struct sockaddr *)&address, sizeof address) != 0) {
            s_die("connect");
        }
        (void)setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
        (void)epoll_ctl(epoll, EPOLL_CTL_ADD, connection->fd, &event);
        self->free[self->free_count++] = connection;
    }
}

static const char *
s_read(const char *path, size_t *out_len)
{
    char *bytes = calloc(1, BUFFER);
    FILE *file = fopen(path, "rb");
    if (!file || !bytes) {
        s_die(path);
    }
    *out_len = fread(bytes, 1, BUFFER - 1, file);
    (void)fclose(file);
    return bytes;
}

int
main(int argc, char **argv)
{
    if (argc != 7) {
        return 64;
    }
    load_t self = {.rate = atof(argv[2])};
    self.total = (uint64_t)(self.rate * atof(argv[3]));
    self.request = s_read(argv[5], &self.request_len);
    self.out = fopen(argv[6], "wb");
    size_t connections = strtoul(argv[4], NULL, 10);
    if (!self.out || connections == 0 || connections > CONNECTIONS_MAX) {
        s_die(argv[6]);
    }
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    s_connect(&self, epoll, (unsigned)atoi(argv[1]), connections);
    self.begin_ns = s_now_ns();
    (void)printf("%lld\n", (long long)self.begin_ns);
    (void)fflush(stdout);
    while (self.answered < self.total) {
        s_send_due(&self);
        s_turn(&self, epoll);
    }
    (void)fclose(self.out);
    return 0;
}
