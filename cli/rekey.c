/* memgate rekey - seals dump files anew under the current key, without a server. */
#include "cli/commands.h"
#include "cli/dumpkeys.h"
#include "cli/options.h"
#include "cli/render.h"
#include "cli/settings.h"
#include "core/clock.h"
#include "core/reseal.h"

#include <sodium.h>

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILES_MAX = 4096, KIB_PER_MIB = 1024, HOST_SIZE = 256, TIME_TEXT = 20 };

typedef struct rekey {
    mg_config_t config;
    mg_keyring_t *keyring;
    char host[HOST_SIZE];
    bool json;
    json_t *done;
    const char *files[FILES_MAX];
} rekey_t;

/* The file is there, and may not be touched. */
static mg_exit_t
s_refuse(const char *file, const char *why, mg_exit_t code)
{
    (void)fprintf(stderr, "memgate: %s: %s; it is as it was.\n", file, why);
    return code;
}

static mg_exit_t
s_fail(const char *file, const mg_verdict_t *why)
{
    (void)fprintf(stderr, "memgate: %s: %s: %s.\n", file, mg_outcome_name(why->outcome), why->text);
    return (mg_exit_t)mg_outcome_exit(why->outcome);
}

/* How much of a dump's name comes behind its stem: "-<time>-<generation>.bin"; 0 when it is named otherwise. */
static size_t
s_tail(const char *name)
{
    size_t len = strlen(name);
    size_t at = len >= 4 && strcmp(name + len - 4, ".bin") == 0 ? len - 4 : 0;
    while (at > 0 && isdigit((unsigned char)name[at - 1])) {
        at--;
    }
    bool dated = at > TIME_TEXT + 1 && name[at - 1] == '-' && name[at - 2] == 'Z' &&
                 name[at - 2 - TIME_TEXT] == '-';
    return dated ? len - (at - 2 - TIME_TEXT) : 0;
}

/* Opens the folder of the file, with the stem that its name says, and takes its lock. */
static mg_exit_t
s_lock(rekey_t *self, const char *file, const char *name, mg_folder_t **out)
{
    mg_fault_t why = {0};
    mg_buf_t hint = {0};
    mg_folder_owner_t owner = {.host = self->host, .started_ns = mg_clock_wall_ns()};
    size_t tail = s_tail(name);
    randombytes_buf(owner.instance_id, sizeof owner.instance_id);
    mg_buf_append_text(&hint, strchr(file, '/') ? "" : "./");
    mg_buf_append(&hint, file, strlen(file) - tail);
    mg_buf_append_text(&hint, tail ? ".bin" : "");
    mg_status_t status = mg_folder_open(&mg_file_system, mg_buf_text(&hint), &owner, out, &why);
    mg_buf_free(&hint);
    if (status == MG_OK) {
        status = mg_folder_lock(*out, &why);
    }
    if (status == MG_OK) {
        return MG_EXIT_OK;
    }
    mg_folder_destroy(out);
    return s_refuse(file, why.text, status == MG_ERR_BUSY ? MG_EXIT_LOCKED : MG_EXIT_FOLDER);
}

static void
s_tell(rekey_t *self, const char *file, const mg_resealed_t *result)
{
    char before[2 * MG_KEY_ID_SIZE + 1];
    char after[2 * MG_KEY_ID_SIZE + 1];
    (void)sodium_bin2hex(before, sizeof before, result->before.key_id, MG_KEY_ID_SIZE);
    (void)sodium_bin2hex(after, sizeof after, result->after.key_id, MG_KEY_ID_SIZE);
    if (self->json) {
        (void)json_array_append_new(self->done,
                                    json_pack("{s:s, s:I, s:b, s:s, s:s}", "file", file,
                                              "generation", (json_int_t)result->before.generation,
                                              "rekeyed", (int)!result->was_current, "key_id_before",
                                              before, "key_id", after));
    } else if (result->was_current) {
        (void)printf("%s: is under the current key already\n", file);
    } else {
        (void)printf("%s: rekeyed, key_id %s -> %s\n", file, before, after);
    }
}

/* Another user's file would become ours, and its owner could not read it any more. */
static mg_exit_t
s_check_file(const char *file)
{
    mg_verdict_t why;
    struct stat found;
    if (lstat(file, &found) != 0) {
        (void)(errno == ENOENT || errno == ENOTDIR
                   ? mg_verdict_fail(&why, MG_OUTCOME_MISSING, "there is no such file")
                   : mg_verdict_io(&why, "looking at the file", errno));
        return s_fail(file, &why);
    }
    if (!S_ISREG(found.st_mode)) {
        (void)mg_verdict_fail(&why, MG_OUTCOME_NOT_A_DUMP, "it is no regular file");
        return s_fail(file, &why);
    }
    return found.st_uid == geteuid()
               ? MG_EXIT_OK
               : s_refuse(file, "it belongs to another user: run this as that one", MG_EXIT_FOLDER);
}

static mg_exit_t
s_rekey(rekey_t *self, const char *file)
{
    mg_verdict_t why;
    mg_folder_t *folder = NULL;
    mg_resealed_t result = {0};
    const char *slash = strrchr(file, '/');
    const char *name = slash ? slash + 1 : file;
    mg_exit_t code = s_check_file(file);
    if (code == MG_EXIT_OK) {
        code = s_lock(self, file, name, &folder);
    }
    if (code != MG_EXIT_OK) {
        return code;
    }
    const mg_config_dump_t *dump = &self->config.dump;
    mg_reseal_t job = {.folder = folder,
                       .name = name,
                       .keyring = self->keyring,
                       .provider = (mg_aead_provider_t)dump->aead,
                       .kdf_max_kib = dump->kdf_max_mib * KIB_PER_MIB,
                       .now_ns = mg_clock_wall_ns()};
    mg_keyring_begin_scan(self->keyring, MG_KEYRING_DERIVATIONS);
    mg_outcome_t outcome = mg_reseal_run(&job, &result, &why);
    mg_folder_destroy(&folder);
    if (outcome == MG_OUTCOME_OK) {
        s_tell(self, file, &result);
        return MG_EXIT_OK;
    }
    return s_fail(file, &why);
}

static mg_exit_t
s_run(rekey_t *self)
{
    mg_exit_t code = mg_settings_read(&self->config);
    if (code == MG_EXIT_OK) {
        code = mg_dumpkeys_open(&self->config, NULL, &self->keyring);
    }
    (void)gethostname(self->host, sizeof self->host - 1);
    self->done = json_array();
    for (int i = 0; code == MG_EXIT_OK && self->files[i]; i++) {
        code = s_rekey(self, self->files[i]);
    }
    if (self->json) {
        mg_render_print(self->done);
    } else {
        json_decref(self->done);
    }
    if (code == MG_EXIT_OK) {
        (void)fprintf(stderr,
                      "memgate: copies of these files elsewhere still need their old key\n");
    }
    mg_keyring_destroy(&self->keyring);
    mg_config_destroy(&self->config);
    return code;
}

mg_exit_t
mg_command_rekey(int argc, char **argv)
{
    rekey_t *self = calloc(1, sizeof *self);
    mg_exit_t code = MG_EXIT_NO_MEMORY;
    if (!self) {
        return code;
    }
    const mg_option_t options[] = {{"json", NULL, &self->json, "one JSON array"}, {0}};
    mg_options_t table = {.usage =
                              "memgate rekey [--json] FILE...  (MEM_ENCRYPTION_KEY: the new key, "
                              "MEM_ENCRYPTION_KEY_PREVIOUS: the one that the files have)",
                          .options = options,
                          .files_min = 1,
                          .files_max = FILES_MAX - 1,
                          .files = self->files};
    if (mg_options_read(&table, argc, argv, &code)) {
        code = s_run(self);
    }
    free(self);
    return code;
}
