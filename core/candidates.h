/* candidates - which dumps a folder holds, newest first by what their headers prove.
 *
 * Owns     : the list; mg_candidates_free ends it.
 * Thread   : one at a time.
 * Fails    : MG_ERR_IO or MG_ERR_NO_MEMORY with a sentence; a file that cannot be read is a candidate with its outcome.
 * Not here : whether a dump is whole (core/dumpreader.h): only headers and footers are read here.
 * Source   : dump-format.md section 9, steps 2 and 3. Names and mtimes never decide.
 */
#ifndef MG_CORE_CANDIDATES_H
#define MG_CORE_CANDIDATES_H

#include "core/dumpfooter.h"
#include "core/folder.h"
#include "core/keyring.h"

typedef struct mg_candidate {
    mg_dumpname_t name;
    uint64_t bytes;       /* of the file */
    bool is_own;          /* the file belongs to our user */
    bool is_dmp1;         /* a Doorman file; the rest does not hold */
    bool has_header;      /* `header` holds, authenticated or not */
    bool authenticated;   /* the header is authentic: its generation counts */
    bool has_footer;      /* `footer` holds and is authentic */
    mg_verdict_t verdict; /* of the header: OK, WRONG_KEY, HEADER_CORRUPT, ... */
    mg_dumpheader_t header;
    mg_dumpfooter_t footer;
} mg_candidate_t;

/* With what headers are authenticated. */
typedef struct mg_candidates_keys {
    mg_keyring_t *keyring;
    uint32_t kdf_max_kib;
    unsigned
        derivations; /* runs of Argon2id that this scan may cost: MG_KEYRING_DERIVATIONS, or 0 */
} mg_candidates_keys_t;

typedef struct mg_candidates {
    mg_candidate_t *items;
    size_t count;
} mg_candidates_t;

/* Reads every header in the folder. Order: authentic ones by (timeline, generation), newest first, ties by created_at
 * and name; then those that are not authentic; then Doorman's. */
MG_MUST_USE mg_status_t mg_candidates_scan(const mg_folder_t *folder,
                                           const mg_candidates_keys_t *keys,
                                           mg_candidates_t *out,
                                           mg_fault_t *why);
/* Frees and zeroes; NULL-safe. */
void mg_candidates_free(mg_candidates_t *self);

/* The highest authentic generation, 0 if there is none: the next dump's is one more. */
uint64_t mg_candidates_newest_generation(const mg_candidates_t *self);

#endif
