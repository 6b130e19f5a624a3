/* Any bytes as a line to import: what is accepted may be stored, and written and read again it is the same. */
#include "cli/ndjson.h"
#include "core/bsoncheck.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
s_check_round_trip(const mg_ndjson_document_t *document, const char *collection)
{
    const mg_ndjson_source_t source = {.collection = mg_buf_slice(&document->collection),
                                       .key = mg_buf_slice(&document->key),
                                       .body = mg_buf_slice(&document->body),
                                       .expires_ns = document->expires_ns};
    mg_buf_t text = {0};
    mg_ndjson_document_t again = {0};
    char why[MG_NDJSON_WHY_SIZE] = "";
    if (mg_bson_check(source.body, MG_BSON_KEYS_NAMES, NULL) != MG_OK) {
        abort();
    }
    if (mg_ndjson_write(&source, collection, &text) != MG_OK ||
        mg_ndjson_parse(mg_buf_slice(&text), collection, &again, why) != MG_OK ||
        !mg_slice_equal(source.body, mg_buf_slice(&again.body)) ||
        !mg_slice_equal(source.key, mg_buf_slice(&again.key)) ||
        source.expires_ns != again.expires_ns) {
        abort();
    }
    mg_ndjson_free(&again);
    mg_buf_free(&text);
}

static void
s_try(mg_slice_t line, const char *collection)
{
    mg_ndjson_document_t document = {0};
    char why[MG_NDJSON_WHY_SIZE] = "";
    if (mg_ndjson_parse(line, collection, &document, why) == MG_OK) {
        s_check_round_trip(&document, mg_buf_text(&document.collection));
        s_check_round_trip(&document, NULL);
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
