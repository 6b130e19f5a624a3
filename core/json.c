#include "core/json.h"

#include "core/ascii.h"
#include "core/bsonwalk.h"
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
    if (mg_ascii_unquoted(text, 0) == text.len) {
        s_write_ordinary(text, out);
        return;
    }
    mg_buf_append_byte(out, '"');
    while (at < text.len) {
        size_t run = mg_ascii_unquoted(text, at);
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
s_write_binary(mg_slice_t value, mg_json_dialect_t dialect, mg_buf_t *out)
{
    enum { PREFIX = 5 };
    size_t len = value.len - PREFIX;
    if (dialect == MG_JSON_EXTENDED) {
        mg_buf_append_text(out, "{\"$binary\":{\"base64\":");
    }
    size_t size = sodium_base64_encoded_len(len, sodium_base64_VARIANT_ORIGINAL);
    mg_buf_append_byte(out, '"');
    char *text = (char *)mg_buf_extend(out, size);
    if (text) {
        (void)sodium_bin2base64(text, size, value.data + PREFIX, len,
                                sodium_base64_VARIANT_ORIGINAL);
        out->len--; /* the NUL */
    }
    mg_buf_append_byte(out, '"');
    if (dialect == MG_JSON_EXTENDED) {
        mg_buf_append_format(out, ",\"subType\":\"%02x\"}}", value.data[PREFIX - 1]);
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

static void
s_write_oid(mg_slice_t value, mg_json_dialect_t dialect, mg_buf_t *out)
{
    char digits[2 * 12 + 1];
    (void)sodium_bin2hex(digits, sizeof digits, value.data, value.len);
    s_write_wrapped("$oid", digits, dialect, out);
}

static void
s_write_decimal(mg_slice_t value, mg_json_dialect_t dialect, mg_buf_t *out)
{
    char digits[BSON_DECIMAL128_STRING];
    const bson_decimal128_t decimal = {.low = mg_bson_u64(value.data),
                                       .high = mg_bson_u64(value.data + 8)};
    bson_decimal128_to_string(&decimal, digits);
    s_write_wrapped("$numberDecimal", digits, dialect, out);
}

static void
s_write_int32(int32_t value, mg_json_dialect_t dialect, mg_buf_t *out)
{
    mg_buf_append_text(out, dialect == MG_JSON_EXTENDED ? "{\"$numberInt\":\"" : "");
    s_write_int(value, out);
    mg_buf_append_text(out, dialect == MG_JSON_EXTENDED ? "\"}" : "");
}

static double
s_double(mg_slice_t value)
{
    uint64_t bits = mg_bson_u64(value.data);
    double number = 0;
    memcpy(&number, &bits, sizeof number);
    return number;
}

static mg_status_t s_write_children(mg_bsonwalk_t *walk,
                                    char open,
                                    mg_json_dialect_t dialect,
                                    int depth,
                                    mg_buf_t *out);

/* An ordinary object that a reader of the extended dialect would take for a form. */
static bool
s_looks_like_form(mg_slice_t object)
{
    mg_bsonwalk_t walk = mg_bsonwalk_begin(object);
    mg_bsonelement_t first;
    return mg_bsonwalk_next(&walk, &first) && mg_json_is_form((const char *)first.key.data) &&
           walk.at == walk.end;
}

static mg_status_t
s_write_nested(const mg_bsonelement_t *element, mg_json_dialect_t dialect, int depth, mg_buf_t *out)
{
    bool is_array = element->type == BSON_TYPE_ARRAY;
    bool escape = dialect == MG_JSON_EXTENDED && !is_array && s_looks_like_form(element->value);
    if (depth >= MG_JSON_DEPTH_MAX) {
        return MG_ERR_INVALID;
    }
    mg_bsonwalk_t walk = mg_bsonwalk_begin(element->value);
    mg_buf_append_text(out, escape ? "{\"$literal\":" : "");
    mg_status_t status = s_write_children(&walk, is_array ? '[' : '{', dialect, depth + 1, out);
    mg_buf_append_text(out, escape ? "}" : "");
    return status;
}

static mg_status_t
s_write_value(const mg_bsonelement_t *element, mg_json_dialect_t dialect, int depth, mg_buf_t *out)
{
    mg_slice_t value = element->value;
    switch ((bson_type_t)element->type) {
    case BSON_TYPE_DOUBLE:
        s_write_double(s_double(value), dialect, out);
        return MG_OK;
    case BSON_TYPE_UTF8:
        mg_json_write_text(mg_bsonelement_text(element), out);
        return MG_OK;
    case BSON_TYPE_DOCUMENT:
    case BSON_TYPE_ARRAY:
        return s_write_nested(element, dialect, depth, out);
    case BSON_TYPE_BINARY:
        s_write_binary(value, dialect, out);
        return MG_OK;
    case BSON_TYPE_OID:
        s_write_oid(value, dialect, out);
        return MG_OK;
    case BSON_TYPE_BOOL:
        mg_buf_append_text(out, value.data[0] ? "true" : "false");
        return MG_OK;
    case BSON_TYPE_DATE_TIME:
        s_write_date((int64_t)mg_bson_u64(value.data), dialect, out);
        return MG_OK;
    case BSON_TYPE_NULL:
        mg_buf_append_text(out, "null");
        return MG_OK;
    case BSON_TYPE_INT32:
        s_write_int32((int32_t)mg_bson_u32(value.data), dialect, out);
        return MG_OK;
    case BSON_TYPE_INT64:
        s_write_int((int64_t)mg_bson_u64(value.data), out);
        return MG_OK;
    case BSON_TYPE_DECIMAL128:
        s_write_decimal(value, dialect, out);
        return MG_OK;
    default:
        return MG_ERR_INVALID;
    }
}

static mg_status_t
s_write_children(mg_bsonwalk_t *walk,
                 char open,
                 mg_json_dialect_t dialect,
                 int depth,
                 mg_buf_t *out)
{
    mg_status_t status = MG_OK;
    mg_bsonelement_t element;
    bool first = true;
    mg_buf_append_byte(out, (uint8_t)open);
    while (status == MG_OK && mg_bsonwalk_next(walk, &element)) {
        if (!first) {
            mg_buf_append_byte(out, ',');
        }
        first = false;
        if (open == '{') {
            mg_json_write_text(element.key, out);
            mg_buf_append_byte(out, ':');
        }
        status = s_write_value(&element, dialect, depth, out);
    }
    mg_buf_append_byte(out, open == '{' ? '}' : ']');
    return status == MG_OK && walk->broken ? MG_ERR_INVALID : status;
}

// NOLINTEND(misc-no-recursion)

static bool
s_is_omitted(mg_slice_t key, const char *const *omit)
{
    for (; omit && *omit; omit++) {
        if (mg_slice_equal(key, mg_slice_text(*omit))) {
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
    mg_bsonwalk_t walk = mg_bsonwalk_begin(document);
    mg_bsonelement_t element;
    mg_status_t status = MG_OK;
    mg_buf_reserve(out, document.len + document.len / 4); /* about what it takes */
    size_t start = out->len;
    mg_buf_append_byte(out, '{');
    while (status == MG_OK && mg_bsonwalk_next(&walk, &element)) {
        if (s_is_omitted(element.key, omit)) {
            continue;
        }
        if (out->len > start + 1) {
            mg_buf_append_byte(out, ',');
        }
        mg_json_write_text(element.key, out);
        mg_buf_append_byte(out, ':');
        status = s_write_value(&element, dialect, 1, out);
    }
    mg_buf_append_byte(out, '}');
    if (status == MG_OK && walk.broken) {
        status = MG_ERR_INVALID;
    }
    return status == MG_OK && !mg_buf_ok(out) ? MG_ERR_NO_MEMORY : status;
}
