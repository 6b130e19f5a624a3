/* memgate import-dump - replaces the server's state by a dump of Doorman, as a restore does. A secret given with --key-file
 * never leaves this process: what is sent is the key of this one file, which the secret gives with the file's salt. */
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/dumpkeys.h"
#include "cli/options.h"
#include "cli/render.h"
#include "core/dmp1.h"
#include "core/file.h"
#include "messages/bus.h"

#include <sodium.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

typedef struct import_dump {
    const char *file;
    const char *key_file;
    bool json;
    uint8_t key[MG_AEAD_KEY];
} import_dump_t;

static mg_exit_t
s_refuse(const import_dump_t *self, const char *why, mg_exit_t code)
{
    (void)fprintf(stderr, "memgate: %s: %s.\n", self->file, why);
    return code;
}

/* The key of the file, from the secret in --key-file and the file's first bytes. */
static mg_exit_t
s_derive_key(import_dump_t *self)
{
    uint8_t head[MG_DMP1_HEAD];
    mg_buf_t secret = {0};
    int fd = open(self->file, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) {
        return s_refuse(self, errno == ENOENT ? "there is no such file" : mg_fault_reason(errno),
                        errno == ENOENT ? MG_EXIT_MISSING : MG_EXIT_DUMP_FAILED);
    }
    ssize_t got = read(fd, head, sizeof head);
    (void)close(fd);
    if (got != (ssize_t)sizeof head || !mg_dmp1_is(mg_slice(head, sizeof head))) {
        return s_refuse(self, "it is no Doorman dump", MG_EXIT_DAMAGED);
    }
    mg_exit_t code = mg_dumpkeys_read_file(self->key_file, &secret);
    if (code == MG_EXIT_OK) {
        mg_dmp1_key(mg_buf_slice(&secret), mg_slice(head, sizeof head), self->key);
    }
    mg_buf_wipe(&secret);
    return code;
}

static json_t *
s_counts(const Mg__ImportInfo *info)
{
    return json_pack(
        "{s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "duplicates", (json_int_t)info->duplicates,
        "surrogates", (json_int_t)info->surrogates, "keys_escaped", (json_int_t)info->keys_escaped,
        "keys_merged", (json_int_t)info->keys_merged, "bad_base64", (json_int_t)info->bad_base64,
        "decimal128", (json_int_t)info->decimal128, "int_text", (json_int_t)info->int_text);
}

static void
s_print(const import_dump_t *self, const Mg__RestoreInfo *restore)
{
    json_t *counts = s_counts(restore->imported);
    if (self->json) {
        mg_render_print(json_pack("{s:o, s:o, s:o, s:o}", "restored", mg_render_dump(restore->dump),
                                  "before", mg_render_dump(restore->before), "after",
                                  mg_render_dump(restore->after), "counts", counts));
        return;
    }
    const char *name;
    json_t *value;
    (void)printf("imported %llu documents from %s\n", (unsigned long long)restore->dump->documents,
                 restore->dump->path);
    json_object_foreach(counts, name, value)
    {
        if (json_integer_value(value)) {
            (void)printf("%-14s %lld\n", name, (long long)json_integer_value(value));
        }
    }
    json_decref(counts);
    (void)printf(
        "it is now in %s; the state before it is in %s: `memgate restore %s` undoes this\n",
        restore->after->path, restore->before->path, restore->before->path);
}

static mg_exit_t
s_ask(const import_dump_t *self)
{
    mg_buf_t path = {0};
    Mg__ControlRestore restore = MG__CONTROL_RESTORE__INIT;
    Mg__ControlReply *reply = NULL;
    mg_client_file(self->file, &path);
    restore.path = mg_bus_text(mg_buf_text(&path));
    restore.import = true;
    if (self->key_file) {
        restore.import_key = mg_bus_bytes(mg_slice(self->key, sizeof self->key));
    }
    mg_exit_t code = mg_client_ask_once(MG__CONTROL_REQUEST__BODY_RESTORE, &restore, &reply);
    mg_buf_free(&path);
    if (code == MG_EXIT_OK) {
        s_print(self, reply->restore);
        mg__control_reply__free_unpacked(reply, NULL);
    }
    return code;
}

mg_exit_t
mg_command_import_dump(int argc, char **argv)
{
    import_dump_t self = {0};
    const mg_option_t options[] = {
        {"json", NULL, &self.json, "one JSON object"},
        {"key-file", &self.key_file, NULL, "file with Doorman's MEM_ENCRYPTION_KEY, if it differs"},
        {0}};
    mg_options_t table = {.usage = "memgate import-dump [--json] [--key-file F] FILE",
                          .options = options,
                          .files_min = 1,
                          .files_max = 1,
                          .files = &self.file};
    mg_exit_t code = MG_EXIT_OK;
    if (!mg_options_read(&table, argc, argv, &code)) {
        return code;
    }
    code = self.key_file ? s_derive_key(&self) : MG_EXIT_OK;
    if (code == MG_EXIT_OK) {
        code = s_ask(&self);
    }
    sodium_memzero(self.key, sizeof self.key);
    return code;
}
