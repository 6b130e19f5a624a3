/* file - the one table of file operations. Everything that touches the disk goes through it, so that a test can count
 * calls, refuse the n-th one, or give a disk that lies.
 *
 * Owns     : nothing; descriptors belong to whoever opened them.
 * Thread   : any.
 * Fails    : table entries as POSIX does (-1 and errno); helpers with MG_ERR_IO and a fault that holds errno and a
 *            sentence.
 * Not here : which files there are (core/folder.h, core/dumpfile.h).
 * Source   : design.md section 10.
 */
#ifndef MG_CORE_FILE_H
#define MG_CORE_FILE_H

#include "core/buf.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/types.h>

enum { MG_FAULT_TEXT = 512 };

/* Why a file operation failed, in one sentence without a full stop. */
typedef struct mg_fault {
    int error; /* errno; 0 when no system call was to blame */
    char text[MG_FAULT_TEXT];
} mg_fault_t;

/* Takes a name of a folder; false ends the listing. */
typedef bool mg_file_name_fn(void *arg, const char *name);

typedef struct mg_file_ops {
    int (*open_at)(int dir, const char *path, int flags, mode_t mode);
    /* openat2 with RESOLVE_BENEATH, RESOLVE_NO_SYMLINKS and RESOLVE_NO_MAGICLINKS. */
    int (*open_beneath)(int dir, const char *path, int flags);
    int (*close)(int fd);
    ssize_t (*read)(int fd, void *out, size_t len);
    ssize_t (*write)(int fd, const void *bytes, size_t len);
    ssize_t (*pread)(int fd, void *out, size_t len, off_t at);
    ssize_t (*pwrite)(int fd, const void *bytes, size_t len, off_t at);
    int (*fsync)(int fd);
    int (*fdatasync)(int fd);
    int (*fallocate)(int fd, int mode, off_t at, off_t len);
    int (*write_back)(int fd, off_t at, off_t len, bool wait); /* sync_file_range */
    int (*drop_cache)(int fd, off_t at, off_t len);            /* posix_fadvise(DONTNEED) */
    int (*set_direct)(int fd, bool on);                        /* O_DIRECT: past the page cache */
    int (*stat)(int fd, struct stat *out);
    int (*stat_at)(int dir, const char *path, struct stat *out, int flags);
    int (*access_at)(int dir, const char *path, int mode, int flags);
    int (*make_dir_at)(int dir, const char *path, mode_t mode);
    int (*rename_new)(int dir, const char *from, const char *to); /* renameat2(RENAME_NOREPLACE) */
    int (*rename)(int dir, const char *from, const char *to);
    int (*link)(int dir, const char *from, const char *to);
    int (*unlink)(int dir, const char *path);
    int (*lock)(int fd); /* flock(LOCK_EX | LOCK_NB) */
    int (*list)(int dir, mg_file_name_fn *each, void *arg);
} mg_file_ops_t;

/* The operating system's own. */
extern const mg_file_ops_t mg_file_system;

/* Fills `why` (errno and a formatted sentence) and returns `status`. */
mg_status_t mg_fault_set(mg_fault_t *why, mg_status_t status, int error, const char *format, ...)
    MG_PRINTF(4, 5);
/* The system's sentence for an errno, static text. */
const char *mg_fault_reason(int error);

/* Writes all bytes; short writes and EINTR go on. `name` is for the sentence. */
MG_MUST_USE mg_status_t mg_file_write_all(const mg_file_ops_t *io,
                                          int fd,
                                          mg_slice_t bytes,
                                          const char *name,
                                          mg_fault_t *why);

#endif
