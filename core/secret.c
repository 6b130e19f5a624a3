#include "core/secret.h"

#include "core/utf8.h"

#include <sodium.h>

#include <stdlib.h>
#include <string.h>

enum { HEX_DIGITS = 64, BASE64_CHARS = 44 };

struct mg_secret {
    mg_kdf_t kdf;
    size_t written_len;
    size_t raw_at; /* offset of the 32 raw bytes in `page`; raw forms only */
    uint8_t *page; /* sodium_malloc: the text as written, then the raw bytes */
};

static bool
s_starts_with(mg_slice_t text, const char *prefix, mg_slice_t *out_rest)
{
    size_t len = strlen(prefix);
    if (text.len < len || memcmp(text.data, prefix, len) != 0) {
        return false;
    }
    *out_rest = mg_slice(text.data + len, text.len - len);
    return true;
}

static const char *
s_parse_hex(mg_slice_t digits, uint8_t raw[MG_SECRET_RAW])
{
    size_t len = 0;
    bool good = digits.len == HEX_DIGITS &&
                sodium_hex2bin(raw, MG_SECRET_RAW, (const char *)digits.data, digits.len, NULL,
                               &len, NULL) == 0 &&
                len == MG_SECRET_RAW;
    return good ? NULL
                : "a key that begins with hex: must go on with exactly 64 hexadecimal digits";
}

static const char *
s_parse_base64(mg_slice_t chars, uint8_t raw[MG_SECRET_RAW])
{
    size_t len = 0;
    bool good = chars.len == BASE64_CHARS &&
                sodium_base642bin(raw, MG_SECRET_RAW, (const char *)chars.data, chars.len, NULL,
                                  &len, NULL, sodium_base64_VARIANT_ORIGINAL) == 0 &&
                len == MG_SECRET_RAW;
    return good ? NULL
                : "a key that begins with base64: must go on with exactly 44 base64 characters (32 "
                  "bytes)";
}

static const char *
s_check_passphrase(mg_slice_t text)
{
    if (text.len > MG_SECRET_BYTES_MAX) {
        return "the passphrase is longer than 1024 bytes";
    }
    if (text.len && memchr(text.data, 0, text.len)) {
        return "the passphrase holds a NUL byte";
    }
    size_t points = mg_utf8_count(text);
    if (points == SIZE_MAX) {
        return "the passphrase is not valid UTF-8";
    }
    return points < MG_SECRET_POINTS_MIN ? "the passphrase is shorter than 8 characters" : NULL;
}

/* Decides the form and fills `raw` for the raw ones; NULL, or why the text is no secret. */
static const char *
s_parse(mg_slice_t text, mg_kdf_t *out_kdf, uint8_t raw[MG_SECRET_RAW])
{
    mg_slice_t rest;
    *out_kdf = MG_KDF_RAW;
    if (s_starts_with(text, "hex:", &rest)) {
        return s_parse_hex(rest, raw);
    }
    if (s_starts_with(text, "base64:", &rest)) {
        return s_parse_base64(rest, raw);
    }
    *out_kdf = MG_KDF_PASSPHRASE;
    return s_check_passphrase(text);
}

mg_status_t
mg_secret_new(mg_slice_t text, mg_secret_t **out, const char **out_why)
{
    uint8_t raw[MG_SECRET_RAW] = {0};
    mg_kdf_t kdf = MG_KDF_PASSPHRASE;
    const char *why = s_parse(text, &kdf, raw);
    if (why) {
        sodium_memzero(raw, sizeof raw);
        *out_why = why;
        return MG_ERR_INVALID;
    }
    mg_secret_t *self = calloc(1, sizeof *self);
    if (self) {
        self->page = sodium_malloc(text.len + sizeof raw);
    }
    if (!self || !self->page) {
        sodium_memzero(raw, sizeof raw);
        mg_secret_destroy(&self);
        return MG_ERR_NO_MEMORY;
    }
    self->kdf = kdf;
    self->written_len = text.len;
    self->raw_at = text.len;
    memcpy(self->page, text.data, text.len);
    memcpy(self->page + self->raw_at, raw, sizeof raw);
    sodium_memzero(raw, sizeof raw);
    mg_secret_hide(self);
    *out = self;
    return MG_OK;
}

bool
mg_secret_next_line(mg_slice_t *rest, mg_slice_t *out)
{
    while (rest->len) {
        const uint8_t *end = memchr(rest->data, '\n', rest->len);
        size_t len = end ? (size_t)(end - rest->data) : rest->len;
        mg_slice_t line = mg_slice(rest->data, len);
        *rest = mg_slice(rest->data + len + (end != NULL), rest->len - len - (end != NULL));
        line.len -= line.len && line.data[line.len - 1] == '\r';
        if (line.len) {
            *out = line;
            return true;
        }
    }
    return false;
}

void
mg_secret_destroy(mg_secret_t **self_p)
{
    if (*self_p) {
        sodium_free((*self_p)->page); /* makes it writable, wipes it; takes NULL */
        free(*self_p);
        *self_p = NULL;
    }
}

mg_kdf_t
mg_secret_kdf(const mg_secret_t *self)
{
    return self->kdf;
}

mg_slice_t
mg_secret_reveal_written(mg_secret_t *self)
{
    (void)sodium_mprotect_readonly(self->page); /* fails only for a pointer that is not ours */
    return mg_slice(self->page, self->written_len);
}

mg_slice_t
mg_secret_reveal(mg_secret_t *self)
{
    mg_slice_t written = mg_secret_reveal_written(self);
    return self->kdf == MG_KDF_RAW ? mg_slice(self->page + self->raw_at, MG_SECRET_RAW) : written;
}

void
mg_secret_hide(mg_secret_t *self)
{
    (void)sodium_mprotect_noaccess(self->page);
}
