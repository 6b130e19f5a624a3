#include "core/dumpname.h"

#include "core/clock.h"

#include <sodium.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { INSTANCE_SHOWN = 4 /* bytes: 8 digits */ };

/* RFC 3339 without its separators: 20261123T055238.123Z. */
static void
s_compact_time(int64_t created_ns, char out[MG_RFC3339_SIZE])
{
    char time[MG_RFC3339_SIZE];
    size_t used = 0;
    mg_clock_rfc3339(created_ns, time);
    for (const char *from = time; *from; from++) {
        if (*from != '-' && *from != ':') {
            out[used++] = *from;
        }
    }
    out[used] = 0;
}

static void
s_show_instance(const uint8_t instance[MG_INSTANCE_SIZE], char out[2 * INSTANCE_SHOWN + 1])
{
    (void)sodium_bin2hex(out, 2 * INSTANCE_SHOWN + 1, instance, INSTANCE_SHOWN);
}

void
mg_dumpname_dump(const char *stem, int64_t created_ns, uint64_t generation, mg_dumpname_t *out)
{
    char time[MG_RFC3339_SIZE];
    s_compact_time(created_ns, time);
    (void)snprintf(out->text, sizeof out->text, "%s-%s-%010" PRIu64 ".bin", stem, time, generation);
}

void
mg_dumpname_orphan(const char *stem,
                   const uint8_t instance[MG_INSTANCE_SIZE],
                   int64_t created_ns,
                   uint64_t generation,
                   mg_dumpname_t *out)
{
    char time[MG_RFC3339_SIZE];
    char shown[2 * INSTANCE_SHOWN + 1];
    s_compact_time(created_ns, time);
    s_show_instance(instance, shown);
    (void)snprintf(out->text, sizeof out->text, "%s.orphan-%s-%s-%010" PRIu64 ".bin", stem, shown,
                   time, generation);
}

void
mg_dumpname_temp(const char *stem,
                 const uint8_t instance[MG_INSTANCE_SIZE],
                 uint64_t generation,
                 mg_dumpname_t *out)
{
    char shown[2 * INSTANCE_SHOWN + 1];
    s_show_instance(instance, shown);
    (void)snprintf(out->text, sizeof out->text, ".%s-%010" PRIu64 "-%s.tmp", stem, generation,
                   shown);
}

static bool
s_starts_with(const char *name, const char *prefix)
{
    return strncmp(name, prefix, strlen(prefix)) == 0;
}

static bool
s_ends_with(const char *name, const char *suffix)
{
    size_t len = strlen(name);
    size_t tail = strlen(suffix);
    return len >= tail && strcmp(name + len - tail, suffix) == 0;
}

/* Takes `-<digits>` off the end of a name that is `end` long; what is left, or 0 if it does not end so. */
static size_t
s_without_generation(const char *name, size_t end)
{
    enum { DIGITS = 10 };
    size_t rest = end;
    while (rest > 0 && name[rest - 1] >= '0' && name[rest - 1] <= '9') {
        rest--;
    }
    return end - rest >= DIGITS && rest > 0 && name[rest - 1] == '-' ? rest - 1 : 0;
}

/* Takes `-20261123T055238.123Z` off the end likewise. */
static size_t
s_without_time(const char *name, size_t end)
{
    static const char form[] = "-ddddddddTdddddd.dddZ";
    size_t len = sizeof form - 1;
    if (end < len) {
        return 0;
    }
    for (size_t i = 0; i < len; i++) {
        char found = name[end - len + i];
        bool fits = form[i] == 'd' ? found >= '0' && found <= '9' : found == form[i];
        if (!fits) {
            return 0;
        }
    }
    return end - len;
}

/* True if the name is `<before><stem>-*<tail>`. */
static bool
s_has_form(const char *name, const char *before, const char *stem, const char *tail)
{
    char prefix[MG_STEM_MAX + 3];
    (void)snprintf(prefix, sizeof prefix, "%s%s-", before, stem);
    return s_starts_with(name, prefix) && s_ends_with(name, tail) && strlen(name) < MG_NAME_SIZE;
}

bool
mg_dumpname_is_dump(const char *name, const char *stem)
{
    if (!s_has_form(name, "", stem, ".bin")) {
        return false;
    }
    size_t end = s_without_generation(name, strlen(name) - strlen(".bin"));
    return s_without_time(name, end) <= strlen(stem);
}

bool
mg_dumpname_is_temp(const char *name, const char *stem)
{
    enum { TAIL = 1 + 2 * INSTANCE_SHOWN + sizeof ".tmp" - 1 };
    size_t len = strlen(name);
    bool whole = len > TAIL && name[len - TAIL] == '-';
    return s_has_form(name, ".", stem, ".tmp") &&
           !(whole && s_without_generation(name, len - TAIL) > 1 + strlen(stem));
}
