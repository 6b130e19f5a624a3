/* routedoc - what the API document says of a route and no other table knows: words, further refusals, shapes, examples.
 *
 * Owns     : static tables only (gateway/docs).
 * Fails    : a route without a row is told by its handler and its resource alone.
 * Not here : how the document is made (gateway/openapi.h), the routes themselves (gateway/routes.h).
 * Source   : platform-api.md sections 3 to 12.
 */
#ifndef MG_GATEWAY_ROUTEDOC_H
#define MG_GATEWAY_ROUTEDOC_H

#include "gateway/resource.h"

enum { MG_ROUTE_DOC_ERRORS = 10, MG_ROUTE_DOC_MEDIA = 2 };

typedef enum mg_doc_kind {
    MG_DOC_BY_HANDLER, /* those of gateway/resource.h are known, any other is MG_DOC_OWN */
    MG_DOC_CREATE,
    MG_DOC_READ,
    MG_DOC_LIST,
    MG_DOC_UPDATE,
    MG_DOC_DELETE,
    MG_DOC_OWN
} mg_doc_kind_t;

typedef struct mg_route_doc {
    const char *line;    /* "POST /platform/role": the row it belongs to */
    mg_doc_kind_t kind;  /* what a handler of its own does with the row's resource */
    unsigned status;     /* of success; 0: that of its kind */
    const char *summary; /* NULL: made of kind and resource */
    const char *note;    /* what else one should know; NULL: nothing */
    const char *media
        [MG_ROUTE_DOC_MEDIA]; /* of an answer that is no JSON object: text, or a list as JSON; NULL: it is one */
    const char *param;      /* example of a path parameter that the resource's example has not */
    const char *example;    /* the body as JSON; NULL: the resource's */
    const mg_field_t *body; /* NULL: that of its kind */
    bool lenient;           /* a body that does not fit has errors of its own, never VAL001 */
    const mg_field_t *more; /* fields of the body besides the resource's */
    const mg_field_t *query;
    const mg_field_t *answer; /* NULL: that of its kind, a message otherwise */
    const mg_resource_t *const
        *lists;         /* the answer holds lists of their documents; NULL-terminated, or NULL */
    const char *single; /* or, under this name, one document of the first of them */
    mg_error_id_t
        errors[MG_ROUTE_DOC_ERRORS]; /* besides those of row, kind and fields; ends with 0 */
} mg_route_doc_t;

/* The rows of one subject: gateway/docs. */
typedef struct mg_route_docs {
    const mg_route_doc_t *rows;
    size_t count;
} mg_route_docs_t;

extern const mg_route_docs_t mg_docs_accounts;
extern const mg_route_docs_t mg_docs_resources;
extern const mg_route_docs_t mg_docs_operation;

/* Row number `index` of all; NULL: there is none. */
const mg_route_doc_t *mg_route_doc_row(size_t index);
/* What is said of a route; an empty row when nothing is. */
const mg_route_doc_t *mg_route_doc(const mg_route_t *route);

#endif
