/* openapi - the API document (OpenAPI 3.1), made of the tables of routes, fields, errors and permissions, so that it agrees with them.
 *
 * Owns     : nothing; a document belongs to the caller, who json_decrefs it.
 * Fails    : NULL without memory, or when a constant in the tables is no JSON (a unit test makes it once).
 * Not here : what rows say (gateway/tables, gateway/docs), schemas of fields (gateway/schema.h), the page (gateway/openapipage.h),
 *            who may read it (gateway/tables/openapi.c).
 * Source   : OpenAPI Specification 3.1.0.
 */
#ifndef MG_GATEWAY_OPENAPI_H
#define MG_GATEWAY_OPENAPI_H

#include "gateway/routedoc.h"

/* The whole document; members stand in the order in which they are to be read. */
json_t *mg_openapi_new(void);
/* The path of a pattern as OpenAPI writes it: `{uri...}` is `{uri}`. */
void mg_openapi_path(const char *pattern, mg_buf_t *out);

#endif
