#include "core/dumpheader.h"

#include "core/bytes.h"
#include "core/dumptlv.h"
#include "core/secret.h"

#include <sodium.h>

#include <string.h>

/* Where the parts of a header of length H lie that are not plain fields. */
enum {
    AT_MAJOR = 8,
    AT_MINOR = 10,
    AT_LENGTH = 12,
    AT_CRITICAL = 16,
    AT_CIPHER = 24,
    AT_TLV_LEN = 180,
    AT_ZERO = 184,
    AT_TLVS = 192,
    COMMIT_BACK = 96, /* H - 96: commit, and so on */
    CHECK_BACK = 64,
    MAC_BACK = 32,
    MAJOR = 1,
    CIPHER_AES_GCM = 1,
    KDF_OPS_MAX = 16,
    KDF_MEM_KIB_MIN = 8,
    MAC_TAG = 0x01,
};

static const uint8_t s_magic[] = {0x89, 'M', 'G', 'D', '1', '\r', '\n', 0x1a};

/* The plain fields, for both directions: where in the file, how many bytes, where in the record. Sizes 1, 4 and 8 are
 * integers, the others raw bytes. */
struct field {
    uint16_t at;
    uint16_t size;
    uint16_t member;
};

static const struct field s_fields[] = {
    {20, 4, offsetof(mg_dumpheader_t, informative)},
    {25, 1, offsetof(mg_dumpheader_t, kdf.kdf)},
    {26, 1, offsetof(mg_dumpheader_t, compression)},
    {27, 1, offsetof(mg_dumpheader_t, trigger)},
    {28, 4, offsetof(mg_dumpheader_t, chunk_size)},
    {32, 4, offsetof(mg_dumpheader_t, kdf.ops)},
    {36, 4, offsetof(mg_dumpheader_t, kdf.mem_kib)},
    {40, 4, offsetof(mg_dumpheader_t, kdf.lanes)},
    {44, 4, offsetof(mg_dumpheader_t, timeline)},
    {48, MG_KDF_SALT_SIZE, offsetof(mg_dumpheader_t, kdf.salt)},
    {64, MG_FILE_SALT_SIZE, offsetof(mg_dumpheader_t, file_salt)},
    {96, MG_KEY_ID_SIZE, offsetof(mg_dumpheader_t, key_id)},
    {112, MG_STORE_ID_SIZE, offsetof(mg_dumpheader_t, store_id)},
    {128, MG_STORE_ID_SIZE, offsetof(mg_dumpheader_t, instance_id)},
    {144, 8, offsetof(mg_dumpheader_t, generation)},
    {152, 8, offsetof(mg_dumpheader_t, snapshot_version)},
    {160, 8, offsetof(mg_dumpheader_t, created_at)},
    {168, 8, offsetof(mg_dumpheader_t, parent_generation)},
    {176, 4, offsetof(mg_dumpheader_t, payload_schema)},
};

enum { FIELDS = sizeof s_fields / sizeof s_fields[0] };

static void
s_put_field(const struct field *field, const mg_dumpheader_t *header, uint8_t *bytes)
{
    const uint8_t *member = (const uint8_t *)header + field->member;
    uint32_t u32 = 0;
    uint64_t u64 = 0;
    switch (field->size) {
    case sizeof u32:
        memcpy(&u32, member, sizeof u32);
        mg_put_u32(bytes + field->at, u32);
        break;
    case sizeof u64:
        memcpy(&u64, member, sizeof u64);
        mg_put_u64(bytes + field->at, u64);
        break;
    default:
        memcpy(bytes + field->at, member, field->size);
        break;
    }
}

static void
s_get_field(const struct field *field, const uint8_t *bytes, mg_dumpheader_t *header)
{
    uint8_t *member = (uint8_t *)header + field->member;
    uint32_t u32 = mg_get_u32(bytes + field->at);
    uint64_t u64 = mg_get_u64(bytes + field->at);
    switch (field->size) {
    case sizeof u32:
        memcpy(member, &u32, sizeof u32);
        break;
    case sizeof u64:
        memcpy(member, &u64, sizeof u64);
        break;
    default:
        memcpy(member, bytes + field->at, field->size);
        break;
    }
}

static void
s_check(mg_slice_t bytes, uint8_t out[MG_CHECK_SIZE])
{
    (void)crypto_generichash(out, MG_CHECK_SIZE, bytes.data, bytes.len - CHECK_BACK, NULL, 0);
}

static mg_outcome_t
s_check_enums(const mg_dumpheader_t *header, const uint8_t *bytes, mg_verdict_t *why)
{
    if (mg_get_u32(bytes + AT_CRITICAL) != 0 || mg_get_u64(bytes + AT_ZERO) != 0) {
        return mg_verdict_fail(why, MG_OUTCOME_UNSUPPORTED,
                               "the header sets critical flags of a newer version");
    }
    if (bytes[AT_CIPHER] != CIPHER_AES_GCM) {
        return mg_verdict_fail(why, MG_OUTCOME_UNSUPPORTED, "the cipher %u is unknown",
                               bytes[AT_CIPHER]);
    }
    if (header->kdf.kdf != MG_KDF_PASSPHRASE && header->kdf.kdf != MG_KDF_RAW) {
        return mg_verdict_fail(why, MG_OUTCOME_UNSUPPORTED, "the key derivation %u is unknown",
                               header->kdf.kdf);
    }
    if (header->compression > MG_COMPRESSION_ZSTD) {
        return mg_verdict_fail(why, MG_OUTCOME_UNSUPPORTED, "the compression %u is unknown",
                               header->compression);
    }
    if (header->payload_schema > MG_SCHEMA_STATE) {
        return mg_verdict_fail(why, MG_OUTCOME_UNSUPPORTED, "the payload schema %u is unknown",
                               header->payload_schema);
    }
    return MG_OUTCOME_OK;
}

static bool
s_is_zero_kdf(const mg_kdf_params_t *kdf)
{
    return kdf->ops == 0 && kdf->mem_kib == 0 && sodium_is_zero(kdf->salt, sizeof kdf->salt);
}

static mg_outcome_t
s_check_values(const mg_dumpheader_t *header, mg_verdict_t *why)
{
    uint32_t size = header->chunk_size;
    if (size < MG_CHUNK_SIZE_MIN || size > MG_CHUNK_SIZE_MAX || (size & (size - 1)) != 0) {
        return mg_verdict_fail(why, MG_OUTCOME_HEADER_CORRUPT,
                               "the chunk size %u is no power of two from 4 KiB to 16 MiB", size);
    }
    if (header->generation == 0 || header->generation > INT64_MAX) {
        return mg_verdict_fail(why, MG_OUTCOME_HEADER_CORRUPT,
                               "the generation is outside 1 to 2^63-1");
    }
    if (header->kdf.kdf == MG_KDF_RAW && !s_is_zero_kdf(&header->kdf)) {
        return mg_verdict_fail(why, MG_OUTCOME_HEADER_CORRUPT,
                               "the header names a raw key and yet has derivation parameters");
    }
    return MG_OUTCOME_OK;
}

static mg_outcome_t
s_check_kdf_bounds(const mg_kdf_params_t *kdf, uint32_t max_kib, mg_verdict_t *why)
{
    bool slow = kdf->kdf == MG_KDF_PASSPHRASE;
    bool ops_good = !slow || (kdf->ops >= 1 && kdf->ops <= KDF_OPS_MAX);
    bool mem_good = !slow || (kdf->mem_kib >= KDF_MEM_KIB_MIN && kdf->mem_kib <= max_kib);
    if (kdf->lanes != 1 || !ops_good || !mem_good) {
        return mg_verdict_fail(
            why, MG_OUTCOME_KDF_LIMIT,
            "the header asks for Argon2id with %u passes, %u KiB and %u lanes; allowed are 1 to "
            "%d passes, 8 to %u KiB and 1 lane",
            kdf->ops, kdf->mem_kib, kdf->lanes, KDF_OPS_MAX, max_kib);
    }
    return MG_OUTCOME_OK;
}

mg_status_t
mg_dumpheader_seal(mg_dumpheader_t *header,
                   const mg_master_t *master,
                   mg_buf_t *out,
                   mg_filekeys_t *keys)
{
    mg_verdict_t why;
    size_t start = out->len;
    memcpy(header->key_id, master->key_id, sizeof header->key_id);
    if (s_check_values(header, &why) != MG_OUTCOME_OK) {
        return MG_ERR_INVALID;
    }
    (void)mg_buf_extend(out, AT_TLVS);
    uint32_t tlv_len = mg_dumptlv_encode(header, out);
    (void)mg_buf_extend(out, COMMIT_BACK);
    if (!mg_buf_ok(out)) {
        return MG_ERR_NO_MEMORY;
    }
    uint8_t *bytes = out->data + start;
    header->header_len = MG_HEADER_FIXED + tlv_len;
    header->minor = 0;
    memset(bytes, 0, AT_TLVS);
    memcpy(bytes, s_magic, sizeof s_magic);
    mg_put_u16(bytes + AT_MAJOR, MAJOR);
    mg_put_u32(bytes + AT_LENGTH, header->header_len);
    bytes[AT_CIPHER] = CIPHER_AES_GCM;
    mg_put_u32(bytes + AT_TLV_LEN, tlv_len);
    for (size_t i = 0; i < FIELDS; i++) {
        s_put_field(&s_fields[i], header, bytes);
    }
    uint8_t *end = bytes + header->header_len;
    mg_filekeys_start(keys, master, header->file_salt);
    memcpy(header->commit, keys->commit, sizeof header->commit);
    memcpy(end - COMMIT_BACK, keys->commit, sizeof keys->commit);
    s_check(mg_slice(bytes, header->header_len), end - CHECK_BACK);
    mg_filekeys_bind(keys, end - CHECK_BACK);
    mg_hmac_tagged(keys->mac, MAC_TAG, mg_slice(bytes, header->header_len - MAC_BACK),
                   end - MAC_BACK);
    return MG_OK;
}

mg_outcome_t
mg_dumpheader_probe(mg_slice_t first, uint32_t *out_len, mg_verdict_t *why)
{
    if (first.len < sizeof s_magic || memcmp(first.data, s_magic, sizeof s_magic) != 0) {
        return mg_verdict_fail(why, MG_OUTCOME_NOT_A_DUMP,
                               "the file does not begin as a memgate dump does");
    }
    if (first.len < MG_HEADER_PROBE) {
        return mg_verdict_fail(why, MG_OUTCOME_TRUNCATED,
                               "the file ends after %zu bytes of its header", first.len);
    }
    if (mg_get_u16(first.data + AT_MAJOR) != MAJOR) {
        return mg_verdict_fail(why, MG_OUTCOME_UNSUPPORTED,
                               "the dump has format version %u, this program reads version 1",
                               mg_get_u16(first.data + AT_MAJOR));
    }
    uint32_t len = mg_get_u32(first.data + AT_LENGTH);
    if (len < MG_HEADER_FIXED || len > MG_HEADER_MAX || len % 8 != 0) {
        return mg_verdict_fail(why, MG_OUTCOME_HEADER_CORRUPT, "the header length %u is impossible",
                               len);
    }
    *out_len = len;
    return MG_OUTCOME_OK;
}

/* Step 4: the unkeyed check, so that damage is never mistaken for a wrong key. */
static mg_outcome_t
s_check_damage(mg_slice_t bytes, mg_verdict_t *why)
{
    uint8_t check[MG_CHECK_SIZE];
    s_check(bytes, check);
    if (memcmp(check, bytes.data + bytes.len - CHECK_BACK, sizeof check) != 0) {
        return mg_verdict_fail(why, MG_OUTCOME_HEADER_CORRUPT,
                               "the header's check does not fit: it is damaged");
    }
    if (mg_get_u32(bytes.data + AT_TLV_LEN) != bytes.len - MG_HEADER_FIXED) {
        return mg_verdict_fail(why, MG_OUTCOME_HEADER_CORRUPT,
                               "the header's two lengths contradict each other");
    }
    return MG_OUTCOME_OK;
}

/* Step 5, in the order of the format: what is too new, then what breaks a rule, then what costs too much. */
static mg_outcome_t
s_check_rules(mg_slice_t bytes, uint32_t kdf_max_kib, mg_dumpheader_t *header, mg_verdict_t *why)
{
    mg_slice_t tlvs = mg_slice(bytes.data + AT_TLVS, bytes.len - MG_HEADER_FIXED);
    mg_outcome_t outcome = s_check_enums(header, bytes.data, why);
    if (outcome == MG_OUTCOME_OK) {
        outcome = mg_dumptlv_check_critical(tlvs, why);
    }
    if (outcome == MG_OUTCOME_OK) {
        outcome = mg_dumptlv_decode(tlvs, header, why);
    }
    if (outcome == MG_OUTCOME_OK) {
        outcome = s_check_values(header, why);
    }
    if (outcome == MG_OUTCOME_OK) {
        outcome = s_check_kdf_bounds(&header->kdf, kdf_max_kib, why);
    }
    return outcome;
}

mg_outcome_t
mg_dumpheader_parse(mg_slice_t bytes, uint32_t kdf_max_kib, mg_dumpheader_t *out, mg_verdict_t *why)
{
    uint32_t len = 0;
    mg_outcome_t outcome = mg_dumpheader_probe(bytes, &len, why);
    if (outcome != MG_OUTCOME_OK) {
        return outcome;
    }
    if (bytes.len != len) {
        return mg_verdict_fail(why, MG_OUTCOME_TRUNCATED, "the file ends within its header");
    }
    outcome = s_check_damage(bytes, why);
    if (outcome != MG_OUTCOME_OK) {
        return outcome;
    }
    mg_dumpheader_t header = {.header_len = len, .minor = mg_get_u16(bytes.data + AT_MINOR)};
    for (size_t i = 0; i < FIELDS; i++) {
        s_get_field(&s_fields[i], bytes.data, &header);
    }
    memcpy(header.commit, bytes.data + len - COMMIT_BACK, sizeof header.commit);
    outcome = s_check_rules(bytes, kdf_max_kib, &header, why);
    if (outcome == MG_OUTCOME_OK) {
        *out = header;
    }
    return outcome;
}

mg_outcome_t
mg_dumpheader_unlock(const mg_dumpheader_t *header,
                     mg_slice_t bytes,
                     const mg_master_t *master,
                     mg_filekeys_t *out,
                     mg_verdict_t *why)
{
    mg_filekeys_t keys;
    mg_outcome_t outcome = MG_OUTCOME_OK;
    mg_filekeys_start(&keys, master, header->file_salt);
    if (sodium_memcmp(header->key_id, master->key_id, sizeof master->key_id) != 0 ||
        sodium_memcmp(header->commit, keys.commit, sizeof keys.commit) != 0) {
        outcome = mg_verdict_fail(why, MG_OUTCOME_WRONG_KEY, "the key does not fit this dump");
        goto done;
    }
    const uint8_t *end = bytes.data + bytes.len;
    uint8_t mac[MG_HKDF_SIZE];
    mg_filekeys_bind(&keys, end - CHECK_BACK);
    mg_hmac_tagged(keys.mac, MAC_TAG, mg_slice(bytes.data, bytes.len - MAC_BACK), mac);
    if (sodium_memcmp(mac, end - MAC_BACK, sizeof mac) != 0) {
        outcome = mg_verdict_fail(why, MG_OUTCOME_HEADER_FORGED,
                                  "the key fits, but the header was changed by someone without it");
        goto done;
    }
    *out = keys;
done:
    mg_filekeys_wipe(&keys);
    return outcome;
}
