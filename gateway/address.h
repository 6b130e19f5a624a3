/* address - client addresses: text forms, ranges, and whom to believe about X-Forwarded-For.
 *
 * Owns     : nothing.
 * Fails    : MG_ERR_INVALID for text that is no address or range; a range that does not parse matches nobody.
 * Not here : the settings that name the ranges (gateway/ipfilter.h).
 * Source   : platform-api.md section 10.
 */
#ifndef MG_GATEWAY_ADDRESS_H
#define MG_GATEWAY_ADDRESS_H

#include "core/buf.h"

#include <sys/socket.h>

enum { MG_ADDRESS_TEXT = 46 /* bytes of an address in text with its NUL */ };

/* One address; IPv4 is kept as IPv4-mapped IPv6, so that both compare alike. */
typedef struct mg_address {
    uint8_t bytes[16];
} mg_address_t;

/* Reads "192.0.2.1", "2001:db8::1" or "::ffff:192.0.2.1"; blanks around it are allowed. */
MG_MUST_USE mg_status_t mg_address_read(mg_slice_t text, mg_address_t *out);
/* The peer of a socket; MG_ERR_INVALID for families other than IP. */
MG_MUST_USE mg_status_t mg_address_of_socket(const struct sockaddr *peer, mg_address_t *out);
void mg_address_write(const mg_address_t *self, char out[MG_ADDRESS_TEXT]);
/* 127.0.0.0/8 and ::1. */
bool mg_address_is_loopback(const mg_address_t *self);
/* True when `range` ("10.0.0.0/8", "2001:db8::/32", or one address) holds it. */
bool mg_address_in_range(const mg_address_t *self, mg_slice_t range);

#endif
