/* memory - how much this process uses, and how much there is for it.
 *
 * Owns     : nothing; each call looks anew.
 * Thread   : any.
 * Fails    : never: what can not be found out is 0.
 * Not here : what happens when it gets scarce (actors/memorywatch.h).
 * Source   : proc(5), Linux control groups v1 and v2.
 */
#ifndef MG_CORE_MEMORY_H
#define MG_CORE_MEMORY_H

#include <stdint.h>

/* Bytes resident now. */
uint64_t mg_memory_used(void);
/* Bytes that this process may use at most: the machine's memory, or what its container allows if that is less. */
uint64_t mg_memory_total(void);

#endif
