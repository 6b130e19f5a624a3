#include "gateway/service.h"

#include "actors/hasher.h"
#include "core/clock.h"
#include "core/document.h"
#include "core/seed.h"
#include "gateway/ask.h"
#include "gateway/dispatch.h"
#include "gateway/dumphint.h"
#include "messages/autosave.pb-c.h"
#include "messages/hasher.pb-c.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

static void
s_count_late(void *arg, const ProtobufCMessage *reply)
{
    (void)reply;
    ((mg_service_t *)arg)->late++;
}

static mg_link_t *
s_link(mg_service_t *self,
       const char *endpoint,
       const ProtobufCMessageDescriptor *schema,
       uint32_t window)
{
    return mg_link_new(&(mg_link_options_t){.endpoint = endpoint,
                                            .schema = schema,
                                            .window = window,
                                            .on_late = s_count_late,
                                            .on_late_arg = self});
}

static void
s_set_secret(mg_service_t *self, mg_slice_t secret)
{
    if (mg_slice_equal(mg_buf_slice(&self->secret), secret)) {
        return;
    }
    mg_buf_wipe(&self->secret);
    mg_buf_append_slice(&self->secret, secret);
    if (self->http->jwt_secret || !self->http->jwt_keys) {
        if (mg_signkeys_set_legacy(&self->signkeys, secret) != MG_OK) {
            mg_signkeys_wipe(&self->signkeys); /* no token is better than one under half a key */
        }
    }
    mg_sessions_clear(self->sessions);
}

/* The environment's keys; what is wrong with them was said by the check of the configuration. */
static mg_status_t
s_open_signkeys(mg_service_t *self)
{
    mg_fault_t why;
    mg_status_t status = MG_OK;
    if (self->http->jwt_keys) {
        status = mg_signkeys_read(&self->signkeys, mg_slice_text(self->http->jwt_keys), &why);
    }
    if (status == MG_OK && self->http->jwt_secret) {
        s_set_secret(self, mg_slice_text(self->http->jwt_secret));
    }
    return status;
}

static mg_status_t
s_find_dump_path(mg_service_t *self)
{
    char folder[PATH_MAX];
    if (!getcwd(folder, sizeof folder)) {
        return MG_ERR_IO;
    }
    mg_dumphint_absolute(self->dump->path_hint, folder, &self->dump_path);
    return mg_buf_ok(&self->dump_path) ? MG_OK : MG_ERR_NO_MEMORY;
}

mg_status_t
mg_service_open(mg_service_t *self)
{
    mg_router_build(&self->router);
    self->slots = mg_slots_new(MG_SERVICE_WAITING_MAX);
    self->sessions = mg_sessions_new();
    self->representations = mg_representations_new();
    self->rates = mg_ratestore_new(self->http);
    self->metrics = mg_metrics_new();
    self->observer = mg_observer_new();
    self->state_link = mg_state_link_new(MG_SERVICE_WINDOW);
    self->view_link = mg_state_link_new(MG_SERVICE_VIEWS_MAX);
    self->dump_link = s_link(self, MG_BUS_DUMP, &mg__dump_reply__descriptor, MG_SERVICE_DUMPS_MAX);
    self->hasher_link =
        s_link(self, MG_BUS_HASHER, &mg__hasher_reply__descriptor, MG_HASHER_QUEUE_MAX);
    self->autosave_link =
        s_link(self, MG_BUS_AUTOSAVE, &mg__autosave_reply__descriptor, MG_SERVICE_DUMPS_MAX);
    if (!self->slots || !self->sessions || !self->representations || !self->rates ||
        !self->metrics || !self->observer || !self->state_link || !self->view_link ||
        !self->dump_link || !self->hasher_link || !self->autosave_link) {
        return MG_ERR_NO_MEMORY;
    }
    mg_link_hold_back(self->state_link);
    mg_storedkeys_read(&self->storedkeys, self->http->token_key, self->dump);
    mg_status_t status = s_open_signkeys(self);
    return status == MG_OK ? s_find_dump_path(self) : status;
}

void
mg_service_close(mg_service_t *self)
{
    if (self->view) {
        mg_state_give_back(self->view_link, &self->view);
    }
    mg_link_destroy(&self->autosave_link);
    mg_link_destroy(&self->hasher_link);
    mg_link_destroy(&self->dump_link);
    mg_link_destroy(&self->view_link);
    mg_link_destroy(&self->state_link);
    mg_storedkeys_wipe(&self->storedkeys);
    mg_signkeys_wipe(&self->signkeys);
    mg_buf_wipe(&self->secret);
    mg_buf_free(&self->view_tickets);
    mg_buf_free(&self->dump_path);
    mg_buf_free(&self->openapi);
    mg_buf_free(&self->openapi_page);
    mg_observer_destroy(&self->observer);
    mg_metrics_destroy(&self->metrics);
    mg_ratestore_destroy(&self->rates);
    mg_representations_destroy(&self->representations);
    mg_sessions_destroy(&self->sessions);
    mg_slots_destroy(&self->slots);
}

mg_status_t
mg_service_watch(mg_service_t *self, mg_loop_t *loop)
{
    mg_link_t *const links[] = {self->state_link, self->view_link, self->dump_link,
                                self->hasher_link, self->autosave_link};
    for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
        mg_status_t status = mg_loop_watch_link(loop, links[i]);
        if (status != MG_OK) {
            return status;
        }
    }
    return MG_OK;
}

/* --- the view --- */

uint64_t
mg_service_version(const mg_service_t *self)
{
    return atomic_load_explicit(self->version, memory_order_acquire);
}

static bool
s_covers(const mg_service_t *self, uint64_t version)
{
    return self->view && mg_view_version(mg_viewref_view(self->view)) >= version;
}

bool
mg_service_is_fresh(mg_service_t *self, uint64_t version)
{
    self->view_used = true;
    if (!s_covers(self, version) && self->view_asked && !self->view_coming) {
        self->view_coming = true;
        mg_link_receive(self->view_link); /* s_on_view */
        self->view_coming = false;
    }
    return s_covers(self, version);
}

int64_t
mg_service_rest(mg_service_t *self, int64_t now_ms)
{
    if (!self->view) {
        return -1;
    }
    if (self->view_used) {
        self->view_used = false;
        self->view_idle_ms = now_ms;
    }
    int64_t left_ms = self->view_idle_ms + MG_SERVICE_VIEW_IDLE_MS - now_ms;
    if (left_ms > 0) {
        return left_ms;
    }
    mg_state_give_back(self->view_link, &self->view);
    return -1;
}

/* Without a configured secret the one in the state signs: it comes with the store and goes with a Swap. */
static void
s_read_secret(mg_service_t *self)
{
    if (self->http->jwt_secret) {
        return;
    }
    const mg_entry_t *entry = mg_view_find(mg_viewref_view(self->view), MG_COLLECTION_META,
                                           mg_slice_text(MG_SEED_JWT_KEY));
    s_set_secret(self, entry ? mg_document_bytes(mg_entry_body(entry), "secret") : (mg_slice_t){0});
}

/* Its lists are slices of a document that may be gone. */
static void
s_forget_settings(mg_service_t *self)
{
    self->settings = NULL;
    self->settings_rev = 0;
    self->ipfilter = (mg_ipfilter_t){0};
}

static mg_status_t
s_take_view(mg_service_t *self, const Mg__StateReply *reply)
{
    if (reply->status != MG_OK) {
        return (mg_status_t)reply->status;
    }
    mg_viewref_t *view = mg_viewref_take(reply->view);
    if (!view) {
        return MG_ERR_BAD_MESSAGE;
    }
    if (self->view) {
        mg_state_give_back(self->view_link, &self->view);
    }
    self->view = view;
    if (reply->swaps != self->swaps) { /* addresses and revs may mean other documents now */
        self->swaps = reply->swaps;
        mg_sessions_clear(self->sessions);
        mg_representations_clear(self->representations);
        s_forget_settings(self);
        mg_ratestore_load(self->rates, mg_viewref_view(self->view), mg_clock_mono_ms(),
                          mg_clock_wall_ns());
    }
    s_read_secret(self);
    return MG_OK;
}

static mg_status_t s_ask_view(mg_service_t *self);

/* Runs everybody who waited. Some may find the view too old already and wait for the next one. */
static void
s_resume_waiting(mg_service_t *self, mg_status_t status)
{
    mg_buf_t tickets = self->view_tickets;
    self->view_tickets = (mg_buf_t){0};
    for (size_t at = 0; at < tickets.len; at += sizeof(mg_ticket_t)) {
        mg_ticket_t ticket;
        memcpy(&ticket, tickets.data + at, sizeof ticket);
        mg_request_t *request = mg_slots_take(self->slots, ticket);
        if (!request) {
            continue;
        }
        request->ticket = MG_TICKET_NONE;
        if (status == MG_OK) {
            mg_dispatch_resume(request);
        } else {
            mg_ask_refuse(request, status);
            mg_dispatch_settle(request);
        }
    }
    mg_buf_free(&tickets);
}

/* A view, or none: the one that was asked for ahead was not wanted any more (mg_service_rest), and by now somebody may wait. */
static void
s_on_view(void *arg, mg_status_t status, const ProtobufCMessage *message)
{
    mg_service_t *self = arg;
    const Mg__StateReply *reply = (const Mg__StateReply *)message;
    bool unwanted = status == MG_OK && reply->status == MG_ERR_CLOSED;
    bool coming = self->view_coming;
    self->view_coming = true; /* who runs now looks for no newer one */
    self->view_asked = false;
    if (status == MG_OK && !unwanted) {
        status = s_take_view(self, reply);
    }
    if (status == MG_OK && (!unwanted || self->view_tickets.len > 0)) {
        status = s_ask_view(self);
    }
    if (!unwanted) {
        s_resume_waiting(self, status);
    }
    self->view_coming = coming;
}

/* Asks for a view that is newer than the one there is, unless that is asked for already. */
static mg_status_t
s_ask_view(mg_service_t *self)
{
    enum { DAY_MS = 86400000 };
    if (self->view_asked) {
        return MG_OK;
    }
    Mg__OpenView open = MG__OPEN_VIEW__INIT;
    Mg__StateRequest request = MG__STATE_REQUEST__INIT;
    open.newer_than = self->view ? mg_view_version(mg_viewref_view(self->view)) : 0;
    request.body_case = MG__STATE_REQUEST__BODY_OPEN_VIEW;
    request.open_view = &open;
    mg_status_t status =
        mg_link_ask(self->view_link, &request.base, mg_clock_mono_ms() + DAY_MS, s_on_view, self);
    self->view_asked = status == MG_OK;
    return status;
}

const mg_ipfilter_t *
mg_service_ipfilter(mg_service_t *self, const mg_entry_t *settings)
{
    uint64_t rev = settings ? settings->rev : 0;
    if (settings != self->settings || rev != self->settings_rev) {
        self->settings = settings;
        self->settings_rev = rev;
        self->ipfilter = mg_ipfilter_read(settings ? mg_entry_body(settings) : (mg_slice_t){0});
    }
    return &self->ipfilter;
}

void
mg_service_wait_view(mg_service_t *self, mg_request_t *request)
{
    int64_t deadline_ms = mg_clock_mono_ms() + (int64_t)2 * MG_STATE_REPLY_MS;
    mg_ticket_t ticket = mg_slots_park(self->slots, request, deadline_ms);
    mg_status_t status = ticket == MG_TICKET_NONE ? MG_ERR_BUSY : s_ask_view(self);
    if (status == MG_OK) {
        mg_buf_append(&self->view_tickets, &ticket, sizeof ticket);
        status = mg_buf_ok(&self->view_tickets) ? MG_OK : MG_ERR_NO_MEMORY;
    }
    if (status != MG_OK) {
        (void)mg_slots_take(self->slots, ticket);
        mg_ask_refuse(request, status);
        return;
    }
    request->ticket = ticket;
}
