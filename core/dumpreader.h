/* dumpreader - reads one MGD1 file front to back and checks everything on the way, in constant memory.
 *
 * Owns     : the file's keys and running checks (wiped at the end); one record.
 * Thread   : one at a time. Chunks may be opened elsewhere: _chunk gives sealed ones, _accept takes them back in order.
 * Fails    : with the outcomes of dump-format.md section 5, in its order: what is wrong with the container comes before
 *            what is wrong with its payload, wherever in the file each is found.
 * Not here : opening files (core/file.h), choosing among dumps (core/folder.h), building a store (core/payload.h).
 * Source   : dump-format.md section 5, steps 1-11.
 *
 * Records reach the receiver before the checks behind them are done: what is built from them becomes visible only when
 * the reader ended with OK.
 */
#ifndef MG_CORE_DUMPREADER_H
#define MG_CORE_DUMPREADER_H

#include "core/chunk.h"
#include "core/dumpfooter.h"
#include "core/fingerprint.h"
#include "core/keyring.h"
#include "core/recordstream.h"

#include <sys/types.h>

/* Where the bytes come from. read: up to len bytes into out; how many (0 at the end), or -errno. */
typedef struct mg_source {
    ssize_t (*read)(void *arg, void *out, size_t len);
    void *arg;
} mg_source_t;

/* Everything is borrowed. */
typedef struct mg_dumpreader_options {
    mg_source_t source;
    mg_keyring_t *keyring; /* NULL: inspect, that is no key, no tags, no payload */
    mg_aead_provider_t provider;
    uint32_t kdf_max_kib;    /* what a header may ask Argon2id for, e.g. MG_KDF_MAX_KIB */
    uint64_t min_generation; /* below it: ROLLED_BACK; 0: any */
    bool fingerprint;        /* compute mg_dumpreader_plain */
    mg_record_fn on_record;  /* takes each record after its checks; NULL: nobody */
    mg_entry_fn
        on_entry; /* the same for a document that comes as an entry; NULL: it is read as a record */
    void *arg;
} mg_dumpreader_options_t;

typedef struct mg_dumpreader mg_dumpreader_t;

/* NULL: out of memory. */
mg_dumpreader_t *mg_dumpreader_new(const mg_dumpreader_options_t *options);
/* Wipes and frees, sets *self_p = NULL, NULL-safe. */
void mg_dumpreader_destroy(mg_dumpreader_t **self_p);

/* All of it: begin, every chunk, end. */
MG_MUST_USE mg_outcome_t mg_dumpreader_run(mg_dumpreader_t *self, mg_verdict_t *why);

/* Steps 1-7. */
MG_MUST_USE mg_outcome_t mg_dumpreader_begin(mg_dumpreader_t *self, mg_verdict_t *why);
/* The frame of the next chunk. Not to be called behind a frame that is the last. */
MG_MUST_USE mg_outcome_t mg_dumpreader_frame(mg_dumpreader_t *self,
                                             mg_frame_t *out_frame,
                                             mg_verdict_t *why);
/* All of the chunk with that frame, sealed: mg_frame_total of it. */
MG_MUST_USE mg_outcome_t mg_dumpreader_chunk(mg_dumpreader_t *self,
                                             const mg_frame_t *frame,
                                             uint8_t *out_chunk,
                                             mg_verdict_t *why);
/* True when documents that were made early are of use. */
bool mg_dumpreader_takes_entries(const mg_dumpreader_t *self);
/* Takes the leaf and the opened plaintext of the next chunk in order; without a key plain is empty. `early`: what was made of
 * that plaintext, NULL if nothing; entries of use are taken out of it. */
MG_MUST_USE mg_outcome_t mg_dumpreader_accept(mg_dumpreader_t *self,
                                              const uint8_t leaf[MG_LEAF_SIZE],
                                              mg_slice_t plain,
                                              mg_early_t *early,
                                              mg_verdict_t *why);
/* Steps 9-11, after the last chunk was accepted. */
MG_MUST_USE mg_outcome_t mg_dumpreader_end(mg_dumpreader_t *self, mg_verdict_t *why);

/* The header; NULL before its checks (steps 1-5) passed. */
const mg_dumpheader_t *mg_dumpreader_header(const mg_dumpreader_t *self);
/* The footer; NULL before its checks passed. */
const mg_dumpfooter_t *mg_dumpreader_footer(const mg_dumpreader_t *self);
/* The file's keys, for whoever opens chunks; NULL without a key that fits. */
const mg_filekeys_t *mg_dumpreader_keys(const mg_dumpreader_t *self);
/* True once the whole file proved authentic: header, every chunk and footer. */
bool mg_dumpreader_authenticated(const mg_dumpreader_t *self);
/* What a codec for this file's chunks needs; after begin. */
mg_chunk_rules_t mg_dumpreader_rules(const mg_dumpreader_t *self);
/* Of the whole plaintext, after end, with the option `fingerprint`. */
const mg_fingerprint_t *mg_dumpreader_plain(const mg_dumpreader_t *self);

#endif
