/* gate - what a request's head must be before one byte of its body is read.
 *
 * Owns     : nothing; a pure function of the head, so that it can be fuzzed.
 * Takes    : method, target, version and headers as the HTTP library found them, nothing unescaped.
 * Fails    : one verdict for the first rule that is broken; the answer is then 400 and the connection closes, because
 *            where the next request begins is no longer certain.
 * Not here : escapes in the target (gateway/percent.h), body limits (gateway/server.c).
 * Source   : design.md section 5; RFC 9112 sections 3 and 6; libmicrohttpd 0.9.75 lets every one of these pass.
 */
#ifndef MG_GATEWAY_GATE_H
#define MG_GATEWAY_GATE_H

#include "core/buf.h"

enum {
    MG_GATE_HEADERS_MAX = 100, /* header lines; browsers send about 20 */
    MG_GATE_TARGET_MAX = 8192  /* bytes of the request target */
};

typedef enum mg_method {
    MG_METHOD_GET,
    MG_METHOD_HEAD,
    MG_METHOD_POST,
    MG_METHOD_PUT,
    MG_METHOD_PATCH,
    MG_METHOD_DELETE,
    MG_METHOD_OPTIONS,
    MG_METHODS
} mg_method_t;

/* The name of a known method, static text. */
const char *mg_method_name(mg_method_t method);

typedef struct mg_header {
    mg_slice_t name;
    mg_slice_t value; /* without the blanks before it, with those behind it */
    size_t blanks;    /* spaces and tabs between colon and value */
} mg_header_t;

typedef struct mg_head {
    mg_slice_t method;
    mg_slice_t target;
    mg_slice_t version;
    const mg_header_t *headers;
    size_t header_count;
    size_t size; /* bytes of the head as it was sent, its last empty line included; 0: not known */
} mg_head_t;

typedef enum mg_gate_verdict {
    MG_GATE_PASS,
    MG_GATE_METHOD,       /* not a known method */
    MG_GATE_VERSION,      /* not HTTP/1.0 or HTTP/1.1 */
    MG_GATE_TARGET,       /* not an origin-form target of visible ASCII, or too long */
    MG_GATE_HEADER_COUNT, /* over MG_GATE_HEADERS_MAX */
    MG_GATE_NAME,         /* a header name that is no token */
    MG_GATE_HIDDEN, /* more bytes than its parts have: the library cuts a line at a NUL and drops the rest */
    MG_GATE_VALUE,     /* a control byte in a header value */
    MG_GATE_LOOKALIKE, /* a name that begins with a framing header's name but is another */
    MG_GATE_REPEATED,  /* a framing header twice, or both lengths */
    MG_GATE_LENGTH,    /* Content-Length is not a plain number */
    MG_GATE_CODING,    /* Transfer-Encoding is not exactly `chunked`, or not on HTTP/1.1 */
    MG_GATE_HOST,      /* Host missing on HTTP/1.1, or not a host */
    MG_GATE_VERDICTS
} mg_gate_verdict_t;

/* How the body is framed; filled when the head passes. */
typedef struct mg_framing {
    mg_method_t method;
    bool chunked;
    bool has_length;
    uint64_t length; /* bytes of the body when has_length */
} mg_framing_t;

/* Checks one head. `out` is written only with MG_GATE_PASS. */
MG_MUST_USE mg_gate_verdict_t mg_gate_check(const mg_head_t *head, mg_framing_t *out);
/* One sentence for the client; static text, names nothing of what was sent. */
const char *mg_gate_text(mg_gate_verdict_t verdict);

#endif
