/* Registration: whoever comes gets the role `user` and the group `ALL`. */
#include "core/document.h"
#include "gateway/ask.h"
#include "gateway/strength.h"
#include "gateway/tables/tables.h"

#include <string.h>

/* The user that an email asks to be: its name is what stands before the @. NULL: no memory. */
static json_t *
s_wanted_user(mg_slice_t email)
{
    const uint8_t *at = email.len ? memchr(email.data, '@', email.len) : NULL;
    size_t name_len = at ? (size_t)(at - email.data) : email.len;
    return json_pack("{s:s%, s:s%, s:s, s:[s]}", "username", (const char *)email.data, name_len,
                     "email", (const char *)email.data, email.len, "role", "user", "groups", "ALL");
}

static bool
s_read_user(mg_request_t *request, mg_slice_t email, bson_t *draft)
{
    mg_fields_problem_t problem = {0};
    json_t *user = s_wanted_user(email);
    mg_status_t status =
        user && mg_resource_begin(draft)
            ? mg_fields_read(mg_resource_users.fields, user, MG_FIELDS_CREATE, draft, &problem)
            : MG_ERR_NO_MEMORY;
    json_decref(user);
    if (status == MG_ERR_INVALID) {
        mg_reply_error(&request->answer, problem.error, problem.text);
    } else if (status != MG_OK) {
        mg_ask_refuse(request, status);
    }
    return status == MG_OK;
}

static void
s_register(mg_request_t *request, mg_slice_t email, mg_slice_t password)
{
    bson_t draft = BSON_INITIALIZER;
    if (!s_read_user(request, email, &draft)) {
        goto done;
    }
    if (mg_user_is_taken(request, mg_document_slice(&draft))) {
        mg_request_refuse(request, MG_ERROR_USER_EXISTS);
        goto done;
    }
    if (!mg_password_is_strong(password)) {
        mg_request_refuse(request, MG_ERROR_USER_WEAK_PASSWORD);
        goto done;
    }
    if (mg_new_password(request, mg_password_on_create, MG_FIELDS_CREATE) !=
        MG_NEW_PASSWORD_READY) {
        goto done;
    }
    if (mg_new_password_append(request, &draft)) {
        mg_reply_message(&request->answer, 201, "User created successfully");
        mg_resource_store(request, MG_COLLECTION_USERS, NULL, mg_document_slice(&draft));
    } else {
        mg_ask_refuse(request, MG_ERR_NO_MEMORY);
    }
done:
    bson_destroy(&draft);
}

void
mg_handle_register(mg_request_t *request)
{
    const json_t *body = mg_passes_rate(request, MG_RATE_REGISTER)
                             ? mg_request_json(request, MG_ERROR_LOGIN_JSON)
                             : NULL;
    if (!body) {
        return;
    }
    mg_buf_t email = {0};
    mg_buf_t password = {0};
    if (mg_fields_text(body, "email", &email) && email.len > 0 &&
        mg_fields_text(body, "password", &password) && password.len > 0) {
        s_register(request, mg_buf_slice(&email), mg_buf_slice(&password));
    } else {
        mg_request_refuse(request, MG_ERROR_LOGIN_FIELDS);
    }
    mg_buf_free(&email);
    mg_buf_wipe(&password);
}
