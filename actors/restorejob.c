#include "actors/restorejob.h"

#include "core/blocksource.h"
#include "core/dmp1file.h"
#include "core/dumpsteps.h"
#include "core/filesource.h"
#include "core/log.h"
#include "core/payload.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What the reader knows of the file, for whoever is told. */
static void
s_describe(const mg_dumpreader_t *reader, mg_outcome_t outcome, mg_dumpinfo_t *info)
{
    const mg_dumpheader_t *header = mg_dumpreader_header(reader);
    const mg_dumpfooter_t *footer = mg_dumpreader_footer(reader);
    info->outcome = outcome;
    info->verified = outcome == MG_OUTCOME_OK;
    if (header) {
        char path[MG_DUMPPATH_SIZE];
        memcpy(path, info->path, sizeof path);
        mg_dumpinfo_set(info, "", path, header);
    }
    if (footer) {
        info->footer = *footer;
    }
}

static mg_outcome_t
s_refuse_opaque(const mg_dumpreader_t *reader, mg_outcome_t outcome, mg_verdict_t *why)
{
    if (outcome == MG_OUTCOME_OK &&
        mg_dumpreader_header(reader)->payload_schema == MG_SCHEMA_OPAQUE) {
        return mg_verdict_fail(why, MG_OUTCOME_UNSUPPORTED,
                               "the dump's payload is no state: it is a test of the container");
    }
    return outcome;
}

/* By the footer, before anything is loaded: a footer that lies is found out later. */
static bool
s_has_room(const mg_restorejob_t *job, int fd)
{
    uint8_t bytes[MG_FOOTER_SIZE];
    struct stat found;
    mg_dumpfooter_t footer;
    mg_verdict_t ignored;
    const mg_file_ops_t *io = mg_folder_io(job->folder);
    if (job->room == 0 || io->stat(fd, &found) != 0 || found.st_size < (off_t)sizeof bytes ||
        io->pread(fd, bytes, sizeof bytes, found.st_size - (off_t)sizeof bytes) !=
            (ssize_t)sizeof bytes ||
        mg_dumpfooter_read(bytes, &footer, &ignored) != MG_OUTCOME_OK) {
        return true;
    }
    return footer.plain_bytes <= job->room;
}

static mg_outcome_t
s_no_room(mg_verdict_t *why)
{
    return mg_verdict_io(why, "holding two states (MEM_MAX_MEMORY)", ENOMEM);
}

static mg_dmp1file_t
s_dmp1file(const mg_restorejob_t *job, int fd)
{
    return (mg_dmp1file_t){.io = mg_folder_io(job->folder),
                           .fd = fd,
                           .keyring = job->keyring,
                           .key = job->import_key,
                           .provider = job->provider,
                           .max_mib = job->import_max_mib,
                           .turn = job->turn};
}

/* A Doorman dump: it names no generation and no store. */
static mg_outcome_t
s_import(const mg_restorejob_t *job,
         int fd,
         mg_store_t **out_store,
         mg_dumpinfo_t *out_info,
         mg_verdict_t *why)
{
    enum { COPIES = 3 }; /* the file, its plaintext, and the state */
    mg_store_t *store = NULL;
    if (out_store && job->room && out_info->bytes > job->room / COPIES) {
        return s_no_room(why);
    }
    mg_dmp1file_t file = s_dmp1file(job, fd);
    mg_outcome_t outcome = mg_dmp1file_load(&file, &store, &out_info->import, why);
    out_info->outcome = outcome;
    out_info->imported = true;
    if (outcome == MG_OUTCOME_OK) {
        out_info->set = true;
        out_info->verified = true;
        out_info->header = (mg_dumpheader_t){.created_at = out_info->import.created_at};
        out_info->footer = (mg_dumpfooter_t){.document_count = out_info->import.documents,
                                             .collection_count = out_info->import.collections};
    }
    if (outcome == MG_OUTCOME_OK && out_store) {
        *out_store = store;
        store = NULL;
    }
    mg_store_destroy(&store);
    return outcome;
}

static mg_outcome_t
s_restore(const mg_restorejob_t *job,
          int fd,
          mg_store_t **out_store,
          mg_dumpinfo_t *out_info,
          mg_verdict_t *why)
{
    bool has_room =
        !out_store ||
        s_has_room(job, fd); /* looked at before the descriptor takes whole blocks only */
    mg_blocksource_t *source = mg_blocksource_new(mg_folder_io(job->folder), fd);
    mg_payloadload_t *load = out_store ? mg_payloadload_new() : NULL;
    mg_dumpreader_options_t options = {.source = mg_blocksource_source(source),
                                       .keyring = job->keyring,
                                       .provider = job->provider,
                                       .kdf_max_kib = job->kdf_max_kib,
                                       .on_record = load ? mg_payloadload_record : NULL,
                                       .on_entry = load ? mg_payloadload_entry : NULL,
                                       .arg = load};
    mg_dumpreader_t *reader = source ? mg_dumpreader_new(&options) : NULL;
    mg_outcome_t outcome = MG_OUTCOME_OK;
    if (!reader || (out_store && !load)) {
        outcome = mg_verdict_io(why, "loading a dump", ENOMEM);
        goto done;
    }
    outcome = !has_room ? s_no_room(why)
                        : mg_readjob_run(reader, job->pipeline, &job->turn, out_info->bytes, why);
    outcome = out_store ? s_refuse_opaque(reader, outcome, why) : outcome;
    s_describe(reader, outcome, out_info);
    if (outcome == MG_OUTCOME_OK && load) {
        *out_store = mg_payloadload_take(load);
    }
done:
    mg_dumpreader_destroy(&reader);
    mg_blocksource_destroy(&source);
    mg_payloadload_destroy(&load);
    return outcome;
}

mg_outcome_t
mg_restorejob_file(const mg_restorejob_t *job,
                   int fd,
                   mg_store_t **out_store,
                   mg_dumpinfo_t *out_info,
                   mg_verdict_t *why)
{
    struct stat found;
    const mg_file_ops_t *io = mg_folder_io(job->folder);
    out_info->bytes = io->stat(fd, &found) == 0 ? (uint64_t)found.st_size : 0;
    return mg_dmp1file_is(io, fd) ? s_import(job, fd, out_store, out_info, why)
                                  : s_restore(job, fd, out_store, out_info, why);
}

/* What a file is worth as far as can be seen without its key; IO when `turn` stopped it. */
static mg_outcome_t
s_inspect(const mg_restorejob_t *job, int fd, mg_verdict_t *why)
{
    mg_slice_t ignored;
    mg_dumpsteps_t *steps = NULL;
    mg_filesource_t source = {.io = mg_folder_io(job->folder), .fd = fd};
    mg_dumpreader_options_t options = {.source = mg_filesource(&source),
                                       .kdf_max_kib = job->kdf_max_kib};
    mg_dumpreader_t *reader = mg_dumpreader_new(&options);
    mg_outcome_t outcome = reader && lseek(fd, 0, SEEK_SET) == 0
                               ? mg_dumpreader_begin(reader, why)
                               : mg_verdict_io(why, "looking at a dump", reader ? errno : ENOMEM);
    if (outcome == MG_OUTCOME_OK) {
        outcome = mg_dumpsteps_new(reader, &steps, why);
    }
    for (bool last = false; !last && outcome == MG_OUTCOME_OK;) {
        outcome = mg_dumpsteps_next(steps, &ignored, &last, why);
        mg_progress_t progress = {.phase = "read", .bytes = (uint64_t)lseek(fd, 0, SEEK_CUR)};
        if (outcome == MG_OUTCOME_OK && !mg_turn_goes_on(&job->turn, &progress)) {
            outcome = mg_verdict_io(why, "looking at a dump", ECANCELED);
        }
    }
    outcome = outcome == MG_OUTCOME_OK ? mg_dumpreader_end(reader, why) : outcome;
    mg_dumpsteps_destroy(&steps);
    mg_dumpreader_destroy(&reader);
    return outcome;
}

/* Of a file whose header no key fits: is it really that, or damage besides? */
static mg_outcome_t
s_judge_sealed(const mg_restorejob_t *job, int fd, mg_verdict_t *why)
{
    mg_verdict_t seen;
    mg_outcome_t outcome = s_inspect(job, fd, &seen);
    if (outcome == MG_OUTCOME_OK) {
        return MG_OUTCOME_WRONG_KEY;
    }
    if (outcome == MG_OUTCOME_IO) { /* stopped, or the disk does not say */
        *why = seen;
        return outcome;
    }
    return mg_verdict_fail(why, MG_OUTCOME_CHUNK_CORRUPT,
                           "the dump is damaged, and sealed with another key");
}

/* One candidate, by name. */
static mg_outcome_t
s_load(const mg_restorejob_t *job,
       const mg_candidate_t *candidate,
       mg_restored_t *out,
       mg_verdict_t *why)
{
    int fd = mg_folder_open_dump(job->folder, candidate->name.text);
    if (fd < 0) {
        return mg_verdict_io(why, "opening the dump", errno);
    }
    mg_dumpinfo_t info = {0};
    mg_dumpinfo_set(&info, mg_folder_path(job->folder), candidate->name.text, &candidate->header);
    mg_outcome_t outcome = mg_restorejob_file(job, fd, &out->store, &info, why);
    if (outcome == MG_OUTCOME_OK) {
        out->info = info;
    } else if (outcome == MG_OUTCOME_WRONG_KEY) {
        outcome = s_judge_sealed(job, fd, why);
    }
    (void)mg_folder_io(job->folder)->close(fd);
    return outcome;
}

/* A dump of this store that is newer than every authentic one, but sealed with another key: restoring an older one would
 * number its successors below it. */
static const mg_candidate_t *
s_find_newer_foreign(const mg_candidates_t *candidates)
{
    const mg_candidate_t *best = &candidates->items[0];
    for (size_t i = 1; i < candidates->count; i++) {
        const mg_candidate_t *other = &candidates->items[i];
        bool same_store =
            memcmp(other->header.store_id, best->header.store_id, MG_STORE_ID_SIZE) == 0;
        if (best->authenticated && other->has_header &&
            other->verdict.outcome == MG_OUTCOME_WRONG_KEY && same_store &&
            other->header.generation > best->header.generation) {
            return other;
        }
    }
    return NULL;
}

static void
s_report_skipped(const mg_candidate_t *candidate, const mg_verdict_t *why)
{
    mg_log(MG_LOG_ERROR, "dump_skipped", "file=%s outcome=%s msg=%s", candidate->name.text,
           mg_outcome_name(why->outcome), why->text);
}

static mg_status_t
s_give_up(mg_restored_t *out,
          const mg_candidate_t *candidate,
          const mg_verdict_t *why,
          mg_fault_t *fault)
{
    out->exit_code = mg_outcome_exit(why->outcome);
    return mg_fault_set(fault, MG_ERR_DUMP, why->error, "%s: %s: %s", mg_outcome_name(why->outcome),
                        candidate->name.text, why->text);
}

/* The worst news of all candidates decides how the program ends: no memory, then a wrong key, then damage. */
static int
s_graver(int a, int b)
{
    static const int order[] = {71, 77, 65};
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        if (a == order[i] || b == order[i]) {
            return order[i];
        }
    }
    return b;
}

mg_status_t
mg_restorejob_check_generation(const mg_restorejob_t *job, uint64_t generation, mg_fault_t *why)
{
    if (generation >= job->min_generation) {
        return MG_OK;
    }
    return mg_fault_set(
        why, MG_ERR_CONFLICT, 0,
        "ROLLED_BACK: the newest usable dump is generation %llu, but "
        "MEM_DUMP_MIN_GENERATION demands %llu: bring the missing dump back, or lower "
        "the variable",
        (unsigned long long)generation, (unsigned long long)job->min_generation);
}

/* One candidate of the search: MG_ERR_NOT_FOUND sends it on to the next. */
static mg_status_t
s_consider(const mg_restorejob_t *job,
           const mg_candidate_t *candidate,
           mg_restored_t *result,
           mg_fault_t *why)
{
    mg_verdict_t verdict;
    bool counts = candidate->authenticated || candidate->is_dmp1;
    if (counts && mg_restorejob_check_generation(job, candidate->header.generation, why) != MG_OK) {
        result->exit_code = mg_outcome_exit(MG_OUTCOME_ROLLED_BACK);
        return MG_ERR_CONFLICT;
    }
    mg_outcome_t outcome = s_load(job, candidate, result, &verdict);
    if (outcome == MG_OUTCOME_OK) {
        return MG_OK;
    }
    if (verdict.error == ECANCELED) { /* memgate is to end: the dump is not to blame */
        return s_give_up(result, candidate, &verdict, why);
    }
    if (verdict.error == ENOMEM) { /* nor is it here; an older one would not be the answer */
        (void)s_give_up(result, candidate, &verdict, why);
        result->exit_code = mg_outcome_exit(MG_OUTCOME_KDF_NOMEM);
        return MG_ERR_FULL;
    }
    s_report_skipped(candidate, &verdict);
    result->unusable = true;
    if (job->strict || !mg_outcome_is_damage(outcome)) {
        return s_give_up(result, candidate, &verdict, why);
    }
    result->skipped++;
    result->exit_code = s_graver(result->exit_code, mg_outcome_exit(outcome));
    return MG_ERR_NOT_FOUND;
}

/* A Doorman dump, and when it says that it was made: 0 when it can not be read. */
typedef struct dated {
    const mg_candidate_t *candidate;
    int64_t created_at;
} dated_t;

static int
s_compare_dates(const void *left, const void *right)
{
    const dated_t *a = left;
    const dated_t *b = right;
    int order = (a->created_at < b->created_at) - (a->created_at > b->created_at);
    return order ? order : strcmp(b->candidate->name.text, a->candidate->name.text);
}

static int64_t
s_date(const mg_restorejob_t *job, const mg_candidate_t *candidate)
{
    mg_verdict_t ignored; /* whoever loads it finds the same */
    int64_t created_at = 0;
    int fd = mg_folder_open_dump(job->folder, candidate->name.text);
    mg_dmp1file_t file = s_dmp1file(job, fd);
    if (fd < 0 || mg_dmp1file_date(&file, &created_at, &ignored) != MG_OUTCOME_OK) {
        created_at = 0;
    }
    if (fd >= 0) {
        (void)mg_folder_io(job->folder)->close(fd);
    }
    return created_at;
}

/* Doorman's dumps, the last choice: newest first by what is sealed in them. */
static mg_status_t
s_search_imports(const mg_restorejob_t *job,
                 const mg_candidate_t *items,
                 size_t count,
                 mg_restored_t *result,
                 mg_fault_t *why)
{
    mg_status_t status = MG_ERR_NOT_FOUND;
    dated_t *dated = calloc(count + 1, sizeof *dated);
    if (!dated) {
        return mg_fault_set(why, MG_ERR_NO_MEMORY, ENOMEM, "no memory to choose a dump");
    }
    for (size_t i = 0; i < count; i++) {
        dated[i].candidate = &items[i];
        dated[i].created_at = count > 1 ? s_date(job, &items[i]) : 0;
    }
    qsort(dated, count, sizeof *dated, s_compare_dates);
    for (size_t i = 0; i < count && status == MG_ERR_NOT_FOUND; i++) {
        status = s_consider(job, dated[i].candidate, result, why);
    }
    free(dated);
    return status;
}

static mg_status_t
s_search(const mg_restorejob_t *job,
         const mg_candidates_t *candidates,
         mg_restored_t *result,
         mg_fault_t *why)
{
    mg_verdict_t verdict;
    const mg_candidate_t *foreign = candidates->count ? s_find_newer_foreign(candidates) : NULL;
    if (foreign && s_load(job, foreign, result, &verdict) == MG_OUTCOME_WRONG_KEY) {
        result->unusable = true;
        return s_give_up(result, foreign, &verdict, why);
    }
    size_t at = 0;
    for (; at < candidates->count && !candidates->items[at].is_dmp1; at++) {
        mg_status_t status = s_consider(job, &candidates->items[at], result, why);
        if (status != MG_ERR_NOT_FOUND) {
            return status;
        }
    }
    mg_status_t imported =
        s_search_imports(job, candidates->items + at, candidates->count - at, result, why);
    if (imported != MG_ERR_NOT_FOUND) {
        return imported;
    }
    if (candidates->count == 0) {
        return MG_OK;
    }
    result->exit_code = s_graver(result->exit_code, mg_outcome_exit(MG_OUTCOME_CHUNK_CORRUPT));
    return mg_fault_set(why, MG_ERR_DUMP, 0,
                        "none of the %zu dumps in %s can be restored, and starting empty would "
                        "lose them: see the lines above",
                        candidates->count, mg_folder_path(job->folder));
}

mg_status_t
mg_restorejob_newest(const mg_restorejob_t *job,
                     const mg_candidates_t *candidates,
                     mg_restored_t *out,
                     mg_fault_t *why)
{
    *out = (mg_restored_t){0};
    return s_search(job, candidates, out, why);
}
