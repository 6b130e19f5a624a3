/* faultio - the system's file operations, with one call that fails as planned and a log of what was called.
 *
 * Owns  : one plan and one log per test program (the table has no room for an argument).
 */
#ifndef MG_TESTS_SUPPORT_FAULTIO_H
#define MG_TESTS_SUPPORT_FAULTIO_H

#include "core/file.h"

typedef enum fault_op {
    FAULT_NONE,
    FAULT_OPEN,
    FAULT_OPEN_BENEATH,
    FAULT_CLOSE,
    FAULT_READ,
    FAULT_WRITE,
    FAULT_PREAD,
    FAULT_PWRITE,
    FAULT_FSYNC,
    FAULT_FDATASYNC,
    FAULT_FALLOCATE,
    FAULT_WRITE_BACK,
    FAULT_DROP_CACHE,
    FAULT_SET_DIRECT,
    FAULT_STAT,
    FAULT_STAT_AT,
    FAULT_ACCESS,
    FAULT_MAKE_DIR,
    FAULT_RENAME_NEW,
    FAULT_RENAME,
    FAULT_LINK,
    FAULT_UNLINK,
    FAULT_LOCK,
    FAULT_LIST,
    FAULT_OPS
} fault_op_t;

extern const mg_file_ops_t fault_io;

/* Forgets plans and log. */
void fault_reset(void);
/* From the `nth` call of `op` on (1 = the first), `times` calls fail with `error`. */
void fault_plan(fault_op_t op, int nth, int times, int error);
/* From the `nth` call of whatever kind on, `times` calls fail, each with the errno number `which` that fits its kind. */
void fault_plan_any(int nth, int times, size_t which);
/* True if such a call came: there were that many. */
bool fault_was_reached(void);
/* Writes say that they have happened, and have not. */
void fault_swallow_writes(void);
/* With a plan for FAULT_RENAME_NEW or FAULT_LINK: the call happens all the same, only its reply is lost. */
void fault_lose_reply(void);
/* The next `times` writes store one bit otherwise than they were told: memory or a disk that changes data. */
void fault_flip_bits(int times);
/* Writes give out at most this many bytes at once; 0: no limit. */
void fault_short_writes(size_t most);
/* How often `op` was called. */
int fault_calls(fault_op_t op);
/* The order of write, fsync, close and rename calls as letters: w s c r (repeated writes once). */
const char *fault_order(void);

#endif
