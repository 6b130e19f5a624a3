#include "core/chain.h"

#include <string.h>

static bool
s_is_named(const mg_candidate_t *parent, const mg_candidate_t *child)
{
    const uint8_t *wanted = child->header.parent_check;
    return (parent->has_footer && memcmp(parent->footer.file_check, wanted, MG_CHECK_SIZE) == 0) ||
           (parent->header.has_resealed_from &&
            memcmp(parent->header.resealed_from, wanted, MG_CHECK_SIZE) == 0);
}

static bool
s_may_be_parent(const mg_candidate_t *parent, const mg_candidate_t *child)
{
    return parent->authenticated && parent->header.generation == child->header.parent_generation &&
           memcmp(parent->header.store_id, child->header.store_id, MG_STORE_ID_SIZE) == 0;
}

mg_chain_t
mg_chain_of(const mg_candidates_t *candidates, size_t index)
{
    const mg_candidate_t *child = &candidates->items[index];
    mg_chain_t chain = MG_CHAIN_ABSENT;
    if (!child->authenticated) {
        return MG_CHAIN_UNKNOWN;
    }
    if (child->header.parent_generation == 0 || !child->header.has_parent_check) {
        return MG_CHAIN_FIRST;
    }
    for (size_t i = 0; i < candidates->count; i++) {
        const mg_candidate_t *parent = &candidates->items[i];
        if (i == index || !s_may_be_parent(parent, child)) {
            continue;
        }
        if (s_is_named(parent, child)) {
            return MG_CHAIN_OK;
        }
        if (!parent->header
                 .has_resealed_from) { /* sealed anew twice: what it was at first is not known */
            chain = MG_CHAIN_MISMATCH;
        }
    }
    return chain;
}

const char *
mg_chain_name(mg_chain_t chain)
{
    switch (chain) {
    case MG_CHAIN_UNKNOWN:
        return "unknown";
    case MG_CHAIN_FIRST:
        return "first";
    case MG_CHAIN_OK:
        return "ok";
    case MG_CHAIN_ABSENT:
        return "absent";
    case MG_CHAIN_MISMATCH:
        return "mismatch";
    }
    return "unknown";
}
