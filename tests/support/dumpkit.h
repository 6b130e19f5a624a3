/* dumpkit - dumps in memory for tests: the published vectors, a writer that seals any payload, a reader that judges.
 *
 * Owns  : nothing between calls; a failed expectation inside fails the running test.
 * Source: tests/vectors/README.md.
 */
#ifndef MG_TESTS_SUPPORT_DUMPKIT_H
#define MG_TESTS_SUPPORT_DUMPKIT_H

#include "core/dumpreader.h"
#include "core/dumpwriter.h"

#include <jansson.h>

#define KIT_PASSPHRASE "correct horse battery staple"
#define KIT_RAW_KEY    "hex:808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"

/* A whole file; the caller frees it. */
mg_buf_t kit_read_file(const char *path);
/* The whole file tests/vectors/<name>; the caller frees it. */
mg_buf_t kit_vector(const char *name);
/* tests/vectors/<name> as JSON; the caller json_decrefs it. */
json_t *kit_vector_json(const char *name);
/* Bytes of a hexadecimal text; the caller frees them. */
mg_buf_t kit_hex(const char *hex);
/* Member `name` of an object as text; fails the test when it is not there. */
const char *kit_text(const json_t *object, const char *name);

/* A ring with one secret and quick Argon2id parameters. */
mg_keyring_t *kit_keyring(const char *secret);

/* The header of vector V, sealed with a raw key: quick, for tests that make many files. */
mg_dumpheader_t kit_header(void);

/* What a dump is made of. */
typedef struct kit_dump {
    mg_dumpheader_t header;
    mg_master_t master;
    mg_slice_t payload;
    mg_dumpfooter_t footer; /* counts and finished_at */
    mg_aead_provider_t provider;
} kit_dump_t;

/* A dump with kit_header, the raw key and a payload of bytes (schema 0). */
kit_dump_t kit_opaque(mg_slice_t payload);
/* Seals it whole; the caller frees the bytes. */
mg_buf_t kit_seal(kit_dump_t *dump);

/* Verifies bytes as a file; `ring` NULL: inspect. */
mg_outcome_t kit_verify(mg_slice_t file, mg_keyring_t *ring, mg_verdict_t *why);
/* The same with every option; options->source is set here. */
mg_outcome_t kit_verify_with(mg_slice_t file, mg_dumpreader_options_t options, mg_verdict_t *why);

/* Verifies with the raw key. */
mg_outcome_t kit_judge(const mg_buf_t *file, mg_verdict_t *why);
/* The same, and fails the test with `what` for any other outcome. */
void kit_expect(mg_outcome_t expected, const mg_buf_t *file, const char *what);

#endif
