#include "core/utf8.h"

#include <string.h>

enum { TAIL_BITS = 6, TAIL_MASK = 0x3f, TAIL_LEAD = 0x80, LEAD_MASK = 0xc0 };

/* One row per length: which first bytes it has, and the smallest point it may stand for (less is overlong). */
struct form {
    uint8_t mask;
    uint8_t lead;
    uint32_t smallest;
};

static const struct form s_forms[] = {
    {0x80, 0x00, 0},
    {0xe0, 0xc0, 0x80},
    {0xf0, 0xe0, 0x800},
    {0xf8, 0xf0, 0x10000},
};

enum { FORMS = sizeof s_forms / sizeof s_forms[0] };

static bool
s_is_scalar(uint32_t point)
{
    return point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
}

size_t
mg_utf8_next(mg_slice_t text, uint32_t *out_point)
{
    size_t tail = 0; /* bytes behind the first */
    while (text.len && tail < FORMS && (text.data[0] & s_forms[tail].mask) != s_forms[tail].lead) {
        tail++;
    }
    if (tail == FORMS || text.len <= tail) {
        return 0;
    }
    uint32_t point = text.data[0] & (uint8_t)~s_forms[tail].mask;
    for (size_t i = 1; i <= tail; i++) {
        if ((text.data[i] & LEAD_MASK) != TAIL_LEAD) {
            return 0;
        }
        point = point << TAIL_BITS | (text.data[i] & TAIL_MASK);
    }
    if (point < s_forms[tail].smallest || !s_is_scalar(point)) {
        return 0;
    }
    *out_point = point;
    return tail + 1;
}

size_t
mg_utf8_count(mg_slice_t text)
{
    size_t count = 0;
    for (size_t at = 0; at < text.len; count++) {
        uint32_t point = 0;
        size_t len = mg_utf8_next(mg_slice(text.data + at, text.len - at), &point);
        if (len == 0) {
            return SIZE_MAX;
        }
        at += len;
    }
    return count;
}

/* Most text is ASCII: eight bytes at a time as long as it lasts. */
static size_t
s_skip_ascii(mg_slice_t text, size_t at)
{
    static const uint64_t high_bits = 0x8080808080808080;
    uint64_t word = 0;
    while (text.len - at >= sizeof word) {
        memcpy(&word, text.data + at, sizeof word);
        if (word & high_bits) {
            break;
        }
        at += sizeof word;
    }
    while (at < text.len && text.data[at] < TAIL_LEAD) {
        at++;
    }
    return at;
}

bool
mg_utf8_valid(mg_slice_t text)
{
    for (size_t at = s_skip_ascii(text, 0); at < text.len; at = s_skip_ascii(text, at)) {
        uint32_t point = 0;
        size_t len = mg_utf8_next(mg_slice(text.data + at, text.len - at), &point);
        if (len == 0) {
            return false;
        }
        at += len;
    }
    return true;
}
