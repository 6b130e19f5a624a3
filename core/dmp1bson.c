#include "core/dmp1bson.h"

#include "core/bsoncheck.h"
#include "core/entry.h"

#include <bson/bson.h>
#include <sodium.h>

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char s_escaped[] = "__esckey__:";

enum { DECIMAL_DIGITS = 34, INT64_TEXT = 20 /* characters, with the sign */ };

/* Where values go to, and what they come from. */
typedef struct place {
    const mg_jsontape_t *tape;
    mg_slice_t text;
    mg_dmp1_counts_t *counts;
    bson_t *to;
    int depth; /* levels above: 1 in the document itself */
    const char **why;
} place_t;

/* One member of an object; its key lies in a buffer of the whole object. */
typedef struct member {
    const mg_buf_t *keys;
    size_t key_at;
    size_t key_len;
    size_t value; /* token */
    mg_slice_t source;
    bool replaced; /* a surrogate in the key */
    bool escaped;
    bool dead; /* the key stands further in front, and has this value */
} member_t;

static mg_slice_t
s_key(const member_t *member)
{
    return mg_slice(member->keys->data + member->key_at, member->key_len);
}

/* ---- keys ---- */

/* Keys that BSON, or the top level of a stored document, can not have. */
static bool
s_must_escape(mg_slice_t key, bool top)
{
    size_t prefix = sizeof s_escaped - 1;
    bool taken = key.len >= prefix && memcmp(key.data, s_escaped, prefix) == 0;
    bool no_name = key.len == 0 || key.data[0] == '$' || memchr(key.data, '.', key.len);
    return taken || (key.len && memchr(key.data, 0, key.len)) || (top && no_name);
}

/* Appends `bytes` as base64. */
static void
s_put_base64(mg_slice_t bytes, mg_buf_t *out)
{
    size_t size = sodium_base64_encoded_len(bytes.len, sodium_base64_VARIANT_ORIGINAL);
    char *at = (char *)mg_buf_extend(out, size);
    if (at) {
        (void)sodium_bin2base64(at, size, bytes.data, bytes.len, sodium_base64_VARIANT_ORIGINAL);
        out->len--; /* the NUL */
    }
}

static void
s_read_key(const place_t *place, const mg_jsontoken_t *token, mg_buf_t *keys, member_t *out)
{
    mg_buf_t plain = {0};
    *out = (member_t){.keys = keys, .key_at = keys->len, .value = token->next};
    out->source = mg_jsontape_bytes(token, place->text);
    out->replaced = mg_jsontape_decode(out->source, &plain) > 0;
    out->escaped = s_must_escape(mg_buf_slice(&plain), place->depth == 1);
    if (out->escaped) {
        mg_buf_append_text(keys, s_escaped);
        s_put_base64(mg_buf_slice(&plain), keys);
    } else {
        mg_buf_append_slice(keys, mg_buf_slice(&plain));
    }
    keys->failed = keys->failed || !mg_buf_ok(&plain);
    out->key_len = keys->len - out->key_at;
    mg_buf_free(&plain);
}

static int
s_compare_members(const void *left, const void *right)
{
    const member_t *a = *(member_t *const *)left;
    const member_t *b = *(member_t *const *)right;
    int order = mg_slice_compare(s_key(a), s_key(b));
    return order ? order : (a > b) - (a < b); /* in order of the text */
}

/* Of members with one key the first place and the last value stay. */
static void
s_merge(const place_t *place, member_t **sorted, size_t count)
{
    member_t *first = count ? sorted[0] : NULL;
    for (size_t i = 1; i < count; i++) {
        member_t *member = sorted[i];
        if (!mg_slice_equal(s_key(first), s_key(member))) {
            first = member;
            continue;
        }
        bool differed = member->replaced && !mg_slice_equal(first->source, member->source);
        place->counts->keys_merged += differed;
        first->value = member->value;
        member->dead = true;
    }
}

/* ---- scalars ---- */

static int
s_base64_value(uint8_t byte)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = byte ? strchr(digits, byte) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* As Python's base64.b64decode does: what is no digit is passed over, and what follows the padding too. False where
 * that refuses. */
static bool
s_decode_base64(mg_slice_t text, mg_buf_t *out)
{
    unsigned place = 0; /* digits of the group so far */
    unsigned pads = 0;
    unsigned bits = 0;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.data[i];
        if (byte & 0x80) {
            return false; /* not ASCII */
        }
        if (byte == '=' && place >= 2 && place + ++pads >= 4) {
            return true;
        }
        int value = s_base64_value(byte);
        if (value < 0) {
            continue;
        }
        pads = 0;
        bits = (bits << 6 | (unsigned)value) & 0xfff;
        if (place) {
            mg_buf_append_byte(out, (uint8_t)(bits >> (6 - 2 * place)));
        }
        place = (place + 1) % 4;
    }
    return place == 0;
}

static bool
s_append_integer(const place_t *place, const member_t *as, mg_slice_t digits)
{
    char text[DECIMAL_DIGITS + 2] = ""; /* with sign and NUL */
    bson_decimal128_t decimal;
    const char *key = (const char *)s_key(as).data;
    size_t sign = digits.data[0] == '-';
    if (digits.len - sign > DECIMAL_DIGITS) {
        place->counts->int_text++;
        return bson_append_utf8(place->to, key, (int)as->key_len, (const char *)digits.data,
                                (int)digits.len);
    }
    memcpy(text, digits.data, digits.len);
    errno = 0;
    int64_t number = strtoll(text, NULL, 10);
    if (errno == 0) {
        return bson_append_int64(place->to, key, (int)as->key_len, number);
    }
    place->counts->decimal128++;
    return bson_decimal128_from_string(text, &decimal) &&
           bson_append_decimal128(place->to, key, (int)as->key_len, &decimal);
}

static bool
s_append_double(const place_t *place, const member_t *as, mg_slice_t digits)
{
    mg_buf_t text = {0};
    mg_buf_append_slice(&text, digits);
    double number = strtod(mg_buf_text(&text), NULL); /* beyond the range: infinity, or zero */
    bool good = mg_buf_ok(&text) && bson_append_double(place->to, (const char *)s_key(as).data,
                                                       (int)as->key_len, number);
    mg_buf_free(&text);
    return good;
}

static bool
s_append_text(const place_t *place, const member_t *as, mg_slice_t escaped)
{
    mg_buf_t text = {0};
    place->counts->surrogates += mg_jsontape_decode(escaped, &text);
    const char *bytes = mg_buf_text(&text);
    bool good = mg_buf_ok(&text) && bson_append_utf8(place->to, (const char *)s_key(as).data,
                                                     (int)as->key_len, bytes, (int)text.len);
    mg_buf_free(&text);
    return good;
}

static bool
s_append_bytes(const place_t *place, const member_t *as, const mg_jsontoken_t *base64)
{
    mg_buf_t text = {0};
    mg_buf_t bytes = {0};
    (void)mg_jsontape_decode(mg_jsontape_bytes(base64, place->text), &text);
    if (!s_decode_base64(mg_buf_slice(&text), &bytes)) {
        place->counts->bad_base64++;
        bytes.len = 0;
    }
    bool good = mg_buf_ok(&text) && mg_buf_ok(&bytes) &&
                bson_append_binary(place->to, (const char *)s_key(as).data, (int)as->key_len,
                                   BSON_SUBTYPE_BINARY, bytes.data, (uint32_t)bytes.len);
    mg_buf_free(&text);
    mg_buf_free(&bytes);
    return good;
}

/* ---- values: recursive, place.depth is bounded by MG_BSON_DEPTH_MAX ---- */
// NOLINTBEGIN(misc-no-recursion)

static mg_status_t s_append(const place_t *place, const member_t *as, size_t index);

static size_t
s_count_members(const place_t *place, size_t object)
{
    size_t count = 0;
    const mg_jsontoken_t *tokens = place->tape->tokens;
    for (size_t at = object + 1; at < tokens[object].next; at = tokens[at + 1].next) {
        count++;
    }
    return count;
}

/* The members in order, merged; the caller frees *out and `keys`. */
static mg_status_t
s_read_members(const place_t *place,
               size_t object,
               mg_buf_t *keys,
               member_t **out,
               size_t *out_count)
{
    size_t count = s_count_members(place, object);
    member_t *members = calloc(count + 1, sizeof *members);
    member_t **sorted = calloc(count + 1, sizeof(member_t *));
    mg_status_t status = members && sorted ? MG_OK : MG_ERR_NO_MEMORY;
    size_t at = object + 1;
    for (size_t i = 0; status == MG_OK && i < count; i++) {
        s_read_key(place, &place->tape->tokens[at], keys, &members[i]);
        sorted[i] = &members[i];
        at = place->tape->tokens[at + 1].next;
    }
    if (status == MG_OK && !mg_buf_ok(keys)) {
        status = MG_ERR_NO_MEMORY;
    }
    if (status != MG_OK) {
        free(members);
        free(sorted);
        return status;
    }
    qsort(sorted, count, sizeof(member_t *), s_compare_members);
    s_merge(place, sorted, count);
    free(sorted);
    *out = members;
    *out_count = count;
    return MG_OK;
}

static mg_status_t
s_append_members(const place_t *place, size_t object)
{
    mg_buf_t keys = {0};
    member_t *members = NULL;
    size_t count = 0;
    (void)mg_buf_text(&keys); /* so that an empty key has an address */
    mg_status_t status = s_read_members(place, object, &keys, &members, &count);
    for (size_t i = 0; status == MG_OK && i < count; i++) {
        const member_t *member = &members[i];
        if (!member->dead) {
            place->counts->surrogates += member->replaced;
            place->counts->keys_escaped += member->escaped;
            status = s_append(place, member, member->value);
        }
    }
    free(members);
    mg_buf_free(&keys);
    return status;
}

static mg_status_t
s_append_items(const place_t *place, size_t array)
{
    mg_status_t status = MG_OK;
    uint32_t index = 0;
    const mg_jsontoken_t *tokens = place->tape->tokens;
    for (size_t at = array + 1; status == MG_OK && at < tokens[array].next; at = tokens[at].next) {
        char text[16];
        (void)snprintf(text, sizeof text, "%u", index++);
        mg_buf_t key = {.data = (uint8_t *)text};
        member_t as = {.keys = &key, .key_len = strlen(text)};
        status = s_append(place, &as, at);
    }
    return status;
}

/* The text under `data` of an object that stands for bytes; NULL for any other object. */
static const mg_jsontoken_t *
s_bytes_of(const place_t *place, size_t object)
{
    const mg_jsontoken_t *tokens = place->tape->tokens;
    const mg_jsontoken_t *type = NULL;
    const mg_jsontoken_t *data = NULL;
    for (size_t at = object + 1; at < tokens[object].next; at = tokens[at + 1].next) {
        if (mg_jsontape_is(&tokens[at], place->text, "__type__")) {
            type = &tokens[at + 1];
        } else if (mg_jsontape_is(&tokens[at], place->text, "data")) {
            data = &tokens[at + 1];
        }
    }
    bool bytes =
        type && data && data->kind == MG_JSON_TEXT && mg_jsontape_is(type, place->text, "bytes");
    return bytes ? data : NULL;
}

static mg_status_t
s_append_nested(const place_t *place, const member_t *as, size_t index)
{
    bson_t child;
    place_t below = *place;
    below.to = &child;
    below.depth++;
    const char *key = (const char *)s_key(as).data;
    bool is_array = place->tape->tokens[index].kind == MG_JSON_ARRAY;
    if (place->depth >= MG_BSON_DEPTH_MAX) {
        *place->why = "it is nested deeper than 64 levels";
        return MG_ERR_INVALID;
    }
    bool begun = is_array ? bson_append_array_begin(place->to, key, (int)as->key_len, &child)
                          : bson_append_document_begin(place->to, key, (int)as->key_len, &child);
    if (!begun) {
        return MG_ERR_TOO_BIG;
    }
    mg_status_t status = is_array ? s_append_items(&below, index) : s_append_members(&below, index);
    bool ended = is_array ? bson_append_array_end(place->to, &child)
                          : bson_append_document_end(place->to, &child);
    return status == MG_OK && !ended ? MG_ERR_TOO_BIG : status;
}

static mg_status_t
s_append(const place_t *place, const member_t *as, size_t index)
{
    bool good = false;
    const mg_jsontoken_t *token = &place->tape->tokens[index];
    mg_slice_t source = mg_jsontape_bytes(token, place->text);
    const char *key = (const char *)s_key(as).data;
    int key_len = (int)as->key_len;
    const mg_jsontoken_t *bytes = NULL;
    switch (token->kind) {
    case MG_JSON_OBJECT:
        bytes = s_bytes_of(place, index);
        if (!bytes) {
            return s_append_nested(place, as, index);
        }
        good = s_append_bytes(place, as, bytes);
        break;
    case MG_JSON_ARRAY:
        return s_append_nested(place, as, index);
    case MG_JSON_TEXT:
        good = s_append_text(place, as, source);
        break;
    case MG_JSON_INTEGER:
        good = s_append_integer(place, as, source);
        break;
    case MG_JSON_DOUBLE:
        good = s_append_double(place, as, source);
        break;
    case MG_JSON_NAN:
        good = bson_append_double(place->to, key, key_len, (double)NAN);
        break;
    case MG_JSON_INFINITY:
        good = bson_append_double(place->to, key, key_len, (double)INFINITY);
        break;
    case MG_JSON_MINUS_INFINITY:
        good = bson_append_double(place->to, key, key_len, -(double)INFINITY);
        break;
    case MG_JSON_TRUE:
    case MG_JSON_FALSE:
        good = bson_append_bool(place->to, key, key_len, token->kind == MG_JSON_TRUE);
        break;
    case MG_JSON_NULL:
        good = bson_append_null(place->to, key, key_len);
        break;
    }
    return good ? MG_OK : MG_ERR_TOO_BIG;
}

// NOLINTEND(misc-no-recursion)

mg_status_t
mg_dmp1bson_write(const mg_jsontape_t *tape,
                  mg_slice_t text,
                  mg_dmp1_counts_t *counts,
                  mg_buf_t *out,
                  const char **out_why)
{
    bson_t document = BSON_INITIALIZER;
    place_t place = {
        .tape = tape, .text = text, .counts = counts, .to = &document, .depth = 1, .why = out_why};
    *out_why = "it is larger than 16 MiB, or there is no memory for it";
    if (tape->tokens[0].kind != MG_JSON_OBJECT || s_bytes_of(&place, 0)) {
        *out_why = "it is no object";
        bson_destroy(&document);
        return MG_ERR_INVALID;
    }
    mg_status_t status = s_append_members(&place, 0);
    if (status == MG_OK) {
        mg_slice_t bytes = mg_slice(bson_get_data(&document), document.len);
        mg_buf_append_slice(out, bytes);
        status =
            mg_buf_ok(out) ? mg_bson_check(bytes, MG_BSON_KEYS_NAMES, out_why) : MG_ERR_NO_MEMORY;
    }
    bson_destroy(&document);
    return status;
}
