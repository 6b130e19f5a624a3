/* exports - pages through consistent views of the state, for tools that read all of it.
 *
 * Owns     : up to MG_EXPORTS_MAX sessions, each with a view that is given back at the end of the last page, or when
 *            nobody asked for the next one in time.
 * Thread   : the control actor's.
 * Fails    : MG_ERR_BUSY without a free session, MG_ERR_NOT_FOUND for a session that ended.
 * Not here : how pages travel (actors/control.c).
 */
#ifndef MG_ACTORS_EXPORTS_H
#define MG_ACTORS_EXPORTS_H

#include "messages/control.pb-c.h"
#include "messages/handle.h"

enum {
    MG_EXPORTS_MAX = 8,
    MG_EXPORT_YIELD_MS = 1000, /* idle for this long it gives way when another one wants to begin */
    MG_EXPORT_IDLE_MS = 30000, /* then a session ends by itself */
    MG_EXPORT_PAGE_MAX = 4 << 20,   /* bytes of a page */
    MG_EXPORT_DOCUMENTS_MAX = 16384 /* of a page */
};

typedef struct mg_exports mg_exports_t;

mg_exports_t *mg_exports_new(void);
/* Every session must have been ended (mg_exports_end_idle with INT64_MAX). */
void mg_exports_destroy(mg_exports_t **self_p);

/* Begins a session over `view` (taken over on MG_OK): of one collection, or of `all` in order of their names.
 * MG_ERR_NOT_FOUND: no such collection. */
MG_MUST_USE mg_status_t mg_exports_begin(mg_exports_t *self,
                                         mg_viewref_t *view,
                                         const Mg__ControlExport *wanted,
                                         uint64_t *out_session);
/* Fills the next page: at least one document, then as many as fit into `max_bytes`. `page` points into the view; it is
 * valid until the next call. When page->end is set, end the session. */
MG_MUST_USE mg_status_t mg_exports_page(mg_exports_t *self,
                                        uint64_t session,
                                        uint32_t max_bytes,
                                        Mg__ExportPage *page);
/* Ends the session and returns its view, to be given back; NULL when there is no such session. */
mg_viewref_t *mg_exports_end(mg_exports_t *self, uint64_t session);
/* The same for the session that was used longest ago, if that was before `before_ms` and no session is free. */
mg_viewref_t *mg_exports_end_oldest(mg_exports_t *self, int64_t before_ms);
/* The same for one session that nobody has asked for since MG_EXPORT_IDLE_MS before `now_ms`; NULL when there is none. */
mg_viewref_t *mg_exports_end_idle(mg_exports_t *self, int64_t now_ms);

#endif
