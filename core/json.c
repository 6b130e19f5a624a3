#include "core/json.h"

#include "core/clock.h"
#include "core/utf8.h"

#include <sodium.h>

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- text --- */

static void
s_write_special(uint8_t byte, mg_buf_t *out)
{
    static const char short_forms[] =
        "\"\"\\\\\bb\ff\nn\rr\tt"; /* byte, then the letter of its escape */
    for (size_t i = 0; i + 1 < sizeof short_forms; i += 2) {
        if ((uint8_t)short_forms[i] == byte) {
            mg_buf_append_byte(out, '\\');
            mg_buf_append_byte(out, (uint8_t)short_forms[i + 1]);
            return;
        }
    }
    mg_buf_append_format(out, "\\u%04x", byte);
}

/* Printable ASCII but for '"' and '\\': it stands for itself. */
static bool
s_is_ordinary(uint8_t byte)
{
    return (uint8_t)(byte - 0x20) < 0x7f - 0x20 && byte != '"' && byte != '\\';
}

/* Where the run of ordinary bytes that begins at `at` ends. */
static size_t
s_end_of_run(mg_slice_t text, size_t at)
{
    while (at < text.len && s_is_ordinary(text.data[at])) {
        at++;
    }
    return at;
}

/* A text of ordinary bytes only, nearly every one: in one piece. */
static void
s_write_ordinary(mg_slice_t text, mg_buf_t *out)
{
    uint8_t *to = mg_buf_extend(out, text.len + 2);
    if (to) {
        to[0] = '"';
        memcpy(to + 1, text.len ? text.data : to, text.len);
        to[text.len + 1] = '"';
    }
}

void
mg_json_write_text(mg_slice_t text, mg_buf_t *out)
{
    size_t at = 0;
    if (s_end_of_run(text, 0) == text.len) {
        s_write_ordinary(text, out);
        return;
    }
    mg_buf_append_byte(out, '"');
    while (at < text.len) {
        size_t run = s_end_of_run(text, at);
        mg_buf_append(out, text.data + at, run - at);
        at = run;
        if (at == text.len) {
            break;
        }
        uint32_t point = 0;
        size_t len = mg_utf8_next(mg_slice(text.data + at, text.len - at), &point);
        if (len > 1) {
            mg_buf_append(out, text.data + at, len);
        } else if (len == 1) {
            s_write_special(text.data[at], out);
        } else {
            mg_buf_append_text(out, "\xef\xbf\xbd");
        }
        at += len ? len : 1;
    }
    mg_buf_append_byte(out, '"');
}

/* --- BSON to JSON: recursive, `depth` is bounded by MG_JSON_DEPTH_MAX --- */
// NOLINTBEGIN(misc-no-recursion)

/* `{"<name>":"<text>"}` in the extended dialect, just the text in the plain one. */
static void
s_write_wrapped(const char *name, const char *text, mg_json_dialect_t dialect, mg_buf_t *out)
{
    if (dialect == MG_JSON_EXTENDED) {
        mg_buf_append_format(out, "{\"%s\":\"%s\"}", name, text);
    } else {
        mg_buf_append_format(out, "\"%s\"", text);
    }
}

static void
s_write_int(int64_t value, mg_buf_t *out)
{
    enum { BASE = 10, ROOM = 20 };
    char digits[ROOM];
    size_t at = sizeof digits;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do {
        digits[--at] = (char)('0' + rest % BASE);
        rest /= BASE;
    } while (rest);
    if (value < 0) {
        digits[--at] = '-';
    }
    mg_buf_append(out, digits + at, sizeof digits - at);
}

/* Shortest digits that read back as the same double, always recognisable as a double. */
static void
s_write_double(double value, mg_json_dialect_t dialect, mg_buf_t *out)
{
    if (!isfinite(value)) {
        const char *text = isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
        if (dialect == MG_JSON_EXTENDED) {
            s_write_wrapped("$numberDouble", text, dialect, out);
        } else {
            mg_buf_append_text(out, "null"); /* JSON has no word for it */
        }
        return;
    }
    char text[40];
    for (int digits = 15; digits <= 17; digits++) {
        (void)snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value) {
            break;
        }
    }
    mg_buf_append_text(out, text);
    if (!strpbrk(text, ".e")) {
        mg_buf_append_text(out, ".0");
    }
}

static void
s_write_binary(const bson_iter_t *at, mg_json_dialect_t dialect, mg_buf_t *out)
{
    bson_subtype_t subtype = BSON_SUBTYPE_BINARY;
    uint32_t len = 0;
    const uint8_t *bytes = NULL;
    bson_iter_binary(at, &subtype, &len, &bytes);
    if (dialect == MG_JSON_EXTENDED) {
        mg_buf_append_text(out, "{\"$binary\":{\"base64\":");
    }
    size_t size = sodium_base64_encoded_len(len, sodium_base64_VARIANT_ORIGINAL);
    mg_buf_append_byte(out, '"');
    char *text = (char *)mg_buf_extend(out, size);
    if (text) {
        (void)sodium_bin2base64(text, size, bytes, len, sodium_base64_VARIANT_ORIGINAL);
        out->len--; /* the NUL */
    }
    mg_buf_append_byte(out, '"');
    if (dialect == MG_JSON_EXTENDED) {
        mg_buf_append_format(out, ",\"subType\":\"%02x\"}}", (unsigned)subtype);
    }
}

static void
s_write_date(int64_t unix_ms, mg_json_dialect_t dialect, mg_buf_t *out)
{
    if (dialect == MG_JSON_EXTENDED) {
        mg_buf_append_format(out, "{\"$date\":{\"$numberLong\":\"%" PRId64 "\"}}", unix_ms);
        return;
    }
    char text[MG_RFC3339_SIZE];
    bool fits = unix_ms > -62135596800000 && unix_ms < 253402300800000; /* years 1 to 9999 */
    mg_clock_rfc3339(fits ? unix_ms * MG_NS_PER_MS : 0, text);
    if (fits && unix_ms <= INT64_MAX / MG_NS_PER_MS && unix_ms >= INT64_MIN / MG_NS_PER_MS) {
        mg_buf_append_format(out, "\"%s\"", text);
    } else {
        mg_buf_append_format(out, "%" PRId64, unix_ms);
    }
}

static mg_status_t
s_write_children(bson_iter_t *at, char open, mg_json_dialect_t dialect, int depth, mg_buf_t *out);

/* An ordinary object that a reader of the extended dialect would take for a form. */
static bool
s_looks_like_form(const bson_iter_t *at)
{
    bson_iter_t child;
    return BSON_ITER_HOLDS_DOCUMENT(at) && bson_iter_recurse(at, &child) &&
           bson_iter_next(&child) && mg_json_is_form(bson_iter_key(&child)) &&
           !bson_iter_next(&child);
}

static mg_status_t
s_write_nested(const bson_iter_t *at, mg_json_dialect_t dialect, int depth, mg_buf_t *out)
{
    bson_iter_t child;
    if (depth >= MG_JSON_DEPTH_MAX || !bson_iter_recurse(at, &child)) {
        return MG_ERR_INVALID;
    }
    bool escape = dialect == MG_JSON_EXTENDED && s_looks_like_form(at);
    mg_buf_append_text(out, escape ? "{\"$literal\":" : "");
    mg_status_t status =
        s_write_children(&child, BSON_ITER_HOLDS_ARRAY(at) ? '[' : '{', dialect, depth + 1, out);
    mg_buf_append_text(out, escape ? "}" : "");
    return status;
}

static mg_status_t
s_write_value(const bson_iter_t *at, mg_json_dialect_t dialect, int depth, mg_buf_t *out)
{
    char room[BSON_DECIMAL128_STRING];
    uint32_t len = 0;
    bson_decimal128_t decimal;
    switch (bson_iter_type(at)) {
    case BSON_TYPE_DOUBLE:
        s_write_double(bson_iter_double(at), dialect, out);
        return MG_OK;
    case BSON_TYPE_UTF8: {
        const char *text = bson_iter_utf8(at, &len);
        mg_json_write_text(mg_slice(text, len), out);
        return MG_OK;
    }
    case BSON_TYPE_DOCUMENT:
    case BSON_TYPE_ARRAY:
        return s_write_nested(at, dialect, depth, out);
    case BSON_TYPE_BINARY:
        s_write_binary(at, dialect, out);
        return MG_OK;
    case BSON_TYPE_OID:
        bson_oid_to_string(bson_iter_oid(at), room);
        s_write_wrapped("$oid", room, dialect, out);
        return MG_OK;
    case BSON_TYPE_BOOL:
        mg_buf_append(out, bson_iter_bool(at) ? "true" : "false", bson_iter_bool(at) ? 4 : 5);
        return MG_OK;
    case BSON_TYPE_DATE_TIME:
        s_write_date(bson_iter_date_time(at), dialect, out);
        return MG_OK;
    case BSON_TYPE_NULL:
        mg_buf_append(out, "null", 4);
        return MG_OK;
    case BSON_TYPE_INT32:
        if (dialect == MG_JSON_EXTENDED) {
            (void)snprintf(room, sizeof room, "%" PRId32, bson_iter_int32(at));
            s_write_wrapped("$numberInt", room, dialect, out);
        } else {
            s_write_int(bson_iter_int32(at), out);
        }
        return MG_OK;
    case BSON_TYPE_INT64:
        s_write_int(bson_iter_int64(at), out);
        return MG_OK;
    case BSON_TYPE_DECIMAL128:
        (void)bson_iter_decimal128(at, &decimal);
        bson_decimal128_to_string(&decimal, room);
        s_write_wrapped("$numberDecimal", room, dialect, out);
        return MG_OK;
    default:
        return MG_ERR_INVALID;
    }
}

static mg_status_t
s_write_children(bson_iter_t *at, char open, mg_json_dialect_t dialect, int depth, mg_buf_t *out)
{
    mg_status_t status = MG_OK;
    bool first = true;
    mg_buf_append_byte(out, (uint8_t)open);
    while (status == MG_OK && bson_iter_next(at)) {
        if (!first) {
            mg_buf_append_byte(out, ',');
        }
        first = false;
        if (open == '{') {
            mg_json_write_text(mg_slice(bson_iter_key(at), bson_iter_key_len(at)), out);
            mg_buf_append_byte(out, ':');
        }
        status = s_write_value(at, dialect, depth, out);
    }
    mg_buf_append_byte(out, open == '{' ? '}' : ']');
    return status == MG_OK && at->err_off ? MG_ERR_INVALID : status; /* it stopped before the end */
}

// NOLINTEND(misc-no-recursion)

static bool
s_is_omitted(const char *key, const char *const *omit)
{
    for (; omit && *omit; omit++) {
        if (strcmp(*omit, key) == 0) {
            return true;
        }
    }
    return false;
}

mg_status_t
mg_json_write(mg_slice_t document,
              mg_json_dialect_t dialect,
              const char *const *omit,
              mg_buf_t *out)
{
    bson_iter_t at;
    if (!bson_iter_init_from_data(&at, document.data, document.len)) {
        return MG_ERR_INVALID;
    }
    mg_status_t status = MG_OK;
    size_t start = out->len;
    mg_buf_append_byte(out, '{');
    while (status == MG_OK && bson_iter_next(&at)) {
        const char *key = bson_iter_key(&at);
        if (s_is_omitted(key, omit)) {
            continue;
        }
        if (out->len > start + 1) {
            mg_buf_append_byte(out, ',');
        }
        mg_json_write_text(mg_slice_text(key), out);
        mg_buf_append_byte(out, ':');
        status = s_write_value(&at, dialect, 1, out);
    }
    mg_buf_append_byte(out, '}');
    if (status == MG_OK && at.err_off) {
        status = MG_ERR_INVALID; /* it stopped before the end */
    }
    return status == MG_OK && !mg_buf_ok(out) ? MG_ERR_NO_MEMORY : status;
}
