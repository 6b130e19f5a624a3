#include "core/candidates.h"

#include "core/dmp1file.h"
#include "core/filesource.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The totals, if the file ends in a footer that the key authenticates; nothing is said about the chunks between. */
static void
s_read_footer(const mg_file_ops_t *io, int fd, const mg_filekeys_t *keys, mg_candidate_t *out)
{
    uint8_t bytes[MG_FOOTER_SIZE];
    mg_verdict_t ignored;
    if (out->bytes < MG_HEADER_FIXED + MG_FOOTER_SIZE ||
        io->pread(fd, bytes, sizeof bytes, (off_t)(out->bytes - MG_FOOTER_SIZE)) !=
            (ssize_t)sizeof bytes) {
        return;
    }
    out->has_footer = mg_dumpfooter_read(bytes, &out->footer, &ignored) == MG_OUTCOME_OK &&
                      mg_dumpfooter_authenticate(bytes, keys->mac, &ignored) == MG_OUTCOME_OK;
}

static void
s_read_ends(const mg_file_ops_t *io,
            int fd,
            const mg_dumpreader_options_t *base,
            mg_candidate_t *out)
{
    mg_filesource_t source = {.io = io, .fd = fd};
    mg_dumpreader_options_t options = *base;
    options.source = mg_filesource(&source);
    mg_dumpreader_t *reader = mg_dumpreader_new(&options);
    if (!reader) {
        (void)mg_verdict_io(&out->verdict, "reading a header", ENOMEM);
        return;
    }
    out->authenticated = mg_dumpreader_begin(reader, &out->verdict) == MG_OUTCOME_OK;
    const mg_dumpheader_t *header = mg_dumpreader_header(reader);
    if (header) {
        out->has_header = true;
        out->header = *header;
    }
    if (out->authenticated) {
        mg_verdict_ok(&out->verdict);
        s_read_footer(io, fd, mg_dumpreader_keys(reader), out);
    }
    mg_dumpreader_destroy(&reader);
}

static void
s_read(const mg_folder_t *folder, const mg_dumpreader_options_t *options, mg_candidate_t *out)
{
    const mg_file_ops_t *io = mg_folder_io(folder);
    struct stat found;
    int fd = mg_folder_open_dump(folder, out->name.text);
    if (fd < 0 || io->stat(fd, &found) != 0) {
        (void)mg_verdict_io(&out->verdict, "opening the dump", errno);
        goto done;
    }
    out->bytes = (uint64_t)found.st_size;
    out->is_own = found.st_uid == geteuid();
    out->is_dmp1 = mg_dmp1file_is(io, fd);
    if (!out->is_dmp1) {
        s_read_ends(io, fd, options, out);
    }
done:
    if (fd >= 0) {
        (void)io->close(fd);
    }
}

/* Authentic before readable before Doorman's. */
static int
s_class(const mg_candidate_t *candidate)
{
    if (candidate->is_dmp1) {
        return 2;
    }
    return candidate->authenticated ? 0 : 1;
}

static int
s_descending(uint64_t a, uint64_t b)
{
    return (a < b) - (a > b);
}

static int
s_compare(const void *left, const void *right)
{
    const mg_candidate_t *a = left;
    const mg_candidate_t *b = right;
    int order = s_class(a) - s_class(b);
    if (order == 0 && a->authenticated && b->authenticated) {
        order = s_descending(a->header.timeline, b->header.timeline);
        order = order ? order : s_descending(a->header.generation, b->header.generation);
        order = order ? order
                      : (a->header.created_at < b->header.created_at) -
                            (a->header.created_at > b->header.created_at);
    }
    return order ? order : strcmp(b->name.text, a->name.text);
}

mg_status_t
mg_candidates_scan(const mg_folder_t *folder,
                   const mg_candidates_keys_t *keys,
                   mg_candidates_t *out,
                   mg_fault_t *why)
{
    mg_dumpname_t *names = NULL;
    size_t count = 0;
    mg_dumpreader_options_t options = {.keyring = keys->keyring, .kdf_max_kib = keys->kdf_max_kib};
    mg_status_t status = mg_folder_list(folder, &names, &count, why);
    if (status != MG_OK) {
        return status;
    }
    mg_candidates_t found = {.count = count};
    found.items = calloc(count ? count : 1, sizeof *found.items);
    if (!found.items) {
        free(names);
        return mg_fault_set(why, MG_ERR_NO_MEMORY, ENOMEM, "no memory to list the dumps");
    }
    if (keys->keyring) {
        mg_keyring_begin_scan(keys->keyring, keys->derivations);
    }
    for (size_t i = 0; i < count; i++) {
        found.items[i].name = names[i];
        s_read(folder, &options, &found.items[i]);
    }
    free(names);
    qsort(found.items, count, sizeof *found.items, s_compare);
    *out = found;
    return MG_OK;
}

void
mg_candidates_free(mg_candidates_t *self)
{
    if (self) {
        free(self->items);
        *self = (mg_candidates_t){0};
    }
}

uint64_t
mg_candidates_newest_generation(const mg_candidates_t *self)
{
    uint64_t newest = 0;
    for (size_t i = 0; i < self->count; i++) {
        const mg_candidate_t *candidate = &self->items[i];
        if (candidate->authenticated && candidate->header.generation > newest) {
            newest = candidate->header.generation;
        }
    }
    return newest;
}
