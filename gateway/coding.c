#include "gateway/coding.h"

#include "gateway/text.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* --- Accept-Encoding --- */

/* The part of `*rest` before `divider`, trimmed; `*rest` moves behind it. */
static mg_slice_t
s_take(mg_slice_t *rest, uint8_t divider)
{
    const uint8_t *end = rest->len ? memchr(rest->data, divider, rest->len) : NULL;
    mg_slice_t part = *rest;
    *rest = (mg_slice_t){0};
    if (end) {
        size_t len = (size_t)(end - part.data);
        *rest = mg_slice(end + 1, part.len - len - 1);
        part.len = len;
    }
    return mg_text_trim(part);
}

/* `q=0`, `q=0.0`, ... is a refusal; anything else, even what is not well formed, is none. */
static bool
s_is_refused(mg_slice_t parameters)
{
    mg_slice_t value = mg_text_trim(parameters);
    if (value.len < 3 || (value.data[0] | 0x20) != 'q' || value.data[1] != '=') {
        return false;
    }
    for (size_t i = 2; i < value.len; i++) {
        if (value.data[i] != '0' && value.data[i] != '.') {
            return false;
        }
    }
    return true;
}

bool
mg_coding_takes_gzip(mg_slice_t accept_encoding)
{
    bool any = false;
    mg_slice_t rest = accept_encoding;
    while (rest.data) {
        mg_slice_t element = s_take(&rest, ',');
        mg_slice_t name = s_take(&element, ';');
        bool takes = !s_is_refused(element);
        if (mg_text_same(name, "gzip") || mg_text_same(name, "x-gzip")) {
            return takes;
        }
        any = any || (mg_text_same(name, "*") && takes);
    }
    return any;
}

/* --- gzip --- */

struct mg_gzip {
    z_stream stream;
};

mg_gzip_t *
mg_gzip_new(int level)
{
    enum { WINDOW_BITS = 15, GZIP = 16, MEMORY = 8 };
    mg_gzip_t *self = calloc(1, sizeof *self);
    if (self && deflateInit2(&self->stream, level, Z_DEFLATED, WINDOW_BITS + GZIP, MEMORY,
                             Z_DEFAULT_STRATEGY) != Z_OK) {
        free(self);
        self = NULL;
    }
    return self;
}

void
mg_gzip_destroy(mg_gzip_t **self_p)
{
    if (*self_p) {
        (void)deflateEnd(&(*self_p)->stream);
        free(*self_p);
        *self_p = NULL;
    }
}

mg_status_t
mg_gzip_pack(mg_gzip_t *self, mg_slice_t bytes, mg_buf_t *out)
{
    if (bytes.len > UINT_MAX || deflateReset(&self->stream) != Z_OK) {
        return MG_ERR_NO_MEMORY;
    }
    size_t room = deflateBound(&self->stream, bytes.len);
    uint8_t *to = mg_buf_extend(out, room);
    if (!to || room > UINT_MAX) {
        return MG_ERR_NO_MEMORY;
    }
    self->stream.next_in = (z_const Bytef *)bytes.data;
    self->stream.avail_in = (uInt)bytes.len;
    self->stream.next_out = to;
    self->stream.avail_out = (uInt)room;
    int ended = deflate(&self->stream, Z_FINISH);
    out->len -= self->stream.avail_out;
    return ended == Z_STREAM_END ? MG_OK : MG_ERR_NO_MEMORY;
}
