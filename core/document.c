#include "core/document.h"

#include "core/bsonwalk.h"
#include "core/entry.h"

#include <math.h>
#include <stdlib.h>
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

/* --- merge --- */

enum { LOOKED_THROUGH_MAX = 64 /* fields of a patch up to which looking through is as fast */ };

/* A document whose fields are asked for one after the other. `sorted` NULL: it is looked through each time; with many fields on both
 * sides that would hold the thread for seconds. */
typedef struct fields {
    mg_slice_t document;
    mg_bsonelement_t *sorted; /* by name */
    size_t count;
} fields_t;

static size_t
s_count(mg_slice_t document)
{
    mg_bsonwalk_t walk = mg_bsonwalk_begin(document);
    mg_bsonelement_t field;
    size_t count = 0;
    while (mg_bsonwalk_next(&walk, &field)) {
        count++;
    }
    return count;
}

/* By name; of one name the first in the document. */
static int
s_compare_fields(const void *a, const void *b)
{
    const mg_bsonelement_t *one = a;
    const mg_bsonelement_t *other = b;
    int order = mg_slice_compare(one->key, other->key);
    return order ? order : (one->key.data > other->key.data) - (one->key.data < other->key.data);
}

/* False: no memory. */
static bool
s_sort(fields_t *self)
{
    mg_bsonwalk_t walk = mg_bsonwalk_begin(self->document);
    self->sorted = calloc(s_count(self->document) + 1, sizeof *self->sorted);
    if (!self->sorted) {
        return false;
    }
    while (mg_bsonwalk_next(&walk, &self->sorted[self->count])) {
        self->count++;
    }
    qsort(self->sorted, self->count, sizeof *self->sorted, s_compare_fields);
    return true;
}

static bool
s_look_up(const fields_t *self, mg_slice_t name, mg_bsonelement_t *out)
{
    if (!self->sorted) {
        return s_find(self->document, name, out);
    }
    size_t first = 0; /* all before come before `name`, all from `end` on do not */
    size_t end = self->count;
    while (first < end) {
        size_t middle = first + (end - first) / 2;
        if (mg_slice_compare(self->sorted[middle].key, name) < 0) {
            first = middle + 1;
        } else {
            end = middle;
        }
    }
    if (first == self->count || !mg_slice_equal(self->sorted[first].key, name)) {
        return false;
    }
    *out = self->sorted[first];
    return true;
}

/* The fields of `base`, each as `patch` has it, if it has. */
static bool
s_append_old_fields(const fields_t *base, const fields_t *patch, mg_buf_t *out)
{
    mg_bsonwalk_t walk = mg_bsonwalk_begin(base->document);
    mg_bsonelement_t field;
    mg_bsonelement_t newer;
    while (mg_bsonwalk_next(&walk, &field)) {
        bool replaced = s_look_up(patch, field.key, &newer);
        mg_buf_append_slice(out, mg_bsonelement_bytes(replaced ? &newer : &field));
    }
    return !walk.broken;
}

static bool
s_append_new_fields(const fields_t *base, const fields_t *patch, mg_buf_t *out)
{
    mg_bsonwalk_t walk = mg_bsonwalk_begin(patch->document);
    mg_bsonelement_t field;
    mg_bsonelement_t older;
    while (mg_bsonwalk_next(&walk, &field)) {
        if (!s_look_up(base, field.key, &older)) {
            mg_buf_append_slice(out, mg_bsonelement_bytes(&field));
        }
    }
    return !walk.broken;
}

static mg_status_t
s_append_fields(const fields_t *base, const fields_t *patch, mg_buf_t *out)
{
    size_t start = out->len;
    mg_buf_reserve(out, base->document.len + patch->document.len);
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

mg_status_t
mg_document_merge(mg_slice_t base, mg_slice_t patch, mg_buf_t *out)
{
    fields_t before = {.document = base};
    fields_t changes = {.document = patch};
    mg_status_t status = MG_OK;
    if (s_count(patch) > LOOKED_THROUGH_MAX && !(s_sort(&before) && s_sort(&changes))) {
        status = MG_ERR_NO_MEMORY;
    }
    if (status == MG_OK) {
        status = s_append_fields(&before, &changes, out);
    }
    free(before.sorted);
    free(changes.sorted);
    return status;
}
