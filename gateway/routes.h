/* routes - the table of what can be asked, by whom, and who answers; one part per subject (gateway/tables).
 *
 * Owns     : static tables only.
 * Fails    : a path that no row knows finds nothing; one that is known under other methods says which.
 * Not here : running a row (gateway/dispatch.h), escapes in parameters (gateway/percent.h).
 * Source   : platform-api.md sections 3 to 12.
 *
 * The table drives dispatch, 404 and 405 with Allow, OPTIONS, the check of permissions, and the labels of metrics. A pattern's
 * `{name}` stands for one segment, `{name...}` at its end for all the rest. Literal rows stand before patterns.
 */
#ifndef MG_GATEWAY_ROUTES_H
#define MG_GATEWAY_ROUTES_H

#include "gateway/errors.h"
#include "gateway/gate.h"
#include "gateway/permission.h"

typedef struct mg_request mg_request_t;   /* gateway/request.h */
typedef struct mg_resource mg_resource_t; /* gateway/resource.h */

enum { MG_ROUTES_MAX = 256, MG_ROUTE_PARAMS_MAX = 4 };

/* Answers the request, or asks another actor and returns; then it is called again, from the top, when the reply is there. */
typedef void mg_handler_t(mg_request_t *request);
/* Rules that stand before the permission in the contract. False: it has answered. */
typedef bool mg_guard_t(mg_request_t *request);

typedef enum mg_access {
    MG_ACCESS_OPEN,  /* nobody is asked who they are */
    MG_ACCESS_LOGIN, /* any valid token */
    MG_ACCESS_ROLE,  /* the row's permission */
    MG_ACCESS_SELF,  /* the user named by the first parameter, or the row's permission */
} mg_access_t;

enum {
    MG_ROUTE_ALWAYS = 1,     /* answered while starting and stopping too */
    MG_ROUTE_UNFILTERED = 2, /* not subject to the address filter */
    MG_ROUTE_NO_CSRF = 4,
    MG_ROUTE_KNOWS_CALLER = 8, /* open, but a valid token is looked at */
    MG_ROUTE_SMALL_BODY = 16   /* a few fields of bounded length: MG_BODY_SMALL */
};

/* Largest bodies, in bytes; where none of these holds, the configured limit. None is over that. */
enum {
    MG_BODY_UNWANTED = 4096, /* no handler reads it: GET and DELETE, paths that no row knows */
    MG_BODY_SMALL = 16384
};

typedef struct mg_route {
    mg_method_t method;
    const char *pattern;
    mg_handler_t *handler;
    const mg_resource_t *resource; /* for the handlers of gateway/resource.h */
    mg_access_t access;
    mg_permission_t permission;
    mg_error_id_t denied;   /* 403 */
    mg_error_id_t no_login; /* 401; 0: {"detail":"Unauthorized"} */
    mg_guard_t *guard;
    unsigned flags;
} mg_route_t;

/* What a path means. Parameters are slices of the path, escapes and all. */
typedef struct mg_route_match {
    const mg_route_t *route; /* NULL: no row has this path and this method */
    unsigned methods; /* bit per mg_method_t that some row has for this path; 0: unknown path */
    mg_slice_t params[MG_ROUTE_PARAMS_MAX];
    size_t param_count;
} mg_route_match_t;

/* The rows of one subject: gateway/tables. */
typedef struct mg_route_table {
    const mg_route_t *rows;
    size_t count;
} mg_route_table_t;

/* What a path shares with each pattern that it fits: a search spares itself all other rows. */
typedef struct mg_route_shape {
    uint64_t
        family; /* a number for the first two segments, `/platform/api`; 0: a parameter is among them */
    size_t
        segments; /* the empty one before the first '/' too; 0: the pattern's last takes any number */
} mg_route_shape_t;

typedef struct mg_router {
    size_t count;
    const mg_route_t *rows[MG_ROUTES_MAX];
    mg_route_shape_t shapes[MG_ROUTES_MAX];
} mg_router_t;

void mg_router_build(mg_router_t *self);
/* The row for a method and a path (no query). HEAD is answered by the GET row. */
void mg_routes_find(const mg_router_t *router,
                    mg_method_t method,
                    mg_slice_t path,
                    mg_route_match_t *out);
/* The largest body for what mg_routes_find has found; `most` is the configured limit. */
uint64_t mg_routes_body_max(const mg_route_match_t *match, uint64_t most);
/* Row number `index` of all tables; NULL: there is none. */
const mg_route_t *mg_route_row(size_t index);
/* The number of a row. */
size_t mg_route_index(const mg_route_t *route);

/* True when `path` fits `pattern`; `out` gets its parameters (route and methods are left alone). */
bool mg_route_fits(const char *pattern, mg_slice_t path, mg_route_match_t *out);
/* Appends "GET, HEAD, OPTIONS" for a set of methods. */
void mg_routes_write_allow(unsigned methods, mg_buf_t *out);

#endif
