#include "gateway/dumphint.h"

#include <string.h>

enum { PATH_BYTES_MAX = 1024 };

void
mg_dumphint_absolute(const char *hint, const char *working_folder, mg_buf_t *out)
{
    if (hint[0] != '/') {
        mg_buf_append_format(out, "%s/", working_folder);
    }
    mg_buf_append_text(out, hint);
}

static bool
s_is_allowed(uint8_t byte)
{
    bool alnum = (byte >= '0' && byte <= '9') || ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z');
    return alnum || (byte != 0 && strchr("._ /-", byte));
}

/* Only allowed bytes, and no component that is empty or begins with a dot. A final '/' is fine. */
static bool
s_is_plain(mg_slice_t path)
{
    bool at_start = true; /* of a component */
    for (size_t i = 0; i < path.len; i++) {
        uint8_t byte = path.data[i];
        bool leads = at_start && (byte == '.' || byte == '/');
        if (!s_is_allowed(byte) || leads) {
            return false;
        }
        at_start = byte == '/';
    }
    return true;
}

/* The folder of a path, with its final '/'. */
static mg_slice_t
s_folder(mg_slice_t path)
{
    while (path.len > 0 && path.data[path.len - 1] != '/') {
        path.len--;
    }
    return path;
}

bool
mg_dumphint_confines(mg_slice_t absolute_hint, mg_slice_t path)
{
    if (path.len == 0 || path.len > PATH_BYTES_MAX) {
        return false;
    }
    if (path.data[0] == '/') {
        mg_slice_t root = s_folder(absolute_hint);
        if (path.len < root.len || memcmp(path.data, root.data, root.len) != 0) {
            return false;
        }
        path = mg_slice(path.data + root.len, path.len - root.len);
    }
    return s_is_plain(path);
}
