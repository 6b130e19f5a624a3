/* The reading half of core/json.h: JSON text to json_t by jansson, json_t to BSON. */
#include "core/entry.h"
#include "core/json.h"

#include <sodium.h>

#include <stdlib.h>
#include <string.h>

/* What is wrong with a text, in our words: those of the library change with its version. */
static const char *
s_reason(enum json_error_code code)
{
    static const struct {
        enum json_error_code code;
        const char *text;
    } reasons[] = {
        {json_error_invalid_utf8, "a byte is not valid UTF-8"},
        {json_error_premature_end_of_input, "the text ends before the object does"},
        {json_error_end_of_input_expected, "something follows the object"},
        {json_error_duplicate_key, "a field stands twice in one object"},
        {json_error_numeric_overflow, "a number is out of range"},
        {json_error_null_byte_in_key, "the name of a field holds a NUL character"},
        {json_error_stack_overflow, "it is nested too deep"},
        {json_error_out_of_memory, "there is no memory for it"},
    };
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
        if (reasons[i].code == code) {
            return reasons[i].text;
        }
    }
    return "this is not JSON";
}

mg_status_t
mg_json_parse(mg_slice_t text, json_t **out, mg_json_error_t *error)
{
    json_error_t reason;
    json_t *value = json_loadb((const char *)text.data, text.len,
                               JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &reason);
    if (!value) {
        error->at = reason.position > 0 ? (size_t)reason.position : 0;
        error->line = reason.line > 0 ? (uint32_t)reason.line : 1;
        error->column = reason.column > 0 ? (uint32_t)reason.column : 1;
        error->text = s_reason(json_error_code(&reason));
        return MG_ERR_INVALID;
    }
    if (!json_is_object(value)) {
        *error = (mg_json_error_t){.line = 1, .column = 1, .text = "a JSON object is needed here"};
        json_decref(value);
        return MG_ERR_INVALID;
    }
    *out = value;
    return MG_OK;
}

/* --- the `{"$name": ...}` forms of Extended JSON --- */

typedef mg_status_t extended_form_t(bson_t *to, const char *key, const json_t *value);

/* The text of a form; NULL when it is no text, empty, or holds other bytes than `allowed` (NUL among them). */
static const char *
s_text_of(const json_t *value, const char *allowed)
{
    const char *text = json_string_value(value);
    size_t len = json_string_length(value);
    return text && len > 0 && strspn(text, allowed) == len ? text : NULL;
}

static bool
s_number(const json_t *text, int64_t low, int64_t high, int64_t *out)
{
    const char *digits = s_text_of(text, "-0123456789");
    char *end = NULL;
    if (!digits) {
        return false;
    }
    errno = 0;
    *out = strtoll(digits, &end, 10);
    return errno == 0 && *end == 0 && *out >= low && *out <= high;
}

static mg_status_t
s_append_number_int(bson_t *to, const char *key, const json_t *value)
{
    int64_t number = 0;
    if (!s_number(value, INT32_MIN, INT32_MAX, &number)) {
        return MG_ERR_INVALID;
    }
    return BSON_APPEND_INT32(to, key, (int32_t)number) ? MG_OK : MG_ERR_TOO_BIG;
}

static mg_status_t
s_append_number_long(bson_t *to, const char *key, const json_t *value)
{
    int64_t number = 0;
    if (!s_number(value, INT64_MIN, INT64_MAX, &number)) {
        return MG_ERR_INVALID;
    }
    return BSON_APPEND_INT64(to, key, number) ? MG_OK : MG_ERR_TOO_BIG;
}

static mg_status_t
s_append_number_double(bson_t *to, const char *key, const json_t *value)
{
    static const char *const words[] = {"NaN", "Infinity", "-Infinity"};
    const char *digits = s_text_of(value, "+-.0123456789eE");
    for (size_t i = 0; !digits && i < sizeof words / sizeof *words; i++) {
        const char *text = s_text_of(value, words[i]); /* as bytes of the word, then as the word */
        digits = text && strcmp(text, words[i]) == 0 ? text : NULL;
    }
    char *end = NULL;
    double number = digits ? strtod(digits, &end) : 0.0;
    if (!digits || end == digits || *end) {
        return MG_ERR_INVALID;
    }
    return BSON_APPEND_DOUBLE(to, key, number) ? MG_OK : MG_ERR_TOO_BIG;
}

static mg_status_t
s_append_number_decimal(bson_t *to, const char *key, const json_t *value)
{
    bson_decimal128_t decimal;
    if (!json_is_string(value) || strlen(json_string_value(value)) != json_string_length(value) ||
        !bson_decimal128_from_string(json_string_value(value), &decimal)) {
        return MG_ERR_INVALID;
    }
    return BSON_APPEND_DECIMAL128(to, key, &decimal) ? MG_OK : MG_ERR_TOO_BIG;
}

static mg_status_t
s_append_oid(bson_t *to, const char *key, const json_t *value)
{
    bson_oid_t oid;
    if (!json_is_string(value) ||
        !bson_oid_is_valid(json_string_value(value), json_string_length(value))) {
        return MG_ERR_INVALID;
    }
    bson_oid_init_from_string(&oid, json_string_value(value));
    return BSON_APPEND_OID(to, key, &oid) ? MG_OK : MG_ERR_TOO_BIG;
}

static mg_status_t
s_append_date(bson_t *to, const char *key, const json_t *value)
{
    int64_t unix_ms = 0;
    if (!s_number(json_object_get(value, "$numberLong"), INT64_MIN, INT64_MAX, &unix_ms)) {
        return MG_ERR_INVALID;
    }
    return BSON_APPEND_DATE_TIME(to, key, unix_ms) ? MG_OK : MG_ERR_TOO_BIG;
}

static mg_status_t
s_append_binary(bson_t *to, const char *key, const json_t *value)
{
    const json_t *base64 = json_object_get(value, "base64");
    const char *subtype_text =
        s_text_of(json_object_get(value, "subType"), "0123456789abcdefABCDEF");
    char *end = NULL;
    long subtype = subtype_text ? strtol(subtype_text, &end, 16) : -1;
    if (!json_is_string(base64) || subtype < 0 || subtype > 255 || *end) {
        return MG_ERR_INVALID;
    }
    size_t len = 0;
    size_t size = json_string_length(base64);
    uint8_t *bytes = malloc(size + 1);
    if (!bytes) {
        return MG_ERR_NO_MEMORY;
    }
    int bad = sodium_base642bin(bytes, size + 1, json_string_value(base64), size, NULL, &len, NULL,
                                sodium_base64_VARIANT_ORIGINAL);
    bool ok =
        bad == 0 && bson_append_binary(to, key, -1, (bson_subtype_t)subtype, bytes, (uint32_t)len);
    free(bytes);
    return ok ? MG_OK : MG_ERR_INVALID;
}

static const struct {
    const char *name;
    extended_form_t *append;
} s_forms[] = {
    {"$binary", s_append_binary},
    {"$date", s_append_date},
    {"$numberDecimal", s_append_number_decimal},
    {"$numberDouble", s_append_number_double},
    {"$numberInt", s_append_number_int},
    {"$numberLong", s_append_number_long},
    {"$oid", s_append_oid},
};

/* jansson walks objects by non-const pointers, but does not change them. */
static json_t *
s_object(const json_t *object)
{
    return (json_t *)(uintptr_t)object; // NOLINT(performance-no-int-to-ptr)
}

static const char s_literal[] =
    "$literal"; /* its value is an ordinary object whatever it looks like */

static extended_form_t *
s_form_named(const char *name)
{
    for (size_t i = 0; i < sizeof s_forms / sizeof *s_forms; i++) {
        if (strcmp(s_forms[i].name, name) == 0) {
            return s_forms[i].append;
        }
    }
    return NULL;
}

bool
mg_json_is_form(const char *name)
{
    return strcmp(name, s_literal) == 0 || s_form_named(name);
}

/* The name of the only member of an object, "" when there are more or none. */
static const char *
s_only_name(const json_t *object)
{
    const char *name = json_object_iter_key(json_object_iter(s_object(object)));
    return json_object_size(object) == 1 ? name : "";
}

/* --- values: recursive, place.depth is bounded by MG_JSON_DEPTH_MAX --- */
// NOLINTBEGIN(misc-no-recursion)

typedef struct place {
    bson_t *to;
    mg_json_dialect_t dialect;
    int depth; /* levels above this one */
} place_t;

static mg_status_t s_append(const place_t *place, const char *key, const json_t *value);

static mg_status_t
s_append_members(const place_t *place, const json_t *object)
{
    const char *key = NULL;
    json_t *value = NULL;
    mg_status_t status = MG_OK;
    json_object_foreach(s_object(object), key, value)
    {
        status = s_append(place, key, value);
        if (status != MG_OK) {
            break;
        }
    }
    return status;
}

static mg_status_t
s_append_items(const place_t *place, const json_t *array)
{
    mg_status_t status = MG_OK;
    for (size_t i = 0; status == MG_OK && i < json_array_size(array); i++) {
        char room[16];
        const char *key = NULL;
        (void)bson_uint32_to_string((uint32_t)i, &key, room, sizeof room);
        status = s_append(place, key, json_array_get(array, i));
    }
    return status;
}

/* An array or an ordinary object. */
static mg_status_t
s_append_nested(const place_t *place, const char *key, const json_t *value)
{
    bson_t child;
    place_t below = {&child, place->dialect, place->depth + 1};
    bool is_array = json_is_array(value);
    bool begun = place->depth < MG_JSON_DEPTH_MAX &&
                 (is_array ? BSON_APPEND_ARRAY_BEGIN(place->to, key, &child)
                           : BSON_APPEND_DOCUMENT_BEGIN(place->to, key, &child));
    if (!begun) {
        return MG_ERR_INVALID;
    }
    mg_status_t status = is_array ? s_append_items(&below, value) : s_append_members(&below, value);
    bool ended = is_array ? bson_append_array_end(place->to, &child)
                          : bson_append_document_end(place->to, &child);
    return status == MG_OK && !ended ? MG_ERR_TOO_BIG : status;
}

static mg_status_t
s_append_object(const place_t *place, const char *key, const json_t *object)
{
    const char *name = place->dialect == MG_JSON_EXTENDED ? s_only_name(object) : "";
    const json_t *inner = json_object_get(object, name);
    if (strcmp(name, s_literal) == 0) {
        return json_is_object(inner) ? s_append_nested(place, key, inner) : MG_ERR_INVALID;
    }
    extended_form_t *form = s_form_named(name);
    return form ? form(place->to, key, inner) : s_append_nested(place, key, object);
}

static mg_status_t
s_append(const place_t *place, const char *key, const json_t *value)
{
    bool ok = false;
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return s_append_object(place, key, value);
    case JSON_ARRAY:
        return s_append_nested(place, key, value);
    case JSON_STRING:
        ok = bson_append_utf8(place->to, key, -1, json_string_value(value),
                              (int)json_string_length(value));
        break;
    case JSON_INTEGER:
        ok = BSON_APPEND_INT64(place->to, key, json_integer_value(value));
        break;
    case JSON_REAL:
        ok = BSON_APPEND_DOUBLE(place->to, key, json_real_value(value));
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        ok = BSON_APPEND_BOOL(place->to, key, json_is_true(value));
        break;
    case JSON_NULL:
        ok = BSON_APPEND_NULL(place->to, key);
        break;
    }
    return ok ? MG_OK : MG_ERR_TOO_BIG;
}

// NOLINTEND(misc-no-recursion)

mg_status_t
mg_json_append(bson_t *to, const char *key, const json_t *value, mg_json_dialect_t dialect)
{
    return s_append(&(place_t){to, dialect, 1}, key, value);
}

mg_status_t
mg_json_to_bson(const json_t *object, mg_json_dialect_t dialect, mg_buf_t *out)
{
    bson_t document = BSON_INITIALIZER;
    mg_status_t status = s_append_members(&(place_t){&document, dialect, 1}, object);
    if (status == MG_OK && document.len > MG_DOCUMENT_MAX) {
        status = MG_ERR_TOO_BIG;
    }
    if (status == MG_OK) {
        mg_buf_append(out, bson_get_data(&document), document.len);
        status = mg_buf_ok(out) ? MG_OK : MG_ERR_NO_MEMORY;
    }
    bson_destroy(&document);
    return status;
}
