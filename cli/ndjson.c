#include "cli/ndjson.h"

#include "core/bsoncheck.h"
#include "core/collections.h"
#include "core/document.h"
#include "core/entry.h"
#include "core/json.h"
#include "core/utf8.h"

#include <inttypes.h>
#include <string.h>

/* The members of a line that wraps its document. */
typedef struct wrapper {
    const char *collection; /* NULL: it is known */
    const char *key;
    const char *document;
    const char *expires;
} wrapper_t;

static const wrapper_t s_of_all = {"collection", "key", "document", "expires_ns"};
static const wrapper_t s_of_one = {NULL, "$key", "$document", "$expires_ns"};

static mg_status_t
s_fail(char why[MG_NDJSON_WHY_SIZE], const char *sentence)
{
    (void)snprintf(why, MG_NDJSON_WHY_SIZE, "%s", sentence);
    return MG_ERR_INVALID;
}

/* --- reading --- */

/* The bytes of a `$binary` form; false when `value` is none. */
static bool
s_take_binary(const json_t *value, mg_buf_t *out)
{
    bson_t holder = BSON_INITIALIZER;
    bool is_binary = json_object_size(value) == 1 && json_object_get(value, "$binary") &&
                     mg_json_append(&holder, "bytes", value, MG_JSON_EXTENDED) == MG_OK;
    if (is_binary) {
        mg_buf_append_slice(out, mg_document_bytes(mg_document_slice(&holder), "bytes"));
    }
    bson_destroy(&holder);
    return is_binary;
}

static bool
s_take_name(const json_t *value, mg_buf_t *out)
{
    if (json_is_string(value)) {
        mg_buf_append(out, json_string_value(value), json_string_length(value));
        return true;
    }
    return s_take_binary(value, out);
}

/* Takes the names and the expiry out of a wrapped line, gives the document. */
static mg_status_t
s_unwrap(const json_t *line,
         const wrapper_t *names,
         mg_ndjson_document_t *out,
         const json_t **document,
         char why[MG_NDJSON_WHY_SIZE])
{
    const json_t *collection = names->collection ? json_object_get(line, names->collection) : NULL;
    const json_t *key = json_object_get(line, names->key);
    const json_t *expires = json_object_get(line, names->expires);
    *document = json_object_get(line, names->document);
    if (!json_is_object(*document) ||
        (names->collection && !s_take_name(collection, &out->collection))) {
        return s_fail(
            why,
            "without --collection each line must be {\"collection\": ..., \"document\": {...}}");
    }
    if (key && (!s_take_name(key, &out->key) || out->key.len == 0)) {
        (void)snprintf(why, MG_NDJSON_WHY_SIZE, "\"%s\" must be text that is not empty",
                       names->key);
        return MG_ERR_INVALID;
    }
    if (expires && !json_is_integer(expires)) {
        (void)snprintf(why, MG_NDJSON_WHY_SIZE,
                       "\"%s\" must be a whole number: nanoseconds since 1970", names->expires);
        return MG_ERR_INVALID;
    }
    if (json_object_size(line) != 1u + (collection != NULL) + (key != NULL) + (expires != NULL)) {
        (void)snprintf(why, MG_NDJSON_WHY_SIZE,
                       "beside \"%s\" there may be only %s%s\"%s\" and \"%s\"", names->document,
                       names->collection ? "\"collection\"" : "", names->collection ? ", " : "",
                       names->key, names->expires);
        return MG_ERR_INVALID;
    }
    out->expires_ns = json_integer_value(expires);
    return MG_OK;
}

static mg_status_t
s_to_bson(const json_t *document, mg_buf_t *out, const char **out_why)
{
    mg_status_t status = mg_json_to_bson(document, MG_JSON_EXTENDED, out);
    if (status == MG_OK) {
        return mg_bson_check(mg_buf_slice(out), MG_BSON_KEYS_NAMES, out_why);
    }
    *out_why = status == MG_ERR_INVALID
                   ? "a `$` form in it makes no sense, or it is nested deeper than 64 levels"
               : status == MG_ERR_TOO_BIG ? "the document is larger than 16 MiB"
                                          : "there is no memory for it";
    return status;
}

/* The top-level field that can not be stored even by itself; NULL when it is the whole that can not. */
static const char *
s_culprit(const json_t *document)
{
    const char *name = NULL;
    const char *why = NULL;
    json_t *value = NULL;
    /* jansson walks by non-const pointers, but does not change the object */
    json_t *walked = (json_t *)(uintptr_t)document; // NOLINT(performance-no-int-to-ptr)
    json_object_foreach(walked, name, value)
    {
        mg_buf_t bson = {0};
        json_t *alone = json_object();
        bool bad =
            json_object_set(alone, name, value) != 0 || s_to_bson(alone, &bson, &why) != MG_OK;
        json_decref(alone);
        mg_buf_free(&bson);
        if (bad) {
            return name;
        }
    }
    return NULL;
}

static mg_status_t
s_store(const json_t *document, mg_ndjson_document_t *out, char why[MG_NDJSON_WHY_SIZE])
{
    const char *reason = NULL;
    if (s_take_binary(document, &out->body)) {
        mg_status_t status = mg_bson_check(mg_buf_slice(&out->body), MG_BSON_KEYS_NAMES, &reason);
        return status == MG_OK ? MG_OK : (s_fail(why, reason), status);
    }
    mg_status_t status = s_to_bson(document, &out->body, &reason);
    if (status != MG_OK) {
        const char *field = status == MG_ERR_INVALID ? s_culprit(document) : NULL;
        (void)snprintf(why, MG_NDJSON_WHY_SIZE, field ? "field \"%.80s\": %s" : "%s%s",
                       field ? field : "", reason);
    }
    return status;
}

/* Makes sure of the key: the server wants the one that the fields tell, if they tell one. */
static mg_status_t
s_settle_key(mg_ndjson_document_t *out, char why[MG_NDJSON_WHY_SIZE])
{
    const mg_collection_t *known = mg_collection_by_name(mg_buf_slice(&out->collection));
    mg_buf_t told = {0};
    mg_status_t status = mg_collection_key(known, mg_buf_slice(&out->body), &told);
    if (status == MG_ERR_NOT_FOUND && out->key.len > 0) {
        status = out->key.len > MG_KEY_MAX ? MG_ERR_TOO_BIG : MG_OK;
    } else if (status == MG_ERR_NOT_FOUND) {
        (void)snprintf(why, MG_NDJSON_WHY_SIZE,
                       "the document has neither %s%s nor \"_id\", so it has no key",
                       known ? "the field " : "a key", known ? known->key_fields[0] : "");
        status = MG_ERR_INVALID;
    } else if (status == MG_OK && out->key.len == 0) {
        mg_buf_append_slice(&out->key, mg_buf_slice(&told));
    } else if (status == MG_OK && !mg_slice_equal(mg_buf_slice(&out->key), mg_buf_slice(&told))) {
        status = s_fail(why, "the key is not the one that the document's own fields make");
    }
    if (status == MG_ERR_TOO_BIG) {
        (void)s_fail(why, "the key is longer than 4096 bytes");
    }
    mg_buf_free(&told);
    return status;
}

static mg_status_t
s_check_collection(mg_slice_t name, char why[MG_NDJSON_WHY_SIZE])
{
    bool good = name.len > 0 && name.len <= MG_COLLECTION_NAME_MAX && mg_utf8_valid(name) &&
                !memchr(name.data, 0, name.len);
    return good ? MG_OK : s_fail(why, "the name of a collection is UTF-8 of 1 to 128 bytes");
}

static mg_status_t
s_read_object(const json_t *line,
              const char *collection,
              mg_ndjson_document_t *out,
              char why[MG_NDJSON_WHY_SIZE])
{
    const json_t *document = line;
    mg_status_t status = MG_OK;
    mg_buf_append_text(&out->collection, collection);
    if (!collection) {
        status = s_unwrap(line, &s_of_all, out, &document, why);
    } else if (json_object_get(line, s_of_one.document)) {
        status = s_unwrap(line, &s_of_one, out, &document, why);
    }
    if (status == MG_OK) {
        status = s_check_collection(mg_buf_slice(&out->collection), why);
    }
    if (status == MG_OK) {
        status = s_store(document, out, why);
    }
    return status == MG_OK ? s_settle_key(out, why) : status;
}

mg_status_t
mg_ndjson_parse(mg_slice_t line,
                const char *collection,
                mg_ndjson_document_t *out,
                char why[MG_NDJSON_WHY_SIZE])
{
    json_t *object = NULL;
    mg_json_error_t error;
    mg_buf_clear(&out->collection);
    mg_buf_clear(&out->key);
    mg_buf_clear(&out->body);
    out->expires_ns = 0;
    if (line.len > MG_NDJSON_LINE_MAX) {
        (void)s_fail(why, "the line is longer than 32 MiB");
        return MG_ERR_TOO_BIG;
    }
    if (mg_json_parse(line, &object, &error) != MG_OK) {
        (void)snprintf(why, MG_NDJSON_WHY_SIZE, "column %u: %s", error.column, error.text);
        return MG_ERR_INVALID;
    }
    mg_status_t status = s_read_object(object, collection, out, why);
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

/* --- writing --- */

/* The forms of a line, the simplest first. */
typedef enum form { FORM_BARE, FORM_JSON, FORM_BYTES, FORMS } form_t;

/* `value` as a `$binary` form. */
static mg_status_t
s_write_binary(mg_slice_t value, mg_buf_t *out)
{
    bson_t holder = BSON_INITIALIZER;
    mg_buf_t text = {0};
    bool held =
        bson_append_binary(&holder, "b", 1, BSON_SUBTYPE_BINARY, value.data, (uint32_t)value.len);
    mg_status_t status =
        held ? mg_json_write(mg_document_slice(&holder), MG_JSON_EXTENDED, NULL, &text)
             : MG_ERR_NO_MEMORY;
    size_t prefix = strlen("{\"b\":");
    if (status == MG_OK) {
        mg_buf_append(out, text.data + prefix, text.len - prefix - 1);
    }
    mg_buf_free(&text);
    bson_destroy(&holder);
    return status;
}

/* Text where it is text; a key may be any bytes. */
mg_status_t
mg_ndjson_write_name(mg_slice_t name, mg_buf_t *out)
{
    if (!mg_utf8_valid(name)) {
        return s_write_binary(name, out);
    }
    mg_json_write_text(name, out);
    return MG_OK;
}

static mg_status_t
s_write_document(const mg_ndjson_source_t *source, form_t form, mg_buf_t *out)
{
    return form == FORM_BYTES ? s_write_binary(source->body, out)
                              : mg_json_write(source->body, MG_JSON_EXTENDED, NULL, out);
}

static mg_status_t
s_write_wrapped(const mg_ndjson_source_t *source,
                const wrapper_t *names,
                form_t form,
                mg_buf_t *out)
{
    mg_status_t status = MG_OK;
    mg_buf_append_byte(out, '{');
    if (names->collection) {
        mg_buf_append_format(out, "\"%s\":", names->collection);
        mg_json_write_text(source->collection, out);
        mg_buf_append_byte(out, ',');
    }
    mg_buf_append_format(out, "\"%s\":", names->key);
    status = mg_ndjson_write_name(source->key, out);
    mg_buf_append_format(out, ",\"%s\":", names->document);
    if (status == MG_OK) {
        status = s_write_document(source, form, out);
    }
    if (source->expires_ns) {
        mg_buf_append_format(out, ",\"%s\":%" PRId64, names->expires, source->expires_ns);
    }
    mg_buf_append_byte(out, '}');
    return status;
}

/* Whether the line says all of the document. */
static bool
s_reads_back(mg_slice_t line, const mg_ndjson_source_t *source, const char *collection)
{
    mg_ndjson_document_t again = {0};
    char why[MG_NDJSON_WHY_SIZE];
    bool same = mg_ndjson_parse(line, collection, &again, why) == MG_OK &&
                mg_slice_equal(mg_buf_slice(&again.collection), source->collection) &&
                mg_slice_equal(mg_buf_slice(&again.key), source->key) &&
                mg_slice_equal(mg_buf_slice(&again.body), source->body) &&
                again.expires_ns == source->expires_ns;
    mg_ndjson_free(&again);
    return same;
}

mg_status_t
mg_ndjson_write(const mg_ndjson_source_t *source, const char *collection, mg_buf_t *out)
{
    size_t start = out->len;
    for (form_t form = collection && !source->expires_ns ? FORM_BARE : FORM_JSON; form < FORMS;
         form++) {
        out->len = start;
        mg_status_t status =
            form == FORM_BARE
                ? s_write_document(source, form, out)
                : s_write_wrapped(source, collection ? &s_of_one : &s_of_all, form, out);
        if (status == MG_ERR_NO_MEMORY || !mg_buf_ok(out)) {
            return MG_ERR_NO_MEMORY;
        }
        if (status == MG_OK &&
            s_reads_back(mg_slice(out->data + start, out->len - start), source, collection)) {
            return MG_OK;
        }
    }
    return MG_ERR_INVALID;
}
