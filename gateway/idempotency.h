/* idempotency - a POST that is sent twice with one Idempotency-Key is done once.
 *
 * Owns     : nothing; what was done stands in the collection idempotency_keys, {username, key, fingerprint, status, body}, written in
 *            the same batch as what the request changed: it is done and remembered, or neither. So it survives a restart and is in dumps.
 * Thread   : the gateway's.
 * Fails    : 400 for a key that is none, 422 for a key that came before with another request, 409 when the answer can not be read any more.
 * Not here : requests that change nothing, and those of who has not logged in: they may be sent twice anyway.
 * Source   : draft-ietf-httpapi-idempotency-key-header-07. A key lives MG_IDEMPOTENCY_HOURS; of one user the newest MG_IDEMPOTENCY_KEYS stay.
 *
 * Two at once: both run, the batch of the second finds the key there, and the request runs again and is answered from the record.
 * The fingerprint is an HMAC of method, target and body, as a body may hold a password; the kept answer is sealed as API keys are.
 */
#ifndef MG_GATEWAY_IDEMPOTENCY_H
#define MG_GATEWAY_IDEMPOTENCY_H

#include "gateway/batch.h"
#include "gateway/request.h"

enum {
    MG_IDEMPOTENCY_HOURS = 24,
    MG_IDEMPOTENCY_KEYS = 1000,    /* per user */
    MG_IDEMPOTENCY_KEY_MAX = 255,  /* visible characters */
    MG_IDEMPOTENCY_BODY_MAX = 8192 /* bytes of a kept answer; a longer one is not given twice */
};

/* False: the request was done before, or its key is refused; it is answered. */
bool mg_idempotency_passes(mg_request_t *request);
/* Adds to a write what remembers the prepared answer; nothing when the request has no key. */
void mg_idempotency_remember(const mg_request_t *request, mg_batch_t *batch);

#endif
