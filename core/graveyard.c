#include "core/graveyard.h"

#include <stdlib.h>

static mg_view_t *
s_newest_open(mg_view_t *from)
{
    while (from && from->closed) {
        from = from->older;
    }
    return from;
}

mg_view_t *
mg_graveyard_open(mg_graveyard_t *self, const mg_directory_t *directory, uint64_t version)
{
    mg_view_t *view =
        malloc(sizeof *view); /* from the thread's own cache, which calloc does not look into */
    if (!view) {
        return NULL;
    }
    *view = (mg_view_t){.directory = directory, .version = version, .older = self->newest};
    if (self->newest) {
        self->newest->newer = view;
    }
    self->newest = view;
    self->open++;
    return view;
}

void
mg_graveyard_close(mg_graveyard_t *self, mg_view_t *view)
{
    view->closed = true;
    self->open--;
}

mg_tree_writer_t
mg_graveyard_writer(const mg_graveyard_t *self, uint64_t version)
{
    mg_view_t *view = s_newest_open(self->newest);
    return (mg_tree_writer_t){.version = version,
                              .visible = view ? view->version : 0,
                              .graves = view ? &view->graves.trees : NULL};
}

static void
s_add_directory(mg_view_graves_t *graves, mg_directory_t *directory)
{
    directory->dead_next = graves->directories;
    graves->directories = directory;
}

void
mg_graveyard_bury(mg_graveyard_t *self, mg_directory_t *directory, bool whole)
{
    mg_view_t *view = s_newest_open(self->newest);
    directory->whole = whole;
    if (!whole && (!view || directory->made > view->version)) {
        free(directory);
        return;
    }
    s_add_directory(view ? &view->graves : &self->limbo, directory);
}

/* --- reclaiming --- */

/* Whose dead are looked at, and the next older open view, which may still see some of them. */
typedef struct drain {
    mg_view_graves_t *from;
    mg_view_graves_t *older; /* NULL: there is none */
    uint64_t seen;           /* version of the older view; 0: there is none */
} drain_t;

static void
s_bury_whole(mg_graves_t *graves, mg_node_t *node)
{
    if (node) {
        node->whole = true;
        mg_graves_add_node(graves, node);
    }
}

static void
s_drain_directory(const drain_t *drain)
{
    mg_directory_t *directory = drain->from->directories;
    drain->from->directories = directory->dead_next;
    if (drain->older && directory->made <= drain->seen) {
        s_add_directory(drain->older, directory);
        return;
    }
    if (directory->whole) {
        s_bury_whole(&drain->from->trees, directory->expiry);
        for (int i = 0; i < directory->count * MG_TREES; i++) {
            s_bury_whole(&drain->from->trees, directory->slot[i / MG_TREES].tree[i % MG_TREES]);
        }
    }
    free(directory);
}

/* A node that goes with everything below: its children are next. */
static void
s_bury_slots(mg_graves_t *graves, mg_node_t *node)
{
    for (unsigned i = 0; i < node->count; i++) {
        if (node->height == 0) {
            mg_graves_add_entry(graves, node->slot[i].entry);
            continue;
        }
        s_bury_whole(graves, node->slot[i].child);
        if (i > 0) {
            mg_graves_add_entry(graves, mg_node_bounds(node)[i].entry);
        }
    }
}

static void
s_drain_node(const drain_t *drain)
{
    mg_graves_t *graves = &drain->from->trees;
    mg_node_t *node = graves->nodes;
    graves->nodes = node->dead_next;
    graves->count--;
    if (drain->older && node->made <= drain->seen) {
        mg_graves_add_node(&drain->older->trees, node);
        return;
    }
    if (node->whole) {
        s_bury_slots(graves, node);
    }
    free(node);
}

static void
s_drain_entry(const drain_t *drain)
{
    mg_graves_t *graves = &drain->from->trees;
    mg_entry_t *entry = graves->entries;
    graves->entries = entry->dead_next;
    graves->count--;
    if (drain->older && entry->rev <= drain->seen) {
        mg_graves_add_entry(&drain->older->trees, entry);
    } else {
        mg_entry_free(entry);
    }
}

/* Spends the budget on one view's dead; true when none are left. */
static bool
s_drain(const drain_t *drain, unsigned *budget)
{
    for (; *budget > 0; (*budget)--) {
        if (drain->from->trees.entries) {
            s_drain_entry(drain);
        } else if (drain->from->trees.nodes) {
            s_drain_node(drain);
        } else if (drain->from->directories) {
            s_drain_directory(drain);
        } else {
            return true;
        }
    }
    return false;
}

static void
s_unlink(mg_graveyard_t *self, mg_view_t *view)
{
    if (view->older) {
        view->older->newer = view->newer;
    }
    if (view->newer) {
        view->newer->older = view->older;
    } else {
        self->newest = view->older;
    }
    free(view);
}

bool
mg_graveyard_reclaim(mg_graveyard_t *self, unsigned budget)
{
    if (!s_drain(&(drain_t){.from = &self->limbo}, &budget)) {
        return true;
    }
    mg_view_t *older = NULL;
    for (mg_view_t *view = self->newest; view; view = older) {
        older = view->older;
        if (!view->closed) {
            continue;
        }
        mg_view_t *heir = s_newest_open(older);
        drain_t drain = {.from = &view->graves,
                         .older = heir ? &heir->graves : NULL,
                         .seen = heir ? heir->version : 0};
        if (!s_drain(&drain, &budget)) {
            return true;
        }
        s_unlink(self, view);
    }
    return false;
}

uint64_t
mg_graveyard_count(const mg_graveyard_t *self)
{
    uint64_t count = self->limbo.trees.count;
    for (const mg_view_t *view = self->newest; view; view = view->older) {
        count += view->graves.trees.count;
    }
    return count;
}
