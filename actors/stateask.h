/* stateask - asking the state actor and waiting for the answer, for an actor that has nothing better to do meanwhile.
 *
 * Owns     : nothing; the link is borrowed.
 * Thread   : the link's.
 * Fails    : the link's failures (TIMEOUT, CLOSED, BUSY) or the reply's own status.
 * Not here : asking without waiting (messages/link.h).
 */
#ifndef MG_ACTORS_STATEASK_H
#define MG_ACTORS_STATEASK_H

#include "actors/state.h"
#include "messages/state.pb-c.h"

typedef struct mg_stateanswer {
    mg_status_t status;
    bool done;
    uint64_t version;
    uint64_t changes;   /* counted changes up to that version */
    uint64_t view_ns;   /* OpenView: how long the writer stood still for it */
    mg_viewref_t *view; /* OpenView: the caller gives it back */
} mg_stateanswer_t;

/* Sends `request` and waits at most `within_ms`. The status is also in `out`. */
MG_MUST_USE mg_status_t mg_stateask(mg_link_t *link,
                                    const Mg__StateRequest *request,
                                    int64_t within_ms,
                                    mg_stateanswer_t *out);

MG_MUST_USE mg_status_t mg_stateask_open_view(mg_link_t *link, mg_stateanswer_t *out);
/* Writes are refused until a thaw; for good: a thaw changes nothing. */
MG_MUST_USE mg_status_t mg_stateask_freeze(mg_link_t *link, bool for_good);
MG_MUST_USE mg_status_t mg_stateask_thaw(mg_link_t *link);
/* Gives the store away (sets *store_p to NULL on MG_OK) and has it take the place of the state. */
MG_MUST_USE mg_status_t mg_stateask_swap(mg_link_t *link,
                                         mg_store_t **store_p,
                                         bool keep_revocations);

#endif
