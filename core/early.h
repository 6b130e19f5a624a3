/* early - the documents of one chunk as entries, made by whoever opened it, before it is known where its records begin.
 *
 * Owns     : its entries until they are taken out (the place is set to NULL then).
 * Thread   : one at a time; made in one thread and handed to another.
 * Fails    : mg_early_new with NULL: nothing was found, or there is no memory. The chunk is then read as if this did not exist.
 * Not here : whether the place it begins at is right, and all that depends on what stands before a record (core/recordstream.h,
 *            core/payloadcheck.h).
 * Source   : dump-format.md section 6; docs/adr/0014-documents-are-made-where-chunks-are-opened.md.
 *
 * Records straddle chunks, so the beginning is a guess: the first place from which two documents in a row can be read. Whoever
 * reads the chunks in order knows the true place and takes the entries only if the guess was right. An entry stands only for a
 * document that is good by itself; any other record is left to be read from its bytes, so that what is wrong with it is found
 * and told as ever.
 */
#ifndef MG_CORE_EARLY_H
#define MG_CORE_EARLY_H

#include "core/entry.h"

typedef struct mg_early_item {
    mg_entry_t *entry; /* NULL: read the record itself */
    uint32_t end;      /* offset in the plaintext, just behind the record */
} mg_early_item_t;

typedef struct mg_early {
    mg_early_item_t *items; /* in a row, without a gap */
    uint32_t begin;         /* offset of the first record */
    uint32_t count;
    uint32_t room;
} mg_early_t;

mg_early_t *mg_early_new(mg_slice_t plain);
/* Frees, with the entries that nobody took; sets *self_p = NULL; NULL-safe. */
void mg_early_destroy(mg_early_t **self_p);

#endif
