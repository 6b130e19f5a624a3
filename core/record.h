/* record - the records of a dump's payload as bytes: strict, canonical protobuf wire format, both ways.
 *
 * Owns     : nothing; a decoded record borrows from its input, nothing is allocated for a document.
 * Thread   : any; pure functions of bytes.
 * Fails    : PAYLOAD_INVALID for bytes that are not the one canonical form, UNSUPPORTED for kinds of a newer version.
 * Not here : which record may follow which, limits of names and ids (core/payloadcheck.h); cutting a stream into
 *            records (core/recordstream.h).
 * Source   : dump-format.md section 6; messages/dump.proto is the same schema, tests compare with protobuf-c.
 */
#ifndef MG_CORE_RECORD_H
#define MG_CORE_RECORD_H

#include "core/buf.h"
#include "core/outcome.h"

#include <stdbool.h>

typedef enum mg_record_kind {
    MG_RECORD_STATE = 1,
    MG_RECORD_META = 2,
    MG_RECORD_COLLECTION = 3,
    MG_RECORD_INDEX = 4,
    MG_RECORD_DOCUMENT = 5,
    MG_RECORD_COLLECTION_END = 6,
    MG_RECORD_END = 15,
    MG_RECORD_SKIPPABLE =
        64, /* kinds from here on may be skipped by readers that do not know them */
} mg_record_kind_t;

enum {
    MG_RECORD_BYTES_MAX = 16777216 + 65536,
    MG_RECORD_PREFIX_MAX = 5, /* the length in front of a record */
};

/* One record; `kind` says which member holds. Slices are borrowed. */
typedef struct mg_record {
    uint32_t kind; /* mg_record_kind_t, or >= MG_RECORD_SKIPPABLE: then no member holds */
    union {
        struct {
            mg_slice_t store_id;
            uint64_t version;
            int64_t snapshot_ns;
            uint32_t collections;
        } state;
        struct {
            mg_slice_t key;
            mg_slice_t value; /* BSON */
        } meta;
        struct {
            mg_slice_t name;
            uint64_t count_hint;
        } collection;
        struct {
            mg_slice_t name;
            mg_slice_t path; /* the key path as encoded: see mg_record_path_put and _next */
            bool unique;
        } index;
        struct {
            mg_slice_t id;
            mg_slice_t body;    /* BSON */
            int64_t expires_ns; /* 0: never */
            uint64_t rev;
        } document;
        struct {
            uint64_t count;
        } collection_end;
        struct {
            uint64_t records;
            uint64_t documents;
        } end;
    } u;
} mg_record_t;

/* Appends the record with its length in front: the bytes of the payload. */
void mg_record_encode(const mg_record_t *record, mg_buf_t *out);

/* Reads the length in front of a record. *out_used = 0 while `bytes` hold only part of it. */
MG_MUST_USE mg_outcome_t mg_record_length(mg_slice_t bytes,
                                          size_t *out_used,
                                          uint32_t *out_len,
                                          mg_verdict_t *why);

/* Decodes one record (without its length). `out` is untouched on failure. */
MG_MUST_USE mg_outcome_t mg_record_decode(mg_slice_t bytes, mg_record_t *out, mg_verdict_t *why);

/* Appends one component to an index path. */
void mg_record_path_put(mg_buf_t *path, mg_slice_t component);
/* Takes the first component off a path; false at its end. `path` comes from mg_record_decode or _put. */
bool mg_record_path_next(mg_slice_t *path, mg_slice_t *out);

#endif
