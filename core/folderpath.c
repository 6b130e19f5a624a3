#include "core/folderpath.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { COMPONENT_MAX = 255, DIR_MODE = 0700, PROC_PATH = 64 };

/* Doorman's rule on a text: where the folder part ends and which stem is meant. */
static mg_status_t
s_split(const char *path, bool is_dir, size_t *out_dir_len, char *out_stem)
{
    size_t len = strlen(path);
    if (len == 0) {
        return MG_ERR_INVALID;
    }
    if (is_dir || path[len - 1] == '/') {
        *out_dir_len = len;
        (void)snprintf(out_stem, MG_STEM_MAX + 1, "%s", MG_STEM_DEFAULT);
        return MG_OK;
    }
    const char *slash = strrchr(path, '/');
    const char *base = slash ? slash + 1 : path;
    const char *dot = strrchr(base, '.');
    size_t stem_len = dot && dot > base ? (size_t)(dot - base) : strlen(base);
    if (base[0] == '.' || stem_len > MG_STEM_MAX) {
        return MG_ERR_INVALID;
    }
    memcpy(out_stem, base, stem_len);
    out_stem[stem_len] = 0;
    *out_dir_len = (size_t)(base - path);
    return MG_OK;
}

mg_status_t
mg_folderpath_split(const char *hint, bool is_dir, char *out_dir, char *out_stem)
{
    size_t len = 0;
    mg_status_t status = s_split(hint, is_dir, &len, out_stem);
    if (status != MG_OK) {
        return status;
    }
    while (len > 1 && hint[len - 1] == '/') {
        len--;
    }
    memcpy(out_dir, hint, len);
    out_dir[len] = 0;
    if (len == 0) {
        memcpy(out_dir, ".", sizeof ".");
    }
    return MG_OK;
}

static mg_status_t
s_invalid(mg_fault_t *why, const char *what)
{
    return mg_fault_set(why, MG_ERR_INVALID, 0, "the path is not allowed: %s", what);
}

static bool
s_is_path_char(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           (c != 0 && strchr("._ /-", c));
}

/* The root as the kernel names it, for absolute paths from clients. */
static bool
s_real_root(const mg_folder_t *root, char *out, size_t size)
{
    char link[PROC_PATH];
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", mg_folder_dir(root));
    ssize_t len = readlink(link, out, size - 1);
    if (len <= 0) {
        return false;
    }
    out[len] = 0;
    return true;
}

/* Cuts `prefix` and the '/' behind it off; NULL when `path` is not below it. */
static const char *
s_below(const char *path, const char *prefix)
{
    size_t len = strlen(prefix);
    if (strncmp(path, prefix, len) != 0 || (path[len] != '/' && path[len] != 0)) {
        return NULL;
    }
    return path[len] ? path + len + 1 : path + len;
}

static const char *
s_strip_root(const mg_folder_t *root, const char *path)
{
    char real[MG_CLIENT_PATH_MAX + 1];
    if (path[0] != '/') {
        return path;
    }
    const char *rest = s_below(path, mg_folder_path(root));
    if (!rest && s_real_root(root, real, sizeof real)) {
        rest = s_below(path, real);
    }
    return rest;
}

/* Every component has a name that stays inside; one '/' may end the path. */
static const char *
s_component_fault(const char *path)
{
    size_t depth = 0;
    while (*path) {
        size_t len = strcspn(path, "/");
        if (len == 0) {
            return "a part of it is empty";
        }
        if (path[0] == '.') {
            return "a part of it begins with a point";
        }
        if (len > COMPONENT_MAX) {
            return "a part of it is longer than 255 bytes";
        }
        if (++depth > MG_CLIENT_DEPTH_MAX) {
            return "it is deeper than 8 folders";
        }
        path += len + (path[len] == '/' ? 1 : 0);
    }
    return NULL;
}

mg_status_t
mg_folderpath_check(const mg_folder_t *root, const char *path, char *out, mg_fault_t *why)
{
    size_t len = strlen(path);
    if (len < 1 || len > MG_CLIENT_PATH_MAX) {
        return s_invalid(why, "it must have 1 to 1024 bytes");
    }
    for (size_t i = 0; i < len; i++) {
        if (!s_is_path_char(path[i])) {
            return s_invalid(why,
                             "it may hold letters, digits, '.', '_', '-', '/' and spaces only");
        }
    }
    const char *relative = s_strip_root(root, path);
    if (!relative) {
        return s_invalid(why, "it must lie below the dump folder");
    }
    const char *fault = s_component_fault(relative);
    if (fault) {
        return s_invalid(why, fault);
    }
    memcpy(out, relative, strlen(relative) + 1);
    return MG_OK;
}

void
mg_folderpath_show(const mg_folder_t *root, const char *relative, char *out, size_t size)
{
    const char *base = mg_folder_path(root);
    bool joint = relative[0] == 0 || strcmp(base, "/") == 0;
    (void)snprintf(out, size, "%s%s%s", base, joint ? "" : "/", relative);
}

/* Where the kernel has no openat2, or a seccomp profile answers for it: one component at a time, no link followed. */
static int
s_walk(const mg_folder_t *root, const char *path, int flags)
{
    const mg_file_ops_t *io = mg_folder_io(root);
    int dir = io->open_at(mg_folder_dir(root), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    while (dir >= 0 && *path) {
        char component[COMPONENT_MAX + 1];
        size_t len = strcspn(path, "/");
        memcpy(component, path, len);
        component[len] = 0;
        path += len + strspn(path + len, "/");
        int step = *path ? O_RDONLY | O_DIRECTORY | O_CLOEXEC : flags;
        int next = io->open_at(dir, component, step | O_NOFOLLOW, 0);
        int error = errno;
        (void)io->close(dir);
        errno = error;
        dir = next;
    }
    return dir;
}

static int
s_open_below(const mg_folder_t *root, const char *path, int flags)
{
    const mg_file_ops_t *io = mg_folder_io(root);
    int fd = io->open_beneath(mg_folder_dir(root), path[0] ? path : ".", flags);
    if (fd < 0 && (errno == ENOSYS || errno == EPERM || errno == EINVAL)) {
        fd = s_walk(root, path, flags);
    }
    return fd;
}

/* All reasons look alike from outside, so that a client cannot feel its way around. */
static mg_status_t
s_not_found(mg_fault_t *why, const char *what)
{
    return mg_fault_set(why, MG_ERR_NOT_FOUND, errno,
                        "there is no %s at this path below the dump folder", what);
}

mg_status_t
mg_folderpath_open_file(const mg_folder_t *root, const char *path, int *out_fd, mg_fault_t *why)
{
    char relative[MG_CLIENT_PATH_MAX + 1] = "";
    struct stat found;
    mg_status_t status = mg_folderpath_check(root, path, relative, why);
    if (status != MG_OK) {
        return status;
    }
    int fd =
        s_open_below(root, relative, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) {
        return s_not_found(why, "dump");
    }
    if (mg_folder_io(root)->stat(fd, &found) != 0 || !S_ISREG(found.st_mode)) {
        (void)mg_folder_io(root)->close(fd);
        return s_not_found(why, "dump");
    }
    *out_fd = fd;
    return MG_OK;
}

/* The folder itself, made if it may be: only one level, directly below the root. */
static int
s_open_dir(const mg_folder_t *root, const char *path, bool make_dir)
{
    enum { FLAGS = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };
    int fd = s_open_below(root, path, FLAGS);
    if (fd < 0 && errno == ENOENT && make_dir && path[0] && !strchr(path, '/') &&
        mg_folder_io(root)->make_dir_at(mg_folder_dir(root), path, DIR_MODE) == 0) {
        fd = s_open_below(root, path, FLAGS);
    }
    return fd;
}

mg_status_t
mg_folderpath_open_folder(const mg_folder_t *root,
                          const char *path,
                          bool make_dir,
                          mg_folder_t **out,
                          mg_fault_t *why)
{
    char relative[MG_CLIENT_PATH_MAX + 1] = "";
    char dir_path[MG_CLIENT_PATH_MAX + 2] = "";
    char stem[MG_STEM_MAX + 1] = MG_STEM_DEFAULT;
    mg_status_t status = mg_folderpath_check(root, path, relative, why);
    if (status != MG_OK) {
        return status;
    }
    int probe = s_open_below(root, relative, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    bool is_dir = probe >= 0;
    if (is_dir) {
        (void)mg_folder_io(root)->close(probe);
    }
    if (relative[0]) {
        status = mg_folderpath_split(relative, is_dir, dir_path, stem);
    }
    if (status != MG_OK) {
        return s_invalid(why, "the name of the file is too long");
    }
    const char *inside = strcmp(dir_path, ".") == 0 ? "" : dir_path;
    int dir = s_open_dir(root, inside, make_dir);
    if (dir < 0) {
        return s_not_found(why, "folder");
    }
    char shown[PATH_MAX];
    mg_folderpath_show(root, inside, shown, sizeof shown);
    return mg_folder_adopt(root, dir, shown, stem, out);
}
