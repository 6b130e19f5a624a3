#include "core/outcome.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    EXIT_GOOD = 0,
    EXIT_DAMAGED = 65,
    EXIT_MISSING = 66,
    EXIT_NO_MEMORY = 71,
    EXIT_IO = 74,
    EXIT_KEY = 77
};

struct outcome_row {
    const char *name;
    int exit_code;
    bool damage;
};

static const struct outcome_row s_rows[MG_OUTCOME_COUNT] = {
    [MG_OUTCOME_OK] = {"OK", EXIT_GOOD, false},
    [MG_OUTCOME_NOT_A_DUMP] = {"NOT_A_DUMP", EXIT_DAMAGED, true},
    [MG_OUTCOME_TRUNCATED] = {"TRUNCATED", EXIT_DAMAGED, true},
    [MG_OUTCOME_UNSUPPORTED] = {"UNSUPPORTED", EXIT_DAMAGED, true},
    [MG_OUTCOME_HEADER_CORRUPT] = {"HEADER_CORRUPT", EXIT_DAMAGED, true},
    [MG_OUTCOME_KDF_LIMIT] = {"KDF_LIMIT", EXIT_DAMAGED, true},
    [MG_OUTCOME_KDF_NOMEM] = {"KDF_NOMEM", EXIT_NO_MEMORY, false},
    [MG_OUTCOME_WRONG_KEY] = {"WRONG_KEY", EXIT_KEY, false},
    [MG_OUTCOME_WRONG_KEY_OR_CORRUPT] = {"WRONG_KEY_OR_CORRUPT", EXIT_KEY, false},
    [MG_OUTCOME_HEADER_FORGED] = {"HEADER_FORGED", EXIT_DAMAGED, true},
    [MG_OUTCOME_CHUNK_CORRUPT] = {"CHUNK_CORRUPT", EXIT_DAMAGED, true},
    [MG_OUTCOME_TRAILING_DATA] = {"TRAILING_DATA", EXIT_DAMAGED, true},
    [MG_OUTCOME_FOOTER_CORRUPT] = {"FOOTER_CORRUPT", EXIT_DAMAGED, true},
    [MG_OUTCOME_FOOTER_FORGED] = {"FOOTER_FORGED", EXIT_DAMAGED, true},
    [MG_OUTCOME_PAYLOAD_INVALID] = {"PAYLOAD_INVALID", EXIT_DAMAGED, true},
    [MG_OUTCOME_ROLLED_BACK] = {"ROLLED_BACK", EXIT_DAMAGED, false},
    [MG_OUTCOME_IO] = {"IO", EXIT_IO, true},
    [MG_OUTCOME_MISSING] = {"MISSING", EXIT_MISSING, true},
    [MG_OUTCOME_VERIFY_FAILED] = {"VERIFY_FAILED", EXIT_DAMAGED, true},
};

const char *
mg_outcome_name(mg_outcome_t outcome)
{
    return (unsigned)outcome < MG_OUTCOME_COUNT ? s_rows[outcome].name : "UNKNOWN";
}

int
mg_outcome_exit(mg_outcome_t outcome)
{
    return (unsigned)outcome < MG_OUTCOME_COUNT ? s_rows[outcome].exit_code : EXIT_DAMAGED;
}

bool
mg_outcome_is_damage(mg_outcome_t outcome)
{
    return (unsigned)outcome < MG_OUTCOME_COUNT && s_rows[outcome].damage;
}

mg_outcome_t
mg_verdict_fail(mg_verdict_t *self, mg_outcome_t outcome, const char *format, ...)
{
    *self = (mg_verdict_t){.outcome = outcome};
    va_list args;
    va_start(args, format);
    (void)vsnprintf(self->text, sizeof self->text, format,
                    args); /* too long: cut, still a string */
    va_end(args);
    return outcome;
}

mg_outcome_t
mg_verdict_io(mg_verdict_t *self, const char *doing, int error)
{
    (void)mg_verdict_fail(self, MG_OUTCOME_IO, "%s failed: %s", doing,
                          strerrordesc_np(error) ? strerrordesc_np(error) : "unknown error");
    self->error = error;
    return MG_OUTCOME_IO;
}

void
mg_verdict_ok(mg_verdict_t *self)
{
    (void)mg_verdict_fail(self, MG_OUTCOME_OK, "the dump is good");
}
