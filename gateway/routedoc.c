#include "gateway/routedoc.h"

#include <string.h>

static const mg_route_docs_t *const s_tables[] = {&mg_docs_accounts, &mg_docs_resources,
                                                  &mg_docs_operation};

const mg_route_doc_t *
mg_route_doc_row(size_t index)
{
    for (size_t i = 0; i < sizeof s_tables / sizeof *s_tables; i++) {
        if (index < s_tables[i]->count) {
            return &s_tables[i]->rows[index];
        }
        index -= s_tables[i]->count;
    }
    return NULL;
}

static bool
s_is_of(const mg_route_doc_t *doc, const mg_route_t *route)
{
    const char *method = mg_method_name(route->method);
    size_t len = strlen(method);
    return strncmp(doc->line, method, len) == 0 && doc->line[len] == ' ' &&
           strcmp(doc->line + len + 1, route->pattern) == 0;
}

const mg_route_doc_t *
mg_route_doc(const mg_route_t *route)
{
    static const mg_route_doc_t nothing = {0};
    const mg_route_doc_t *doc = NULL;
    for (size_t i = 0; (doc = mg_route_doc_row(i)) != NULL; i++) {
        if (s_is_of(doc, route)) {
            return doc;
        }
    }
    return &nothing;
}
