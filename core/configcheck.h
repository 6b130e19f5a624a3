/* configcheck - what the values of the environment must be together, after each was read by itself.
 *
 * Owns     : nothing.
 * Thread   : main, before any other thread.
 * Fails    : each problem is one sentence, one line, appended.
 * Not here : reading, and the range of single values (core/config.c).
 * Source   : design.md section 7.
 */
#ifndef MG_CORE_CONFIGCHECK_H
#define MG_CORE_CONFIGCHECK_H

#include "core/config.h"

enum { MG_SOCKET_PATH_MAX = 107 /* bytes of a path in a socket address */ };

/* `serving`: also what only `memgate serve` needs. */
void mg_config_check(const mg_config_t *config, bool serving, mg_buf_t *problems);

#endif
