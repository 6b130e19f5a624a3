/* yaml - a JSON value as block YAML, for people who read.
 *
 * Owns     : nothing.
 * Takes    : a tree of jansson; members stand in its order.
 * Fails    : by marking the buffer (core/buf.h).
 * Not here : reading YAML.
 * Source   : YAML 1.2, of which JSON is a part: what is not surely plain is written as a JSON string.
 */
#ifndef MG_CORE_YAML_H
#define MG_CORE_YAML_H

#include "core/buf.h"

#include <jansson.h>

/* Appends the value and a newline. */
void mg_yaml_write(const json_t *value, mg_buf_t *out);

#endif
