/* Any bytes as an Origin: what is allowed can be sent back in a header, and is what the rules say. */
#include "gateway/cors.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
s_check_bytes(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (data[i] <= ' ' || data[i] >= 0x7f || data[i] == ',') {
            abort();
        }
    }
    if (size > MG_CORS_ORIGIN_MAX) {
        abort();
    }
}

static bool
s_begins(const char *text, const char *with)
{
    size_t len = strlen(with);
    return strncasecmp(text, with, len) == 0 && (text[len] == 0 || text[len] == ':');
}

static void
s_check_local(const uint8_t *data, size_t size)
{
    char text[MG_CORS_ORIGIN_MAX + 1] = {0};
    memcpy(text, data, size);
    if (!s_begins(text, "http://localhost") && !s_begins(text, "https://localhost") &&
        !s_begins(text, "http://127.0.0.1") && !s_begins(text, "https://127.0.0.1")) {
        abort();
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const mg_config_http_t all = {.cors_credentials = true};
    const mg_config_http_t strict = {.cors_credentials = true, .cors_strict = true};
    mg_cors_t rules = mg_cors_of_front(&all);
    if (mg_cors_allows(&rules, mg_slice(data, size))) {
        s_check_bytes(data, size);
    }
    rules = mg_cors_of_front(&strict);
    if (mg_cors_allows(&rules, mg_slice(data, size))) {
        s_check_bytes(data, size);
        s_check_local(data, size);
    }
    return 0;
}
