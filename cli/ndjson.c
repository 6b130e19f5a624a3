#include "cli/ndjson.h"

#include "core/bsoncheck.h"
#include "core/json.h"

#include <string.h>

static mg_status_t
s_fail(char why[256], const char *sentence)
{
    (void)snprintf(why, 256, "%s", sentence);
    return MG_ERR_INVALID;
}

/* The line's wrapper {"collection", "key"?, "document"}: takes the names, gives the document. */
static mg_status_t
s_unwrap(const json_t *line, mg_ndjson_document_t *out, const json_t **document, char why[256])
{
    const json_t *collection = json_object_get(line, "collection");
    const json_t *key = json_object_get(line, "key");
    *document = json_object_get(line, "document");
    if (!json_is_string(collection) || !json_is_object(*document) ||
        (key && !json_is_string(key))) {
        return s_fail(
            why,
            "without --collection each line must be {\"collection\": ..., \"document\": {...}}");
    }
    mg_buf_append(&out->collection, json_string_value(collection), json_string_length(collection));
    if (key) {
        mg_buf_append(&out->key, json_string_value(key), json_string_length(key));
    }
    return MG_OK;
}

static mg_status_t
s_store(const json_t *document, mg_ndjson_document_t *out, char why[256])
{
    const char *reason = NULL;
    mg_status_t status = mg_json_to_bson(document, MG_JSON_EXTENDED, &out->body);
    if (status != MG_OK) {
        (void)s_fail(why,
                     status == MG_ERR_INVALID
                         ? "the document has a `$` form that makes no sense, or is nested too deep"
                     : status == MG_ERR_TOO_BIG ? "the document is larger than 16 MiB"
                                                : mg_status_name(status));
        return status;
    }
    status = mg_bson_check(mg_buf_slice(&out->body), MG_BSON_KEYS_NAMES, &reason);
    if (status != MG_OK) {
        (void)s_fail(why, reason ? reason : "the document can not be stored");
    }
    return status;
}

mg_status_t
mg_ndjson_parse(mg_slice_t line, const char *collection, mg_ndjson_document_t *out, char why[256])
{
    json_t *object = NULL;
    mg_json_error_t error;
    mg_buf_clear(&out->collection);
    mg_buf_clear(&out->key);
    mg_buf_clear(&out->body);
    if (line.len > MG_NDJSON_LINE_MAX) {
        (void)s_fail(why, "the line is longer than 32 MiB");
        return MG_ERR_TOO_BIG;
    }
    if (mg_json_parse(line, &object, &error) != MG_OK) {
        (void)snprintf(why, 256, "%s at byte %zu", error.text, error.at);
        return MG_ERR_INVALID;
    }
    const json_t *document = object;
    mg_status_t status = MG_OK;
    if (collection) {
        mg_buf_append_text(&out->collection, collection);
    } else {
        status = s_unwrap(object, out, &document, why);
    }
    if (status == MG_OK) {
        status = s_store(document, out, why);
    }
    json_decref(object);
    return status;
}

void
mg_ndjson_free(mg_ndjson_document_t *document)
{
    mg_buf_free(&document->collection);
    mg_buf_free(&document->key);
    mg_buf_free(&document->body);
}
