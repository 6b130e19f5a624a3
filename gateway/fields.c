#include "gateway/fields.h"

#include "core/json.h"
#include "gateway/text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool
mg_fields_has(const json_t *body, const char *name)
{
    const json_t *value = json_object_get(body, name);
    return value && !json_is_null(value);
}

static mg_slice_t
s_string(const json_t *value)
{
    return mg_slice(json_string_value(value), json_string_length(value));
}

/* --- coercion: each gives false for a value that cannot be meant as its type --- */

static bool
s_to_text(const json_t *value, mg_buf_t *out)
{
    if (json_is_string(value)) {
        mg_buf_append_slice(out, s_string(value));
        return true;
    }
    if (json_is_integer(value)) {
        mg_buf_append_format(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        return true;
    }
    if (json_is_real(value)) {
        mg_buf_append_format(out, "%.15g", json_real_value(value));
        return true;
    }
    return false;
}

static bool
s_real_to_int(double value, int64_t *out)
{
    // cppcheck-suppress incorrectLogicOperator; it reads hexadecimal floats wrongly
    if (!isfinite(value) || value >= 0x1p63 || value < -0x1p63) {
        return false;
    }
    *out = (int64_t)value; /* cuts towards zero */
    return true;
}

static bool
s_text_to_int(mg_slice_t text, int64_t *out)
{
    text = mg_text_trim(text);
    if (mg_text_to_int(text, out)) {
        return true;
    }
    char copy[64];
    if (text.len == 0 || text.len >= sizeof copy) {
        return false;
    }
    memcpy(copy, text.data, text.len);
    copy[text.len] = 0;
    if (strspn(copy, "+-.0123456789eE") != text.len) {
        return false; /* strtod would also take "inf", "nan" and hex */
    }
    char *end = NULL;
    double value = strtod(copy, &end);
    return end == copy + text.len && s_real_to_int(value, out);
}

static bool
s_to_int(const json_t *value, int64_t *out)
{
    switch (json_typeof(value)) {
    case JSON_INTEGER:
        *out = json_integer_value(value);
        return true;
    case JSON_REAL:
        return s_real_to_int(json_real_value(value), out);
    case JSON_STRING:
        return s_text_to_int(s_string(value), out);
    case JSON_TRUE:
    case JSON_FALSE:
        *out = json_is_true(value);
        return true;
    case JSON_OBJECT:
    case JSON_ARRAY:
    case JSON_NULL:
        break;
    }
    return false;
}

static bool
s_word_to_bool(mg_slice_t word, bool *out)
{
    static const char *const words[][2] = {{"false", "true"}, {"0", "1"}, {"no", "yes"},
                                           {"off", "on"},     {"n", "y"}, {"f", "t"}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        for (int on = 0; on <= 1; on++) {
            if (mg_text_same(word, words[i][on])) {
                *out = on != 0;
                return true;
            }
        }
    }
    return false;
}

static bool
s_to_real(const json_t *value, double *out)
{
    int64_t whole = 0;
    if (json_is_number(value)) {
        *out = json_number_value(value);
    } else if (s_to_int(value, &whole)) {
        *out = (double)whole;
    } else {
        return false;
    }
    return isfinite(*out);
}

static bool
s_to_bool(const json_t *value, bool *out)
{
    if (json_is_boolean(value)) {
        *out = json_is_true(value);
        return true;
    }
    if (json_is_string(value)) {
        return s_word_to_bool(s_string(value), out);
    }
    double number = json_is_number(value) ? json_number_value(value) : -1;
    *out = number == 1;
    return number == 0 || number == 1;
}

bool
mg_fields_text(const json_t *body, const char *name, mg_buf_t *out)
{
    const json_t *value = json_object_get(body, name);
    return value && s_to_text(value, out);
}

/* --- one field --- */

/* A field being read: where it comes from, where it goes, whom to tell. */
typedef struct reading {
    const mg_field_t *field;
    json_t *value;
    bson_t *out;
    mg_fields_problem_t *problem;
} reading_t;

static mg_status_t
s_refuse(const reading_t *reading, const char *rule)
{
    reading->problem->field = reading->field;
    reading->problem->error = MG_ERROR_INVALID_BODY;
    (void)snprintf(reading->problem->text, sizeof reading->problem->text, "%s %s",
                   reading->field->name, rule);
    return MG_ERR_INVALID;
}

static mg_status_t
s_refuse_range(const reading_t *reading, const char *unit)
{
    const mg_field_t *field = reading->field;
    char rule[96];
    if (field->max > 0) {
        (void)snprintf(rule, sizeof rule, "must have %" PRId64 " to %" PRId64 " %s", field->min,
                       field->max, unit);
    } else {
        (void)snprintf(rule, sizeof rule, "must be at least %" PRId64, field->min);
    }
    mg_status_t status = s_refuse(reading, rule);
    reading->problem->error = field->error;
    return status;
}

static bool
s_in_range(const mg_field_t *field, int64_t size)
{
    return size >= field->min && (field->max == 0 || size <= field->max);
}

static mg_status_t
s_stored(bool appended)
{
    return appended ? MG_OK : MG_ERR_TOO_BIG;
}

static bool
s_has_control(mg_slice_t text)
{
    bool has = false;
    for (size_t i = 0; i < text.len && !has; i++) {
        has = mg_text_is_control(text.data[i]);
    }
    return has;
}

static bool
s_is_chosen(const mg_field_t *field, mg_slice_t text)
{
    const char *const *choice = field->choices;
    while (choice && *choice && !mg_slice_equal(text, mg_slice_text(*choice))) {
        choice++;
    }
    return !choice || *choice;
}

static mg_status_t
s_read_text(const reading_t *reading)
{
    mg_buf_t text = {0};
    mg_status_t status = MG_OK;
    if (!s_to_text(reading->value, &text)) {
        status = s_refuse(reading, "must be a text");
    } else if (!mg_buf_ok(&text) || text.len > INT32_MAX) {
        status = MG_ERR_NO_MEMORY;
    } else if ((reading->field->flags & MG_FIELD_NAME) && s_has_control(mg_buf_slice(&text))) {
        status = s_refuse(reading, "must not hold control characters");
    } else if (!s_in_range(reading->field, (int64_t)mg_text_length(mg_buf_slice(&text)))) {
        status = s_refuse_range(reading, "characters");
    } else if (!s_is_chosen(reading->field, mg_buf_slice(&text))) {
        status = s_refuse(reading, "is none of its words");
    } else if (!(reading->field->flags & MG_FIELD_UNSTORED)) {
        status = s_stored(bson_append_utf8(reading->out, reading->field->name, -1,
                                           mg_buf_text(&text), (int)text.len));
    }
    mg_buf_free(&text);
    return status;
}

static mg_status_t
s_read_int(const reading_t *reading)
{
    int64_t number = 0;
    if (!s_to_int(reading->value, &number)) {
        return s_refuse(reading, "must be a whole number");
    }
    if (!s_in_range(reading->field, number)) {
        return s_refuse_range(reading, "as its value");
    }
    return s_stored(bson_append_int64(reading->out, reading->field->name, -1, number));
}

static mg_status_t
s_read_real(const reading_t *reading)
{
    double number = 0;
    if (!s_to_real(reading->value, &number)) {
        return s_refuse(reading, "must be a number");
    }
    return s_stored(bson_append_double(reading->out, reading->field->name, -1, number));
}

static mg_status_t
s_read_bool(const reading_t *reading)
{
    bool on = false;
    if (!s_to_bool(reading->value, &on)) {
        return s_refuse(reading, "must be true or false");
    }
    return s_stored(bson_append_bool(reading->out, reading->field->name, -1, on));
}

static bool
s_append_text_item(bson_t *list, size_t index, const json_t *item)
{
    mg_buf_t text = {0};
    char room[16];
    const char *key = NULL;
    size_t key_len = bson_uint32_to_string((uint32_t)index, &key, room, sizeof room);
    bool done = s_to_text(item, &text) && mg_buf_ok(&text) && text.len <= INT32_MAX &&
                bson_append_utf8(list, key, (int)key_len, mg_buf_text(&text), (int)text.len);
    mg_buf_free(&text);
    return done;
}

static mg_status_t
s_read_texts(const reading_t *reading)
{
    if (!json_is_array(reading->value)) {
        return s_refuse(reading, "must be a list of texts");
    }
    if (!s_in_range(reading->field, (int64_t)json_array_size(reading->value))) {
        return s_refuse_range(reading, "members");
    }
    bson_t list = BSON_INITIALIZER;
    bool all_texts = true;
    size_t index = 0;
    const json_t *item = NULL;
    json_array_foreach(reading->value, index, item)
    {
        all_texts = all_texts && s_append_text_item(&list, index, item);
    }
    mg_status_t status = s_refuse(reading, "must be a list of texts");
    if (all_texts) {
        status = s_stored(bson_append_array(reading->out, reading->field->name, -1, &list));
    }
    bson_destroy(&list);
    return status;
}

static mg_status_t
s_read_json(const reading_t *reading)
{
    mg_status_t status =
        mg_json_append(reading->out, reading->field->name, reading->value, MG_JSON_PLAIN);
    return status == MG_ERR_INVALID ? s_refuse(reading, "cannot be stored") : status;
}

static mg_status_t
s_read_object(const reading_t *reading)
{
    if (!json_is_object(reading->value)) {
        return s_refuse(reading, "must be an object");
    }
    if (!s_in_range(reading->field, (int64_t)json_object_size(reading->value))) {
        return s_refuse_range(reading, "members");
    }
    return s_read_json(reading);
}

/* --- records: fields inside of a field; how deep is JSON's limit --- */

// NOLINTBEGIN(misc-no-recursion)

/* One record, under `key` in `out`. */
static mg_status_t
s_read_record(const reading_t *reading, const json_t *value, const char *key, bson_t *out)
{
    if (!json_is_object(value)) {
        return s_refuse(reading, "must hold objects");
    }
    bson_t record = BSON_INITIALIZER;
    mg_status_t status =
        mg_fields_read(reading->field->items, value, MG_FIELDS_CREATE, &record, reading->problem);
    if (status == MG_OK) {
        status = s_stored(bson_append_document(out, key, -1, &record));
    }
    bson_destroy(&record);
    return status;
}

static mg_status_t
s_read_records(const reading_t *reading)
{
    if (!json_is_array(reading->value)) {
        return s_refuse(reading, "must be a list of objects");
    }
    if (!s_in_range(reading->field, (int64_t)json_array_size(reading->value))) {
        return s_refuse_range(reading, "members");
    }
    bson_t list = BSON_INITIALIZER;
    mg_status_t status = MG_OK;
    size_t index = 0;
    const json_t *item = NULL;
    json_array_foreach(reading->value, index, item)
    {
        char room[16];
        const char *key = NULL;
        (void)bson_uint32_to_string((uint32_t)index, &key, room, sizeof room);
        status = status == MG_OK ? s_read_record(reading, item, key, &list) : status;
    }
    if (status == MG_OK) {
        status = s_stored(bson_append_array(reading->out, reading->field->name, -1, &list));
    }
    bson_destroy(&list);
    return status;
}

static mg_status_t
s_read_record_map(const reading_t *reading)
{
    if (!json_is_object(reading->value)) {
        return s_refuse(reading, "must be an object");
    }
    bson_t map = BSON_INITIALIZER;
    mg_status_t status = MG_OK;
    const char *key = NULL;
    json_t *item = NULL;
    json_object_foreach(reading->value, key, item)
    {
        status = status == MG_OK ? s_read_record(reading, item, key, &map) : status;
    }
    if (status == MG_OK) {
        status = s_stored(bson_append_document(reading->out, reading->field->name, -1, &map));
    }
    bson_destroy(&map);
    return status;
}

static mg_status_t
s_read_value(const reading_t *reading)
{
    switch (reading->field->type) {
    case MG_FIELD_TEXT:
        return s_read_text(reading);
    case MG_FIELD_INT:
        return s_read_int(reading);
    case MG_FIELD_BOOL:
        return s_read_bool(reading);
    case MG_FIELD_TEXTS:
        return s_read_texts(reading);
    case MG_FIELD_OBJECT:
        return s_read_object(reading);
    case MG_FIELD_REAL:
        return s_read_real(reading);
    case MG_FIELD_RECORD:
        return s_read_record(reading, reading->value, reading->field->name, reading->out);
    case MG_FIELD_RECORDS:
        return s_read_records(reading);
    case MG_FIELD_RECORD_MAP:
        return s_read_record_map(reading);
    case MG_FIELD_ANY:
        return s_read_json(reading);
    }
    return MG_ERR_INVALID;
}

static mg_status_t
s_store_fallback(const reading_t *reading)
{
    const mg_field_t *field = reading->field;
    if (field->flags & MG_FIELD_REQUIRED) {
        return s_refuse(reading, "is required");
    }
    if (field->flags & (MG_FIELD_UNSTORED | MG_FIELD_ABSENT)) {
        return MG_OK;
    }
    if (!field->fallback) {
        return s_stored(bson_append_null(reading->out, field->name, -1));
    }
    json_t *value = json_loads(field->fallback, JSON_DECODE_ANY, NULL);
    mg_status_t status =
        value ? mg_json_append(reading->out, field->name, value, MG_JSON_PLAIN) : MG_ERR_NO_MEMORY;
    json_decref(value);
    return status;
}

/* One of 64 marks for a name: most names that are not there are told by it, without a search. */
static uint64_t
s_mark(const char *name)
{
    return UINT64_C(1) << ((strlen(name) * 11 + (uint8_t)name[0]) % 64);
}

static uint64_t
s_marks(const json_t *body)
{
    uint64_t marks = 0;
    const char *name = NULL;
    json_t *value = NULL;
    json_object_foreach((json_t *)body, name, value)
    {
        marks |= s_mark(name);
    }
    return marks;
}

mg_status_t
mg_fields_read(const mg_field_t *table,
               const json_t *body,
               mg_fields_mode_t mode,
               bson_t *out,
               mg_fields_problem_t *problem)
{
    uint64_t marks = s_marks(body);
    for (const mg_field_t *field = table; field->name; field++) {
        bool possible = (marks & s_mark(field->name)) != 0;
        reading_t reading = {field, possible ? json_object_get(body, field->name) : NULL, out,
                             problem};
        bool given = reading.value && !json_is_null(reading.value);
        mg_status_t status = MG_OK;
        if (given &&
            !(mode == MG_FIELDS_UPDATE && (field->flags & (MG_FIELD_FIXED | MG_FIELD_ONCE)))) {
            status = s_read_value(&reading);
        } else if (!given && mode == MG_FIELDS_CREATE) {
            status = s_store_fallback(&reading);
        }
        if (status != MG_OK) {
            return status;
        }
    }
    return MG_OK;
}

// NOLINTEND(misc-no-recursion)
