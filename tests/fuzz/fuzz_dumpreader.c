/* Any bytes may lie in the dump folder. The input is read as a file without a key and with one, and,
 * because no mutation survives check and MACs, once more as a header whose check fits and as a bare payload. */
#include "core/dumpreader.h"
#include "core/payloadcheck.h"

#include <sodium.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char s_secret[] =
    "hex:808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f";

static void
s_expect(bool truth)
{
    if (!truth) {
        abort();
    }
}

static mg_keyring_t *
s_keyring(void)
{
    const char *why = NULL;
    mg_secret_t *secret = NULL;
    s_expect(sodium_init() >= 0);
    mg_keyring_t *ring = mg_keyring_new(1, 8);
    s_expect(ring);
    s_expect(mg_secret_new(mg_slice_text(s_secret), &secret, &why) == MG_OK);
    s_expect(mg_keyring_add(ring, &secret) == MG_OK);
    return ring;
}

static ssize_t
s_read(void *arg, void *out, size_t len)
{
    mg_slice_t *rest = arg;
    size_t step = len < rest->len ? len : rest->len;
    if (step) {
        memcpy(out, rest->data, step);
    }
    *rest = mg_slice(rest->data + step, rest->len - step);
    return (ssize_t)step;
}

static void
s_read_file(mg_slice_t file, mg_keyring_t *ring)
{
    mg_verdict_t why;
    /* 64 KiB at most for Argon2id: the fuzzer is to look for faults, not to derive keys. */
    mg_dumpreader_options_t options = {.source = {.read = s_read, .arg = &file},
                                       .keyring = ring,
                                       .kdf_max_kib = 64,
                                       .fingerprint = true};
    mg_dumpreader_t *reader = mg_dumpreader_new(&options);
    s_expect(reader);
    mg_outcome_t outcome = mg_dumpreader_run(reader, &why);
    s_expect(outcome == why.outcome && why.text[0]);
    mg_dumpreader_destroy(&reader);
}

static mg_outcome_t
s_receive(void *arg, const mg_record_t *record, mg_verdict_t *why)
{
    return mg_payloadcheck_record(arg, record, why);
}

/* The payload rules without the armour around them. */
static void
s_read_payload(mg_slice_t bytes)
{
    mg_verdict_t why;
    mg_dumpheader_t header = {.snapshot_version = 1000, .created_at = 1795413158123456789};
    for (size_t i = 0; i < sizeof header.store_id; i++) {
        header.store_id[i] = (uint8_t)(0xa0 + i);
    }
    mg_payloadcheck_t *check = mg_payloadcheck_new(&header);
    mg_recordstream_t *stream = mg_recordstream_new(s_receive, check);
    s_expect(check && stream);
    size_t half = bytes.len / 2;
    if (mg_recordstream_feed(stream, mg_slice(bytes.data, half), &why) == MG_OUTCOME_OK &&
        mg_recordstream_feed(stream, mg_slice(bytes.data + half, bytes.len - half), &why) ==
            MG_OUTCOME_OK) {
        mg_outcome_t outcome = mg_recordstream_end(stream, &why);
        s_expect(outcome == MG_OUTCOME_OK || outcome == MG_OUTCOME_PAYLOAD_INVALID);
    }
    mg_recordstream_destroy(&stream);
    mg_payloadcheck_destroy(&check);
}

/* Lets mutated headers through the unkeyed check, so that the rules behind it are reached. */
static void
s_read_rechecked(mg_slice_t bytes)
{
    mg_verdict_t why;
    mg_dumpheader_t header;
    uint32_t len = 0;
    if (mg_dumpheader_probe(bytes, &len, &why) != MG_OUTCOME_OK || len > bytes.len) {
        return;
    }
    uint8_t *copy = malloc(len);
    s_expect(copy);
    memcpy(copy, bytes.data, len);
    (void)crypto_generichash(copy + len - 64, 32, copy, len - 64, NULL, 0);
    if (mg_dumpheader_parse(mg_slice(copy, len), 64, &header, &why) == MG_OUTCOME_OK) {
        mg_master_t master = {{1}, {1}};
        mg_filekeys_t keys;
        s_expect(mg_dumpheader_unlock(&header, mg_slice(copy, len), &master, &keys, &why) !=
                 MG_OUTCOME_OK);
    }
    free(copy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mg_slice_t bytes = mg_slice(data, size);
    mg_keyring_t *ring = s_keyring();
    s_read_file(bytes, NULL);
    s_read_file(bytes, ring);
    s_read_rechecked(bytes);
    s_read_payload(bytes);
    mg_keyring_destroy(&ring);
    return 0;
}
