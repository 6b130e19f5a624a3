#include "gateway/errors.h"

#include <stddef.h>

static const mg_error_row_t s_rows[MG_ERRORS] = {
    [MG_ERROR_INVALID_BODY] = {422, "VAL001", "The request does not fit its model"},
    [MG_ERROR_PAGE] = {400, "PAG001",
                       "page must be at least 1, page_size between 1 and the maximum"},
    [MG_ERROR_BODY_TOO_BIG] = {413, "REQ001", "The request body is too large"},
    [MG_ERROR_INTERNAL] = {500, "GTW999", "An unexpected error occurred"},
    [MG_ERROR_NOT_READY] = {503, "SRV001", "The gateway is starting or stopping"},
    [MG_ERROR_BUSY] = {503, "SRV002", "Too much is under way, try again"},
    [MG_ERROR_FROZEN] = {503, "SRV003",
                         "Writes are refused while the state is being replaced or saved"},
    [MG_ERROR_FULL] =
        {507, "SRV005",
         "Memory is scarce: the state may not grow (MEM_MAX_MEMORY); delete something"},
    [MG_ERROR_TIMEOUT] = {503, "SRV004", "No answer in time; whether it took effect is not known"},
    [MG_ERROR_HIDDEN] = {404, NULL, "Not found"},
    [MG_ERROR_IP_NOT_LISTED] = {403, "SEC010", "Your address is not on the whitelist"},
    [MG_ERROR_IP_LISTED] = {403, "SEC011", "Your address is on the blacklist"},
    [MG_ERROR_CSRF] = {401, "AUTH006", "The X-CSRF-Token header is missing or wrong"},

    [MG_ERROR_LOGIN_FIELDS] = {400, "AUTH001", "Missing email or password"},
    [MG_ERROR_LOGIN_WRONG] = {400, "AUTH002", "Invalid email or password"},
    [MG_ERROR_LOGIN_JSON] = {400, "AUTH004", "The body is not a JSON object"},
    [MG_ERROR_LOGIN_INACTIVE] = {400, "AUTH007", "User is not active"},
    [MG_ERROR_LOGIN_RATE] = {429, "IP_RATE_LIMIT", "Too many attempts from this address"},
    [MG_ERROR_REFRESH] = {401, "AUTH003", "Unable to refresh the token"},
    [MG_ERROR_TOKEN] = {401, "AUTH005", "Token is invalid"},

    [MG_ERROR_USER_LOGIN] = {401, "GTW998", "Login needed"},
    [MG_ERROR_USER_EXISTS] = {400, "USR001", "Username or email already exists"},
    [MG_ERROR_USER_UNKNOWN] = {404, "USR002", "User not found"},
    [MG_ERROR_USER_WEAK_PASSWORD] =
        {400, "USR005",
         "Password must have at least 16 characters with an upper case and a lower case letter, a "
         "digit and a special character"},
    [MG_ERROR_USER_MANAGE] = {403, "USR006", "Can only update your own information"},
    [MG_ERROR_USER_DELETE] = {403, "USR007", "Can only delete your own account"},
    [MG_ERROR_USER_READ] = {403, "USR008", "Can only view your own information"},
    [MG_ERROR_USER_CHANGE_ADMIN] = {403, "USR012", "Only an admin may change an admin user"},
    [MG_ERROR_USER_GIVE_ADMIN] = {403, "USR013", "Only an admin may give or take the admin role"},
    [MG_ERROR_USER_DELETE_ADMIN] = {403, "USR014", "Only an admin may delete an admin user"},
    [MG_ERROR_USER_CREATE_ADMIN] = {403, "USR015",
                                    "Only an admin may create a user with the admin role"},
    [MG_ERROR_USER_ATTRIBUTES] = {400, "USR016", "At most 10 custom attributes are allowed"},
    [MG_ERROR_SUPER_CHANGE] =
        {403, "USR020", "The super admin user cannot be modified; only its limits may be set"},
    [MG_ERROR_SUPER_DELETE] = {403, "USR021", "The super admin user cannot be deleted"},
    [MG_ERROR_SUPER_PASSWORD] = {403, "USR022",
                                 "The super admin user's password cannot be changed here"},
    [MG_ERROR_USER_SELF_FIELDS] = {403, "USR023", "These fields cannot be changed by yourself"},

    [MG_ERROR_ROLE_EXISTS] = {400, "ROLE001", "Role already exists"},
    [MG_ERROR_ROLE_UNKNOWN] = {400, "ROLE004", "Role does not exist"},
    [MG_ERROR_ROLE_NOT_FOUND] = {404, "ROLE004", "Role does not exist"},
    [MG_ERROR_ROLE_RENAME] = {400, "ROLE005", "A role's name cannot be changed"},
    [MG_ERROR_ROLE_NOTHING] = {400, "ROLE007", "No data to update"},
    [MG_ERROR_ROLE_CREATE] = {403, "ROLE009", "You do not have permission to create roles"},
    [MG_ERROR_ROLE_UPDATE] = {403, "ROLE010", "You do not have permission to update roles"},
    [MG_ERROR_ROLE_DELETE] = {403, "ROLE011", "You do not have permission to delete roles"},
    [MG_ERROR_ROLE_CREATE_ADMIN] = {403, "ROLE013", "Only an admin may create an admin role"},
    [MG_ERROR_ROLE_UPDATE_ADMIN] = {403, "ROLE014", "Only an admin may change an admin role"},
    [MG_ERROR_ROLE_DELETE_ADMIN] = {403, "ROLE016", "Only an admin may delete an admin role"},

    [MG_ERROR_GROUP_EXISTS] = {400, "GRP001", "Group already exists"},
    [MG_ERROR_GROUP_UNKNOWN] = {400, "GRP003", "Group does not exist"},
    [MG_ERROR_GROUP_NOT_FOUND] = {404, "GRP003", "Group does not exist"},
    [MG_ERROR_GROUP_RENAME] = {400, "GRP004", "A group's name cannot be changed"},
    [MG_ERROR_GROUP_NOTHING] = {400, "GRP006", "No data to update"},
    [MG_ERROR_GROUP_CREATE] = {403, "GRP008", "You do not have permission to create groups"},
    [MG_ERROR_GROUP_UPDATE] = {403, "GRP009", "You do not have permission to update groups"},
    [MG_ERROR_GROUP_DELETE] = {403, "GRP010", "You do not have permission to delete groups"},

    [MG_ERROR_API_LOGIN] = {401, "API_AUTH", "Login needed"},
    [MG_ERROR_API_UNKNOWN] = {400, "API003", "API does not exist for the given name and version"},
    [MG_ERROR_API_RENAME] = {400, "API005", "An API's name, version and path cannot be changed"},
    [MG_ERROR_API_NOTHING] = {400, "API006", "No data to update"},
    [MG_ERROR_API_CREATE] = {403, "API007", "You do not have permission to create APIs"},
    [MG_ERROR_API_UPDATE] = {403, "API008", "You do not have permission to update APIs"},
    [MG_ERROR_API_DELETE] = {403, "API009", "You do not have permission to delete APIs"},
    [MG_ERROR_API_PUBLIC_CREDITS] = {400, "API013", "A public API cannot use credits"},

    [MG_ERROR_ENDPOINT_EXISTS] = {400, "END001",
                                  "Endpoint already exists, or its client URI is taken"},
    [MG_ERROR_ENDPOINT_NO_API] = {400, "END002", "API does not exist for the endpoint"},
    [MG_ERROR_ENDPOINT_NOT_FOUND] = {400, "END004", "Endpoint does not exist"},
    [MG_ERROR_ENDPOINT_NONE] = {400, "END005", "No endpoints found for the API"},
    [MG_ERROR_ENDPOINT_RENAME] =
        {400, "END006",
         "An endpoint's method, API and URI cannot be changed, and its client URI must be free"},
    [MG_ERROR_ENDPOINT_NOTHING] = {400, "END007", "No data to update"},
    [MG_ERROR_ENDPOINT_UNKNOWN] = {400, "END008", "Endpoint does not exist"},
    [MG_ERROR_ENDPOINT_CREATE] = {403, "END010", "You do not have permission to create endpoints"},
    [MG_ERROR_ENDPOINT_UPDATE] = {403, "END011", "You do not have permission to update endpoints"},
    [MG_ERROR_ENDPOINT_DELETE] = {403, "END012", "You do not have permission to delete endpoints"},

    [MG_ERROR_MEMORY_PATH] = {400, "MEM004", "The path is not usable"},
    [MG_ERROR_MEMORY_NO_FILE] = {404, "MEM003", "Dump file not found"},
    [MG_ERROR_MEMORY_ROLLED_BACK] = {409, "MEM006",
                                     "The dump is older than MEM_DUMP_MIN_GENERATION allows"},
    [MG_ERROR_MEMORY_OUTSIDE] = {403, "MEM005", "The path is outside of the dump folder"},
    [MG_ERROR_SETTINGS_READ] = {403, "SEC001",
                                "You do not have permission to view security settings"},
    [MG_ERROR_SETTINGS_WRITE] = {403, "SEC002",
                                 "You do not have permission to change security settings"},
    [MG_ERROR_SETTINGS_PATH] = {400, "SEC005", "dump_path must be inside the dump folder"},
    [MG_ERROR_DUMP] = {403, "SEC003", "You do not have permission to dump the memory"},
    [MG_ERROR_DUMPS] = {403, "SEC006", "You do not have permission to list the dumps"},
    [MG_ERROR_RESTORE] = {403, "SEC004", "You do not have permission to restore the memory"},
};

const mg_error_row_t *
mg_error_row(mg_error_id_t id)
{
    return &s_rows[id];
}
