/* draft - a dump's payload put together record by record, so that a test can break one rule of it.
 *
 * Counters of footer and collections run along: totals fit unless a test changes them.
 */
#ifndef MG_TESTS_SUPPORT_DRAFT_H
#define MG_TESTS_SUPPORT_DRAFT_H

#include "support/dumpkit.h"

enum { DRAFT_VERSION = 1000 };

typedef struct draft {
    kit_dump_t dump;
    mg_buf_t payload;
    mg_record_t state;
    uint64_t in_collection;
} draft_t;

/* {a: null} */
mg_slice_t draft_document(void);
/* Any record. */
void draft_put(draft_t *draft, const mg_record_t *record);
/* A state header for so many collections, not put yet. */
void draft_begin(draft_t *draft, uint32_t collections);
void draft_put_state(draft_t *draft);
void draft_put_meta(draft_t *draft, const char *key);
void draft_put_collection(draft_t *draft, const char *name);
void draft_put_index(draft_t *draft, const char *name, mg_slice_t component);
void draft_put_document(draft_t *draft, mg_slice_t id, mg_slice_t body, uint64_t rev);
/* A good document. */
void draft_put_simple(draft_t *draft, const char *id);
void draft_put_collection_end(draft_t *draft);
/* With totals that fit. */
void draft_put_end(draft_t *draft);
/* Bytes that no encoder makes, counted as one record. */
void draft_put_raw(draft_t *draft, const char *bytes, size_t len);
/* The smallest payload that shows everything: one Meta, two collections, an index, two documents. */
void draft_put_whole(draft_t *draft);

#endif
