/* bsonwalk - the elements of a BSON document in turn, in place, without a copy.
 *
 * Owns     : nothing; all slices point into the document.
 * Takes    : any bytes: no step leaves the document. What mg_bson_check has accepted is walked to its end.
 * Fails    : the walk stops and `broken` is set where a length or a type makes no sense.
 * Not here : rules for stored BSON (core/bsoncheck.h); libbson's own iterator, which decodes each value and is several times slower.
 * Source   : bsonspec.org, version 1.1.
 */
#ifndef MG_CORE_BSONWALK_H
#define MG_CORE_BSONWALK_H

#include "core/buf.h"

/* How far a value reaches: this many bytes, or one of the shapes that carry their own length. */
typedef enum mg_bson_shape {
    MG_BSON_REFUSED = 0, /* a type that is not stored */
    MG_BSON_STRING = -1, /* int32 length with the NUL, text, NUL */
    MG_BSON_NESTED = -2, /* document or array: int32 length of all of it */
    MG_BSON_BINARY = -3, /* int32 length, subtype, bytes */
    MG_BSON_EMPTY = -4,
    MG_BSON_BOOL = -5, /* one byte, 0 or 1 */
} mg_bson_shape_t;

/* One of the above, or the number of bytes. */
int mg_bson_shape(uint8_t type);

typedef struct mg_bsonwalk {
    const uint8_t *at;
    const uint8_t *end; /* the closing NUL */
    bool broken;
} mg_bsonwalk_t;

typedef struct mg_bsonelement {
    uint8_t type; /* a bson_type_t */
    mg_slice_t key;
    mg_slice_t value; /* as stored, its own length included */
} mg_bsonelement_t;

/* Before the first element. A document whose length is wrong is broken from the start. */
mg_bsonwalk_t mg_bsonwalk_begin(mg_slice_t document);
/* The next element; false at the end, and where it is broken. */
bool mg_bsonwalk_next(mg_bsonwalk_t *self, mg_bsonelement_t *out);

/* Type, key and value as they stand in the document: what a copy of the element is. */
mg_slice_t mg_bsonelement_bytes(const mg_bsonelement_t *self);
/* The characters of a string value. */
mg_slice_t mg_bsonelement_text(const mg_bsonelement_t *self);

/* BSON's integers are little-endian. */
static inline uint32_t
mg_bson_u32(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static inline void
mg_bson_put_u32(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
    at[2] = (uint8_t)(value >> 16);
    at[3] = (uint8_t)(value >> 24);
}

static inline uint64_t
mg_bson_u64(const uint8_t *at)
{
    return (uint64_t)mg_bson_u32(at) | (uint64_t)mg_bson_u32(at + 4) << 32;
}

#endif
