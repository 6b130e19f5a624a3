#include "core/jsontape.h"

#include "core/utf8.h"

#include <stdlib.h>
#include <string.h>

enum {
    FIRST_ROOM = 64,
    HEX_DIGITS = 4,
    SURROGATE = 0xd800,
    SURROGATE_LOW = 0xdc00,
    SURROGATE_END = 0xe000,
    SURROGATE_BITS = 10,
    ASTRAL = 0x10000,
    REPLACEMENT = 0xfffd
};

/* A container that is open. */
typedef struct level {
    bool is_object;
    size_t token; /* its index, when it is in the tape */
} level_t;

typedef struct scan {
    mg_slice_t text;
    size_t at;
    int levels;
    mg_jsontape_t *tape;
    level_t open[MG_JSONTAPE_DEPTH_MAX];
    int depth;
    mg_status_t status;
    const char *why;
} scan_t;

static bool
s_fail(scan_t *scan, const char *why)
{
    scan->status = MG_ERR_INVALID;
    scan->why = why;
    return false;
}

static void
s_skip_space(scan_t *scan)
{
    while (scan->at < scan->text.len && scan->text.data[scan->at] &&
           strchr(" \t\n\r", scan->text.data[scan->at])) {
        scan->at++;
    }
}

/* The next byte, 0 at the end; a NUL in the text is no JSON anywhere outside of an escape. */
static uint8_t
s_peek(const scan_t *scan)
{
    return scan->at < scan->text.len ? scan->text.data[scan->at] : 0;
}

/* Keeps a token that begins at `at`, if it is not too deep for the tape; its index goes to *out_index. */
static bool
s_keep(scan_t *scan, mg_jsonkind_t kind, size_t at, size_t len, size_t *out_index)
{
    mg_jsontape_t *tape = scan->tape;
    if (scan->depth >= scan->levels) {
        return true;
    }
    if (tape->count == tape->room) {
        size_t room = tape->room ? 2 * tape->room : FIRST_ROOM;
        mg_jsontoken_t *tokens = reallocarray(tape->tokens, room, sizeof *tokens);
        if (!tokens) {
            scan->status = MG_ERR_NO_MEMORY;
            scan->why = "there is no memory for it";
            return false;
        }
        tape->tokens = tokens;
        tape->room = room;
    }
    *out_index = tape->count;
    tape->tokens[tape->count] = (mg_jsontoken_t){kind, at, len, tape->count + 1};
    tape->count++;
    return true;
}

/* ---- scalars ---- */

static int
s_hex_value(uint8_t byte)
{
    if (byte >= '0' && byte <= '9') {
        return byte - '0';
    }
    byte |= 0x20; /* to lower case */
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* Four hexadecimal digits; false when they are not there. */
static bool
s_hex(mg_slice_t text, uint32_t *out)
{
    uint32_t value = 0;
    if (text.len < HEX_DIGITS) {
        return false;
    }
    for (size_t i = 0; i < HEX_DIGITS; i++) {
        int digit = s_hex_value(text.data[i]);
        if (digit < 0) {
            return false;
        }
        value = value << 4 | (uint32_t)digit;
    }
    *out = value;
    return true;
}

/* Behind a backslash. */
static bool
s_scan_escape(scan_t *scan)
{
    uint32_t ignored = 0;
    uint8_t letter = s_peek(scan);
    scan->at++;
    if (letter == 'u') {
        if (!s_hex(mg_slice(scan->text.data + scan->at, scan->text.len - scan->at), &ignored)) {
            return s_fail(scan, "an escape \\u lacks its four digits");
        }
        scan->at += HEX_DIGITS;
        return true;
    }
    return (letter && strchr("\"\\/bfnrt", letter)) || s_fail(scan, "there is no such escape");
}

/* One character of a text, or an escape. */
static bool
s_scan_character(scan_t *scan, uint8_t first)
{
    uint32_t point = 0;
    if (first >= ' ' && first < 0x80 && first != '\\') { /* most of them */
        scan->at++;
        return true;
    }
    if (first < ' ') {
        return s_fail(scan, scan->at < scan->text.len ? "a text holds a control character"
                                                      : "it ends within a text");
    }
    size_t len =
        mg_utf8_next(mg_slice(scan->text.data + scan->at, scan->text.len - scan->at), &point);
    if (len == 0) {
        return s_fail(scan, "a byte is not valid UTF-8");
    }
    scan->at += len;
    return first != '\\' || s_scan_escape(scan);
}

static bool
s_scan_text(scan_t *scan)
{
    size_t ignored = 0;
    size_t start = ++scan->at; /* behind the quote */
    for (uint8_t byte = s_peek(scan); byte != '"'; byte = s_peek(scan)) {
        if (!s_scan_character(scan, byte)) {
            return false;
        }
    }
    size_t end = scan->at++;
    return s_keep(scan, MG_JSON_TEXT, start, end - start, &ignored);
}

/* One digit or more. */
static bool
s_scan_digits(scan_t *scan)
{
    size_t start = scan->at;
    while (s_peek(scan) >= '0' && s_peek(scan) <= '9') {
        scan->at++;
    }
    return scan->at > start || s_fail(scan, "a number lacks a digit");
}

static bool
s_scan_number(scan_t *scan)
{
    size_t ignored = 0;
    size_t start = scan->at;
    mg_jsonkind_t kind = MG_JSON_INTEGER;
    scan->at += s_peek(scan) == '-';
    if (s_peek(scan) == '0') {
        scan->at++; /* a digit behind it is a mistake that shows as one */
    } else if (!s_scan_digits(scan)) {
        return false;
    }
    if (s_peek(scan) == '.') {
        kind = MG_JSON_DOUBLE;
        scan->at++;
        if (!s_scan_digits(scan)) {
            return false;
        }
    }
    if (s_peek(scan) == 'e' || s_peek(scan) == 'E') {
        kind = MG_JSON_DOUBLE;
        scan->at++;
        scan->at += s_peek(scan) == '-' || s_peek(scan) == '+';
        if (!s_scan_digits(scan)) {
            return false;
        }
    }
    return s_keep(scan, kind, start, scan->at - start, &ignored);
}

static const struct {
    const char *word;
    mg_jsonkind_t kind;
} s_words[] = {
    {"true", MG_JSON_TRUE}, {"false", MG_JSON_FALSE},       {"null", MG_JSON_NULL},
    {"NaN", MG_JSON_NAN},   {"Infinity", MG_JSON_INFINITY}, {"-Infinity", MG_JSON_MINUS_INFINITY},
};

static bool
s_scan_scalar(scan_t *scan)
{
    size_t ignored = 0;
    if (s_peek(scan) == '"') {
        return s_scan_text(scan);
    }
    for (size_t i = 0; i < sizeof s_words / sizeof *s_words; i++) {
        size_t len = strlen(s_words[i].word);
        if (scan->text.len - scan->at >= len &&
            memcmp(scan->text.data + scan->at, s_words[i].word, len) == 0) {
            scan->at += len;
            return s_keep(scan, s_words[i].kind, scan->at - len, len, &ignored);
        }
    }
    if (s_peek(scan) == '-' || (s_peek(scan) >= '0' && s_peek(scan) <= '9')) {
        return s_scan_number(scan);
    }
    return s_fail(scan, scan->at < scan->text.len ? "this is not JSON" : "it ends too early");
}

/* ---- containers ---- */

/* The key of a member with its colon; the value is due then. */
static bool
s_scan_key(scan_t *scan)
{
    s_skip_space(scan);
    if (s_peek(scan) != '"') {
        return s_fail(scan, "the key of a member is missing");
    }
    if (!s_scan_text(scan)) {
        return false;
    }
    s_skip_space(scan);
    if (s_peek(scan) != ':') {
        return s_fail(scan, "the colon behind a key is missing");
    }
    scan->at++;
    return true;
}

static void
s_close(scan_t *scan)
{
    const level_t *level = &scan->open[--scan->depth];
    scan->at++;
    if (scan->depth < scan->levels) {
        mg_jsontoken_t *token = &scan->tape->tokens[level->token];
        token->len = scan->at - token->at;
        token->next = scan->tape->count;
    }
}

static uint8_t
s_closing(const scan_t *scan)
{
    return scan->open[scan->depth - 1].is_object ? '}' : ']';
}

/* Opens a container; *out_due tells whether a value must follow, because it is not empty. */
static bool
s_open(scan_t *scan, bool *out_due)
{
    size_t token = 0;
    bool is_object = s_peek(scan) == '{';
    if (scan->depth == MG_JSONTAPE_DEPTH_MAX) {
        return s_fail(scan, "it is nested too deep");
    }
    if (!s_keep(scan, is_object ? MG_JSON_OBJECT : MG_JSON_ARRAY, scan->at, 0, &token)) {
        return false;
    }
    scan->open[scan->depth++] = (level_t){is_object, token};
    scan->at++;
    s_skip_space(scan);
    *out_due = s_peek(scan) != s_closing(scan);
    if (!*out_due) {
        s_close(scan);
        return true;
    }
    return !is_object || s_scan_key(scan);
}

/* Behind a value: closes what ends here; *out_due: another value must follow. */
static bool
s_go_on(scan_t *scan, bool *out_due)
{
    *out_due = false;
    while (scan->depth > 0 && !*out_due) {
        s_skip_space(scan);
        if (s_peek(scan) == s_closing(scan)) {
            s_close(scan);
        } else if (s_peek(scan) == ',') {
            scan->at++;
            *out_due = true;
        } else {
            return s_fail(scan,
                          scan->at < scan->text.len ? "a comma is missing" : "it ends too early");
        }
    }
    return !*out_due || !scan->open[scan->depth - 1].is_object || s_scan_key(scan);
}

static bool
s_scan(scan_t *scan)
{
    for (bool due = true; due;) {
        bool inside = false;
        s_skip_space(scan);
        bool opens = s_peek(scan) == '{' || s_peek(scan) == '[';
        if (opens ? !s_open(scan, &inside) : !s_scan_scalar(scan)) {
            return false;
        }
        if (!inside && !s_go_on(scan, &due)) {
            return false;
        }
    }
    s_skip_space(scan);
    return scan->at == scan->text.len || s_fail(scan, "something follows it");
}

mg_status_t
mg_jsontape_scan(mg_jsontape_t *self, mg_slice_t text, int levels, const char **out_why)
{
    scan_t scan = {.text = text, .levels = levels, .tape = self};
    self->count = 0;
    if (!s_scan(&scan)) {
        *out_why = scan.why;
    }
    return scan.status;
}

void
mg_jsontape_free(mg_jsontape_t *self)
{
    free(self->tokens);
    *self = (mg_jsontape_t){0};
}

mg_slice_t
mg_jsontape_bytes(const mg_jsontoken_t *token, mg_slice_t text)
{
    return mg_slice(text.data + token->at, token->len);
}

bool
mg_jsontape_is(const mg_jsontoken_t *token, mg_slice_t text, const char *plain)
{
    mg_buf_t decoded = {0};
    mg_slice_t escaped = mg_jsontape_bytes(token, text);
    if (token->kind != MG_JSON_TEXT) {
        return false;
    }
    if (escaped.len == 0 || !memchr(escaped.data, '\\', escaped.len)) {
        return mg_slice_equal(escaped, mg_slice_text(plain));
    }
    (void)mg_jsontape_decode(escaped, &decoded);
    bool same = mg_buf_ok(&decoded) && mg_slice_equal(mg_buf_slice(&decoded), mg_slice_text(plain));
    mg_buf_free(&decoded);
    return same;
}

/* ---- texts ---- */

static void
s_put_point(uint32_t point, mg_buf_t *out)
{
    static const struct {
        uint32_t below;
        uint8_t lead;
    } forms[] = {{0x80, 0}, {0x800, 0xc0}, {ASTRAL, 0xe0}, {0x110000, 0xf0}};
    size_t more = 0; /* bytes behind the first */
    while (point >= forms[more].below) {
        more++;
    }
    mg_buf_append_byte(out, (uint8_t)(forms[more].lead | point >> (6 * more)));
    while (more-- > 0) {
        mg_buf_append_byte(out, (uint8_t)(0x80 | (point >> (6 * more) & 0x3f)));
    }
}

/* The low half of a pair stands at the start of `rest`. */
static bool
s_low_half(mg_slice_t rest, uint32_t *out)
{
    return rest.len >= HEX_DIGITS + 2 && rest.data[0] == '\\' && rest.data[1] == 'u' &&
           s_hex(mg_slice(rest.data + 2, rest.len - 2), out) && *out >= SURROGATE_LOW &&
           *out < SURROGATE_END;
}

/* An escape \uXXXX at the start of `rest`; returns its length, with that of the second half of a pair. */
static size_t
s_decode_point(mg_slice_t rest, mg_buf_t *out, size_t *lone)
{
    uint32_t point = 0;
    uint32_t low = 0;
    size_t used = HEX_DIGITS + 2;
    (void)s_hex(mg_slice(rest.data + 2, rest.len - 2), &point); /* the scan has seen it */
    if (point >= SURROGATE && point < SURROGATE_LOW &&
        s_low_half(mg_slice(rest.data + used, rest.len - used), &low)) {
        point = ASTRAL + ((point - SURROGATE) << SURROGATE_BITS) + (low - SURROGATE_LOW);
        used *= 2;
    } else if (point >= SURROGATE && point < SURROGATE_END) {
        point = REPLACEMENT;
        (*lone)++;
    }
    s_put_point(point, out);
    return used;
}

size_t
mg_jsontape_decode(mg_slice_t escaped, mg_buf_t *out)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char bytes[] = "\"\\/\b\f\n\r\t";
    size_t lone = 0;
    size_t at = 0;
    while (at < escaped.len) {
        const uint8_t *here = escaped.data + at;
        const uint8_t *escape = memchr(here, '\\', escaped.len - at);
        size_t run = escape ? (size_t)(escape - here) : escaped.len - at;
        mg_buf_append(out, here, run);
        at += run;
        if (!escape) {
            break;
        }
        if (escape[1] == 'u') {
            at += s_decode_point(mg_slice(escape, escaped.len - at), out, &lone);
        } else {
            const char *letter = strchr(letters, escape[1]);
            mg_buf_append_byte(out, letter ? (uint8_t)bytes[letter - letters] : escape[1]);
            at += 2;
        }
    }
    return lone;
}
