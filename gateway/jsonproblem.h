/* jsonproblem - one sentence of ours about a body that is not JSON: where, and what is wrong there.
 *
 * Owns     : nothing.
 * Takes    : the body and what core/json.h says about it; the parser's own words and the body's bytes never reach the client.
 * Fails    : never; words of the parser that are not known become "it is not JSON here".
 * Not here : the answer around it (gateway/request.c).
 * Source   : jansson 2.14's texts, each tested.
 */
#ifndef MG_GATEWAY_JSONPROBLEM_H
#define MG_GATEWAY_JSONPROBLEM_H

#include "core/json.h"

/* Appends the sentence. Line and column count from 1 and name the last character that was read. */
void mg_jsonproblem_write(mg_slice_t body, const mg_json_error_t *problem, mg_buf_t *out);

#endif
