/* text - the few questions about short texts that several gateway files ask.
 *
 * Owns     : nothing.
 * Fails    : never.
 * Not here : escapes (gateway/percent.h), JSON (core/json.h).
 */
#ifndef MG_GATEWAY_TEXT_H
#define MG_GATEWAY_TEXT_H

#include "core/buf.h"

/* Without blanks and tabs at both ends. */
mg_slice_t mg_text_trim(mg_slice_t text);
/* The ASCII control characters: in no path, no header value but for the tab, no name of a document. */
bool mg_text_is_control(uint8_t byte);
/* True when both are the same but for the case of ASCII letters. */
bool mg_text_same(mg_slice_t text, const char *other);
/* True when `part` stands somewhere in the text, whatever the case of ASCII letters; an empty part does. */
bool mg_text_contains(mg_slice_t text, mg_slice_t part);
/* A whole number written as digits with an optional '-'; false when it is anything else or out of int64_t. */
bool mg_text_to_int(mg_slice_t text, int64_t *out);
/* Characters of valid UTF-8 text. */
size_t mg_text_length(mg_slice_t text);

#endif
