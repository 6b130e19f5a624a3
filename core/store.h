/* store - the whole state: immutable versions of ordered collections, one writer.
 *
 * Owns     : every version that a view can still see, all entries and nodes in them, the views themselves.
 * Thread   : one thread writes and calls everything here; views may be read by others (core/view.h).
 * Takes    : batches of operations; the time with each call, it reads no clock.
 * Fails    : a batch applies whole or not at all; on any status but MG_OK nothing changed.
 * Not here : messages and the atomic version (actors/state.c), BSON rules (core/bsoncheck.h checks before).
 * Source   : design.md section 3, docs/adr/0002-versioned-btree.md.
 */
#ifndef MG_CORE_STORE_H
#define MG_CORE_STORE_H

#include "core/view.h"

typedef struct mg_store mg_store_t;

typedef enum mg_op_kind {
    MG_OP_PUT, /* the document becomes `body` */
    MG_OP_PATCH, /* top-level fields of `body` replace or join those of the document, which must be there */
    MG_OP_DELETE /* the document goes; absent is no error unless a condition says so */
} mg_op_kind_t;

typedef enum mg_condition {
    MG_IF_ANY,     /* no precondition */
    MG_IF_ABSENT,  /* else MG_ERR_EXISTS */
    MG_IF_PRESENT, /* else MG_ERR_NOT_FOUND */
    MG_IF_REV      /* present (else MG_ERR_NOT_FOUND) with this rev, else MG_ERR_CONFLICT */
} mg_condition_t;

typedef struct mg_op {
    mg_op_kind_t kind;
    mg_condition_t condition;
    uint64_t rev;          /* for MG_IF_REV */
    mg_slice_t collection; /* name; an unknown one is made by its first PUT. "" is META */
    mg_slice_t
        key; /* natural key. PUT may leave it empty: derived from the body. A PUT whose key and body
                            * disagree, or a PATCH that would change the key, is MG_ERR_INVALID */
    mg_slice_t body;    /* BSON, borrowed; empty for DELETE */
    int64_t expires_ns; /* Unix time for PUT, 0 = never; PATCH keeps the document's own */
} mg_op_t;

typedef struct mg_store_stats {
    uint64_t version;
    uint64_t
        changes; /* operations that changed something since the store was made, sweeps and META left out */
    uint64_t documents; /* all collections but META */
    uint64_t bytes;     /* keys, bodies and headers of all live entries */
    uint64_t dead;      /* entries and nodes that wait to be freed or are kept for a view */
    uint64_t
        nodes_copied; /* since the store was made: copies of tree nodes because a view could see them */
    uint32_t views; /* open now */
} mg_store_stats_t;

mg_store_t *mg_store_new(void);
/* Frees all; every view must have been released. */
void mg_store_destroy(mg_store_t **self_p);

/* Applies `count` operations as one new version, in order, each seeing what those before it did.
 * out_failed_at  index of the operation that failed; set only when an operation was to blame.
 * Fails    MG_ERR_EXISTS, MG_ERR_NOT_FOUND, MG_ERR_CONFLICT by condition; MG_ERR_UNIQUE; MG_ERR_INVALID, MG_ERR_TOO_BIG
 *          for keys, bodies and names; MG_ERR_FULL beyond the ceiling (no operation is to blame); MG_ERR_NO_MEMORY. */
MG_MUST_USE mg_status_t mg_store_apply(mg_store_t *self,
                                       const mg_op_t *ops,
                                       size_t count,
                                       int64_t now_ns,
                                       size_t *out_failed_at);

/* From now on a batch that makes the live entries grow beyond so many bytes is refused; UINT64_MAX, as at first: none is. */
void mg_store_set_ceiling(mg_store_t *self, uint64_t bytes);

/* A view of the newest version; O(1). NULL: out of memory. */
mg_view_t *mg_store_open_view(mg_store_t *self);
/* Gives a view back; nobody may read it any more. What only it could see is freed later, by mg_store_reclaim. */
void mg_store_release_view(mg_store_t *self, mg_view_t **view_p);
/* The newest version itself, for the writer's own thread; valid until the next change. */
const mg_view_t *mg_store_current(const mg_store_t *self);

/* Frees at most about `budget` dead entries and nodes; true while more can be freed. */
bool mg_store_reclaim(mg_store_t *self, unsigned budget);
/* Removes at most `max` documents that have expired at `now_ns`, as one version; returns how many. */
size_t mg_store_sweep(mg_store_t *self, int64_t now_ns, size_t max);
/* When the next document expires, 0 = none will. */
int64_t mg_store_next_expiry(const mg_store_t *self);

/* Bulk load of a store nobody else sees yet: appends a document behind the last one of its collection; linear.
 * Fails MG_ERR_INVALID when the key does not ascend, MG_ERR_UNIQUE, MG_ERR_TOO_BIG, MG_ERR_NO_MEMORY. */
MG_MUST_USE mg_status_t mg_store_load(mg_store_t *self, int slot, const mg_op_t *put, uint64_t rev);
/* The same for an entry that was made before; taken over, also on failure. Its key and body keep the limits of core/entry.h. */
MG_MUST_USE mg_status_t mg_store_load_entry(mg_store_t *self, int slot, mg_entry_t *document);
/* The slot of `name`, made empty when it is not there; MG_SLOT_NONE past MG_COLLECTIONS_MAX or without memory. */
int mg_store_slot(mg_store_t *self, mg_slice_t name);
/* Raises the version to at least `version`: what a dump's header says. */
void mg_store_set_version(mg_store_t *self, uint64_t version);

/* Swap: the content becomes that of `*loaded_p` (a store without views, taken over and set to NULL); the version
 * becomes max(both) + 1. Open views go on seeing what they saw. Needs no memory.
 * counted  it is a change that a dump must save; false when the content comes from the newest dump anyway. */
void mg_store_swap(mg_store_t *self, mg_store_t **loaded_p, bool counted);

/* Counted changes since the store was made. */
uint64_t mg_store_changes(const mg_store_t *self);
void mg_store_stats(const mg_store_t *self, mg_store_stats_t *out);

#endif
