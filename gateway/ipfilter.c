#include "gateway/ipfilter.h"

#include "core/document.h"

#include <string.h>

typedef enum membership { LIST_EMPTY, LIST_WITHOUT, LIST_WITH } membership_t;

static membership_t
s_membership(mg_slice_t settings, const char *list, const mg_address_t *address)
{
    bson_iter_t at;
    bson_iter_t item;
    if (!mg_document_find(settings, list, &at) || !BSON_ITER_HOLDS_ARRAY(&at) ||
        !bson_iter_recurse(&at, &item)) {
        return LIST_EMPTY;
    }
    membership_t found = LIST_EMPTY;
    while (found != LIST_WITH && bson_iter_next(&item)) {
        uint32_t len = 0;
        const char *range = BSON_ITER_HOLDS_UTF8(&item) ? bson_iter_utf8(&item, &len) : "";
        found = mg_address_in_range(address, mg_slice(range, len)) ? LIST_WITH : LIST_WITHOUT;
    }
    return found;
}

mg_address_t
mg_ipfilter_client(mg_slice_t settings, const mg_origin_t *origin)
{
    if (settings.len == 0 || !mg_document_bool(settings, "trust_x_forwarded_for", false) ||
        s_membership(settings, "xff_trusted_proxies", &origin->peer) == LIST_WITHOUT) {
        return origin->peer;
    }
    mg_slice_t first = origin->forwarded_for;
    const uint8_t *comma = first.len ? memchr(first.data, ',', first.len) : NULL;
    if (comma) {
        first.len = (size_t)(comma - first.data);
    }
    const mg_slice_t candidates[] = {first, origin->real_ip, origin->connecting_ip};
    for (size_t i = 0; i < sizeof candidates / sizeof *candidates; i++) {
        mg_address_t address;
        if (mg_address_read(candidates[i], &address) == MG_OK) {
            return address;
        }
    }
    return origin->peer;
}

/* Some header says that a proxy passed the request on. */
static bool
s_is_forwarded(const mg_origin_t *origin)
{
    return origin->forwarded_for.data || origin->real_ip.data || origin->connecting_ip.data;
}

static bool
s_bypasses(mg_slice_t settings, const mg_origin_t *origin, int bypass)
{
    bool on =
        bypass >= 0 ? bypass != 0 : mg_document_bool(settings, "allow_localhost_bypass", true);
    return on && !s_is_forwarded(origin) && mg_address_is_loopback(&origin->peer);
}

mg_ipfilter_verdict_t
mg_ipfilter_check(mg_slice_t settings, const mg_origin_t *origin, int bypass)
{
    if (settings.len == 0 || s_bypasses(settings, origin, bypass)) {
        return MG_IPFILTER_PASS;
    }
    mg_address_t client = mg_ipfilter_client(settings, origin);
    if (s_membership(settings, "ip_whitelist", &client) == LIST_WITHOUT) {
        return MG_IPFILTER_NOT_LISTED;
    }
    return s_membership(settings, "ip_blacklist", &client) == LIST_WITH ? MG_IPFILTER_LISTED
                                                                        : MG_IPFILTER_PASS;
}

static bool
s_lists(const char *list, const mg_address_t *address)
{
    bool lists = mg_address_is_loopback(address);
    while (list && *list && !lists) {
        size_t len = strcspn(list, ",");
        lists = mg_address_in_range(address, mg_slice(list, len));
        list += len + (list[len] == ',');
    }
    return lists;
}

bool
mg_ipfilter_is_near(const char *list, const mg_origin_t *origin, mg_slice_t forwarded_last)
{
    if (!s_lists(list, &origin->peer)) {
        return false;
    }
    if (!s_is_forwarded(origin)) {
        return true;
    }
    mg_slice_t last = forwarded_last;
    const uint8_t *comma = last.len ? memrchr(last.data, ',', last.len) : NULL;
    if (comma) {
        last = mg_slice(comma + 1, (size_t)(last.data + last.len - comma - 1));
    }
    mg_address_t client;
    return mg_address_read(last, &client) == MG_OK && s_lists(list, &client);
}
