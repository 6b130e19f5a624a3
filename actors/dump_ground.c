/* What the dump actor stands on: its keys, its folder, what the folder holds, and where client paths lead. */
#include "actors/dump_parts.h"
#include "core/clock.h"
#include "core/log.h"

#include <sodium.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    KIB_PER_MIB = 1024,
    NOTED_AHEAD_MAX =
        1 << 20 /* dumps elsewhere since the newest one of the folder; more is no true note */
};

/* The secrets for reading only. The configuration has checked them; a mistake that is left is told as theirs. */
static mg_status_t
s_add_previous(mg_keyring_t *keyring, const char *lines, mg_fault_t *why)
{
    mg_slice_t line;
    mg_status_t status = MG_OK;
    mg_slice_t rest = mg_slice_text(lines ? lines : "");
    while (status == MG_OK && mg_secret_next_line(&rest, &line)) {
        const char *fault = "";
        mg_secret_t *secret = NULL;
        status = mg_secret_new(line, &secret, &fault);
        if (status == MG_OK) {
            status = mg_keyring_add(keyring, &secret);
        }
        mg_secret_destroy(&secret);
        if (status == MG_ERR_INVALID) {
            return mg_fault_set(why, status, 0, "MEM_ENCRYPTION_KEY_PREVIOUS cannot be used: %s",
                                fault);
        }
    }
    return status;
}

mg_status_t
mg_dump_open_keys(mg_dumpactor_t *self, mg_fault_t *why)
{
    const mg_config_dump_t *config = &self->config->dump;
    mg_secret_t *secret = NULL;
    const char *fault = "";
    if (sodium_init() < 0 || !config->secret) {
        return mg_fault_set(why, MG_ERR_INVALID, 0,
                            "MEM_ENCRYPTION_KEY is not set: dumps need a key");
    }
    mg_status_t status = mg_secret_new(mg_slice_text(config->secret), &secret, &fault);
    if (status == MG_ERR_INVALID) {
        return mg_fault_set(why, status, 0, "MEM_ENCRYPTION_KEY cannot be used: %s", fault);
    }
    self->keyring = mg_keyring_new(config->kdf_ops, config->kdf_mem_mib * KIB_PER_MIB);
    if (status == MG_OK) {
        status = self->keyring ? mg_keyring_add(self->keyring, &secret) : MG_ERR_NO_MEMORY;
    }
    mg_secret_destroy(&secret);
    if (status == MG_OK) {
        status = s_add_previous(self->keyring, config->previous, why);
    }
    if (status == MG_ERR_INVALID) {
        return status;
    }
    self->provider = mg_aead_resolve((mg_aead_provider_t)config->aead);
    return status == MG_OK ? MG_OK : mg_fault_set(why, status, ENOMEM, "no memory for the keys");
}

mg_status_t
mg_dump_open_folder(mg_dumpactor_t *self, const mg_dump_args_t *args, mg_fault_t *why)
{
    mg_dumpheader_clean_ascii(args->host ? args->host : "", self->host, MG_HOST_MAX);
    self->owner.host = self->host;
    self->owner.started_ns = mg_clock_wall_ns();
    randombytes_buf(self->owner.instance_id, sizeof self->owner.instance_id);
    randombytes_buf(self->store_id, sizeof self->store_id); /* until a restore says otherwise */
    self->timeline = 1;
    self->old_keys = SIZE_MAX; /* not counted yet */
    const mg_file_ops_t *io = args->io ? args->io : &mg_file_system;
    mg_status_t status =
        mg_folder_open(io, self->config->dump.path_hint, &self->owner, &self->folder, why);
    return status == MG_OK ? mg_dump_take_lock(self, why) : status;
}

/* What the path names now lies on another disk and holds no dump, though there were some: a mount that was lost, most likely. */
static bool
s_is_lost_mount(const mg_dumpactor_t *self, const mg_folder_t *fresh)
{
    mg_dumpname_t *names = NULL;
    size_t count = 0;
    mg_fault_t ignored;
    if (self->generation == 0 || mg_folder_is_same_disk(self->folder, fresh) ||
        mg_folder_list(fresh, &names, &count, &ignored) != MG_OK) {
        return false;
    }
    free(names);
    return count == 0;
}

/* Nothing is to be written below a mount point: the next start would not find it. But the last dump must be somewhere. */
static mg_status_t
s_judge_move(const mg_dumpactor_t *self, const mg_folder_t *fresh, mg_fault_t *why)
{
    const char *path = mg_folder_path(fresh);
    if (!s_is_lost_mount(self, fresh)) {
        mg_log(MG_LOG_WARN, "folder_reopened", "path=%s msg=%s", path,
               "the dump folder was moved or deleted; dumps go to the one that is there now");
        return MG_OK;
    }
    if (self->running_final) {
        mg_log(MG_LOG_CRITICAL, "mount_lost", "path=%s msg=%s", path,
               "the last dump goes to another disk than those before: move it to where they are");
        return MG_OK;
    }
    return mg_fault_set(why, MG_ERR_IO, ENODEV,
                        "the dump folder %s is on another disk now and is empty: its mount seems "
                        "lost; mount it again, or, if that is meant, start memgate anew",
                        path);
}

/* Takes over what the path names now. */
static mg_status_t
s_move(mg_dumpactor_t *self, mg_fault_t *why)
{
    mg_folder_t *fresh = NULL;
    const mg_file_ops_t *io = mg_folder_io(self->folder);
    mg_status_t status =
        mg_folder_open(io, self->config->dump.path_hint, &self->owner, &fresh, why);
    if (status == MG_OK) {
        status = mg_folder_lock(fresh, why);
    }
    if (status == MG_OK) {
        status = s_judge_move(self, fresh, why);
    }
    if (status != MG_OK) {
        mg_folder_destroy(&fresh);
        return status;
    }
    mg_folder_destroy(&self->folder);
    self->folder = fresh;
    return MG_OK;
}

mg_status_t
mg_dump_follow(mg_dumpactor_t *self, mg_fault_t *why)
{
    if (!mg_folder_is_moved(self->folder)) {
        return MG_OK;
    }
    mg_status_t status = s_move(self, why);
    return status == MG_OK && self->scanned ? mg_dump_scan(self, NULL, why) : status;
}

static mg_status_t
s_scan(mg_dumpactor_t *self, unsigned derivations, mg_candidates_t *out, mg_fault_t *why)
{
    mg_candidates_keys_t keys = {.keyring = self->keyring,
                                 .kdf_max_kib = self->config->dump.kdf_max_mib * KIB_PER_MIB,
                                 .derivations = derivations};
    return mg_candidates_scan(self->folder, &keys, out, why);
}

mg_status_t
mg_dump_look(mg_dumpactor_t *self, mg_candidates_t *out, mg_fault_t *why)
{
    return s_scan(self, 0, out, why);
}

mg_status_t
mg_dump_scan(mg_dumpactor_t *self, mg_candidates_t *out, mg_fault_t *why)
{
    mg_candidates_t found = {0};
    mg_status_t status = s_scan(self, MG_KEYRING_DERIVATIONS, &found, why);
    if (status != MG_OK) {
        return status;
    }
    uint64_t newest = mg_candidates_newest_generation(&found);
    uint64_t noted = mg_folder_noted_generation(self->folder); /* counts dumps elsewhere too */
    if (noted > newest && noted - newest <= NOTED_AHEAD_MAX) {
        newest = noted;
    }
    self->generation = newest > self->generation ? newest : self->generation;
    self->scanned = true;
    if (found.count && found.items[0].authenticated) {
        mg_keyring_adopt(self->keyring, &found.items[0].header.kdf);
    }
    if (out) {
        *out = found;
    } else {
        mg_candidates_free(&found);
    }
    return MG_OK;
}

mg_restorejob_t
mg_dump_restorejob(mg_dumpactor_t *self, const mg_folder_t *folder)
{
    return (mg_restorejob_t){.folder = folder,
                             .keyring = self->keyring,
                             .pipeline = self->pipeline,
                             .provider = self->provider,
                             .kdf_max_kib = self->config->dump.kdf_max_mib * KIB_PER_MIB,
                             .strict = self->config->dump.policy == MG_RESTORE_STRICT,
                             .min_generation = self->config->dump.min_generation,
                             .import_max_mib = self->config->dump.import_max_mib,
                             .turn = {mg_dump_turn, self}};
}

mg_status_t
mg_dump_path_root(mg_dumpactor_t *self, const char **path, mg_folder_t **out, mg_fault_t *why)
{
    if (self->config->dump.http_paths == MG_PATHS_OFF) {
        return mg_fault_set(why, MG_ERR_DENIED, 0, "paths are switched off (MEM_DUMP_HTTP_PATHS)");
    }
    bool anywhere = self->config->dump.http_paths == MG_PATHS_ANY && (*path)[0] == '/';
    if (!anywhere) {
        *out = self->folder;
        return MG_OK;
    }
    *path += 1; /* relative to the root of all folders */
    int dir =
        mg_folder_io(self->folder)->open_at(AT_FDCWD, "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (dir < 0) {
        return mg_fault_set(why, MG_ERR_IO, errno, "opening / failed: %s", mg_fault_reason(errno));
    }
    return mg_folder_adopt(self->folder, dir, "/", MG_STEM_DEFAULT, out);
}
