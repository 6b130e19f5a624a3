#include "gateway/gate.h"

#include "core/ascii.h"
#include "gateway/text.h"

#include <string.h>
#include <strings.h>

enum { LENGTH_DIGITS_MAX = 18 /* below 2^63, so the sum cannot overflow */ };

typedef enum framing_header {
    HEADER_LENGTH,
    HEADER_CODING,
    HEADER_HOST,
    FRAMING_HEADERS
} framing_header_t;

static const char *const s_framing_names[FRAMING_HEADERS] = {
    [HEADER_LENGTH] = "content-length",
    [HEADER_CODING] = "transfer-encoding",
    [HEADER_HOST] = "host",
};

static const char *const s_method_names[MG_METHODS] = {
    [MG_METHOD_GET] = "GET",         [MG_METHOD_HEAD] = "HEAD",   [MG_METHOD_POST] = "POST",
    [MG_METHOD_PUT] = "PUT",         [MG_METHOD_PATCH] = "PATCH", [MG_METHOD_DELETE] = "DELETE",
    [MG_METHOD_OPTIONS] = "OPTIONS",
};

static const char *const s_texts[MG_GATE_VERDICTS] = {
    [MG_GATE_PASS] = "",
    [MG_GATE_METHOD] = "The method is not known",
    [MG_GATE_VERSION] = "The HTTP version is not supported",
    [MG_GATE_TARGET] = "The request target is not a plain path",
    [MG_GATE_HEADER_COUNT] = "Too many header lines",
    [MG_GATE_NAME] = "A header name is not a token",
    [MG_GATE_HIDDEN] = "The head holds bytes that belong to no header",
    [MG_GATE_VALUE] = "A header value holds a control character",
    [MG_GATE_LOOKALIKE] = "A header name resembles a framing header",
    [MG_GATE_REPEATED] = "The body's length is stated more than once",
    [MG_GATE_LENGTH] = "Content-Length is not a number",
    [MG_GATE_CODING] = "Transfer-Encoding must be chunked, on HTTP/1.1",
    [MG_GATE_HOST] = "The Host header is missing or not a host",
};

const char *
mg_method_name(mg_method_t method)
{
    return s_method_names[method];
}

const char *
mg_gate_text(mg_gate_verdict_t verdict)
{
    return s_texts[verdict];
}

static bool
s_is_alphanumeric(uint8_t byte)
{
    return (byte >= '0' && byte <= '9') || ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z');
}

/* RFC 9110 section 5.6.2 */
static bool
s_is_token_byte(uint8_t byte)
{
    switch (byte) {
    case '!':
    case '#':
    case '$':
    case '%':
    case '&':
    case '\'':
    case '*':
    case '+':
    case '-':
    case '.':
    case '^':
    case '_':
    case '`':
    case '|':
    case '~':
        return true;
    default:
        return s_is_alphanumeric(byte);
    }
}

/* What a path and a query may hold, percent signs among it. */
static bool
s_is_target_byte(uint8_t byte)
{
    switch (byte) {
    case '"':
    case '#':
    case '<':
    case '>':
    case '\\':
    case '^':
    case '`':
    case '{':
    case '|':
    case '}':
        return false;
    default:
        return byte > 0x20 && byte < 0x7f;
    }
}

/* A host, an IPv6 literal, a port: the bytes of RFC 3986 `authority` without user information. */
static bool
s_is_host_byte(uint8_t byte)
{
    switch (byte) {
    case '-':
    case '.':
    case '_':
    case '~':
    case ':':
    case '[':
    case ']':
    case '%':
    case '!':
    case '$':
    case '&':
    case '\'':
    case '(':
    case ')':
    case '*':
    case '+':
    case ',':
    case ';':
    case '=':
        return true;
    default:
        return s_is_alphanumeric(byte);
    }
}

static bool
s_is_token(mg_slice_t text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!s_is_token_byte(text.data[i])) {
            return false;
        }
    }
    return text.len > 0;
}

/* True when `text` begins with the lower-case `prefix`, in any case of its own letters. */
static bool
s_begins_with(mg_slice_t text, const char *prefix)
{
    size_t len = strlen(prefix);
    return text.len >= len && strncasecmp((const char *)text.data, prefix, len) == 0;
}

/* Printable, a tab, or beyond ASCII. */
static bool
s_value_is_clean(mg_slice_t value)
{
    for (size_t at = mg_ascii_printable(value, 0); at < value.len;
         at = mg_ascii_printable(value, at + 1)) {
        uint8_t byte = value.data[at];
        if (mg_text_is_control(byte) && byte != '\t') {
            return false;
        }
    }
    return true;
}

static bool
s_find_method(mg_slice_t text, mg_method_t *out)
{
    for (int i = 0; i < MG_METHODS; i++) {
        if (mg_slice_equal(text, mg_slice_text(s_method_names[i]))) {
            *out = (mg_method_t)i;
            return true;
        }
    }
    return false;
}

static bool
s_target_is_plain(mg_slice_t target)
{
    if (target.len == 0 || target.len > MG_GATE_TARGET_MAX || target.data[0] != '/') {
        return false;
    }
    for (size_t i = 0; i < target.len; i++) {
        if (!s_is_target_byte(target.data[i])) {
            return false;
        }
    }
    return true;
}

static bool
s_read_length(mg_slice_t value, uint64_t *out)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < value.len; i++) {
        if (value.data[i] < '0' || value.data[i] > '9') {
            return false;
        }
        sum = sum * 10 + (uint64_t)(value.data[i] - '0');
    }
    *out = sum;
    return true;
}

static bool
s_is_host(mg_slice_t value)
{
    for (size_t i = 0; i < value.len; i++) {
        if (!s_is_host_byte(value.data[i])) {
            return false;
        }
    }
    return value.len > 0;
}

/* What the framing headers said so far; a value with data NULL was not sent. */
typedef struct seen {
    mg_slice_t value[FRAMING_HEADERS];
    bool present[FRAMING_HEADERS];
} seen_t;

static mg_gate_verdict_t
s_note_framing(const mg_header_t *header, seen_t *seen)
{
    for (int i = 0; i < FRAMING_HEADERS; i++) {
        if (!s_begins_with(header->name, s_framing_names[i])) {
            continue;
        }
        if (header->name.len != strlen(s_framing_names[i])) {
            return MG_GATE_LOOKALIKE;
        }
        if (seen->present[i]) {
            return MG_GATE_REPEATED;
        }
        seen->present[i] = true;
        seen->value[i] = header->value;
    }
    return MG_GATE_PASS;
}

static mg_gate_verdict_t
s_check_headers(const mg_head_t *head, seen_t *seen)
{
    if (head->header_count > MG_GATE_HEADERS_MAX) {
        return MG_GATE_HEADER_COUNT;
    }
    for (size_t i = 0; i < head->header_count; i++) {
        const mg_header_t *header = &head->headers[i];
        if (!s_is_token(header->name)) {
            return MG_GATE_NAME;
        }
        if (!s_value_is_clean(header->value)) {
            return MG_GATE_VALUE;
        }
        mg_gate_verdict_t verdict = s_note_framing(header, seen);
        if (verdict != MG_GATE_PASS) {
            return verdict;
        }
    }
    return MG_GATE_PASS;
}

static mg_gate_verdict_t
s_check_framing(const seen_t *seen, bool is_http11, mg_framing_t *framing)
{
    if (seen->present[HEADER_LENGTH] && seen->present[HEADER_CODING]) {
        return MG_GATE_REPEATED;
    }
    mg_slice_t length = seen->value[HEADER_LENGTH];
    framing->has_length = seen->present[HEADER_LENGTH];
    if (framing->has_length && (length.len == 0 || length.len > LENGTH_DIGITS_MAX ||
                                !s_read_length(length, &framing->length))) {
        return MG_GATE_LENGTH;
    }
    mg_slice_t coding = seen->value[HEADER_CODING];
    framing->chunked = seen->present[HEADER_CODING];
    if (framing->chunked &&
        (!is_http11 || coding.len != strlen("chunked") || !s_begins_with(coding, "chunked"))) {
        return MG_GATE_CODING;
    }
    bool host_required = is_http11 || seen->present[HEADER_HOST];
    return host_required && !s_is_host(seen->value[HEADER_HOST]) ? MG_GATE_HOST : MG_GATE_PASS;
}

/* The most that these parts can take: CR LF at each end. Whoever ends lines with LF alone could hide a byte in each; framing headers are
 * safe even then, since what is left of them must be a whole number or `chunked`. */
static bool
s_is_accounted_for(const mg_head_t *head)
{
    enum { BLANKS = 2 /* of the first line */, COLON = 1, END = 2 };
    size_t most = head->method.len + head->target.len + head->version.len + BLANKS + END + END;
    for (size_t i = 0; i < head->header_count; i++) {
        const mg_header_t *header = &head->headers[i];
        most += header->name.len + COLON + header->blanks + header->value.len + END;
    }
    return head->size <= most;
}

mg_gate_verdict_t
mg_gate_check(const mg_head_t *head, mg_framing_t *out)
{
    mg_framing_t framing = {0};
    if (!s_find_method(head->method, &framing.method)) {
        return MG_GATE_METHOD;
    }
    bool is_http11 = mg_slice_equal(head->version, mg_slice_text("HTTP/1.1"));
    if (!is_http11 && !mg_slice_equal(head->version, mg_slice_text("HTTP/1.0"))) {
        return MG_GATE_VERSION;
    }
    if (!s_target_is_plain(head->target)) {
        return MG_GATE_TARGET;
    }
    seen_t seen = {0};
    mg_gate_verdict_t verdict = s_check_headers(head, &seen);
    if (verdict == MG_GATE_PASS && !s_is_accounted_for(head)) {
        verdict = MG_GATE_HIDDEN;
    }
    if (verdict == MG_GATE_PASS) {
        verdict = s_check_framing(&seen, is_http11, &framing);
    }
    if (verdict == MG_GATE_PASS) {
        *out = framing;
    }
    return verdict;
}
