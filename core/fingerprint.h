/* fingerprint - tells whether a sequence of chunks is the same as another, but for accidents.
 *
 * Owns     : nothing beyond the struct; start from zero.
 * Fails    : never.
 * Not here : proof against an attacker: that is the MACs of a dump. BLAKE2b of the file (core/hash.h).
 * Source   : dump-format.md section 8.4, proof of restore; docs/adr/0012: XXH3-128 instead of BLAKE2b.
 */
#ifndef MG_CORE_FINGERPRINT_H
#define MG_CORE_FINGERPRINT_H

#include "core/buf.h"

enum { MG_FINGERPRINT_SIZE = 16 };

typedef struct mg_fingerprint {
    uint8_t bytes[MG_FINGERPRINT_SIZE];
} mg_fingerprint_t;

/* Adds one chunk: its bytes, its length and its place count. */
void mg_fingerprint_add(mg_fingerprint_t *self, mg_slice_t chunk);
bool mg_fingerprint_equal(const mg_fingerprint_t *a, const mg_fingerprint_t *b);

#endif
