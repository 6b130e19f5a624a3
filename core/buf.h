/* buf - bytes: a borrowed slice, and a growable buffer with one sticky failure.
 *
 * Owns     : a buffer owns its bytes; a slice owns nothing.
 * Fails    : appends never return a status. The first one that finds no memory sets `failed`, later ones do
 *            nothing; whoever built the buffer asks mg_buf_ok once, at the end.
 * Not here : JSON (core/json.h), BSON (core/document.h).
 */
#ifndef MG_CORE_BUF_H
#define MG_CORE_BUF_H

#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Borrowed bytes; `data` may be NULL when `len` is 0. */
typedef struct mg_slice {
    const uint8_t *data;
    size_t len;
} mg_slice_t;

/* Start from zero: `mg_buf_t out = {0};`. */
typedef struct mg_buf {
    uint8_t *data;
    size_t len;
    size_t cap;
    bool failed;
} mg_buf_t;

mg_slice_t mg_slice(const void *data, size_t len);
/* Bytes of a C string without its NUL; NULL gives an empty slice. */
mg_slice_t mg_slice_text(const char *text);
/* At most `len` bytes of its end. */
mg_slice_t mg_slice_last(mg_slice_t bytes, size_t len);
bool mg_slice_equal(mg_slice_t a, mg_slice_t b);
/* Bytewise order, the shorter first: <0, 0, >0. */
int mg_slice_compare(mg_slice_t a, mg_slice_t b);

/* Frees the bytes and zeroes the struct; NULL-safe. */
void mg_buf_free(mg_buf_t *self);
/* The same, but overwrites the bytes first: for secrets. (What a growing buffer left behind is not reached.) */
void mg_buf_wipe(mg_buf_t *self);
/* Forgets the content and the failure, keeps the room. */
void mg_buf_clear(mg_buf_t *self);
/* False once an append found no memory. */
bool mg_buf_ok(const mg_buf_t *self);
mg_slice_t mg_buf_slice(const mg_buf_t *self);

/* Makes room for `more` bytes at once, instead of step by step as they come. */
void mg_buf_reserve(mg_buf_t *self, size_t more);
/* Room for `len` more bytes at the end, counted as content at once; the caller fills it. NULL: no memory. */
uint8_t *mg_buf_extend(mg_buf_t *self, size_t len);
void mg_buf_append(mg_buf_t *self, const void *data, size_t len);
void mg_buf_append_slice(mg_buf_t *self, mg_slice_t bytes);
void mg_buf_append_text(mg_buf_t *self, const char *text);
void mg_buf_append_byte(mg_buf_t *self, uint8_t byte);
void mg_buf_append_format(mg_buf_t *self, const char *format, ...) MG_PRINTF(2, 3);
/* The content as a C string (a NUL is kept behind it, outside `len`); "" when the buffer failed. */
const char *mg_buf_text(mg_buf_t *self);

#endif
