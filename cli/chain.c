#include "cli/chain.h"

#include "cli/dumpkeys.h"
#include "cli/render.h"
#include "cli/settings.h"
#include "core/chain.h"
#include "core/dmp1file.h"
#include "core/filesource.h"
#include "core/folderpath.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KIB_PER_MIB = 1024 };

typedef struct walk {
    const mg_chaincheck_t *check;
    mg_config_t config;
    mg_keyring_t *keyring;
    mg_folder_t *folder;
    mg_candidates_t found; /* newest first */
    json_t *dumps;
    json_t *findings;
    json_t *notes;
    uint64_t newest_good;
    size_t sealed; /* dumps that no configured key opens */
    mg_verdict_t last_sealed;
} walk_t;

/* ---- what is told ---- */

static void
s_add(json_t *list, const char *kind, const char *file, const char *text)
{
    (void)json_array_append_new(
        list, json_pack("{s:s, s:s, s:s}", "kind", kind, "file", file, "text", text));
}

static void
s_find(walk_t *self, const char *kind, const mg_candidate_t *dump, const char *text)
{
    s_add(self->findings, kind, dump ? dump->name.text : "", text);
}

/* ---- each file ---- */

static mg_outcome_t
s_read_dmp1(const walk_t *self, int fd, mg_verdict_t *why)
{
    mg_store_t *store = NULL;
    mg_dmp1_info_t info;
    mg_dmp1file_t file = {.io = &mg_file_system,
                          .fd = fd,
                          .keyring = self->keyring,
                          .provider = (mg_aead_provider_t)self->config.dump.aead,
                          .max_mib = self->config.dump.import_max_mib};
    mg_outcome_t outcome = mg_dmp1file_load(&file, &store, &info, why);
    mg_store_destroy(&store);
    return outcome;
}

static mg_outcome_t
s_read_mgd1(const walk_t *self, int fd, mg_verdict_t *why)
{
    mg_filesource_t source = {.io = &mg_file_system, .fd = fd};
    mg_dumpreader_options_t options = {.source = mg_filesource(&source),
                                       .keyring = self->keyring,
                                       .provider = (mg_aead_provider_t)self->config.dump.aead,
                                       .kdf_max_kib = self->config.dump.kdf_max_mib * KIB_PER_MIB};
    mg_dumpreader_t *reader = mg_dumpreader_new(&options);
    mg_outcome_t outcome =
        reader ? mg_dumpreader_run(reader, why) : mg_verdict_io(why, "reading the dump", ENOMEM);
    mg_dumpreader_destroy(&reader);
    return outcome;
}

static mg_outcome_t
s_read(const walk_t *self, const mg_candidate_t *dump, mg_verdict_t *why)
{
    int fd = mg_folder_open_dump(self->folder, dump->name.text);
    if (fd < 0) {
        return mg_verdict_io(why, "opening the dump", errno);
    }
    mg_outcome_t outcome = dump->is_dmp1 ? s_read_dmp1(self, fd, why) : s_read_mgd1(self, fd, why);
    (void)mg_file_system.close(fd);
    return outcome;
}

static void
s_check_file(walk_t *self, size_t index)
{
    mg_verdict_t why;
    char text[MG_VERDICT_TEXT + 32];
    const mg_candidate_t *dump = &self->found.items[index];
    mg_outcome_t outcome = s_read(self, dump, &why);
    if (mg_outcome_exit(outcome) == MG_EXIT_WRONG_KEY) {
        self->sealed++;
        self->last_sealed = why;
    }
    if (outcome != MG_OUTCOME_OK) {
        (void)snprintf(text, sizeof text, "%s: %s", mg_outcome_name(outcome), why.text);
        s_find(self, "damage", dump, text);
    } else if (!dump->is_dmp1 && dump->header.generation > self->newest_good) {
        self->newest_good = dump->header.generation;
    }
    (void)json_array_append_new(
        self->dumps,
        json_pack("{s:s, s:s, s:I, s:I, s:I, s:s, s:s}", "file", dump->name.text, "outcome",
                  mg_outcome_name(outcome), "generation", (json_int_t)dump->header.generation,
                  "parent_generation", (json_int_t)dump->header.parent_generation, "timeline",
                  (json_int_t)dump->header.timeline, "trigger",
                  dump->is_dmp1 ? "doorman" : mg_trigger_name(dump->header.trigger), "chain",
                  mg_chain_name(mg_chain_of(&self->found, index))));
}

/* ---- how they follow each other ---- */

static bool
s_same_store(const mg_candidate_t *a, const mg_candidate_t *b)
{
    return a->authenticated && b->authenticated &&
           memcmp(a->header.store_id, b->header.store_id, MG_STORE_ID_SIZE) == 0;
}

/* Two names of one dump. */
static bool
s_is_copy(const mg_candidate_t *a, const mg_candidate_t *b)
{
    return a->has_footer && b->has_footer &&
           memcmp(a->footer.file_check, b->footer.file_check, MG_CHECK_SIZE) == 0;
}

static bool
s_has_older(const walk_t *self, const mg_candidate_t *dump, uint64_t generation)
{
    for (size_t i = 0; i < self->found.count; i++) {
        const mg_candidate_t *other = &self->found.items[i];
        if (s_same_store(other, dump) && other->header.generation < generation) {
            return true;
        }
    }
    return false;
}

static bool
s_has_generation(const walk_t *self, const mg_candidate_t *dump, uint64_t generation)
{
    for (size_t i = 0; i < self->found.count; i++) {
        const mg_candidate_t *other = &self->found.items[i];
        if (s_same_store(other, dump) && other->header.generation == generation) {
            return true;
        }
    }
    return false;
}

static void
s_check_parent(walk_t *self, size_t index)
{
    char text[160];
    const mg_candidate_t *dump = &self->found.items[index];
    uint64_t parent = dump->header.parent_generation;
    mg_chain_t chain = mg_chain_of(&self->found, index);
    if (chain == MG_CHAIN_MISMATCH) {
        (void)snprintf(text, sizeof text,
                       "the dump of generation %" PRIu64 " is not the one that it was made after",
                       parent);
        s_find(self, "mismatch", dump, text);
    } else if (chain == MG_CHAIN_ABSENT && s_has_older(self, dump, parent) &&
               !s_has_generation(self, dump, parent)) {
        (void)snprintf(text, sizeof text,
                       "the dump of generation %" PRIu64
                       " that it was made after is missing, and older ones are there",
                       parent);
        s_find(self, "gap", dump, text);
    }
}

/* Compares one dump with another that stands behind it in the list. */
static void
s_check_pair(walk_t *self, const mg_candidate_t *dump, const mg_candidate_t *other)
{
    char text[MG_NAME_SIZE + 160];
    const mg_dumpheader_t *a = &dump->header;
    const mg_dumpheader_t *b = &other->header;
    if (!s_same_store(dump, other) || s_is_copy(dump, other)) {
        return;
    }
    bool siblings = a->has_parent_check && b->has_parent_check &&
                    memcmp(a->parent_check, b->parent_check, MG_CHECK_SIZE) == 0;
    if (a->generation == b->generation || (siblings && a->timeline == b->timeline)) {
        (void)snprintf(text, sizeof text,
                       "%s is of the same %s, and of the same timeline: two writers, or a "
                       "start from an older dump",
                       other->name.text, a->generation == b->generation ? "generation" : "parent");
        s_find(self, "fork", dump, text);
    } else if (siblings) {
        (void)snprintf(text, sizeof text,
                       "%s is of the same parent: a restore went back to that one",
                       other->name.text);
        s_add(self->notes, "restore", dump->name.text, text);
    }
    /* the list is in order of timelines: who stands behind is older, and must have a lower number */
    if (b->timeline < a->timeline && b->generation > a->generation) {
        (void)snprintf(text, sizeof text,
                       "generation %" PRIu64
                       " of timeline %u is newer than it: the timeline went back",
                       b->generation, b->timeline);
        s_find(self, "rollback", other, text);
    }
}

static void
s_check_links(walk_t *self)
{
    const mg_candidate_t *items = self->found.items;
    for (size_t i = 0; i < self->found.count; i++) {
        if (items[i].authenticated) {
            s_check_parent(self, i);
        }
        if (items[i].is_dmp1) {
            s_add(self->notes, "doorman", items[i].name.text,
                  "a dump of Doorman stands in no chain");
        } else if (items[i].authenticated && !s_same_store(&items[i], &items[0])) {
            s_add(self->notes, "store", items[i].name.text,
                  "it is of another store than the newest dump");
        }
        for (size_t k = i + 1; k < self->found.count; k++) {
            s_check_pair(self, &items[i], &items[k]);
        }
    }
}

static void
s_check_newest(walk_t *self)
{
    char text[160];
    if (self->newest_good < self->check->min_generation) {
        (void)snprintf(text, sizeof text,
                       "the newest good dump is generation %" PRIu64 ", but %" PRIu64
                       " was required",
                       self->newest_good, self->check->min_generation);
        s_find(self, "rollback", NULL, text);
    }
}

/* ---- the report ---- */

static void
s_print_list(const char *label, const json_t *list)
{
    size_t at;
    json_t *item;
    json_array_foreach(list, at, item)
    {
        const char *file = json_string_value(json_object_get(item, "file"));
        (void)printf("%-8s %-9s %s%s%s\n", label, json_string_value(json_object_get(item, "kind")),
                     file, *file ? ": " : "", json_string_value(json_object_get(item, "text")));
    }
}

static void
s_print_lines(const walk_t *self)
{
    size_t at;
    json_t *dump;
    json_array_foreach(self->dumps, at, dump)
    {
        (void)printf("%10lld  timeline %lld  %-11s %-9s %-22s %s\n",
                     (long long)json_integer_value(json_object_get(dump, "generation")),
                     (long long)json_integer_value(json_object_get(dump, "timeline")),
                     json_string_value(json_object_get(dump, "trigger")),
                     json_string_value(json_object_get(dump, "chain")),
                     json_string_value(json_object_get(dump, "outcome")),
                     json_string_value(json_object_get(dump, "file")));
    }
    s_print_list("note", self->notes);
    s_print_list("FOUND", self->findings);
    (void)printf("%zu dumps, %zu findings\n", self->found.count, json_array_size(self->findings));
}

static mg_exit_t
s_report(walk_t *self)
{
    bool clean = json_array_size(self->findings) == 0;
    if (self->check->json) {
        mg_render_print(json_pack("{s:s, s:s, s:b, s:I, s:O, s:O, s:O}", "folder",
                                  mg_folder_path(self->folder), "stem",
                                  mg_folder_stem(self->folder), "clean", (int)clean, "newest_good",
                                  (json_int_t)self->newest_good, "dumps", self->dumps, "findings",
                                  self->findings, "notes", self->notes));
    } else {
        s_print_lines(self);
    }
    if (self->sealed && self->sealed == self->found.count) { /* then nothing is said of damage */
        (void)fprintf(stderr, "memgate: %s: no dump opens with the configured keys: %s.\n",
                      mg_folder_path(self->folder), self->last_sealed.text);
        return MG_EXIT_WRONG_KEY;
    }
    return clean ? MG_EXIT_OK : MG_EXIT_DAMAGED;
}

/* ---- the folder ---- */

/* The stem of MEM_DUMP_PATH, unless another was given. */
static mg_status_t
s_stem(const walk_t *self, char out[MG_STEM_MAX + 1])
{
    struct stat found;
    const char *hint = self->config.dump.path_hint;
    char *folder = malloc(strlen(hint) + 2);
    bool is_dir = stat(hint, &found) == 0 && S_ISDIR(found.st_mode);
    mg_status_t status = folder ? mg_folderpath_split(hint, is_dir, folder, out) : MG_ERR_NO_MEMORY;
    free(folder);
    return status;
}

static mg_exit_t
s_open_folder(walk_t *self)
{
    mg_fault_t why = {0};
    char stem[MG_STEM_MAX + 1] = MG_STEM_DEFAULT;
    if (!self->check->stem && s_stem(self, stem) != MG_OK) {
        (void)fprintf(stderr, "memgate: MEM_DUMP_PATH names no usable file; give --stem.\n");
        return MG_EXIT_CONFIG;
    }
    if (mg_folder_open_to_read(&mg_file_system, self->check->folder,
                               self->check->stem ? self->check->stem : stem, &self->folder,
                               &why) != MG_OK) {
        (void)fprintf(stderr, "memgate: %s.\n", why.text);
        return MG_EXIT_FOLDER;
    }
    return MG_EXIT_OK;
}

static mg_exit_t
s_scan(walk_t *self)
{
    mg_fault_t why = {0};
    mg_candidates_keys_t keys = {.keyring = self->keyring,
                                 .kdf_max_kib = self->config.dump.kdf_max_mib * KIB_PER_MIB,
                                 .derivations = MG_KEYRING_DERIVATIONS};
    if (mg_candidates_scan(self->folder, &keys, &self->found, &why) != MG_OK) {
        (void)fprintf(stderr, "memgate: %s\n", why.text);
        return MG_EXIT_FOLDER;
    }
    for (size_t i = 0; i < self->found.count; i++) {
        s_check_file(self, i);
    }
    s_check_links(self);
    s_check_newest(self);
    return s_report(self);
}

mg_exit_t
mg_chaincheck_run(const mg_chaincheck_t *check)
{
    walk_t self = {
        .check = check, .dumps = json_array(), .findings = json_array(), .notes = json_array()};
    mg_exit_t code = mg_settings_read(&self.config);
    if (code == MG_EXIT_OK) {
        code = mg_dumpkeys_open(&self.config, NULL, &self.keyring);
    }
    if (code == MG_EXIT_OK) {
        code = s_open_folder(&self);
    }
    if (code == MG_EXIT_OK) {
        code = s_scan(&self);
    }
    mg_candidates_free(&self.found);
    mg_folder_destroy(&self.folder);
    mg_keyring_destroy(&self.keyring);
    mg_config_destroy(&self.config);
    json_decref(self.dumps);
    json_decref(self.findings);
    json_decref(self.notes);
    return code;
}
