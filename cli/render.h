/* render - dumps and times as people and scripts read them.
 *
 * Owns     : nothing; JSON objects belong to the caller.
 * Fails    : NULL without memory.
 */
#ifndef MG_CLI_RENDER_H
#define MG_CLI_RENDER_H

#include "core/clock.h"
#include "messages/dump.pb-c.h"

#include <jansson.h>

/* "SIGUSR1", "autosave", ... as dump-format.md section 4 names them; static text. */
const char *mg_render_trigger(Mg__Trigger trigger);
/* One dump as a JSON object: path generation created_at trigger requester documents bytes verified, and the rest of what is
 * known. JSON null for NULL. */
json_t *mg_render_dump(const Mg__DumpInfo *dump);
/* Prints the object on one line of stdout and frees it. */
void mg_render_print(json_t *object);
/* "12.3 MiB"; out holds MG_RENDER_BYTES_SIZE. */
enum { MG_RENDER_BYTES_SIZE = 24 };
void mg_render_bytes(uint64_t bytes, char out[MG_RENDER_BYTES_SIZE]);

#endif
