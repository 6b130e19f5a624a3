/* fakes - actors of ours in place of dump and autosave, both on one thread.
 *
 * One at a time: the bus' endpoints have fixed names.
 */
#ifndef MG_TESTS_SUPPORT_FAKES_H
#define MG_TESTS_SUPPORT_FAKES_H

#include "actors/actor.h"

/* What the fake dump actor does with a path: these, and success for any other. "slow" is answered by test_fake_release_slow only, one at
 * a time. */
#define TEST_PATH_INVALID "invalid"
#define TEST_PATH_MISSING "missing"
#define TEST_PATH_DENIED  "denied"
#define TEST_PATH_BROKEN  "broken"
#define TEST_PATH_SLOW    "slow"

extern const mg_actor_ops_t test_fakes_actor;

/* The requester of the newest dump or restore request; waits for nothing. */
const char *test_fake_requester(void);
/* Returns once a request for TEST_PATH_SLOW waits in the fake dump actor. */
void test_fake_await_slow(void);
/* Answers it. */
void test_fake_release_slow(void);
/* How often autosave was told to reload. */
unsigned test_fake_reloads(void);

#endif
