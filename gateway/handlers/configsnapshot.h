/* configsnapshot - what the configuration was before an import, kept in the state.
 *
 * Owns     : nothing; snapshots are documents of the collection config_snapshots, in parts of a few megabytes:
 *            {_id: <Unix time in ns, 20 digits>-<part>, collection, documents: [<the document's bytes>, ...]}. The newest
 *            MG_SNAPSHOTS_MAX stay.
 * Thread   : the gateway's.
 * Fails    : as the batch does (gateway/batch.h).
 * Source   : platform-api.md section 12.1.
 */
#ifndef MG_GATEWAY_CONFIGSNAPSHOT_H
#define MG_GATEWAY_CONFIGSNAPSHOT_H

#include "gateway/batch.h"
#include "gateway/request.h"

enum { MG_SNAPSHOTS_MAX = 5, MG_CONFIG_KINDS = 5 };

/* The collections that make the configuration. */
extern const mg_collection_id_t mg_config_kinds[MG_CONFIG_KINDS];

/* Adds the operations that store a snapshot of this run's view and remove snapshots that are too many. */
void mg_snapshot_take(const mg_request_t *request, mg_batch_t *batch);
/* Adds the operations that make the five collections what the newest snapshot says; false: there is none. They hold only for this run's
 * view: what changes meanwhile is a conflict. */
bool mg_snapshot_restore(const mg_request_t *request, mg_batch_t *batch);

#endif
