#include "core/dumpfooter.h"

#include "core/bytes.h"

#include <sodium.h>

#include <string.h>

enum {
    AT_LEN = 8,
    AT_CHUNKS = 12,
    AT_PLAIN = 16,
    AT_BODY = 24,
    AT_RECORDS = 32,
    AT_DOCUMENTS = 40,
    AT_COLLECTIONS = 48,
    AT_ZERO = 52,
    AT_FINISHED = 56,
    AT_CHECK = 64,
    AT_MAC = 96,
    AT_LEN_AGAIN = 128,
    AT_END_MAGIC = 132,
    MAC_TAG = 0x02,
};

static const char s_magic[] = "MGD1FOOT";
static const char s_end_magic[] = "MGDE";

enum { MAGIC_LEN = sizeof s_magic - 1, END_MAGIC_LEN = sizeof s_end_magic - 1 };

static void
s_mac(const uint8_t *bytes, const uint8_t mac_key[MG_KEY_SIZE], uint8_t out[MG_HKDF_SIZE])
{
    mg_hmac_tagged(mac_key, MAC_TAG, mg_slice(bytes, AT_MAC), out);
}

void
mg_dumpfooter_seal(mg_dumpfooter_t *footer,
                   mg_hash_t *running,
                   const uint8_t mac_key[MG_KEY_SIZE],
                   uint8_t out[MG_FOOTER_SIZE])
{
    memset(out, 0, MG_FOOTER_SIZE);
    memcpy(out, s_magic, MAGIC_LEN);
    mg_put_u32(out + AT_LEN, MG_FOOTER_SIZE);
    mg_put_u32(out + AT_CHUNKS, footer->chunk_count);
    mg_put_u64(out + AT_PLAIN, footer->plain_bytes);
    mg_put_u64(out + AT_BODY, footer->body_bytes);
    mg_put_u64(out + AT_RECORDS, footer->record_count);
    mg_put_u64(out + AT_DOCUMENTS, footer->document_count);
    mg_put_u32(out + AT_COLLECTIONS, footer->collection_count);
    mg_put_u64(out + AT_FINISHED, (uint64_t)footer->finished_at);
    mg_hash_update(running, mg_slice(out, AT_CHECK));
    mg_hash_final(running, footer->file_check);
    memcpy(out + AT_CHECK, footer->file_check, sizeof footer->file_check);
    s_mac(out, mac_key, out + AT_MAC);
    mg_put_u32(out + AT_LEN_AGAIN, MG_FOOTER_SIZE);
    memcpy(out + AT_END_MAGIC, s_end_magic, END_MAGIC_LEN);
}

static bool
s_form_good(const uint8_t *bytes)
{
    return memcmp(bytes, s_magic, MAGIC_LEN) == 0 && mg_get_u32(bytes + AT_LEN) == MG_FOOTER_SIZE &&
           mg_get_u32(bytes + AT_ZERO) == 0 && mg_get_u32(bytes + AT_LEN_AGAIN) == MG_FOOTER_SIZE &&
           memcmp(bytes + AT_END_MAGIC, s_end_magic, END_MAGIC_LEN) == 0;
}

static bool
s_totals_good(const mg_dumpfooter_t *footer, const mg_dumpfooter_t *seen)
{
    return footer->chunk_count == seen->chunk_count && footer->plain_bytes == seen->plain_bytes &&
           footer->body_bytes == seen->body_bytes && footer->plain_bytes <= MG_PLAIN_BYTES_MAX;
}

mg_outcome_t
mg_dumpfooter_read(const uint8_t bytes[MG_FOOTER_SIZE], mg_dumpfooter_t *out, mg_verdict_t *why)
{
    if (!s_form_good(bytes)) {
        return mg_verdict_fail(why, MG_OUTCOME_FOOTER_CORRUPT,
                               "the footer is not one: it is damaged");
    }
    *out = (mg_dumpfooter_t){
        .chunk_count = mg_get_u32(bytes + AT_CHUNKS),
        .plain_bytes = mg_get_u64(bytes + AT_PLAIN),
        .body_bytes = mg_get_u64(bytes + AT_BODY),
        .record_count = mg_get_u64(bytes + AT_RECORDS),
        .document_count = mg_get_u64(bytes + AT_DOCUMENTS),
        .collection_count = mg_get_u32(bytes + AT_COLLECTIONS),
        .finished_at = (int64_t)mg_get_u64(bytes + AT_FINISHED),
    };
    memcpy(out->file_check, bytes + AT_CHECK, sizeof out->file_check);
    return MG_OUTCOME_OK;
}

mg_outcome_t
mg_dumpfooter_check(const uint8_t bytes[MG_FOOTER_SIZE],
                    mg_hash_t *running,
                    const mg_dumpfooter_t *seen,
                    mg_dumpfooter_t *out,
                    mg_verdict_t *why)
{
    mg_dumpfooter_t footer = {0};
    uint8_t file_check[MG_CHECK_SIZE];
    mg_outcome_t outcome = mg_dumpfooter_read(bytes, &footer, why);
    if (outcome != MG_OUTCOME_OK) {
        return outcome;
    }
    mg_hash_update(running, mg_slice(bytes, AT_CHECK));
    mg_hash_final(running, file_check);
    if (memcmp(file_check, footer.file_check, sizeof file_check) != 0) {
        return mg_verdict_fail(why, MG_OUTCOME_FOOTER_CORRUPT,
                               "the file's check does not fit: something in it is damaged");
    }
    if (!s_totals_good(&footer, seen)) {
        return mg_verdict_fail(why, MG_OUTCOME_FOOTER_CORRUPT,
                               "the footer's totals are not those of the file");
    }
    *out = footer;
    return MG_OUTCOME_OK;
}

mg_outcome_t
mg_dumpfooter_authenticate(const uint8_t bytes[MG_FOOTER_SIZE],
                           const uint8_t mac_key[MG_KEY_SIZE],
                           mg_verdict_t *why)
{
    uint8_t mac[MG_HKDF_SIZE];
    s_mac(bytes, mac_key, mac);
    if (sodium_memcmp(mac, bytes + AT_MAC, sizeof mac) != 0) {
        return mg_verdict_fail(why, MG_OUTCOME_FOOTER_FORGED,
                               "the footer was changed by someone without the key");
    }
    return MG_OUTCOME_OK;
}
