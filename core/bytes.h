/* bytes - big-endian integers in byte buffers, as the dump format writes them.
 *
 * Owns  : nothing; the caller's buffer has room for the integer's 2, 4 or 8 bytes.
 * Fails : never.
 */
#ifndef MG_CORE_BYTES_H
#define MG_CORE_BYTES_H

#include <stdint.h>

static inline void
mg_put_u16(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static inline void
mg_put_u32(uint8_t *at, uint32_t value)
{
    mg_put_u16(at, (uint16_t)(value >> 16));
    mg_put_u16(at + 2, (uint16_t)value);
}

static inline void
mg_put_u64(uint8_t *at, uint64_t value)
{
    mg_put_u32(at, (uint32_t)(value >> 32));
    mg_put_u32(at + 4, (uint32_t)value);
}

static inline uint16_t
mg_get_u16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static inline uint32_t
mg_get_u32(const uint8_t *at)
{
    return (uint32_t)mg_get_u16(at) << 16 | mg_get_u16(at + 2);
}

static inline uint64_t
mg_get_u64(const uint8_t *at)
{
    return (uint64_t)mg_get_u32(at) << 32 | mg_get_u32(at + 4);
}

#endif
