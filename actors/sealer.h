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
 * whoever takes it. A result that nobody takes frees its entries where its message ends.
 */
#ifndef MG_ACTORS_SEALER_H
#define MG_ACTORS_SEALER_H

#include "actors/actor.h"
#include "core/chunk.h"
#include "core/early.h"

#include <stdatomic.h>

/* Stored last by the sender (release), loaded first by the taker (acquire): what stands behind it is then visible. */
typedef _Atomic uint64_t mg_sealword_t;

typedef enum mg_sealwork {
    MG_SEALWORK_SEAL, /* seal plaintext */
    MG_SEALWORK_OPEN, /* open a sealed chunk */
    MG_SEALWORK_LOAD  /* and make entries of the documents in it */
} mg_sealwork_t;

typedef struct mg_sealjob {
    mg_sealword_t file; /* one number per file: another number, another key */
    mg_sealwork_t work;
    uint32_t len;     /* bytes behind this struct */
    mg_frame_t frame; /* sealing: index and last; opening: all of it */
    mg_chunk_rules_t rules;
    uint8_t key[MG_KEY_SIZE]; /* K_enc */
} mg_sealjob_t;

typedef struct mg_sealresult {
    mg_sealword_t file;
    uint32_t len; /* bytes behind this struct: a sealed chunk, or plaintext; 0 when it failed */
    mg_frame_t frame;
    uint8_t leaf[MG_LEAF_SIZE];
    mg_early_t
        *early; /* of the plaintext; NULL: none. It goes with the message, whoever ends that */
    mg_verdict_t verdict;
} mg_sealresult_t;

typedef struct mg_sealer_args {
    const char *chunks; /* the endpoint */
    bool idle;          /* at idle priority, for good: an unprivileged thread cannot raise itself */
} mg_sealer_args_t;

extern const mg_actor_ops_t mg_sealer_actor;

#endif
