#include "core/password.h"

#include <sodium.h>

#include <crypt.h>
#include <errno.h>
#include <string.h>

/* What an unknown user is checked against: the work is that of a check, the answer is always no. */
static const char s_nobody[] = "$argon2id$v=19$m=65536,t=2,p=1$bWVtZ2F0ZS1ub2JvZHkhIQ$"
                               "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

static const unsigned long long s_ops = crypto_pwhash_OPSLIMIT_INTERACTIVE;
static const size_t s_memory = crypto_pwhash_MEMLIMIT_INTERACTIVE;

/* The library wants a pointer even for no bytes. */
static const char *
s_text(mg_slice_t password)
{
    return password.len ? (const char *)password.data : "";
}

mg_status_t
mg_password_hash(mg_slice_t password, char out[MG_PASSWORD_HASH_SIZE])
{
    if (password.len > MG_PASSWORD_MAX) {
        return MG_ERR_TOO_BIG;
    }
    char text[crypto_pwhash_STRBYTES];
    if (crypto_pwhash_str(text, s_text(password), password.len, s_ops, s_memory) != 0) {
        return MG_ERR_NO_MEMORY;
    }
    memcpy(out, text, sizeof text);
    return MG_OK;
}

static bool
s_begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static mg_status_t
s_check_argon2(mg_slice_t password, const char *hash, bool *out_matches, bool *out_stale)
{
    errno = 0;
    *out_matches = crypto_pwhash_str_verify(hash, s_text(password), password.len) == 0;
    if (!*out_matches && errno == ENOMEM) {
        return MG_ERR_NO_MEMORY;
    }
    *out_stale = *out_matches && crypto_pwhash_str_needs_rehash(hash, s_ops, s_memory) != 0;
    return MG_OK;
}

/* bcrypt reads its password up to a NUL. */
static mg_status_t
s_check_bcrypt(mg_slice_t password, const char *hash, bool *out_matches, bool *out_stale)
{
    char text[MG_PASSWORD_MAX + 1];
    struct crypt_data data = {0};
    memcpy(text, password.data, password.len);
    text[password.len] = 0;
    const char *again = crypt_r(text, hash, &data);
    size_t len = strlen(hash);
    *out_matches = again && strlen(again) == len && sodium_memcmp(again, hash, len) == 0;
    *out_stale = *out_matches;
    sodium_memzero(text, sizeof text);
    sodium_memzero(&data, sizeof data);
    return MG_OK;
}

mg_status_t
mg_password_check(mg_slice_t password, mg_slice_t hash, bool *out_matches, bool *out_stale)
{
    char text[MG_PASSWORD_HASH_SIZE] = {0};
    *out_matches = false;
    *out_stale = false;
    if (password.len > MG_PASSWORD_MAX) {
        return MG_OK;
    }
    if (hash.len && hash.len < sizeof text) {
        memcpy(text, hash.data, hash.len);
    }
    if (s_begins(text, "$2") && password.len && !memchr(password.data, 0, password.len)) {
        return s_check_bcrypt(password, text, out_matches, out_stale);
    }
    bool argon2 = s_begins(text, crypto_pwhash_STRPREFIX);
    mg_status_t status = s_check_argon2(password, argon2 ? text : s_nobody, out_matches, out_stale);
    if (!argon2) {
        *out_matches = false;
        *out_stale = false;
    }
    sodium_memzero(text, sizeof text);
    return status;
}
