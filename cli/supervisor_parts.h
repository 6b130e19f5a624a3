/* supervisor_parts - what the files of the supervisor share: its state, and the calls between them. For cli/supervisor*.c only. */
#ifndef MG_CLI_SUPERVISOR_PARTS_H
#define MG_CLI_SUPERVISOR_PARTS_H

#include "cli/children.h"
#include "cli/manager.h"
#include "messages/dump.pb-c.h"
#include "messages/gateway.pb-c.h"
#include "messages/state.pb-c.h"
#include "messages/supervisor.pb-c.h"

typedef enum mg_life {
    MG_LIFE_RESTORING,
    MG_LIFE_SERVING,
    MG_LIFE_DRAINING,
    MG_LIFE_DUMPING,
    MG_LIFE_ENDED
} mg_life_t;

typedef struct mg_supervisor {
    const mg_config_t *config;
    zsock_t *inbox;
    mg_link_t *state;
    mg_link_t *dump;
    mg_link_t *gateway;
    mg_children_t children;
    mg_manager_t manager;
    int64_t manager_ms; /* when it wants to be called at the latest; -1: no matter */
    mg_life_t phase;
    mg_exit_t exit_code; /* what it will be unless something worse happens */
    Mg__Trigger stop_trigger;
    char stop_requester[128];
    int64_t stop_deadline_ms; /* end of the grace */
    int tries;
    int64_t retry_ms; /* when the final dump is tried again; 0: not waiting for that */
    bool silent;      /* an actor did not answer: it will not end when it is told to either */
} mg_supervisor_t;

/* The end: the loop stops after this turn. */
void mg_supervisor_end(mg_supervisor_t *self, mg_exit_t code);
/* False when actors could not be started: then the program ends. */
bool mg_supervisor_started(mg_supervisor_t *self, mg_exit_t code);

/* --- supervisor_ask.c: the callback is called exactly once, with MG_ERR_TIMEOUT after the deadline --- */
void mg_supervisor_ask(mg_supervisor_t *self,
                       mg_link_t *link,
                       const ProtobufCMessage *message,
                       int64_t deadline_ms,
                       mg_link_reply_t *callback);
void mg_supervisor_ask_state(mg_supervisor_t *self,
                             Mg__StateRequest__BodyCase body_case,
                             void *body,
                             int64_t deadline_ms,
                             mg_link_reply_t *callback);
void mg_supervisor_ask_gateway(mg_supervisor_t *self,
                               Mg__SetPhase *phase,
                               int64_t deadline_ms,
                               mg_link_reply_t *callback);

/* --- supervisor_stop.c --- */
enum { MG_SILENCE_MS = 5000 /* after which an actor that must answer is gone on without */ };
/* One has not answered for so long. */
void mg_supervisor_note_silence(mg_supervisor_t *self, const char *who);
void mg_supervisor_stop(mg_supervisor_t *self, const Mg__StopRequest *stop);
/* An actor has ended by itself. */
void mg_supervisor_bury(mg_supervisor_t *self, int which);
/* Asks for the final dump again when it is time. */
void mg_supervisor_retry(mg_supervisor_t *self);

#endif
