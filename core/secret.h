/* secret - one configured dump secret: a passphrase or 32 raw bytes.
 *
 * Owns     : the secret as written and, for raw forms, its 32 bytes, in guarded pages that are without access rights
 *            while nobody reads them; both are wiped at the end.
 * Thread   : one; revealing changes page rights.
 * Fails    : MG_ERR_INVALID with a sentence that never quotes the secret; MG_ERR_NO_MEMORY.
 * Not here : where the text comes from (core/config.h), keys made of it (core/keys.h).
 * Source   : dump-format.md sections 3 and 13.
 */
#ifndef MG_CORE_SECRET_H
#define MG_CORE_SECRET_H

#include "core/buf.h"

/* The kdf byte of a dump header. */
typedef enum mg_kdf { MG_KDF_PASSPHRASE = 1, MG_KDF_RAW = 2 } mg_kdf_t;

enum {
    MG_SECRET_RAW = 32,         /* bytes of a raw key */
    MG_SECRET_POINTS_MIN = 8,   /* code points of a passphrase */
    MG_SECRET_BYTES_MAX = 1024, /* bytes of a passphrase */
};

typedef struct mg_secret mg_secret_t;

/* Takes a copy of `text` as written: "hex:" + 64 digits, "base64:" + 44 characters, or a passphrase of valid UTF-8,
 * >= 8 code points, <= 1024 bytes, no NUL. On MG_ERR_INVALID *out_why is a static sentence. sodium_init must have run. */
MG_MUST_USE mg_status_t mg_secret_new(mg_slice_t text, mg_secret_t **out, const char **out_why);
/* Cuts the next line that is not empty off `rest`: several secrets are written one a line. False: there is none. */
bool mg_secret_next_line(mg_slice_t *rest, mg_slice_t *out);
/* Wipes and frees, sets *self_p = NULL, NULL-safe. */
void mg_secret_destroy(mg_secret_t **self_p);

/* Which KDF makes a master key of it. */
mg_kdf_t mg_secret_kdf(const mg_secret_t *self);

/* What the KDF takes (the passphrase, or the 32 raw bytes), readable until mg_secret_hide. */
mg_slice_t mg_secret_reveal(mg_secret_t *self);
/* The secret as it was written, readable until mg_secret_hide: DMP1 files derive their key from it. */
mg_slice_t mg_secret_reveal_written(mg_secret_t *self);
/* Takes the access rights away again. */
void mg_secret_hide(mg_secret_t *self);

#endif
