/* dumpname - how the files of dumps are called.
 *
 * Owns     : nothing.
 * Fails    : never; a stem has at most MG_STEM_MAX bytes.
 * Not here : the folder they are in (core/folder.h).
 * Source   : dump-format.md section 8; ADR 11: a full name belongs to one stem.
 *
 *     <stem>-20261123T055238.123Z-0000000042.bin   a dump; the name is a hint, order comes from the header
 *     .<stem>-0000000042-<instance8>.tmp           one being written; leftovers are removed under the lock
 *     <stem>.orphan-<instance8>-<time>-<generation>.bin   by a writer that has lost the lock; never restored by itself
 */
#ifndef MG_CORE_DUMPNAME_H
#define MG_CORE_DUMPNAME_H

#include "core/folderlock.h"

enum {
    MG_NAME_SIZE = 256, /* a file name with its NUL */
    MG_STEM_MAX = 128,  /* bytes of a stem */
};

#define MG_STEM_DEFAULT "memory_dump"

typedef struct mg_dumpname {
    char text[MG_NAME_SIZE];
} mg_dumpname_t;

/* A dump made at `created_ns` (Unix time). */
void
mg_dumpname_dump(const char *stem, int64_t created_ns, uint64_t generation, mg_dumpname_t *out);
/* By this instance, which has lost its lock. */
void mg_dumpname_orphan(const char *stem,
                        const uint8_t instance[MG_INSTANCE_SIZE],
                        int64_t created_ns,
                        uint64_t generation,
                        mg_dumpname_t *out);
/* The temporary file that a dump grows in. */
void mg_dumpname_temp(const char *stem,
                      const uint8_t instance[MG_INSTANCE_SIZE],
                      uint64_t generation,
                      mg_dumpname_t *out);

/* `<stem>-*.bin`, whatever stands for the star, but not a whole name of a longer stem: that is another store, or somebody's copy. */
bool mg_dumpname_is_dump(const char *name, const char *stem);
/* `.<stem>-*.tmp` likewise: the writer of a longer stem holds another lock. */
bool mg_dumpname_is_temp(const char *name, const char *stem);

#endif
