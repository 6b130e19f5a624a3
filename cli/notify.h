/* notify - the socket of the service manager: NOTIFY_SOCKET, one datagram per message.
 *
 * Owns     : one datagram socket.
 * Thread   : main.
 * Sends    : what it is given; no send blocks.
 * Fails    : never fatally. An address that is none, or that does not take messages, is one WARN; memgate goes on.
 * Not here : what is told, and when (cli/herald.h, cli/manager.h).
 * Source   : sd_notify(3), section Notes: a path, or `@` and an abstract name. libsystemd is not needed for it.
 */
#ifndef MG_CLI_NOTIFY_H
#define MG_CLI_NOTIFY_H

#include "core/status.h"

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

typedef struct mg_notify {
    const char *text; /* the address as given */
    struct sockaddr_un address;
    socklen_t len;
    int fd; /* -1: nobody is told anything */
    bool warned;
} mg_notify_t;

/* The socket address that `text` names; MG_ERR_INVALID: neither an absolute path nor an abstract name, or too long. */
MG_MUST_USE mg_status_t mg_notify_address(const char *text,
                                          struct sockaddr_un *out,
                                          socklen_t *out_len);
/* `text` is borrowed; NULL: nobody wants to be told. False when nobody is told. */
bool mg_notify_open(mg_notify_t *self, const char *text);
/* False: the manager's queue is full, the same may be tried again. True also when the message is lost for good. */
bool mg_notify_send(mg_notify_t *self, const char *message);
void mg_notify_close(mg_notify_t *self);

#endif
