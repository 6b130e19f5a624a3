/* hash - BLAKE2b-256 over bytes that come piece by piece.
 *
 * Owns     : the running state.
 * Thread   : one at a time.
 * Fails    : only in mg_hash_new, for lack of memory.
 * Not here : MACs (core/hkdf.h), chunk leaves (core/chunk.h).
 * Source   : dump-format.md section 2: file_check, and the proof that a dump reads back as it was walked.
 */
#ifndef MG_CORE_HASH_H
#define MG_CORE_HASH_H

#include "core/buf.h"

enum { MG_HASH_SIZE = 32 };

typedef struct mg_hash mg_hash_t;

/* A fresh state; NULL: out of memory. */
mg_hash_t *mg_hash_new(void);
/* Frees, sets *self_p = NULL, NULL-safe. */
void mg_hash_destroy(mg_hash_t **self_p);

/* Adds bytes. */
void mg_hash_update(mg_hash_t *self, mg_slice_t bytes);
/* The hash of all bytes so far; nothing may be added afterwards. */
void mg_hash_final(mg_hash_t *self, uint8_t out[MG_HASH_SIZE]);

#endif
