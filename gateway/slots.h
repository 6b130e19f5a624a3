/* slots - the table of requests that wait: tickets instead of pointers.
 *
 * Owns     : its slots; what is parked in them stays the caller's.
 * Thread   : one per table, no locks.
 * Takes    : the time with each call.
 * Fails    : a full table gives MG_TICKET_NONE; a ticket that was used already, or never given, finds nothing.
 * Not here : who waits and for what (gateway/ask.h).
 *
 * A ticket is an index and a sequence number: an answer that comes after its request has gone finds nothing, even when the
 * slot has been taken again since.
 */
#ifndef MG_GATEWAY_SLOTS_H
#define MG_GATEWAY_SLOTS_H

#include <stddef.h>
#include <stdint.h>

typedef struct mg_slots mg_slots_t;
typedef uint64_t mg_ticket_t;

enum { MG_TICKET_NONE = 0 };

/* Room for `count` things that wait, 1 .. 2^20. NULL: out of memory. */
mg_slots_t *mg_slots_new(uint32_t count);
void mg_slots_destroy(mg_slots_t **self_p);
/* Parks `item` (not NULL) until `deadline_ms` (monotonic). MG_TICKET_NONE: the table is full. */
mg_ticket_t mg_slots_park(mg_slots_t *self, void *item, int64_t deadline_ms);
/* Takes an item out; NULL when the ticket is no longer good. */
void *mg_slots_take(mg_slots_t *self, mg_ticket_t ticket);
/* Takes out one item whose deadline has passed at `now_ms` (INT64_MAX: any item); NULL: there is none. */
void *mg_slots_take_expired(mg_slots_t *self, int64_t now_ms);
/* Items that wait. */
uint32_t mg_slots_waiting(const mg_slots_t *self);

#endif
