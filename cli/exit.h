/* exit - how memgate ends: the exit codes of every command.
 *
 * Owns     : the numbers. Scripts rely on them; docs/operations.md explains each.
 * Source   : design.md section 7; sysexits(3) where it has a fitting one.
 */
#ifndef MG_CLI_EXIT_H
#define MG_CLI_EXIT_H

typedef enum mg_exit {
    MG_EXIT_OK = 0,
    MG_EXIT_DIFFERENT = 1,    /* memgate diff: the two are not the same */
    MG_EXIT_USAGE = 64,       /* unknown command or option */
    MG_EXIT_DAMAGED = 65,     /* dumps, documents or a batch that can not be used */
    MG_EXIT_MISSING = 66,     /* a file or document that must be there is not */
    MG_EXIT_UNAVAILABLE = 69, /* the port is taken; no server at the control socket */
    MG_EXIT_ACTOR_DIED = 70,  /* a part of the server ended by itself */
    MG_EXIT_NO_MEMORY = 71,   /* no memory: for the key derivation, or the API document */
    MG_EXIT_FOLDER = 73,      /* the dump folder can not be used */
    MG_EXIT_DUMP_FAILED =
        74,              /* a dump (the final one, or one that was asked for) was not written */
    MG_EXIT_LOCKED = 75, /* somebody else holds the lock; or: try again in a moment */
    MG_EXIT_WRONG_KEY = 77,
    MG_EXIT_CONFIG = 78
} mg_exit_t;

#endif
