#include "core/dumptlv.h"

#include "core/bytes.h"
#include "core/utf8.h"

#include <sodium.h>

#include <string.h>

enum { PREFIX = 4, ALIGN = 8, CRITICAL_BIT = 0x8000 };

typedef enum value_kind { VALUE_ASCII, VALUE_UTF8, VALUE_HASH } value_kind_t;

/* The known types, ascending: rule and place of each value. Texts are present when not empty; hashes have a flag. */
struct tlv_row {
    uint16_t type;
    uint8_t kind; /* value_kind_t */
    uint16_t max;
    uint16_t member;
    uint16_t flag;
};

static const struct tlv_row s_rows[] = {
    {1, VALUE_ASCII, MG_PRODUCER_MAX, offsetof(mg_dumpheader_t, producer), 0},
    {2, VALUE_HASH, MG_CHECK_SIZE, offsetof(mg_dumpheader_t, parent_check),
     offsetof(mg_dumpheader_t, has_parent_check)},
    {3, VALUE_UTF8, MG_REQUESTER_MAX, offsetof(mg_dumpheader_t, requester), 0},
    {4, VALUE_ASCII, MG_HOST_MAX, offsetof(mg_dumpheader_t, host), 0},
    {5, VALUE_HASH, MG_CHECK_SIZE, offsetof(mg_dumpheader_t, resealed_from),
     offsetof(mg_dumpheader_t, has_resealed_from)},
};

enum { ROWS = sizeof s_rows / sizeof s_rows[0] };

static const char *const s_trigger_names[] = {
    [MG_TRIGGER_OTHER] = "other",
    [MG_TRIGGER_AUTOSAVE] = "autosave",
    [MG_TRIGGER_SIGUSR1] = "SIGUSR1",
    [MG_TRIGGER_SIGTERM] = "SIGTERM",
    [MG_TRIGGER_SIGINT] = "SIGINT",
    [MG_TRIGGER_HTTP] = "HTTP",
    [MG_TRIGGER_CONTROL] = "control",
    [MG_TRIGGER_IMPORT] = "import",
    [MG_TRIGGER_REKEY] = "rekey",
    [MG_TRIGGER_PRE_RESTORE] = "pre-restore",
    [MG_TRIGGER_JOURNAL_FULL] = "journal-full",
};

const char *
mg_trigger_name(uint8_t trigger)
{
    return s_trigger_names[trigger <= MG_TRIGGER_JOURNAL_FULL ? trigger : MG_TRIGGER_OTHER];
}

static bool
s_is_control(uint32_t point)
{
    return point < 0x20 || (point >= 0x7f && point <= 0x9f);
}

static bool
s_is_printable_ascii(uint32_t point)
{
    return point >= 0x20 && point < 0x7f;
}

static bool
s_is_allowed(value_kind_t kind, uint32_t point)
{
    return kind == VALUE_ASCII ? s_is_printable_ascii(point) : !s_is_control(point);
}

/* Copies character by character; what is not allowed, or no character, becomes one '?'. */
static void
s_clean(value_kind_t kind, const char *text, char *out, size_t max)
{
    mg_slice_t rest = mg_slice_text(text);
    size_t used = 0;
    while (rest.len) {
        uint32_t point = 0;
        size_t len = mg_utf8_next(rest, &point);
        bool good = len != 0 && s_is_allowed(kind, point);
        size_t take = good ? len : 1;
        if (used + take > max) {
            break;
        }
        memcpy(out + used, good ? (const void *)rest.data : "?", take);
        used += take;
        rest = mg_slice(rest.data + (len ? len : 1), rest.len - (len ? len : 1));
    }
    out[used] = 0;
}

void
mg_dumpheader_clean_utf8(const char *text, char *out, size_t max)
{
    s_clean(VALUE_UTF8, text, out, max);
}

void
mg_dumpheader_clean_ascii(const char *text, char *out, size_t max)
{
    s_clean(VALUE_ASCII, text, out, max);
}

static mg_slice_t
s_value(const struct tlv_row *row, const mg_dumpheader_t *header)
{
    const uint8_t *base = (const uint8_t *)header;
    if (row->kind == VALUE_HASH) {
        return mg_slice(base + row->member, base[row->flag] ? MG_CHECK_SIZE : 0);
    }
    return mg_slice_text((const char *)base + row->member);
}

uint32_t
mg_dumptlv_encode(const mg_dumpheader_t *header, mg_buf_t *out)
{
    size_t start = out->len;
    for (size_t i = 0; i < ROWS; i++) {
        mg_slice_t value = s_value(&s_rows[i], header);
        uint8_t *prefix = value.len ? mg_buf_extend(out, PREFIX) : NULL;
        if (prefix) {
            mg_put_u16(prefix, s_rows[i].type);
            mg_put_u16(prefix + 2, (uint16_t)value.len);
            mg_buf_append_slice(out, value);
        }
    }
    while ((out->len - start) % ALIGN != 0 && mg_buf_ok(out)) {
        mg_buf_append_byte(out, 0);
    }
    return (uint32_t)(out->len - start);
}

typedef enum step { STEP_ITEM, STEP_END, STEP_MALFORMED } step_t;

/* Takes the next TLV off the front of `rest`. `last` is the type before it: types ascend, and 0 begins the padding. */
static step_t
s_next(mg_slice_t *rest, uint16_t *last, mg_slice_t *out_value)
{
    uint16_t type = rest->len >= PREFIX ? mg_get_u16(rest->data) : 0;
    if (type == 0) {
        bool padding =
            rest->len < ALIGN && (rest->len == 0 || sodium_is_zero(rest->data, rest->len));
        return padding ? STEP_END : STEP_MALFORMED;
    }
    size_t len = mg_get_u16(rest->data + 2);
    if (type <= *last || len > rest->len - PREFIX) {
        return STEP_MALFORMED;
    }
    *last = type;
    *out_value = mg_slice(rest->data + PREFIX, len);
    *rest = mg_slice(rest->data + PREFIX + len, rest->len - PREFIX - len);
    return STEP_ITEM;
}

mg_outcome_t
mg_dumptlv_check_critical(mg_slice_t list, mg_verdict_t *why)
{
    uint16_t type = 0;
    mg_slice_t value;
    while (s_next(&list, &type, &value) == STEP_ITEM) {
        if (type & CRITICAL_BIT) { /* version 1.0 knows none of them */
            return mg_verdict_fail(why, MG_OUTCOME_UNSUPPORTED,
                                   "the header needs the extension 0x%04x of a newer version",
                                   type);
        }
    }
    return MG_OUTCOME_OK;
}

static bool
s_is_text(value_kind_t kind, mg_slice_t value)
{
    while (value.len) {
        uint32_t point = 0;
        size_t len = mg_utf8_next(value, &point);
        if (len == 0 || !s_is_allowed(kind, point)) {
            return false;
        }
        value = mg_slice(value.data + len, value.len - len);
    }
    return true;
}

/* Checks one value against its row and stores it. */
static bool
s_store(const struct tlv_row *row, mg_slice_t value, mg_dumpheader_t *header)
{
    uint8_t *base = (uint8_t *)header;
    if (row->kind == VALUE_HASH) {
        if (value.len != MG_CHECK_SIZE) {
            return false;
        }
        memcpy(base + row->member, value.data, value.len);
        base[row->flag] = true;
        return true;
    }
    if (value.len == 0 || value.len > row->max || !s_is_text(row->kind, value)) {
        return false;
    }
    memcpy(base + row->member, value.data,
           value.len); /* the NUL behind it is there: the record starts zeroed */
    return true;
}

mg_outcome_t
mg_dumptlv_decode(mg_slice_t list, mg_dumpheader_t *header, mg_verdict_t *why)
{
    uint16_t type = 0;
    mg_slice_t value;
    step_t step = s_next(&list, &type, &value);
    for (; step == STEP_ITEM; step = s_next(&list, &type, &value)) {
        if (type <= ROWS && !s_store(&s_rows[type - 1], value, header)) {
            return mg_verdict_fail(why, MG_OUTCOME_HEADER_CORRUPT,
                                   "the header's field %u breaks its rule", type);
        }
    }
    if (step == STEP_MALFORMED) {
        return mg_verdict_fail(why, MG_OUTCOME_HEADER_CORRUPT,
                               "the header's list of fields is malformed");
    }
    return MG_OUTCOME_OK;
}
