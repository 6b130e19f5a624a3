#include "core/log.h"

#include "core/buf.h"
#include "core/clock.h"
#include "core/json.h"

#include <assert.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

static struct {
    mg_log_level_t level;
    bool as_json;
} s_setup = {.level = MG_LOG_INFO};

static const char *const s_levels[] = {"debug", "info", "warn", "error", "critical"};

void
mg_log_setup(mg_log_level_t level, bool as_json)
{
    s_setup.level = level;
    s_setup.as_json = as_json;
}

bool
mg_log_enabled(mg_log_level_t level)
{
    return level >= s_setup.level;
}

/* A value that logfmt can show without quotes. */
static bool
s_is_plain(mg_slice_t value)
{
    for (size_t i = 0; i < value.len; i++) {
        uint8_t byte = value.data[i];
        if (byte <= ' ' || byte >= 0x7f || byte == '"' || byte == '=' || byte == '\\') {
            return false;
        }
    }
    return value.len > 0;
}

static void
s_append_field(mg_buf_t *line, mg_slice_t name, mg_slice_t value)
{
    if (value.len > MG_LOG_VALUE_MAX) {
        value.len = MG_LOG_VALUE_MAX;
    }
    if (s_setup.as_json) {
        mg_buf_append_byte(line, line->len ? ',' : '{');
        mg_json_write_text(name, line);
        mg_buf_append_byte(line, ':');
        mg_json_write_text(value, line);
        return;
    }
    if (line->len) {
        mg_buf_append_byte(line, ' ');
    }
    mg_buf_append_slice(line, name);
    mg_buf_append_byte(line, '=');
    if (s_is_plain(value)) {
        mg_buf_append_slice(line, value);
    } else {
        mg_json_write_text(value, line);
    }
}

/* --- the format: pairs `name=conversion`, each rendered by itself, so that no value can pose as another pair --- */

/* A va_list that may be handed on: each function takes its argument from the same list. */
typedef struct arguments {
    va_list list;
} arguments_t;

/* An integer as wide as the conversion's length modifier says, in decimal or hex. */
static void
s_render_integer(mg_buf_t *out, const char *spec, char conversion, arguments_t *arguments)
{
    bool is_signed = conversion == 'd';
    long long value = 0;
    if (strstr(spec, "ll")) {
        value = va_arg(arguments->list, long long);
    } else if (spec[0] == 'l' || spec[0] == 'z') {
        value = va_arg(arguments->list, long);
    } else {
        int narrow = va_arg(arguments->list, int);
        value = is_signed ? narrow : (long long)(unsigned)narrow;
    }
    if (conversion == 'x') {
        mg_buf_append_format(out, "%llx", (unsigned long long)value);
    } else if (is_signed) {
        mg_buf_append_format(out, "%lld", value);
    } else {
        mg_buf_append_format(out, "%llu", (unsigned long long)value);
    }
}

/* Renders the conversion at `spec` (behind its `%`). Known: s .*s d u x (l ll z), .Nf, %. */
static void
s_render(mg_buf_t *out, const char *spec, arguments_t *arguments)
{
    char conversion = spec[strcspn(spec, "sdufx%")];
    switch (conversion) {
    case 's':
        if (spec[0] == '.') {
            int len = va_arg(arguments->list, int);
            mg_buf_append(out, va_arg(arguments->list, const char *), len > 0 ? (size_t)len : 0);
        } else {
            mg_buf_append_text(out, va_arg(arguments->list, const char *));
        }
        break;
    case 'f':
        mg_buf_append_format(out, "%.*f", spec[0] == '.' ? spec[1] - '0' : 3,
                             va_arg(arguments->list, double));
        break;
    case 'd':
    case 'u':
    case 'x':
        s_render_integer(out, spec, conversion, arguments);
        break;
    default:
        assert(false);
        break;
    }
}

/* Appends the pair at `pair`; returns where the next one begins. */
static const char *
s_append_pair(mg_buf_t *line, const char *pair, arguments_t *arguments)
{
    size_t name_len = strcspn(pair, "=");
    const char *value = pair + name_len + (pair[name_len] == '=');
    size_t value_len = strcspn(value, " ");
    mg_buf_t text = {0};
    if (value[0] == '%') {
        s_render(&text, value + 1, arguments);
    } else {
        mg_buf_append(&text, value, value_len);
    }
    s_append_field(line, mg_slice(pair, name_len), mg_buf_slice(&text));
    mg_buf_free(&text);
    return value + value_len + (value[value_len] == ' ');
}

void
mg_log(mg_log_level_t level, const char *event, const char *format, ...)
{
    if (!mg_log_enabled(level)) {
        return;
    }
    char time[MG_RFC3339_SIZE];
    mg_clock_rfc3339(mg_clock_wall_ns(), time);
    mg_buf_t line = {0};
    s_append_field(&line, mg_slice_text("time"), mg_slice_text(time));
    s_append_field(&line, mg_slice_text("level"), mg_slice_text(s_levels[level]));
    s_append_field(&line, mg_slice_text("event"), mg_slice_text(event));
    arguments_t arguments;
    va_start(arguments.list, format);
    while (*format) {
        format = s_append_pair(&line, format, &arguments);
    }
    va_end(arguments.list);
    mg_buf_append_text(&line, s_setup.as_json ? "}\n" : "\n");
    if (mg_buf_ok(&line)) {
        ssize_t written = write(STDERR_FILENO, line.data, line.len);
        (void)written; /* nowhere left to say it */
    }
    mg_buf_free(&line);
}
