#include "gateway/server.h"

#include "core/clock.h"
#include "core/log.h"
#include "gateway/exchange.h"
#include "gateway/listen.h"
#include "gateway/service.h"
#include "gateway/tls.h"

#include <microhttpd.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- state --- */

struct mg_server {
    mg_exchanges_t exchanges;
    struct MHD_Daemon *daemon;
    int listen_fd; /* -1: the daemon has it, or it is closed */
    int epoll_fd;
    uint16_t port;
    int64_t reaped_ms; /* when the reaper last looked */
    uint64_t reaped;   /* connections that it has ended */
    mg_tls_t *tls;     /* NULL: plain HTTP */
};

enum { REAP_EVERY_MS = 1000 };

static void
s_on_connection(void *arg,
                struct MHD_Connection *mhd,
                void **context,
                enum MHD_ConnectionNotificationCode what)
{
    mg_exchanges_t *exchanges = arg;
    mg_connection_t *connection = *context;
    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
        void *request = connection ? mg_connection_held(connection) : NULL;
        mg_exchange_end(exchanges, mhd, &request, MHD_REQUEST_TERMINATED_WITH_ERROR);
        mg_connections_remove(&exchanges->connections, &connection);
    } else {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
        int fd = info ? info->connect_fd : -1;
        connection = mg_connections_add(&exchanges->connections, fd, exchanges->now_ms);
    }
    *context = connection;
}

/* The library would decode escapes in place; we want them as they came. */
static size_t
s_keep_escapes(void *arg, struct MHD_Connection *connection, char *text)
{
    (void)arg;
    (void)connection;
    return strlen(text);
}

/* GnuTLS asks for the certificate of each handshake; the library keeps its connection with the session (0.9.75). */
static int
// NOLINTNEXTLINE(readability-function-size): the library's signature
s_on_handshake(gnutls_session_t session,
               const gnutls_datum_t *authorities,
               int authority_count,
               const gnutls_pk_algorithm_t *algorithms,
               int algorithm_count,
               gnutls_pcert_st **chain,
               unsigned *count,
               gnutls_privkey_t *key)
{
    (void)authorities;
    (void)authority_count;
    (void)algorithms;
    (void)algorithm_count;
    struct MHD_Connection *mhd = gnutls_session_get_ptr(session);
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    if (!info || !info->socket_context) {
        return -1;
    }
    const mg_server_t *self = mg_connection_owner(info->socket_context);
    mg_tls_current(self->tls, chain, count, key);
    return 0;
}

/* --- making and ending --- */

/* Lenient, so that the gate refuses, with our body and headers: strict, the library answers a head without Host and a blank in the
 * target by itself (0.9.75), with its own page or none. */
enum { CLIENT_STRICTNESS = 0 };

/* The library takes a function where it says void pointer; POSIX lets both be converted. */
static void *
s_pointer(gnutls_certificate_retrieve_function2 *function)
{
    void *pointer = NULL;
    memcpy(&pointer, &function, sizeof pointer);
    return pointer;
}

static mg_status_t
s_open_tls(mg_server_t *self, const mg_config_http_t *http)
{
    mg_fault_t why = {0};
    if (!http->tls_cert) {
        return MG_OK;
    }
    mg_status_t status = mg_tls_new(http->tls_cert, http->tls_key, &self->tls, &why);
    if (status != MG_OK) {
        mg_log(MG_LOG_CRITICAL, "tls_unusable", "msg=%s", why.text);
        return MG_ERR_INVALID;
    }
    return MG_OK;
}

/* What the library ends by itself, for the connection that our list had no memory for: later than any limit of ours. */
static unsigned
s_silence_s(const mg_config_http_t *http)
{
    unsigned idle = http->idle_seconds;
    return 1 + (idle > http->transfer_seconds ? idle : http->transfer_seconds);
}

static mg_status_t
s_start_daemon(mg_server_t *self, uint32_t connections_max)
{
    mg_exchanges_t *exchanges = &self->exchanges;
    const struct MHD_OptionItem options[] = {
        {MHD_OPTION_LISTEN_SOCKET, self->listen_fd, NULL},
        {MHD_OPTION_CONNECTION_LIMIT, connections_max, NULL},
        {MHD_OPTION_PER_IP_CONNECTION_LIMIT, exchanges->service->http->connections_per_ip, NULL},
        {MHD_OPTION_CONNECTION_MEMORY_LIMIT, exchanges->service->http->head_bytes, NULL},
        {MHD_OPTION_CONNECTION_TIMEOUT, s_silence_s(exchanges->service->http), NULL},
        {MHD_OPTION_STRICT_FOR_CLIENT, CLIENT_STRICTNESS, NULL},
        {MHD_OPTION_UNESCAPE_CALLBACK, (intptr_t)s_keep_escapes, NULL},
        {MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)mg_exchange_begin, exchanges},
        {MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)mg_exchange_end, exchanges},
        {MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)s_on_connection, exchanges},
        {MHD_OPTION_END, 0, NULL},
    };
    const struct MHD_OptionItem secured[] = {
        {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)MG_TLS_PRIORITIES},
        {MHD_OPTION_HTTPS_CERT_CALLBACK, 0, s_pointer(s_on_handshake)},
        {MHD_OPTION_END, 0, NULL},
    };
    unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | (self->tls ? MHD_USE_TLS : 0);
    self->daemon = MHD_start_daemon(flags, self->port, NULL, NULL, mg_exchange_continue, exchanges,
                                    MHD_OPTION_ARRAY, options, MHD_OPTION_ARRAY,
                                    self->tls ? secured : &secured[2], MHD_OPTION_END);
    if (!self->daemon) {
        return MG_ERR_IO;
    }
    self->listen_fd = -1;
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(self->daemon, MHD_DAEMON_INFO_EPOLL_FD_LINUX_ONLY);
    if (!info) {
        return MG_ERR_IO;
    }
    self->epoll_fd = info->epoll_fd;
    return MG_OK;
}

mg_status_t
mg_server_new(mg_service_t *service, mg_server_t **out)
{
    mg_server_t *self = calloc(1, sizeof *self);
    if (!self) {
        return MG_ERR_NO_MEMORY;
    }
    self->listen_fd = -1;
    self->exchanges.service = service;
    self->exchanges.connections.owner = self;
    self->exchanges.connections.limits =
        (mg_connection_limits_t){.head_ms = service->http->head_seconds * (int64_t)1000,
                                 .idle_ms = service->http->idle_seconds * (int64_t)1000,
                                 .transfer_ms = service->http->transfer_seconds * (int64_t)1000,
                                 .rate = service->http->transfer_rate};
    self->exchanges.now_ms = mg_clock_mono_ms();
    if (service->http->gzip) {
        self->exchanges.gzip = mg_gzip_new((int)service->http->gzip_level);
    }
    self->exchanges.cors = mg_cors_of_front(service->http);
    self->exchanges.fixed_count = mg_reply_fixed_headers(service->http, self->exchanges.fixed);
    self->exchanges.preparations =
        mg_preparations_new(self->exchanges.fixed, self->exchanges.fixed_count);
    uint32_t limit = 0;
    mg_status_t status =
        self->exchanges.preparations ? s_open_tls(self, service->http) : MG_ERR_NO_MEMORY;
    if (status == MG_OK) {
        status = mg_listen_limit(service->http->connections_max, MG_SERVER_SPARE_FILES, &limit);
    }
    if (status == MG_OK) {
        status = mg_listen(service->http->host, service->http->port, &self->listen_fd, &self->port);
    }
    if (status == MG_OK) {
        status = s_start_daemon(self, limit);
    }
    if (status != MG_OK) {
        mg_server_destroy(&self);
        return status;
    }
    if (limit < service->http->connections_max) {
        mg_log(MG_LOG_WARN, "http_connections_limited", "wanted=%u allowed=%u msg=%s",
               service->http->connections_max, limit, "raise the limit of open files (ulimit -n)");
    }
    *out = self;
    return MG_OK;
}

/* Answers everybody who waits; with one suspended the library would abort. */
static void
s_release_waiting(mg_server_t *self)
{
    mg_request_t *request = NULL;
    while ((request = mg_slots_take_expired(self->exchanges.service->slots, INT64_MAX)) != NULL) {
        request->ticket = MG_TICKET_NONE;
        mg_answer_reset(&request->answer);
        mg_request_refuse(request, MG_ERROR_NOT_READY);
        mg_exchange_finish(request);
    }
    (void)MHD_run(self->daemon); /* resumed connections become ordinary ones again */
}

void
mg_server_destroy(mg_server_t **self_p)
{
    mg_server_t *self = *self_p;
    if (!self) {
        return;
    }
    if (self->daemon) {
        self->exchanges.stopping = true;
        s_release_waiting(self);
        MHD_stop_daemon(self->daemon);
    }
    if (self->listen_fd >= 0) {
        (void)close(self->listen_fd);
    }
    mg_preparations_destroy(&self->exchanges.preparations);
    mg_gzip_destroy(&self->exchanges.gzip);
    mg_tls_destroy(&self->tls);
    free(self);
    *self_p = NULL;
}

void
mg_server_reload_tls(mg_server_t *self)
{
    mg_fault_t why = {0};
    if (!self->tls) {
        return;
    }
    if (mg_tls_reload(self->tls, self->exchanges.now_ms, &why) == MG_OK) {
        char until[MG_RFC3339_SIZE];
        mg_clock_rfc3339(mg_tls_expires_s(self->tls) * MG_NS_PER_SECOND, until);
        mg_log(MG_LOG_INFO, "tls_reloaded", "expires=%s", until);
    } else {
        mg_log(MG_LOG_ERROR, "tls_reload_failed",
               "msg=%s; the certificate from before stays in force", why.text);
    }
}

void
mg_server_stop_accepting(mg_server_t *self)
{
    if (!self->exchanges.stopping) {
        self->exchanges.stopping = true;
        MHD_socket fd = MHD_quiesce_daemon(self->daemon);
        if (fd != MHD_INVALID_SOCKET) {
            (void)close(fd);
        }
    }
}

/* --- the loop --- */

int64_t
mg_server_turn(mg_server_t *self, int64_t now_ms)
{
    self->exchanges.now_ms = now_ms;
    if (now_ms - self->reaped_ms >= REAP_EVERY_MS) {
        self->reaped_ms = now_ms;
        self->reaped += mg_connections_reap(&self->exchanges.connections, now_ms);
    }
    (void)MHD_run(self->daemon);
    unsigned MHD_LONG_LONG wait_ms = 0;
    if (MHD_get_timeout(self->daemon, &wait_ms) == MHD_YES && wait_ms < REAP_EVERY_MS) {
        return (int64_t)wait_ms;
    }
    return self->exchanges.connections.count > 0 ? REAP_EVERY_MS : -1;
}

uint16_t
mg_server_port(const mg_server_t *self)
{
    return self->port;
}

int
mg_server_fd(const mg_server_t *self)
{
    return self->epoll_fd;
}

uint32_t
mg_server_owed(const mg_server_t *self)
{
    return self->exchanges.owed;
}

uint32_t
mg_server_connections(const mg_server_t *self)
{
    return self->exchanges.connections.count;
}

uint64_t
mg_server_reaped(const mg_server_t *self)
{
    return self->reaped;
}
