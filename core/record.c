/* Both directions walk one table per kind: the fields of the message, in number order, each with its form and its place
 * in mg_record_t. Canonical is then nothing but "each field at most once, in this order, never with its default". */
#include "core/record.h"

#include "core/wire.h"

#include <string.h>

enum {
    WIRE_VARINT = 0,
    WIRE_FIXED = 1,
    WIRE_LEN = 2,
    TAG_SHIFT = 3,
    TAG_MASK = 7,
    PATH_TAG = 2 << TAG_SHIFT | WIRE_LEN
};

typedef enum form { FORM_BYTES, FORM_U64, FORM_U32, FORM_BOOL, FORM_FIXED, FORM_REPEATED } form_t;

struct field {
    uint8_t number;
    uint8_t form; /* form_t */
    uint16_t member;
};

enum { FIELDS_MAX = 4 };

/* A message; an unused row has number 0. */
struct shape {
    struct field fields[FIELDS_MAX];
};

static const struct shape s_shapes[] = {
    [MG_RECORD_STATE] = {{{1, FORM_BYTES, offsetof(mg_record_t, u.state.store_id)},
                          {2, FORM_U64, offsetof(mg_record_t, u.state.version)},
                          {3, FORM_FIXED, offsetof(mg_record_t, u.state.snapshot_ns)},
                          {4, FORM_U32, offsetof(mg_record_t, u.state.collections)}}},
    [MG_RECORD_META] = {{{1, FORM_BYTES, offsetof(mg_record_t, u.meta.key)},
                         {2, FORM_BYTES, offsetof(mg_record_t, u.meta.value)}}},
    [MG_RECORD_COLLECTION] = {{{1, FORM_BYTES, offsetof(mg_record_t, u.collection.name)},
                               {2, FORM_U64, offsetof(mg_record_t, u.collection.count_hint)}}},
    [MG_RECORD_INDEX] = {{{1, FORM_BYTES, offsetof(mg_record_t, u.index.name)},
                          {2, FORM_REPEATED, offsetof(mg_record_t, u.index.path)},
                          {3, FORM_BOOL, offsetof(mg_record_t, u.index.unique)}}},
    [MG_RECORD_DOCUMENT] = {{{1, FORM_BYTES, offsetof(mg_record_t, u.document.id)},
                             {2, FORM_BYTES, offsetof(mg_record_t, u.document.body)},
                             {3, FORM_FIXED, offsetof(mg_record_t, u.document.expires_ns)},
                             {4, FORM_U64, offsetof(mg_record_t, u.document.rev)}}},
    [MG_RECORD_COLLECTION_END] = {{{1, FORM_U64, offsetof(mg_record_t, u.collection_end.count)}}},
    [MG_RECORD_END] = {{{1, FORM_U64, offsetof(mg_record_t, u.end.records)},
                        {2, FORM_U64, offsetof(mg_record_t, u.end.documents)}}},
};

enum { SHAPES = sizeof s_shapes / sizeof s_shapes[0] };

static const struct shape *
s_shape_of(uint64_t kind)
{
    return kind < SHAPES && s_shapes[kind].fields[0].number ? &s_shapes[kind] : NULL;
}

/* ---- encoding ---- */

static mg_slice_t
s_load_slice(const void *member)
{
    mg_slice_t value;
    memcpy(&value, member, sizeof value);
    return value;
}

static uint64_t
s_load_integer(const void *member, uint8_t form)
{
    uint64_t u64 = 0;
    uint32_t u32 = 0;
    bool flag = false;
    switch (form) {
    case FORM_U32:
        memcpy(&u32, member, sizeof u32);
        return u32;
    case FORM_BOOL:
        memcpy(&flag, member, sizeof flag);
        return flag ? 1 : 0;
    default:
        memcpy(&u64, member, sizeof u64);
        return u64;
    }
}

static size_t
s_field_size(const struct field *field, const void *member)
{
    if (field->form == FORM_BYTES || field->form == FORM_REPEATED) {
        size_t len = s_load_slice(member).len;
        bool bare =
            len == 0 || field->form == FORM_REPEATED; /* repeated fields carry their own tags */
        return bare ? len : 1 + mg_wire_varint_size(len) + len;
    }
    uint64_t value = s_load_integer(member, field->form);
    if (value == 0) {
        return 0;
    }
    return field->form == FORM_FIXED ? 1 + MG_WIRE_FIXED64 : 1 + mg_wire_varint_size(value);
}

static uint8_t *
s_put_bytes(const struct field *field, mg_slice_t value, uint8_t *at)
{
    if (value.len == 0) {
        return at;
    }
    if (field->form == FORM_BYTES) {
        *at++ = (uint8_t)(field->number << TAG_SHIFT | WIRE_LEN);
        at += mg_wire_put_varint(at, value.len);
    }
    memcpy(at, value.data, value.len);
    return at + value.len;
}

static uint8_t *
s_put_field(const struct field *field, const void *member, uint8_t *at)
{
    if (field->form == FORM_BYTES || field->form == FORM_REPEATED) {
        return s_put_bytes(field, s_load_slice(member), at);
    }
    uint64_t value = s_load_integer(member, field->form);
    if (value == 0) {
        return at;
    }
    if (field->form == FORM_FIXED) {
        *at++ = (uint8_t)(field->number << TAG_SHIFT | WIRE_FIXED);
        mg_wire_put_fixed64(at, value);
        return at + MG_WIRE_FIXED64;
    }
    *at++ = (uint8_t)(field->number << TAG_SHIFT | WIRE_VARINT);
    return at + mg_wire_put_varint(at, value);
}

void
mg_record_encode(const mg_record_t *record, mg_buf_t *out)
{
    const struct shape *shape = s_shape_of(record->kind);
    const uint8_t *base = (const uint8_t *)record;
    size_t inner = 0;
    for (size_t i = 0; i < FIELDS_MAX && shape->fields[i].number; i++) {
        inner += s_field_size(&shape->fields[i], base + shape->fields[i].member);
    }
    size_t whole = 1 + mg_wire_varint_size(inner) + inner;
    uint8_t *at = mg_buf_extend(out, mg_wire_varint_size(whole) + whole);
    if (!at) {
        return;
    }
    at += mg_wire_put_varint(at, whole);
    *at++ = (uint8_t)(record->kind << TAG_SHIFT | WIRE_LEN);
    at += mg_wire_put_varint(at, inner);
    for (size_t i = 0; i < FIELDS_MAX && shape->fields[i].number; i++) {
        at = s_put_field(&shape->fields[i], base + shape->fields[i].member, at);
    }
}

void
mg_record_path_put(mg_buf_t *path, mg_slice_t component)
{
    uint8_t prefix[1 + MG_WIRE_VARINT_MAX] = {PATH_TAG};
    mg_buf_append(path, prefix, 1 + mg_wire_put_varint(prefix + 1, component.len));
    mg_buf_append_slice(path, component);
}

/* ---- decoding: each s_take moves `rest` on, or says false for bytes that are not canonical ---- */

static void
s_advance(mg_slice_t *rest, size_t len)
{
    *rest = mg_slice(rest->data + len, rest->len - len);
}

static bool
s_take_varint(mg_slice_t *rest, uint64_t *out)
{
    size_t used = mg_wire_get_varint(*rest, out);
    s_advance(rest, used);
    return used != 0;
}

static bool
s_take_bytes(mg_slice_t *rest, mg_slice_t *out)
{
    uint64_t len = 0;
    if (!s_take_varint(rest, &len) || len > rest->len) {
        return false;
    }
    *out = mg_slice(rest->data, (size_t)len);
    s_advance(rest, (size_t)len);
    return true;
}

bool
mg_record_path_next(mg_slice_t *path, mg_slice_t *out)
{
    if (path->len == 0 || path->data[0] != PATH_TAG) {
        return false;
    }
    s_advance(path, 1);
    return s_take_bytes(path, out);
}

static bool
s_take_repeated(mg_slice_t *rest, uint8_t tag, void *member)
{
    mg_slice_t start = *rest;
    mg_slice_t ignored;
    while (rest->len && rest->data[0] == tag) {
        s_advance(rest, 1);
        if (!s_take_bytes(rest, &ignored)) {
            return false;
        }
    }
    mg_slice_t run = mg_slice(start.data, start.len - rest->len);
    memcpy(member, &run, sizeof run);
    return true;
}

static bool
s_take_slice(mg_slice_t *rest, void *member)
{
    mg_slice_t value;
    if (!s_take_bytes(rest, &value) || value.len == 0) { /* a default may not be written out */
        return false;
    }
    memcpy(member, &value, sizeof value);
    return true;
}

static bool
s_take_fixed(mg_slice_t *rest, void *member)
{
    uint64_t value = rest->len >= MG_WIRE_FIXED64 ? mg_wire_get_fixed64(rest->data) : 0;
    if (value == 0) {
        return false;
    }
    memcpy(member, &value, sizeof value);
    s_advance(rest, MG_WIRE_FIXED64);
    return true;
}

static bool
s_take_integer(mg_slice_t *rest, uint8_t form, void *member)
{
    uint64_t value = 0;
    if (!s_take_varint(rest, &value) || value == 0) {
        return false;
    }
    if (form == FORM_U64) {
        memcpy(member, &value, sizeof value);
        return true;
    }
    uint32_t narrow = (uint32_t)value;
    bool flag = true;
    if (form == FORM_BOOL) {
        memcpy(member, &flag, sizeof flag);
        return value == 1;
    }
    memcpy(member, &narrow, sizeof narrow);
    return value <= UINT32_MAX;
}

static uint8_t
s_tag_of(const struct field *field)
{
    static const uint8_t types[] = {
        [FORM_BYTES] = WIRE_LEN,   [FORM_U64] = WIRE_VARINT,  [FORM_U32] = WIRE_VARINT,
        [FORM_BOOL] = WIRE_VARINT, [FORM_FIXED] = WIRE_FIXED, [FORM_REPEATED] = WIRE_LEN};
    return (uint8_t)(field->number << TAG_SHIFT | types[field->form]);
}

static bool
s_take_field(mg_slice_t *rest, const struct field *field, void *member)
{
    if (rest->len == 0 || rest->data[0] != s_tag_of(field)) {
        return true; /* absent: the record starts with defaults */
    }
    switch ((form_t)field->form) {
    case FORM_REPEATED:
        return s_take_repeated(rest, s_tag_of(field), member);
    case FORM_BYTES:
        s_advance(rest, 1);
        return s_take_slice(rest, member);
    case FORM_FIXED:
        s_advance(rest, 1);
        return s_take_fixed(rest, member);
    case FORM_U64:
    case FORM_U32:
    case FORM_BOOL:
        break;
    }
    s_advance(rest, 1);
    return s_take_integer(rest, field->form, member);
}

static bool
s_decode_fields(mg_slice_t inner, const struct shape *shape, mg_record_t *record)
{
    uint8_t *base = (uint8_t *)record;
    for (size_t i = 0; i < FIELDS_MAX && shape->fields[i].number; i++) {
        if (!s_take_field(&inner, &shape->fields[i], base + shape->fields[i].member)) {
            return false;
        }
    }
    return inner.len == 0; /* what is left is unknown, repeated or out of order */
}

mg_outcome_t
mg_record_length(mg_slice_t bytes, size_t *out_used, uint32_t *out_len, mg_verdict_t *why)
{
    static const uint8_t more = 0x80;
    size_t len = 0;
    while (len < bytes.len && len < MG_RECORD_PREFIX_MAX && (bytes.data[len] & more)) {
        len++;
    }
    if (len == bytes.len && len < MG_RECORD_PREFIX_MAX) {
        *out_used = 0;
        return MG_OUTCOME_OK;
    }
    uint64_t value = 0;
    size_t used = len < MG_RECORD_PREFIX_MAX ? mg_wire_get_varint(bytes, &value) : 0;
    if (used == 0 || value == 0 || value > MG_RECORD_BYTES_MAX) {
        return mg_verdict_fail(why, MG_OUTCOME_PAYLOAD_INVALID,
                               "the length of a record is impossible");
    }
    *out_used = used;
    *out_len = (uint32_t)value;
    return MG_OUTCOME_OK;
}

mg_outcome_t
mg_record_decode(mg_slice_t bytes, mg_record_t *out, mg_verdict_t *why)
{
    uint64_t tag = 0;
    mg_slice_t inner;
    if (!s_take_varint(&bytes, &tag) || (tag & TAG_MASK) != WIRE_LEN || tag > UINT32_MAX ||
        !s_take_bytes(&bytes, &inner) || bytes.len != 0) {
        return mg_verdict_fail(why, MG_OUTCOME_PAYLOAD_INVALID,
                               "a record is not one message in canonical form");
    }
    mg_record_t record = {.kind = (uint32_t)tag >> TAG_SHIFT};
    const struct shape *shape = s_shape_of(record.kind);
    if (record.kind == 0) {
        return mg_verdict_fail(why, MG_OUTCOME_PAYLOAD_INVALID, "a record has no kind");
    }
    if (!shape && record.kind < MG_RECORD_SKIPPABLE) {
        return mg_verdict_fail(why, MG_OUTCOME_UNSUPPORTED,
                               "the payload has records of kind %u, of a newer version",
                               record.kind);
    }
    if (shape && !s_decode_fields(inner, shape, &record)) {
        return mg_verdict_fail(why, MG_OUTCOME_PAYLOAD_INVALID,
                               "a record of kind %u is not in canonical form", record.kind);
    }
    *out = record;
    return MG_OUTCOME_OK;
}
