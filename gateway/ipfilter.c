#include "gateway/ipfilter.h"

#include "core/document.h"

#include <string.h>

/* An array with at least one item; else data NULL. */
static mg_slice_t
s_list(mg_slice_t settings, const char *name)
{
    bson_iter_t at;
    bson_iter_t item;
    uint32_t len = 0;
    const uint8_t *data = NULL;
    if (!mg_document_find(settings, name, &at) || !BSON_ITER_HOLDS_ARRAY(&at) ||
        !bson_iter_recurse(&at, &item) || !bson_iter_next(&item)) {
        return (mg_slice_t){0};
    }
    bson_iter_array(&at, &len, &data);
    return mg_slice(data, len);
}

mg_ipfilter_t
mg_ipfilter_read(mg_slice_t settings)
{
    if (settings.len == 0) {
        return (mg_ipfilter_t){0};
    }
    return (mg_ipfilter_t){
        .set = true,
        .trusts_forwarding = mg_document_bool(settings, "trust_x_forwarded_for", false),
        .local_bypass = mg_document_bool(settings, "allow_localhost_bypass", true),
        .proxies = s_list(settings, "xff_trusted_proxies"),
        .whitelist = s_list(settings, "ip_whitelist"),
        .blacklist = s_list(settings, "ip_blacklist"),
    };
}

/* False for an empty list. */
static bool
s_holds(mg_slice_t list, const mg_address_t *address)
{
    bson_iter_t item;
    bool found = false;
    if (!list.data || !bson_iter_init_from_data(&item, list.data, list.len)) {
        return false;
    }
    while (!found && bson_iter_next(&item)) {
        uint32_t len = 0;
        const char *range = BSON_ITER_HOLDS_UTF8(&item) ? bson_iter_utf8(&item, &len) : "";
        found = mg_address_in_range(address, mg_slice(range, len));
    }
    return found;
}

/* True for an empty list too: it restricts nobody. */
static bool
s_admits(mg_slice_t list, const mg_address_t *address)
{
    return !list.data || s_holds(list, address);
}

mg_address_t
mg_ipfilter_client(const mg_ipfilter_t *self, const mg_origin_t *origin)
{
    if (!self->trusts_forwarding || !s_admits(self->proxies, &origin->peer)) {
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
s_bypasses(const mg_ipfilter_t *self, const mg_origin_t *origin, int bypass)
{
    bool on = bypass >= 0 ? bypass != 0 : self->local_bypass;
    return on && !s_is_forwarded(origin) && mg_address_is_loopback(&origin->peer);
}

mg_ipfilter_verdict_t
mg_ipfilter_check(const mg_ipfilter_t *self, const mg_origin_t *origin, int bypass)
{
    if (!self->set || s_bypasses(self, origin, bypass)) {
        return MG_IPFILTER_PASS;
    }
    mg_address_t client = mg_ipfilter_client(self, origin);
    if (!s_admits(self->whitelist, &client)) {
        return MG_IPFILTER_NOT_LISTED;
    }
    return s_holds(self->blacklist, &client) ? MG_IPFILTER_LISTED : MG_IPFILTER_PASS;
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
