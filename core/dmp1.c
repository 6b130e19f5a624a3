#include "core/dmp1.h"

#include "core/clock.h"
#include "core/document.h"
#include "core/utf8.h"

#include <sodium.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char s_magic[] = "DMP1";
static const char s_info[] = "doorman-mem-dump-v1";

enum {
    PLAIN_LEVELS = 3, /* the object, `data`, its collections */
    ITEM_LEVELS = 2   /* a collection and its documents */
};

/* ---- the file ---- */

bool
mg_dmp1_is(mg_slice_t first)
{
    return first.len >= MG_DMP1_MAGIC && memcmp(first.data, s_magic, MG_DMP1_MAGIC) == 0;
}

void
mg_dmp1_key(mg_slice_t written, mg_slice_t head, uint8_t out[MG_AEAD_KEY])
{
    uint8_t prk[MG_HKDF_SIZE];
    mg_hkdf_extract(mg_slice(head.data + MG_DMP1_MAGIC, MG_DMP1_SALT), written, prk);
    mg_hkdf_expand(prk, mg_slice_text(s_info), out);
    sodium_memzero(prk, sizeof prk);
}

static mg_outcome_t
s_check_frame(mg_slice_t file, mg_verdict_t *why)
{
    if (!mg_dmp1_is(file)) {
        return mg_verdict_fail(why, MG_OUTCOME_NOT_A_DUMP, "it does not begin as a Doorman dump");
    }
    if (file.len < MG_DMP1_MIN) {
        return mg_verdict_fail(why, MG_OUTCOME_TRUNCATED,
                               "the Doorman dump ends after %zu bytes: at least %d are needed",
                               file.len, MG_DMP1_MIN);
    }
    return MG_OUTCOME_OK;
}

mg_outcome_t
mg_dmp1_open(mg_slice_t file,
             const uint8_t key[MG_AEAD_KEY],
             mg_aead_provider_t provider,
             mg_buf_t *out,
             mg_verdict_t *why)
{
    mg_aead_t *aead = NULL;
    mg_outcome_t outcome = s_check_frame(file, why);
    if (outcome != MG_OUTCOME_OK) {
        return outcome;
    }
    size_t head = MG_DMP1_HEAD + MG_AEAD_NONCE;
    mg_slice_t sealed = mg_slice(file.data + head, file.len - head);
    uint8_t *plain = mg_buf_extend(out, sealed.len - MG_AEAD_TAG);
    if (!plain || mg_aead_new(provider, key, &aead) != MG_OK) {
        return mg_verdict_io(why, "decrypting the Doorman dump", ENOMEM);
    }
    if (mg_aead_open(aead, file.data + MG_DMP1_HEAD, mg_slice(NULL, 0), sealed, plain) != MG_OK) {
        out->len -= sealed.len - MG_AEAD_TAG;
        outcome = mg_verdict_fail(why, MG_OUTCOME_WRONG_KEY_OR_CORRUPT,
                                  "no configured key fits, or the Doorman dump is damaged: the "
                                  "file can not tell the two apart");
    }
    mg_aead_destroy(&aead);
    return outcome;
}

mg_outcome_t
mg_dmp1_unlock(mg_slice_t file,
               mg_keyring_t *keyring,
               mg_aead_provider_t provider,
               mg_buf_t *out,
               mg_verdict_t *why)
{
    uint8_t key[MG_AEAD_KEY];
    mg_outcome_t outcome = s_check_frame(file, why);
    for (size_t i = 0; i < mg_keyring_count(keyring); i++) {
        if (outcome != MG_OUTCOME_OK && outcome != MG_OUTCOME_WRONG_KEY_OR_CORRUPT) {
            break;
        }
        mg_secret_t *secret = mg_keyring_secret(keyring, i);
        mg_dmp1_key(mg_secret_reveal_written(secret), file, key);
        mg_secret_hide(secret);
        outcome = mg_dmp1_open(file, key, provider, out, why);
        if (outcome == MG_OUTCOME_OK) {
            break;
        }
    }
    sodium_memzero(key, sizeof key);
    return outcome;
}

/* ---- the plaintext ---- */

typedef struct plain {
    mg_slice_t text;
    mg_jsontape_t tape; /* down to the names of the collections */
    mg_verdict_t *why;
} plain_t;

static mg_outcome_t
s_invalid(mg_verdict_t *why, const char *sentence)
{
    return mg_verdict_fail(why, MG_OUTCOME_PAYLOAD_INVALID, "the Doorman dump is invalid: %s",
                           sentence);
}

/* The value of the last member `name` of the object at token `object`; NULL when there is none. */
static const mg_jsontoken_t *
s_member(const plain_t *plain, size_t object, const char *name)
{
    const mg_jsontoken_t *tokens = plain->tape.tokens;
    const mg_jsontoken_t *found = NULL;
    for (size_t at = object + 1; tokens && at < tokens[object].next; at = tokens[at + 1].next) {
        if (mg_jsontape_is(&tokens[at], plain->text, name)) {
            found = &tokens[at + 1];
        }
    }
    return found;
}

static mg_outcome_t
s_check_version(const plain_t *plain)
{
    const mg_jsontoken_t *version = s_member(plain, 0, "version");
    if (!version || version->kind != MG_JSON_INTEGER) {
        return s_invalid(plain->why, "it names no version");
    }
    if (!mg_slice_equal(mg_jsontape_bytes(version, plain->text), mg_slice_text("1"))) {
        return mg_verdict_fail(plain->why, MG_OUTCOME_UNSUPPORTED,
                               "the Doorman dump is of another version than 1");
    }
    return MG_OUTCOME_OK;
}

static mg_outcome_t
s_scan_plain(plain_t *plain)
{
    const char *reason = "";
    mg_status_t status = mg_jsontape_scan(&plain->tape, plain->text, PLAIN_LEVELS, &reason);
    if (status == MG_ERR_NO_MEMORY) {
        return mg_verdict_io(plain->why, "reading the Doorman dump", ENOMEM);
    }
    if (status != MG_OK) {
        return s_invalid(plain->why, reason);
    }
    if (plain->tape.tokens[0].kind != MG_JSON_OBJECT) {
        return s_invalid(plain->why, "it is no object");
    }
    return s_check_version(plain);
}

/* UTC as Python's isoformat writes it, with or without a fraction and a final Z; 0 for anything else. */
static int64_t
s_read_date(mg_slice_t text)
{
    enum { FRACTION = 9 };
    char copy[64] = "";
    struct tm time = {0};
    if (text.len >= sizeof copy) {
        return 0;
    }
    memcpy(copy, text.data, text.len);
    const char *rest = strptime(copy, "%Y-%m-%dT%H:%M:%S", &time);
    int64_t fraction = 0;
    if (rest && *rest == '.') {
        int digits = 0;
        for (rest++; *rest >= '0' && *rest <= '9' && digits < FRACTION; rest++, digits++) {
            fraction = fraction * 10 + (*rest - '0');
        }
        for (; digits < FRACTION; digits++) {
            fraction *= 10;
        }
    }
    bool good =
        rest && (strcmp(rest, "Z") == 0 || *rest == 0) && time.tm_year > 0 && time.tm_year < 300;
    return good ? (int64_t)timegm(&time) * MG_NS_PER_SECOND + fraction : 0;
}

static int64_t
s_date(const plain_t *plain)
{
    const mg_jsontoken_t *date = s_member(plain, 0, "created_at");
    return date && date->kind == MG_JSON_TEXT ? s_read_date(mg_jsontape_bytes(date, plain->text))
                                              : 0;
}

mg_outcome_t
mg_dmp1_date(mg_slice_t text, int64_t *out_created_at, mg_verdict_t *why)
{
    plain_t plain = {.text = text, .why = why};
    mg_outcome_t outcome = s_scan_plain(&plain);
    if (outcome == MG_OUTCOME_OK) {
        *out_created_at = s_date(&plain);
    }
    mg_jsontape_free(&plain.tape);
    return outcome;
}

/* ---- documents ---- */

/* One document of the collection being read; its bytes lie in the load's buffer. */
typedef struct item {
    const mg_buf_t *bytes;
    size_t key_at;
    size_t key_len;
    size_t body_at;
    size_t body_len;
    size_t index; /* in the file */
} item_t;

typedef struct load {
    const plain_t *plain;
    const mg_turn_t *turn;
    mg_store_t *store;
    mg_dmp1_info_t info;
    mg_jsontape_t documents; /* of the present collection */
    mg_jsontape_t document;
    mg_buf_t bytes;
    mg_buf_t name; /* of the present collection */
    item_t *items;
} load_t;

static mg_slice_t
s_item_key(const item_t *item)
{
    return mg_slice(item->bytes->data + item->key_at, item->key_len);
}

static int
s_compare_items(const void *left, const void *right)
{
    const item_t *a = left;
    const item_t *b = right;
    int order = mg_slice_compare(s_item_key(a), s_item_key(b));
    return order ? order : (a->index > b->index) - (a->index < b->index);
}

static mg_outcome_t
s_refuse_document(load_t *load, size_t index, mg_status_t status, const char *reason)
{
    if (status == MG_ERR_NO_MEMORY) {
        return mg_verdict_io(load->plain->why, "importing a document", ENOMEM);
    }
    load->plain->why->record = index;
    return mg_verdict_fail(load->plain->why, MG_OUTCOME_PAYLOAD_INVALID,
                           "document %zu (from 0) of \"%.60s\" can not be imported: %s", index,
                           mg_buf_text(&load->name), reason);
}

static mg_outcome_t
s_read_document(load_t *load, mg_slice_t text, size_t index)
{
    const char *reason = "";
    item_t *item = &load->items[index];
    *item = (item_t){.bytes = &load->bytes, .body_at = load->bytes.len, .index = index};
    mg_status_t status = mg_jsontape_scan(&load->document, text, MG_JSONTAPE_ALL, &reason);
    if (status == MG_OK) {
        status =
            mg_dmp1bson_write(&load->document, text, &load->info.counts, &load->bytes, &reason);
    }
    if (status != MG_OK) {
        return s_refuse_document(load, index, status, reason);
    }
    item->body_len = load->bytes.len - item->body_at;
    mg_buf_t key = {0};
    status = mg_collection_key(mg_collection_by_name(mg_buf_slice(&load->name)),
                               mg_slice(load->bytes.data + item->body_at, item->body_len), &key);
    item->key_at = load->bytes.len;
    item->key_len = key.len;
    mg_buf_append_slice(&load->bytes, mg_buf_slice(&key));
    mg_buf_free(&key);
    if (status == MG_OK && !mg_buf_ok(&load->bytes)) {
        status = MG_ERR_NO_MEMORY;
    }
    return status == MG_OK ? MG_OUTCOME_OK
                           : s_refuse_document(load, index, status,
                                               status == MG_ERR_TOO_BIG
                                                   ? "its key is longer than 4096 bytes"
                                                   : "it has neither the fields of a key nor _id");
}

static bool
s_go_on(const load_t *load, size_t more)
{
    mg_progress_t progress = {.phase = "read", .documents = load->info.documents + more};
    return more % MG_DMP1_DOCUMENTS_PER_TURN != 0 || mg_turn_goes_on(load->turn, &progress);
}

/* Reads the documents of `array` (token 0 of load->documents) in order of the file. */
static mg_outcome_t
s_read_documents(load_t *load, mg_slice_t array, size_t *out_count)
{
    const mg_jsontape_t *tape = &load->documents;
    mg_outcome_t outcome = MG_OUTCOME_OK;
    load->items = calloc(tape->count, sizeof *load->items);
    if (!load->items) {
        return mg_verdict_io(load->plain->why, "importing a collection", ENOMEM);
    }
    for (size_t i = 0; outcome == MG_OUTCOME_OK && i + 1 < tape->count; i++) {
        if (!s_go_on(load, i)) {
            return mg_verdict_io(load->plain->why, "importing a collection", ECANCELED);
        }
        outcome = s_read_document(load, mg_jsontape_bytes(&tape->tokens[i + 1], array), i);
    }
    *out_count = tape->count - 1;
    return outcome;
}

/* A revoked token's record goes when the token would have ended: Doorman says when in the document only. 0: never. */
static int64_t
s_expires_ns(const load_t *load, mg_slice_t body)
{
    const mg_collection_t *revocations = mg_collection(MG_COLLECTION_REVOCATIONS);
    if (!mg_slice_equal(mg_buf_slice(&load->name), mg_slice_text(revocations->name))) {
        return 0;
    }
    int64_t at = mg_document_int(body, "expires_at", 0);
    return at > 0 && at <= INT64_MAX / MG_NS_PER_SECOND ? at * MG_NS_PER_SECOND : 0;
}

/* Puts the documents into the store in order of their keys; of those with one key the first. */
static mg_outcome_t
s_store_documents(load_t *load, int slot, size_t count)
{
    qsort(load->items, count, sizeof *load->items, s_compare_items);
    for (size_t i = 0; i < count; i++) {
        const item_t *item = &load->items[i];
        if (i && mg_slice_equal(s_item_key(&load->items[i - 1]), s_item_key(item))) {
            load->info.duplicates++;
            continue;
        }
        mg_slice_t body = mg_slice(load->bytes.data + item->body_at, item->body_len);
        mg_op_t put = {
            .key = s_item_key(item), .body = body, .expires_ns = s_expires_ns(load, body)};
        mg_status_t status = mg_store_load(load->store, slot, &put, 1);
        if (status != MG_OK) {
            return s_refuse_document(load, item->index, status,
                                     status == MG_ERR_UNIQUE
                                         ? "another one has the same value of a unique field"
                                         : mg_status_name(status));
        }
        load->info.documents++;
    }
    return MG_OUTCOME_OK;
}

static mg_outcome_t
s_take_name(load_t *load, const mg_jsontoken_t *key)
{
    mg_slice_t text = load->plain->text;
    mg_buf_clear(&load->name);
    (void)mg_jsontape_decode(mg_jsontape_bytes(key, text), &load->name);
    bool good = mg_buf_ok(&load->name) && load->name.len > 0 &&
                load->name.len <= MG_COLLECTION_NAME_MAX &&
                !memchr(load->name.data, 0, load->name.len);
    return good ? MG_OUTCOME_OK
                : s_invalid(load->plain->why,
                            "the name of a collection must be text of 1 to 128 bytes");
}

static mg_outcome_t
s_load_collection(load_t *load, mg_slice_t array)
{
    const char *reason = "";
    size_t count = 0;
    mg_buf_clear(&load->bytes);
    int slot = mg_store_slot(load->store, mg_buf_slice(&load->name));
    if (slot == MG_SLOT_NONE) {
        return s_invalid(load->plain->why, "it has too many collections");
    }
    mg_status_t status = mg_jsontape_scan(&load->documents, array, ITEM_LEVELS, &reason);
    if (status != MG_OK) { /* the text is good: it was scanned before */
        return mg_verdict_io(load->plain->why, "importing a collection", ENOMEM);
    }
    mg_outcome_t outcome = s_read_documents(load, array, &count);
    if (outcome == MG_OUTCOME_OK) {
        outcome = s_store_documents(load, slot, count);
    }
    free(load->items);
    load->items = NULL;
    return outcome;
}

/* True if the same name stands once more behind token `key`: the last one wins. */
static bool
s_is_repeated(const load_t *load, size_t key, size_t end)
{
    const mg_jsontoken_t *tokens = load->plain->tape.tokens;
    mg_buf_t other = {0};
    bool same = false;
    for (size_t at = tokens[key + 1].next; at < end && !same; at = tokens[at + 1].next) {
        mg_buf_clear(&other);
        (void)mg_jsontape_decode(mg_jsontape_bytes(&tokens[at], load->plain->text), &other);
        same = mg_slice_equal(mg_buf_slice(&other), mg_buf_slice(&load->name));
    }
    mg_buf_free(&other);
    return same;
}

static mg_outcome_t
s_load_collections(load_t *load)
{
    const plain_t *plain = load->plain;
    const mg_jsontoken_t *tokens = plain->tape.tokens;
    const mg_jsontoken_t *data = s_member(plain, 0, "data");
    if (!data || data->kind != MG_JSON_OBJECT) {
        return s_invalid(plain->why, "it has no object \"data\"");
    }
    mg_outcome_t outcome = MG_OUTCOME_OK;
    size_t members = 0;
    for (size_t at = (size_t)(data - tokens) + 1; outcome == MG_OUTCOME_OK && at < data->next;
         at = tokens[at + 1].next) {
        if (++members > MG_COLLECTIONS_MAX) {
            return s_invalid(plain->why, "it has too many collections");
        }
        outcome = s_take_name(load, &tokens[at]);
        if (outcome != MG_OUTCOME_OK || s_is_repeated(load, at, data->next)) {
            continue;
        }
        if (tokens[at + 1].kind != MG_JSON_ARRAY) {
            return s_invalid(plain->why, "a collection is no array");
        }
        load->info.collections++;
        outcome = s_load_collection(load, mg_jsontape_bytes(&tokens[at + 1], plain->text));
    }
    return outcome;
}

mg_outcome_t
mg_dmp1_load(mg_slice_t text,
             const mg_turn_t *turn,
             mg_store_t **out_store,
             mg_dmp1_info_t *out_info,
             mg_verdict_t *why)
{
    plain_t plain = {.text = text, .why = why};
    load_t load = {.plain = &plain, .turn = turn, .store = mg_store_new()};
    mg_outcome_t outcome =
        load.store ? s_scan_plain(&plain) : mg_verdict_io(why, "importing a Doorman dump", ENOMEM);
    if (outcome == MG_OUTCOME_OK) {
        load.info.created_at = s_date(&plain);
        mg_store_set_version(load.store, 1);
        outcome = s_load_collections(&load);
    }
    if (outcome == MG_OUTCOME_OK) {
        mg_verdict_ok(why);
        *out_store = load.store;
        *out_info = load.info;
        load.store = NULL;
    }
    mg_store_destroy(&load.store);
    mg_jsontape_free(&plain.tape);
    mg_jsontape_free(&load.documents);
    mg_jsontape_free(&load.document);
    mg_buf_free(&load.bytes);
    mg_buf_free(&load.name);
    return outcome;
}
