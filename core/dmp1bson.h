/* dmp1bson - one document of a Doorman dump: from JSON tokens to BSON that may be stored.
 *
 * Owns     : nothing; the BSON belongs to the caller.
 * Thread   : any; pure functions of bytes.
 * Fails    : MG_ERR_INVALID with a phrase (nested too deep, no object), MG_ERR_TOO_BIG, MG_ERR_NO_MEMORY.
 * Not here : the file around it (core/dmp1.h).
 * Source   : dump-format.md section 11, the table "To BSON".
 */
#ifndef MG_CORE_DMP1BSON_H
#define MG_CORE_DMP1BSON_H

#include "core/jsontape.h"

/* What could not be taken over as it was. */
typedef struct mg_dmp1_counts {
    uint64_t surrogates;   /* lone halves of characters, now U+FFFD */
    uint64_t keys_escaped; /* keys that BSON can not have, now __esckey__: */
    uint64_t keys_merged;  /* keys that became the same by that */
    uint64_t bad_base64;   /* bytes that did not decode, now empty */
    uint64_t decimal128;   /* integers beyond 64 bits, exact */
    uint64_t int_text;     /* integers of 35 digits and more, now text */
} mg_dmp1_counts_t;

/* Appends the BSON of the object that is the first token of `tape`; adds to `counts`. */
MG_MUST_USE mg_status_t mg_dmp1bson_write(const mg_jsontape_t *tape,
                                          mg_slice_t text,
                                          mg_dmp1_counts_t *counts,
                                          mg_buf_t *out,
                                          const char **out_why);

#endif
