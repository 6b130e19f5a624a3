#include "core/dumpfile.h"

#include "core/failpoint.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    FILE_MODE = 0600,
    STEP = 8 << 20 /* bytes that go to the disk together */
};

struct mg_dumpfile {
    const mg_folder_t *folder;
    const mg_file_ops_t *io;
    int dir;
    int fd; /* -1 once closed */
    off_t written;
    off_t flushed; /* on their way to the disk; all but the last STEP of them are there */
    bool stepless; /* nothing is sent before fsync */
    bool published;
    bool folder_synced;
    mg_dumpname_t temp;
    struct stat identity; /* device and inode of the temporary file */
    mg_fault_t fault;     /* what the sink ran into */
};

static mg_status_t
s_failed(mg_fault_t *why, const char *doing, const char *name)
{
    int error = errno;
    return mg_fault_set(why, MG_ERR_IO, error, "%s %s failed: %s", doing, name,
                        mg_fault_reason(error));
}

/* Reserves blocks behind the end; a file system that cannot is no failure, a full one is. */
static bool
s_reserve(mg_dumpfile_t *self, uint64_t estimate)
{
    if (estimate == 0 ||
        self->io->fallocate(self->fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)estimate) == 0) {
        return true;
    }
    return errno != ENOSPC && errno != EDQUOT;
}

mg_status_t
mg_dumpfile_create(const mg_folder_t *folder,
                   uint64_t generation,
                   uint64_t estimate,
                   mg_dumpfile_t **out,
                   mg_fault_t *why)
{
    mg_dumpfile_t *self = calloc(1, sizeof *self);
    if (!self) {
        return mg_fault_set(why, MG_ERR_NO_MEMORY, ENOMEM, "no memory to write a dump");
    }
    self->folder = folder;
    self->io = mg_folder_io(folder);
    self->dir = mg_folder_dir(folder);
    mg_folder_temp_name(folder, generation, &self->temp);
    self->fd = self->io->open_at(self->dir, self->temp.text,
                                 O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
    if (self->fd < 0) {
        mg_status_t status = s_failed(why, "creating", self->temp.text);
        free(self);
        return status;
    }
    if (!s_reserve(self, estimate)) {
        mg_status_t status = s_failed(why, "reserving room for", self->temp.text);
        mg_dumpfile_destroy(&self);
        return status;
    }
    if (self->io->stat(self->fd, &self->identity) != 0) {
        mg_status_t status = s_failed(why, "looking at", self->temp.text);
        mg_dumpfile_destroy(&self);
        return status;
    }
    *out = self;
    MG_FAILPOINT("dump.created");
    return MG_OK;
}

void
mg_dumpfile_destroy(mg_dumpfile_t **self_p)
{
    mg_dumpfile_t *self = *self_p;
    if (!self) {
        return;
    }
    if (self->fd >= 0) {
        (void)self->io->close(self->fd);
    }
    if (!self->published) {
        (void)self->io->unlink(self->dir, self->temp.text);
    }
    free(self);
    *self_p = NULL;
}

/* True if the first step did not fail but is not to be had here: the file system knows no ranges, or a sandbox allows none. */
static bool
s_has_no_steps(const mg_dumpfile_t *self)
{
    return self->flushed == 0 && (errno == ENOSYS || errno == EINVAL || errno == ESPIPE ||
                                  errno == EOPNOTSUPP || errno == EPERM);
}

/* Waits until the step that ends at `end` is on the disk, and lets go of its pages. What fails here fails for good: the kernel tells an error
 * of writing once, so no fsync would hear of it any more, whatever its number is. */
static mg_status_t
s_end_step(mg_dumpfile_t *self, off_t end)
{
    if (end == 0) {
        return MG_OK;
    }
    if (self->io->write_back(self->fd, end - STEP, STEP, true) != 0) {
        return s_failed(&self->fault, "writing", self->temp.text);
    }
    (void)self->io->drop_cache(self->fd, end - STEP, STEP);
    return MG_OK;
}

/* Sends what was written to the disk a step at a time: a dump needs two steps of the page cache, however large it is, and fsync finds
 * little left to do. Without steps fsync does it all. */
static mg_status_t
s_flush_steps(mg_dumpfile_t *self)
{
    mg_status_t status = MG_OK;
    while (status == MG_OK && !self->stepless && self->written - self->flushed >= STEP) {
        if (self->io->write_back(self->fd, self->flushed, STEP, false) == 0) {
            status = s_end_step(self, self->flushed);
            self->flushed += STEP;
        } else if (s_has_no_steps(self)) {
            self->stepless = true;
        } else {
            status = s_failed(&self->fault, "writing", self->temp.text);
        }
    }
    return status;
}

static mg_status_t
s_write(void *arg, mg_slice_t bytes)
{
    mg_dumpfile_t *self = arg;
    mg_status_t status =
        mg_file_write_all(self->io, self->fd, bytes, self->temp.text, &self->fault);
    self->written += (off_t)bytes.len;
    return status == MG_OK ? s_flush_steps(self) : status;
}

mg_sink_t
mg_dumpfile_sink(mg_dumpfile_t *self)
{
    return (mg_sink_t){.write = s_write, .arg = self};
}

const mg_fault_t *
mg_dumpfile_fault(const mg_dumpfile_t *self)
{
    return &self->fault;
}

mg_status_t
mg_dumpfile_sync(mg_dumpfile_t *self, mg_fault_t *why)
{
    return self->io->fsync(self->fd) == 0 ? MG_OK : s_failed(why, "syncing", self->temp.text);
}

/* True if `found` is our temporary file, whatever name it was found by. */
static bool
s_is_ours(const mg_dumpfile_t *self, const struct stat *found)
{
    return found->st_dev == self->identity.st_dev && found->st_ino == self->identity.st_ino;
}

/* Opens the file anew by its name: it must be the same one. */
static mg_status_t
s_open_again(const mg_dumpfile_t *self, int *out_fd, mg_fault_t *why)
{
    struct stat found;
    int fd = self->io->open_at(self->dir, self->temp.text, O_RDONLY | O_NOFOLLOW | O_CLOEXEC, 0);
    if (fd < 0) {
        return s_failed(why, "opening", self->temp.text);
    }
    if (self->io->stat(fd, &found) != 0 || !s_is_ours(self, &found)) {
        (void)self->io->close(fd);
        return mg_fault_set(why, MG_ERR_IO, 0, "%s is not the file that was written",
                            self->temp.text);
    }
    *out_fd = fd;
    return MG_OK;
}

mg_status_t
mg_dumpfile_reopen(const mg_dumpfile_t *self, int *out_fd, mg_fault_t *why)
{
    (void)self->io->drop_cache(self->fd, 0,
                               0); /* where it works, what is read next comes from the disk */
    return s_open_again(self, out_fd, why);
}

/* What is read next of both ends comes from the disk, where that works. The rest stays: the next start reads it soon. */
static void
s_drop_ends(const mg_dumpfile_t *self, off_t size)
{
    enum { END = 64 << 10 }; /* whole pages, and more than header or footer */
    (void)self->io->drop_cache(self->fd, 0, END);
    (void)self->io->drop_cache(self->fd, size > END ? (size - END) / END * END : 0, 0);
}

/* True if the file holds `bytes` at offset `at`. */
static bool
s_holds(const mg_dumpfile_t *self, int fd, off_t at, mg_slice_t bytes)
{
    uint8_t block[MG_HEADER_MAX];
    size_t got = 0;
    while (got < bytes.len) {
        ssize_t step = self->io->pread(fd, block + got, bytes.len - got, at + (off_t)got);
        if (step <= 0) {
            return false;
        }
        got += (size_t)step;
    }
    return memcmp(block, bytes.data, bytes.len) == 0;
}

mg_status_t
mg_dumpfile_check_ends(const mg_dumpfile_t *self, const mg_dumpwriter_t *writer, mg_fault_t *why)
{
    struct stat found;
    int fd = -1;
    mg_slice_t footer = mg_dumpwriter_footer_bytes(writer);
    off_t size = (off_t)mg_dumpwriter_size(writer);
    s_drop_ends(self, size);
    mg_status_t status = s_open_again(self, &fd, why);
    if (status != MG_OK) {
        return status;
    }
    bool good = self->io->stat(fd, &found) == 0 && found.st_size == size &&
                s_holds(self, fd, 0, mg_dumpwriter_header_bytes(writer)) &&
                s_holds(self, fd, size - (off_t)footer.len, footer);
    (void)self->io->close(fd);
    return good ? MG_OK
                : mg_fault_set(why, MG_ERR_IO, 0, "%s reads back otherwise than it was written",
                               self->temp.text);
}

/* A reply may be lost on NFS although the call succeeded: then our file already has its name. */
static mg_status_t
s_settle(mg_dumpfile_t *self, const char *name, mg_fault_t *why)
{
    struct stat found;
    int error = errno;
    if (self->io->stat_at(self->dir, name, &found, AT_SYMLINK_NOFOLLOW) == 0) {
        if (s_is_ours(self, &found)) {
            return MG_OK;
        }
        return mg_fault_set(why, MG_ERR_EXISTS, EEXIST,
                            "%s exists already: a second writer uses this folder", name);
    }
    errno = error;
    return s_failed(why, "naming", name);
}

/* For file systems without renameat2: a link never overwrites either. */
static mg_status_t
s_link(mg_dumpfile_t *self, const char *name, mg_fault_t *why)
{
    if (self->io->link(self->dir, self->temp.text, name) == 0) {
        (void)self->io->unlink(self->dir,
                               self->temp.text); /* if it stays, the next start removes it */
        return MG_OK;
    }
    if (errno != EPERM && errno != EOPNOTSUPP) {
        return s_settle(self, name, why);
    }
    struct stat found;
    if (self->io->stat_at(self->dir, name, &found, AT_SYMLINK_NOFOLLOW) == 0) {
        errno = EEXIST;
        return s_settle(self, name, why);
    }
    return self->io->rename(self->dir, self->temp.text, name) == 0 ? MG_OK
                                                                   : s_settle(self, name, why);
}

static mg_status_t
s_rename(mg_dumpfile_t *self, const char *name, mg_fault_t *why)
{
    if (self->io->rename_new(self->dir, self->temp.text, name) == 0) {
        return MG_OK;
    }
    if (errno == EINVAL || errno == ENOSYS || errno == EPERM || errno == EOPNOTSUPP) {
        return s_link(self, name, why);
    }
    return s_settle(self, name, why);
}

/* The file has its name: makes that durable. */
static mg_status_t
s_sync_folder(mg_dumpfile_t *self, const mg_dumpname_t *name, mg_fault_t *why)
{
    self->published = true;
    self->folder_synced = self->io->fsync(self->dir) == 0;
    if (!self->folder_synced && errno != EINVAL && errno != EOPNOTSUPP) {
        return mg_fault_set(
            why, MG_ERR_UNSURE, errno,
            "PUBLISHED_UNSURE: %s has its name, but making the folder durable failed: "
            "%s; a power cut may lose it",
            name->text, mg_fault_reason(errno));
    }
    return MG_OK;
}

mg_status_t
mg_dumpfile_publish(mg_dumpfile_t *self, const mg_dumpname_t *name, mg_fault_t *why)
{
    int fd = self->fd;
    self->fd = -1;
    if (self->io->close(fd) != 0) { /* NFS reports a full disk here */
        return s_failed(why, "closing", self->temp.text);
    }
    MG_FAILPOINT("publish.closed");
    mg_status_t status = s_rename(self, name->text, why);
    if (status != MG_OK) {
        return status;
    }
    MG_FAILPOINT("publish.renamed");
    status = s_sync_folder(self, name, why);
    MG_FAILPOINT("publish.synced");
    return status;
}

mg_status_t
mg_dumpfile_replace(mg_dumpfile_t *self, const mg_dumpname_t *name, mg_fault_t *why)
{
    int fd = self->fd;
    self->fd = -1;
    if (self->io->close(fd) != 0) {
        return s_failed(why, "closing", self->temp.text);
    }
    if (self->io->rename(self->dir, self->temp.text, name->text) != 0) {
        return s_failed(why, "replacing", name->text);
    }
    MG_FAILPOINT("reseal.renamed");
    return s_sync_folder(self, name, why);
}

bool
mg_dumpfile_is_folder_synced(const mg_dumpfile_t *self)
{
    return self->folder_synced;
}
