/* dumptlv - the typed extras of a dump header: producer, parent's check, requester, host, resealed_from.
 *
 * Owns     : nothing; values live in mg_dumpheader_t.
 * Fails    : UNSUPPORTED for an unknown critical type, HEADER_CORRUPT for a malformed list or value.
 * Not here : the fixed part of the header (core/dumpheader.h).
 * Source   : dump-format.md section 4, the TLV table.
 */
#ifndef MG_CORE_DUMPTLV_H
#define MG_CORE_DUMPTLV_H

#include "core/dumpheader.h"

/* Appends the list with its padding and returns its length, a multiple of 8. */
uint32_t mg_dumptlv_encode(const mg_dumpheader_t *header, mg_buf_t *out);

/* Looks through the list (up to where it stops making sense) for a critical type that this version does not know. */
MG_MUST_USE mg_outcome_t mg_dumptlv_check_critical(mg_slice_t list, mg_verdict_t *why);

/* Checks the list and fills the header's texts and hashes. */
MG_MUST_USE mg_outcome_t mg_dumptlv_decode(mg_slice_t list,
                                           mg_dumpheader_t *header,
                                           mg_verdict_t *why);

#endif
