/* herald - what the service manager is told, made from phases and events: READY, STATUS, EXTEND_TIMEOUT_USEC, WATCHDOG, STOPPING.
 *
 * Owns     : what is known, and what of it is due to be told.
 * Thread   : one at a time; pure: the time comes in as an argument.
 * Takes    : the phases of the supervisor, the events of the dump actor, beats of the watchdog.
 * Fails    : never; a text that is too long is cut.
 * Not here : the socket (cli/notify.h), who is alive (cli/manager.h).
 * Source   : sd_notify(3).
 *
 * More time is asked for only while the manager waits for a start or a stop, and only when more documents or bytes are done
 * than the last time: a job that stands still gets no more.
 */
#ifndef MG_CLI_HERALD_H
#define MG_CLI_HERALD_H

#include "messages/event.pb-c.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    MG_HERALD_TEXT = 512,      /* bytes of a status */
    MG_HERALD_MESSAGE = 1024,  /* bytes of a message */
    MG_HERALD_EXTEND_S = 120,  /* a sync of a large dump tells nothing, and takes its time */
    MG_HERALD_EXTEND_MS = 1000 /* no more often */
};

typedef enum mg_herald_phase {
    MG_HERALD_STARTING,
    MG_HERALD_SERVING,
    MG_HERALD_STOPPING
} mg_herald_phase_t;

typedef struct mg_herald {
    mg_herald_phase_t phase;
    char last[MG_HERALD_TEXT / 2]; /* of the last dump, in words */
    const char *doing;             /* what the dump actor does, in a word; NULL: nothing */
    int percent;                   /* of that; -1: not known */
    bool writing;                  /* a dump has begun and is neither done nor failed */
    uint64_t documents;            /* done at the last progress */
    uint64_t bytes;
    int64_t extend_ms; /* when more time may be asked for again */
    bool progressed;
    bool ready_due;
    bool stopping_due;
    bool beat_due;
    char told[MG_HERALD_TEXT]; /* the status that was told last */
} mg_herald_t;

void mg_herald_init(mg_herald_t *self);
/* It serves. */
void mg_herald_ready(mg_herald_t *self);
/* It ends; `why`, or NULL when it was asked to. The first reason stays. */
void mg_herald_stopping(mg_herald_t *self, const char *why);
/* It is alive. */
void mg_herald_beat(mg_herald_t *self);
void mg_herald_event(mg_herald_t *self, const Mg__Event *event);
/* What is due now, as one message; false: nothing. */
bool mg_herald_compose(mg_herald_t *self, int64_t now_ms, char out[MG_HERALD_MESSAGE]);
/* The message was sent: nothing of it is due any more. */
void mg_herald_sent(mg_herald_t *self, int64_t now_ms);

#endif
