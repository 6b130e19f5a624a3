/* ipfilter - the platform's address filter, and whose address counts.
 *
 * Owns     : nothing; pure functions of the settings document and the request's addresses.
 * Fails    : forwarding headers that do not hold an address are passed over.
 * Not here : addresses themselves (gateway/address.h), the settings routes (gateway/handlers/settings.c).
 * Source   : platform-api.md section 10.
 */
#ifndef MG_GATEWAY_IPFILTER_H
#define MG_GATEWAY_IPFILTER_H

#include "gateway/address.h"

/* Where a request comes from; values of headers that were not sent have data NULL. */
typedef struct mg_origin {
    mg_address_t peer;
    mg_slice_t forwarded_for; /* X-Forwarded-For */
    mg_slice_t real_ip;       /* X-Real-IP */
    mg_slice_t connecting_ip; /* CF-Connecting-IP */
} mg_origin_t;

/* What the security settings say of it; zero: there are no settings. Lists are the document's own arrays, empty ones data NULL. */
typedef struct mg_ipfilter {
    bool set;
    bool trusts_forwarding;
    bool local_bypass; /* requests from this machine pass */
    mg_slice_t proxies;
    mg_slice_t whitelist;
    mg_slice_t blacklist;
} mg_ipfilter_t;

typedef enum mg_ipfilter_verdict {
    MG_IPFILTER_PASS,
    MG_IPFILTER_NOT_LISTED, /* a whitelist is set and does not hold the address */
    MG_IPFILTER_LISTED      /* on the blacklist */
} mg_ipfilter_verdict_t;

/* True for a request from this machine or from an address of `list`: addresses and ranges, divided by commas; NULL: none. One that
 * was passed on counts only if the proxy is of these itself, and so is the address that it saw: the last one of `forwarded_last`, its
 * line of X-Forwarded-For (empty: proxies are not believed). Addresses before that are the client's own words. */
bool mg_ipfilter_is_near(const char *list, const mg_origin_t *origin, mg_slice_t forwarded_last);
/* Valid as long as the document; an empty document: no settings. */
mg_ipfilter_t mg_ipfilter_read(mg_slice_t settings);
/* The client's address: with trust on, from a trusted proxy, the first of the three headers; else the peer. */
mg_address_t mg_ipfilter_client(const mg_ipfilter_t *self, const mg_origin_t *origin);
/* bypass: what LOCAL_HOST_IP_BYPASS says when it is set, else the document's own word (-1). */
mg_ipfilter_verdict_t
mg_ipfilter_check(const mg_ipfilter_t *self, const mg_origin_t *origin, int bypass);

#endif
