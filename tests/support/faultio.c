#include "support/faultio.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct plan {
    int first;
    int times;
    int error;
    int calls;
};

enum { ERRORS_MAX = 4 };

/* What each kind of call may fail with. */
static const int s_errors[FAULT_OPS][ERRORS_MAX] = {
    [FAULT_OPEN] = {EMFILE, EIO, EACCES, ENOSPC},
    [FAULT_OPEN_BENEATH] = {EMFILE, EIO},
    [FAULT_CLOSE] = {EIO, ENOSPC},
    [FAULT_READ] = {EIO},
    [FAULT_WRITE] = {ENOSPC, EIO, EDQUOT},
    [FAULT_PREAD] = {EIO},
    [FAULT_PWRITE] = {ENOSPC, EIO},
    [FAULT_FSYNC] = {EIO, ENOSPC},
    [FAULT_FDATASYNC] = {EIO},
    [FAULT_FALLOCATE] = {ENOSPC, EOPNOTSUPP},
    [FAULT_WRITE_BACK] = {EIO, ENOSYS},
    [FAULT_DROP_CACHE] = {EINVAL},
    [FAULT_SET_DIRECT] = {EINVAL},
    [FAULT_STAT] = {EIO},
    [FAULT_STAT_AT] = {EIO, EACCES},
    [FAULT_ACCESS] = {EACCES, EROFS},
    [FAULT_MAKE_DIR] = {ENOSPC, EROFS},
    [FAULT_RENAME_NEW] = {EIO, EINVAL, ENOSPC, EEXIST},
    [FAULT_RENAME] = {EIO},
    [FAULT_LINK] = {EIO, EPERM},
    [FAULT_UNLINK] = {EIO, EROFS},
    [FAULT_LOCK] = {ENOLCK, EWOULDBLOCK},
    [FAULT_LIST] = {EIO, EMFILE},
};

/* A test changes plans only while the actor that runs under them waits for it. Short messages travel inside libzmq's own
 * structures, where ThreadSanitizer does not see their order: this counter, touched by everybody, shows it. */
static atomic_uint s_order_seen;

static struct plan s_plans[FAULT_OPS];
static struct plan s_any; /* `error` is an index into s_errors */
static bool s_reached;
static bool s_swallow;
static bool s_reply_lost;
static size_t s_most;
static int s_flips;
static char s_order[64];

static void
s_touch(void)
{
    (void)atomic_fetch_add(&s_order_seen, 1);
}

void
fault_reset(void)
{
    s_touch();
    memset(s_plans, 0, sizeof s_plans);
    memset(s_order, 0, sizeof s_order);
    s_any = (struct plan){0};
    s_reached = false;
    s_swallow = false;
    s_reply_lost = false;
    s_most = 0;
    s_flips = 0;
    s_touch();
}

void
fault_plan(fault_op_t op, int nth, int times, int error)
{
    s_touch();
    s_plans[op] = (struct plan){.first = nth, .times = times, .error = error};
    s_touch();
}

void
fault_plan_any(int nth, int times, size_t which)
{
    s_touch();
    s_any = (struct plan){.first = nth, .times = times, .error = (int)which};
    s_touch();
}

bool
fault_was_reached(void)
{
    s_touch();
    return s_reached;
}

void
fault_swallow_writes(void)
{
    s_touch();
    s_swallow = true;
    s_touch();
}

void
fault_lose_reply(void)
{
    s_touch();
    s_reply_lost = true;
    s_touch();
}

void
fault_short_writes(size_t most)
{
    s_touch();
    s_most = most;
    s_touch();
}

void
fault_flip_bits(int times)
{
    s_touch();
    s_flips = times;
    s_touch();
}

int
fault_calls(fault_op_t op)
{
    s_touch();
    return s_plans[op].calls;
}

const char *
fault_order(void)
{
    s_touch();
    return s_order;
}

/* The plan for calls of whatever kind. */
static bool
s_fails_any(fault_op_t op)
{
    int call = ++s_any.calls;
    if (call < s_any.first || call - s_any.first >= s_any.times) {
        return false;
    }
    s_reached = true;
    int error = s_any.error < ERRORS_MAX ? s_errors[op][s_any.error] : 0;
    if (error) {
        errno = error;
    }
    return error != 0;
}

/* Counts the call; true (and errno) when it is to fail. */
static bool
s_fails(fault_op_t op)
{
    s_touch();
    struct plan *plan = &s_plans[op];
    int call = ++plan->calls;
    bool any = s_any.times && s_fails_any(op);
    s_touch();
    if (any) {
        return true;
    }
    if (plan->error == 0 || call < plan->first || call >= plan->first + plan->times) {
        return false;
    }
    errno = plan->error;
    return true;
}

static void
s_note(char letter)
{
    s_touch();
    size_t len = strlen(s_order);
    bool again = len > 0 && s_order[len - 1] == letter && letter == 'w';
    if (!again && len + 1 < sizeof s_order) {
        s_order[len] = letter;
    }
}

static int
s_open_at(int dir, const char *path, int flags, mode_t mode)
{
    return s_fails(FAULT_OPEN) ? -1 : mg_file_system.open_at(dir, path, flags, mode);
}

static int
s_open_beneath(int dir, const char *path, int flags)
{
    return s_fails(FAULT_OPEN_BENEATH) ? -1 : mg_file_system.open_beneath(dir, path, flags);
}

static int
s_close(int fd)
{
    s_note('c');
    int result = close(fd);
    return s_fails(FAULT_CLOSE) ? -1 : result;
}

static ssize_t
s_write_flipped(int fd, const void *bytes, size_t len)
{
    uint8_t *copy = malloc(len);
    if (!copy) {
        errno = ENOMEM;
        return -1;
    }
    memcpy(copy, bytes, len);
    copy[len - 1] ^= 1;
    ssize_t written = write(fd, copy, len);
    free(copy);
    return written;
}

static ssize_t
s_write(int fd, const void *bytes, size_t len)
{
    s_note('w');
    if (s_fails(FAULT_WRITE)) {
        return -1;
    }
    if (s_swallow) {
        return (ssize_t)len;
    }
    if (s_flips > 0) {
        s_flips--;
        return s_write_flipped(fd, bytes, len);
    }
    return write(fd, bytes, s_most && len > s_most ? s_most : len);
}

static ssize_t
s_read(int fd, void *out, size_t len)
{
    return s_fails(FAULT_READ) ? -1 : read(fd, out, len);
}

static ssize_t
s_pread(int fd, void *out, size_t len, off_t at)
{
    return s_fails(FAULT_PREAD) ? -1 : pread(fd, out, len, at);
}

static ssize_t
s_pwrite(int fd, const void *bytes, size_t len, off_t at)
{
    return s_fails(FAULT_PWRITE) ? -1 : pwrite(fd, bytes, len, at);
}

static int
s_fdatasync(int fd)
{
    return s_fails(FAULT_FDATASYNC) ? -1 : fdatasync(fd);
}

static int
s_fsync(int fd)
{
    s_note('s');
    return s_fails(FAULT_FSYNC) ? -1 : fsync(fd);
}

static int
s_fallocate(int fd, int mode, off_t at, off_t len)
{
    return s_fails(FAULT_FALLOCATE) ? -1 : mg_file_system.fallocate(fd, mode, at, len);
}

static int
s_write_back(int fd, off_t at, off_t len, bool wait)
{
    return s_fails(FAULT_WRITE_BACK) ? -1 : mg_file_system.write_back(fd, at, len, wait);
}

static int
s_drop_cache(int fd, off_t at, off_t len)
{
    return s_fails(FAULT_DROP_CACHE) ? -1 : mg_file_system.drop_cache(fd, at, len);
}

static int
s_set_direct(int fd, bool on)
{
    return s_fails(FAULT_SET_DIRECT) ? -1 : mg_file_system.set_direct(fd, on);
}

static int
s_stat(int fd, struct stat *out)
{
    return s_fails(FAULT_STAT) ? -1 : mg_file_system.stat(fd, out);
}

static int
s_stat_at(int dir, const char *path, struct stat *out, int flags)
{
    return s_fails(FAULT_STAT_AT) ? -1 : mg_file_system.stat_at(dir, path, out, flags);
}

static int
s_access_at(int dir, const char *path, int mode, int flags)
{
    return s_fails(FAULT_ACCESS) ? -1 : mg_file_system.access_at(dir, path, mode, flags);
}

static int
s_make_dir_at(int dir, const char *path, mode_t mode)
{
    return s_fails(FAULT_MAKE_DIR) ? -1 : mg_file_system.make_dir_at(dir, path, mode);
}

static int
s_rename_new(int dir, const char *from, const char *to)
{
    s_note('r');
    if (!s_fails(FAULT_RENAME_NEW)) {
        return mg_file_system.rename_new(dir, from, to);
    }
    int error = errno;
    if (s_reply_lost) {
        (void)mg_file_system.rename_new(dir, from, to);
    }
    errno = error;
    return -1;
}

static int
s_rename(int dir, const char *from, const char *to)
{
    s_note('r');
    return s_fails(FAULT_RENAME) ? -1 : mg_file_system.rename(dir, from, to);
}

static int
s_link(int dir, const char *from, const char *to)
{
    s_note('r');
    if (!s_fails(FAULT_LINK)) {
        return mg_file_system.link(dir, from, to);
    }
    int error = errno;
    if (s_reply_lost) {
        (void)mg_file_system.link(dir, from, to);
    }
    errno = error;
    return -1;
}

static int
s_unlink(int dir, const char *path)
{
    return s_fails(FAULT_UNLINK) ? -1 : mg_file_system.unlink(dir, path);
}

static int
s_lock(int fd)
{
    return s_fails(FAULT_LOCK) ? -1 : mg_file_system.lock(fd);
}

static int
s_list(int dir, mg_file_name_fn *each, void *arg)
{
    return s_fails(FAULT_LIST) ? -1 : mg_file_system.list(dir, each, arg);
}

const mg_file_ops_t fault_io = {
    .open_at = s_open_at,
    .open_beneath = s_open_beneath,
    .close = s_close,
    .read = s_read,
    .write = s_write,
    .pread = s_pread,
    .pwrite = s_pwrite,
    .fsync = s_fsync,
    .fdatasync = s_fdatasync,
    .fallocate = s_fallocate,
    .write_back = s_write_back,
    .drop_cache = s_drop_cache,
    .set_direct = s_set_direct,
    .stat = s_stat,
    .stat_at = s_stat_at,
    .access_at = s_access_at,
    .make_dir_at = s_make_dir_at,
    .rename_new = s_rename_new,
    .rename = s_rename,
    .link = s_link,
    .unlink = s_unlink,
    .lock = s_lock,
    .list = s_list,
};
