/* Takes a protection away: a folder is never made durable. */
#include <dlfcn.h>
#include <sys/stat.h>

int
fsync(int fd)
{
    static int (*real)(int);
    struct stat found;
    if (!real) {
        *(void **)&real = dlsym(RTLD_NEXT, "fsync");
    }
    return fstat(fd, &found) == 0 && S_ISDIR(found.st_mode) ? 0 : real(fd);
}
