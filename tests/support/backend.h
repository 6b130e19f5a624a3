/* backend - the dump actor with real state and sealer actors around it, a folder of its own, and a disk that fails on demand.
 *
 * One back end at a time: the bus' endpoints have fixed names. What fails inside fails the running test.
 */
#ifndef MG_TESTS_SUPPORT_BACKEND_H
#define MG_TESTS_SUPPORT_BACKEND_H

#include "actors/dump.h"
#include "messages/dump.pb-c.h"
#include "messages/event.pb-c.h"
#include "support/ask.h"
#include "support/dumpkit.h"
#include "support/faultio.h"
#include "support/tempdir.h"

enum { BACKEND_SEALERS = 2 /* of each kind */ };

/* A whole back end, and a folder of its own. */
typedef struct backend {
    char dir[KIT_PATH];
    char hint[KIT_PATH];
    _Atomic uint64_t version;
    uint64_t memory_limit; /* of the state actor */
    mg_config_t config;
    zactor_t *state;
    zactor_t *sealer[BACKEND_SEALERS];
    zactor_t *urgent_sealer[BACKEND_SEALERS];
    zactor_t *dump;
    mg_link_t *link; /* to the dump actor */
    mg_link_t *tree; /* to the state actor */
    zsock_t *events;
    zsock_t *supervisor; /* main's inbox */
} backend_t;

/* One with a folder of its own and its configuration, and nothing started; freed by backend_teardown. */
backend_t *backend_new(void);
/* For cmocka: a started back end with nothing restored yet. */
int backend_setup(void **state);
int backend_teardown(void **state);
void backend_start(backend_t *self);
/* False: the dump actor does not start, and nothing runs. */
bool backend_try_start(backend_t *self);
void backend_stop(backend_t *self);
/* Starts the sealers, or ends them: whatever needs them waits from now on. */
void backend_start_sealers(backend_t *self);
void backend_stop_sealers(backend_t *self);
/* Starts everything anew, as the next process would; nothing is restored yet. */
void backend_restart(backend_t *self);
/* The dump actor alone. */
mg_status_t backend_start_dump(backend_t *self, zactor_t **out);

/* --- asking the dump actor; replies are freed by backend_free --- */

Mg__DumpReply *backend_ask(backend_t *self, Mg__DumpMessage__BodyCase body_case, void *body);
Mg__DumpReply *backend_dump(backend_t *self, const char *path);
Mg__DumpReply *backend_restore(backend_t *self, const char *path, bool at_start);
Mg__DumpReply *backend_status(backend_t *self);
void backend_free(Mg__DumpReply *reply);
/* Checks the status and frees. */
void backend_expect(mg_status_t expected, Mg__DumpReply *reply);
/* Receives events until one of this kind; the caller frees it. */
Mg__Event *backend_await(zsock_t *events, Mg__Event__BodyCase wanted);

/* Sends a request without waiting for the answer. */
void backend_send(backend_t *self,
                  Mg__DumpMessage__BodyCase body_case,
                  void *body,
                  test_answer_t *answer);
/* Waits until every request sent so far is answered; the replies belong to the caller. */
void backend_settle(backend_t *self);

/* --- the state and the folder --- */

/* Writes the zebra `id` with its number. */
mg_status_t backend_write(backend_t *self, const char *id, int number);
mg_status_t backend_delete(backend_t *self, const char *id);
/* Zebras z000000 and on. */
void backend_write_many(backend_t *self, int first, int count);
/* The number of a zebra; -1 when there is none. */
int64_t backend_number(backend_t *self, const char *id);
uint64_t backend_count(backend_t *self, const char *collection);
/* How many dumps the folder holds; never a leftover. */
int backend_files(backend_t *self);
/* Flips a bit in the file of this generation. */
void backend_damage(backend_t *self, uint64_t generation);

#endif
