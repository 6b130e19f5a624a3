/* state - the actor that owns the versioned tree and is its only writer.
 *
 * Owns     : the mg_store_t; the list of view handles that are out.
 * Takes    : StateRequest (messages/state.proto) on MG_BUS_STATE.
 * Sends    : one StateReply to each (none to ReleaseView).
 * Fails    : refuses writes with FROZEN between Freeze and Thaw; BUSY past MG_STATE_VIEWS_MAX views of one actor.
 * Not here : BSON rules: who sends a document has checked it (core/bsoncheck.h).
 *
 * The newest version number is stored in `*version` (release) before a write is acknowledged; a reader that loads it
 * (acquire) knows whether its view is fresh. Dead versions are freed a little each turn.
 */
#ifndef MG_ACTORS_STATE_H
#define MG_ACTORS_STATE_H

#include "actors/actor.h"
#include "messages/handle.h"

#include <stdatomic.h>

enum {
    MG_STATE_VIEWS_MAX = 16,      /* views that one actor may hold */
    MG_STATE_VIEW_OLD_MS = 60000, /* one older than this is logged */
    MG_STATE_REPLY_MS = 5000      /* deadline that askers use for one request */
};

typedef struct mg_state_args {
    _Atomic uint64_t *version; /* outlives the actor */
    uint64_t
        memory_limit; /* bytes that the process may use before the state stops growing; 0: any */
} mg_state_args_t;

extern const mg_actor_ops_t mg_state_actor;

/* --- for askers: a link to the state actor that gives late views back by itself --- */
mg_link_t *mg_state_link_new(uint32_t window);
/* Gives a view back: its word first, then the waking message. */
void mg_state_give_back(mg_link_t *link, mg_viewref_t **view_p);

#endif
