/* The published vectors of MGD1, byte for byte, in both directions and with both AES providers. */
#include "support/check.h"
#include "support/dumpkit.h"

#include <sodium.h>
#include <xxhash.h>

#include <stdlib.h>
#include <string.h>

static const mg_aead_provider_t s_providers[] = {MG_AEAD_GNUTLS, MG_AEAD_SODIUM};

enum { PROVIDERS = sizeof s_providers / sizeof s_providers[0], FILES = 4 };

static void
s_expect_hex(const char *hex, const void *bytes, size_t len)
{
    mg_buf_t expected = kit_hex(hex);
    assert_int_equal(expected.len, len);
    assert_memory_equal(expected.data, bytes, len);
    mg_buf_free(&expected);
}

static json_t *
s_file(const json_t *vectors, size_t index)
{
    return json_array_get(json_object_get(vectors, "files"), index);
}

/* A field of the file, else the common one. */
static json_t *
s_field(const json_t *vectors, const json_t *file, const char *name)
{
    json_t *own = json_object_get(json_object_get(file, "fields"), name);
    return own ? own : json_object_get(json_object_get(vectors, "common"), name);
}

static uint64_t
s_number(const json_t *vectors, const json_t *file, const char *name)
{
    return (uint64_t)json_integer_value(s_field(vectors, file, name));
}

static void
s_bytes(const json_t *vectors, const json_t *file, const char *name, uint8_t *out)
{
    mg_buf_t bytes = kit_hex(json_string_value(s_field(vectors, file, name)));
    memcpy(out, bytes.data, bytes.len);
    mg_buf_free(&bytes);
}

static void
s_set_tlv(mg_dumpheader_t *header, int type, const mg_buf_t *value)
{
    switch (type) {
    case 1:
        memcpy(header->producer, value->data, value->len);
        break;
    case 2:
        header->has_parent_check = true;
        memcpy(header->parent_check, value->data, value->len);
        break;
    case 3:
        memcpy(header->requester, value->data, value->len);
        break;
    default:
        memcpy(header->host, value->data, value->len);
        break;
    }
}

static mg_dumpheader_t
s_header(const json_t *vectors, const json_t *file)
{
    mg_dumpheader_t header = {
        .informative = (uint32_t)s_number(vectors, file, "info"),
        .compression = (uint8_t)s_number(vectors, file, "compression"),
        .trigger = (uint8_t)s_number(vectors, file, "trigger"),
        .chunk_size = (uint32_t)s_number(vectors, file, "chunk"),
        .timeline = (uint32_t)s_number(vectors, file, "timeline"),
        .generation = s_number(vectors, file, "generation"),
        .snapshot_version = s_number(vectors, file, "version"),
        .created_at = (int64_t)s_number(vectors, file, "created"),
        .parent_generation = s_number(vectors, file, "parent"),
        .payload_schema = (uint32_t)s_number(vectors, file, "schema"),
        .kdf = {.kdf = (uint8_t)s_number(vectors, file, "kdf"),
                .ops = (uint32_t)s_number(vectors, file, "ops"),
                .mem_kib = (uint32_t)s_number(vectors, file, "kib"),
                .lanes = 1},
    };
    s_bytes(vectors, file, "kdf_salt", header.kdf.salt);
    s_bytes(vectors, file, "file_salt", header.file_salt);
    s_bytes(vectors, file, "store", header.store_id);
    s_bytes(vectors, file, "instance", header.instance_id);
    size_t at;
    json_t *tlv;
    json_array_foreach(s_field(vectors, file, "tlvs"), at, tlv)
    {
        mg_buf_t value = kit_hex(json_string_value(json_array_get(tlv, 1)));
        s_set_tlv(&header, (int)json_integer_value(json_array_get(tlv, 0)), &value);
        mg_buf_free(&value);
    }
    return header;
}

static uint8_t
s_pattern(size_t i)
{
    return (uint8_t)(7 * i + 3);
}

/* The payloads that tests/vectors/README.md describes. */
static mg_buf_t
s_payload(const json_t *file)
{
    enum { BLOCK = 4096, OPAQUE = 5000, TAIL = 904 };
    const char *name = kit_text(file, "file");
    mg_buf_t payload = {0};
    if (strcmp(name, "mgd1-v1-state.bin") == 0) {
        return kit_vector("mgd1-v1-state.payload");
    }
    bool mixed = strcmp(name, "mgd1-v1-zstd.bin") == 0;
    for (size_t i = 0; i < (mixed ? BLOCK : OPAQUE); i++) {
        mg_buf_append_byte(&payload, s_pattern(i));
    }
    for (uint8_t i = 0; mixed && i < BLOCK / crypto_hash_sha256_BYTES; i++) {
        uint8_t counter[4] = {0, 0, 0, i};
        uint8_t *at = mg_buf_extend(&payload, crypto_hash_sha256_BYTES);
        (void)crypto_hash_sha256(at, counter, sizeof counter);
    }
    for (size_t i = 0; mixed && i < TAIL; i++) {
        mg_buf_append_byte(&payload, s_pattern(i));
    }
    return payload;
}

static void
s_check_hash(const json_t *file, const char *member, mg_slice_t bytes)
{
    uint8_t hash[MG_HASH_SIZE];
    (void)crypto_generichash(hash, sizeof hash, bytes.data, bytes.len, NULL, 0);
    s_expect_hex(kit_text(file, member), hash, sizeof hash);
}

/* Every intermediate value of one file: keys, frames, tags, leaves. */
static void
s_check_parts(const json_t *file, mg_slice_t bytes, const mg_master_t *master)
{
    mg_dumpheader_t header;
    mg_verdict_t why;
    mg_filekeys_t keys;
    mg_buf_t head = kit_hex(kit_text(file, "header_hex"));
    assert_int_equal(mg_dumpheader_parse(mg_buf_slice(&head), MG_KDF_MAX_KIB, &header, &why),
                     MG_OUTCOME_OK);
    assert_int_equal(mg_dumpheader_unlock(&header, mg_buf_slice(&head), master, &keys, &why),
                     MG_OUTCOME_OK);
    s_expect_hex(kit_text(file, "master"), master->key, sizeof master->key);
    s_expect_hex(kit_text(file, "key_id"), header.key_id, sizeof header.key_id);
    s_expect_hex(kit_text(file, "prk"), keys.prk, sizeof keys.prk);
    s_expect_hex(kit_text(file, "commit"), keys.commit, sizeof keys.commit);
    s_expect_hex(kit_text(file, "k_enc"), keys.enc, sizeof keys.enc);
    s_expect_hex(kit_text(file, "k_mac"), keys.mac, sizeof keys.mac);
    size_t index;
    json_t *chunk;
    json_array_foreach(json_object_get(file, "chunks"), index, chunk)
    {
        size_t offset = (size_t)json_integer_value(json_object_get(chunk, "offset"));
        size_t stored = (size_t)json_integer_value(json_object_get(chunk, "stored_len"));
        uint8_t leaf[MG_LEAF_SIZE];
        mg_chunk_leaf(mg_slice(bytes.data + offset, stored + MG_CHUNK_EXTRA), leaf);
        s_expect_hex(kit_text(chunk, "frame"), bytes.data + offset, MG_FRAME_SIZE);
        s_expect_hex(kit_text(chunk, "tag"), bytes.data + offset + MG_FRAME_SIZE + stored,
                     MG_AEAD_TAG);
        s_expect_hex(kit_text(chunk, "leaf"), leaf, sizeof leaf);
    }
    mg_buf_free(&head);
}

/* The master of a file, derived from its secret as the program would. */
static mg_master_t
s_master(const json_t *file, const mg_dumpheader_t *header)
{
    mg_master_t master = {0};
    mg_kdf_params_t params;
    mg_verdict_t why;
    mg_keyring_t *ring = kit_keyring(kit_text(file, "secret"));
    mg_keyring_adopt(ring, &header->kdf);
    assert_int_equal(mg_keyring_for_writing(ring, &params, &master, &why), MG_OUTCOME_OK);
    assert_memory_equal(params.salt, header->kdf.salt, sizeof params.salt);
    mg_keyring_destroy(&ring);
    return master;
}

static void
test_writer_gives_every_vector_byte_for_byte(void **state)
{
    (void)state;
    json_t *vectors = kit_vector_json("vectors.json");
    for (size_t i = 0; i < (size_t)FILES * PROVIDERS; i++) {
        json_t *file = s_file(vectors, i / PROVIDERS);
        mg_buf_t expected = kit_vector(kit_text(file, "file"));
        mg_buf_t payload = s_payload(file);
        kit_dump_t dump = {
            .header = s_header(vectors, file),
            .payload = mg_buf_slice(&payload),
            .footer = {.record_count = s_number(vectors, file, "records"),
                       .document_count = s_number(vectors, file, "documents"),
                       .collection_count = (uint32_t)s_number(vectors, file, "collections"),
                       .finished_at = (int64_t)s_number(vectors, file, "finished")},
            .provider = s_providers[i % PROVIDERS],
        };
        dump.master = s_master(file, &dump.header);
        s_check_hash(file, "payload_blake2b256", dump.payload);
        mg_buf_t written = kit_seal(&dump);
        assert_int_equal(written.len, expected.len);
        assert_memory_equal(written.data, expected.data, expected.len);
        s_check_hash(file, "blake2b256", mg_buf_slice(&written));
        s_check_parts(file, mg_buf_slice(&written), &dump.master);
        s_expect_hex(kit_text(file, "file_check"), dump.footer.file_check, MG_CHECK_SIZE);
        mg_buf_free(&written);
        mg_buf_free(&payload);
        mg_buf_free(&expected);
    }
    json_decref(vectors);
}

static void
test_reader_accepts_every_vector(void **state)
{
    (void)state;
    json_t *vectors = kit_vector_json("vectors.json");
    for (size_t i = 0; i < (size_t)FILES * PROVIDERS; i++) {
        json_t *file = s_file(vectors, i / PROVIDERS);
        mg_buf_t bytes = kit_vector(kit_text(file, "file"));
        mg_keyring_t *ring = kit_keyring(kit_text(file, "secret"));
        mg_dumpreader_options_t options = {
            .keyring = ring, .kdf_max_kib = MG_KDF_MAX_KIB, .provider = s_providers[i % PROVIDERS]};
        mg_verdict_t why;
        assert_int_equal(kit_verify_with(mg_buf_slice(&bytes), options, &why), MG_OUTCOME_OK);
        assert_int_equal(kit_verify(mg_buf_slice(&bytes), NULL, &why), MG_OUTCOME_OK);
        mg_keyring_destroy(&ring);
        mg_buf_free(&bytes);
    }
    json_decref(vectors);
}

static void
test_any_other_key_is_a_wrong_key(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "correct horse battery stable",
        KIT_RAW_KEY,
        "hex:0000000000000000000000000000000000000000000000000000000000000000",
    };
    json_t *vectors = kit_vector_json("vectors.json");
    for (size_t i = 0; i < FILES; i++) {
        json_t *file = s_file(vectors, i);
        mg_buf_t bytes = kit_vector(kit_text(file, "file"));
        for (size_t w = 0; w < sizeof wrong / sizeof wrong[0]; w++) {
            if (strcmp(wrong[w], kit_text(file, "secret")) == 0) {
                continue;
            }
            mg_keyring_t *ring = kit_keyring(wrong[w]);
            mg_verdict_t why;
            assert_int_equal(kit_verify(mg_buf_slice(&bytes), ring, &why), MG_OUTCOME_WRONG_KEY);
            assert_non_null(strstr(why.text, kit_text(file, "key_id")));
            mg_keyring_destroy(&ring);
        }
        mg_buf_free(&bytes);
    }
    json_decref(vectors);
}

/* Joins the records that the reader gives out back into a payload. */
static mg_outcome_t
s_collect(void *arg, const mg_record_t *record, mg_verdict_t *why)
{
    (void)why;
    mg_record_encode(record, arg);
    return MG_OUTCOME_OK;
}

static void
test_records_of_the_state_vector_encode_to_the_same_payload(void **state)
{
    (void)state;
    mg_buf_t bytes = kit_vector("mgd1-v1-state.bin");
    mg_buf_t payload = kit_vector("mgd1-v1-state.payload");
    mg_buf_t again = {0};
    mg_keyring_t *ring = kit_keyring(KIT_PASSPHRASE);
    mg_dumpreader_options_t options = {
        .keyring = ring, .kdf_max_kib = MG_KDF_MAX_KIB, .on_record = s_collect, .arg = &again};
    mg_verdict_t why;
    assert_int_equal(kit_verify_with(mg_buf_slice(&bytes), options, &why), MG_OUTCOME_OK);
    assert_int_equal(again.len, payload.len);
    assert_memory_equal(again.data, payload.data, payload.len);
    mg_keyring_destroy(&ring);
    mg_buf_free(&again);
    mg_buf_free(&payload);
    mg_buf_free(&bytes);
}

/* One document of the vector's JSON against the record that carries it. */
struct expected_documents {
    json_t *collections;
    size_t collection;
    size_t document;
    size_t seen;
};

static mg_outcome_t
s_compare_document(void *arg, const mg_record_t *record, mg_verdict_t *why)
{
    (void)why;
    struct expected_documents *expected = arg;
    if (record->kind == MG_RECORD_COLLECTION_END) {
        expected->collection++;
        expected->document = 0;
    }
    if (record->kind != MG_RECORD_DOCUMENT) {
        return MG_OUTCOME_OK;
    }
    json_t *documents =
        json_object_get(json_array_get(expected->collections, expected->collection), "documents");
    json_t *document = json_array_get(documents, expected->document++);
    assert_true(mg_slice_equal(record->u.document.id, mg_slice_text(kit_text(document, "id"))));
    assert_int_equal(record->u.document.rev, json_integer_value(json_object_get(document, "rev")));
    assert_int_equal(record->u.document.expires_ns,
                     json_integer_value(json_object_get(document, "expires_ns")));
    const char *hex = json_string_value(json_object_get(document, "bson_hex"));
    if (hex) {
        s_expect_hex(hex, record->u.document.body.data, record->u.document.body.len);
    }
    expected->seen++;
    return MG_OUTCOME_OK;
}

static void
test_documents_of_the_state_vector_are_those_of_its_json(void **state)
{
    (void)state;
    mg_buf_t bytes = kit_vector("mgd1-v1-state.bin");
    json_t *json = kit_vector_json("mgd1-v1-state.json");
    struct expected_documents expected = {.collections = json_object_get(json, "collections")};
    mg_keyring_t *ring = kit_keyring(KIT_PASSPHRASE);
    mg_dumpreader_options_t options = {.keyring = ring,
                                       .kdf_max_kib = MG_KDF_MAX_KIB,
                                       .on_record = s_compare_document,
                                       .arg = &expected};
    mg_verdict_t why;
    assert_int_equal(kit_verify_with(mg_buf_slice(&bytes), options, &why), MG_OUTCOME_OK);
    assert_int_equal(expected.seen, 5);
    mg_keyring_destroy(&ring);
    json_decref(json);
    mg_buf_free(&bytes);
}

static void
test_single_primitives_match(void **state)
{
    (void)state;
    json_t *vectors = kit_vector_json("vectors.json");
    json_t *primitives = json_object_get(vectors, "primitives");
    uint8_t counting[256];
    for (size_t i = 0; i < sizeof counting; i++) {
        counting[i] = (uint8_t)i;
    }
    uint8_t leaf[MG_LEAF_SIZE];
    json_t *xxh3 = json_object_get(primitives, "xxh3_128");
    mg_chunk_leaf(mg_slice("", 0), leaf);
    s_expect_hex(kit_text(json_array_get(xxh3, 0), "hash"), leaf, sizeof leaf);
    mg_chunk_leaf(mg_slice(counting, sizeof counting), leaf);
    s_expect_hex(kit_text(json_array_get(xxh3, 1), "hash"), leaf, sizeof leaf);

    uint8_t hash[MG_HASH_SIZE];
    mg_hash_t *running = mg_hash_new();
    mg_hash_update(running, mg_slice(counting, 100));
    mg_hash_update(running, mg_slice(counting + 100, sizeof counting - 100));
    mg_hash_final(running, hash);
    mg_hash_destroy(&running);
    s_expect_hex(kit_text(json_object_get(primitives, "blake2b256"), "hash"), hash, sizeof hash);

    json_t *hkdf = json_object_get(primitives, "hkdf");
    mg_buf_t salt = kit_hex(kit_text(hkdf, "salt"));
    uint8_t prk[MG_HKDF_SIZE];
    uint8_t out[MG_HKDF_SIZE];
    mg_hkdf_extract(mg_buf_slice(&salt), mg_slice_text(kit_text(hkdf, "ikm")), prk);
    mg_hkdf_expand(prk, mg_slice_text(kit_text(hkdf, "info")), out);
    s_expect_hex(kit_text(hkdf, "out32"), out, sizeof out);
    mg_buf_free(&salt);
    json_decref(vectors);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_writer_gives_every_vector_byte_for_byte),
        cmocka_unit_test(test_reader_accepts_every_vector),
        cmocka_unit_test(test_any_other_key_is_a_wrong_key),
        cmocka_unit_test(test_records_of_the_state_vector_encode_to_the_same_payload),
        cmocka_unit_test(test_documents_of_the_state_vector_are_those_of_its_json),
        cmocka_unit_test(test_single_primitives_match),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
