#include "core/document.h"

#include "core/bsonwalk.h"
#include "core/entry.h"

#include <math.h>
#include <string.h>

mg_slice_t
mg_document_slice(const bson_t *bson)
{
    return mg_slice(bson_get_data(bson), bson->len);
}

bool
mg_document_find(mg_slice_t document, const char *field, bson_iter_t *out)
{
    return document.len > 0 && bson_iter_init_from_data(out, document.data, document.len) &&
           bson_iter_find(out, field);
}

static bool
s_find(mg_slice_t document, mg_slice_t field, mg_bsonelement_t *out)
{
    mg_bsonwalk_t walk = mg_bsonwalk_begin(document);
    while (mg_bsonwalk_next(&walk, out)) {
        if (mg_slice_equal(out->key, field)) {
            return true;
        }
    }
    return false;
}

mg_slice_t
mg_document_text(mg_slice_t document, const char *field)
{
    mg_bsonelement_t found;
    bool is_text = s_find(document, mg_slice_text(field), &found) && found.type == BSON_TYPE_UTF8;
    return is_text ? mg_bsonelement_text(&found) : mg_slice(NULL, 0);
}

bool
mg_document_text_is(mg_slice_t document, const char *field, const char *text)
{
    mg_slice_t value = mg_document_text(document, field);
    return value.data && mg_slice_equal(value, mg_slice_text(text));
}

bool
mg_document_bool(mg_slice_t document, const char *field, bool otherwise)
{
    mg_bsonelement_t found;
    bool there = s_find(document, mg_slice_text(field), &found) && found.type == BSON_TYPE_BOOL;
    return there ? found.value.data[0] != 0 : otherwise;
}

static int64_t
s_cut(double value, int64_t otherwise)
{
    const double limit = 9223372036854774784.0; /* the largest double below 2^63 */
    return isfinite(value) && fabs(value) <= limit ? (int64_t)value : otherwise;
}

int64_t
mg_document_int(mg_slice_t document, const char *field, int64_t otherwise)
{
    bson_iter_t at;
    if (!mg_document_find(document, field, &at)) {
        return otherwise;
    }
    switch (bson_iter_type(&at)) {
    case BSON_TYPE_INT32:
    case BSON_TYPE_INT64:
    case BSON_TYPE_BOOL:
        return bson_iter_as_int64(&at);
    case BSON_TYPE_DOUBLE:
        return s_cut(bson_iter_double(&at), otherwise);
    default:
        return otherwise;
    }
}

mg_slice_t
mg_document_bytes(mg_slice_t document, const char *field)
{
    bson_iter_t at;
    if (mg_document_find(document, field, &at) && BSON_ITER_HOLDS_BINARY(&at)) {
        uint32_t len = 0;
        const uint8_t *bytes = NULL;
        bson_subtype_t subtype = BSON_SUBTYPE_BINARY;
        bson_iter_binary(&at, &subtype, &len, &bytes);
        return mg_slice(bytes, len);
    }
    return mg_document_text(document, field);
}

/* The fields of `base`, each as `patch` has it, if it has. */
static bool
s_append_old_fields(mg_slice_t base, mg_slice_t patch, mg_buf_t *out)
{
    mg_bsonwalk_t walk = mg_bsonwalk_begin(base);
    mg_bsonelement_t field;
    mg_bsonelement_t newer;
    while (mg_bsonwalk_next(&walk, &field)) {
        bool replaced = s_find(patch, field.key, &newer);
        mg_buf_append_slice(out, mg_bsonelement_bytes(replaced ? &newer : &field));
    }
    return !walk.broken;
}

static bool
s_append_new_fields(mg_slice_t base, mg_slice_t patch, mg_buf_t *out)
{
    mg_bsonwalk_t walk = mg_bsonwalk_begin(patch);
    mg_bsonelement_t field;
    mg_bsonelement_t older;
    while (mg_bsonwalk_next(&walk, &field)) {
        if (!s_find(base, field.key, &older)) {
            mg_buf_append_slice(out, mg_bsonelement_bytes(&field));
        }
    }
    return !walk.broken;
}

mg_status_t
mg_document_merge(mg_slice_t base, mg_slice_t patch, mg_buf_t *out)
{
    size_t start = out->len;
    mg_buf_reserve(out, base.len + patch.len);
    mg_buf_append(out, (const uint8_t[4]){0}, 4); /* the length, written at the end */
    if (!s_append_old_fields(base, patch, out) || !s_append_new_fields(base, patch, out)) {
        return MG_ERR_INVALID;
    }
    mg_buf_append_byte(out, 0);
    if (!mg_buf_ok(out)) {
        return MG_ERR_NO_MEMORY;
    }
    size_t len = out->len - start;
    mg_bson_put_u32(out->data + start, (uint32_t)len);
    return len <= MG_DOCUMENT_MAX ? MG_OK : MG_ERR_TOO_BIG;
}
