/* New passwords: only the hasher ever turns them into what is stored. */
#include "gateway/ask.h"
#include "gateway/strength.h"
#include "gateway/tables/tables.h"

mg_new_password_t
mg_new_password(mg_request_t *request, const mg_field_t *table, mg_fields_mode_t mode)
{
    bson_t nothing = BSON_INITIALIZER;
    bool fits = mg_resource_fields(request, table, mode, &nothing);
    bson_destroy(&nothing);
    if (!fits) {
        return MG_NEW_PASSWORD_ELSEWHERE;
    }
    if (!mg_fields_has(request->json, table->name)) {
        return MG_NEW_PASSWORD_NONE;
    }
    if (request->learnt.hash.len > 0) {
        return MG_NEW_PASSWORD_READY;
    }
    mg_buf_t password = {0};
    (void)mg_fields_text(request->json, table->name, &password);
    if (mg_password_is_strong(mg_buf_slice(&password))) {
        mg_ask_hash(request, mg_buf_slice(&password));
    } else {
        mg_request_refuse(request, MG_ERROR_USER_WEAK_PASSWORD);
    }
    mg_buf_wipe(&password);
    return MG_NEW_PASSWORD_ELSEWHERE;
}

bool
mg_new_password_append(const mg_request_t *request, bson_t *out)
{
    mg_slice_t hash = mg_buf_slice(&request->learnt.hash);
    return bson_append_utf8(out, "password", -1, (const char *)hash.data, (int)hash.len);
}
