/* ascii - runs of ordinary characters, found eight bytes at a time.
 *
 * Owns     : nothing.
 * Fails    : never; `at` is at most text.len.
 * Not here : other characters (core/utf8.h).
 */
#ifndef MG_CORE_ASCII_H
#define MG_CORE_ASCII_H

#include "core/buf.h"

/* Where the run of printable characters (0x20 to 0x7e) that begins at `at` ends. */
size_t mg_ascii_printable(mg_slice_t text, size_t at);
/* The same, but '"' and '\\' end it too: what stands for itself in a JSON string. */
size_t mg_ascii_unquoted(mg_slice_t text, size_t at);

#endif
