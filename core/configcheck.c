#include "core/configcheck.h"

#include "core/secret.h"
#include "core/signkeys.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    ADMIN_PASSWORD_MIN = 12,
    PRODUCTION_SECRET_MIN = 32,
    PREVIOUS_SECRETS_MAX = 4 /* a keyring has room for these and the current one */
};

typedef struct checking {
    const mg_config_t *config;
    mg_buf_t *problems;
} checking_t;

static void
s_problem(checking_t *checking, bool is_one, const char *sentence)
{
    if (is_one) {
        mg_buf_append_text(checking->problems, sentence);
        mg_buf_append_byte(checking->problems, '\n');
    }
}

/* What examples and templates put where a secret belongs. */
static bool
s_is_template(const char *secret)
{
    static const char *const beginnings[] = {"change",  "placeholder", "your-", "your_",
                                             "replace", "example",     "<"};
    for (size_t i = 0; secret && i < sizeof beginnings / sizeof *beginnings; i++) {
        if (strncasecmp(secret, beginnings[i], strlen(beginnings[i])) == 0) {
            return true;
        }
    }
    return false;
}

static void
s_check_templates(checking_t *checking)
{
    s_problem(checking, s_is_template(checking->config->dump.secret),
              "MEM_ENCRYPTION_KEY is a placeholder that everybody knows: make one with `memgate "
              "keygen`.");
    s_problem(checking, s_is_template(checking->config->admin_password),
              "MEMGATE_ADMIN_PASSWORD is a placeholder that everybody knows: choose another.");
}

static void
s_check_secret(checking_t *checking)
{
    const mg_config_dump_t *dump = &checking->config->dump;
    if (!dump->secret && strstr(mg_buf_text(checking->problems), "MEM_ENCRYPTION_KEY")) {
        return; /* it was given, in a way that has been refused already */
    }
    if (!dump->secret) {
        s_problem(checking, true,
                  "MEM_ENCRYPTION_KEY is not set: dumps are encrypted with it; make one with "
                  "`memgate keygen` (docker compose: `docker compose run --rm --no-deps memgate "
                  "keygen`, and put it into .env), and keep it, because without it no dump can be "
                  "read.");
        return;
    }
    mg_secret_t *secret = NULL;
    const char *why = NULL;
    if (mg_secret_new(mg_slice_text(dump->secret), &secret, &why) != MG_OK) {
        mg_buf_append_format(checking->problems, "MEM_ENCRYPTION_KEY can not be used: %s.\n",
                             why ? why : "out of memory");
        return;
    }
    bool weak =
        mg_secret_kdf(secret) == MG_KDF_PASSPHRASE && strlen(dump->secret) < PRODUCTION_SECRET_MIN;
    s_problem(checking, checking->config->environment && weak,
              "ENV=production wants a MEM_ENCRYPTION_KEY of at least 32 characters, or one made by "
              "`memgate keygen`.");
    mg_secret_destroy(&secret);
}

static void
s_check_previous(checking_t *checking)
{
    size_t count = 0;
    mg_slice_t line;
    mg_slice_t rest = mg_slice_text(checking->config->dump.previous);
    while (mg_secret_next_line(&rest, &line)) {
        mg_secret_t *secret = NULL;
        const char *why = NULL;
        count++;
        if (mg_secret_new(line, &secret, &why) != MG_OK) {
            mg_buf_append_format(checking->problems,
                                 "MEM_ENCRYPTION_KEY_PREVIOUS, line %zu, can not be used: %s.\n",
                                 count, why ? why : "out of memory");
        }
        mg_secret_destroy(&secret);
    }
    s_problem(checking, count > PREVIOUS_SECRETS_MAX,
              "MEM_ENCRYPTION_KEY_PREVIOUS holds more than 4 secrets: take out those that no dump "
              "needs.");
}

static bool
s_is_placeholder(const char *secret)
{
    static const char *const words[] = {"change", "placeholder", "your-", "secret-key", "example"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcasestr(secret, words[i])) {
            return true;
        }
    }
    return false;
}

static bool
s_is_weak(const char *secret)
{
    return strlen(secret) < PRODUCTION_SECRET_MIN || s_is_placeholder(secret);
}

static void
s_check_signkeys(checking_t *checking)
{
    const mg_config_http_t *http = &checking->config->http;
    mg_signkeys_t keys = {0};
    mg_fault_t why = {0};
    if (!http->jwt_keys) {
        return;
    }
    if (mg_signkeys_read(&keys, mg_slice_text(http->jwt_keys), &why) != MG_OK) {
        s_problem(checking, true, why.text);
        return;
    }
    for (size_t i = 0; checking->config->environment && i < keys.count; i++) {
        s_problem(checking,
                  keys.keys[i].algorithm == MG_SIGNALG_HS256 &&
                      s_is_weak(mg_buf_text(&keys.keys[i].sign)),
                  "ENV=production wants secrets of at least 32 characters in JWT_KEYS, and no "
                  "placeholders.");
    }
    s_problem(checking, http->jwt_secret && mg_signkeys_find(&keys, MG_SIGNKEY_LEGACY),
              "JWT_KEYS has a key legacy-key, and that is the name of JWT_SECRET_KEY: give it "
              "another kid, or unset JWT_SECRET_KEY.");
    mg_signkeys_wipe(&keys);
}

static void
s_check_control(checking_t *checking)
{
    const mg_config_t *config = checking->config;
    const char *endpoint = config->control ? config->control : "";
    bool keys = config->control_secret && config->control_clients;
    s_problem(checking, strncmp(endpoint, "tcp://", 6) == 0 && !keys,
              "MEMGATE_CONTROL on tcp needs MEMGATE_CONTROL_SECRET and MEMGATE_CONTROL_CLIENTS: "
              "nobody may use it unasked.");
    s_problem(checking,
              strncmp(endpoint, "ipc://", 6) == 0 &&
                  strlen(endpoint) > strlen("ipc://") + MG_SOCKET_PATH_MAX,
              "MEMGATE_CONTROL is too long: the path of a socket has at most 107 bytes.");
}

/* One address in digits, or one with the number of its leading bits that count: what gateway/address.h reads. */
static bool
s_is_range(mg_slice_t text)
{
    char copy[64]; /* the longest address has 45 characters, its bits four */
    uint8_t address[16];
    if (text.len == 0 || text.len >= sizeof copy) {
        return false;
    }
    memcpy(copy, text.data, text.len);
    copy[text.len] = 0;
    char *slash = strchr(copy, '/');
    const char *bits = slash ? slash + 1 : "0";
    if (slash) {
        *slash = 0;
    }
    bool is_v4 = inet_pton(AF_INET, copy, address) == 1;
    size_t len = strlen(bits);
    return (is_v4 || inet_pton(AF_INET6, copy, address) == 1) && len > 0 && len <= 3 &&
           strspn(bits, "0123456789") == len && strtoul(bits, NULL, 10) <= (is_v4 ? 32 : 128);
}

/* A range that matches nobody would be found out by whoever is kept out. */
static void
s_check_ranges(checking_t *checking, const char *name, const char *list)
{
    static const char blanks[] = " \t";
    for (const char *at = list; at && *at; at += *at == ',') {
        at += strspn(at, blanks);
        size_t len = strcspn(at, ",");
        mg_slice_t item = mg_slice(at, len);
        while (item.len > 0 && strchr(blanks, item.data[item.len - 1])) {
            item.len--;
        }
        if (item.len > 0 && !s_is_range(item)) {
            mg_buf_append_format(checking->problems,
                                 "%s holds \"%.*s\", which is neither an address nor a range of "
                                 "addresses: write 10.0.0.7 or 10.0.0.0/8.\n",
                                 name, (int)(item.len < 64 ? item.len : 64),
                                 (const char *)item.data);
        }
        at += len;
    }
}

static void
s_check_serving(checking_t *checking)
{
    const mg_config_t *config = checking->config;
    const char *jwt = config->http.jwt_secret;
    const char *password = config->admin_password;
    s_problem(checking, config->mode == MG_MODE_EXTERNAL,
              "MEM_OR_EXTERNAL=EXTERNAL is not there yet: state in an external engine comes later; "
              "set MEM_OR_EXTERNAL=MEM.");
    s_problem(checking, config->mode == MG_MODE_MEM && config->threads != 1,
              "THREADS must be 1 with MEM_OR_EXTERNAL=MEM: the state lives in this one process and "
              "can not be shared with "
              "other workers.");
    s_problem(checking, password && strlen(password) < ADMIN_PASSWORD_MIN,
              "MEMGATE_ADMIN_PASSWORD is too short: it needs at least 12 characters.");
    s_problem(
        checking, !config->http.tls_cert != !config->http.tls_key,
        "MEMGATE_TLS_CERT and MEMGATE_TLS_KEY belong together: set both, or neither for plain "
        "HTTP.");
    s_problem(
        checking, config->environment && !config->http.https_only,
        "ENV=production wants HTTPS_ONLY=true: tokens and passwords must not travel in the clear.");
    s_problem(checking, config->environment && jwt && s_is_weak(jwt),
              "ENV=production wants a JWT_SECRET_KEY of at least 32 characters that is no "
              "placeholder; unset it to let "
              "memgate make one.");
    s_check_ranges(checking, "PROMETHEUS_ALLOWLIST", config->http.metrics_allowlist);
    s_check_signkeys(checking);
    s_check_control(checking);
    s_check_secret(checking);
    s_check_previous(checking);
    s_check_templates(checking);
}

/* An address that can be listened on, as digits; names would depend on who resolves them when. */
static bool
s_is_address(const char *host)
{
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    bool good = strcmp(host, "localhost") == 0 || getaddrinfo(host, NULL, &hints, &found) == 0;
    if (found) {
        freeaddrinfo(found);
    }
    return good;
}

/* What every command needs. */
static void
s_check_endpoints(checking_t *checking)
{
    const mg_config_t *config = checking->config;
    const char *control = config->control;
    if (config->http.host && !s_is_address(config->http.host)) {
        mg_buf_append_format(
            checking->problems,
            "HOST=\"%.64s\" is no address: set the IPv4 or IPv6 address to listen on "
            "(0.0.0.0 for all), or localhost.\n",
            config->http.host);
    }
    if (control && strncmp(control, "ipc://", 6) != 0 && strncmp(control, "tcp://", 6) != 0) {
        mg_buf_append_format(checking->problems,
                             "MEMGATE_CONTROL=\"%.64s\" is no endpoint: it begins with ipc:// or "
                             "tcp://.\n",
                             control);
    }
}

void
mg_config_check(const mg_config_t *config, bool serving, mg_buf_t *problems)
{
    checking_t checking = {config, problems};
    s_check_endpoints(&checking);
    if (serving) {
        s_check_serving(&checking);
    }
}
