/* fields - what a resource's JSON body may say: one table per resource, one reader for all.
 *
 * Owns     : nothing; tables are static, results go into the caller's BSON document.
 * Takes    : a parsed JSON object. Names that the table does not know are ignored.
 * Fails    : MG_ERR_INVALID with the first field to blame (answered 422 VAL001, or the field's own code when only its size is wrong).
 * Not here : rules between fields or documents (gateway/handlers), where the answer is made (gateway/reply.h).
 * Source   : platform-api.md sections 1, 4 to 9, 12. Coercion is lenient: an integer takes a number (cut towards zero), a
 *            numeric text or a bool; a text takes a number; a bool takes 0, 1 and the usual words.
 */
#ifndef MG_GATEWAY_FIELDS_H
#define MG_GATEWAY_FIELDS_H

#include "core/buf.h"
#include "gateway/errors.h"

#include <bson/bson.h>
#include <jansson.h>

typedef enum mg_field_type {
    MG_FIELD_TEXT, /* min..max characters */
    MG_FIELD_INT,  /* min..max */
    MG_FIELD_BOOL,
    MG_FIELD_REAL,       /* a number, as a double */
    MG_FIELD_TEXTS,      /* a list of min..max texts */
    MG_FIELD_OBJECT,     /* at most max members */
    MG_FIELD_RECORD,     /* an object that has the fields `items` */
    MG_FIELD_RECORDS,    /* a list of min..max such objects */
    MG_FIELD_RECORD_MAP, /* an object of names, each with such an object */
    MG_FIELD_ANY         /* stored as given */
} mg_field_type_t;

enum {
    MG_FIELD_REQUIRED = 1, /* on create */
    MG_FIELD_UNSTORED = 2, /* checked, but written by the handler in its own way (passwords) */
    MG_FIELD_FIXED = 4,    /* part of the natural key: an update may only repeat it */
    MG_FIELD_NAME =
        8, /* documents are found by it: no control characters, which no path can say (gateway/percent.h) */
    MG_FIELD_ABSENT = 16, /* when a create does not give it, it is left out instead of null */
    MG_FIELD_ONCE = 32    /* set on create, ignored by an update */
};

typedef struct mg_field mg_field_t;
struct mg_field {
    const char *name; /* NULL ends a table */
    mg_field_type_t type;
    int64_t min;
    int64_t max; /* 0: no limit */
    unsigned flags;
    const char *fallback; /* stored on create when absent, as JSON: "[]", "true"; NULL: null */
    mg_error_id_t
        error; /* of a value out of min..max; 0 (MG_ERROR_INVALID_BODY): 422 VAL001, as for a wrong type */
    const mg_field_t *
        items; /* of a RECORD; a table may hold itself: JSON ends the recursion at MG_JSON_DEPTH_MAX */
    const char *const *choices; /* a TEXT is one of these, NULL-terminated; NULL: any */
};

typedef enum mg_fields_mode {
    MG_FIELDS_CREATE, /* required fields must be there, absent ones get their fallback */
    MG_FIELDS_UPDATE, /* absent and null ones are left out, and those of MG_FIELD_FIXED */
    MG_FIELDS_IMPORT  /* absent and null ones are left out */
} mg_fields_mode_t;

typedef struct mg_fields_problem {
    const mg_field_t *field;
    mg_error_id_t error;
    char text[160]; /* one sentence that names the field and the rule */
} mg_fields_problem_t;

/* Appends the fields of `body` to `out` in the table's order. Fails MG_ERR_INVALID with `problem` filled, MG_ERR_TOO_BIG. */
MG_MUST_USE mg_status_t mg_fields_read(const mg_field_t *table,
                                       const json_t *body,
                                       mg_fields_mode_t mode,
                                       bson_t *out,
                                       mg_fields_problem_t *problem);
/* A text of `body` after coercion, appended to `out`; false when it is absent, null, or neither text nor number. */
bool mg_fields_text(const json_t *body, const char *name, mg_buf_t *out);
/* True when the body has a field of that name that is not null. */
bool mg_fields_has(const json_t *body, const char *name);

#endif
