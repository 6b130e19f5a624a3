/* tls - the certificate and key of the HTTP server, from files, replaced while serving.
 *
 * Owns     : the parsed certificates and keys: the newest, and those before it for as long as a handshake may still use them.
 * Thread   : the gateway's.
 * Fails    : MG_ERR_INVALID or MG_ERR_IO with a sentence that names the file and what is wrong; what was in force stays in force.
 * Not here : the handshake (libmicrohttpd with GnuTLS).
 * Source   : issue of the front: TLS for those without a proxy. TLS 1.2 and 1.3 only.
 */
#ifndef MG_GATEWAY_TLS_H
#define MG_GATEWAY_TLS_H

#include "core/file.h"

#include <gnutls/abstract.h>

#include <stdint.h>

#define MG_TLS_PRIORITIES "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:%SERVER_PRECEDENCE"

enum {
    MG_TLS_CHAIN_MAX = 8,    /* certificates: the server's first, then those that vouch for it */
    MG_TLS_KEPT_MS = 600000, /* how long a replaced one stays: no handshake takes longer */
};

typedef struct mg_tls mg_tls_t;

/* Reads both files (PEM); their names outlive it. */
MG_MUST_USE mg_status_t mg_tls_new(const char *cert_file,
                                   const char *key_file,
                                   mg_tls_t **out,
                                   mg_fault_t *why);
/* Frees all, wipes the keys, sets *self_p = NULL, NULL-safe. */
void mg_tls_destroy(mg_tls_t **self_p);
/* Reads the files again; handshakes that begin from now on get what they hold. */
MG_MUST_USE mg_status_t mg_tls_reload(mg_tls_t *self, int64_t now_ms, mg_fault_t *why);
/* What a handshake that begins now is given; stays the tls's. */
void mg_tls_current(const mg_tls_t *self,
                    gnutls_pcert_st **out_chain,
                    unsigned *out_count,
                    gnutls_privkey_t *out_key);
/* Unix time at which the server's own certificate ends, in seconds. */
int64_t mg_tls_expires_s(const mg_tls_t *self);

#endif
