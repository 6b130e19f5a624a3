#include "core/document.h"

#include "core/bsonwalk.h"
#include "core/entry.h"

#include <assert.h>
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

/* A field of a patch. */
typedef struct change {
    mg_bsonelement_t field;
    bool placed; /* it took the place of a field of the same name */
} change_t;

/* The fields of a patch. Many are sorted by name: looking through them for each field of a large document would hold the thread for
 * seconds. */
typedef struct changes {
    change_t few[LOOKED_THROUGH_MAX];
    change_t *list;    /* in their order: `few`, or allocated */
    change_t **sorted; /* by name; NULL: they are few */
    size_t count;
} changes_t;

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

/* By name; those of one name in their order. */
static int
s_compare_changes(const void *a, const void *b)
{
    const change_t *one = *(const change_t *const *)a;
    const change_t *other = *(const change_t *const *)b;
    int order = mg_slice_compare(one->field.key, other->field.key);
    return order ? order : (one > other) - (one < other);
}

/* False: no memory. */
static bool
s_sort(changes_t *self)
{
    assert(self->count > LOOKED_THROUGH_MAX);
    self->sorted = calloc(self->count, sizeof *self->sorted);
    for (size_t i = 0; self->sorted && i < self->count; i++) {
        self->sorted[i] = &self->list[i];
    }
    if (self->sorted) {
        qsort((void *)self->sorted, self->count, sizeof *self->sorted, s_compare_changes);
    }
    return self->sorted;
}

static mg_status_t
s_read_changes(mg_slice_t patch, changes_t *out)
{
    mg_bsonwalk_t walk = mg_bsonwalk_begin(patch);
    mg_bsonelement_t field;
    size_t count = s_count(patch);
    out->count = 0;
    out->sorted = NULL;
    out->list = count > LOOKED_THROUGH_MAX ? calloc(count, sizeof *out->list) : out->few;
    if (!out->list) {
        return MG_ERR_NO_MEMORY;
    }
    while (mg_bsonwalk_next(&walk, &field)) {
        out->list[out->count++] = (change_t){.field = field};
    }
    if (walk.broken) {
        return MG_ERR_INVALID;
    }
    return count <= LOOKED_THROUGH_MAX || s_sort(out) ? MG_OK : MG_ERR_NO_MEMORY;
}

static void
s_free_changes(changes_t *self)
{
    if (self->list != self->few) {
        free(self->list);
    }
    free((void *)self->sorted);
}

/* Index of the first one, by name, that does not come before it. */
static size_t
s_search(const changes_t *self, mg_slice_t name)
{
    size_t first = 0; /* all before come before `name`, all from `end` on do not */
    size_t end = self->count;
    while (first < end) {
        size_t middle = first + (end - first) / 2;
        if (mg_slice_compare(self->sorted[middle]->field.key, name) < 0) {
            first = middle + 1;
        } else {
            end = middle;
        }
    }
    return first;
}

/* The first change of this name, all of which are now placed; NULL: there is none. */
static const change_t *
s_place(changes_t *self, mg_slice_t name)
{
    const change_t *found = NULL;
    for (size_t i = self->sorted ? s_search(self, name) : 0; i < self->count; i++) {
        change_t *change = self->sorted ? self->sorted[i] : &self->list[i];
        if (mg_slice_equal(change->field.key, name)) {
            change->placed = true;
            found = found ? found : change;
        } else if (self->sorted) {
            break;
        }
    }
    return found;
}

/* The fields of `base`, each as the patch has it, if it has. */
static bool
s_append_old_fields(mg_slice_t base, changes_t *changes, mg_buf_t *out)
{
    mg_bsonwalk_t walk = mg_bsonwalk_begin(base);
    mg_bsonelement_t field;
    while (mg_bsonwalk_next(&walk, &field)) {
        const change_t *newer = s_place(changes, field.key);
        mg_buf_append_slice(out, mg_bsonelement_bytes(newer ? &newer->field : &field));
    }
    return !walk.broken;
}

static void
s_append_new_fields(const changes_t *changes, mg_buf_t *out)
{
    for (size_t i = 0; i < changes->count; i++) {
        if (!changes->list[i].placed) {
            mg_buf_append_slice(out, mg_bsonelement_bytes(&changes->list[i].field));
        }
    }
}

static mg_status_t
s_append_fields(mg_slice_t base, changes_t *changes, mg_buf_t *out)
{
    size_t start = out->len;
    mg_buf_append(out, (const uint8_t[4]){0}, 4); /* the length, written at the end */
    if (!s_append_old_fields(base, changes, out)) {
        return MG_ERR_INVALID;
    }
    s_append_new_fields(changes, out);
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
    changes_t changes;
    mg_buf_reserve(out, base.len + patch.len);
    mg_status_t status = s_read_changes(patch, &changes);
    if (status == MG_OK) {
        status = s_append_fields(base, &changes, out);
    }
    s_free_changes(&changes);
    return status;
}
