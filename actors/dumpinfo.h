/* dumpinfo - what is told about one dump: in replies, events, listings and logs.
 *
 * Owns     : its texts; a plain value.
 * Thread   : any.
 * Fails    : never.
 * Not here : the message (messages/dump.proto).
 */
#ifndef MG_ACTORS_DUMPINFO_H
#define MG_ACTORS_DUMPINFO_H

#include "core/dmp1.h"
#include "core/dumpfooter.h"
#include "core/dumpheader.h"
#include "messages/dump.pb-c.h"

enum { MG_DUMPPATH_SIZE = 1536 }; /* folder and name, with the NUL */

typedef struct mg_dumpinfo {
    bool set;
    char path[MG_DUMPPATH_SIZE];
    mg_dumpheader_t header;
    mg_dumpfooter_t footer;
    uint64_t bytes;   /* of the file */
    double seconds;   /* from request to publication */
    double view_us;   /* to get the view */
    bool verified;    /* read back in full */
    uint64_t changes; /* counted changes of the state contained */
    mg_outcome_t outcome;
    bool imported; /* from a Doorman dump: it has no generation, chain or store of its own, and */
    mg_dmp1_info_t import; /* this became of it */
    char key_id[2 * MG_KEY_ID_SIZE + 1];
} mg_dumpinfo_t;

/* Sets path, header and key_id; the rest stays. `folder` and `name` are joined by one '/', but for an empty `folder`. */
void mg_dumpinfo_set(mg_dumpinfo_t *self,
                     const char *folder,
                     const char *name,
                     const mg_dumpheader_t *header);
/* The message, with texts lent by `self`. */
Mg__DumpInfo mg_dumpinfo_message(const mg_dumpinfo_t *self);
/* What an import could not take over as it was. */
Mg__ImportInfo mg_dumpinfo_import_message(const mg_dumpinfo_t *self);

#endif
