/* dumpjob - writes one dump: walks a view, has it sealed, writes it in order, proves it, publishes it.
 *
 * Owns     : the temporary file until it is published; everything in mg_dumpjob_t is borrowed.
 * Thread   : the dump actor's; returns when the dump is published or has failed. The long part, all before the name, may run in another
 *            thread (`elsewhere`), which then calls `turn` and `walked`.
 * Fails    : MG_ERR_IO (disk, sealers), MG_ERR_DUMP (what was written reads back otherwise), MG_ERR_NO_MEMORY,
 *            MG_ERR_CLOSED (`turn` stopped it), MG_ERR_UNSURE (it has its name, but the folder could not be synced); always
 *            with a sentence, and no temporary file stays.
 * Not here : who asked and who is told (actors/dump.c), trying again (actors/dump.c).
 * Source   : dump-format.md sections 7 and 8.
 */
#ifndef MG_ACTORS_DUMPJOB_H
#define MG_ACTORS_DUMPJOB_H

#include "actors/readjob.h"
#include "core/config.h"
#include "core/dumpfile.h"
#include "core/view.h"

/* Where the time of a dump goes. */
typedef enum mg_dumpphase {
    MG_DUMPPHASE_WALK,    /* documents to plaintext, its hash */
    MG_DUMPPHASE_SEAL,    /* waiting for a sealed chunk */
    MG_DUMPPHASE_WRITE,   /* handing sealed chunks to the kernel */
    MG_DUMPPHASE_SYNC,    /* footer and fsync */
    MG_DUMPPHASE_VERIFY,  /* reading it back */
    MG_DUMPPHASE_PUBLISH, /* guard, rename, fsync of the folder */
    MG_DUMPPHASES
} mg_dumpphase_t;

typedef struct mg_dumpjob {
    const mg_folder_t *folder;
    mg_keyring_t *keyring;
    mg_pipeline_t *pipeline;
    const mg_view_t *view;  /* read until `walked` is called */
    mg_dumpheader_t header; /* who, why and which; the job adds kdf parameters, salt and key_id */
    mg_dump_verify_t verify;
    mg_aead_provider_t provider;
    uint64_t estimate;         /* bytes to reserve; 0: none */
    mg_turn_t turn;            /* between chunks */
    void (*walked)(void *arg); /* the view is not needed any more; always called, also on failure */
    /* The name under which it is published, asked for when everything else has gone well. */
    mg_status_t (*name)(void *arg,
                        const struct mg_dumpjob *job,
                        mg_dumpname_t *out,
                        mg_fault_t *why);
    /* Runs work(work_arg) in another thread and returns when that has ended; NULL: it runs here. */
    void (*elsewhere)(void *arg, void (*work)(void *), void *work_arg);
    /* Asked where `turn` has stopped the work elsewhere: true when what is left of it is to be done here. NULL: never. */
    bool (*comes_back)(void *arg);
    void *arg;
} mg_dumpjob_t;

typedef struct mg_dumpresult {
    mg_dumpname_t name;
    mg_dumpfooter_t footer;
    uint64_t bytes; /* of the file */
    bool verified;  /* read back in full */
    bool folder_synced;
    int64_t phase_ns[MG_DUMPPHASES];
} mg_dumpresult_t;

/* Does all of it. `out` is set on MG_OK and on MG_ERR_UNSURE, `why` unless MG_OK. */
MG_MUST_USE mg_status_t mg_dumpjob_run(mg_dumpjob_t *job, mg_dumpresult_t *out, mg_fault_t *why);

#endif
