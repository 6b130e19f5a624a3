/* node - one node of a versioned tree: its slots, its copy when a view can see it, its end.
 *
 * Owns     : a node owns its memory; the entries in it belong to the store.
 * Thread   : the writer's. Readers follow `slot`, `count`, `height` and `total` of nodes that an open view can reach;
 *            those are never written again. `dead_next` and `whole` are the writer's alone.
 * Fails    : NULL without memory.
 * Not here : where in the tree it stands (core/btree.h), when graves are emptied (core/store.c).
 */
#ifndef MG_CORE_NODE_H
#define MG_CORE_NODE_H

#include "core/entry.h"

enum { MG_FANOUT = 32, MG_HEIGHT_MAX = 16 /* 16^16 entries at the least */ };

typedef struct mg_node mg_node_t;

typedef union mg_slot {
    mg_entry_t *entry; /* in a leaf; also a bound */
    mg_node_t *child;  /* in an inner node */
} mg_slot_t;

struct mg_node {
    uint64_t made;        /* version in which it was made */
    uint64_t total;       /* entries below */
    mg_node_t *dead_next; /* writer only */
    uint16_t count;       /* slots in use */
    uint8_t height;       /* 0: leaf */
    uint8_t whole;        /* writer only: dead together with everything below */
    mg_slot_t slot[]; /* MG_FANOUT entries or children; of an inner node MG_FANOUT bounds follow */
};

/* The bounds of an inner node: entries of which only the key counts; number 0 is NULL. */
static inline mg_slot_t *
mg_node_bounds(mg_node_t *inner)
{
    return inner->slot + MG_FANOUT;
}

/* The dead that one view still sees. */
typedef struct mg_graves {
    mg_node_t *nodes;
    mg_entry_t *entries;
    uint64_t count; /* both lists */
} mg_graves_t;

/* What a change needs to know of the world. */
typedef struct mg_tree_writer {
    uint64_t version;    /* being written */
    uint64_t visible;    /* version of the newest open view; 0: none is open */
    mg_graves_t *graves; /* of that view; NULL: none is open */
    uint64_t nodes_copied;
} mg_tree_writer_t;

/* An empty node of this height; NULL: out of memory. */
mg_node_t *mg_node_new(unsigned height, const mg_tree_writer_t *writer);
/* The node itself if no open view can see it, else a copy that the writer may change (the original is buried).
 * NULL: out of memory. */
mg_node_t *mg_node_own(mg_node_t *node, mg_tree_writer_t *writer);
/* Makes room at `at` among `count` slots and fills it; closes the gap at `at`. */
void mg_slots_insert(mg_slot_t *slots, unsigned count, unsigned at, mg_slot_t slot);
void mg_slots_drop(mg_slot_t *slots, unsigned count, unsigned at);
/* Copies `count` slots; the two areas do not overlap. */
void mg_slots_copy(mg_slot_t *to, const mg_slot_t *from, unsigned count);

/* Frees the entry or node now if no open view can see it, else when the last that can is gone. */
void mg_bury_entry(mg_tree_writer_t *writer, mg_entry_t *entry);
void mg_bury_node(mg_tree_writer_t *writer, mg_node_t *node);
void mg_graves_add_entry(mg_graves_t *graves, mg_entry_t *entry);
void mg_graves_add_node(mg_graves_t *graves, mg_node_t *node);

#endif
