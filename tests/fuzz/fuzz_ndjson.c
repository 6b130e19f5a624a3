/* Any bytes as a line to import: what is accepted may be stored, and written and read again it is the same. */
#include "cli/ndjson.h"
#include "core/bsoncheck.h"
#include "core/json.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
s_check_round_trip(mg_slice_t body)
{
    mg_buf_t text = {0};
    mg_ndjson_document_t again = {0};
    char why[256] = "";
    if (mg_bson_check(body, MG_BSON_KEYS_NAMES, NULL) != MG_OK) {
        abort();
    }
    if (mg_json_write(body, MG_JSON_EXTENDED, NULL, &text) != MG_OK ||
        mg_ndjson_parse(mg_buf_slice(&text), "things", &again, why) != MG_OK ||
        !mg_slice_equal(body, mg_buf_slice(&again.body))) {
        abort();
    }
    mg_ndjson_free(&again);
    mg_buf_free(&text);
}

static void
s_try(mg_slice_t line, const char *collection)
{
    mg_ndjson_document_t document = {0};
    char why[256] = "";
    if (mg_ndjson_parse(line, collection, &document, why) == MG_OK) {
        s_check_round_trip(mg_buf_slice(&document.body));
    } else if (!why[0]) {
        abort(); /* a refusal without a reason */
    }
    mg_ndjson_free(&document);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    s_try(mg_slice(data, size), "things");
    s_try(mg_slice(data, size), NULL);
    return 0;
}
