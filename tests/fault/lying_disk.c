/* A disk that changes what it is given: one bit of every long write is stored otherwise. */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LONG = 1024 };

ssize_t
write(int fd, const void *bytes, size_t len)
{
    static ssize_t (*real)(int, const void *, size_t);
    if (!real) {
        *(void **)&real = dlsym(RTLD_NEXT, "write");
    }
    char *copy = len >= LONG ? malloc(len) : NULL;
    if (!copy) {
        return real(fd, bytes, len);
    }
    memcpy(copy, bytes, len);
    copy[len / 2] ^= 1;
    ssize_t written = real(fd, copy, len);
    free(copy);
    return written;
}
