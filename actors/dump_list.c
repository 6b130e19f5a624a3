/* The dump actor's listing: what the headers and footers in the folder prove, without reading what lies between. */
#include "actors/dump_parts.h"
#include "core/chain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void
mg_dump_remember(mg_dumpactor_t *self, const mg_dumpinfo_t *info)
{
    if (info->verified) {
        uint8_t *place = self->proven[self->proven_count++ % MG_DUMP_PROVEN_MAX];
        memcpy(place, info->footer.file_check, MG_CHECK_SIZE);
    }
}

bool
mg_dump_is_proven(const mg_dumpactor_t *self, const mg_dumpfooter_t *footer)
{
    for (uint64_t i = 0; i < self->proven_count && i < MG_DUMP_PROVEN_MAX; i++) {
        if (memcmp(self->proven[i], footer->file_check, MG_CHECK_SIZE) == 0) {
            return true;
        }
    }
    return false;
}

static void
s_describe(const mg_dumpactor_t *self, const mg_candidate_t *candidate, mg_dumpinfo_t *info)
{
    mg_dumpinfo_set(info, mg_folder_path(self->folder), candidate->name.text, &candidate->header);
    info->footer = candidate->footer;
    info->bytes = candidate->bytes;
    info->verified = mg_dump_is_proven(self, &candidate->footer);
    info->outcome = candidate->is_dmp1 ? MG_OUTCOME_UNSUPPORTED : candidate->verdict.outcome;
}

static mg_status_t
s_list(mg_dumpactor_t *self, mg_dumpwaiter_t *waiter, const mg_candidates_t *found)
{
    size_t count = found->count ? found->count : 1;
    mg_dumpinfo_t *infos = calloc(count, sizeof *infos);
    Mg__DumpInfo *messages = calloc(count, sizeof *messages);
    Mg__DumpInfo **list = calloc(count, sizeof(void *));
    bool good = infos && messages && list;
    if (good) {
        Mg__DumpReply reply = MG__DUMP_REPLY__INIT;
        for (size_t i = 0; i < found->count; i++) {
            s_describe(self, &found->items[i], &infos[i]);
            messages[i] = mg_dumpinfo_message(&infos[i]);
            messages[i].chain = mg_bus_text(mg_chain_name(mg_chain_of(found, i)));
            list[i] = &messages[i];
        }
        reply.n_list = found->count;
        reply.list = list;
        mg_dump_answer(self, waiter, &reply);
    }
    free(infos);
    free(messages);
    free(list);
    return good ? MG_OK : MG_ERR_NO_MEMORY;
}

void
mg_dump_run_list(mg_dumpactor_t *self)
{
    mg_fault_t why = {0};
    mg_candidates_t found = {0};
    mg_dumpwaiter_t *waiter = mg_dump_take_first(self);
    mg_status_t status = mg_dump_follow(self, &why);
    if (status == MG_OK) {
        status = mg_dump_scan(self, &found, &why);
    }
    if (status == MG_OK && s_list(self, waiter, &found) != MG_OK) {
        status = mg_fault_set(&why, MG_ERR_NO_MEMORY, ENOMEM, "no memory to list the dumps");
    }
    if (status != MG_OK) {
        mg_dump_refuse(self, waiter, status, why.text);
    }
    mg_candidates_free(&found);
}
