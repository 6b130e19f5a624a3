/* view - reading one immutable version of the state.
 *
 * Owns     : nothing; an open view is made and freed by its store (core/store.h).
 * Thread   : any thread may read an open view, many at once, without locks. The thread that got the view from
 *            another one acquires it first (messages/viewhandle.h).
 * Takes    : collections by slot: an mg_collection_id_t, or what mg_view_slot gives for an imported name.
 * Fails    : never; what is not there is NULL or 0. Expiry is the caller's: ask mg_entry_alive.
 * Source   : design.md section 3.
 */
#ifndef MG_CORE_VIEW_H
#define MG_CORE_VIEW_H

#include "core/collections.h"
#include "core/entry.h"

typedef struct mg_view mg_view_t;

enum { MG_SLOT_NONE = -1, MG_TREE_HEIGHT_MAX = 16 };

uint64_t mg_view_version(const mg_view_t *self);
/* How many slots there are: 0 .. count - 1; slot 0 is META. */
int mg_view_slots(const mg_view_t *self);
/* The slot of a collection by name, MG_SLOT_NONE when this version has none of that name. */
int mg_view_slot(const mg_view_t *self, mg_slice_t name);
/* The name of a slot; "" for META. Valid as long as the store. */
mg_slice_t mg_view_slot_name(const mg_view_t *self, int slot);
/* Slots in ascending order of their names, META left out; `out` holds mg_view_slots() ints. Returns how many. */
int mg_view_slots_by_name(const mg_view_t *self, int *out);

/* Documents in a collection (expired ones that were not swept yet included); O(1). */
uint64_t mg_view_count(const mg_view_t *self, int slot);
/* Documents in all collections but META. */
uint64_t mg_view_total(const mg_view_t *self);
/* The document with this natural key, or NULL; O(log n). Valid as long as the view. */
const mg_entry_t *mg_view_find(const mg_view_t *self, int slot, mg_slice_t key);
/* The document whose unique field number `index` (order of mg_collection_t.unique) has this value, or NULL. */
const mg_entry_t *
mg_view_find_unique(const mg_view_t *self, int slot, unsigned index, mg_slice_t value);

/* Ordered walk. Lives on the caller's stack; no clean-up. Valid as long as the view. */
typedef struct mg_cursor {
    const void *node[MG_TREE_HEIGHT_MAX];
    uint16_t at[MG_TREE_HEIGHT_MAX];
    int depth;       /* nodes on the path; 0 = at the end */
    uint32_t looked; /* nodes that were looked at so far: what the walk has cost */
} mg_cursor_t;

/* Stands before the first document whose key is >= `key` (empty slice: the first of all). */
void mg_cursor_seek(mg_cursor_t *self, const mg_view_t *view, int slot, mg_slice_t key);
/* Stands before document number `nth` (0-based) in key order; O(log n). */
void mg_cursor_nth(mg_cursor_t *self, const mg_view_t *view, int slot, uint64_t nth);
/* The next document, or NULL at the end. */
const mg_entry_t *mg_cursor_next(mg_cursor_t *self);

#endif
