/* config - everything the environment says, read once, checked whole.
 *
 * Owns     : the texts in mg_config_t; secrets are wiped by mg_config_destroy.
 * Thread   : main, before any other thread; afterwards read-only for everybody.
 * Takes    : `X` or `X_FILE` for each name of the table in config.c, with aliases.
 * Fails    : every error is listed, not the first alone; unknown MEM_* and MEMGATE_* names give a warning with the nearest
 *            known one.
 * Not here : what the settings mean (each sub-struct goes to the actor that uses it). No other file calls getenv.
 * Source   : design.md section 7, platform-api.md section 2, dump-format.md.
 */
#ifndef MG_CORE_CONFIG_H
#define MG_CORE_CONFIG_H

#include "core/buf.h"

typedef enum mg_dump_verify { MG_VERIFY_FULL, MG_VERIFY_FOOTER, MG_VERIFY_OFF } mg_dump_verify_t;
typedef enum mg_dump_paths { MG_PATHS_ROOT, MG_PATHS_ANY, MG_PATHS_OFF } mg_dump_paths_t;

typedef struct mg_config_http {
    const char *host;
    uint16_t port;
    uint32_t connections_max;
    uint64_t body_max_bytes; /* MAX_BODY_SIZE_BYTES */
    uint32_t page_size_max;  /* MAX_PAGE_SIZE */
    bool strict_envelope;    /* STRICT_RESPONSE_ENVELOPE */
    bool https_only;
    const char *cookie_domain; /* NULL: none */
    const char *cookie_samesite;
    int cookie_secure;      /* -1: not set, 0, 1 */
    const char *jwt_secret; /* NULL: the random key in the state */
    int64_t access_seconds; /* life of an access token */
    int64_t refresh_seconds;
    uint32_t login_limit; /* per IP and window; 0 = off */
    uint32_t login_window_seconds;
    const char *csp;        /* CONTENT_SECURITY_POLICY */
    bool local_host_bypass; /* LOCAL_HOST_IP_BYPASS */
    bool local_host_bypass_set;
    const char *metrics_token; /* PROMETHEUS_BEARER_TOKEN, NULL: none */
    bool metrics_public;
} mg_config_http_t;

typedef struct mg_config_dump {
    const char *path_hint; /* MEM_DUMP_PATH as written */
    const char *secret;    /* MEM_ENCRYPTION_KEY as written; wiped by mg_config_destroy */
    uint32_t kdf_ops;
    uint32_t kdf_mem_mib;
    uint32_t kdf_max_mib;
    bool compress; /* MEM_DUMP_COMPRESSION=zstd */
    mg_dump_verify_t verify;
    mg_dump_paths_t http_paths; /* MEM_DUMP_HTTP_PATHS */
    bool http_mkdir;
    bool force_gnutls; /* MEMGATE_AEAD=gnutls */
    uint32_t sealers;  /* min(4, cores) */
} mg_config_dump_t;

typedef struct mg_config_autosave {
    bool enabled;
    bool enabled_set; /* the variable was given explicitly: it wins over the restored settings */
    uint32_t every_seconds;
    bool every_set;
    uint64_t after_changes;
} mg_config_autosave_t;

typedef struct mg_config {
    mg_config_http_t http;
    mg_config_dump_t dump;
    mg_config_autosave_t autosave;
    const char *admin_email;
    bool admin_email_set;
    const char *admin_password; /* NULL: not set */
    const char *control;        /* MEMGATE_CONTROL; NULL: the default socket */
    const char *run_folder;     /* where the default control socket lives */
    int64_t shutdown_grace_ms;
    int log_level; /* mg_log_level_t */
    bool log_json;
    bool production;     /* ENV=production */
    bool debug_dumpable; /* MEM_DEBUG_DUMPABLE */
} mg_config_t;

/* Reads the environment. `problems` gets one sentence per error, newline-separated; `warnings` likewise. `serving`:
 * true for `memgate serve`, which needs a key, an admin and the rest; false for other commands. Fails MG_ERR_INVALID when `problems` is not empty. */
MG_MUST_USE mg_status_t mg_config_read(mg_config_t *out,
                                       bool serving,
                                       mg_buf_t *problems,
                                       mg_buf_t *warnings);
/* Wipes secrets, frees the texts. NULL-safe. */
void mg_config_destroy(mg_config_t *self);

/* One row of the table, for documentation and `config` commands. */
typedef struct mg_config_row {
    const char *name;
    const char *fallback; /* default as text, NULL: none */
    const char *help;
    bool secret;
} mg_config_row_t;
/* Row `index` of the table, NULL past its end. */
const mg_config_row_t *mg_config_row(size_t index);

#endif
