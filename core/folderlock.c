#include "core/folderlock.h"

#include "core/clock.h"
#include "core/failpoint.h"

#include <sodium.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    LOCK_SIZE = 512,
    NAME_SIZE = 256,
    FILE_MODE = 0600,
    INSTANCE_HEX = 2 * MG_INSTANCE_SIZE + 1
};

static const char s_generation_field[] = " generation=";
static const char s_instance_field[] = "instance=";

struct mg_folderlock {
    const mg_file_ops_t *io;
    mg_folder_owner_t owner;
    int fd; /* -1 until taken */
    char name[NAME_SIZE];
    struct stat identity; /* device and inode of what we locked */
    uint64_t noted;
};

/* The content of a lock file as printable text without its padding; false and errno: it could not be read. */
static bool
s_read_content(const mg_file_ops_t *io, int fd, char out[LOCK_SIZE])
{
    ssize_t len = io->pread(fd, out, LOCK_SIZE - 1, 0);
    size_t end = len > 0 ? (size_t)len : 0;
    while (end > 0 && (out[end - 1] == ' ' || out[end - 1] == '\n')) {
        end--;
    }
    for (size_t i = 0; i < end; i++) {
        if (out[i] < ' ' || out[i] > '~') {
            out[i] = '?';
        }
    }
    out[end] = 0;
    return len >= 0;
}

/* One line of fixed length, so that it is renewed in place; only the first time it changes the file's size. */
static void
s_write_content(const mg_folderlock_t *self, int (*sync)(int fd))
{
    char text[LOCK_SIZE];
    char instance[INSTANCE_HEX];
    char started[MG_RFC3339_SIZE];
    (void)sodium_bin2hex(instance, sizeof instance, self->owner.instance_id, MG_INSTANCE_SIZE);
    mg_clock_rfc3339(self->owner.started_ns, started);
    int used = snprintf(text, sizeof text, "%s%s pid=%ld started=%s%s%" PRIu64 " host=%.255s",
                        s_instance_field, instance, (long)getpid(), started, s_generation_field,
                        self->noted, self->owner.host);
    size_t len = used < 0 ? 0 : (size_t)used;
    memset(text + len, ' ', sizeof text - len);
    text[sizeof text - 1] = '\n';
    if (self->io->pwrite(self->fd, text, sizeof text, 0) == (ssize_t)sizeof text) {
        (void)sync(self->fd);
    }
}

/* The generation that a content names; 0 when it names none. */
static uint64_t
s_parse_generation(const char *content)
{
    const char *field = strstr(content, s_generation_field);
    return field ? strtoull(field + strlen(s_generation_field), NULL, 10) : 0;
}

static bool
s_names_instance(const char *content, const uint8_t instance_id[MG_INSTANCE_SIZE])
{
    char instance[INSTANCE_HEX];
    (void)sodium_bin2hex(instance, sizeof instance, instance_id, MG_INSTANCE_SIZE);
    size_t field = strlen(s_instance_field);
    return strncmp(content, s_instance_field, field) == 0 &&
           strncmp(content + field, instance, strlen(instance)) == 0;
}

static mg_status_t
s_refused(mg_folderlock_t *self, mg_fault_t *why)
{
    int error = errno;
    if (error != EWOULDBLOCK) {
        return mg_fault_set(why, MG_ERR_IO, error, "locking %s failed: %s", self->name,
                            mg_fault_reason(error));
    }
    char holder[LOCK_SIZE];
    (void)s_read_content(self->io, self->fd, holder);
    return mg_fault_set(why, MG_ERR_BUSY, error, "%s",
                        holder[0] ? holder : "the holder has not said who it is");
}

/* Between open and lock a holder's clean-up may have put another file in this one's place. */
static bool
s_is_by_name(const mg_folderlock_t *self, int dir)
{
    struct stat found;
    return self->io->stat_at(dir, self->name, &found, AT_SYMLINK_NOFOLLOW) == 0 &&
           found.st_dev == self->identity.st_dev && found.st_ino == self->identity.st_ino;
}

static mg_status_t
s_take(mg_folderlock_t *self, int dir, mg_fault_t *why)
{
    char before[LOCK_SIZE];
    self->fd =
        self->io->open_at(dir, self->name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
    if (self->fd < 0) {
        return mg_fault_set(why, MG_ERR_IO, errno, "opening %s failed: %s", self->name,
                            mg_fault_reason(errno));
    }
    if (self->io->lock(self->fd) != 0) {
        return s_refused(self, why);
    }
    if (self->io->stat(self->fd, &self->identity) != 0) {
        return mg_fault_set(why, MG_ERR_IO, errno, "looking at %s failed: %s", self->name,
                            mg_fault_reason(errno));
    }
    if (!s_is_by_name(self, dir)) {
        return mg_fault_set(why, MG_ERR_BUSY, EWOULDBLOCK, "%s was replaced while it was taken",
                            self->name);
    }
    if (!s_read_content(self->io, self->fd, before)) {
        return mg_fault_set(why, MG_ERR_IO, errno, "reading %s failed: %s", self->name,
                            mg_fault_reason(errno));
    }
    self->noted = s_parse_generation(before);
    MG_FAILPOINT("lock.taken");
    s_write_content(self, self->io->fsync);
    MG_FAILPOINT("lock.written");
    return MG_OK;
}

/* What was not taken is not kept open: the next try begins anew. */
static void
s_close(mg_folderlock_t *self)
{
    if (self->fd >= 0) {
        (void)self->io->close(self->fd);
    }
    self->fd = -1;
}

mg_status_t
mg_folderlock_take(mg_folderlock_t *self, int dir, mg_fault_t *why)
{
    s_close(self); /* a lock that we hold already would refuse us as it does others */
    mg_status_t status = s_take(self, dir, why);
    if (status != MG_OK) {
        s_close(self);
    }
    return status;
}

mg_folderlock_t *
mg_folderlock_new(const mg_file_ops_t *io, const char *stem, const mg_folder_owner_t *owner)
{
    mg_folderlock_t *self = calloc(1, sizeof *self);
    if (self) {
        self->io = io;
        self->owner = *owner;
        self->fd = -1;
        (void)snprintf(self->name, sizeof self->name, ".%s.lock", stem);
    }
    return self;
}

void
mg_folderlock_destroy(mg_folderlock_t **self_p)
{
    mg_folderlock_t *self = *self_p;
    if (!self) {
        return;
    }
    s_close(self);
    free(self);
    *self_p = NULL;
}

uint64_t
mg_folderlock_noted(const mg_folderlock_t *self)
{
    return self->noted;
}

void
mg_folderlock_note(mg_folderlock_t *self, uint64_t generation)
{
    if (self->fd < 0) {
        return;
    }
    self->noted = generation;
    s_write_content(self, self->io->fdatasync);
}

static mg_status_t
s_lost(const mg_folderlock_t *self, mg_fault_t *why, const char *how)
{
    return mg_fault_set(why, MG_ERR_FENCED, 0, "the lock %s is lost: %s", self->name, how);
}

mg_status_t
mg_folderlock_check(const mg_folderlock_t *self, int dir, mg_fault_t *why)
{
    char content[LOCK_SIZE];
    struct stat found;
    int fd = self->io->open_at(dir, self->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC, 0);
    if (fd < 0) {
        return errno == ENOENT || errno == ELOOP
                   ? s_lost(self, why, "its file is gone")
                   : mg_fault_set(why, MG_ERR_IO, errno, "opening %s failed: %s", self->name,
                                  mg_fault_reason(errno));
    }
    bool known = self->io->stat(fd, &found) == 0 && s_read_content(self->io, fd, content);
    int error = errno;
    (void)self->io->close(fd);
    if (!known) {
        return mg_fault_set(why, MG_ERR_IO, error, "reading %s failed: %s", self->name,
                            mg_fault_reason(error));
    }
    if (found.st_dev != self->identity.st_dev || found.st_ino != self->identity.st_ino) {
        return s_lost(self, why, "another file has its name");
    }
    return s_names_instance(content, self->owner.instance_id)
               ? MG_OK
               : s_lost(self, why, "its file names somebody else");
}
