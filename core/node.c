#include "core/node.h"

#include <stdlib.h>
#include <string.h>

static size_t
s_size(unsigned height)
{
    size_t slots = height ? 2 * MG_FANOUT : MG_FANOUT; /* children and bounds, or entries */
    return sizeof(mg_node_t) + slots * sizeof(mg_slot_t);
}

mg_node_t *
mg_node_new(unsigned height, const mg_tree_writer_t *writer)
{
    mg_node_t *node = calloc(1, s_size(height));
    if (node) {
        node->height = (uint8_t)height;
        node->made = writer->version;
    }
    return node;
}

mg_node_t *
mg_node_own(mg_node_t *node, mg_tree_writer_t *writer)
{
    if (node->made > writer->visible) {
        return node;
    }
    mg_node_t *copy = malloc(s_size(node->height));
    if (!copy) {
        return NULL;
    }
    memcpy(copy, node, s_size(node->height));
    copy->made = writer->version;
    copy->dead_next = NULL;
    mg_bury_node(writer, node);
    writer->nodes_copied++;
    return copy;
}

void
mg_slots_insert(mg_slot_t *slots, unsigned count, unsigned at, mg_slot_t slot)
{
    memmove(slots + at + 1, slots + at, (count - at) * sizeof *slots);
    slots[at] = slot;
}

void
mg_slots_drop(mg_slot_t *slots, unsigned count, unsigned at)
{
    memmove(slots + at, slots + at + 1, (count - at - 1) * sizeof *slots);
}

void
mg_slots_copy(mg_slot_t *to, const mg_slot_t *from, unsigned count)
{
    memcpy(to, from, count * sizeof *to);
}

void
mg_graves_add_entry(mg_graves_t *graves, mg_entry_t *entry)
{
    entry->dead_next = graves->entries;
    graves->entries = entry;
    graves->count++;
}

void
mg_graves_add_node(mg_graves_t *graves, mg_node_t *node)
{
    node->dead_next = graves->nodes;
    graves->nodes = node;
    graves->count++;
}

void
mg_bury_entry(mg_tree_writer_t *writer, mg_entry_t *entry)
{
    if (entry->rev > writer->visible) {
        mg_entry_free(entry);
    } else {
        mg_graves_add_entry(writer->graves, entry);
    }
}

void
mg_bury_node(mg_tree_writer_t *writer, mg_node_t *node)
{
    if (node->made > writer->visible) {
        free(node);
    } else {
        mg_graves_add_node(writer->graves, node);
    }
}
