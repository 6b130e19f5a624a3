/* forge - access tokens made by hand: good ones, and bad ones of every kind.
 *
 * Owns     : nothing; the caller frees the token.
 * Not here : gateway/token.h, of which nothing is used but an id: what is tested is not what makes them.
 */
#ifndef MG_TESTS_SUPPORT_FORGE_H
#define MG_TESTS_SUPPORT_FORGE_H

#include "core/buf.h"

/* The header of a token that the secret alone signs. */
#define TEST_FORGE_HEADER "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"legacy-key\"}"

typedef struct test_forgery {
    const char *name; /* what is wrong with it */
    const char *header;
    const char *user;
    int64_t life_s;
    const char *secret;
    char signature; /* '2' HS256, '5' HS512, '-' none */
    bool tampered;
} test_forgery_t;

/* A new token, with an id of its own. */
mg_buf_t test_forge(const test_forgery_t *forgery);

#endif
