/* cors - which pages of other origins may use the platform API, and what their browsers are told.
 *
 * Owns     : nothing: comma lists of the configuration, searched where they are.
 * Takes    : an Origin, a method, a header's name as a client sent them.
 * Fails    : never; what is not allowed gets no Access-Control-Allow-Origin, and its browser keeps the answer from the page.
 * Not here : who sends the headers (gateway/exchange.c, gateway/dispatch.c), the tool that explains them (gateway/handlers/tools.c).
 * Source   : platform-api.md sections 12.2 and 13.7; the Fetch standard, "CORS protocol".
 */
#ifndef MG_GATEWAY_CORS_H
#define MG_GATEWAY_CORS_H

#include "core/buf.h"
#include "core/config.h"

enum { MG_CORS_ORIGIN_MAX = 255, MG_CORS_HEADERS_MAX = 4 };

/* What holds; each list is divided by commas. */
typedef struct mg_cors {
    const char *configured; /* origins as they were set */
    const char *origins;    /* those that count, `*` is any */
    const char *methods;
    const char *headers;
    bool credentials;
    bool any_port; /* an origin without a port stands for all ports and for https too */
} mg_cors_t;

/* The front's rules: without ALLOWED_ORIGINS all origins; with CORS_STRICT and credentials all means this machine. */
mg_cors_t mg_cors_of_front(const mg_config_http_t *http);
/* The rules as the reference's tool tells them: it assumes one local origin, and two when all meet credentials. */
mg_cors_t mg_cors_of_tool(const mg_config_http_t *http);

/* The next item of a list, trimmed; data NULL at its end. `at` starts at the list and moves on. */
mg_slice_t mg_cors_next(const char **at);
/* True when the list has the item, whatever the case of its letters. */
bool mg_cors_lists(const char *list, mg_slice_t item);
/* True when a page of that origin may. Text that is no origin, `null` among it, must be listed by name. */
bool mg_cors_allows(const mg_cors_t *self, mg_slice_t origin);

typedef struct mg_cors_header {
    const char *name;
    mg_slice_t value;
} mg_cors_header_t;

/* The headers for an allowed origin, or without one for data NULL; a preflight also tells methods and headers. Returns how many. */
size_t mg_cors_headers(const mg_cors_t *self,
                       mg_slice_t allowed_origin,
                       bool preflight,
                       mg_cors_header_t out[MG_CORS_HEADERS_MAX]);

#endif
