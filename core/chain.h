/* chain - how the dumps of a folder follow each other: each names its parent's check value in its authenticated header.
 *
 * Owns     : nothing; pure functions of a listing.
 * Thread   : any.
 * Fails    : never.
 * Not here : whether a dump is whole (core/dumpreader.h).
 * Source   : dump-format.md section 9, "chain mismatch". A parent that was sealed anew under another key is known by the check
 *            value that it had before.
 */
#ifndef MG_CORE_CHAIN_H
#define MG_CORE_CHAIN_H

#include "core/candidates.h"

typedef enum mg_chain {
    MG_CHAIN_UNKNOWN, /* the dump is not authentic */
    MG_CHAIN_FIRST,   /* it names no parent */
    MG_CHAIN_OK,      /* its parent is there, and the one it names */
    MG_CHAIN_ABSENT, /* its parent is not there, or can not be told any more: normal once dumps are removed */
    MG_CHAIN_MISMATCH /* there is a dump of the parent's generation, but it is another one */
} mg_chain_t;

/* How the candidate at `index` hangs together with the others. */
mg_chain_t mg_chain_of(const mg_candidates_t *candidates, size_t index);
/* Lower-case word, e.g. "mismatch". Static text. */
const char *mg_chain_name(mg_chain_t chain);

#endif
