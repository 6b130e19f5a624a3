#include "gateway/percent.h"

#include "core/ascii.h"
#include "gateway/text.h"

#include <bson/bson.h>

#include <string.h>

static int
s_hex(uint8_t digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    digit |= 0x20;
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

/* The byte that begins at `*at`, which moves behind it; -1: a bad escape. */
static int
s_next_byte(mg_slice_t text, size_t *at, bool plus_is_space)
{
    uint8_t byte = text.data[*at];
    *at += 1;
    if (byte == '+' && plus_is_space) {
        return ' ';
    }
    if (byte != '%') {
        return byte;
    }
    if (text.len - *at < 2) {
        return -1;
    }
    int high = s_hex(text.data[*at]);
    int low = s_hex(text.data[*at + 1]);
    *at += 2;
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

/* Where the bytes from `at` on that stand for themselves end. */
static size_t
s_plain_end(mg_slice_t text, size_t at, bool plus_is_space)
{
    while (at < text.len && text.data[at] != '%' && !mg_text_is_control(text.data[at]) &&
           !(plus_is_space && text.data[at] == '+')) {
        at++;
    }
    return at;
}

static bool
s_is_utf8(mg_slice_t text)
{
    return mg_ascii_printable(text, 0) == text.len ||
           bson_utf8_validate((const char *)text.data, text.len, false);
}

mg_status_t
mg_percent_decode(mg_slice_t text, bool plus_is_space, mg_buf_t *out)
{
    size_t start = out->len;
    size_t at = 0;
    while (at < text.len) {
        size_t plain_end = s_plain_end(text, at, plus_is_space);
        if (plain_end > at) {
            mg_buf_append(out, text.data + at, plain_end - at);
            at = plain_end;
            continue;
        }
        int byte = s_next_byte(text, &at, plus_is_space);
        if (byte < 0 || mg_text_is_control((uint8_t)byte)) {
            return MG_ERR_INVALID;
        }
        mg_buf_append_byte(out, (uint8_t)byte);
    }
    if (!mg_buf_ok(out)) {
        return MG_ERR_NO_MEMORY;
    }
    size_t len = out->len - start;
    bool valid = len == 0 || s_is_utf8(mg_slice(out->data + start, len));
    return valid ? MG_OK : MG_ERR_INVALID;
}

/* One `name=value` or `name`. */
static mg_status_t
s_read_pair(mg_slice_t pair, mg_query_t *out)
{
    if (out->count == MG_QUERY_MAX) {
        return MG_ERR_TOO_BIG;
    }
    const uint8_t *equals = memchr(pair.data, '=', pair.len);
    size_t name_len = equals ? (size_t)(equals - pair.data) : pair.len;
    size_t value_at = equals ? name_len + 1 : pair.len;
    size_t start = out->text.len;
    mg_status_t status = mg_percent_decode(mg_slice(pair.data, name_len), true, &out->text);
    if (status != MG_OK) {
        return status;
    }
    size_t middle = out->text.len;
    mg_slice_t value = mg_slice(pair.data + value_at, pair.len - value_at);
    status = mg_percent_decode(value, true, &out->text);
    if (status != MG_OK) {
        return status;
    }
    out->name_len[out->count] = (uint32_t)(middle - start);
    out->value_len[out->count] = (uint32_t)(out->text.len - middle);
    out->count++;
    return MG_OK;
}

mg_status_t
mg_query_read(mg_slice_t text, mg_query_t *out)
{
    size_t at = 0;
    while (at < text.len) {
        const uint8_t *ampersand = memchr(text.data + at, '&', text.len - at);
        size_t end = ampersand ? (size_t)(ampersand - text.data) : text.len;
        mg_status_t status =
            end > at ? s_read_pair(mg_slice(text.data + at, end - at), out) : MG_OK;
        if (status != MG_OK) {
            return status;
        }
        at = end + 1;
    }
    return MG_OK;
}

mg_slice_t
mg_query_get(const mg_query_t *self, const char *name)
{
    mg_slice_t found = {0};
    mg_slice_t wanted = mg_slice_text(name);
    const uint8_t *at = self->text.data;
    for (size_t i = 0; i < self->count; i++) {
        if (mg_slice_equal(mg_slice(at, self->name_len[i]), wanted)) {
            found = mg_slice(at + self->name_len[i], self->value_len[i]);
        }
        at += self->name_len[i] + self->value_len[i];
    }
    return found;
}

void
mg_query_free(mg_query_t *self)
{
    mg_buf_free(&self->text);
    self->count = 0;
}
