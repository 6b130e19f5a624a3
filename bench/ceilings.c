/* ceilings - what this machine's processor can do at most of that which a dump consists of: AES-256-GCM, zstd, XXH3, one core each.
 *
 * Prints `name value` lines, values in MB/s of plaintext: medians of ROUNDS rounds in turn, over 64 MiB in chunks as dumps have them.
 */
#include "core/aead.h"
#include "core/clock.h"
#include "core/fingerprint.h"

#include <sodium.h>
#include <zstd.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 5, CHUNK = 256 << 10, CHUNKS = 256, LEVEL = 1 };

typedef enum kind {
    SEAL,
    OPEN,
    SODIUM_SEAL,
    SODIUM_OPEN,
    COMPRESS,
    DECOMPRESS,
    FINGERPRINT,
    KINDS
} kind_t;

static const char *const s_names[KINDS] = {
    "aes_256_gcm_seal", "aes_256_gcm_open",  "libsodium_seal", "libsodium_open",
    "zstd_1_compress",  "zstd_1_decompress", "xxh3_128"};

typedef struct bench {
    mg_aead_t *aead;   /* as dumps use it */
    mg_aead_t *sodium; /* the other one */
    uint8_t *plain;
    uint8_t *sealed;
    uint8_t *packed;
    size_t packed_len;
    uint8_t *scratch;
} bench_t;

static void
s_expect(bool good)
{
    if (!good) {
        (void)fprintf(stderr, "ceilings: failed\n");
        exit(1);
    }
}

static void
s_run(bench_t *self, kind_t kind)
{
    static const uint8_t nonce[MG_AEAD_NONCE];
    mg_slice_t plain = mg_slice(self->plain, CHUNK);
    mg_fingerprint_t print = {0};
    switch (kind) {
    case SEAL:
    case SODIUM_SEAL:
        s_expect(mg_aead_seal(kind == SEAL ? self->aead : self->sodium, nonce, (mg_slice_t){0},
                              plain, self->sealed) == MG_OK);
        return;
    case OPEN:
    case SODIUM_OPEN:
        s_expect(mg_aead_open(kind == OPEN ? self->aead : self->sodium, nonce, (mg_slice_t){0},
                              mg_slice(self->sealed, CHUNK + MG_AEAD_TAG), self->scratch) == MG_OK);
        return;
    case COMPRESS:
        self->packed_len =
            ZSTD_compress(self->packed, ZSTD_compressBound(CHUNK), self->plain, CHUNK, LEVEL);
        s_expect(!ZSTD_isError(self->packed_len));
        return;
    case DECOMPRESS:
        s_expect(ZSTD_decompress(self->scratch, CHUNK, self->packed, self->packed_len) == CHUNK);
        return;
    default:
        mg_fingerprint_add(&print, plain);
        return;
    }
}

static double
s_time(bench_t *self, kind_t kind)
{
    int64_t begin_ns = mg_clock_mono_ns();
    for (int i = 0; i < CHUNKS; i++) {
        s_run(self, kind);
    }
    return (double)CHUNK * CHUNKS * 1000 / (double)(mg_clock_mono_ns() - begin_ns);
}

/* Text like that of the other measurements: fields that repeat, numbers that do not. */
static void
s_fill(uint8_t *out)
{
    size_t at = 0;
    for (unsigned i = 0; at < CHUNK; i++) {
        char line[400];
        int len = snprintf(line, sizeof line,
                           "{\"_id\":\"a%07u\",\"balance\":%u,\"text\":\"account of the million "
                           "account of the million\"}",
                           i, i * 7919);
        size_t fits = CHUNK - at < (size_t)len ? CHUNK - at : (size_t)len;
        memcpy(out + at, line, fits);
        at += fits;
    }
}

static int
s_ascending(const void *a, const void *b)
{
    double one = *(const double *)a;
    double other = *(const double *)b;
    return (one > other) - (one < other);
}

int
main(void)
{
    static const uint8_t key[MG_AEAD_KEY] = {1};
    double figures[KINDS][ROUNDS];
    bench_t self = {.plain = malloc(CHUNK),
                    .sealed = malloc(CHUNK + MG_AEAD_TAG),
                    .packed = malloc(ZSTD_compressBound(CHUNK)),
                    .scratch = malloc(CHUNK)};
    s_expect(sodium_init() >= 0 && mg_aead_new(MG_AEAD_AUTO, key, &self.aead) == MG_OK &&
             mg_aead_new(MG_AEAD_SODIUM, key, &self.sodium) == MG_OK);
    s_fill(self.plain);
    for (int round = 0; round < ROUNDS; round++) {
        for (kind_t kind = 0; kind < KINDS; kind++) {
            figures[kind][round] = s_time(&self, kind);
        }
    }
    for (kind_t kind = 0; kind < KINDS; kind++) {
        qsort(figures[kind], ROUNDS, sizeof(double), s_ascending);
        (void)printf("%s %.0f\n", s_names[kind], figures[kind][ROUNDS / 2]);
    }
    mg_aead_destroy(&self.aead);
    mg_aead_destroy(&self.sodium);
    free(self.plain);
    free(self.sealed);
    free(self.packed);
    free(self.scratch);
    return 0;
}
