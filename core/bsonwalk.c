#include "core/bsonwalk.h"

#include <bson/bson.h>

#include <string.h>

enum { LEN_SIZE = 4, DOCUMENT_MIN = 5 /* length and the closing NUL */, TYPE_COUNT = 0x14 };

static const signed char s_shapes[TYPE_COUNT] = {
    [BSON_TYPE_DOUBLE] = 8,
    [BSON_TYPE_UTF8] = MG_BSON_STRING,
    [BSON_TYPE_DOCUMENT] = MG_BSON_NESTED,
    [BSON_TYPE_ARRAY] = MG_BSON_NESTED,
    [BSON_TYPE_BINARY] = MG_BSON_BINARY,
    [BSON_TYPE_OID] = 12,
    [BSON_TYPE_BOOL] = MG_BSON_BOOL,
    [BSON_TYPE_DATE_TIME] = 8,
    [BSON_TYPE_NULL] = MG_BSON_EMPTY,
    [BSON_TYPE_INT32] = 4,
    [BSON_TYPE_INT64] = 8,
    [BSON_TYPE_DECIMAL128] = 16,
};

int
mg_bson_shape(uint8_t type)
{
    return type < TYPE_COUNT ? s_shapes[type] : MG_BSON_REFUSED;
}

mg_bsonwalk_t
mg_bsonwalk_begin(mg_slice_t document)
{
    mg_bsonwalk_t self = {.broken = true};
    if (document.len >= DOCUMENT_MIN && mg_bson_u32(document.data) == document.len &&
        document.data[document.len - 1] == 0) {
        self.at = document.data + LEN_SIZE;
        self.end = document.data + document.len - 1;
        self.broken = false;
    }
    return self;
}

/* How long the value at `at` is, of which at most `room` bytes may be read; more than that if it makes no sense. */
static size_t
s_value_len(uint8_t type, const uint8_t *at, size_t room)
{
    int shape = mg_bson_shape(type);
    uint64_t stated = shape < 0 && room >= LEN_SIZE ? mg_bson_u32(at) : SIZE_MAX / 2;
    switch (shape) {
    case MG_BSON_REFUSED:
        return SIZE_MAX;
    case MG_BSON_EMPTY:
        return 0;
    case MG_BSON_BOOL:
        return room > 0 && at[0] > 1 ? SIZE_MAX : 1;
    case MG_BSON_NESTED:
        return stated >= DOCUMENT_MIN ? stated : SIZE_MAX;
    case MG_BSON_STRING:
        return stated > 0 && LEN_SIZE + stated <= room && at[LEN_SIZE + stated - 1] == 0
                   ? LEN_SIZE + stated
                   : SIZE_MAX;
    case MG_BSON_BINARY:
        return LEN_SIZE + 1 + stated;
    default:
        return (size_t)shape;
    }
}

bool
mg_bsonwalk_next(mg_bsonwalk_t *self, mg_bsonelement_t *out)
{
    if (self->broken || self->at == self->end) {
        return false;
    }
    const uint8_t *key = self->at + 1;
    const uint8_t *nul = memchr(key, 0, (size_t)(self->end - key));
    const uint8_t *value = nul ? nul + 1 : self->end;
    size_t room = (size_t)(self->end - value);
    size_t len = nul ? s_value_len(self->at[0], value, room) : SIZE_MAX;
    if (len > room) {
        self->broken = true;
        return false;
    }
    *out = (mg_bsonelement_t){.type = self->at[0],
                              .key = mg_slice(key, (size_t)(nul - key)),
                              .value = mg_slice(value, len)};
    self->at = value + len;
    return true;
}

mg_slice_t
mg_bsonelement_bytes(const mg_bsonelement_t *self)
{
    const uint8_t *begin = self->key.data - 1;
    return mg_slice(begin, (size_t)(self->value.data + self->value.len - begin));
}

mg_slice_t
mg_bsonelement_text(const mg_bsonelement_t *self)
{
    return mg_slice(self->value.data + LEN_SIZE, self->value.len - LEN_SIZE - 1);
}
