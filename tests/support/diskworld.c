#include "support/diskworld.h"

#include <stdlib.h>

const mg_folder_owner_t diskworld_owner = {.instance_id = {0xb0, 0xb1, 0xb2, 0xb3},
                                           .host = "gateway-1.example.test",
                                           .started_ns = 1795413158123456789};

int
diskworld_setup(void **state)
{
    diskworld_t *world = calloc(1, sizeof *world);
    fault_reset();
    kit_tempdir_make(world->dir);
    kit_path(world->dir, "memory_dump.bin", world->hint);
    CHECK_OK(mg_folder_open(&fault_io, world->hint, &diskworld_owner, &world->folder, &world->why));
    *state = world;
    return 0;
}

int
diskworld_teardown(void **state)
{
    diskworld_t *world = *state;
    mg_folder_destroy(&world->folder);
    kit_tempdir_remove(world->dir);
    free(world);
    return 0;
}

mg_status_t
diskworld_publish(diskworld_t *world, mg_dumpheader_t header, mg_dumpname_t *out_name)
{
    kit_dump_t dump = kit_opaque(mg_slice("payload", 7));
    uint8_t salt = (uint8_t)header.generation;
    header.file_salt[0] = salt;
    dump.header = header;
    mg_buf_t bytes = kit_seal(&dump);
    mg_dumpfile_t *file = NULL;
    mg_status_t status =
        mg_dumpfile_create(world->folder, header.generation, bytes.len, &file, &world->why);
    if (status == MG_OK) {
        mg_sink_t sink = mg_dumpfile_sink(file);
        status = sink.write(sink.arg, mg_buf_slice(&bytes));
        world->why = status == MG_OK ? world->why : *mg_dumpfile_fault(file);
    }
    if (status == MG_OK) {
        status = mg_dumpfile_sync(file, &world->why);
    }
    if (status == MG_OK) {
        mg_folder_name(world->folder, header.created_at, header.generation, out_name);
        status = mg_dumpfile_publish(file, out_name, &world->why);
    }
    mg_dumpfile_destroy(&file);
    mg_buf_free(&bytes);
    return status;
}
