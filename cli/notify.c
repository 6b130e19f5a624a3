#include "cli/notify.h"

#include "core/file.h"
#include "core/log.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

mg_status_t
mg_notify_address(const char *text, struct sockaddr_un *out, socklen_t *out_len)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t len = strlen(text);
    bool abstract = text[0] == '@';
    if ((text[0] != '/' && !abstract) || len < 2 || len >= sizeof address.sun_path) {
        return MG_ERR_INVALID;
    }
    memcpy(address.sun_path, text, len);
    if (abstract) {
        address.sun_path[0] = 0;
    }
    *out = address;
    *out_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + !abstract);
    return MG_OK;
}

/* Once is enough: the messages that follow would fail likewise. */
static void
s_warn(mg_notify_t *self, const char *why)
{
    if (!self->warned) {
        self->warned = true;
        mg_log(MG_LOG_WARN, "notify_failed", "socket=%s reason=%s msg=%s", self->text, why,
               "the service manager can not be told at NOTIFY_SOCKET how memgate is; with "
               "Type=notify it will give up on the start");
    }
}

bool
mg_notify_open(mg_notify_t *self, const char *text)
{
    *self = (mg_notify_t){.text = text, .fd = -1};
    if (!text) {
        return false;
    }
    if (mg_notify_address(text, &self->address, &self->len) != MG_OK) {
        s_warn(self, "neither an absolute path nor @name, of at most 107 bytes");
        return false;
    }
    self->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (self->fd < 0) {
        s_warn(self, mg_fault_reason(errno));
    }
    return self->fd >= 0;
}

bool
mg_notify_send(mg_notify_t *self, const char *message)
{
    ssize_t sent = sendto(self->fd, message, strlen(message), MSG_NOSIGNAL,
                          (const struct sockaddr *)&self->address, self->len);
    int error = sent < 0 ? errno : 0;
    if (error == EAGAIN || error == ENOBUFS || error == EINTR) {
        return false;
    }
    if (error) {
        s_warn(self, mg_fault_reason(error));
    }
    return true;
}

void
mg_notify_close(mg_notify_t *self)
{
    if (self->fd >= 0) {
        (void)close(self->fd);
        self->fd = -1;
    }
}
