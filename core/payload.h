/* payload - a view of the state as the plaintext of a dump, and a dump's records as a new store.
 *
 * Owns     : a walk owns one staged record; a load owns the store it builds until that is taken.
 * Thread   : one at a time. The view stays its opener's and is not needed any more once the walk has ended.
 * Fails    : a walk with MG_ERR_NO_MEMORY; a load with PAYLOAD_INVALID (two documents share a unique value) or IO (no
 *            memory).
 * Not here : chunks and files (core/dumpwriter.h, core/dumpreader.h); the rules of records (core/payloadcheck.h, which has
 *            seen each record before it is loaded).
 * Source   : dump-format.md section 6. Every slot is written, empty ones too: an unchanged state gives the same bytes but
 *            for version and time.
 */
#ifndef MG_CORE_PAYLOAD_H
#define MG_CORE_PAYLOAD_H

#include "core/dumpfooter.h"
#include "core/dumpheader.h"
#include "core/record.h"
#include "core/store.h"

typedef struct mg_payloadwalk mg_payloadwalk_t;

/* A walk over `view` for the dump with this header (store_id, snapshot_version, created_at); both are borrowed.
 * NULL: out of memory. */
mg_payloadwalk_t *mg_payloadwalk_new(const mg_view_t *view, const mg_dumpheader_t *header);
/* Wipes and frees, sets *self_p = NULL, NULL-safe. */
void mg_payloadwalk_destroy(mg_payloadwalk_t **self_p);

/* Fills `out` with the next bytes: exactly `room` of them until the end is near. */
MG_MUST_USE mg_status_t mg_payloadwalk_fill(mg_payloadwalk_t *self,
                                            uint8_t *out,
                                            size_t room,
                                            size_t *out_len);
/* True once every byte was given out: the chunk filled last is the LAST one. */
bool mg_payloadwalk_ended(const mg_payloadwalk_t *self);
/* record_count, document_count and collection_count so far. */
void mg_payloadwalk_counts(const mg_payloadwalk_t *self, mg_dumpfooter_t *out);

typedef struct mg_payloadload mg_payloadload_t;

/* An empty store to be filled; NULL: out of memory. */
mg_payloadload_t *mg_payloadload_new(void);
/* Frees the store with it unless that was taken; sets *self_p = NULL, NULL-safe. */
void mg_payloadload_destroy(mg_payloadload_t **self_p);
/* Loads one record: an mg_record_fn whose argument is the mg_payloadload_t. */
MG_MUST_USE mg_outcome_t mg_payloadload_record(void *self,
                                               const mg_record_t *record,
                                               mg_verdict_t *why);
/* Loads one document of the current collection: an mg_entry_fn with the same argument. */
MG_MUST_USE mg_outcome_t mg_payloadload_entry(void *self, mg_entry_t *entry, mg_verdict_t *why);
/* The store, at the version that the StateHeader names; the caller's from now on. */
mg_store_t *mg_payloadload_take(mg_payloadload_t *self);

#endif
