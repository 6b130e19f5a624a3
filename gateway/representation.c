#include "gateway/representation.h"

#include "core/json.h"

#include <xxhash.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A document has one place, by its address; who comes later takes it. */
struct mg_representations {
    mg_representation_t kept[MG_REPRESENTATIONS_MAX];
    mg_representation_t large; /* one that is not kept */
};

static void
s_forget(mg_representation_t *one)
{
    mg_buf_wipe(&one->json); /* what a document holds is its users' business */
    *one = (mg_representation_t){0};
}

mg_representations_t *
mg_representations_new(void)
{
    return calloc(1, sizeof(mg_representations_t));
}

void
mg_representations_clear(mg_representations_t *self)
{
    for (size_t i = 0; i < MG_REPRESENTATIONS_MAX; i++) {
        s_forget(&self->kept[i]);
    }
    s_forget(&self->large);
}

void
mg_representations_destroy(mg_representations_t **self_p)
{
    if (*self_p) {
        mg_representations_clear(*self_p);
        free(*self_p);
        *self_p = NULL;
    }
}

static mg_representation_t *
s_place(mg_representations_t *self, const mg_entry_t *entry)
{
    uint64_t hash = XXH3_64bits(&entry, sizeof(const mg_entry_t *));
    return &self->kept[hash % MG_REPRESENTATIONS_MAX];
}

void
mg_etag_write(const mg_entry_t *entry, char out[MG_ETAG_TEXT])
{
    mg_slice_t body = mg_entry_body(entry);
    (void)snprintf(out, MG_ETAG_TEXT, "\"%" PRIu64 "-%016" PRIx64 "\"", entry->rev,
                   (uint64_t)XXH3_64bits(body.data, body.len));
}

void
mg_etag_write_packed(const char *etag, char out[MG_ETAG_TEXT])
{
    size_t len = strlen(etag);
    (void)snprintf(out, MG_ETAG_TEXT, "%.*s-gzip\"", (int)(len ? len - 1 : 0), etag);
}

static mg_status_t
s_make(const mg_entry_t *entry, const char *const *omit, mg_representation_t *out)
{
    mg_slice_t body = mg_entry_body(entry);
    out->entry = entry;
    out->rev = entry->rev;
    out->omit = omit;
    mg_etag_write(entry, out->etag);
    return mg_json_write(body, MG_JSON_PLAIN, omit, &out->json);
}

const mg_representation_t *
mg_representation_of(mg_representations_t *self, const mg_entry_t *entry, const char *const *omit)
{
    mg_representation_t *place = s_place(self, entry);
    if (place->entry == entry && place->rev == entry->rev && place->omit == omit) {
        return place;
    }
    if (entry->body_len > MG_REPRESENTATION_BYTES_MAX) {
        place = &self->large;
    }
    s_forget(place);
    if (s_make(entry, omit, place) != MG_OK) {
        s_forget(place);
        return NULL;
    }
    return place;
}
