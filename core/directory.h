/* directory - what one version of the state consists of: the roots of all its trees.
 *
 * Owns     : its slots. Trees and entries belong to the store that made it.
 * Thread   : like a node: written by the store's thread until a view can see it, never again afterwards.
 * Fails    : NULL without memory.
 * Not here : the store's own business (core/store.c), reading (core/view.c). Internal to those two.
 */
#ifndef MG_CORE_DIRECTORY_H
#define MG_CORE_DIRECTORY_H

#include "core/btree.h"
#include "core/collections.h"
#include "core/view.h"

/* A collection's name and registry row: made once, lives as long as the store. */
typedef struct mg_slot_info {
    struct mg_slot_info *next;    /* of the store's list */
    const mg_collection_t *known; /* NULL: imported name, keyed by _id */
    uint32_t name_len;
    char name[];
} mg_slot_info_t;

/* The trees of one collection. */
enum {
    MG_TREE_DOCUMENTS,
    MG_TREE_UNIQUE /* and MG_INDEXES_MAX - 1 more */,
    MG_TREES = MG_TREE_UNIQUE + MG_INDEXES_MAX
};

typedef struct mg_directory_slot {
    const mg_slot_info_t *info;
    mg_node_t *tree[MG_TREES];
} mg_directory_slot_t;

typedef struct mg_directory mg_directory_t;
struct mg_directory {
    uint64_t made;             /* version in which it was made */
    mg_directory_t *dead_next; /* writer only */
    bool whole;                /* writer only: dead together with its trees */
    mg_node_t *expiry;         /* documents that expire, by time; core/store.c */
    int count;
    int cap;
    mg_directory_slot_t slot[];
};

/* The dead that one view still sees. */
typedef struct mg_view_graves {
    mg_graves_t trees;
    mg_directory_t *directories;
} mg_view_graves_t;

struct mg_view {
    const mg_directory_t *directory;
    uint64_t version;
    mg_view_t *older; /* the store's list, by version */
    mg_view_t *newer;
    mg_view_graves_t graves;
    bool closed; /* given back; only its graves are left */
};

#endif
