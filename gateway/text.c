#include "gateway/text.h"

#include <string.h>
#include <strings.h>

static bool
s_is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t';
}

mg_slice_t
mg_text_trim(mg_slice_t text)
{
    while (text.len > 0 && s_is_blank(text.data[0])) {
        text = mg_slice(text.data + 1, text.len - 1);
    }
    while (text.len > 0 && s_is_blank(text.data[text.len - 1])) {
        text.len--;
    }
    return text;
}

bool
mg_text_is_control(uint8_t byte)
{
    return byte < 0x20 || byte == 0x7f;
}

bool
mg_text_same(mg_slice_t text, const char *other)
{
    return text.len == strlen(other) &&
           (text.len == 0 || strncasecmp((const char *)text.data, other, text.len) == 0);
}

bool
mg_text_to_int(mg_slice_t text, int64_t *out)
{
    bool negative = text.len > 0 && text.data[0] == '-';
    size_t at = negative ? 1 : 0;
    if (at == text.len) {
        return false;
    }
    int64_t sum = 0; /* kept negative: INT64_MIN has no positive twin */
    for (; at < text.len; at++) {
        uint8_t byte = text.data[at];
        if (byte < '0' || byte > '9' || __builtin_mul_overflow(sum, 10, &sum) ||
            __builtin_sub_overflow(sum, byte - '0', &sum)) {
            return false;
        }
    }
    if (!negative && sum == INT64_MIN) {
        return false;
    }
    *out = negative ? sum : -sum;
    return true;
}

size_t
mg_text_length(mg_slice_t text)
{
    size_t characters = 0;
    for (size_t i = 0; i < text.len; i++) {
        characters += (text.data[i] & 0xc0) != 0x80; /* continuation bytes do not begin one */
    }
    return characters;
}

bool
mg_text_contains(mg_slice_t text, mg_slice_t part)
{
    bool contains = part.len == 0;
    for (size_t at = 0; !contains && at + part.len <= text.len; at++) {
        contains =
            strncasecmp((const char *)text.data + at, (const char *)part.data, part.len) == 0;
    }
    return contains;
}
