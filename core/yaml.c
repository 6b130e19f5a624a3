#include "core/yaml.h"

#include "core/json.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* Recursive: a tree that jansson has read or we have made is never deep. */
// NOLINTBEGIN(misc-no-recursion)

static void s_write_line(const json_t *array, mg_buf_t *out);
static void s_write_below(const json_t *value, int depth, mg_buf_t *out);

/* --- scalars --- */

/* Words that YAML 1.1 or 1.2 takes for something else than a text. */
static bool
s_is_taken(const char *text)
{
    static const char *const words[] = {"true", "false", "null", "yes", "no",
                                        "on",   "off",   "y",    "n"};
    bool taken = false;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        taken = taken || strcasecmp(text, words[i]) == 0;
    }
    return taken;
}

/* Begins with a letter, and has only signs that never mean anything. */
static bool
s_is_plain(const char *text)
{
    size_t len = strlen(text);
    bool plain = isalpha((unsigned char)text[0]) && text[len - 1] != ' ';
    for (size_t i = 0; i < len && plain; i++) {
        plain = isalnum((unsigned char)text[i]) || strchr(" _-./()'", text[i]);
    }
    return plain && !s_is_taken(text);
}

static void
s_write_text(const char *text, mg_buf_t *out)
{
    if (*text && s_is_plain(text)) {
        mg_buf_append_text(out, text);
    } else {
        mg_json_write_text(mg_slice_text(text), out);
    }
}

static void
s_write_real(const json_t *value, mg_buf_t *out)
{
    char text[40];
    size_t len = json_dumpb(value, text, sizeof text, JSON_ENCODE_ANY);
    mg_buf_append(out, text, len < sizeof text ? len : 0);
}

/* What stands in one line: scalars, lists of them, and an object of nothing. */
static void
s_write_scalar(const json_t *value, mg_buf_t *out)
{
    switch (json_typeof(value)) {
    case JSON_STRING:
        s_write_text(json_string_value(value), out);
        break;
    case JSON_INTEGER:
        mg_buf_append_format(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        break;
    case JSON_REAL:
        s_write_real(value, out);
        break;
    case JSON_TRUE:
        mg_buf_append_text(out, "true");
        break;
    case JSON_FALSE:
        mg_buf_append_text(out, "false");
        break;
    case JSON_NULL:
        mg_buf_append_text(out, "null");
        break;
    case JSON_ARRAY:
        s_write_line(value, out);
        break;
    case JSON_OBJECT:
        mg_buf_append_text(out, "{}");
        break;
    }
}

/* --- blocks --- */

static bool
s_has_blocks(const json_t *array)
{
    size_t index = 0;
    const json_t *item = NULL;
    bool has = false;
    json_array_foreach(array, index, item)
    {
        has = has || json_object_size(item) > 0 || json_array_size(item) > 0;
    }
    return has;
}

/* A list of scalars stands in one line. */
static bool
s_is_block(const json_t *value)
{
    return json_object_size(value) > 0 || s_has_blocks(value);
}

static void
s_indent(int depth, mg_buf_t *out)
{
    mg_buf_append_format(out, "%*s", 2 * depth, "");
}

static void
s_write_line(const json_t *array, mg_buf_t *out)
{
    size_t index = 0;
    const json_t *item = NULL;
    mg_buf_append_byte(out, '[');
    json_array_foreach(array, index, item)
    {
        mg_buf_append_text(out, index ? ", " : "");
        s_write_scalar(item, out);
    }
    mg_buf_append_byte(out, ']');
}

/* Members; the first one goes on in the line that is begun. */
static void
s_write_object(const json_t *object, int depth, mg_buf_t *out)
{
    const char *name = NULL;
    const json_t *member = NULL;
    bool first = true;
    json_object_foreach((json_t *)object, name, member)
    {
        s_indent(first ? 0 : depth, out);
        first = false;
        s_write_text(name, out);
        mg_buf_append_byte(out, ':');
        s_write_below(member, depth + 1, out);
    }
}

static void
s_write_array(const json_t *array, int depth, mg_buf_t *out)
{
    size_t index = 0;
    const json_t *item = NULL;
    json_array_foreach(array, index, item)
    {
        s_indent(index ? depth : 0, out);
        mg_buf_append_text(out, "- ");
        if (json_is_object(item) && s_is_block(item)) {
            s_write_object(item, depth + 1, out);
        } else if (s_is_block(item)) {
            s_write_array(item, depth + 1, out);
        } else {
            s_write_scalar(item, out);
            mg_buf_append_byte(out, '\n');
        }
    }
}

/* Behind a name: a scalar in its line, a block in the next ones. */
static void
s_write_below(const json_t *value, int depth, mg_buf_t *out)
{
    if (!s_is_block(value)) {
        mg_buf_append_byte(out, ' ');
        s_write_scalar(value, out);
        mg_buf_append_byte(out, '\n');
        return;
    }
    mg_buf_append_byte(out, '\n');
    s_indent(depth, out);
    if (json_is_object(value)) {
        s_write_object(value, depth, out);
    } else {
        s_write_array(value, depth, out);
    }
}

void
mg_yaml_write(const json_t *value, mg_buf_t *out)
{
    if (json_is_object(value) && s_is_block(value)) {
        s_write_object(value, 0, out);
    } else if (s_is_block(value)) {
        s_write_array(value, 0, out);
    } else {
        s_write_scalar(value, out);
        mg_buf_append_byte(out, '\n');
    }
}

// NOLINTEND(misc-no-recursion)
