/* dumpheader - the readable, authenticated head of an MGD1 file, as a plain record and as bytes.
 *
 * Owns     : nothing; a header is a value without pointers.
 * Thread   : any; pure functions of their arguments.
 * Fails    : with the outcome that dump-format.md section 5 names and a sentence; the record is then untouched.
 * Not here : which secret fits (core/keyring.h), reading it from a file (core/dumpreader.h).
 * Source   : dump-format.md sections 4 and 5, steps 1-7; vectors in tests/vectors/.
 */
#ifndef MG_CORE_DUMPHEADER_H
#define MG_CORE_DUMPHEADER_H

#include "core/keys.h"
#include "core/outcome.h"

enum {
    MG_HEADER_FIXED = 288, /* bytes of a header without TLVs */
    MG_HEADER_MAX = 65536,
    MG_HEADER_PROBE = 16, /* bytes that mg_dumpheader_probe wants to see */
    MG_STORE_ID_SIZE = 16,
    MG_CHUNK_SIZE_MIN = 4096,
    MG_CHUNK_SIZE_MAX = 16777216,
    MG_CHUNK_SIZE_WRITE = 262144, /* what writers use */
    MG_PRODUCER_MAX = 64,
    MG_REQUESTER_MAX = 128,
    MG_HOST_MAX = 255,
    MG_SCHEMA_OPAQUE = 0, /* payload is any bytes: container tests */
    MG_SCHEMA_STATE = 1,  /* payload of section 6 */
    MG_HEADER_FINAL = 1,  /* informative bit 0: final dump of a clean shutdown */
};

typedef enum mg_compression { MG_COMPRESSION_NONE = 0, MG_COMPRESSION_ZSTD = 1 } mg_compression_t;

typedef enum mg_trigger {
    MG_TRIGGER_OTHER = 0,
    MG_TRIGGER_AUTOSAVE,
    MG_TRIGGER_SIGUSR1,
    MG_TRIGGER_SIGTERM,
    MG_TRIGGER_SIGINT,
    MG_TRIGGER_HTTP,
    MG_TRIGGER_CONTROL,
    MG_TRIGGER_IMPORT,
    MG_TRIGGER_REKEY,
    MG_TRIGGER_PRE_RESTORE,
    MG_TRIGGER_JOURNAL_FULL,
} mg_trigger_t;

/* Texts are empty and hashes unset (has_… false) where the TLV is absent. */
typedef struct mg_dumpheader {
    uint32_t header_len;  /* set by seal and parse */
    uint16_t minor;       /* likewise */
    uint32_t informative; /* MG_HEADER_FINAL and bits of later versions */
    uint8_t compression;  /* mg_compression_t */
    uint8_t trigger;      /* mg_trigger_t, or a value of later versions */
    uint32_t chunk_size;  /* power of two */
    mg_kdf_params_t kdf;
    uint32_t timeline;
    uint8_t file_salt[MG_FILE_SALT_SIZE];
    uint8_t key_id[MG_KEY_ID_SIZE]; /* set by seal and parse */
    uint8_t store_id[MG_STORE_ID_SIZE];
    uint8_t instance_id[MG_STORE_ID_SIZE];
    uint64_t generation; /* 1 .. 2^63-1 */
    uint64_t snapshot_version;
    int64_t created_at; /* Unix nanoseconds */
    uint64_t parent_generation;
    uint32_t payload_schema;
    char producer[MG_PRODUCER_MAX + 1];
    char requester[MG_REQUESTER_MAX + 1];
    char host[MG_HOST_MAX + 1];
    bool has_parent_check;
    uint8_t parent_check[MG_CHECK_SIZE];
    bool has_resealed_from;
    uint8_t resealed_from[MG_CHECK_SIZE];
    uint8_t commit[MG_HKDF_SIZE]; /* set by seal and parse */
} mg_dumpheader_t;

/* "SIGUSR1", "HTTP", …; "OTHER" for values this version does not know. Static text. */
const char *mg_trigger_name(uint8_t trigger);

/* Copies `text` into `out` (room for max + 1 bytes): what the TLV forbids becomes '?', cut at a character. The first is
 * for requester (UTF-8 without control characters), the second for producer and host (printable ASCII). */
void mg_dumpheader_clean_utf8(const char *text, char *out, size_t max);
void mg_dumpheader_clean_ascii(const char *text, char *out, size_t max);

/* Appends the sealed header to `out` and derives the file's keys; completes header_len, key_id and commit of `header`.
 * MG_ERR_NO_MEMORY; MG_ERR_INVALID when `header` breaks a rule of the format; `keys` is then untouched. */
MG_MUST_USE mg_status_t mg_dumpheader_seal(mg_dumpheader_t *header,
                                           const mg_master_t *master,
                                           mg_buf_t *out,
                                           mg_filekeys_t *keys);

/* Steps 1-3: from the first bytes of a file (up to MG_HEADER_PROBE of them) the length of its header. */
MG_MUST_USE mg_outcome_t mg_dumpheader_probe(mg_slice_t first,
                                             uint32_t *out_len,
                                             mg_verdict_t *why);

/* Steps 4-5: checks and decodes a whole header. kdf_max_kib bounds what a passphrase header may ask for. */
MG_MUST_USE mg_outcome_t mg_dumpheader_parse(mg_slice_t bytes,
                                             uint32_t kdf_max_kib,
                                             mg_dumpheader_t *out,
                                             mg_verdict_t *why);

/* Steps 6-7 for one master: WRONG_KEY, HEADER_FORGED or OK with the file's keys. `bytes` gave `header`. */
MG_MUST_USE mg_outcome_t mg_dumpheader_unlock(const mg_dumpheader_t *header,
                                              mg_slice_t bytes,
                                              const mg_master_t *master,
                                              mg_filekeys_t *out,
                                              mg_verdict_t *why);

#endif
