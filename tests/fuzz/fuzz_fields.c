/* Any bytes as a request's body, read by a table that has every type and holds itself: what comes out is storable BSON. */
#include "core/bsoncheck.h"
#include "core/document.h"
#include "core/json.h"
#include "gateway/fields.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

extern const mg_field_t fuzz_table[];
static const char *const s_words[] = {"red", "blue", NULL};

const mg_field_t fuzz_table[] = {
    {.name = "t", .type = MG_FIELD_TEXT, .max = 9, .flags = MG_FIELD_NAME},
    {.name = "w", .type = MG_FIELD_TEXT, .choices = s_words},
    {.name = "i", .type = MG_FIELD_INT, .min = 1, .max = 9},
    {.name = "b", .type = MG_FIELD_BOOL, .fallback = "true"},
    {.name = "d", .type = MG_FIELD_REAL},
    {.name = "l", .type = MG_FIELD_TEXTS, .fallback = "[]"},
    {.name = "o", .type = MG_FIELD_OBJECT, .max = 3},
    {.name = "r", .type = MG_FIELD_RECORD, .items = fuzz_table},
    {.name = "s", .type = MG_FIELD_RECORDS, .max = 3, .items = fuzz_table},
    {.name = "m", .type = MG_FIELD_RECORD_MAP, .items = fuzz_table},
    {.name = "a", .type = MG_FIELD_ANY},
    {.name = NULL},
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *body = NULL;
    mg_json_error_t error;
    if (mg_json_parse(mg_slice(data, size), &body, &error) != MG_OK) {
        return 0;
    }
    for (int mode = MG_FIELDS_CREATE; mode <= MG_FIELDS_IMPORT; mode++) {
        bson_t out = BSON_INITIALIZER;
        mg_fields_problem_t problem = {0};
        mg_status_t status =
            mg_fields_read(fuzz_table, body, (mg_fields_mode_t)mode, &out, &problem);
        mg_slice_t document = mg_document_slice(&out);
        bool bad =
            status == MG_OK
                ? !bson_validate(&out, BSON_VALIDATE_UTF8 | BSON_VALIDATE_UTF8_ALLOW_NULL, NULL)
                : status == MG_ERR_INVALID && (!problem.field || !problem.text[0]);
        if (bad || document.len < 5) {
            abort();
        }
        bson_destroy(&out);
    }
    json_decref(body);
    return 0;
}
