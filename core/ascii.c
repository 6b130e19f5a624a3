#include "core/ascii.h"

#include <string.h>

/* A word holds eight bytes. Each test leaves its answer in the top bit of each byte; with the top bits taken off first no
 * sum carries over into the next byte. */
enum { WORD = sizeof(uint64_t), BLOCK = 4 * WORD };
static const uint64_t s_each = 0x0101010101010101;
static const uint64_t s_top = 0x8080808080808080;

static uint64_t
s_load(const uint8_t *bytes)
{
    uint64_t word = 0;
    memcpy(&word, bytes, sizeof word);
    return word;
}

static uint64_t
s_printable(uint64_t word)
{
    uint64_t low = word & ~s_top;
    uint64_t from_blank = low + (0x80 - 0x20) * s_each;
    uint64_t is_delete = low + s_each;
    return from_blank & ~is_delete & ~word & s_top;
}

/* Zero if all are printable, and only then. Sums and differences may carry into the next byte: then it is not zero for the byte
 * that they came from. */
static uint64_t
s_doubts(uint64_t word)
{
    return (word | (word - 0x20 * s_each) | (word + s_each)) & s_top;
}

static bool
s_block_is_printable(const uint8_t *bytes)
{
    uint64_t doubts = 0;
    for (size_t i = 0; i < BLOCK; i += WORD) {
        doubts |= s_doubts(s_load(bytes + i));
    }
    return doubts == 0;
}

static uint64_t
s_differs(uint64_t word, uint8_t byte)
{
    return ((word & ~s_top) ^ byte * s_each) + (s_top - s_each);
}

static bool
s_is_printable(uint8_t byte)
{
    return byte >= 0x20 && byte < 0x7f;
}

size_t
mg_ascii_printable(mg_slice_t text, size_t at)
{
    while (text.len - at >= BLOCK && s_block_is_printable(text.data + at)) {
        at += BLOCK;
    }
    while (text.len - at >= WORD && s_printable(s_load(text.data + at)) == s_top) {
        at += WORD;
    }
    while (at < text.len && s_is_printable(text.data[at])) {
        at++;
    }
    return at;
}

static bool
s_are_unquoted(uint64_t word)
{
    return (s_printable(word) & s_differs(word, '"') & s_differs(word, '\\')) == s_top;
}

size_t
mg_ascii_unquoted(mg_slice_t text, size_t at)
{
    while (text.len - at >= WORD && s_are_unquoted(s_load(text.data + at))) {
        at += WORD;
    }
    while (at < text.len && s_is_printable(text.data[at]) && text.data[at] != '"' &&
           text.data[at] != '\\') {
        at++;
    }
    return at;
}
