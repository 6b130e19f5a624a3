/* ratestore - login and registration limits that outlive the process: the counters of gateway/ratelimit.h as Meta records.
 *
 * Owns     : one limiter per kind.
 * Thread   : the gateway's.
 * Takes    : the view after each Swap: what it holds is taken over, stricter than what is known already or not at all.
 * Sends    : one Write, MG_RATESTORE_EVERY_MS apart, of the shards that have changed: a login costs no write of its own, and one that is
 *            refused changes nothing.
 * Fails    : a Write that is refused (frozen, full, late) is sent again.
 * Not here : the windows (gateway/ratelimit.h), whose address it is (gateway/ipfilter.h).
 *
 * A record is {_id: "rate/<kind>/<shard>", clients: [{client, calls, ends: milliseconds of Unix time}]}: at most MG_RATELIMIT_SHARDS of a
 * kind, in every dump, in no export and no digest, and no change that autosave counts. It expires with its last window.
 */
#ifndef MG_GATEWAY_RATESTORE_H
#define MG_GATEWAY_RATESTORE_H

#include "core/config.h"
#include "core/view.h"
#include "gateway/ratelimit.h"
#include "messages/link.h"

enum { MG_RATESTORE_EVERY_MS = 1000 };

typedef enum mg_rate { MG_RATE_LOGIN, MG_RATE_REGISTER, MG_RATES } mg_rate_t;

typedef struct mg_ratestore mg_ratestore_t;

/* NULL: out of memory. */
mg_ratestore_t *mg_ratestore_new(const mg_config_http_t *http);
void mg_ratestore_destroy(mg_ratestore_t **self_p);
/* Counts one call of a client. */
mg_ratelimit_verdict_t
mg_ratestore_take(mg_ratestore_t *self, mg_rate_t rate, mg_slice_t client, int64_t now_ms);
/* Takes over what a new state says; all of it is written again, so that it holds what is known here too. */
void mg_ratestore_load(mg_ratestore_t *self, const mg_view_t *view, int64_t now_ms, int64_t now_ns);
/* Sends what has changed, if it is time or `at_once`. Returns in how many milliseconds it wants to be called again, -1: nothing to send. */
int64_t mg_ratestore_save(mg_ratestore_t *self, mg_link_t *state, int64_t now_ms, bool at_once);
/* True when the state knows all. */
bool mg_ratestore_is_saved(const mg_ratestore_t *self);

#endif
