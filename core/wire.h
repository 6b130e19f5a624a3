/* wire - the scalars of the protobuf wire format, in their one canonical form.
 *
 * Owns   : nothing.
 * Fails  : reading returns how many bytes it took; 0 means "not canonical, or not all there".
 * Source : protobuf.dev/programming-guides/encoding; dump-format.md section 6.
 */
#ifndef MG_CORE_WIRE_H
#define MG_CORE_WIRE_H

#include "core/buf.h"

enum { MG_WIRE_VARINT_MAX = 10, MG_WIRE_FIXED64 = 8 };

/* The shortest varint of `value` at `out` (room for MG_WIRE_VARINT_MAX bytes); its length. */
size_t mg_wire_put_varint(uint8_t *out, uint64_t value);
/* How many bytes mg_wire_put_varint writes. */
size_t mg_wire_varint_size(uint64_t value);
/* Reads a varint that is as short as it can be; the bytes taken, or 0. */
size_t mg_wire_get_varint(mg_slice_t bytes, uint64_t *out);

/* Eight bytes, little-endian. */
void mg_wire_put_fixed64(uint8_t *out, uint64_t value);
uint64_t mg_wire_get_fixed64(const uint8_t *bytes);

#endif
