/* memgate prepare - what a container must do as root before the server runs as somebody else: look at the environment, and
 * give the dump folder away when it is nobody's yet. */
#include "cli/commands.h"
#include "cli/options.h"
#include "core/config.h"
#include "core/folderpath.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A folder on its way to its new owner. */
typedef struct handover {
    char *path;
    char stem[MG_STEM_MAX + 1];
    int dir;
    uid_t uid;
    gid_t gid;
    bool is_empty;
    int error; /* errno of the first file that could not be given */
} handover_t;

static bool
s_parse_owner(const char *text, handover_t *out)
{
    char uid_text[16];
    uint32_t uid = 0;
    uint32_t gid = 0;
    size_t len = strcspn(text, ":");
    if (len >= sizeof uid_text || text[len] != ':') {
        return false;
    }
    memcpy(uid_text, text, len);
    uid_text[len] = 0;
    if (!mg_options_number(uid_text, &uid) || !mg_options_number(text + len + 1, &gid)) {
        return false;
    }
    out->uid = uid;
    out->gid = gid;
    return true;
}

static mg_exit_t
s_refuse(const handover_t *self, int error)
{
    (void)fprintf(
        stderr,
        "memgate: the dump folder %s can not be given to uid %u: %s; mount a folder there "
        "and run `chown -R %u:%u` on it on the host.\n",
        self->path, self->uid, mg_fault_reason(error), self->uid, self->gid);
    return MG_EXIT_FOLDER;
}

static bool
s_see_name(void *arg, const char *name)
{
    handover_t *self = arg;
    self->is_empty = strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
    return self->is_empty;
}

/* Gives one file of the stem that is root's: a regular one, by its only name. */
static bool
s_give_file(void *arg, const char *name)
{
    handover_t *self = arg;
    struct stat found;
    bool ours = strncmp(name + (name[0] == '.'), self->stem, strlen(self->stem)) == 0;
    if (ours && fstatat(self->dir, name, &found, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISREG(found.st_mode) && found.st_nlink == 1 && found.st_uid == 0 &&
        fchownat(self->dir, name, self->uid, self->gid, AT_SYMLINK_NOFOLLOW) != 0) {
        self->error = errno;
    }
    return self->error == 0;
}

static mg_exit_t
s_give(handover_t *self)
{
    struct stat found;
    if (fstat(self->dir, &found) != 0 || mg_file_system.list(self->dir, s_see_name, self) != 0) {
        return s_refuse(self, errno);
    }
    if (found.st_uid != self->uid && found.st_uid != 0 && !self->is_empty) {
        (void)fprintf(stderr,
                      "memgate: the dump folder %s belongs to uid %u and is not empty, but memgate "
                      "would run as uid %u: let it run as the owner (docker compose: `echo "
                      "RUN_AS=%u:%u >>.env`), or give the folder away (on the host: `sudo chown -R "
                      "%u:%u generated`).\n",
                      self->path, found.st_uid, self->uid, found.st_uid, found.st_gid, self->uid,
                      self->gid);
        return MG_EXIT_FOLDER;
    }
    if (mg_file_system.list(self->dir, s_give_file, self) != 0 || self->error) {
        return s_refuse(self, self->error ? self->error : errno);
    }
    bool given = found.st_uid == self->uid || fchown(self->dir, self->uid, self->gid) == 0;
    return given ? MG_EXIT_OK : s_refuse(self, errno);
}

/* Finds the folder that `hint` names and gives it. */
static mg_exit_t
s_run(handover_t *self, const char *hint)
{
    struct stat found;
    bool is_dir = stat(hint, &found) == 0 && S_ISDIR(found.st_mode);
    self->path = malloc(strlen(hint) + 2);
    if (!self->path || mg_folderpath_split(hint, is_dir, self->path, self->stem) != MG_OK) {
        (void)fprintf(stderr, "memgate: MEM_DUMP_PATH=%s names no usable file.\n", hint);
        return MG_EXIT_FOLDER;
    }
    self->dir = open(self->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    return self->dir < 0 ? s_refuse(self, errno) : s_give(self);
}

mg_exit_t
mg_command_prepare(int argc, char **argv)
{
    const char *owner = NULL;
    handover_t handover = {.dir = -1, .is_empty = true};
    const mg_option_t options[] = {{"owner", &owner, NULL, "who the server will run as"}, {0}};
    mg_options_t table = {.usage = "memgate prepare --owner UID:GID", .options = options};
    mg_exit_t code = MG_EXIT_OK;
    if (!mg_options_read(&table, argc, argv, &code)) {
        return code;
    }
    if (!owner || !s_parse_owner(owner, &handover)) {
        (void)fprintf(stderr, "memgate: --owner must be two numbers; usage: %s\n", table.usage);
        return MG_EXIT_USAGE;
    }
    mg_config_t config;
    mg_buf_t problems = {0};
    mg_buf_t warnings = {0};
    code = MG_EXIT_CONFIG;
    if (mg_config_read(&config, true, &problems, &warnings) == MG_OK) {
        code = s_run(&handover, config.dump.path_hint);
    }
    (void)fputs(mg_buf_text(&problems), stderr);
    if (handover.dir >= 0) {
        (void)close(handover.dir);
    }
    free(handover.path);
    mg_config_destroy(&config);
    mg_buf_free(&problems);
    mg_buf_free(&warnings);
    return code;
}
