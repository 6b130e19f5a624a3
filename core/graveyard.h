/* graveyard - the open views, and the dead that must wait for one of them.
 *
 * Owns     : the views and everything buried.
 * Thread   : the store's.
 * Fails    : NULL without memory; burying and reclaiming need none.
 * Not here : what is written (core/transaction.h).
 * Source   : design.md section 3; the dead lists of ZFS snapshots.
 *
 * What a change replaces is buried with the newest open view. When a view is given back, each of its dead is looked at once:
 * made early enough for the next older view to see it, it moves there; else it is freed. So a node goes as soon
 * as no view v has made <= v < replaced, not merely when the oldest view ends. A subtree can be buried whole (Swap);
 * then it is taken apart node by node in the same way. All of that happens a little at a time, in mg_graveyard_reclaim.
 */
#ifndef MG_CORE_GRAVEYARD_H
#define MG_CORE_GRAVEYARD_H

#include "core/directory.h"

typedef struct mg_graveyard {
    mg_view_t *newest;      /* list of views, closed ones with graves included */
    mg_view_graves_t limbo; /* dead that no view sees */
    uint32_t open;          /* views not given back */
} mg_graveyard_t;

/* Opens a view of `directory`. NULL: out of memory. */
mg_view_t *
mg_graveyard_open(mg_graveyard_t *self, const mg_directory_t *directory, uint64_t version);
void mg_graveyard_close(mg_graveyard_t *self, mg_view_t *view);
/* A writer that makes `version` and knows what the open views see. */
mg_tree_writer_t mg_graveyard_writer(const mg_graveyard_t *self, uint64_t version);
/* Buries a directory that was replaced by a copy, or `whole`: with all its trees and entries. */
void mg_graveyard_bury(mg_graveyard_t *self, mg_directory_t *directory, bool whole);
/* Frees or moves at most `budget` of the dead; true while there is more to do. */
bool mg_graveyard_reclaim(mg_graveyard_t *self, unsigned budget);
/* Dead nodes and entries, those kept for an open view included. */
uint64_t mg_graveyard_count(const mg_graveyard_t *self);

#endif
