/* memgate health - asks the gateway of this environment whether it is alive; for container health checks. */
#include "cli/commands.h"
#include "cli/options.h"
#include "core/config.h"

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

static bool
s_is_alive(int fd)
{
    static const char request[] =
        "GET /platform/monitor/liveness HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    static const char good[] = "HTTP/1.1 200 ";
    char answer[sizeof good] = "";
    size_t got = 0;
    if (send(fd, request, sizeof request - 1, MSG_NOSIGNAL) != (ssize_t)sizeof request - 1) {
        return false;
    }
    while (got < sizeof good - 1) {
        ssize_t len = recv(fd, answer + got, sizeof good - 1 - got, 0);
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
        int fd = s_connect(&config.http);
        code = fd >= 0 && s_is_alive(fd) ? MG_EXIT_OK : MG_EXIT_UNAVAILABLE;
        if (fd >= 0) {
            (void)close(fd);
        }
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
