#include "gateway/tls.h"

#include <sodium.h>

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* One reading of both files. */
typedef struct pair {
    struct pair *next; /* the one that it replaced */
    int64_t replaced_ms;
    gnutls_pcert_st chain[MG_TLS_CHAIN_MAX];
    unsigned count;
    gnutls_privkey_t key;
    int64_t expires_s;
} pair_t;

struct mg_tls {
    const char *cert_file;
    const char *key_file;
    pair_t *newest;
};

static void
s_free_pair(pair_t *pair)
{
    for (unsigned i = 0; i < pair->count; i++) {
        gnutls_pcert_deinit(&pair->chain[i]);
    }
    if (pair->key) {
        gnutls_privkey_deinit(pair->key);
    }
    free(pair);
}

/* --- reading --- */

static mg_status_t
s_refuse(const char *variable, const char *file, int error, mg_fault_t *why)
{
    return mg_fault_set(why, MG_ERR_INVALID, 0, "%s=%s can not be used: %s", variable, file,
                        gnutls_strerror(error));
}

static mg_status_t
s_load(const char *variable, const char *file, gnutls_datum_t *out, mg_fault_t *why)
{
    if (gnutls_load_file(file, out) != 0) {
        int error = errno ? errno : EIO;
        return mg_fault_set(why, MG_ERR_IO, error, "%s=%s can not be read: %s", variable, file,
                            mg_fault_reason(error));
    }
    return MG_OK;
}

static void
s_unload(gnutls_datum_t *bytes)
{
    if (bytes->data) {
        sodium_memzero(bytes->data, bytes->size);
        gnutls_free(bytes->data);
    }
}

/* GnuTLS' own check that the key is that of the certificate. */
static int
s_check_match(const gnutls_datum_t *cert, const gnutls_datum_t *key)
{
    gnutls_certificate_credentials_t both = NULL;
    int error = gnutls_certificate_allocate_credentials(&both);
    if (error == 0) {
        error = gnutls_certificate_set_x509_key_mem(both, cert, key, GNUTLS_X509_FMT_PEM);
        gnutls_certificate_free_credentials(both);
    }
    return error < 0 ? error : 0;
}

static int
s_read_expiry(const gnutls_datum_t *cert, int64_t *out)
{
    gnutls_x509_crt_t own = NULL;
    int error = gnutls_x509_crt_init(&own);
    if (error == 0) {
        error = gnutls_x509_crt_import(own, cert, GNUTLS_X509_FMT_PEM);
        *out = error == 0 ? (int64_t)gnutls_x509_crt_get_expiration_time(own) : 0;
        gnutls_x509_crt_deinit(own);
    }
    return error;
}

static int
s_parse_cert(const gnutls_datum_t *bytes, pair_t *out)
{
    unsigned count = MG_TLS_CHAIN_MAX;
    int error = gnutls_pcert_list_import_x509_raw(out->chain, &count, bytes, GNUTLS_X509_FMT_PEM,
                                                  GNUTLS_X509_CRT_LIST_FAIL_IF_UNSORTED);
    out->count = error == 0 ? count : 0;
    return error == 0 ? s_read_expiry(bytes, &out->expires_s) : error;
}

static int
s_parse_key(const gnutls_datum_t *bytes, pair_t *out)
{
    int error = gnutls_privkey_init(&out->key);
    return error == 0
               ? gnutls_privkey_import_x509_raw(out->key, bytes, GNUTLS_X509_FMT_PEM, NULL, 0)
               : error;
}

static mg_status_t
s_parse(const mg_tls_t *self,
        const gnutls_datum_t *cert,
        const gnutls_datum_t *key,
        pair_t *out,
        mg_fault_t *why)
{
    int error = s_parse_cert(cert, out);
    if (error != 0) {
        return s_refuse("MEMGATE_TLS_CERT", self->cert_file, error, why);
    }
    error = s_parse_key(key, out);
    if (error == 0) {
        error = s_check_match(cert, key);
    }
    return error == 0 ? MG_OK : s_refuse("MEMGATE_TLS_KEY", self->key_file, error, why);
}

static mg_status_t
s_read(const mg_tls_t *self, pair_t **out, mg_fault_t *why)
{
    gnutls_datum_t cert = {0};
    gnutls_datum_t key = {0};
    pair_t *pair = calloc(1, sizeof *pair);
    if (!pair) {
        return mg_fault_set(why, MG_ERR_NO_MEMORY, ENOMEM, "no memory for TLS");
    }
    mg_status_t status = s_load("MEMGATE_TLS_CERT", self->cert_file, &cert, why);
    if (status == MG_OK) {
        status = s_load("MEMGATE_TLS_KEY", self->key_file, &key, why);
    }
    if (status == MG_OK) {
        status = s_parse(self, &cert, &key, pair, why);
    }
    s_unload(&cert);
    s_unload(&key);
    if (status != MG_OK) {
        s_free_pair(pair);
        pair = NULL;
    }
    *out = pair;
    return status;
}

/* --- life --- */

mg_status_t
mg_tls_new(const char *cert_file, const char *key_file, mg_tls_t **out, mg_fault_t *why)
{
    mg_tls_t *self = calloc(1, sizeof *self);
    if (!self) {
        return mg_fault_set(why, MG_ERR_NO_MEMORY, ENOMEM, "no memory for TLS");
    }
    self->cert_file = cert_file;
    self->key_file = key_file;
    mg_status_t status = s_read(self, &self->newest, why);
    if (status != MG_OK) {
        mg_tls_destroy(&self);
        return status;
    }
    *out = self;
    return MG_OK;
}

/* Frees what comes behind `*at` once it is old enough; a list only grows older. */
static void
s_drop_old(pair_t **at, int64_t replaced_before_ms)
{
    while (*at && (*at)->replaced_ms > replaced_before_ms) {
        at = &(*at)->next;
    }
    while (*at) {
        pair_t *old = *at;
        *at = old->next;
        s_free_pair(old);
    }
}

void
mg_tls_destroy(mg_tls_t **self_p)
{
    if (*self_p) {
        s_drop_old(&(*self_p)->newest, INT64_MAX);
        free(*self_p);
        *self_p = NULL;
    }
}

mg_status_t
mg_tls_reload(mg_tls_t *self, int64_t now_ms, mg_fault_t *why)
{
    pair_t *fresh = NULL;
    mg_status_t status = s_read(self, &fresh, why);
    if (status != MG_OK) {
        return status;
    }
    assert(fresh); /* read, as the status says */
    self->newest->replaced_ms = now_ms;
    fresh->next = self->newest;
    self->newest = fresh;
    s_drop_old(&fresh->next, now_ms - MG_TLS_KEPT_MS);
    return MG_OK;
}

void
mg_tls_current(const mg_tls_t *self,
               gnutls_pcert_st **out_chain,
               unsigned *out_count,
               gnutls_privkey_t *out_key)
{
    *out_chain = self->newest->chain;
    *out_count = self->newest->count;
    *out_key = self->newest->key;
}

int64_t
mg_tls_expires_s(const mg_tls_t *self)
{
    return self->newest->expires_s;
}
