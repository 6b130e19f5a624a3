#include "support/tempdir.h"

#include "support/check.h"

#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void
kit_tempdir_make(char out[KIT_PATH])
{
    (void)snprintf(out, KIT_PATH, "%s/memgate-test-XXXXXX", P_tmpdir);
    assert_non_null(mkdtemp(out));
}

static int
s_remove(const char *path, const struct stat *found, int type, struct FTW *where)
{
    (void)found;
    (void)type;
    (void)where;
    return remove(path);
}

static int
s_open_up(const char *path, const struct stat *found, int type, struct FTW *where)
{
    (void)found;
    (void)where;
    return type == FTW_D || type == FTW_DNR ? chmod(path, S_IRWXU) : 0;
}

void
kit_tempdir_remove(const char *path)
{
    enum { DESCRIPTORS = 8 };
    (void)nftw(path, s_open_up, DESCRIPTORS, FTW_PHYS);
    assert_int_equal(nftw(path, s_remove, DESCRIPTORS, FTW_DEPTH | FTW_PHYS), 0);
}

void
kit_path(const char *dir, const char *name, char out[KIT_PATH])
{
    int len = snprintf(out, KIT_PATH, "%s/%s", dir, name);
    assert_true(len > 0 && len < KIT_PATH);
}

void
kit_write_file(const char *path, const void *bytes, unsigned long len)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

int
kit_count(const char *dir, const char *prefix, char *out)
{
    int count = 0;
    DIR *stream = opendir(dir);
    assert_non_null(stream);
    for (const struct dirent *entry = readdir(stream); entry; entry = readdir(stream)) {
        if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0 &&
            strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            count++;
            if (out) {
                (void)snprintf(out, KIT_PATH, "%s", entry->d_name);
            }
        }
    }
    (void)closedir(stream);
    return count;
}
