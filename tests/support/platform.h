/* platform - one world and one admin's token, shared by all tests of a program that speak the platform API. */
#ifndef MG_TESTS_SUPPORT_PLATFORM_H
#define MG_TESTS_SUPPORT_PLATFORM_H

#include "support/world.h"

#define TEST_USER_PASSWORD "Longer-than-16-chars"

extern test_world_t test_platform;
extern char *test_admin; /* a token */

/* Set-up and tear-down of a group of tests. */
int test_platform_open(void **state);
int test_platform_close(void **state);

/* One call; `expected` is "<status> <part of the body>". */
#define CALL(line, token, body, expected) test_expect(&test_platform, line, token, body, expected)

/* Creates a user with a role (made with `flags` when it is not there) and logs it in; the token is the caller's to free. */
char *test_user(const char *name, const char *role, const char *flags);

#endif
