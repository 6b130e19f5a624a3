/* dumphint - where dumps go, as far as the settings routes must know.
 *
 * Owns     : nothing; pure functions of texts.
 * Not here : the folder itself, and the checks that touch it (core/folderpath.h, used by the dump actor).
 * Source   : platform-api.md section 10, dump-format.md section 13: letters, digits and `._ /-` only; no component that begins
 *            with a dot; an absolute path must be inside of the hint's folder.
 */
#ifndef MG_GATEWAY_DUMPHINT_H
#define MG_GATEWAY_DUMPHINT_H

#include "core/buf.h"

/* The hint as an absolute path, seen from `working_folder`; appended to `out`. */
void mg_dumphint_absolute(const char *hint, const char *working_folder, mg_buf_t *out);
/* True when `path` may stand in the settings: inside of the folder of the absolute hint. A relative one is below it. */
bool mg_dumphint_confines(mg_slice_t absolute_hint, mg_slice_t path);

#endif
