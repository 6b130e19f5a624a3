/* outcome - what came of reading a dump, by the names that dumps, logs, replies and tools share.
 *
 * Owns     : nothing; a verdict is a plain value that carries its own sentence.
 * Fails    : never.
 * Not here : the checks themselves (core/dumpreader.h), exit codes of the server (cli/exit.h).
 * Source   : dump-format.md section 5; the table in outcome.c holds each name with its exit code.
 */
#ifndef MG_CORE_OUTCOME_H
#define MG_CORE_OUTCOME_H

#include "core/status.h"

#include <stdbool.h>
#include <stdint.h>

typedef enum mg_outcome {
    MG_OUTCOME_OK = 0,
    MG_OUTCOME_NOT_A_DUMP,           /* the first 8 bytes are no magic of ours */
    MG_OUTCOME_TRUNCATED,            /* the file ends early */
    MG_OUTCOME_UNSUPPORTED,          /* whole, but written by rules this program does not know */
    MG_OUTCOME_HEADER_CORRUPT,       /* the header's unkeyed check or a rule of its fields */
    MG_OUTCOME_KDF_LIMIT,            /* the header asks for more key derivation than is allowed */
    MG_OUTCOME_KDF_NOMEM,            /* no memory for Argon2id: says nothing about the key */
    MG_OUTCOME_WRONG_KEY,            /* no configured secret fits */
    MG_OUTCOME_WRONG_KEY_OR_CORRUPT, /* a DMP1 file cannot tell the two apart */
    MG_OUTCOME_HEADER_FORGED,        /* the key fits, the header's MAC does not */
    MG_OUTCOME_CHUNK_CORRUPT,        /* arguments: chunk, offset */
    MG_OUTCOME_TRAILING_DATA,        /* bytes behind the footer */
    MG_OUTCOME_FOOTER_CORRUPT,       /* lengths, file_check or totals */
    MG_OUTCOME_FOOTER_FORGED,        /* the footer's MAC */
    MG_OUTCOME_PAYLOAD_INVALID,      /* argument: record */
    MG_OUTCOME_ROLLED_BACK,          /* arguments: generation, minimum */
    MG_OUTCOME_IO,                   /* argument: error */
    MG_OUTCOME_MISSING,              /* no such file */
    MG_OUTCOME_VERIFY_FAILED,        /* a dump just written reads back otherwise */
    MG_OUTCOME_COUNT
} mg_outcome_t;

enum { MG_VERDICT_TEXT = 200 };

/* An outcome with its arguments (0 where they do not apply) and one clear sentence without a full stop. */
typedef struct mg_verdict {
    mg_outcome_t outcome;
    int error;           /* errno of IO */
    uint32_t chunk;      /* index of the chunk at fault, 0-based */
    uint64_t offset;     /* of that chunk in the file */
    uint64_t record;     /* the record at fault, 0-based */
    uint64_t generation; /* the file's */
    uint64_t minimum;    /* the generation that was asked for */
    char text[MG_VERDICT_TEXT];
} mg_verdict_t;

/* Upper-case name, e.g. "CHUNK_CORRUPT"; "UNKNOWN" outside the enum. Static text. */
const char *mg_outcome_name(mg_outcome_t outcome);

/* The exit code of the file commands: 0, 65, 66, 71, 74 or 77. */
int mg_outcome_exit(mg_outcome_t outcome);

/* True if the bytes themselves are at fault, so that an older dump may be tried; false for a wrong key, a lack of
 * memory, an unreadable disk or a rollback, which another file would not mend. */
bool mg_outcome_is_damage(mg_outcome_t outcome);

/* Clears `self`, sets outcome and sentence (cut at MG_VERDICT_TEXT), and returns the outcome, so that a check reads
 * `return mg_verdict_fail(why, MG_OUTCOME_..., ...)`. The caller adds arguments afterwards. */
mg_outcome_t mg_verdict_fail(mg_verdict_t *self, mg_outcome_t outcome, const char *format, ...)
    MG_PRINTF(3, 4);

/* The same for a failed system call: `doing` says what was tried ("read"), `error` is its errno. */
mg_outcome_t mg_verdict_io(mg_verdict_t *self, const char *doing, int error);

/* Nothing wrong: outcome OK, sentence "the dump is good". */
void mg_verdict_ok(mg_verdict_t *self);

#endif
