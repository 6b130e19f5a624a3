#include "gateway/storedkeys.h"

#include "core/secret.h"

#include <sodium.h>

#include <string.h>

static const char s_prefix[] = "enc:";
enum { PREFIX = sizeof s_prefix - 1 };

static void
s_add(mg_storedkeys_t *self, mg_slice_t text)
{
    if (text.len > 0 && self->count < MG_STOREDKEYS_MAX) {
        mg_fernet_key(text, self->keys[self->count++]);
    }
}

void
mg_storedkeys_read(mg_storedkeys_t *self, const char *token_key, const mg_config_dump_t *dump)
{
    s_add(self, mg_slice_text(token_key));
    s_add(self, mg_slice_text(dump->secret));
    mg_slice_t rest = mg_slice_text(dump->previous);
    mg_slice_t line;
    while (mg_secret_next_line(&rest, &line)) {
        s_add(self, line);
    }
}

void
mg_storedkeys_wipe(mg_storedkeys_t *self)
{
    sodium_memzero(self, sizeof *self);
}

mg_status_t
mg_storedkeys_seal(const mg_storedkeys_t *self, int64_t now_s, mg_slice_t plain, mg_buf_t *out)
{
    if (self->count == 0) {
        mg_buf_append_slice(out, plain);
        return mg_buf_ok(out) ? MG_OK : MG_ERR_NO_MEMORY;
    }
    uint8_t iv[MG_FERNET_IV];
    randombytes_buf(iv, sizeof iv);
    mg_buf_append(out, s_prefix, PREFIX);
    return mg_fernet_seal(self->keys[0], now_s, iv, plain, out);
}

bool
mg_storedkeys_open(const mg_storedkeys_t *self, mg_slice_t stored, mg_buf_t *out)
{
    bool sealed = stored.len > PREFIX && memcmp(stored.data, s_prefix, PREFIX) == 0;
    mg_slice_t token = sealed ? mg_slice(stored.data + PREFIX, stored.len - PREFIX) : stored;
    for (size_t i = 0; sealed && i < self->count; i++) {
        if (mg_fernet_open(self->keys[i], token, out) == MG_OK) {
            return true;
        }
    }
    mg_buf_append_slice(out, stored);
    return !sealed;
}
