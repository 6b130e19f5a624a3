/* viewbook - which views of the state are out, with whom and since when.
 *
 * Owns     : the views that are lent, until they are back; the store is its actor's and comes with each call.
 * Thread   : the state actor's. Who has a view gives it back from his own thread, by the word in the handle.
 * Fails    : MG_ERR_BUSY when somebody has MG_STATE_VIEWS_MAX views already, MG_ERR_NO_MEMORY.
 * Not here : who waits for a version to come (actors/state.c), the word itself (messages/handle.h).
 */
#ifndef MG_ACTORS_VIEWBOOK_H
#define MG_ACTORS_VIEWBOOK_H

#include "actors/state.h"
#include "core/histogram.h"

/* Zeroed: nothing is out. */
typedef struct mg_viewbook {
    struct mg_loan *loans;
    mg_histogram_t opened; /* how long opening took */
} mg_viewbook_t;

/* What the borrower is told. */
typedef struct mg_loan_terms {
    mg_handle_t view;
    int64_t opened_ns; /* how long it took */
} mg_loan_terms_t;

/* Lends a view of the newest version. */
MG_MUST_USE mg_status_t mg_viewbook_lend(mg_viewbook_t *self,
                                         mg_store_t *store,
                                         const mg_bus_peer_t *borrower,
                                         mg_loan_terms_t *out);
/* The terms did not reach the borrower: the view is still ours. */
void mg_viewbook_recall(mg_viewbook_t *self, mg_store_t *store, mg_handle_t view);
/* Releases what has come back; `all`: whatever is out, once everybody who reads has stopped. */
void mg_viewbook_take_back(mg_viewbook_t *self, mg_store_t *store, bool all);
/* Logs each view that keeps a version before `newest` for longer than MG_STATE_VIEW_OLD_MS, once. */
void mg_viewbook_report_old(mg_viewbook_t *self, uint64_t newest, int64_t now_ms);
bool mg_viewbook_is_empty(const mg_viewbook_t *self);

#endif
