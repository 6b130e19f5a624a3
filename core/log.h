/* log - one logfmt or JSON line per event on stderr.
 *
 * Owns     : the level and the format, set once by main before any thread: the only file-scope variables of the program.
 * Thread   : any; one write(2) per line, so that lines of several threads do not mix.
 * Fails    : never; a line that cannot be written is lost.
 * Not here : deciding what is secret. Never pass a password, token, key, hash or body.
 *
 * A line: time (RFC 3339, UTC), level, event, then the fields in the order given. Values are escaped: untrusted text can not
 * forge a line. Long values are cut at MG_LOG_VALUE_MAX.
 *
 *     mg_log(MG_LOG_INFO, "dump_published", "path=%s generation=%llu", path, generation);
 *
 * The format is a list of `name=conversion` or `name=word` pairs, divided by single spaces. Each value is rendered by
 * itself and quoted as needed, so it may hold anything. Conversions: s .*s d u x (with l, ll, z) .Nf; no width, no flags.
 * The pair named `msg`, if any, is the sentence for people.
 */
#ifndef MG_CORE_LOG_H
#define MG_CORE_LOG_H

#include "core/status.h"

#include <stdbool.h>

typedef enum mg_log_level {
    MG_LOG_DEBUG,
    MG_LOG_INFO,
    MG_LOG_WARN,
    MG_LOG_ERROR,
    MG_LOG_CRITICAL
} mg_log_level_t;

enum { MG_LOG_VALUE_MAX = 1024 };

/* Once, before the first thread. */
void mg_log_setup(mg_log_level_t level, bool as_json);
/* True when a line of this level would be written. */
bool mg_log_enabled(mg_log_level_t level);
void mg_log(mg_log_level_t level, const char *event, const char *format, ...) MG_PRINTF(3, 4);

#endif
