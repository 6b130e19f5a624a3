#include "core/wire.h"

enum { BITS = 7, PAYLOAD = 0x7f, MORE = 0x80, BYTE_BITS = 8 };

size_t
mg_wire_put_varint(uint8_t *out, uint64_t value)
{
    size_t len = 0;
    while (value > PAYLOAD) {
        out[len++] = (uint8_t)(value | MORE);
        value >>= BITS;
    }
    out[len++] = (uint8_t)value;
    return len;
}

size_t
mg_wire_varint_size(uint64_t value)
{
    size_t len = 1;
    while (value > PAYLOAD) {
        value >>= BITS;
        len++;
    }
    return len;
}

size_t
mg_wire_get_varint(mg_slice_t bytes, uint64_t *out)
{
    uint64_t value = 0;
    size_t limit = bytes.len < MG_WIRE_VARINT_MAX ? bytes.len : MG_WIRE_VARINT_MAX;
    for (size_t i = 0; i < limit; i++) {
        uint8_t byte = bytes.data[i];
        value |= (uint64_t)(byte & PAYLOAD) << (BITS * i);
        if (byte & MORE) {
            continue;
        }
        bool longer_than_needed = byte == 0 && i > 0;
        bool overflows = i == MG_WIRE_VARINT_MAX - 1 && byte > 1;
        if (longer_than_needed || overflows) {
            return 0;
        }
        *out = value;
        return i + 1;
    }
    return 0;
}

void
mg_wire_put_fixed64(uint8_t *out, uint64_t value)
{
    for (int i = 0; i < MG_WIRE_FIXED64; i++) {
        out[i] = (uint8_t)(value >> (BYTE_BITS * i));
    }
}

uint64_t
mg_wire_get_fixed64(const uint8_t *bytes)
{
    uint64_t value = 0;
    for (int i = 0; i < MG_WIRE_FIXED64; i++) {
        value |= (uint64_t)bytes[i] << (BYTE_BITS * i);
    }
    return value;
}
