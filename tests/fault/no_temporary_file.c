/* Takes a protection away: what would be a temporary file bears the name of a dump from the start. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>

int
openat(int dir, const char *path, int flags, ...)
{
    static int (*real)(int, const char *, int, ...);
    char name[256];
    va_list args;
    if (!real) {
        *(void **)&real = dlsym(RTLD_NEXT, "openat");
    }
    va_start(args, flags);
    mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
    va_end(args);
    if (flags & O_EXCL && path[0] == '.' && strstr(path, ".tmp")) {
        (void)snprintf(name, sizeof name, "%.200s-torn.bin", path + 1);
        path = name;
    }
    return real(dir, path, flags, mode);
}
