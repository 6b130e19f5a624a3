/* paging - `page` and `page_size` of list requests.
 *
 * Owns     : nothing.
 * Fails    : it answers 400 PAG001 out of range, 422 when they are no whole numbers.
 * Source   : platform-api.md section 1.
 */
#ifndef MG_GATEWAY_PAGING_H
#define MG_GATEWAY_PAGING_H

#include "gateway/request.h"

typedef struct mg_paging {
    int64_t page; /* from 1 */
    int64_t page_size;
} mg_paging_t;

/* A query parameter as a whole number; absent: left as it is. False: it has answered 422. */
bool mg_paging_number(mg_request_t *request, const char *name, int64_t *value);
/* False: it has answered. `page_size`: what it is when the client does not say. */
bool mg_paging_read(mg_request_t *request, int64_t page_size, mg_paging_t *out);
/* How many items stand before the page; never overflows. */
uint64_t mg_paging_skip(const mg_paging_t *self);
/* Appends `,"page":P,"page_size":S,"has_next":B,"total":T`. */
void mg_paging_write(const mg_paging_t *self, uint64_t total, mg_buf_t *out);

#endif
