#include "core/memory.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <unistd.h>

uint64_t
mg_memory_used(void)
{
    unsigned long long total = 0;
    unsigned long long resident = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (!file) {
        return 0;
    }
    bool known = fscanf(file, "%llu %llu", &total, &resident) == 2; // NOLINT(cert-err34-c)
    (void)fclose(file);
    return known ? resident * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

/* The number in a control file; UINT64_MAX when there is none: no such file, or "max". */
static uint64_t
s_limit_of(const char *path)
{
    unsigned long long limit = 0;
    FILE *file = fopen(path, "re");
    if (!file) {
        return UINT64_MAX;
    }
    bool known = fscanf(file, "%llu", &limit) == 1; // NOLINT(cert-err34-c)
    (void)fclose(file);
    return known ? limit : UINT64_MAX;
}

static uint64_t
s_smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* The smallest limit of a group and all groups above it. */
static uint64_t
s_limit_above(const char *root, char *group, const char *name)
{
    char path[PATH_MAX];
    uint64_t limit = UINT64_MAX;
    for (;;) {
        (void)snprintf(path, sizeof path, "%s%s/%s", root, group, name);
        limit = s_smaller(limit, s_limit_of(path));
        char *slash = strrchr(group, '/');
        if (!slash) {
            return limit;
        }
        *slash = 0;
    }
}

/* One line of /proc/self/cgroup: "0::/path" (v2) or "4:memory:/path" (v1). */
static uint64_t
s_limit_of_line(char *line)
{
    char *controllers = strchr(line, ':');
    char *group = controllers ? strchr(controllers + 1, ':') : NULL;
    if (!group) {
        return UINT64_MAX;
    }
    *group++ = 0;
    group[strcspn(group, "\n")] = 0;
    if (strcmp(controllers, ":") == 0) {
        return s_limit_above("/sys/fs/cgroup", group, "memory.max");
    }
    return strcmp(controllers, ":memory") == 0
               ? s_limit_above("/sys/fs/cgroup/memory", group, "memory.limit_in_bytes")
               : UINT64_MAX;
}

static uint64_t
s_container_limit(void)
{
    char line[PATH_MAX];
    uint64_t limit = UINT64_MAX;
    FILE *file = fopen("/proc/self/cgroup", "re");
    while (file && fgets(line, sizeof line, file)) {
        limit = s_smaller(limit, s_limit_of_line(line));
    }
    if (file) {
        (void)fclose(file);
    }
    return limit;
}

uint64_t
mg_memory_total(void)
{
    struct sysinfo info;
    uint64_t machine = sysinfo(&info) == 0 ? (uint64_t)info.totalram * info.mem_unit : 0;
    return s_smaller(machine ? machine : UINT64_MAX, s_container_limit());
}
