/* cookies - reading the Cookie header, writing Set-Cookie lines.
 *
 * Owns     : nothing.
 * Fails    : a header that is not name=value pairs simply holds no such cookie.
 * Not here : what is in them (gateway/token.h), when they are set (gateway/auth.c).
 * Source   : RFC 6265; attributes: platform-api.md section 3.2.
 */
#ifndef MG_GATEWAY_COOKIES_H
#define MG_GATEWAY_COOKIES_H

#include "core/config.h"

#define MG_COOKIE_TOKEN "access_token_cookie"
#define MG_COOKIE_CSRF  "csrf_token"

/* The value of the first cookie of that name, without quotes; data NULL when there is none. */
mg_slice_t mg_cookie_get(mg_slice_t header, const char *name);

typedef struct mg_cookie {
    const char *name;
    const char
        *value; /* cookie characters only: a token, hex digits; "" with max_age_s 0 deletes */
    int64_t max_age_s;
    bool http_only;
    bool over_https; /* the connection is https, as far as we can know */
    mg_slice_t host; /* Host header of the request, for the Domain rule; data NULL: none */
} mg_cookie_t;

/* Appends the value of one Set-Cookie header. Secure: COOKIE_SECURE if set, else https or HTTPS_ONLY. SameSite:
 * `none` without Secure is lax. Domain only when COOKIE_DOMAIN has a dot and the host is in it. */
void mg_cookie_write(const mg_cookie_t *cookie, const mg_config_http_t *config, mg_buf_t *out);

#endif
