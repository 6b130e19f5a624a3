/* schema - JSON Schema of what tables of fields describe, as parts of a JSON tree under construction.
 *
 * Owns     : a tree owns its root.
 * Fails    : building never returns a status. What finds no memory marks the tree, and whoever built it asks once, at the end.
 * Not here : the document that the schemas stand in (gateway/openapi.h), reading bodies (gateway/fields.h).
 * Source   : JSON Schema 2020-12, which OpenAPI 3.1 uses.
 */
#ifndef MG_GATEWAY_SCHEMA_H
#define MG_GATEWAY_SCHEMA_H

#include "gateway/fields.h"

/* Start from {.root = json_object()}. */
typedef struct mg_tree {
    json_t *root;
    bool failed;
} mg_tree_t;

/* Takes `value` into an object or to the end of a list and returns it, borrowed; NULL marks the tree. */
json_t *mg_tree_set(mg_tree_t *self, json_t *object, const char *name, json_t *value);
json_t *mg_tree_add(mg_tree_t *self, json_t *list, json_t *value);
/* A text, and one that is put together. */
void mg_tree_text(mg_tree_t *self, json_t *object, const char *name, const char *text);
void mg_tree_format(mg_tree_t *self, json_t *object, const char *name, const char *format, ...)
    MG_PRINTF(4, 5);
/* What a constant of ours says; NULL marks the tree. */
json_t *mg_tree_parse(mg_tree_t *self, const char *json);
/* {"$ref": "#/components/<kind>/<name>"}. */
json_t *mg_tree_ref(const char *kind, const char *name);

/* For whom fields are described. */
typedef enum mg_schema_use {
    MG_SCHEMA_CREATE, /* required ones, limits, fallbacks */
    MG_SCHEMA_UPDATE, /* limits */
    MG_SCHEMA_ANSWER, /* what is not required may be null or absent */
    MG_SCHEMA_STORED /* of documents: types only, since imports keep what was there; keys are required */
} mg_schema_use_t;

/* One field. */
json_t *mg_schema_field(mg_tree_t *self, const mg_field_t *field, mg_schema_use_t use);
/* An object with the fields of a table; */
json_t *mg_schema_object(mg_tree_t *self, const mg_field_t *table, mg_schema_use_t use);
/* and with those of a further one (NULL: none). */
void
mg_schema_extend(mg_tree_t *self, json_t *object, const mg_field_t *table, mg_schema_use_t use);

/* The component of endpoint validation rules, whose table holds itself. */
#define MG_SCHEMA_RULE "ValidationRule"

#endif
