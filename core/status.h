/* status - the one result type of memgate's functions, and the attribute that makes callers look.
 *
 * Owns     : nothing.
 * Fails    : never; names are static text.
 * Not here : outcomes of reading a dump (core/outcome.h), HTTP statuses (gateway/reply.h), exit codes (cli/exit.h).
 */
#ifndef MG_CORE_STATUS_H
#define MG_CORE_STATUS_H

#define MG_MUST_USE                    __attribute__((warn_unused_result))
#define MG_PRINTF(format_at, first_at) __attribute__((format(printf, format_at, first_at)))

typedef enum mg_status {
    MG_OK = 0,
    MG_ERR_NO_MEMORY,   /* an allocation failed; nothing was changed */
    MG_ERR_INVALID,     /* the input breaks a rule of its format */
    MG_ERR_TOO_BIG,     /* over a named limit */
    MG_ERR_NOT_FOUND,   /* no such document, file, route, ... */
    MG_ERR_EXISTS,      /* the key is taken */
    MG_ERR_CONFLICT,    /* a precondition on rev does not hold */
    MG_ERR_UNIQUE,      /* a unique index holds this value for another document */
    MG_ERR_BUSY,        /* too much is under way; ask again later */
    MG_ERR_FROZEN,      /* writes are refused for now */
    MG_ERR_TIMEOUT,     /* the deadline passed */
    MG_ERR_CLOSED,      /* the other side is gone */
    MG_ERR_DENIED,      /* not allowed */
    MG_ERR_BAD_MESSAGE, /* a message that does not parse or does not belong here */
    MG_ERR_IO,          /* the operating system refused; errno says why where it is kept */
    MG_ERR_DUMP,        /* a dump could not be read or written; its mg_outcome_t says why */
    MG_ERR_FULL,        /* the state may not grow any more: memory is scarce */
    MG_ERR_UNSURE,      /* a dump has its name, but a power cut may take it away again */
    MG_ERR_FENCED,      /* the lock of the dump folder is lost: somebody else may write there */
    MG_STATUS_COUNT
} mg_status_t;

/* Short upper-case name, e.g. "NOT_FOUND"; "UNKNOWN" outside the enum. Static text. */
const char *mg_status_name(mg_status_t status);

#endif
