/* configidle - settings of the reference gateway that memgate knows and does not use, each with the reason.
 *
 * Owns     : a static table.
 * Fails    : never.
 * Not here : those that it uses (core/configtable.h). None of these is an error: a .env of the reference may stay as it is.
 * Source   : platform-api.md section 2.
 */
#ifndef MG_CORE_CONFIGIDLE_H
#define MG_CORE_CONFIGIDLE_H

#include <stddef.h>

typedef struct mg_config_idle {
    const char *name;
    const char *reason; /* a clause, without a final point */
} mg_config_idle_t;

/* Row `index`, NULL past the end. */
const mg_config_idle_t *mg_config_idle(size_t index);

#endif
