#include "core/configidle.h"

static const char s_data_plane[] = "it comes with the data plane, which is not there yet";
static const char s_no_kind[] = "memgate does not pass on SOAP, GraphQL or gRPC";

static const mg_config_idle_t s_rows[] = {
    {"CACHE_MAX_SIZE", "the state is in memory, so that nothing of it is cached; what is derived "
                       "from it has fixed bounds"},
    {"SECURITY_SETTINGS_FILE", "the security settings are a document of the state, hence in dumps; "
                               "no file is written or read"},
    {"LOGS_DIR", "the log goes to standard error, the newest requests are at /platform/logging"},
    {"HTTP_CONNECT_TIMEOUT", s_data_plane},
    {"HTTP_READ_TIMEOUT", s_data_plane},
    {"HTTP_WRITE_TIMEOUT", s_data_plane},
    {"HTTP_TIMEOUT", s_data_plane},
    {"HTTP_MAX_CONNECTIONS", s_data_plane},
    {"HTTP_MAX_KEEPALIVE", s_data_plane},
    {"HTTP_KEEPALIVE_EXPIRY", s_data_plane},
    {"HTTP_RETRY_BASE_DELAY", s_data_plane},
    {"HTTP_RETRY_MAX_DELAY", s_data_plane},
    {"CIRCUIT_BREAKER_ENABLED", s_data_plane},
    {"CIRCUIT_BREAKER_THRESHOLD", s_data_plane},
    {"CIRCUIT_BREAKER_TIMEOUT", s_data_plane},
    {"ENFORCE_ADMIN_SUBSCRIPTION", s_data_plane},
    {"STRICT_OPTIONS_405", s_data_plane},
    {"SKIP_TIER_RATE_LIMIT", s_data_plane},
    {"MAX_BODY_SIZE_BYTES_REST", s_data_plane},
    {"MAX_BODY_SIZE_BYTES_SOAP", s_no_kind},
    {"MAX_BODY_SIZE_BYTES_GRAPHQL", s_no_kind},
    {"MAX_BODY_SIZE_BYTES_GRPC", s_no_kind},
};

const mg_config_idle_t *
mg_config_idle(size_t index)
{
    return index < sizeof s_rows / sizeof *s_rows ? &s_rows[index] : NULL;
}
