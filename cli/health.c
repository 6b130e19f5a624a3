/* memgate health - asks the gateway of this environment whether it is alive; for container health checks. */
#include "cli/commands.h"
#include "cli/options.h"
#include "core/config.h"

#include <gnutls/gnutls.h>

#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WAIT_SECONDS = 3 };

/* The address to ask at: a server that listens everywhere is asked on loopback. */
static const char *
s_address(const char *host)
{
    if (strcmp(host, "0.0.0.0") == 0) {
        return "127.0.0.1";
    }
    return strcmp(host, "::") == 0 ? "::1" : host;
}

static int
s_connect(const mg_config_http_t *http)
{
    char port[8];
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    (void)snprintf(port, sizeof port, "%u", http->port);
    if (getaddrinfo(s_address(http->host), port, &hints, &found) != 0) {
        return -1;
    }
    struct timeval wait = {.tv_sec = WAIT_SECONDS};
    int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0) {
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
    }
    if (fd >= 0 && connect(fd, found->ai_addr, found->ai_addrlen) != 0) {
        (void)close(fd);
        fd = -1;
    }
    freeaddrinfo(found);
    return fd;
}

/* One way in for both: the bare socket, or TLS over it. */
typedef struct line {
    int fd;
    gnutls_session_t session; /* NULL: plain */
    gnutls_certificate_credentials_t none;
} line_t;

/* The certificate is not verified: it is our own, at an address that it need not name, and nothing secret is said. */
static bool
s_secure(line_t *line)
{
    bool good = gnutls_certificate_allocate_credentials(&line->none) == 0 &&
                gnutls_init(&line->session, GNUTLS_CLIENT) == 0 &&
                gnutls_set_default_priority(line->session) == 0 &&
                gnutls_credentials_set(line->session, GNUTLS_CRD_CERTIFICATE, line->none) == 0;
    if (good) {
        gnutls_transport_set_int(line->session, line->fd);
        int error = 0;
        do {
            error = gnutls_handshake(line->session);
        } while (error < 0 && error != GNUTLS_E_AGAIN && !gnutls_error_is_fatal(error));
        good = error == 0;
    }
    return good;
}

static bool
s_open(line_t *line, const mg_config_http_t *http)
{
    line->fd = s_connect(http);
    return line->fd >= 0 && (!http->tls_cert || s_secure(line));
}

static void
s_close(line_t *line)
{
    if (line->session) {
        gnutls_deinit(line->session);
    }
    if (line->none) {
        gnutls_certificate_free_credentials(line->none);
    }
    if (line->fd >= 0) {
        (void)close(line->fd);
    }
}

static ssize_t
s_send(const line_t *line, const char *bytes, size_t len)
{
    return line->session ? gnutls_record_send(line->session, bytes, len)
                         : send(line->fd, bytes, len, MSG_NOSIGNAL);
}

static ssize_t
s_receive(const line_t *line, char *to, size_t len)
{
    return line->session ? gnutls_record_recv(line->session, to, len) : recv(line->fd, to, len, 0);
}

static bool
s_is_alive(const line_t *line)
{
    static const char request[] =
        "GET /platform/monitor/liveness HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    static const char good[] = "HTTP/1.1 200 ";
    char answer[sizeof good] = "";
    size_t got = 0;
    if (s_send(line, request, sizeof request - 1) != (ssize_t)sizeof request - 1) {
        return false;
    }
    while (got < sizeof good - 1) {
        ssize_t len = s_receive(line, answer + got, sizeof good - 1 - got);
        if (len <= 0) {
            return false;
        }
        got += (size_t)len;
    }
    return memcmp(answer, good, sizeof good - 1) == 0;
}

mg_exit_t
mg_command_health(int argc, char **argv)
{
    const mg_option_t options[] = {{0}};
    mg_exit_t code = MG_EXIT_OK;
    if (!mg_options_read(&(mg_options_t){.usage = "memgate health", .options = options}, argc, argv,
                         &code)) {
        return code;
    }
    mg_config_t config;
    mg_buf_t problems = {0};
    mg_buf_t warnings = {0};
    code = MG_EXIT_CONFIG;
    if (mg_config_read(&config, false, &problems, &warnings) == MG_OK) {
        line_t line = {0};
        code = s_open(&line, &config.http) && s_is_alive(&line) ? MG_EXIT_OK : MG_EXIT_UNAVAILABLE;
        s_close(&line);
        if (code != MG_EXIT_OK) {
            (void)fprintf(stderr, "memgate: nobody alive answers at %s port %u\n",
                          s_address(config.http.host), config.http.port);
        }
    } else {
        (void)fprintf(stderr, "memgate: %s", mg_buf_text(&problems));
    }
    mg_config_destroy(&config);
    mg_buf_free(&problems);
    mg_buf_free(&warnings);
    return code;
}
