/* autosave - the actor that asks for a dump when it is time and something has changed.
 *
 * Owns     : a monotonic timer.
 * Takes    : AutosaveRequest (messages/autosave.proto) on MG_BUS_AUTOSAVE; DumpDone and RestoreDone events.
 * Sends    : DumpRequest{AUTOSAVE} when due and the count of changes differs from that of the last good dump of any
 *            trigger; OpenView to read its settings from the state, StatsQuery to count changes.
 * Not here : precedence of environment and stored settings (core/seed.h aligns the stored document at start).
 */
#ifndef MG_ACTORS_AUTOSAVE_H
#define MG_ACTORS_AUTOSAVE_H

#include "actors/actor.h"

enum { MG_AUTOSAVE_SECONDS_MAX = 31536000 /* a year; the same as of MEM_AUTO_SAVE_FREQ */ };

typedef struct mg_autosave_args {
    uint64_t after_changes; /* MEM_AUTO_SAVE_CHANGES; 0 = off */
} mg_autosave_args_t;

extern const mg_actor_ops_t mg_autosave_actor;

#endif
