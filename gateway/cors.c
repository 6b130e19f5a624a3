#include "gateway/cors.h"

#include "gateway/text.h"

#include <string.h>

static const char s_all_methods[] = "GET, POST, PUT, DELETE, OPTIONS, PATCH, HEAD";
static const char s_all_headers[] = "Accept, Content-Type, X-CSRF-Token, Authorization";
static const char s_this_machine[] = "http://localhost,http://127.0.0.1";
static const char s_any[] = "*";

/* --- lists --- */

mg_slice_t
mg_cors_next(const char **at)
{
    mg_slice_t item = {0};
    while (*at && item.len == 0) {
        const char *comma = strchr(*at, ',');
        item = mg_text_trim(mg_slice(*at, comma ? (size_t)(comma - *at) : strlen(*at)));
        *at = comma ? comma + 1 : NULL;
    }
    return item.len > 0 ? item : (mg_slice_t){0};
}

/* Like mg_text_same, between two slices. */
static bool
s_same(mg_slice_t one, mg_slice_t other)
{
    return one.len == other.len && mg_text_contains(one, other);
}

bool
mg_cors_lists(const char *list, mg_slice_t item)
{
    const char *at = list;
    mg_slice_t listed = mg_cors_next(&at);
    while (listed.data && !s_same(listed, item)) {
        listed = mg_cors_next(&at);
    }
    return listed.data != NULL;
}

/* --- rules --- */

/* What both readings share: the lists as they are set, with the meaning of "all". */
static mg_cors_t
s_rules(const mg_config_http_t *http, const char *default_origins)
{
    mg_cors_t rules = {
        .configured = http->cors_origins ? http->cors_origins : default_origins,
        .methods = http->cors_methods ? http->cors_methods : s_all_methods,
        .headers = http->cors_headers ? http->cors_headers : s_any,
        .credentials = http->cors_credentials,
    };
    if (mg_cors_lists(rules.methods, mg_slice_text(s_any))) {
        rules.methods = s_all_methods;
    }
    if (mg_cors_lists(rules.headers, mg_slice_text(s_any))) {
        rules.headers = s_all_headers; /* to a browser with credentials `*` is a header's name */
    }
    rules.origins = rules.configured;
    return rules;
}

static bool
s_meets_all_with_credentials(const mg_cors_t *rules)
{
    return rules->credentials && mg_cors_lists(rules->configured, mg_slice_text(s_any));
}

mg_cors_t
mg_cors_of_front(const mg_config_http_t *http)
{
    mg_cors_t rules = s_rules(http, s_any);
    if (http->cors_strict && s_meets_all_with_credentials(&rules)) {
        rules.origins = s_this_machine;
        rules.any_port = true;
    }
    return rules;
}

mg_cors_t
mg_cors_of_tool(const mg_config_http_t *http)
{
    mg_cors_t rules = s_rules(http, "http://localhost:3000");
    if (s_meets_all_with_credentials(&rules)) {
        rules.origins = "http://localhost,http://localhost:3000";
    }
    return rules;
}

/* --- origins --- */

static bool
s_skip(mg_slice_t *text, const char *prefix)
{
    size_t len = strlen(prefix);
    if (text->len < len || !mg_text_same(mg_slice(text->data, len), prefix)) {
        return false;
    }
    *text = mg_slice(text->data + len, text->len - len);
    return true;
}

/* A scheme of the web, and a host with a port perhaps: RFC 6454 section 6.2. It may be sent back as it is. */
static bool
s_is_web_origin(mg_slice_t origin)
{
    mg_slice_t host = origin;
    if (origin.len > MG_CORS_ORIGIN_MAX ||
        (!s_skip(&host, "http://") && !s_skip(&host, "https://"))) {
        return false;
    }
    for (size_t i = 0; i < host.len; i++) {
        bool odd =
            host.data[i] <= ' ' || host.data[i] >= 0x7f || strchr("/?#@,\\\"'<>", host.data[i]);
        if (odd) {
            return false;
        }
    }
    return host.len > 0;
}

/* `https://localhost:8443` as `http://localhost`, so that it is found in a list of such. */
static bool
s_is_listed_at_any_port(const char *list, mg_slice_t origin)
{
    mg_slice_t host = origin;
    if (!s_skip(&host, "http://") && !s_skip(&host, "https://")) {
        return false;
    }
    const uint8_t *colon = memchr(host.data, ':', host.len);
    host.len = colon ? (size_t)(colon - host.data) : host.len;
    const char *at = list;
    for (mg_slice_t item = mg_cors_next(&at); item.data; item = mg_cors_next(&at)) {
        if (s_skip(&item, "http://") && s_same(item, host)) {
            return true;
        }
    }
    return false;
}

bool
mg_cors_allows(const mg_cors_t *self, mg_slice_t origin)
{
    if (origin.len == 0 || mg_slice_equal(origin, mg_slice_text(s_any))) {
        return false;
    }
    if (mg_cors_lists(self->origins, origin)) {
        return true;
    }
    return s_is_web_origin(origin) &&
           (mg_cors_lists(self->origins, mg_slice_text(s_any)) ||
            (self->any_port && s_is_listed_at_any_port(self->origins, origin)));
}

size_t
mg_cors_headers(const mg_cors_t *self,
                mg_slice_t allowed_origin,
                bool preflight,
                mg_cors_header_t out[MG_CORS_HEADERS_MAX])
{
    size_t count = 0;
    if (allowed_origin.data) {
        out[count++] = (mg_cors_header_t){"Access-Control-Allow-Origin", allowed_origin};
    }
    if (self->credentials) {
        out[count++] =
            (mg_cors_header_t){"Access-Control-Allow-Credentials", mg_slice_text("true")};
    }
    if (preflight) {
        out[count++] =
            (mg_cors_header_t){"Access-Control-Allow-Methods", mg_slice_text(self->methods)};
        out[count++] =
            (mg_cors_header_t){"Access-Control-Allow-Headers", mg_slice_text(self->headers)};
    }
    return count;
}
