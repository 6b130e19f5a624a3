/* Any bytes may be offered as a document: what passes is valid for libbson too, and can be walked by it to its end. Our own walk
 * goes over any bytes, and to the end of what passes. */
#include "core/bsoncheck.h"
#include "core/json.h"

#include <bson/bson.h>

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
s_expect(bool truth)
{
    if (!truth) {
        abort();
    }
}

static bool
s_has_json(mg_slice_t bytes)
{
    mg_buf_t json = {0};
    bool written = mg_json_write(bytes, MG_JSON_EXTENDED, NULL, &json) == MG_OK;
    mg_buf_free(&json);
    return written;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *why = NULL;
    mg_slice_t bytes = mg_slice(data, size);
    mg_status_t strict = mg_bson_check(bytes, MG_BSON_KEYS_NAMES, NULL);
    mg_status_t status = mg_bson_check(bytes, MG_BSON_KEYS_ANY, &why);
    s_expect(strict != MG_OK || status == MG_OK); /* names are the stricter rule */
    s_expect(s_has_json(bytes) || status != MG_OK);
    if (status != MG_OK) {
        s_expect(why != NULL);
        return 0;
    }
    bson_t document;
    s_expect(bson_init_static(&document, data, size));
    s_expect(bson_validate(&document, BSON_VALIDATE_UTF8 | BSON_VALIDATE_UTF8_ALLOW_NULL, NULL));
    char *json = bson_as_canonical_extended_json(&document, NULL);
    s_expect(json != NULL);
    bson_free(json);
    return 0;
}
