#include "core/filesource.h"

#include <errno.h>

static ssize_t
s_read(void *arg, void *out, size_t len)
{
    const mg_filesource_t *self = arg;
    ssize_t got = self->io->read(self->fd, out, len);
    return got < 0 ? -errno : got;
}

mg_source_t
mg_filesource(mg_filesource_t *self)
{
    return (mg_source_t){.read = s_read, .arg = self};
}
