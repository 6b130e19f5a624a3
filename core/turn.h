/* turn - how far a long job is, told between its steps to whoever may end it there.
 *
 * Owns     : nothing.
 * Thread   : the job's.
 * Fails    : never; false ends the job at this step.
 * Not here : who listens (actors/dump.c makes messages of it).
 */
#ifndef MG_CORE_TURN_H
#define MG_CORE_TURN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Totals are 0 where they are not known. */
typedef struct mg_progress {
    const char *phase; /* "write" or "read" */
    uint64_t documents;
    uint64_t documents_total;
    uint64_t bytes; /* of the file */
    uint64_t bytes_total;
} mg_progress_t;

typedef struct mg_turn {
    bool (*go_on)(void *arg, const mg_progress_t *progress); /* NULL: nobody asks */
    void *arg;
} mg_turn_t;

/* True unless the job is to end here. NULL-safe. */
static inline bool
mg_turn_goes_on(const mg_turn_t *self, const mg_progress_t *progress)
{
    return !self || !self->go_on || self->go_on(self->arg, progress);
}

#endif
