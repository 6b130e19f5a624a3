/* requestid - the name of each request: the client's own, or a fresh UUID.
 *
 * Owns     : random bytes for the next ids, drawn for many at once: the kernel is asked once in MG_REQUESTIDS_DRAWN requests.
 * Thread   : one per instance.
 * Fails    : never.
 * Not here : ids of documents and tokens (gateway/token.h).
 * Source   : platform-api.md section 1.
 */
#ifndef MG_GATEWAY_REQUESTID_H
#define MG_GATEWAY_REQUESTID_H

#include "gateway/token.h"

enum {
    MG_REQUEST_ID_MAX = 64, /* bytes of a request id that a client may choose */
    MG_REQUESTIDS_DRAWN = 64
};

/* Start from zero. */
typedef struct mg_requestids {
    uint8_t drawn[MG_REQUESTIDS_DRAWN][MG_UUID_BYTES];
    size_t left;
} mg_requestids_t;

/* The client's own id when it is 1..MG_REQUEST_ID_MAX letters, digits, '-', '_', '.' or ':'; else a new UUID. */
void mg_requestid_choose(mg_requestids_t *self, mg_slice_t wanted, char out[MG_REQUEST_ID_MAX + 1]);

#endif
