/* config - everything the environment says, read once, checked whole.
 *
 * Owns     : the texts in mg_config_t; secrets are wiped by mg_config_destroy.
 * Thread   : main, before any other thread; afterwards read-only for everybody.
 * Takes    : `X` or `X_FILE` for each name of core/configtable.c, and its alias.
 * Fails    : every error is listed, not the first alone; unknown MEM_* and MEMGATE_* names give a warning with the nearest
 *            known one, those of core/configidle.h one that says why they have no effect.
 * Not here : what the settings mean (each sub-struct goes to the actor that uses it). No other file calls getenv.
 * Source   : design.md section 7, platform-api.md section 2, dump-format.md.
 */
#ifndef MG_CORE_CONFIG_H
#define MG_CORE_CONFIG_H

#include "core/buf.h"

/* Values of the choices below; fields that hold one are ints, as the table stores them. */
typedef enum mg_config_mode { MG_MODE_MEM, MG_MODE_EXTERNAL } mg_config_mode_t;
typedef enum mg_dump_verify { MG_VERIFY_FULL, MG_VERIFY_FOOTER, MG_VERIFY_OFF } mg_dump_verify_t;
typedef enum mg_dump_paths { MG_PATHS_ROOT, MG_PATHS_ANY, MG_PATHS_OFF } mg_dump_paths_t;
typedef enum mg_restore_policy {
    MG_RESTORE_FALLBACK, /* past damage to the dump before */
    MG_RESTORE_STRICT,   /* the newest dump or none */
    MG_RESTORE_EMPTY_OK  /* as FALLBACK, and empty when no dump can be restored */
} mg_restore_policy_t;
enum { MG_BODY_MOST_BYTES = 16 << 20 /* of a request, whatever else is set */ };
typedef enum mg_samesite { MG_SAMESITE_STRICT, MG_SAMESITE_LAX, MG_SAMESITE_NONE } mg_samesite_t;

typedef struct mg_config_http {
    const char *host;
    uint16_t port;
    uint32_t connections_max;
    uint32_t head_bytes; /* memory of a connection for the heads of a request and its answer */
    uint64_t body_max_bytes;
    bool body_unlimited; /* up to MG_BODY_MOST_BYTES */
    const char *
        body_excluded_paths; /* likewise; comma list, a final `*` stands for any rest; NULL: none */
    const char *tls_cert;    /* PEM files; NULL: plain HTTP */
    const char *tls_key;
    bool gzip;
    uint32_t gzip_level;
    uint32_t gzip_min_bytes;     /* shorter bodies are sent as they are */
    uint32_t access_log_every;   /* each n-th request is logged; 0: none */
    uint32_t connections_per_ip; /* 0: any number */
    uint32_t page_size_max;
    bool strict_envelope;
    bool https_only;
    const char *cookie_domain; /* NULL: none */
    int cookie_samesite;       /* mg_samesite_t */
    bool cookie_secure;
    bool cookie_secure_set;
    const char *token_key;  /* TOKEN_ENCRYPTION_KEY; NULL: none; guarded memory */
    const char *jwt_secret; /* NULL: the random key in the state */
    const char *jwt_keys;   /* JSON, core/signkeys.h; NULL: the secret alone */
    uint32_t access_count;
    uint32_t access_unit_seconds;
    uint32_t refresh_count;
    uint32_t refresh_unit_seconds;
    int64_t access_seconds; /* life of an access token: count x unit */
    int64_t refresh_seconds;
    uint32_t login_limit; /* per address and window */
    uint32_t login_window_seconds;
    bool login_unlimited; /* nor are registrations limited */
    uint32_t register_limit;
    uint32_t register_window_seconds;
    uint32_t head_seconds; /* total times of a connection's stages: gateway/connections.h */
    uint32_t idle_seconds;
    uint32_t transfer_seconds;
    uint32_t transfer_rate;   /* bytes per second */
    const char *csp;          /* NULL: the default policy */
    const char *cors_origins; /* comma list; NULL: not set */
    const char *cors_methods;
    const char *cors_headers;
    bool cors_credentials;
    bool cors_strict;
    bool local_host_bypass;
    bool local_host_bypass_set;
    const char *metrics_token; /* NULL: none */
    bool metrics_public;
    bool metrics_enabled;
    const char *metrics_allowlist; /* addresses and ranges, comma list; NULL: none */
    bool metrics_trust_xff;
} mg_config_http_t;

typedef struct mg_config_dump {
    const char *path_hint; /* as written */
    const char *secret;    /* as written, in guarded memory */
    const char *previous;  /* likewise: secrets for reading only, one a line; NULL: none */
    uint32_t kdf_ops;
    uint32_t kdf_mem_mib;
    uint32_t kdf_max_mib;
    int compression; /* number of the dump format: 0 none, 1 zstd */
    int verify;      /* mg_dump_verify_t */
    int http_paths;  /* mg_dump_paths_t */
    bool http_mkdir;
    int policy;              /* mg_restore_policy_t */
    bool require;            /* no empty start */
    uint64_t min_generation; /* nothing older is restored */
    uint32_t lock_wait_seconds;
    uint32_t import_max_mib; /* largest Doorman dump that is read */
    uint32_t keep;           /* good dumps that stay, at least 2 */
    uint32_t keep_days;      /* and whatever is younger; 0: no matter */
    uint32_t emergency_keep; /* good dumps that stay when the disk is full; 0: all */
    int aead;                /* 0: what the CPU can, 1: GnuTLS */
    bool dumpable;           /* debuggers may attach, core files are written */
    uint32_t sealers;        /* min(4, cores) */
} mg_config_dump_t;

typedef struct mg_config_autosave {
    bool enabled;
    bool enabled_set; /* given explicitly: wins over the restored settings */
    uint32_t every_seconds;
    bool every_set;
    uint64_t after_changes; /* 0: off */
} mg_config_autosave_t;

/* What systemd, or whoever speaks its protocol, tells a service that it starts. */
typedef struct mg_config_service {
    const char *notify_socket; /* NULL: nobody wants to be told */
    uint64_t watchdog_us;      /* 0: no watchdog */
    uint32_t watchdog_pid;     /* whom it watches; 0: the process that reads this */
} mg_config_service_t;

typedef struct mg_config {
    mg_config_http_t http;
    mg_config_dump_t dump;
    mg_config_autosave_t autosave;
    mg_config_service_t service;
    const char *admin_email;
    bool admin_email_set;
    const char *admin_password;        /* NULL: not set; guarded memory */
    const char *control;               /* endpoint as given; NULL: see mg_config_control_endpoint */
    const char *control_secret;        /* tcp: CURVE secret key of the server, z85 */
    const char *control_clients;       /* tcp: public keys that may connect, z85 */
    const char *control_server;        /* command line on tcp: public key of the server */
    const char *control_client_secret; /* command line on tcp: its own secret key */
    const char *runtime_folder;        /* XDG_RUNTIME_DIR; NULL: not set */
    const char *temporary_folder;      /* TMPDIR */
    uint32_t shutdown_grace_seconds;
    uint64_t memory_max_bytes; /* 0: no limit */
    bool memory_max_set;       /* otherwise 80 % of what there is */
    uint32_t threads;
    int mode;        /* mg_config_mode_t */
    int log_level;   /* mg_log_level_t */
    int log_format;  /* 0 logfmt, 1 JSON */
    int environment; /* 1: production */
} mg_config_t;

/* Reads the environment. `problems` gets one sentence per error, one a line; `warnings` likewise.
 * serving  true for `memgate serve`, which needs a key and settings that fit together; false for other commands.
 * Fails MG_ERR_INVALID when `problems` is not empty. The caller destroys `out` in both cases. */
MG_MUST_USE mg_status_t mg_config_read(mg_config_t *out,
                                       bool serving,
                                       mg_buf_t *problems,
                                       mg_buf_t *warnings);
/* Has the next mg_config_read see these variables, as "NAME=value" texts that may be written to, NULL-terminated; gives what
 * was there, for the way back. For looking at another program's settings; before any other thread. */
char **mg_config_swap_environment(char **variables);
/* Wipes secrets, frees the texts. NULL-safe. */
void mg_config_destroy(mg_config_t *self);
/* The control socket's endpoint by the rule of design.md section 6, the same for server and command line; appended.
 * Fails MG_ERR_TOO_BIG: the path does not fit into a socket address; MG_ERR_IO: no folder for it can be made, `out` names
 * the folder. */
MG_MUST_USE mg_status_t mg_config_control_endpoint(const mg_config_t *self, mg_buf_t *out);

#endif
