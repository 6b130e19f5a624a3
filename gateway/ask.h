/* ask - how a request waits for another actor.
 *
 * Owns     : nothing; a waiting request is parked in the service's slots, messages know it by its ticket.
 * Thread   : the gateway's; no call blocks.
 * Sends    : Write, StatsQuery; DumpRequest, RestoreRequest, DumpStatusQuery; HashPassword, CheckPassword; AutosaveReload.
 * Fails    : answers 503 (busy, frozen, too late) by itself; the handler is then not called again.
 * Not here : the messages (messages), the view (gateway/service.h).
 *
 * A handler calls one of these last and returns. What happens next stands with each.
 */
#ifndef MG_GATEWAY_ASK_H
#define MG_GATEWAY_ASK_H

#include "core/store.h"
#include "gateway/batch.h"
#include "gateway/request.h"
#include "messages/link.h"

#include <protobuf-c/protobuf-c.h>

/* Called with the reply, which is freed afterwards. Must answer, ask, or run the request again. */
typedef void mg_told_t(mg_request_t *request, const ProtobufCMessage *reply);

/* Sends operations as one batch. With an Idempotency-Key the prepared answer is remembered in the same batch
 * (gateway/idempotency.h). When it was applied, `then` is called, or with NULL the answer that the handler has prepared is
 * sent. When a precondition failed, the world has changed: the request runs again on a newer view and decides anew. */
void mg_ask_write(mg_request_t *request, const mg_op_t *ops, size_t count, mg_told_t *then);
/* Sends operations for which no request waits; `batch` stays the caller's. On any status but MG_OK `replied` is not called. */
MG_MUST_USE mg_status_t mg_ask_background_write(mg_link_t *state,
                                                const mg_batch_t *batch,
                                                mg_link_reply_t *replied,
                                                void *arg);
/* Hashes a password into learnt.hash, then runs the request again. */
void mg_ask_hash(mg_request_t *request, mg_slice_t password);
/* Checks a password against a stored text (empty: unknown user, the work is done all the same) into learnt.checked, matches and
 * stale, then runs the request again. */
void mg_ask_check(mg_request_t *request, mg_slice_t password, mg_slice_t stored);
/* A dump or a restore for the request's caller; `path` empty: the usual one. `then` gets a DumpReply. */
void mg_ask_dump(mg_request_t *request, mg_slice_t path, mg_told_t *then);
void mg_ask_restore(mg_request_t *request, mg_slice_t path, mg_told_t *then);
/* The dumps of the folder; `then` gets a DumpReply. */
void mg_ask_dumps(mg_request_t *request, mg_told_t *then);
/* Tells autosave that its settings have changed, then sends the prepared answer. */
void mg_ask_autosave_reload(mg_request_t *request);
/* Figures; on failure `then` is called with NULL. */
void mg_ask_state_stats(mg_request_t *request, mg_told_t *then);
void mg_ask_dump_status(mg_request_t *request, mg_told_t *then);

/* Answers the number for a status that another actor gave. */
void mg_ask_refuse(mg_request_t *request, mg_status_t status);

#endif
