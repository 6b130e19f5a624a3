/* sealer - the actor that seals or opens one chunk after the other: compression, AES-GCM, leaf.
 *
 * Owns     : nothing between chunks but the codec of the file it worked for last (wiped with it).
 * Takes    : mg_sealjob_t on MG_BUS_CHUNKS or MG_BUS_URGENT_CHUNKS (PULL).
 * Sends    : one mg_sealresult_t for each on MG_BUS_SEALED (PUSH), with an outcome even when it failed.
 * Fails    : per chunk, in the result.
 * Not here : the order of chunks and how many are under way (actors/pipeline.h).
 * Source   : design.md section 4: the ventilator of the ZeroMQ guide.
 *
 * A message is one frame: the struct below, then the bytes. It stays in this process, keys included, and is wiped by
 * whoever takes it.
 */
#ifndef MG_ACTORS_SEALER_H
#define MG_ACTORS_SEALER_H

#include "actors/actor.h"
#include "core/chunk.h"

#include <stdatomic.h>

/* Stored last by the sender (release), loaded first by the taker (acquire): what stands behind it is then visible. */
typedef _Atomic uint64_t mg_sealword_t;

typedef struct mg_sealjob {
    mg_sealword_t file; /* one number per file: another number, another key */
    bool open;          /* open a sealed chunk; else seal plaintext */
    uint32_t len;       /* bytes behind this struct */
    mg_frame_t frame;   /* sealing: index and last; opening: all of it */
    mg_chunk_rules_t rules;
    uint8_t key[MG_KEY_SIZE]; /* K_enc */
} mg_sealjob_t;

typedef struct mg_sealresult {
    mg_sealword_t file;
    uint32_t len; /* bytes behind this struct: a sealed chunk, or plaintext; 0 when it failed */
    mg_frame_t frame;
    uint8_t leaf[MG_LEAF_SIZE];
    mg_verdict_t verdict;
} mg_sealresult_t;

typedef struct mg_sealer_args {
    const char *chunks; /* the endpoint */
    bool idle;          /* at idle priority, for good: an unprivileged thread cannot raise itself */
} mg_sealer_args_t;

extern const mg_actor_ops_t mg_sealer_actor;

#endif
