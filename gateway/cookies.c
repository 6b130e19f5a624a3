#include "gateway/cookies.h"

#include "gateway/text.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

static mg_slice_t
s_unquote(mg_slice_t text)
{
    bool quoted = text.len >= 2 && text.data[0] == '"' && text.data[text.len - 1] == '"';
    return quoted ? mg_slice(text.data + 1, text.len - 2) : text;
}

mg_slice_t
mg_cookie_get(mg_slice_t header, const char *name)
{
    mg_slice_t wanted = mg_slice_text(name);
    size_t at = 0;
    while (at < header.len) {
        const uint8_t *semicolon = memchr(header.data + at, ';', header.len - at);
        size_t end = semicolon ? (size_t)(semicolon - header.data) : header.len;
        mg_slice_t pair = mg_text_trim(mg_slice(header.data + at, end - at));
        const uint8_t *equals = pair.len ? memchr(pair.data, '=', pair.len) : NULL;
        size_t name_len = equals ? (size_t)(equals - pair.data) : 0;
        if (equals && mg_slice_equal(mg_text_trim(mg_slice(pair.data, name_len)), wanted)) {
            return s_unquote(mg_text_trim(mg_slice(equals + 1, pair.len - name_len - 1)));
        }
        at = end + 1;
    }
    return (mg_slice_t){0};
}

static const char *
s_samesite(int wanted, bool secure)
{
    switch ((mg_samesite_t)wanted) {
    case MG_SAMESITE_STRICT:
        return "Strict";
    case MG_SAMESITE_LAX:
        return "Lax";
    case MG_SAMESITE_NONE:
        return secure ? "None" : "Lax";
    }
    return "Lax";
}

/* True when `host` (a port may follow) equals `domain` or ends with it at a label's edge. */
static bool
s_host_is_in(mg_slice_t host, const char *domain)
{
    if (!domain || !strchr(domain, '.') || host.len == 0) {
        return false;
    }
    domain += *domain == '.';
    const uint8_t *colon = memchr(host.data, ':', host.len);
    size_t host_len = colon ? (size_t)(colon - host.data) : host.len;
    size_t len = strlen(domain);
    if (host_len < len || strncasecmp((const char *)host.data + host_len - len, domain, len) != 0) {
        return false;
    }
    return host_len == len || host.data[host_len - len - 1] == '.';
}

void
mg_cookie_write(const mg_cookie_t *cookie, const mg_config_http_t *config, mg_buf_t *out)
{
    bool secure = config->cookie_secure_set ? config->cookie_secure
                                            : cookie->over_https || config->https_only;
    mg_buf_append_format(out, "%s=%s; Path=/; Max-Age=%" PRId64, cookie->name, cookie->value,
                         cookie->max_age_s);
    if (s_host_is_in(cookie->host, config->cookie_domain)) {
        mg_buf_append_format(out, "; Domain=%s", config->cookie_domain);
    }
    mg_buf_append_text(out, cookie->http_only ? "; HttpOnly" : "");
    mg_buf_append_text(out, secure ? "; Secure" : "");
    mg_buf_append_format(out, "; SameSite=%s", s_samesite(config->cookie_samesite, secure));
}
