/* random - a seeded generator for tests: the same seed gives the same run. Prints its seed, takes MG_SEED from the environment. */
#ifndef MG_TESTS_SUPPORT_RANDOM_H
#define MG_TESTS_SUPPORT_RANDOM_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

typedef struct test_random {
    uint64_t state;
} test_random_t;

static inline test_random_t
test_random_new(void)
{
    const char *given = getenv("MG_SEED");
    uint64_t seed = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
    (void)printf("seed: MG_SEED=%llu\n", (unsigned long long)seed);
    return (test_random_t){seed * 0x9e3779b97f4a7c15u + 1};
}

/* splitmix64 */
static inline uint64_t
test_random_next(test_random_t *self)
{
    uint64_t z = (self->state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* 0 .. below - 1 */
static inline uint32_t
test_random_below(test_random_t *self, uint32_t below)
{
    return (uint32_t)(test_random_next(self) % below);
}

#endif
