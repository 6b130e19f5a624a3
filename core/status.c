#include "core/status.h"

static const char *const s_names[MG_STATUS_COUNT] = {
    [MG_OK] = "OK",
    [MG_ERR_NO_MEMORY] = "NO_MEMORY",
    [MG_ERR_INVALID] = "INVALID",
    [MG_ERR_TOO_BIG] = "TOO_BIG",
    [MG_ERR_NOT_FOUND] = "NOT_FOUND",
    [MG_ERR_EXISTS] = "EXISTS",
    [MG_ERR_CONFLICT] = "CONFLICT",
    [MG_ERR_UNIQUE] = "UNIQUE",
    [MG_ERR_BUSY] = "BUSY",
    [MG_ERR_FROZEN] = "FROZEN",
    [MG_ERR_TIMEOUT] = "TIMEOUT",
    [MG_ERR_CLOSED] = "CLOSED",
    [MG_ERR_DENIED] = "DENIED",
    [MG_ERR_BAD_MESSAGE] = "BAD_MESSAGE",
    [MG_ERR_IO] = "IO",
    [MG_ERR_DUMP] = "DUMP",
    [MG_ERR_FULL] = "FULL",
    [MG_ERR_UNSURE] = "UNSURE",
    [MG_ERR_FENCED] = "FENCED",
};

const char *
mg_status_name(mg_status_t status)
{
    return (unsigned)status < MG_STATUS_COUNT ? s_names[status] : "UNKNOWN";
}
