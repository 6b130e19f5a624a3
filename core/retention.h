/* retention - which dumps of a folder may be removed.
 *
 * Owns     : nothing; a pure function of the listing and the rules.
 * Thread   : any.
 * Fails    : never; in doubt a dump stays.
 * Not here : removing them (actors/dump_prune.c), and when that may happen: only after a dump was read back in full.
 * Source   : dump-format.md section 8, "Retention".
 *
 * A dump is good when its header and footer are authentic and it belongs to our store. Whatever is damaged, of another store,
 * under an unknown key, Doorman's, or another user's file is never removed.
 */
#ifndef MG_CORE_RETENTION_H
#define MG_CORE_RETENTION_H

#include "core/candidates.h"

enum { MG_RETENTION_KEEP_MIN = 2 };

typedef struct mg_retention {
    const uint8_t *store_id; /* MG_STORE_ID_SIZE bytes */
    uint32_t keep;      /* the newest good dumps that stay; at least MG_RETENTION_KEEP_MIN do */
    uint32_t keep_days; /* what is younger stays too; 0: no matter how young */
    int64_t now_ns;     /* Unix time */
    uint64_t pinned;    /* a generation that stays in any case; 0: none */
    size_t newer;       /* good dumps that came after the listing was made, and count as kept */
} mg_retention_t;

/* True if the candidate at `index` may be removed; `candidates` is in the order of mg_candidates_scan. */
bool mg_retention_may_remove(const mg_retention_t *self,
                             const mg_candidates_t *candidates,
                             size_t index);

#endif
