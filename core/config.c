#include "core/config.h"

#include "core/configcheck.h"
#include "core/configidle.h"
#include "core/configtable.h"
#include "core/failpoint.h"
#include "core/memory.h"

#include <sodium.h>

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    FILE_VALUE_MAX = 65536, /* bytes of a value that is read from X_FILE */
    MEMORY_DEFAULT_PERCENT =
        80 /* of what there is: the rest is for dumps under way and for the system */
};

typedef struct reading {
    mg_config_t *config;
    mg_buf_t *problems;
    mg_buf_t *warnings;
} reading_t;

/* --- one value --- */

static void *
s_field(mg_config_t *config, size_t at)
{
    return (uint8_t *)config + at;
}

static void
s_store_text(reading_t *reading, const mg_config_row_t *row, const char *value)
{
    size_t size = strlen(value) + 1;
    bool secret = row->kind == MG_KIND_SECRET;
    char *copy = secret ? sodium_malloc(size) : malloc(size);
    if (!copy) {
        mg_buf_append_format(reading->problems, "%s: out of memory.\n", row->name);
        return;
    }
    memcpy(copy, value, size);
    *(const char **)s_field(reading->config, row->at) = copy;
}

static void
s_store_number(reading_t *reading, const mg_config_row_t *row, const char *value)
{
    char *end = NULL;
    errno = 0;
    unsigned long long number = isdigit((unsigned char)value[0]) ? strtoull(value, &end, 10) : 0;
    if (!end || *end || errno || number < row->min || number > row->max) {
        mg_buf_append_format(reading->problems,
                             "%s=\"%.64s\" is not a whole number from %llu to %llu.\n", row->name,
                             value, (unsigned long long)row->min, (unsigned long long)row->max);
        return;
    }
    void *field = s_field(reading->config, row->at);
    if (row->kind == MG_KIND_U16) {
        *(uint16_t *)field = (uint16_t)number;
    } else if (row->kind == MG_KIND_U32) {
        *(uint32_t *)field = (uint32_t)number;
    } else {
        *(uint64_t *)field = number;
    }
}

/* The power of two that a suffix stands for; negative: none that is known. */
static int
s_size_shift(const char *suffix)
{
    static const char suffixes[] = "KkMmGgTt";
    enum { SHIFT = 10, CASES = 2 };
    if (*suffix == 0) {
        return 0;
    }
    const char *found = strchr(suffixes, *suffix);
    return found && suffix[1] == 0 ? ((int)(found - suffixes) / CASES + 1) * SHIFT : -1;
}

/* A whole number of bytes, or of K, M, G or T of them. */
static void
s_store_size(reading_t *reading, const mg_config_row_t *row, const char *value)
{
    char *end = NULL;
    errno = 0;
    unsigned long long number = strtoull(value, &end, 10);
    int shift = isdigit((unsigned char)value[0]) && errno == 0 ? s_size_shift(end) : -1;
    if (shift < 0 || number > UINT64_MAX >> shift) {
        mg_buf_append_format(
            reading->problems,
            "%s=\"%.64s\" is no size: a whole number of bytes, with K, M, G or T for "
            "powers of 1024.\n",
            row->name, value);
        return;
    }
    *(uint64_t *)s_field(reading->config, row->at) = (uint64_t)number << shift;
}

static void
s_store_switch(reading_t *reading, const mg_config_row_t *row, const char *value)
{
    static const char *const words[] = {"false", "true", "0", "1", "no", "yes", "off", "on"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcasecmp(value, words[i]) == 0) {
            *(bool *)s_field(reading->config, row->at) = i % 2;
            return;
        }
    }
    mg_buf_append_format(reading->problems, "%s=\"%.64s\" is neither true nor false.\n", row->name,
                         value);
}

static void
s_store_choice(reading_t *reading, const mg_config_row_t *row, const char *value)
{
    for (int i = 0; row->choices[i]; i++) {
        if (strcasecmp(value, row->choices[i]) == 0) {
            *(int *)s_field(reading->config, row->at) = i;
            return;
        }
    }
    mg_buf_append_format(reading->problems, "%s=\"%.64s\" is none of", row->name, value);
    for (int i = 0; row->choices[i]; i++) {
        mg_buf_append_format(reading->problems, "%s %s", i ? "," : "", row->choices[i]);
    }
    mg_buf_append_text(reading->problems, ".\n");
}

static void
s_store_unit(reading_t *reading, const mg_config_row_t *row, const char *value)
{
    static const struct {
        const char *names;
        uint32_t seconds;
    } units[] = {{" s sec secs second seconds ", 1},
                 {" m min mins minute minutes ", 60},
                 {" h hr hrs hour hours ", 3600},
                 {" d day days ", 86400},
                 {" w week weeks ", 604800}};
    char word[16];
    (void)snprintf(word, sizeof word, " %.12s ", value);
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (*value && strcasestr(units[i].names, word)) {
            *(uint32_t *)s_field(reading->config, row->at) = units[i].seconds;
            return;
        }
    }
    mg_buf_append_format(reading->problems, "%s=\"%.64s\" is no unit of time.\n", row->name, value);
}

static void
s_store(reading_t *reading, const mg_config_row_t *row, const char *value)
{
    switch (row->kind) {
    case MG_KIND_TEXT:
    case MG_KIND_SECRET:
        s_store_text(reading, row, value);
        break;
    case MG_KIND_U16:
    case MG_KIND_U32:
    case MG_KIND_U64:
        s_store_number(reading, row, value);
        break;
    case MG_KIND_SIZE:
        s_store_size(reading, row, value);
        break;
    case MG_KIND_SWITCH:
        s_store_switch(reading, row, value);
        break;
    case MG_KIND_CHOICE:
        s_store_choice(reading, row, value);
        break;
    case MG_KIND_UNIT:
        s_store_unit(reading, row, value);
        break;
    }
}

/* --- where a value comes from --- */

/* The variable's value; an empty one counts as not set. */
static char *
s_env(const char *name)
{
    char *value =
        name ? getenv(name) : NULL; // NOLINT(concurrency-mt-unsafe): before any other thread
    return value && *value ? value : NULL;
}

/* The content of the file that X_FILE names, without one final line end. */
static bool
s_read_file(reading_t *reading, const char *name, const char *path, mg_buf_t *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    uint8_t *room = fd >= 0 ? mg_buf_extend(out, FILE_VALUE_MAX) : NULL;
    ssize_t len = room ? read(fd, room, FILE_VALUE_MAX) : -1;
    int failed = errno;
    if (fd >= 0) {
        (void)close(fd);
    }
    if (len < 0 || len == FILE_VALUE_MAX || memchr(room, 0, (size_t)len)) {
        char reason[128];
        const char *why =
            len < 0 ? strerror_r(failed, reason, sizeof reason) : "too long, or holds a NUL byte";
        mg_buf_append_format(reading->problems, "%s_FILE=%.200s can not be used: %s.\n", name, path,
                             why);
        return false;
    }
    out->len = (size_t)len;
    if (out->len && out->data[out->len - 1] == '\n') {
        out->len--;
        out->len -= out->len && out->data[out->len - 1] == '\r';
    }
    return true;
}

/* The value that one name gives, by itself or by its _FILE; false: not set. */
static bool
s_value_of(reading_t *reading, const char *name, mg_buf_t *out)
{
    char file_name[128];
    (void)snprintf(file_name, sizeof file_name, "%s_FILE", name ? name : "");
    const char *value = s_env(name);
    const char *path = name ? s_env(file_name) : NULL;
    if (value && path) {
        mg_buf_append_format(reading->problems, "%s and %s are both set; set one of them.\n", name,
                             file_name);
        return false;
    }
    if (path) {
        return s_read_file(reading, name, path, out);
    }
    mg_buf_append_text(out, value);
    return value != NULL;
}

/* A secret's bytes leave the environment, so that /proc/self/environ and child processes do not have them. */
static void
s_forget(const char *name)
{
    char *value = s_env(name);
    if (value) {
        sodium_memzero(value, strlen(value));
        (void)unsetenv(name); // NOLINT(concurrency-mt-unsafe): before any other thread
    }
}

static void
s_wipe_buf(mg_buf_t *buf)
{
    if (buf->data) {
        sodium_memzero(buf->data, buf->cap);
    }
    mg_buf_free(buf);
}

static void
s_read_row(reading_t *reading, const mg_config_row_t *row)
{
    mg_buf_t value = {0};
    mg_buf_t other = {0};
    bool given = s_value_of(reading, row->name, &value);
    bool by_alias = s_value_of(reading, row->alias, &other);
    if (given && by_alias && !mg_slice_equal(mg_buf_slice(&value), mg_buf_slice(&other))) {
        mg_buf_append_format(reading->problems,
                             "%s and %s are set differently; they are one thing.\n", row->name,
                             row->alias);
    }
    const char *text = given ? mg_buf_text(&value) : by_alias ? mg_buf_text(&other) : row->fallback;
    if (text) {
        s_store(reading, row, text);
    }
    if (row->set_at) {
        *(bool *)s_field(reading->config, row->set_at) = given || by_alias;
    }
    if (row->kind == MG_KIND_SECRET) {
        s_forget(row->name);
        s_forget(row->alias);
    }
    s_wipe_buf(&value);
    s_wipe_buf(&other);
}

/* --- names that nobody knows --- */

static bool
s_is_known(const char *name, size_t len)
{
    static const char file[] = "_FILE";
    for (size_t i = 0; mg_config_row(i); i++) {
        const char *known = mg_config_row(i)->name;
        size_t known_len = strlen(known);
        if (len >= known_len && strncmp(name, known, known_len) == 0 &&
            (len == known_len ||
             (len == known_len + 5 && strncmp(name + known_len, file, 5) == 0))) {
            return true;
        }
    }
    return false;
}

/* Levenshtein distance of two names of at most 63 bytes. */
static unsigned
s_distance(const char *a, size_t a_len, const char *b)
{
    unsigned row[64];
    size_t b_len = strlen(b) < 63 ? strlen(b) : 63;
    for (size_t j = 0; j <= b_len; j++) {
        row[j] = (unsigned)j;
    }
    for (size_t i = 1; i <= a_len; i++) {
        unsigned diagonal = row[0];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b_len; j++) {
            unsigned above = row[j];
            unsigned change = diagonal + (a[i - 1] != b[j - 1]);
            unsigned gap = (above < row[j - 1] ? above : row[j - 1]) + 1;
            row[j] = change < gap ? change : gap;
            diagonal = above;
        }
    }
    return row[b_len];
}

static const char *
s_nearest(const char *name, size_t len)
{
    const char *nearest = NULL;
    unsigned best = UINT_MAX;
    for (size_t i = 0; mg_config_row(i); i++) {
        unsigned distance = s_distance(name, len, mg_config_row(i)->name);
        if (distance < best) {
            best = distance;
            nearest = mg_config_row(i)->name;
        }
    }
    return nearest;
}

static void
s_warn_unknown(reading_t *reading)
{
    for (char **at = environ; *at; at++) {
        size_t len = strcspn(*at, "=");
        bool ours = strncmp(*at, "MEM_", 4) == 0 || strncmp(*at, "MEMGATE_", 8) == 0;
        if (ours && !s_is_known(*at, len) && strncmp(*at, "MEM_OR_REDIS", len) != 0) {
            mg_buf_append_format(
                reading->warnings, "%.*s is not a setting of memgate; did you mean %s?\n",
                (int)(len < 63 ? len : 63), *at, s_nearest(*at, len < 63 ? len : 63));
        }
    }
}

static void
s_warn_idle(reading_t *reading)
{
    for (size_t i = 0; mg_config_idle(i); i++) {
        if (s_env(mg_config_idle(i)->name)) {
            mg_buf_append_format(reading->warnings, "%s has no effect: %s.\n",
                                 mg_config_idle(i)->name, mg_config_idle(i)->reason);
        }
    }
}

char **
mg_config_swap_environment(char **variables)
{
    char **before = environ;
    environ = variables;
    return before;
}

mg_status_t
mg_config_read(mg_config_t *out, bool serving, mg_buf_t *problems, mg_buf_t *warnings)
{
    *out = (mg_config_t){0};
    reading_t reading = {out, problems, warnings};
    for (size_t i = 0; mg_config_row(i); i++) {
        s_read_row(&reading, mg_config_row(i));
    }
    mg_failpoint_arm(s_env("MEMGATE_FAILPOINT"));
    s_warn_unknown(&reading);
    s_warn_idle(&reading);
    out->http.access_seconds = (int64_t)out->http.access_count * out->http.access_unit_seconds;
    out->http.refresh_seconds = (int64_t)out->http.refresh_count * out->http.refresh_unit_seconds;
    if (!out->memory_max_set) {
        out->memory_max_bytes = mg_memory_total() / 100 * MEMORY_DEFAULT_PERCENT;
    }
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    out->dump.sealers = cores < 1 ? 1 : cores > 4 ? 4 : (uint32_t)cores;
    mg_config_check(out, serving, problems);
    return problems->len ? MG_ERR_INVALID : MG_OK;
}

void
mg_config_destroy(mg_config_t *self)
{
    for (size_t i = 0; self && mg_config_row(i); i++) {
        const mg_config_row_t *row = mg_config_row(i);
        if (row->kind == MG_KIND_TEXT) {
            free(*(void **)s_field(self, row->at));
        } else if (row->kind == MG_KIND_SECRET) {
            sodium_free(*(void **)s_field(self, row->at));
        }
    }
    if (self) {
        *self = (mg_config_t){0};
    }
}

/* --- the control socket's place --- */

/* A folder of mode 0700 that is ours, made when it is missing. */
static bool
s_own_folder(const char *path)
{
    struct stat info;
    (void)mkdir(path, 0700);
    return lstat(path, &info) == 0 && S_ISDIR(info.st_mode) && info.st_uid == geteuid() &&
           (info.st_mode & 0077) == 0;
}

mg_status_t
mg_config_control_endpoint(const mg_config_t *self, mg_buf_t *out)
{
    if (self->control) {
        mg_buf_append_text(out, self->control);
    } else {
        char folder[PATH_MAX];
        if (self->runtime_folder) {
            (void)snprintf(folder, sizeof folder, "%s/memgate", self->runtime_folder);
        } else if (s_own_folder("/run/memgate")) {
            (void)snprintf(folder, sizeof folder, "/run/memgate");
        } else {
            (void)snprintf(folder, sizeof folder, "%s/memgate-%u", self->temporary_folder,
                           (unsigned)geteuid());
        }
        if (!s_own_folder(folder)) {
            mg_buf_append_text(out, folder);
            return MG_ERR_IO;
        }
        mg_buf_append_format(out, "ipc://%s/%u.sock", folder, self->http.port);
    }
    size_t scheme = strlen("ipc://");
    bool ipc = out->len >= scheme && memcmp(out->data, "ipc://", scheme) == 0;
    return ipc && out->len - scheme > MG_SOCKET_PATH_MAX ? MG_ERR_TOO_BIG : MG_OK;
}
