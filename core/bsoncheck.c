#include "core/bsoncheck.h"

#include "core/bsonwalk.h"
#include "core/utf8.h"

#include <string.h>

enum {
    SUBTYPE_OLD_BINARY = 0x02,
    LEN_SIZE = 4,
    DOCUMENT_MIN = 5, /* length and the closing NUL */
};

/* The walk: where it is, and the ends of all documents around it. */
struct scan {
    mg_slice_t bson;
    mg_bson_keys_t keys;
    size_t at;
    size_t ends[MG_BSON_DEPTH_MAX]; /* offset just behind each open document */
    size_t depth;                   /* how many are open */
    const char *why;
};

static bool
s_refuse(struct scan *scan, const char *why)
{
    scan->why = why;
    return false;
}

/* Bytes left in the innermost document, its closing NUL included. */
static size_t
s_left(const struct scan *scan)
{
    return scan->ends[scan->depth - 1] - scan->at;
}

static uint32_t
s_read_len(const struct scan *scan)
{
    return mg_bson_u32(scan->bson.data + scan->at);
}

/* Opens the document at `at`, which has `room` bytes at most. */
static bool
s_open(struct scan *scan, size_t room)
{
    if (scan->depth == MG_BSON_DEPTH_MAX) {
        return s_refuse(scan, "it is nested deeper than 64 levels");
    }
    if (room < DOCUMENT_MIN) {
        return s_refuse(scan, "a document in it is cut short");
    }
    uint32_t len = s_read_len(scan);
    if (len < DOCUMENT_MIN || len > room || scan->bson.data[scan->at + len - 1] != 0) {
        return s_refuse(scan, "the length of a document in it is wrong");
    }
    scan->ends[scan->depth++] = scan->at + len;
    scan->at += LEN_SIZE;
    return true;
}

static bool
s_skip(struct scan *scan, size_t len)
{
    if (len >= s_left(scan)) { /* the closing NUL must remain */
        return s_refuse(scan, "a value in it is cut short");
    }
    scan->at += len;
    return true;
}

static bool
s_string(struct scan *scan)
{
    uint32_t len = s_left(scan) > LEN_SIZE ? s_read_len(scan) : 0;
    if (len == 0 || len >= s_left(scan) - LEN_SIZE) {
        return s_refuse(scan, "the length of a string in it is wrong");
    }
    const uint8_t *text = scan->bson.data + scan->at + LEN_SIZE;
    if (text[len - 1] != 0) {
        return s_refuse(scan, "a string in it has no end");
    }
    if (!mg_utf8_valid(mg_slice(text, len - 1))) {
        return s_refuse(scan, "a string in it is not valid UTF-8");
    }
    scan->at += LEN_SIZE + len;
    return true;
}

static bool
s_binary(struct scan *scan)
{
    enum { PREFIX = LEN_SIZE + 1 };
    if (s_left(scan) <= PREFIX || s_read_len(scan) >= s_left(scan) - PREFIX) {
        return s_refuse(scan, "the length of a binary value in it is wrong");
    }
    if (scan->bson.data[scan->at + LEN_SIZE] == SUBTYPE_OLD_BINARY) {
        return s_refuse(scan, "it holds a binary value of the old subtype 2");
    }
    scan->at += PREFIX + s_read_len(scan);
    return true;
}

static bool
s_bool(struct scan *scan)
{
    if (s_left(scan) > 1 && scan->bson.data[scan->at] > 1) {
        return s_refuse(scan, "a boolean in it is neither 0 nor 1");
    }
    return s_skip(scan, 1);
}

static bool
s_key_good(struct scan *scan, mg_slice_t key)
{
    if (!mg_utf8_valid(key)) {
        return s_refuse(scan, "a key in it is not valid UTF-8");
    }
    if (scan->depth > 1 || scan->keys == MG_BSON_KEYS_ANY) {
        return true;
    }
    if (key.len == 0 || key.data[0] == '$' || memchr(key.data, '.', key.len)) {
        return s_refuse(scan, "a key at its top level is empty, begins with '$' or contains '.'");
    }
    return true;
}

static bool
s_value(struct scan *scan, uint8_t type)
{
    int shape = mg_bson_shape(type);
    switch (shape) {
    case MG_BSON_REFUSED:
        return s_refuse(scan, "it holds a value of a type that is not stored");
    case MG_BSON_STRING:
        return s_string(scan);
    case MG_BSON_NESTED:
        return s_open(scan, s_left(scan) - 1);
    case MG_BSON_BINARY:
        return s_binary(scan);
    case MG_BSON_BOOL:
        return s_bool(scan);
    case MG_BSON_EMPTY:
        return true;
    default:
        return s_skip(scan, (size_t)shape);
    }
}

/* One element, or the end of the innermost document. */
static bool
s_step(struct scan *scan)
{
    uint8_t type = scan->bson.data[scan->at];
    if (type == 0) {
        if (s_left(scan) != 1) {
            return s_refuse(scan, "a document in it ends early");
        }
        scan->at = scan->ends[--scan->depth];
        return true;
    }
    scan->at++;
    const uint8_t *key = scan->bson.data + scan->at;
    size_t left = s_left(scan);
    const uint8_t *nul = left ? memchr(key, 0, left) : NULL;
    if (!nul || (size_t)(nul - key) + 1 >= left) {
        return s_refuse(scan, "a key in it has no end");
    }
    scan->at += (size_t)(nul - key) + 1;
    return s_key_good(scan, mg_slice(key, (size_t)(nul - key))) && s_value(scan, type);
}

static bool
s_scan(struct scan *scan)
{
    if (!s_open(scan, scan->bson.len)) {
        return false;
    }
    if (scan->ends[0] != scan->bson.len) {
        return s_refuse(scan, "there are bytes behind the document");
    }
    while (scan->depth > 0) {
        if (!s_step(scan)) {
            return false;
        }
    }
    return true;
}

mg_status_t
mg_bson_check(mg_slice_t bson, mg_bson_keys_t keys, const char **out_why)
{
    struct scan scan = {.bson = bson, .keys = keys};
    mg_status_t status = MG_OK;
    if (bson.len > MG_BSON_BYTES_MAX) {
        scan.why = "it is larger than 16 MiB";
        status = MG_ERR_TOO_BIG;
    } else if (!s_scan(&scan)) {
        status = MG_ERR_INVALID;
    }
    if (status != MG_OK && out_why) {
        *out_why = scan.why;
    }
    return status;
}
