/* dumpfooter - the totals at the end of a dump, its file_check and its MAC.
 *
 * Owns     : nothing; pure functions of their arguments.
 * Fails    : FOOTER_CORRUPT, FOOTER_FORGED, with a sentence.
 * Not here : bytes missing or left over at the end (core/dumpreader.h).
 * Source   : dump-format.md section 4 and section 5, step 9.
 */
#ifndef MG_CORE_DUMPFOOTER_H
#define MG_CORE_DUMPFOOTER_H

#include "core/hash.h"
#include "core/keys.h"
#include "core/outcome.h"

enum { MG_FOOTER_SIZE = 136 };

#define MG_PLAIN_BYTES_MAX (UINT64_C(256) << 30) /* under one key: dump-format.md section 7 */

typedef struct mg_dumpfooter {
    uint32_t chunk_count;
    uint32_t collection_count;
    uint64_t plain_bytes;
    uint64_t body_bytes; /* all chunks, with frames and tags */
    uint64_t record_count;
    uint64_t document_count;
    int64_t finished_at; /* Unix nanoseconds */
    uint8_t file_check[MG_CHECK_SIZE];
} mg_dumpfooter_t;

/* Encodes and seals: `running` holds header and leaves and is finished here; footer->file_check is set. */
void mg_dumpfooter_seal(mg_dumpfooter_t *footer,
                        mg_hash_t *running,
                        const uint8_t mac_key[MG_KEY_SIZE],
                        uint8_t out[MG_FOOTER_SIZE]);

/* Form and fields only, file_check as it stands there: for listings, which do not read the chunks. */
MG_MUST_USE mg_outcome_t mg_dumpfooter_read(const uint8_t bytes[MG_FOOTER_SIZE],
                                            mg_dumpfooter_t *out,
                                            mg_verdict_t *why);

/* Form, file_check and the totals the reader has `seen` (chunks, plain and body bytes). `running` is finished here. */
MG_MUST_USE mg_outcome_t mg_dumpfooter_check(const uint8_t bytes[MG_FOOTER_SIZE],
                                             mg_hash_t *running,
                                             const mg_dumpfooter_t *seen,
                                             mg_dumpfooter_t *out,
                                             mg_verdict_t *why);

/* The MAC. */
MG_MUST_USE mg_outcome_t mg_dumpfooter_authenticate(const uint8_t bytes[MG_FOOTER_SIZE],
                                                    const uint8_t mac_key[MG_KEY_SIZE],
                                                    mg_verdict_t *why);

#endif
