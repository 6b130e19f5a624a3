#include "gateway/address.h"

#include "gateway/text.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

enum { V4_AT = 12, V4_BITS_BEFORE = 96, BITS = 128 };

static const uint8_t s_v4_prefix[V4_AT] = {[10] = 0xff, [11] = 0xff};

static mg_address_t
s_from_v4(const void *four_bytes)
{
    mg_address_t out;
    memcpy(out.bytes, s_v4_prefix, V4_AT);
    memcpy(out.bytes + V4_AT, four_bytes, 4);
    return out;
}

static bool
s_is_v4(const mg_address_t *self)
{
    return memcmp(self->bytes, s_v4_prefix, V4_AT) == 0;
}

mg_status_t
mg_address_read(mg_slice_t text, mg_address_t *out)
{
    char copy[MG_ADDRESS_TEXT];
    text = mg_text_trim(text);
    if (text.len == 0 || text.len >= sizeof copy || memchr(text.data, 0, text.len)) {
        return MG_ERR_INVALID;
    }
    memcpy(copy, text.data, text.len);
    copy[text.len] = 0;
    struct in_addr v4;
    if (inet_pton(AF_INET, copy, &v4) == 1) {
        *out = s_from_v4(&v4);
        return MG_OK;
    }
    mg_address_t v6;
    if (inet_pton(AF_INET6, copy, v6.bytes) != 1) {
        return MG_ERR_INVALID;
    }
    *out = v6;
    return MG_OK;
}

mg_status_t
mg_address_of_socket(const struct sockaddr *peer, mg_address_t *out)
{
    if (peer && peer->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, peer, sizeof v4);
        *out = s_from_v4(&v4.sin_addr);
        return MG_OK;
    }
    if (peer && peer->sa_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, peer, sizeof v6);
        memcpy(out->bytes, &v6.sin6_addr, sizeof out->bytes);
        return MG_OK;
    }
    return MG_ERR_INVALID;
}

void
mg_address_write(const mg_address_t *self, char out[MG_ADDRESS_TEXT])
{
    bool v4 = s_is_v4(self);
    if (!inet_ntop(v4 ? AF_INET : AF_INET6, self->bytes + (v4 ? V4_AT : 0), out, MG_ADDRESS_TEXT)) {
        out[0] = 0;
    }
}

bool
mg_address_is_loopback(const mg_address_t *self)
{
    static const uint8_t v6_loopback[16] = {[15] = 1};
    return s_is_v4(self) ? self->bytes[V4_AT] == 127
                         : memcmp(self->bytes, v6_loopback, sizeof v6_loopback) == 0;
}

/* The number behind the '/': digits only, at most `max`. */
static bool
s_read_bits(mg_slice_t text, unsigned max, unsigned *out)
{
    unsigned bits = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9' || bits > max) {
            return false;
        }
        bits = bits * 10 + (unsigned)(text.data[i] - '0');
    }
    *out = bits;
    return text.len > 0 && bits <= max;
}

static bool
s_same_prefix(const mg_address_t *a, const mg_address_t *b, unsigned bits)
{
    if (memcmp(a->bytes, b->bytes, bits / 8) != 0) {
        return false;
    }
    unsigned rest = bits % 8;
    return rest == 0 || (a->bytes[bits / 8] ^ b->bytes[bits / 8]) >> (8 - rest) == 0;
}

bool
mg_address_in_range(const mg_address_t *self, mg_slice_t range)
{
    range = mg_text_trim(range);
    const uint8_t *slash = range.len ? memchr(range.data, '/', range.len) : NULL;
    size_t len = slash ? (size_t)(slash - range.data) : range.len;
    mg_address_t base;
    if (mg_address_read(mg_slice(range.data, len), &base) != MG_OK) {
        return false;
    }
    if (s_is_v4(&base) != s_is_v4(self)) {
        return false; /* ::/0 names no IPv4 client */
    }
    unsigned before = s_is_v4(&base) ? V4_BITS_BEFORE : 0;
    unsigned bits = BITS - before;
    if (slash && !s_read_bits(mg_slice(slash + 1, range.len - len - 1), BITS - before, &bits)) {
        return false;
    }
    return s_same_prefix(self, &base, before + bits);
}
