/* configtable - every variable of the environment that memgate knows, one row each.
 *
 * Owns     : a static table.
 * Fails    : never.
 * Not here : reading and checking (core/config.c).
 */
#ifndef MG_CORE_CONFIGTABLE_H
#define MG_CORE_CONFIGTABLE_H

#include "core/config.h"

typedef enum mg_config_kind {
    MG_KIND_TEXT,   /* const char * */
    MG_KIND_SECRET, /* const char *, in guarded memory; its variable is wiped from the environment */
    MG_KIND_U16,
    MG_KIND_U32,
    MG_KIND_U64,
    MG_KIND_SIZE,   /* uint64_t bytes: a number, with K, M, G or T for powers of 1024 */
    MG_KIND_SWITCH, /* bool: true/false, 1/0, yes/no, on/off */
    MG_KIND_CHOICE, /* int: index in `choices` */
    MG_KIND_UNIT    /* uint32_t: seconds per second, minute, hour, day, week */
} mg_config_kind_t;

typedef struct mg_config_row {
    const char *name;
    const char *alias;    /* an older name of the same thing, or NULL */
    const char *fallback; /* the default as text; NULL: none */
    mg_config_kind_t kind;
    uint64_t min; /* of numbers */
    uint64_t max;
    const char *const *choices; /* NULL-terminated */
    size_t at;                  /* where in mg_config_t */
    size_t set_at;              /* bool: given explicitly; 0: nobody asks */
    const char *help;
} mg_config_row_t;

/* Row `index`, NULL past the end. */
const mg_config_row_t *mg_config_row(size_t index);

#endif
