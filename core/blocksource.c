#include "core/blocksource.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The alignment suffices for all file systems of note; what wants more is read through the page cache. */
enum { BLOCK = 1024 * 1024, ALIGNMENT = 4096 };

struct mg_blocksource {
    const mg_file_ops_t *io;
    int fd;
    uint8_t *block;
    off_t at;    /* in the file, of the block's first byte; a multiple of ALIGNMENT */
    size_t have; /* bytes in the block */
    size_t used; /* of these, given out */
};

mg_blocksource_t *
mg_blocksource_new(const mg_file_ops_t *io, int fd)
{
    mg_blocksource_t *self = calloc(1, sizeof *self);
    if (!self) {
        return NULL;
    }
    self->io = io;
    self->fd = fd;
    self->block = aligned_alloc(ALIGNMENT, BLOCK);
    if (!self->block) {
        mg_blocksource_destroy(&self);
        return NULL;
    }
    (void)io->set_direct(fd, true);
    return self;
}

void
mg_blocksource_destroy(mg_blocksource_t **self_p)
{
    if (*self_p) {
        (void)(*self_p)->io->set_direct((*self_p)->fd, false);
        free((*self_p)->block);
        free(*self_p);
        *self_p = NULL;
    }
}

/* Fills the block from `at` on; a file system that does not take such reads is asked through the page cache. */
static ssize_t
s_pread(const mg_blocksource_t *self, off_t at)
{
    ssize_t got = self->io->pread(self->fd, self->block, BLOCK, at);
    if (got < 0 && errno == EINVAL && self->io->set_direct(self->fd, false) == 0) {
        got = self->io->pread(self->fd, self->block, BLOCK, at);
    }
    return got;
}

/* The block behind this one. A short one is read again from its last aligned byte on: only the file's end adds nothing to it. */
static int
s_advance(mg_blocksource_t *self)
{
    size_t kept = self->have % ALIGNMENT;
    off_t at = self->at + (off_t)(self->have - kept);
    ssize_t got = s_pread(self, at);
    if (got < 0) {
        return -errno;
    }
    self->at = at;
    self->have = (size_t)got > kept ? (size_t)got : kept;
    self->used = kept;
    return 0;
}

static ssize_t
s_read(void *arg, void *out, size_t len)
{
    mg_blocksource_t *self = arg;
    int failed = self->used == self->have ? s_advance(self) : 0;
    if (failed) {
        return failed;
    }
    size_t step = self->have - self->used;
    step = step < len ? step : len;
    memcpy(out, self->block + self->used, step);
    self->used += step;
    return (ssize_t)step;
}

mg_source_t
mg_blocksource_source(mg_blocksource_t *self)
{
    return (mg_source_t){.read = s_read, .arg = self};
}
