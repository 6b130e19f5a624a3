#include "core/dumpwriter.h"

#include <assert.h>
#include <stdlib.h>

struct mg_dumpwriter {
    mg_sink_t sink;
    mg_buf_t header; /* its bytes */
    uint8_t footer[MG_FOOTER_SIZE];
    mg_filekeys_t keys;
    mg_hash_t *file_check; /* header and leaves so far */
    uint32_t chunk_count;
    uint64_t plain_bytes;
    uint64_t body_bytes;
    uint64_t size;
    bool ended; /* the LAST chunk is written */
};

mg_dumpwriter_t *
mg_dumpwriter_new(mg_sink_t sink)
{
    mg_dumpwriter_t *self = calloc(1, sizeof *self);
    if (!self) {
        return NULL;
    }
    self->sink = sink;
    self->file_check = mg_hash_new();
    if (!self->file_check) {
        mg_dumpwriter_destroy(&self);
    }
    return self;
}

void
mg_dumpwriter_destroy(mg_dumpwriter_t **self_p)
{
    mg_dumpwriter_t *self = *self_p;
    if (!self) {
        return;
    }
    mg_filekeys_wipe(&self->keys);
    mg_buf_free(&self->header);
    mg_hash_destroy(&self->file_check);
    free(self);
    *self_p = NULL;
}

static mg_status_t
s_write(mg_dumpwriter_t *self, mg_slice_t bytes)
{
    mg_status_t status = self->sink.write(self->sink.arg, bytes);
    if (status == MG_OK) {
        self->size += bytes.len;
    }
    return status;
}

mg_status_t
mg_dumpwriter_begin(mg_dumpwriter_t *self, mg_dumpheader_t *header, const mg_master_t *master)
{
    mg_status_t status = mg_dumpheader_seal(header, master, &self->header, &self->keys);
    if (status != MG_OK) {
        return status;
    }
    mg_hash_update(self->file_check, mg_buf_slice(&self->header));
    return s_write(self, mg_buf_slice(&self->header));
}

const mg_filekeys_t *
mg_dumpwriter_keys(const mg_dumpwriter_t *self)
{
    return &self->keys;
}

mg_status_t
mg_dumpwriter_chunk(mg_dumpwriter_t *self,
                    const mg_frame_t *frame,
                    mg_slice_t chunk,
                    const uint8_t leaf[MG_LEAF_SIZE])
{
    if (frame->index != self->chunk_count || self->ended || chunk.len != mg_frame_total(frame)) {
        return MG_ERR_BAD_MESSAGE;
    }
    if (self->plain_bytes + frame->plain_len > MG_PLAIN_BYTES_MAX) {
        return MG_ERR_TOO_BIG;
    }
    mg_hash_update(self->file_check, mg_slice(leaf, MG_LEAF_SIZE));
    self->chunk_count++;
    self->plain_bytes += frame->plain_len;
    self->body_bytes += chunk.len;
    self->ended = frame->last;
    return s_write(self, chunk);
}

mg_status_t
mg_dumpwriter_finish(mg_dumpwriter_t *self, mg_dumpfooter_t *footer)
{
    assert(self->ended);
    footer->chunk_count = self->chunk_count;
    footer->plain_bytes = self->plain_bytes;
    footer->body_bytes = self->body_bytes;
    mg_dumpfooter_seal(footer, self->file_check, self->keys.mac, self->footer);
    return s_write(self, mg_slice(self->footer, sizeof self->footer));
}

mg_slice_t
mg_dumpwriter_header_bytes(const mg_dumpwriter_t *self)
{
    return mg_buf_slice(&self->header);
}

mg_slice_t
mg_dumpwriter_footer_bytes(const mg_dumpwriter_t *self)
{
    return mg_slice(self->footer, sizeof self->footer);
}

uint64_t
mg_dumpwriter_size(const mg_dumpwriter_t *self)
{
    return self->size;
}
