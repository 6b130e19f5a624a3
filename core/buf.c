#include "core/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CAP_MIN = 64 };

mg_slice_t
mg_slice(const void *data, size_t len)
{
    return (mg_slice_t){.data = data, .len = len};
}

mg_slice_t
mg_slice_text(const char *text)
{
    return mg_slice(text, text ? strlen(text) : 0);
}

mg_slice_t
mg_slice_last(mg_slice_t bytes, size_t len)
{
    return bytes.len > len ? mg_slice(bytes.data + bytes.len - len, len) : bytes;
}

bool
mg_slice_equal(mg_slice_t a, mg_slice_t b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

int
mg_slice_compare(mg_slice_t a, mg_slice_t b)
{
    size_t shorter = a.len < b.len ? a.len : b.len;
    int order = shorter ? memcmp(a.data, b.data, shorter) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

void
mg_buf_free(mg_buf_t *self)
{
    if (self) {
        free(self->data);
        *self = (mg_buf_t){0};
    }
}

void
mg_buf_wipe(mg_buf_t *self)
{
    if (self->data) {
        explicit_bzero(self->data, self->cap);
    }
    mg_buf_free(self);
}

void
mg_buf_clear(mg_buf_t *self)
{
    self->len = 0;
    self->failed = false;
}

bool
mg_buf_ok(const mg_buf_t *self)
{
    return !self->failed;
}

mg_slice_t
mg_buf_slice(const mg_buf_t *self)
{
    return mg_slice(self->data, self->len);
}

static bool
s_reserve(mg_buf_t *self, size_t more)
{
    if (self->failed || more > SIZE_MAX / 2 - self->len) {
        self->failed = true;
        return false;
    }
    size_t needed = self->len + more;
    if (needed <= self->cap) {
        return true;
    }
    size_t cap = self->cap ? self->cap : CAP_MIN;
    while (cap < needed) {
        cap *= 2;
    }
    uint8_t *data = realloc(self->data, cap);
    if (!data) {
        self->failed = true;
        return false;
    }
    self->data = data;
    self->cap = cap;
    return true;
}

void
mg_buf_reserve(mg_buf_t *self, size_t more)
{
    (void)s_reserve(self, more);
}

uint8_t *
mg_buf_extend(mg_buf_t *self, size_t len)
{
    if (!s_reserve(self, len)) {
        return NULL;
    }
    uint8_t *at = self->data + self->len;
    self->len += len;
    return at;
}

void
mg_buf_append(mg_buf_t *self, const void *data, size_t len)
{
    uint8_t *at = len ? mg_buf_extend(self, len) : NULL;
    if (at) {
        memcpy(at, data, len);
    }
}

void
mg_buf_append_slice(mg_buf_t *self, mg_slice_t bytes)
{
    mg_buf_append(self, bytes.data, bytes.len);
}

void
mg_buf_append_text(mg_buf_t *self, const char *text)
{
    mg_buf_append_slice(self, mg_slice_text(text));
}

void
mg_buf_append_byte(mg_buf_t *self, uint8_t byte)
{
    mg_buf_append(self, &byte, 1);
}

void
mg_buf_append_format(mg_buf_t *self, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len < 0 || !s_reserve(self, (size_t)len + 1)) {
        self->failed = true;
        return;
    }
    va_start(args, format);
    (void)vsnprintf((char *)self->data + self->len, (size_t)len + 1, format, args);
    va_end(args);
    self->len += (size_t)len;
}

const char *
mg_buf_text(mg_buf_t *self)
{
    if (!s_reserve(self, 1)) {
        return "";
    }
    self->data[self->len] = 0;
    return (const char *)self->data;
}
