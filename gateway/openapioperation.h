/* openapioperation - one route as an Operation of OpenAPI: parameters, body, answers, refusals.
 *
 * Owns     : nothing.
 * Fails    : by marking the tree (gateway/schema.h).
 * Not here : the document around it (gateway/openapi.h).
 */
#ifndef MG_GATEWAY_OPENAPIOPERATION_H
#define MG_GATEWAY_OPENAPIOPERATION_H

#include "gateway/routedoc.h"
#include "gateway/schema.h"

enum { MG_OPENAPI_NAME = 64 };

/* An operation that is being written; the parts are in two files. */
typedef struct mg_operation {
    mg_tree_t *tree;
    const mg_route_t *route;
    const mg_route_doc_t *doc;
    mg_doc_kind_t kind;
    json_t *out;
    json_t *example; /* of the resource's body; NULL: there is none */
} mg_operation_t;

/* It heeds If-Match. */
bool mg_operation_is_conditional(const mg_operation_t *self);
/* It heeds Idempotency-Key. */
bool mg_operation_is_repeatable(const mg_operation_t *self);
/* The fields that the body may have; NULL: it has none. */
const mg_field_t *mg_operation_body_fields(const mg_operation_t *self);
/* An answer under its number; `schema` (taken) NULL: without a body. */
void mg_operation_answer(const mg_operation_t *self,
                         json_t *responses,
                         unsigned status,
                         const char *text,
                         json_t *schema);
/* All refusals, by number (openapirefusal.c). */
void mg_operation_add_refusals(const mg_operation_t *self, json_t *responses);

/* The operation of a route. */
json_t *mg_openapi_operation(mg_tree_t *tree, const mg_route_t *route);
/* The component's name of a resource's documents: "Rate limit rule" is "RateLimitRule". */
void mg_openapi_name(const mg_resource_t *resource, char out[MG_OPENAPI_NAME]);

#endif
