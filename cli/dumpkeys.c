#include "cli/dumpkeys.h"

#include "core/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KIB_PER_MIB = 1024, KEY_FILE_MAX = MG_KEYRING_SECRETS * (MG_SECRET_BYTES_MAX + 2) };

static mg_exit_t
s_refuse(const char *what, const char *why)
{
    (void)fprintf(stderr, "memgate: %s can not be used: %s.\n", what, why);
    return MG_EXIT_CONFIG;
}

mg_exit_t
mg_dumpkeys_read_file(const char *key_file, mg_buf_t *out)
{
    int fd = open(key_file, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    uint8_t *at = mg_buf_extend(out, KEY_FILE_MAX + 1);
    ssize_t got = fd >= 0 && at ? read(fd, at, KEY_FILE_MAX + 1) : -1;
    int error = errno;
    if (fd >= 0) {
        (void)close(fd);
    }
    if (got < 0) {
        return s_refuse(key_file, mg_fault_reason(error));
    }
    out->len = (size_t)got;
    if (out->len == 0 || out->len > KEY_FILE_MAX) {
        return s_refuse(key_file, out->len ? "it is too long for a key" : "it is empty");
    }
    out->len -= out->data[out->len - 1] == '\n';
    out->len -= out->len && out->data[out->len - 1] == '\r';
    return MG_EXIT_OK;
}

/* Adds every secret of `lines`; *out_why is why one can not be. */
static mg_status_t
s_add_lines(mg_keyring_t *ring, mg_slice_t lines, const char **out_why)
{
    mg_slice_t line;
    mg_status_t status = MG_OK;
    while (status == MG_OK && mg_secret_next_line(&lines, &line)) {
        mg_secret_t *secret = NULL;
        status = mg_secret_new(line, &secret, out_why);
        if (status == MG_OK) {
            status = mg_keyring_add(ring, &secret);
            *out_why = "there are more than five";
        }
        mg_secret_destroy(&secret);
    }
    return status;
}

/* One secret as it is written: a passphrase may begin or end with white space. */
static mg_status_t
s_add_whole(mg_keyring_t *ring, mg_slice_t text, const char **out_why)
{
    mg_secret_t *secret = NULL;
    mg_status_t status = mg_secret_new(text, &secret, out_why);
    if (status == MG_OK) {
        status = mg_keyring_add(ring, &secret);
    }
    mg_secret_destroy(&secret);
    return status;
}

static mg_status_t
s_add_configured(mg_keyring_t *ring, const mg_config_t *config, const char **out_why)
{
    const char *previous = config->dump.previous;
    if (!config->dump.secret) {
        *out_why = "MEM_ENCRYPTION_KEY is not set (`memgate inspect` needs no key)";
        return MG_ERR_INVALID;
    }
    mg_status_t status = s_add_whole(ring, mg_slice_text(config->dump.secret), out_why);
    return status == MG_OK ? s_add_lines(ring, mg_slice_text(previous), out_why) : status;
}

mg_exit_t
mg_dumpkeys_open(const mg_config_t *config, const char *key_file, mg_keyring_t **out)
{
    mg_buf_t text = {0};
    const char *why = "there is none in it";
    mg_exit_t code = key_file ? mg_dumpkeys_read_file(key_file, &text) : MG_EXIT_OK;
    mg_keyring_t *ring =
        mg_keyring_new(config->dump.kdf_ops, config->dump.kdf_mem_mib * KIB_PER_MIB);
    mg_status_t status = ring ? MG_OK : MG_ERR_NO_MEMORY;
    if (code == MG_EXIT_OK && ring) {
        status = key_file ? s_add_lines(ring, mg_buf_slice(&text), &why)
                          : s_add_configured(ring, config, &why);
    }
    if (code == MG_EXIT_OK && status == MG_OK && mg_keyring_count(ring) > 0) {
        *out = ring;
        ring = NULL;
    } else if (code == MG_EXIT_OK) {
        code = status == MG_ERR_NO_MEMORY ? MG_EXIT_NO_MEMORY : MG_EXIT_CONFIG;
        (void)fprintf(stderr, "memgate: the key cannot be used: %s.\n",
                      status == MG_ERR_NO_MEMORY ? "no memory" : why);
    }
    mg_keyring_destroy(&ring);
    mg_buf_wipe(&text);
    return code;
}

mg_outcome_t
mg_dumpkeys_open_file(const char *path, int *out_fd, mg_verdict_t *why)
{
    struct stat found;
    *out_fd =
        mg_file_system.open_at(AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0);
    if (*out_fd < 0 && errno == ENOENT) {
        return mg_verdict_fail(why, MG_OUTCOME_MISSING, "there is no such file");
    }
    if (*out_fd < 0 || fstat(*out_fd, &found) != 0) {
        return mg_verdict_io(why, "opening the file", errno);
    }
    if (!S_ISREG(found.st_mode)) {
        return mg_verdict_fail(why, MG_OUTCOME_NOT_A_DUMP, "it is no regular file");
    }
    return MG_OUTCOME_OK;
}
