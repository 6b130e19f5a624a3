#include "core/fingerprint.h"

#include <xxhash.h>

#include <string.h>

/* A chain: the hash of what was before and of this chunk. */
void
mg_fingerprint_add(mg_fingerprint_t *self, mg_slice_t chunk)
{
    XXH128_canonical_t link[2];
    memcpy(&link[0], self->bytes, sizeof link[0]);
    XXH128_canonicalFromHash(&link[1], XXH3_128bits(chunk.data, chunk.len));
    XXH128_canonical_t out;
    XXH128_canonicalFromHash(&out, XXH3_128bits(link, sizeof link));
    memcpy(self->bytes, &out, sizeof self->bytes);
}

bool
mg_fingerprint_equal(const mg_fingerprint_t *a, const mg_fingerprint_t *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}
