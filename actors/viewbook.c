#include "actors/viewbook.h"

#include "core/clock.h"
#include "core/log.h"

#include <stdlib.h>

/* A view that is out. */
typedef struct mg_loan {
    struct mg_loan *next;
    mg_viewref_t *view;
    mg_bus_peer_t borrower;
    uint64_t version;
    int64_t since_ms;
    bool reported; /* that it is old */
} mg_loan_t;

static unsigned
s_count(const mg_viewbook_t *self, const mg_bus_peer_t *borrower)
{
    unsigned count = 0;
    for (const mg_loan_t *loan = self->loans; loan; loan = loan->next) {
        count += mg_bus_same_peer(&loan->borrower, borrower);
    }
    return count;
}

/* A view with its handle; false: no memory for both. */
static bool
s_open(mg_store_t *store, mg_loan_t *out)
{
    mg_view_t *view = mg_store_open_view(store);
    out->view = view ? mg_viewref_new(view) : NULL;
    if (view && !out->view) {
        mg_store_release_view(store, &view);
    }
    return out->view;
}

mg_status_t
mg_viewbook_lend(mg_viewbook_t *self,
                 mg_store_t *store,
                 const mg_bus_peer_t *borrower,
                 mg_loan_terms_t *out)
{
    if (s_count(self, borrower) >= MG_STATE_VIEWS_MAX) {
        return MG_ERR_BUSY;
    }
    int64_t before_ns = mg_clock_mono_ns();
    mg_loan_t *loan = malloc(sizeof *loan);
    if (!loan || !s_open(store, loan)) {
        free(loan);
        return MG_ERR_NO_MEMORY;
    }
    out->opened_ns = mg_clock_mono_ns() - before_ns;
    mg_histogram_add(&self->opened, out->opened_ns);
    *loan = (mg_loan_t){.next = self->loans,
                        .view = loan->view,
                        .borrower = *borrower,
                        .version = mg_view_version(mg_store_current(store)),
                        .since_ms = mg_clock_mono_ms()};
    self->loans = loan;
    out->view = mg_viewref_send(loan->view);
    return MG_OK;
}

void
mg_viewbook_recall(mg_viewbook_t *self, mg_store_t *store, mg_handle_t handle)
{
    mg_viewref_t *view = mg_viewref_take(handle);
    mg_viewref_give_back(&view);
    mg_viewbook_take_back(self, store, false);
}

void
mg_viewbook_take_back(mg_viewbook_t *self, mg_store_t *store, bool all)
{
    for (mg_loan_t **at = &self->loans; *at;) {
        mg_loan_t *loan = *at;
        if (!all && !mg_viewref_is_back(loan->view)) {
            at = &loan->next;
            continue;
        }
        mg_view_t *view = mg_viewref_unwrap(&loan->view);
        mg_store_release_view(store, &view);
        *at = loan->next;
        free(loan);
    }
}

void
mg_viewbook_report_old(mg_viewbook_t *self, uint64_t newest, int64_t now_ms)
{
    for (mg_loan_t *loan = self->loans; loan; loan = loan->next) {
        bool keeps = loan->version < newest;
        if (keeps && !loan->reported && now_ms - loan->since_ms > MG_STATE_VIEW_OLD_MS) {
            loan->reported = true;
            mg_log(MG_LOG_WARN, "view_old", "age_s=%lld msg=%s",
                   (long long)(now_ms - loan->since_ms) / 1000,
                   "a view of the state is held for long: what changed since stays in memory");
        }
    }
}

bool
mg_viewbook_is_empty(const mg_viewbook_t *self)
{
    return !self->loans;
}
