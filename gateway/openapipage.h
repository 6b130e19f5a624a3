/* openapipage - the API document as one HTML page: no script, no style, nothing from elsewhere, so that it stands under the strictest
 * Content-Security-Policy.
 *
 * Owns  : nothing.
 * Takes : a document of gateway/openapi.h.
 * Fails : by marking the buffer (core/buf.h).
 */
#ifndef MG_GATEWAY_OPENAPIPAGE_H
#define MG_GATEWAY_OPENAPIPAGE_H

#include "core/buf.h"

#include <jansson.h>

void mg_openapi_page(const json_t *document, mg_buf_t *out);

#endif
