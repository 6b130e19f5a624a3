#include "cli/compare.h"

/* Which of the two comes first: <0 before, >0 after, 0 both are of one key. */
static int
s_order(const mg_source_document_t *before, const mg_source_document_t *after)
{
    if (!before || !after) {
        return before ? -1 : 1;
    }
    int order = mg_slice_compare(before->collection, after->collection);
    return order ? order : mg_slice_compare(before->key, after->key);
}

static bool
s_is_same(const mg_source_document_t *before, const mg_source_document_t *after)
{
    return before->expires_ns == after->expires_ns && mg_slice_equal(before->body, after->body);
}

/* Where both sides stand. */
typedef struct front {
    mg_docsource_t *source[2];
    const mg_source_document_t *at[2];
} front_t;

static mg_exit_t
s_advance(front_t *front, bool before, bool after)
{
    mg_exit_t code = MG_EXIT_OK;
    if (before) {
        code = mg_docsource_next(front->source[0], &front->at[0]);
    }
    if (code == MG_EXIT_OK && after) {
        code = mg_docsource_next(front->source[1], &front->at[1]);
    }
    return code;
}

mg_exit_t
mg_compare_run(mg_docsource_t *before, mg_docsource_t *after, mg_compare_fn *each, void *arg)
{
    front_t front = {.source = {before, after}};
    mg_exit_t code = s_advance(&front, true, true);
    while (code == MG_EXIT_OK && (front.at[0] || front.at[1])) {
        int order = s_order(front.at[0], front.at[1]);
        const mg_source_document_t *a = order <= 0 ? front.at[0] : NULL;
        const mg_source_document_t *b = order >= 0 ? front.at[1] : NULL;
        if (!a || !b || !s_is_same(a, b)) {
            code = each(arg, a, b);
        }
        if (code == MG_EXIT_OK) {
            code = s_advance(&front, order <= 0, order >= 0);
        }
    }
    return code;
}
