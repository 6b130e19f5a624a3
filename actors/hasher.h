/* hasher - the actor that hashes and checks passwords, so that nobody else has to wait for Argon2id.
 *
 * Owns     : two worker threads' worth of jobs at once, and a bounded queue of the rest.
 * Takes    : HasherRequest (messages/hasher.proto) on MG_BUS_HASHER.
 * Sends    : one HasherReply to each; BUSY when MG_HASHER_QUEUE_MAX requests wait.
 * Not here : the algorithms (core/password.h); who the user is: the asker looks it up again on its current view.
 */
#ifndef MG_ACTORS_HASHER_H
#define MG_ACTORS_HASHER_H

#include "actors/actor.h"

enum {
    MG_HASHER_WORKERS = 2,     /* each Argon2id job takes 64 MiB */
    MG_HASHER_QUEUE_MAX = 256, /* requests that wait */
    MG_HASHER_REPLY_MS = 20000 /* deadline that askers use */
};

extern const mg_actor_ops_t mg_hasher_actor;

#endif
