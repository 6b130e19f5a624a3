/* utf8 - strict UTF-8: no overlong form, no surrogate, nothing above U+10FFFF.
 *
 * Owns   : nothing.
 * Fails  : never; bad bytes are an answer.
 * Source : Unicode 15, table 3-7; dump-format.md sections 3, 4 and 6.
 */
#ifndef MG_CORE_UTF8_H
#define MG_CORE_UTF8_H

#include "core/buf.h"

/* Length in bytes (1-4) of the character at the start of `text`, its code point in *out_point; 0 when the bytes there
 * are no character or `text` is empty (*out_point is then untouched). */
size_t mg_utf8_next(mg_slice_t text, uint32_t *out_point);

/* True if all of `text` is UTF-8. The empty slice is. U+0000 is allowed. */
bool mg_utf8_valid(mg_slice_t text);

/* How many code points `text` has; SIZE_MAX when it is not UTF-8. */
size_t mg_utf8_count(mg_slice_t text);

#endif
