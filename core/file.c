#include "core/file.h"

#include <dirent.h>
#include <errno.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

static int
s_open_at(int dir, const char *path, int flags, mode_t mode)
{
    return openat(dir, path, flags, mode);
}

static int
s_open_beneath(int dir, const char *path, int flags)
{
    struct open_how how = {.flags = (unsigned)flags,
                           .resolve =
                               RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
    return (int)syscall(SYS_openat2, dir, path, &how, sizeof how);
}

static int
s_write_back(int fd, off_t at, off_t len, bool wait)
{
    enum { ALL = SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER };
    return sync_file_range(fd, at, len, wait ? ALL : SYNC_FILE_RANGE_WRITE);
}

static int
s_drop_cache(int fd, off_t at, off_t len)
{
    return posix_fadvise(fd, at, len, POSIX_FADV_DONTNEED);
}

static int
s_set_direct(int fd, bool on)
{
    int flags = fcntl(fd, F_GETFL);
    return flags < 0 ? -1 : fcntl(fd, F_SETFL, on ? flags | O_DIRECT : flags & ~O_DIRECT);
}

static int
s_rename_new(int dir, const char *from, const char *to)
{
    return renameat2(dir, from, dir, to, RENAME_NOREPLACE);
}

static int
s_rename(int dir, const char *from, const char *to)
{
    return renameat(dir, from, dir, to);
}

static int
s_link(int dir, const char *from, const char *to)
{
    return linkat(dir, from, dir, to, 0);
}

static int
s_unlink(int dir, const char *path)
{
    return unlinkat(dir, path, 0);
}

static int
s_lock(int fd)
{
    return flock(fd, LOCK_EX | LOCK_NB);
}

/* Opens the folder anew: the position of a shared descriptor would be shared too. */
static int
s_list(int dir, mg_file_name_fn *each, void *arg)
{
    int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = fd >= 0 ? fdopendir(fd) : NULL;
    if (!stream) {
        int error = errno;
        if (fd >= 0) {
            (void)close(fd);
        }
        errno = error;
        return -1;
    }
    errno = 0;
    /* glibc's readdir is safe as long as each stream stays with one thread. */
    const struct dirent *entry = readdir(stream); /* NOLINT(concurrency-mt-unsafe) */
    while (entry && each(arg, entry->d_name)) {
        errno = 0;
        entry = readdir(stream); /* NOLINT(concurrency-mt-unsafe) */
    }
    int error = entry ? 0 : errno;
    (void)closedir(stream);
    errno = error;
    return error ? -1 : 0;
}

const mg_file_ops_t mg_file_system = {
    .open_at = s_open_at,
    .open_beneath = s_open_beneath,
    .close = close,
    .read = read,
    .write = write,
    .pread = pread,
    .pwrite = pwrite,
    .fsync = fsync,
    .fdatasync = fdatasync,
    .fallocate = fallocate,
    .write_back = s_write_back,
    .drop_cache = s_drop_cache,
    .set_direct = s_set_direct,
    .stat = fstat,
    .stat_at = fstatat,
    .access_at = faccessat,
    .make_dir_at = mkdirat,
    .rename_new = s_rename_new,
    .rename = s_rename,
    .link = s_link,
    .unlink = s_unlink,
    .lock = s_lock,
    .list = s_list,
};

const char *
mg_fault_reason(int error)
{
    const char *text = strerrordesc_np(error);
    return text ? text : "unknown error";
}

mg_status_t
mg_fault_set(mg_fault_t *why, mg_status_t status, int error, const char *format, ...)
{
    why->error = error;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(why->text, sizeof why->text, format, args);
    va_end(args);
    return status;
}

mg_status_t
mg_file_write_all(const mg_file_ops_t *io,
                  int fd,
                  mg_slice_t bytes,
                  const char *name,
                  mg_fault_t *why)
{
    while (bytes.len) {
        ssize_t step = io->write(fd, bytes.data, bytes.len);
        if (step < 0 && errno == EINTR) {
            continue;
        }
        if (step <= 0) {
            int error = step < 0 ? errno : EIO;
            return mg_fault_set(why, MG_ERR_IO, error, "writing %s failed: %s", name,
                                mg_fault_reason(error));
        }
        bytes = mg_slice(bytes.data + step, bytes.len - (size_t)step);
    }
    return MG_OK;
}
