#include "core/document.h"

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

mg_slice_t
mg_document_text(mg_slice_t document, const char *field)
{
    bson_iter_t at;
    if (!mg_document_find(document, field, &at) || !BSON_ITER_HOLDS_UTF8(&at)) {
        return mg_slice(NULL, 0);
    }
    uint32_t len = 0;
    const char *text = bson_iter_utf8(&at, &len);
    return mg_slice(text, len);
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
    bson_iter_t at;
    bool there = mg_document_find(document, field, &at) && BSON_ITER_HOLDS_BOOL(&at);
    return there ? bson_iter_bool(&at) : otherwise;
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

/* Appends the fields of `from` to `to`: with `instead`, each in the form that `instead` has of it. */
static bool
s_copy_fields(bson_t *to, mg_slice_t from, mg_slice_t instead)
{
    bson_iter_t at;
    bool ok = bson_iter_init_from_data(&at, from.data, from.len);
    while (ok && bson_iter_next(&at)) {
        const char *field = bson_iter_key(&at);
        bson_iter_t newer;
        const bson_iter_t *source = mg_document_find(instead, field, &newer) ? &newer : &at;
        ok = bson_append_iter(to, field, -1, source);
    }
    return ok;
}

static bool
s_append_new_fields(bson_t *to, mg_slice_t base, mg_slice_t patch)
{
    bson_iter_t at;
    bool ok = bson_iter_init_from_data(&at, patch.data, patch.len);
    while (ok && bson_iter_next(&at)) {
        bson_iter_t older;
        if (!mg_document_find(base, bson_iter_key(&at), &older)) {
            ok = bson_append_iter(to, bson_iter_key(&at), -1, &at);
        }
    }
    return ok;
}

mg_status_t
mg_document_merge(mg_slice_t base, mg_slice_t patch, mg_buf_t *out)
{
    bson_t merged = BSON_INITIALIZER;
    mg_status_t status = MG_OK;
    if (!s_copy_fields(&merged, base, patch) || !s_append_new_fields(&merged, base, patch)) {
        status = MG_ERR_INVALID;
    } else if (merged.len > MG_DOCUMENT_MAX) {
        status = MG_ERR_TOO_BIG;
    } else {
        mg_buf_append_slice(out, mg_document_slice(&merged));
        status = mg_buf_ok(out) ? MG_OK : MG_ERR_NO_MEMORY;
    }
    bson_destroy(&merged);
    return status;
}
