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

mg_exit_t
mg_compare_run(mg_docsource_t *before, mg_docsource_t *after, mg_compare_fn *each, void *arg)
{
    const mg_source_document_t *a = NULL;
    const mg_source_document_t *b = NULL;
    mg_exit_t code = mg_docsource_next(before, &a);
    if (code == MG_EXIT_OK) {
        code = mg_docsource_next(after, &b);
    }
    while (code == MG_EXIT_OK && (a || b)) {
        int order = s_order(a, b);
        if (order != 0 || !s_is_same(a, b)) {
            code = each(arg, order <= 0 ? a : NULL, order >= 0 ? b : NULL);
        }
        if (code == MG_EXIT_OK && order <= 0) {
            code = mg_docsource_next(before, &a);
        }
        if (code == MG_EXIT_OK && order >= 0) {
            code = mg_docsource_next(after, &b);
        }
    }
    return code;
}
