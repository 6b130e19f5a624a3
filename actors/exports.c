#include "actors/exports.h"

#include "core/clock.h"
#include "messages/bus.h"

#include <stdlib.h>

typedef struct session {
    uint64_t number; /* 0: free */
    mg_viewref_t *view;
    mg_cursor_t cursor;
    int slots[MG_COLLECTIONS_MAX]; /* still to be walked, the present one first */
    int slot_count;
    int slot_at;
    int64_t used_ms;
} session_t;

struct mg_exports {
    session_t session[MG_EXPORTS_MAX];
    uint64_t last_number;
    Mg__Document *documents; /* of the page being filled */
    Mg__Document **list;
};

mg_exports_t *
mg_exports_new(void)
{
    mg_exports_t *self = calloc(1, sizeof *self);
    if (!self) {
        return NULL;
    }
    self->documents = calloc(MG_EXPORT_DOCUMENTS_MAX, sizeof *self->documents);
    self->list = calloc(MG_EXPORT_DOCUMENTS_MAX, sizeof *self->list);
    if (!self->documents || !self->list) {
        mg_exports_destroy(&self);
    }
    return self;
}

void
mg_exports_destroy(mg_exports_t **self_p)
{
    if (*self_p) {
        free((*self_p)->documents);
        free((*self_p)->list);
        free(*self_p);
        *self_p = NULL;
    }
}

static session_t *
s_find(mg_exports_t *self, uint64_t number)
{
    for (int i = 0; i < MG_EXPORTS_MAX; i++) {
        if (self->session[i].number == number) {
            return &self->session[i];
        }
    }
    return NULL;
}

static void
s_enter_slot(session_t *session)
{
    if (session->slot_at < session->slot_count) {
        const mg_view_t *view = mg_viewref_view(session->view);
        mg_cursor_seek(&session->cursor, view, session->slots[session->slot_at], mg_slice(NULL, 0));
    }
}

mg_status_t
mg_exports_begin(mg_exports_t *self,
                 mg_viewref_t *view,
                 const Mg__ControlExport *wanted,
                 uint64_t *out_session)
{
    session_t *session = s_find(self, 0);
    if (!session) {
        return MG_ERR_BUSY;
    }
    const mg_view_t *state = mg_viewref_view(view);
    session->slots[0] = mg_view_slot(state, mg_bus_slice(wanted->collection));
    if (!wanted->all && session->slots[0] == MG_SLOT_NONE) {
        return MG_ERR_NOT_FOUND;
    }
    session->slot_count = wanted->all ? mg_view_slots_by_name(state, session->slots) : 1;
    session->slot_at = 0;
    session->view = view;
    session->number = ++self->last_number;
    s_enter_slot(session);
    *out_session = session->number;
    return MG_OK;
}

/* The next document of the session, NULL at the end of the last collection. */
static const mg_entry_t *
s_next(session_t *session)
{
    while (session->slot_at < session->slot_count) {
        const mg_entry_t *entry = mg_cursor_next(&session->cursor);
        if (entry) {
            return entry;
        }
        session->slot_at++;
        s_enter_slot(session);
    }
    return NULL;
}

static void
s_fill(Mg__Document *document, const session_t *session, const mg_entry_t *entry)
{
    mg__document__init(document);
    const mg_view_t *view = mg_viewref_view(session->view);
    document->collection = mg_bus_bytes(mg_view_slot_name(view, session->slots[session->slot_at]));
    document->key = mg_bus_bytes(mg_entry_key(entry));
    document->body = mg_bus_bytes(mg_entry_body(entry));
    document->rev = entry->rev;
    document->expires_ns = entry->expires_ns;
}

mg_status_t
mg_exports_page(mg_exports_t *self, uint64_t number, uint32_t max_bytes, Mg__ExportPage *page)
{
    session_t *session = number ? s_find(self, number) : NULL;
    if (!session) {
        return MG_ERR_NOT_FOUND;
    }
    size_t limit = max_bytes && max_bytes < MG_EXPORT_PAGE_MAX ? max_bytes : MG_EXPORT_PAGE_MAX;
    size_t bytes = 0;
    session->used_ms = mg_clock_mono_ms();
    page->session = number;
    page->version = mg_view_version(mg_viewref_view(session->view));
    page->documents = self->list;
    while (bytes < limit && page->n_documents < MG_EXPORT_DOCUMENTS_MAX) {
        const mg_entry_t *entry = s_next(session);
        if (!entry) {
            page->end = true;
            break;
        }
        self->list[page->n_documents] = &self->documents[page->n_documents];
        s_fill(self->list[page->n_documents++], session, entry);
        bytes += entry->body_len + entry->key_len;
    }
    return MG_OK;
}

static mg_viewref_t *
s_end(session_t *session)
{
    mg_viewref_t *view = session->view;
    session->view = NULL;
    session->number = 0;
    return view;
}

mg_viewref_t *
mg_exports_end(mg_exports_t *self, uint64_t number)
{
    session_t *session = number ? s_find(self, number) : NULL;
    return session ? s_end(session) : NULL;
}

mg_viewref_t *
mg_exports_end_oldest(mg_exports_t *self, int64_t before_ms)
{
    session_t *oldest = &self->session[0];
    for (int i = 1; i < MG_EXPORTS_MAX && oldest->number; i++) {
        if (!self->session[i].number || self->session[i].used_ms < oldest->used_ms) {
            oldest = &self->session[i];
        }
    }
    return oldest->number && oldest->used_ms < before_ms ? s_end(oldest) : NULL;
}

mg_viewref_t *
mg_exports_end_idle(mg_exports_t *self, int64_t now_ms)
{
    for (int i = 0; i < MG_EXPORTS_MAX; i++) {
        session_t *session = &self->session[i];
        if (session->number && session->used_ms < now_ms - MG_EXPORT_IDLE_MS) {
            return s_end(session);
        }
    }
    return NULL;
}
