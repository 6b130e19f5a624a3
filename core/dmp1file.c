#include "core/dmp1file.h"

#include <errno.h>

enum { BYTES_PER_MIB = 1 << 20, STEP = 1 << 20 };

bool
mg_dmp1file_is(const mg_file_ops_t *io, int fd)
{
    uint8_t first[MG_DMP1_MAGIC];
    return io->pread(fd, first, sizeof first, 0) == (ssize_t)sizeof first &&
           mg_dmp1_is(mg_slice(first, sizeof first));
}

/* The whole file; a file that grows meanwhile is read to the limit at most. */
static mg_outcome_t
s_read(const mg_dmp1file_t *self, mg_buf_t *out, mg_verdict_t *why)
{
    uint64_t limit = (uint64_t)self->max_mib * BYTES_PER_MIB;
    for (;;) {
        uint8_t *at = mg_buf_extend(out, STEP);
        if (!at) {
            return mg_verdict_io(why, "reading the Doorman dump", ENOMEM);
        }
        ssize_t got = self->io->pread(self->fd, at, STEP, (off_t)(out->len - STEP));
        out->len -= got > 0 ? (size_t)(STEP - got) : STEP;
        if (got == 0) {
            return MG_OUTCOME_OK;
        }
        if (got < 0 && errno != EINTR) {
            return mg_verdict_io(why, "reading the Doorman dump", errno);
        }
        if (out->len > limit) {
            return mg_verdict_fail(why, MG_OUTCOME_UNSUPPORTED,
                                   "the Doorman dump is larger than %u MiB: raise "
                                   "MEM_IMPORT_MAX_MIB if there is memory for three times its size",
                                   self->max_mib);
        }
        if (!mg_turn_goes_on(&self->turn, &(mg_progress_t){.phase = "read", .bytes = out->len})) {
            return mg_verdict_io(why, "reading the Doorman dump", ECANCELED);
        }
    }
}

static mg_outcome_t
s_decrypt(const mg_dmp1file_t *self, mg_buf_t *out, mg_verdict_t *why)
{
    mg_buf_t file = {0};
    mg_outcome_t outcome = s_read(self, &file, why);
    if (outcome == MG_OUTCOME_OK) {
        outcome = self->key ? mg_dmp1_open(mg_buf_slice(&file), self->key, self->provider, out, why)
                            : mg_dmp1_unlock(mg_buf_slice(&file), self->keyring, self->provider,
                                             out, why);
    }
    mg_buf_free(&file);
    return outcome;
}

mg_outcome_t
mg_dmp1file_date(const mg_dmp1file_t *self, int64_t *out_created_at, mg_verdict_t *why)
{
    mg_buf_t plain = {0};
    mg_outcome_t outcome = s_decrypt(self, &plain, why);
    if (outcome == MG_OUTCOME_OK) {
        outcome = mg_dmp1_date(mg_buf_slice(&plain), out_created_at, why);
    }
    mg_buf_wipe(&plain);
    return outcome;
}

mg_outcome_t
mg_dmp1file_load(const mg_dmp1file_t *self,
                 mg_store_t **out_store,
                 mg_dmp1_info_t *out_info,
                 mg_verdict_t *why)
{
    mg_buf_t plain = {0};
    mg_outcome_t outcome = s_decrypt(self, &plain, why);
    if (outcome == MG_OUTCOME_OK) {
        outcome = mg_dmp1_load(mg_buf_slice(&plain), &self->turn, out_store, out_info, why);
    }
    mg_buf_wipe(&plain);
    return outcome;
}
