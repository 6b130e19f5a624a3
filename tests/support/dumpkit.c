#include "support/dumpkit.h"

#include "support/check.h"

#include <sodium.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { QUICK_OPS = 2, QUICK_KIB = 8192 };

mg_buf_t
kit_read_file(const char *path)
{
    mg_buf_t bytes = {0};
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    uint8_t block[4096];
    for (size_t got = sizeof block; got == sizeof block;) {
        got = fread(block, 1, sizeof block, file);
        mg_buf_append(&bytes, block, got);
    }
    (void)fclose(file);
    assert_true(mg_buf_ok(&bytes));
    return bytes;
}

mg_buf_t
kit_vector(const char *name)
{
    char path[256];
    (void)snprintf(path, sizeof path, "tests/vectors/%s", name);
    return kit_read_file(path);
}

json_t *
kit_vector_json(const char *name)
{
    mg_buf_t text = kit_vector(name);
    json_t *json = json_loadb((const char *)text.data, text.len, JSON_ALLOW_NUL, NULL);
    mg_buf_free(&text);
    assert_non_null(json);
    return json;
}

mg_buf_t
kit_hex(const char *hex)
{
    mg_buf_t bytes = {0};
    size_t len = strlen(hex) / 2;
    uint8_t *at = mg_buf_extend(&bytes, len);
    if (len == 0) {
        return bytes;
    }
    assert_int_equal(sodium_hex2bin(at, len, hex, strlen(hex), NULL, NULL, NULL), 0);
    return bytes;
}

const char *
kit_text(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    assert_non_null(text);
    return text;
}

mg_keyring_t *
kit_keyring(const char *secret)
{
    assert_true(sodium_init() >= 0);
    mg_keyring_t *ring = mg_keyring_new(QUICK_OPS, QUICK_KIB);
    mg_secret_t *parsed = NULL;
    const char *why = NULL;
    assert_non_null(ring);
    CHECK_OK(mg_secret_new(mg_slice_text(secret), &parsed, &why));
    CHECK_OK(mg_keyring_add(ring, &parsed));
    return ring;
}

static void
s_count_up(uint8_t *out, size_t len, uint8_t first)
{
    for (size_t i = 0; i < len; i++) {
        out[i] = (uint8_t)(first + i);
    }
}

mg_dumpheader_t
kit_header(void)
{
    mg_dumpheader_t header = {
        .trigger = MG_TRIGGER_SIGUSR1,
        .chunk_size = MG_CHUNK_SIZE_MIN,
        .kdf = {.kdf = MG_KDF_RAW, .lanes = 1},
        .timeline = 1,
        .generation = 42,
        .snapshot_version = 1000,
        .parent_generation = 41,
        .created_at = 1795413158123456789,
    };
    s_count_up(header.file_salt, sizeof header.file_salt, 0x40);
    s_count_up(header.store_id, sizeof header.store_id, 0xa0);
    s_count_up(header.instance_id, sizeof header.instance_id, 0xb0);
    return header;
}

kit_dump_t
kit_opaque(mg_slice_t payload)
{
    kit_dump_t dump = {.header = kit_header(),
                       .payload = payload,
                       .footer = {.record_count = 5,
                                  .document_count = 2,
                                  .collection_count = 1,
                                  .finished_at = 1795413158223456789}};
    s_count_up(dump.master.key, sizeof dump.master.key, 0x80);
    mg_master_identify(&dump.master, dump.header.kdf.salt);
    return dump;
}

static mg_status_t
s_write(void *arg, mg_slice_t bytes)
{
    mg_buf_append_slice(arg, bytes);
    return mg_buf_ok(arg) ? MG_OK : MG_ERR_NO_MEMORY;
}

mg_buf_t
kit_seal(kit_dump_t *dump)
{
    mg_buf_t file = {0};
    mg_dumpwriter_t *writer = mg_dumpwriter_new((mg_sink_t){.write = s_write, .arg = &file});
    mg_chunkcodec_t *codec = NULL;
    mg_chunk_rules_t rules = {.provider = dump->provider,
                              .chunk_size = dump->header.chunk_size,
                              .compressed = dump->header.compression == MG_COMPRESSION_ZSTD};
    uint8_t *chunk = malloc((size_t)rules.chunk_size + MG_CHUNK_EXTRA);
    CHECK_OK(mg_dumpwriter_begin(writer, &dump->header, &dump->master));
    CHECK_OK(mg_chunkcodec_new(&rules, mg_dumpwriter_keys(writer)->enc, &codec));
    size_t at = 0;
    for (mg_frame_t frame = {0}; at < dump->payload.len; frame.index++) {
        size_t left = dump->payload.len - at;
        size_t len = left < rules.chunk_size ? left : rules.chunk_size;
        frame.last = len == left;
        CHECK_OK(mg_chunkcodec_seal(codec, &frame, mg_slice(dump->payload.data + at, len), chunk));
        mg_slice_t sealed = mg_slice(chunk, mg_frame_total(&frame));
        uint8_t leaf[MG_LEAF_SIZE];
        mg_chunk_leaf(sealed, leaf);
        CHECK_OK(mg_dumpwriter_chunk(writer, &frame, sealed, leaf));
        at += len;
    }
    CHECK_OK(mg_dumpwriter_finish(writer, &dump->footer));
    assert_int_equal(mg_dumpwriter_size(writer), file.len);
    free(chunk);
    mg_chunkcodec_destroy(&codec);
    mg_dumpwriter_destroy(&writer);
    return file;
}

/* Gives out a few bytes at a time, so that every test also covers short reads. */
struct memory_file {
    mg_slice_t rest;
};

static ssize_t
s_read(void *arg, void *out, size_t len)
{
    struct memory_file *file = arg;
    size_t step = len > 1000 ? 1000 : len;
    step = step < file->rest.len ? step : file->rest.len;
    if (step) {
        memcpy(out, file->rest.data, step);
    }
    file->rest = mg_slice(file->rest.data + step, file->rest.len - step);
    return (ssize_t)step;
}

mg_outcome_t
kit_verify_with(mg_slice_t bytes, mg_dumpreader_options_t options, mg_verdict_t *why)
{
    struct memory_file file = {.rest = bytes};
    options.source = (mg_source_t){.read = s_read, .arg = &file};
    mg_dumpreader_t *reader = mg_dumpreader_new(&options);
    assert_non_null(reader);
    mg_outcome_t outcome = mg_dumpreader_run(reader, why);
    assert_int_equal(outcome, why->outcome);
    assert_true(strlen(why->text) > 0);
    if (outcome == MG_OUTCOME_OK) {
        assert_int_equal(mg_dumpreader_authenticated(reader), options.keyring != NULL);
    }
    mg_dumpreader_destroy(&reader);
    assert_null(reader);
    return outcome;
}

mg_outcome_t
kit_verify(mg_slice_t file, mg_keyring_t *ring, mg_verdict_t *why)
{
    return kit_verify_with(
        file, (mg_dumpreader_options_t){.keyring = ring, .kdf_max_kib = MG_KDF_MAX_KIB}, why);
}

mg_outcome_t
kit_judge(const mg_buf_t *file, mg_verdict_t *why)
{
    mg_keyring_t *ring = kit_keyring(KIT_RAW_KEY);
    mg_outcome_t outcome = kit_verify(mg_buf_slice(file), ring, why);
    mg_keyring_destroy(&ring);
    return outcome;
}

void
kit_expect(mg_outcome_t expected, const mg_buf_t *file, const char *what)
{
    mg_verdict_t why;
    mg_outcome_t outcome = kit_judge(file, &why);
    if (outcome != expected) {
        fail_msg("%s: expected %s, got %s (%s)", what, mg_outcome_name(expected),
                 mg_outcome_name(outcome), why.text);
    }
}
