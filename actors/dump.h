/* dump - the actor that owns the dump folder: it writes dumps, restores them, lists and verifies them.
 *
 * Owns     : the folder and its lock, the keys, the newest generation, the pipeline to the sealers.
 * Takes    : DumpMessage (messages/dump.proto) on MG_BUS_DUMP.
 * Sends    : one DumpReply to each; OpenView, ReleaseView, Freeze, Thaw and Swap to the state actor; chunks to the sealers;
 *            DumpProgress, DumpDone, DumpFailed and RestoreDone events on MG_BUS_EVENTS.
 * Fails    : to start with MG_ERR_IO (folder unusable: exit 73), MG_ERR_BUSY (lock held: 75), MG_ERR_INVALID (no usable
 *            key: 78), MG_ERR_NO_MEMORY; the log says why. A dump that fails is told to all who wait for it.
 * Not here : writing a dump (actors/dumpjob.h), choosing and loading one (actors/restorejob.h), sealers (actors/sealer.h).
 * Source   : design.md sections 2 and 4, dump-format.md sections 8 to 10.
 *
 * One dump runs and one is pending: whoever asks while one runs joins the pending one, so that a dump always contains what
 * was written before it was asked for. A job runs in one turn of the loop and looks into the inbox between chunks.
 */
#ifndef MG_ACTORS_DUMP_H
#define MG_ACTORS_DUMP_H

#include "actors/actor.h"
#include "core/config.h"
#include "core/file.h"

enum {
    MG_DUMP_WAITING_MAX = 1024, /* requests that may wait; then BUSY */
    MG_DUMP_PROGRESS_MS = 100,  /* between two progress events */
};

typedef struct mg_dump_args {
    const mg_config_t *config; /* outlives the actor */
    const mg_file_ops_t *io;   /* NULL: the system's */
    const char *host;          /* for headers and the lock */
} mg_dump_args_t;

extern const mg_actor_ops_t mg_dump_actor;

#endif
