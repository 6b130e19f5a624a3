/* clock - the only reader of the system's clocks.
 *
 * Owns     : nothing.
 * Thread   : any.
 * Fails    : never.
 * Not here : waiting (actors/actor.h). Code that decides by time takes the time as an argument, so that a test
 *            can say what time it is; only actors and main call these.
 */
#ifndef MG_CORE_CLOCK_H
#define MG_CORE_CLOCK_H

#include <stdint.h>

enum { MG_NS_PER_MS = 1000000, MG_NS_PER_SECOND = 1000000000 };

/* Milliseconds since some fixed moment; never goes back. For deadlines and intervals. */
int64_t mg_clock_mono_ms(void);
/* The same in nanoseconds. */
int64_t mg_clock_mono_ns(void);
/* Unix time in nanoseconds, UTC; may jump. For stamps and expiry. */
int64_t mg_clock_wall_ns(void);
/* `unix_ns` as RFC 3339 with milliseconds, "2026-11-23T09:15:58.123Z"; out holds MG_RFC3339_SIZE bytes. */
enum { MG_RFC3339_SIZE = 32 };
void mg_clock_rfc3339(int64_t unix_ns, char out[MG_RFC3339_SIZE]);

#endif
