#include "gateway/requestid.h"

#include <sodium.h>

#include <string.h>

static bool
s_is_id_byte(uint8_t byte)
{
    switch (byte) {
    case '-':
    case '_':
    case '.':
    case ':':
        return true;
    default:
        return (byte >= '0' && byte <= '9') || ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z');
    }
}

static bool
s_is_id(mg_slice_t text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!s_is_id_byte(text.data[i])) {
            return false;
        }
    }
    return text.len > 0 && text.len <= MG_REQUEST_ID_MAX;
}

void
mg_requestid_choose(mg_requestids_t *self, mg_slice_t wanted, char out[MG_REQUEST_ID_MAX + 1])
{
    if (s_is_id(wanted)) {
        memcpy(out, wanted.data, wanted.len);
        out[wanted.len] = 0;
        return;
    }
    if (self->left == 0) {
        randombytes_buf(self->drawn, sizeof self->drawn);
        self->left = MG_REQUESTIDS_DRAWN;
    }
    mg_uuid_from(self->drawn[--self->left], out);
}
