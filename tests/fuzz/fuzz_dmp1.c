/* Any bytes as the plaintext of a Doorman dump: what is accepted is a state that can be dumped; what is not has a reason.
 * The same bytes as a file: no key opens it. */
#include "core/bsoncheck.h"
#include "core/dmp1.h"

#include <sodium.h>

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
s_expect(bool truth)
{
    if (!truth) {
        abort();
    }
}

static void
s_check_store(mg_store_t *store, const mg_dmp1_info_t *info)
{
    const mg_view_t *view = mg_store_current(store);
    s_expect(mg_view_total(view) == info->documents && mg_view_version(view) == 1);
    for (int slot = 0; slot < mg_view_slots(view); slot++) {
        mg_cursor_t cursor;
        const mg_entry_t *entry = NULL;
        mg_cursor_seek(&cursor, view, slot, mg_slice(NULL, 0));
        while ((entry = mg_cursor_next(&cursor)) != NULL) {
            s_expect(mg_bson_check(mg_entry_body(entry), MG_BSON_KEYS_NAMES, NULL) == MG_OK);
        }
    }
}

static void
s_load(mg_slice_t text)
{
    mg_verdict_t why = {0};
    mg_dmp1_info_t info = {0};
    mg_store_t *store = NULL;
    int64_t created_at = 0;
    mg_outcome_t outcome = mg_dmp1_load(text, NULL, &store, &info, &why);
    s_expect(outcome == why.outcome && why.text[0] &&
             (outcome == MG_OUTCOME_OK) == (store != NULL));
    if (store) {
        s_check_store(store, &info);
        s_expect(mg_dmp1_date(text, &created_at, &why) == MG_OUTCOME_OK &&
                 created_at == info.created_at);
    }
    mg_store_destroy(&store);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t key[MG_AEAD_KEY] = {1};
    mg_verdict_t why;
    mg_buf_t plain = {0};
    s_expect(sodium_init() >= 0);
    s_load(mg_slice(data, size));
    s_expect(mg_dmp1_open(mg_slice(data, size), key, MG_AEAD_AUTO, &plain, &why) != MG_OUTCOME_OK);
    mg_buf_free(&plain);
    return 0;
}
