#include "gateway/schema.h"

#include "gateway/tables/tables.h"

#include <stdarg.h>

/* --- the tree --- */

json_t *
mg_tree_set(mg_tree_t *self, json_t *object, const char *name, json_t *value)
{
    self->failed = json_object_set_new(object, name, value) != 0 || self->failed;
    return json_object_get(object, name);
}

json_t *
mg_tree_add(mg_tree_t *self, json_t *list, json_t *value)
{
    bool added = json_array_append_new(list, value) == 0;
    self->failed = self->failed || !added;
    return added ? value : NULL;
}

void
mg_tree_text(mg_tree_t *self, json_t *object, const char *name, const char *text)
{
    (void)mg_tree_set(self, object, name, json_string(text));
}

void
mg_tree_format(mg_tree_t *self, json_t *object, const char *name, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)mg_tree_set(self, object, name, json_vsprintf(format, arguments));
    va_end(arguments);
}

json_t *
mg_tree_parse(mg_tree_t *self, const char *json)
{
    json_t *value = json_loads(json, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
    self->failed = self->failed || !value;
    return value;
}

json_t *
mg_tree_ref(const char *kind, const char *name)
{
    return json_pack("{s:o}", "$ref", json_sprintf("#/components/%s/%s", kind, name));
}

/* --- one field --- */

static const char *const s_types[] = {
    [MG_FIELD_TEXT] = "string",   [MG_FIELD_INT] = "integer",   [MG_FIELD_BOOL] = "boolean",
    [MG_FIELD_REAL] = "number",   [MG_FIELD_TEXTS] = "array",   [MG_FIELD_OBJECT] = "object",
    [MG_FIELD_RECORD] = "object", [MG_FIELD_RECORDS] = "array", [MG_FIELD_RECORD_MAP] = "object",
    [MG_FIELD_ANY] = NULL /* all of them */
};

/* What min and max count. */
static const char *const s_least[] = {[MG_FIELD_TEXT] = "minLength",
                                      [MG_FIELD_INT] = "minimum",
                                      [MG_FIELD_TEXTS] = "minItems",
                                      [MG_FIELD_RECORDS] = "minItems",
                                      [MG_FIELD_ANY] = NULL};
static const char *const s_most[] = {
    [MG_FIELD_TEXT] = "maxLength",   [MG_FIELD_INT] = "maximum",
    [MG_FIELD_TEXTS] = "maxItems",   [MG_FIELD_OBJECT] = "maxProperties",
    [MG_FIELD_RECORDS] = "maxItems", [MG_FIELD_ANY] = NULL};

static void
s_limit(mg_tree_t *self, json_t *schema, const mg_field_t *field)
{
    const char *least = s_least[field->type];
    const char *most = s_most[field->type];
    if (least && (field->min > 0 || field->type == MG_FIELD_INT)) {
        (void)mg_tree_set(self, schema, least, json_integer(field->min));
    }
    if (most && field->max > 0) {
        (void)mg_tree_set(self, schema, most, json_integer(field->max));
    }
}

static void
s_choose(mg_tree_t *self, json_t *schema, const mg_field_t *field, bool nullable)
{
    json_t *list = field->choices ? mg_tree_set(self, schema, "enum", json_array()) : NULL;
    for (const char *const *choice = field->choices; choice && *choice; choice++) {
        (void)mg_tree_add(self, list, json_string(*choice));
    }
    if (list && nullable) {
        (void)mg_tree_add(self, list, json_null());
    }
}

/* Recursive: tables hold tables, and the only one that holds itself is a component. */
// NOLINTBEGIN(misc-no-recursion)

/* The record that a field holds, or holds many of. */
static json_t *
s_record(mg_tree_t *self, const mg_field_t *field, mg_schema_use_t use)
{
    if (field->items == mg_rule_fields) {
        return mg_tree_ref("schemas", MG_SCHEMA_RULE);
    }
    return field->items ? mg_schema_object(self, field->items, use)
                        : json_pack("{s:s}", "type", "object");
}

static void
s_hold(mg_tree_t *self, json_t *schema, const mg_field_t *field, mg_schema_use_t use)
{
    switch (field->type) {
    case MG_FIELD_TEXTS:
        (void)mg_tree_set(self, schema, "items", json_pack("{s:s}", "type", "string"));
        break;
    case MG_FIELD_RECORDS:
        (void)mg_tree_set(self, schema, "items", s_record(self, field, use));
        break;
    case MG_FIELD_RECORD_MAP:
        (void)mg_tree_set(self, schema, "additionalProperties", s_record(self, field, use));
        break;
    case MG_FIELD_RECORD: {
        json_t *record = s_record(self, field, use);
        self->failed = json_object_update(schema, record) != 0 || self->failed;
        json_decref(record);
        break;
    }
    case MG_FIELD_TEXT:
    case MG_FIELD_INT:
    case MG_FIELD_BOOL:
    case MG_FIELD_REAL:
    case MG_FIELD_OBJECT:
    case MG_FIELD_ANY:
        break;
    }
}

/* Says that the value may be null as well. */
static json_t *
s_or_null(mg_tree_t *self, json_t *schema, const char *type)
{
    if (json_object_get(schema, "$ref")) {
        return json_pack("{s:[o, {s:s}]}", "anyOf", schema, "type", "null");
    }
    (void)mg_tree_set(self, schema, "type", json_pack("[s, s]", type, "null"));
    return schema;
}

json_t *
mg_schema_field(mg_tree_t *self, const mg_field_t *field, mg_schema_use_t use)
{
    json_t *schema = json_object();
    const char *type = s_types[field->type];
    bool nullable = !(field->flags & MG_FIELD_REQUIRED) || use == MG_SCHEMA_UPDATE;
    if (!type) {
        return schema;
    }
    mg_tree_text(self, schema, "type", type);
    s_hold(self, schema, field, use);
    if (json_object_get(schema, "$ref")) {
        (void)json_object_del(schema, "type");
    }
    if (nullable) {
        schema = s_or_null(self, schema, type);
    }
    if (use != MG_SCHEMA_STORED) {
        s_choose(self, schema, field, nullable);
    }
    if (use == MG_SCHEMA_CREATE || use == MG_SCHEMA_UPDATE) {
        s_limit(self, schema, field);
    }
    if (use == MG_SCHEMA_CREATE && field->fallback) {
        (void)mg_tree_set(self, schema, "default", mg_tree_parse(self, field->fallback));
    }
    return schema;
}

/* --- objects --- */

static bool
s_is_required(const mg_field_t *field, mg_schema_use_t use)
{
    bool required = (field->flags & MG_FIELD_REQUIRED) != 0;
    bool key = (field->flags & MG_FIELD_FIXED) != 0;
    return (required && (use == MG_SCHEMA_CREATE || use == MG_SCHEMA_ANSWER)) ||
           (key && use == MG_SCHEMA_STORED);
}

void
mg_schema_extend(mg_tree_t *self, json_t *object, const mg_field_t *table, mg_schema_use_t use)
{
    json_t *properties = json_object_get(object, "properties");
    for (const mg_field_t *field = table; field && field->name; field++) {
        bool shown = (use != MG_SCHEMA_STORED || !(field->flags & MG_FIELD_UNSTORED)) &&
                     (use != MG_SCHEMA_UPDATE || !(field->flags & MG_FIELD_ONCE));
        if (shown) {
            (void)mg_tree_set(self, properties, field->name, mg_schema_field(self, field, use));
        }
        if (shown && s_is_required(field, use)) {
            json_t *required = json_object_get(object, "required");
            required = required ? required : mg_tree_set(self, object, "required", json_array());
            (void)mg_tree_add(self, required, json_string(field->name));
        }
    }
}

json_t *
mg_schema_object(mg_tree_t *self, const mg_field_t *table, mg_schema_use_t use)
{
    json_t *object = json_pack("{s:s, s:{}}", "type", "object", "properties");
    mg_schema_extend(self, object, table, use);
    return object;
}

// NOLINTEND(misc-no-recursion)
