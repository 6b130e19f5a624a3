/* diskworld - a dump folder on a disk that fails on demand, and a file published in it. One per test. */
#ifndef MG_TESTS_SUPPORT_DISKWORLD_H
#define MG_TESTS_SUPPORT_DISKWORLD_H

#include "core/dumpfile.h"
#include "core/folderpath.h"
#include "support/check.h"
#include "support/dumpkit.h"
#include "support/faultio.h"
#include "support/tempdir.h"

typedef struct diskworld {
    char dir[KIT_PATH];
    char hint[KIT_PATH];
    mg_folder_t *folder;
    mg_fault_t why;
} diskworld_t;

/* Who writes there. */
extern const mg_folder_owner_t diskworld_owner;

/* For cmocka. */
int diskworld_setup(void **state);
int diskworld_teardown(void **state);
/* Writes a sealed dump with this header as the folder's next file; the fault is in world->why. */
mg_status_t diskworld_publish(diskworld_t *world, mg_dumpheader_t header, mg_dumpname_t *out_name);

#endif
