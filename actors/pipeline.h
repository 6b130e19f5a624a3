/* pipeline - the dump actor's end of the sealers: jobs out, results back in order, a bounded number under way.
 *
 * Owns     : the PUSH and PULL sockets, the job being filled, and results that came early.
 * Thread   : one at a time: the dump actor's, or the idle one that it waits for. Urgency may be set by another.
 * Takes    : mg_sealresult_t on MG_BUS_SEALED.
 * Sends    : mg_sealjob_t on MG_BUS_CHUNKS, or MG_BUS_URGENT_CHUNKS.
 * Fails    : MG_ERR_TIMEOUT when no sealer takes a job or answers for MG_PIPELINE_STALL_MS.
 * Not here : what a chunk is (core/chunk.h), what the bytes mean (actors/dumpjob.h, actors/readjob.h).
 * Source   : design.md section 4: at most 2N chunks in flight.
 */
#ifndef MG_ACTORS_PIPELINE_H
#define MG_ACTORS_PIPELINE_H

#include "actors/sealer.h"

enum { MG_PIPELINE_STALL_MS = 60000 };

typedef struct mg_pipeline mg_pipeline_t;

/* For `sealers` sealers of each kind; binds their endpoints. NULL: a name is taken, or no memory. */
mg_pipeline_t *mg_pipeline_new(uint32_t sealers);
/* Wipes, closes, frees; sets *self_p = NULL; NULL-safe. */
void mg_pipeline_destroy(mg_pipeline_t **self_p);

/* Begins a file: results of the one before are forgotten, indices begin at 0. */
void mg_pipeline_begin(mg_pipeline_t *self,
                       mg_sealwork_t work,
                       const mg_chunk_rules_t *rules,
                       const uint8_t key[MG_KEY_SIZE]);

/* Who gets the jobs from now on, also in the middle of a file: the sealers at normal priority, or those that give way to everyone
 * else on the machine, so that on a busy one a chunk may take them a second. */
void mg_pipeline_set_urgent(mg_pipeline_t *self, bool urgent);
bool mg_pipeline_is_urgent(const mg_pipeline_t *self);

/* True while another job may be sent. */
bool mg_pipeline_has_room(const mg_pipeline_t *self);
/* True while results are awaited. */
bool mg_pipeline_is_busy(const mg_pipeline_t *self);
/* Where the bytes of the next job go, `size` of them at most; NULL: out of memory. */
uint8_t *mg_pipeline_buffer(mg_pipeline_t *self, size_t size);
/* Sends the buffer's first `len` bytes; `frame` as mg_sealjob_t wants it. */
MG_MUST_USE mg_status_t mg_pipeline_send(mg_pipeline_t *self, const mg_frame_t *frame, size_t len);

/* The next result in order, waiting at most `wait_ms`; its bytes stand behind it. NULL: not there yet. It is valid until
 * mg_pipeline_release, which wipes it. */
const mg_sealresult_t *mg_pipeline_next(mg_pipeline_t *self, int64_t wait_ms);
void mg_pipeline_release(mg_pipeline_t *self);
/* MG_ERR_TIMEOUT once nothing has come back for MG_PIPELINE_STALL_MS although something should. */
MG_MUST_USE mg_status_t mg_pipeline_check(const mg_pipeline_t *self);

#endif
