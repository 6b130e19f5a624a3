/* payloadcheck - whether the records of a payload make up a state: order, limits, ascending names and ids, totals.
 *
 * Owns     : copies of the names and the id seen last (all sizes are bounded).
 * Thread   : one at a time.
 * Fails    : PAYLOAD_INVALID with a sentence; the caller adds the number of the record.
 * Not here : the bytes of a record (core/record.h), building a store from them (core/payload.h).
 * Source   : dump-format.md section 6.
 */
#ifndef MG_CORE_PAYLOADCHECK_H
#define MG_CORE_PAYLOADCHECK_H

#include "core/dumpfooter.h"
#include "core/dumpheader.h"
#include "core/record.h"

enum {
    MG_NAME_MAX = 128, /* bytes of a collection's or index' name and of a Meta key */
    MG_ID_MAX = 4096,  /* bytes of a natural key */
};

typedef struct mg_payloadcheck mg_payloadcheck_t;

/* For the payload of the file with this header (borrowed); NULL: out of memory. */
mg_payloadcheck_t *mg_payloadcheck_new(const mg_dumpheader_t *header);
/* Frees, sets *self_p = NULL, NULL-safe. */
void mg_payloadcheck_destroy(mg_payloadcheck_t **self_p);

/* Checks the next record, its BSON included. */
MG_MUST_USE mg_outcome_t mg_payloadcheck_record(mg_payloadcheck_t *self,
                                                const mg_record_t *record,
                                                mg_verdict_t *why);
/* Checks the next record, a document whose BSON was checked before. */
MG_MUST_USE mg_outcome_t mg_payloadcheck_document(mg_payloadcheck_t *self,
                                                  mg_slice_t id,
                                                  uint64_t rev,
                                                  mg_verdict_t *why);
/* No more records come: End was seen, and the footer's counts are those of the records. */
MG_MUST_USE mg_outcome_t mg_payloadcheck_end(const mg_payloadcheck_t *self,
                                             const mg_dumpfooter_t *footer,
                                             mg_verdict_t *why);

#endif
