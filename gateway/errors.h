/* errors - every error that the platform API answers: number, code and sentence.
 *
 * Owns     : the one table.
 * Fails    : never.
 * Not here : the envelope around it (gateway/reply.h).
 * Source   : platform-api.md sections 3 to 6, 10, 11, 14. One code may come with two numbers (ROLE004 is 404 to a reader, 400 to
 *            a writer): then it has two rows.
 */
#ifndef MG_GATEWAY_ERRORS_H
#define MG_GATEWAY_ERRORS_H

typedef enum mg_error_id {
    MG_ERROR_INVALID_BODY, /* 0: what a field's error is unless its table says otherwise */
    MG_ERROR_PAGE,
    MG_ERROR_BODY_TOO_BIG,
    MG_ERROR_INTERNAL,
    MG_ERROR_NOT_READY,
    MG_ERROR_BUSY,
    MG_ERROR_FROZEN,
    MG_ERROR_FULL,
    MG_ERROR_TIMEOUT,
    MG_ERROR_HIDDEN,
    MG_ERROR_IP_NOT_LISTED,
    MG_ERROR_IP_LISTED,
    MG_ERROR_CSRF,
    /* login and tokens */
    MG_ERROR_LOGIN_FIELDS,
    MG_ERROR_LOGIN_WRONG,
    MG_ERROR_LOGIN_JSON,
    MG_ERROR_LOGIN_INACTIVE,
    MG_ERROR_LOGIN_RATE,
    MG_ERROR_REFRESH,
    MG_ERROR_TOKEN,
    /* users */
    MG_ERROR_USER_LOGIN,
    MG_ERROR_USER_EXISTS,
    MG_ERROR_USER_UNKNOWN,
    MG_ERROR_USER_WEAK_PASSWORD,
    MG_ERROR_USER_MANAGE,
    MG_ERROR_USER_DELETE,
    MG_ERROR_USER_READ,
    MG_ERROR_USER_CHANGE_ADMIN,
    MG_ERROR_USER_GIVE_ADMIN,
    MG_ERROR_USER_DELETE_ADMIN,
    MG_ERROR_USER_CREATE_ADMIN,
    MG_ERROR_USER_ATTRIBUTES,
    MG_ERROR_SUPER_CHANGE,
    MG_ERROR_SUPER_DELETE,
    MG_ERROR_SUPER_PASSWORD,
    MG_ERROR_USER_SELF_FIELDS,
    /* roles */
    MG_ERROR_ROLE_EXISTS,
    MG_ERROR_ROLE_UNKNOWN,
    MG_ERROR_ROLE_NOT_FOUND,
    MG_ERROR_ROLE_RENAME,
    MG_ERROR_ROLE_NOTHING,
    MG_ERROR_ROLE_CREATE,
    MG_ERROR_ROLE_UPDATE,
    MG_ERROR_ROLE_DELETE,
    MG_ERROR_ROLE_CREATE_ADMIN,
    MG_ERROR_ROLE_UPDATE_ADMIN,
    MG_ERROR_ROLE_DELETE_ADMIN,
    /* groups */
    MG_ERROR_GROUP_EXISTS,
    MG_ERROR_GROUP_UNKNOWN,
    MG_ERROR_GROUP_NOT_FOUND,
    MG_ERROR_GROUP_RENAME,
    MG_ERROR_GROUP_NOTHING,
    MG_ERROR_GROUP_CREATE,
    MG_ERROR_GROUP_UPDATE,
    MG_ERROR_GROUP_DELETE,
    /* APIs */
    MG_ERROR_API_LOGIN,
    MG_ERROR_API_UNKNOWN,
    MG_ERROR_API_RENAME,
    MG_ERROR_API_NOTHING,
    MG_ERROR_API_CREATE,
    MG_ERROR_API_UPDATE,
    MG_ERROR_API_DELETE,
    MG_ERROR_API_PUBLIC_CREDITS,
    /* endpoints */
    MG_ERROR_ENDPOINT_EXISTS,
    MG_ERROR_ENDPOINT_NO_API,
    MG_ERROR_ENDPOINT_NOT_FOUND,
    MG_ERROR_ENDPOINT_NONE,
    MG_ERROR_ENDPOINT_RENAME,
    MG_ERROR_ENDPOINT_NOTHING,
    MG_ERROR_ENDPOINT_UNKNOWN,
    MG_ERROR_ENDPOINT_CREATE,
    MG_ERROR_ENDPOINT_UPDATE,
    MG_ERROR_ENDPOINT_DELETE,
    /* memory and settings */
    MG_ERROR_MEMORY_PATH,
    MG_ERROR_MEMORY_NO_FILE,
    MG_ERROR_MEMORY_ROLLED_BACK,
    MG_ERROR_MEMORY_OUTSIDE,
    MG_ERROR_SETTINGS_READ,
    MG_ERROR_SETTINGS_WRITE,
    MG_ERROR_SETTINGS_PATH,
    MG_ERROR_DUMP,
    MG_ERROR_DUMPS,
    MG_ERROR_RESTORE,
    MG_ERRORS
} mg_error_id_t;

typedef struct mg_error_row {
    unsigned status;  /* HTTP */
    const char *code; /* NULL: the answer has only a sentence */
    const char *text;
} mg_error_row_t;

/* Static. */
const mg_error_row_t *mg_error_row(mg_error_id_t id);

#endif
