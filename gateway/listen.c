#include "gateway/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static mg_status_t
s_status_of_errno(void)
{
    switch (errno) {
    case EADDRINUSE:
        return MG_ERR_EXISTS;
    case EADDRNOTAVAIL:
        return MG_ERR_INVALID;
    default:
        return MG_ERR_IO;
    }
}

static mg_status_t
s_bind(int fd, const struct addrinfo *address)
{
    int on = 1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(fd, address->ai_addr, address->ai_addrlen) != 0 ||
        listen(fd, MG_LISTEN_BACKLOG) != 0) {
        return s_status_of_errno();
    }
    return MG_OK;
}

static mg_status_t
s_port_of(int fd, uint16_t *out)
{
    struct sockaddr_storage name = {0};
    socklen_t len = sizeof name;
    if (getsockname(fd, (struct sockaddr *)&name, &len) != 0) {
        return MG_ERR_IO;
    }
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    memcpy(&v4, &name, sizeof v4);
    memcpy(&v6, &name, sizeof v6);
    *out = ntohs(name.ss_family == AF_INET6 ? v6.sin6_port : v4.sin_port);
    return MG_OK;
}

static mg_status_t
s_open(const struct addrinfo *address, int *out_fd, uint16_t *out_port)
{
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return MG_ERR_IO;
    }
    uint16_t port = 0;
    mg_status_t status = s_bind(fd, address);
    if (status == MG_OK) {
        status = s_port_of(fd, &port);
    }
    if (status != MG_OK) {
        (void)close(fd);
        return status;
    }
    *out_fd = fd;
    *out_port = port;
    return MG_OK;
}

mg_status_t
mg_listen(const char *host, uint16_t port, int *out_fd, uint16_t *out_port)
{
    char service[8];
    (void)snprintf(service, sizeof service, "%u", port);
    struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV,
                             .ai_family = AF_UNSPEC,
                             .ai_socktype = SOCK_STREAM};
    struct addrinfo *addresses = NULL;
    if (getaddrinfo(host, service, &hints, &addresses) != 0) {
        return MG_ERR_INVALID;
    }
    mg_status_t status = s_open(addresses, out_fd, out_port);
    freeaddrinfo(addresses);
    return status;
}

mg_status_t
mg_listen_limit(uint32_t wanted, uint32_t spare, uint32_t *out)
{
    struct rlimit limit = {0};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return MG_ERR_IO;
    }
    rlim_t needed = (rlim_t)wanted + spare;
    if (limit.rlim_cur < needed) {
        limit.rlim_cur = needed < limit.rlim_max ? needed : limit.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
            return MG_ERR_IO;
        }
    }
    rlim_t room = limit.rlim_cur > spare ? limit.rlim_cur - spare : 0;
    if (room < MG_LISTEN_CONNECTIONS_MIN) {
        return MG_ERR_TOO_BIG;
    }
    *out = room < wanted ? (uint32_t)room : wanted;
    return MG_OK;
}
