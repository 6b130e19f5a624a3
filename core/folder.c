#include "core/folder.h"

#include "core/clock.h"
#include "core/failpoint.h"
#include "core/folderpath.h"

#include <sodium.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DIR_MODE = 0700 };

struct mg_folder {
    const mg_file_ops_t *io;
    mg_folder_owner_t owner;
    int dir;
    mg_folderlock_t *lock;
    char *path;   /* absolute */
    char *opened; /* as it was opened by path; NULL: by descriptor */
    char stem[MG_STEM_MAX + 1];
};

static mg_folder_t *
s_new(const mg_file_ops_t *io, const mg_folder_owner_t *owner, const char *path, const char *stem)
{
    mg_folder_t *self = calloc(1, sizeof *self);
    if (!self) {
        return NULL;
    }
    self->io = io;
    self->owner = *owner;
    self->dir = -1;
    self->path = strdup(path);
    self->lock = mg_folderlock_new(io, stem, owner);
    (void)snprintf(self->stem, sizeof self->stem, "%s", stem);
    if (!self->path || !self->lock) {
        mg_folder_destroy(&self);
    }
    return self;
}

void
mg_folder_destroy(mg_folder_t **self_p)
{
    mg_folder_t *self = *self_p;
    if (!self) {
        return;
    }
    mg_folderlock_destroy(&self->lock);
    if (self->dir >= 0) {
        (void)self->io->close(self->dir);
    }
    free(self->path);
    free(self->opened);
    free(self);
    *self_p = NULL;
}

mg_status_t
mg_folder_adopt(const mg_folder_t *root,
                int dir,
                const char *shown,
                const char *stem,
                mg_folder_t **out)
{
    mg_folder_t *self = s_new(root->io, &root->owner, shown, stem);
    if (!self) {
        (void)root->io->close(dir);
        return MG_ERR_NO_MEMORY;
    }
    self->dir = dir;
    *out = self;
    return MG_OK;
}

mg_status_t
mg_folder_open_to_read(const mg_file_ops_t *io,
                       const char *path,
                       const char *stem,
                       mg_folder_t **out,
                       mg_fault_t *why)
{
    static const mg_folder_owner_t nobody = {.host = ""};
    mg_folder_t *self = s_new(io, &nobody, path, stem);
    if (!self) {
        return mg_fault_set(why, MG_ERR_NO_MEMORY, ENOMEM, "no memory to open %s", path);
    }
    self->dir = io->open_at(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (self->dir < 0) {
        mg_status_t status =
            mg_fault_set(why, MG_ERR_IO, errno, "the folder %s can not be read: %s", path,
                         mg_fault_reason(errno));
        mg_folder_destroy(&self);
        return status;
    }
    *out = self;
    return MG_OK;
}

/* One sentence per way in which a folder can be unusable, each with what mends it. */
static mg_status_t
s_unusable(const char *path, int error, mg_fault_t *why)
{
    unsigned uid = (unsigned)geteuid();
    unsigned gid = (unsigned)getegid();
    switch (error) {
    case ENOENT:
        return mg_fault_set(why, MG_ERR_IO, error,
                            "the dump folder %s does not exist and can not be made by uid %u: "
                            "mount a volume there, "
                            "or create it with mkdir -p '%s' && chown %u:%u '%s'",
                            path, uid, path, uid, gid, path);
    case EACCES:
    case EPERM:
        return mg_fault_set(
            why, MG_ERR_IO, error,
            "the dump folder %s cannot be written by uid %u: chown -R %u:%u '%s' (of a mounted "
            "folder: on the host), or mount it writable",
            path, uid, uid, gid, path);
    case EROFS:
        return mg_fault_set(
            why, MG_ERR_IO, error,
            "the dump folder %s is on a read-only file system: mount a writable volume there",
            path);
    case ENOTDIR:
        return mg_fault_set(why, MG_ERR_IO, error,
                            "the dump folder %s, or a part of it, is a file: set MEM_DUMP_PATH",
                            path);
    case EISDIR:
    case ELOOP:
    case ESPIPE:
        return mg_fault_set(why, MG_ERR_IO, error,
                            "what has the name of the lock in the dump folder %s is no regular "
                            "file: remove it (ls -la '%s' shows it) and start again",
                            path, path);
    default:
        return mg_fault_set(why, MG_ERR_IO, error, "the dump folder %s cannot be used: %s", path,
                            mg_fault_reason(error));
    }
}

/* Creates what is missing: of a relative path everything, of an absolute one only the last folder. */
static int
s_make_dirs(const mg_file_ops_t *io, char *path)
{
    for (char *slash = path[0] == '/' ? NULL : strchr(path, '/'); slash;
         slash = strchr(slash + 1, '/')) {
        *slash = 0;
        int result = io->make_dir_at(AT_FDCWD, path, DIR_MODE);
        *slash = '/';
        if (result != 0 && errno != EEXIST) {
            return errno;
        }
    }
    return io->make_dir_at(AT_FDCWD, path, DIR_MODE) != 0 && errno != EEXIST ? errno : 0;
}

/* `path` is the folder as configured, `self->path` how it is shown. */
static mg_status_t
s_open_dir(mg_folder_t *self, char *path, mg_fault_t *why)
{
    enum { FLAGS = O_RDONLY | O_DIRECTORY | O_CLOEXEC };
    self->dir = self->io->open_at(AT_FDCWD, path, FLAGS, 0);
    if (self->dir < 0 && errno == ENOENT) {
        int error = s_make_dirs(self->io, path);
        if (error) {
            return s_unusable(self->path, error == EACCES ? ENOENT : error, why);
        }
        self->dir = self->io->open_at(AT_FDCWD, path, FLAGS, 0);
    }
    if (self->dir < 0 || self->io->access_at(self->dir, ".", W_OK | X_OK, AT_EACCESS) != 0) {
        return s_unusable(self->path, errno, why);
    }
    self->opened = strdup(path);
    return self->opened ? MG_OK : MG_ERR_NO_MEMORY;
}

/* A path as it is shown and may be given back from anywhere; the caller frees it. NULL: out of memory. */
static char *
s_absolute(const char *path)
{
    if (path[0] == '/') {
        return strdup(path);
    }
    while (strncmp(path, "./", 2) == 0) {
        path += 2;
    }
    char *working = getcwd(NULL, 0);
    size_t size = working ? strlen(working) + strlen(path) + 2 : 0;
    char *joined = working ? malloc(size) : NULL;
    if (joined) {
        bool is_dot = strcmp(path, ".") == 0;
        (void)snprintf(joined, size, "%s%s%s", working, is_dot ? "" : "/", is_dot ? "" : path);
    }
    free(working);
    return joined;
}

mg_status_t
mg_folder_open(const mg_file_ops_t *io,
               const char *hint,
               const mg_folder_owner_t *owner,
               mg_folder_t **out,
               mg_fault_t *why)
{
    struct stat found;
    char stem[MG_STEM_MAX + 1];
    mg_folder_t *self = NULL;
    bool exists = io->stat_at(AT_FDCWD, hint, &found, 0) == 0;
    bool is_dir = exists && S_ISDIR(found.st_mode);
    if (exists && !is_dir && !S_ISREG(found.st_mode)) {
        return mg_fault_set(
            why, MG_ERR_IO, ENOTDIR,
            "MEM_DUMP_PATH=%s is a device, pipe or socket: set it to a folder, or to "
            "the name of a file in one",
            hint);
    }
    char *path = malloc(strlen(hint) + 2);
    char *shown = NULL;
    mg_status_t status = path ? MG_OK : MG_ERR_NO_MEMORY;
    if (status == MG_OK) {
        status = mg_folderpath_split(hint, is_dir, path, stem);
    }
    if (status == MG_ERR_INVALID) {
        status = mg_fault_set(
            why, MG_ERR_IO, EINVAL,
            "MEM_DUMP_PATH=%s names no usable file: the stem is empty, too long or hidden", hint);
    }
    if (status == MG_OK) {
        shown = s_absolute(path);
        self = shown ? s_new(io, owner, shown, stem) : NULL;
        status = self ? s_open_dir(self, path, why) : MG_ERR_NO_MEMORY;
    }
    free(shown);
    free(path);
    if (status == MG_ERR_NO_MEMORY) {
        (void)mg_fault_set(why, status, ENOMEM, "no memory to open the dump folder");
    }
    if (status != MG_OK) {
        mg_folder_destroy(&self);
        return status;
    }
    *out = self;
    return MG_OK;
}

/* Removes `.<stem>-*.tmp`: only the holder of the lock writes such files, and it has not begun. */
static bool
s_remove_leftover(void *arg, const char *name)
{
    const mg_folder_t *self = arg;
    if (mg_dumpname_is_temp(name, self->stem)) {
        (void)self->io->unlink(self->dir,
                               name); /* one that stays does no harm: names are never reused */
    }
    return true;
}

mg_status_t
mg_folder_lock(mg_folder_t *self, mg_fault_t *why)
{
    mg_fault_t cause = {0};
    mg_status_t status = mg_folderlock_take(self->lock, self->dir, &cause);
    switch (status) {
    case MG_OK:
        (void)self->io->list(self->dir, s_remove_leftover, self);
        MG_FAILPOINT("lock.cleaned");
        return MG_OK;
    case MG_ERR_BUSY:
        return mg_fault_set(why, status, cause.error,
                            "the dump folder %s is in use by another memgate (%s)", self->path,
                            cause.text);
    case MG_ERR_IO:
        return s_unusable(self->path, cause.error, why);
    default:
        return mg_fault_set(why, status, cause.error, "%s", cause.text);
    }
}

mg_status_t
mg_folder_check_lock(const mg_folder_t *self, mg_fault_t *why)
{
    return mg_folderlock_check(self->lock, self->dir, why);
}

uint64_t
mg_folder_noted_generation(const mg_folder_t *self)
{
    return mg_folderlock_noted(self->lock);
}

void
mg_folder_note_generation(mg_folder_t *self, uint64_t generation)
{
    mg_fault_t ignored;
    if (mg_folder_check_lock(self, &ignored) ==
        MG_OK) { /* else the file speaks for somebody else */
        mg_folderlock_note(self->lock, generation);
    }
}

/* A listing being collected. */
struct listing {
    const mg_folder_t *folder;
    mg_buf_t names; /* mg_dumpname_t each */
};

static bool
s_take_name(void *arg, const char *name)
{
    struct listing *listing = arg;
    const mg_folder_t *self = listing->folder;
    struct stat found;
    if (!mg_dumpname_is_dump(name, self->stem)) {
        return true;
    }
    if (self->io->stat_at(self->dir, name, &found, AT_SYMLINK_NOFOLLOW) != 0 ||
        !S_ISREG(found.st_mode)) {
        return true;
    }
    mg_dumpname_t entry = {0};
    memcpy(entry.text, name, strlen(name));
    mg_buf_append(&listing->names, &entry, sizeof entry);
    return mg_buf_ok(&listing->names);
}

static int
s_newest_name_first(const void *a, const void *b)
{
    return strcmp(((const mg_dumpname_t *)b)->text, ((const mg_dumpname_t *)a)->text);
}

mg_status_t
mg_folder_list(const mg_folder_t *self, mg_dumpname_t **out, size_t *out_count, mg_fault_t *why)
{
    struct listing listing = {.folder = self};
    int result = self->io->list(self->dir, s_take_name, &listing);
    int error = mg_buf_ok(&listing.names) ? errno : ENOMEM;
    if (result != 0 || !mg_buf_ok(&listing.names)) {
        mg_buf_free(&listing.names);
        return mg_fault_set(why, MG_ERR_IO, error, "listing the dump folder %s failed: %s",
                            self->path, mg_fault_reason(error));
    }
    size_t count = listing.names.len / sizeof(mg_dumpname_t);
    if (count) {
        qsort(listing.names.data, count, sizeof(mg_dumpname_t), s_newest_name_first);
    }
    *out = (mg_dumpname_t *)(void *)listing.names.data;
    *out_count = count < MG_FOLDER_NAMES_MAX ? count : MG_FOLDER_NAMES_MAX;
    return MG_OK;
}

int
mg_folder_open_dump(const mg_folder_t *self, const char *name)
{
    struct stat found;
    int fd = self->io->open_at(self->dir, name,
                               O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0);
    if (fd >= 0 && (self->io->stat(fd, &found) != 0 || !S_ISREG(found.st_mode))) {
        (void)self->io->close(fd);
        errno = ENOENT;
        return -1;
    }
    return fd;
}

void
mg_folder_name(const mg_folder_t *self, int64_t created_ns, uint64_t generation, mg_dumpname_t *out)
{
    mg_dumpname_dump(self->stem, created_ns, generation, out);
}

void
mg_folder_orphan_name(const mg_folder_t *self,
                      int64_t created_ns,
                      uint64_t generation,
                      mg_dumpname_t *out)
{
    mg_dumpname_orphan(self->stem, self->owner.instance_id, created_ns, generation, out);
}

void
mg_folder_temp_name(const mg_folder_t *self, uint64_t generation, mg_dumpname_t *out)
{
    mg_dumpname_temp(self->stem, self->owner.instance_id, generation, out);
}

bool
mg_folder_is_moved(const mg_folder_t *self)
{
    struct stat ours;
    struct stat named;
    if (!self->opened || self->io->stat(self->dir, &ours) != 0) {
        return false;
    }
    if (self->io->stat_at(AT_FDCWD, self->opened, &named, 0) != 0) {
        return errno == ENOENT || errno == ENOTDIR;
    }
    return named.st_dev != ours.st_dev || named.st_ino != ours.st_ino;
}

bool
mg_folder_is_same_disk(const mg_folder_t *self, const mg_folder_t *other)
{
    struct stat a;
    struct stat b;
    return self->io->stat(self->dir, &a) == 0 && self->io->stat(other->dir, &b) == 0 &&
           a.st_dev == b.st_dev;
}

bool
mg_folder_is_same(const mg_folder_t *self, const mg_folder_t *other)
{
    struct stat a;
    struct stat b;
    return strcmp(self->stem, other->stem) == 0 && self->io->stat(self->dir, &a) == 0 &&
           self->io->stat(other->dir, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

const char *
mg_folder_path(const mg_folder_t *self)
{
    return self->path;
}

const char *
mg_folder_stem(const mg_folder_t *self)
{
    return self->stem;
}

int
mg_folder_dir(const mg_folder_t *self)
{
    return self->dir;
}

const mg_file_ops_t *
mg_folder_io(const mg_folder_t *self)
{
    return self->io;
}
